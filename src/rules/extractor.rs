//! Compiled extractors: what a response says.

use crate::extract::Pattern;
use crate::model::Match;

use super::passive::Scope;
use super::prefilter::Gate;

/// An extractor yields this many different values at most.
const MAX_VALUES: usize = 20;

/// One extractor of a block.
#[derive(Debug)]
pub(super) struct Extractor {
    pub(super) source: Source,
    pub(super) part: String,
    pub(super) name: Option<String>,
    pub(super) internal: bool,
    /// Of each pattern; empty until they are known.
    pub(super) gates: Vec<Gate>,
}

/// Where values come from.
#[derive(Debug)]
pub(super) enum Source {
    Regex { patterns: Vec<Pattern>, group: usize },
    Kval(Vec<String>),
}

/// Different values in the order in which they stand, and where the first stands.
#[derive(Debug, Default)]
pub(super) struct Extracted {
    pub(super) values: Vec<Vec<u8>>,
    pub(super) first: Option<Match>,
}

impl Extractor {
    /// What it finds in `scope`.
    pub(super) fn extract(&self, scope: &Scope<'_>) -> Extracted {
        match &self.source {
            Source::Regex { patterns, group } => self.regex(patterns, *group, scope),
            Source::Kval(names) => kval(names, scope),
        }
    }

    fn regex(&self, patterns: &[Pattern], group: usize, scope: &Scope<'_>) -> Extracted {
        let mut found = Extracted::default();
        let Some(part) = scope.part(&self.part) else { return found };
        for (index, pattern) in patterns.iter().enumerate() {
            let gate = self.gates.get(index);
            if !scope.may_hold(gate) {
                continue;
            }
            let whole = 0..part.bytes.len();
            let windows = scope.windows(gate, &part);
            let windows = windows.as_deref().unwrap_or(std::slice::from_ref(&whole));
            for range in pattern.groups_within(&part.bytes, group, windows) {
                let value = &part.bytes[range.clone()];
                if value.is_empty() || found.values.iter().any(|known| known == value) {
                    continue;
                }
                if found.values.len() == MAX_VALUES {
                    return found;
                }
                if found.first.is_none() {
                    found.first = scope.view.locate(part.anchor, &range);
                }
                found.values.push(value.to_vec());
            }
        }
        found
    }
}

fn kval(names: &[String], scope: &Scope<'_>) -> Extracted {
    let mut found = Extracted::default();
    for name in names {
        let Some(part) = scope.part(name) else { continue };
        if found.first.is_none() {
            found.first = scope.view.locate(part.anchor, &(0..part.bytes.len()));
        }
        found.values.push(part.bytes.into_owned());
    }
    found
}
