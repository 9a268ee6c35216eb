//! Protection that some answers of an endpoint have and others do not: one backend of several with an
//! old configuration, an error path that leaves headers out.
//!
//! Answers are compared only with those of the same endpoint and status, so that what differs is not
//! what was asked for. A single request never shows it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::found::Finder;
use super::found::Found;
use super::found::brief;
use crate::model::Confidence;
use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Finding;
use crate::model::SeriesId;
use crate::model::Tapped;
use crate::model::stateless_template;
use crate::rules::PassiveMatch;
use crate::rules::PassiveRule;

pub(super) const RULE: &str = "protection-inconsistent";

/// Rules about headers that every answer of one kind should have; what depends on the answer's content
/// is none of them.
const RULES: [&str; 7] = [
    "clickjacking",
    "content-type-options-missing",
    "csp-missing",
    "hsts-missing",
    "opener-policy-missing",
    "permissions-policy-missing",
    "referrer-policy-missing",
];

/// Answers of each kind, with and without, from which on they are told.
const LEAST: u64 = 3;

/// Answers looked at in all.
const ENOUGH: u64 = 30;

/// Share of a backend's answers without protection from which on, and up to which, it is the one.
const NEARLY_ALL: f64 = 0.9;
const HARDLY_ANY: f64 = 0.1;

/// Kinds of answers that are kept, and backends of each.
const MAX_PLACES: usize = 2000;
const MAX_BACKENDS: usize = 64;

/// Which answers are compared: of one series, path shape, status and media type.
type Kind = (SeriesId, String, u16, String);

/// Answers of one kind.
#[derive(Debug, Default)]
struct Place {
    looked: u64,
    by_backend: BTreeMap<String, u64>,
    /// The first answer.
    first: Option<Exchange>,
    faults: BTreeMap<String, Fault>,
}

/// What a rule found in some of them.
#[derive(Debug)]
struct Fault {
    title: String,
    count: u64,
    by_backend: BTreeMap<String, u64>,
    exchange: Exchange,
    shown: Evidence,
    /// An answer without it.
    without: Option<Evidence>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Posture {
    places: BTreeMap<Kind, Place>,
}

impl Posture {
    pub(super) fn look(
        &mut self,
        tapped: &Tapped,
        matches: &[(&PassiveRule, Vec<PassiveMatch>)],
        finder: &Finder,
    ) {
        let Some(response) = tapped.exchange.response() else { return };
        let path = tapped.exchange.request.path_and_query_text();
        let shape = stateless_template(path.split('?').next().unwrap_or_default());
        let key = (tapped.series, shape, response.status, response.media_type());
        if self.places.len() >= MAX_PLACES && !self.places.contains_key(&key) {
            return;
        }
        let backend = response.signals().backend;
        let place = self.places.entry(key).or_default();
        place.looked += 1;
        count(&mut place.by_backend, backend.as_deref());
        let of_protection =
            matches.iter().filter(|(rule, _)| RULES.contains(&rule.meta().id.as_str()));
        let mut faulty = Vec::new();
        for (rule, _) in of_protection {
            let id = rule.meta().id.as_str();
            faulty.push(id);
            let exchange = &tapped.exchange;
            let without = place.first.as_ref().filter(|_| place.looked > 1);
            let fault = place.faults.entry(id.to_owned()).or_insert_with(|| Fault {
                title: rule.meta().title.clone(),
                count: 0,
                by_backend: BTreeMap::new(),
                exchange: brief(exchange),
                shown: finder.evidence(EvidenceRole::Attack, &brief(exchange), None),
                without: without.map(|first| finder.evidence(EvidenceRole::Control, first, None)),
            });
            fault.count += 1;
            count(&mut fault.by_backend, backend.as_deref());
        }
        for (id, fault) in &mut place.faults {
            if fault.without.is_none() && !faulty.contains(&id.as_str()) {
                let shown = brief(&tapped.exchange);
                fault.without = Some(finder.evidence(EvidenceRole::Control, &shown, None));
            }
        }
        if place.first.is_none() {
            place.first = Some(brief(&tapped.exchange));
        }
    }

    pub(super) fn end(&self, finder: &Finder) -> Vec<Finding> {
        let places = self.places.iter().filter(|(_, place)| place.looked >= ENOUGH);
        let faults = places.flat_map(|((_, _, status, _), place)| {
            place.faults.iter().map(move |(rule, fault)| (*status, place, rule, fault))
        });
        let some = faults.filter(|(_, place, _, fault)| {
            fault.count >= LEAST && place.looked - fault.count >= LEAST
        });
        let found = some.filter_map(|(status, place, rule, fault)| {
            let share = 100.0 * fault.count as f64 / place.looked as f64;
            let mut detail = format!(
                "{} ({rule}) in {} of {} answers {status} looked at ({share:.1} %)",
                fault.title, fault.count, place.looked
            );
            if let Some((share, backends)) = place.backends_of(fault) {
                let _infallible = write!(detail, ", {share} from {backends}");
            }
            let shown = std::iter::once(fault.shown.clone()).chain(fault.without.clone());
            finder.finding(
                &fault.exchange,
                Found {
                    rule: RULE,
                    about: format!("{rule}\0{status}"),
                    confidence: Confidence::Firm,
                    detail,
                    evidence: shown.collect(),
                    occurrences: fault.count,
                },
            )
        });
        found.collect()
    }
}

impl Place {
    /// The backends that the fault is of, if it is of some and not of the others, and whether all of it
    /// is.
    fn backends_of(&self, fault: &Fault) -> Option<(&'static str, String)> {
        let shares = self.by_backend.iter().map(|(backend, looked)| {
            let with = fault.by_backend.get(backend).copied().unwrap_or(0);
            (backend.as_str(), with as f64 / (*looked).max(1) as f64)
        });
        let (of, others): (Vec<_>, Vec<_>) = shares.partition(|(_, share)| *share >= NEARLY_ALL);
        let others_have_none = others.iter().all(|(_, share)| *share <= HARDLY_ANY);
        if of.is_empty() || others.is_empty() || !others_have_none {
            return None;
        }
        let names: Vec<&str> = of.iter().map(|(backend, _)| *backend).collect();
        let theirs: u64 = names.iter().filter_map(|name| fault.by_backend.get(*name)).sum();
        let share = if theirs == fault.count { "all" } else { "nearly all" };
        Some((share, names.join(", ")))
    }
}

fn count(counts: &mut BTreeMap<String, u64>, backend: Option<&str>) {
    let Some(backend) = backend else { return };
    if let Some(count) = counts.get_mut(backend) {
        *count += 1;
    } else if counts.len() < MAX_BACKENDS {
        counts.insert(backend.to_owned(), 1);
    }
}
