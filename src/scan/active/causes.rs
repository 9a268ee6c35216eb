//! One finding for one cause: what a rule finds at several parameters of one operation is told once, with
//! all of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::model::Affected;
use crate::model::Finding;

/// Parameters beside the first whose exchanges are shown.
const MAX_SHOWN: usize = 4;

/// What was found of each cause, by its name.
#[derive(Debug, Default)]
pub(super) struct Causes(Mutex<BTreeMap<String, Vec<Finding>>>);

impl Causes {
    /// A finding of a cause together with what is known of it: the best proof first, then by the names of
    /// the parameters, whatever was found first.
    pub(super) fn joined(&self, cause: String, finding: Finding) -> Finding {
        let mut causes = self.0.lock().expect("no holder panics");
        let known = causes.entry(cause).or_default();
        match known.iter_mut().find(|it| it.fingerprint == finding.fingerprint) {
            Some(same) if same.confidence <= finding.confidence => *same = finding,
            Some(_) => {}
            None => known.push(finding),
        }
        let name = |it: &Finding| {
            it.insertion_point.as_ref().map(|point| (point.kind.as_str(), point.name.clone()))
        };
        known.sort_by_key(|it| (Reverse(it.confidence), name(it)));
        told(known)
    }
}

fn told(known: &[Finding]) -> Finding {
    let (first, others) = known.split_first().expect("one was just added");
    let mut joined = first.clone();
    for other in others {
        let Some(point) = other.insertion_point.clone() else { continue };
        joined.also.push(Affected { point, fingerprint: other.fingerprint.clone() });
    }
    let shown = others.iter().take(MAX_SHOWN);
    joined.evidence.extend(shown.flat_map(|other| other.evidence.iter().cloned()));
    if !joined.also.is_empty() {
        let places: Vec<String> = joined.also.iter().map(|it| it.point.to_string()).collect();
        joined.detail = format!("{}; the same is so at {}", joined.detail, places.join(", "));
    }
    joined
}
