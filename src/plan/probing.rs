//! How active checks are run, beside which.

use std::collections::BTreeMap;

use super::access::AccessSettings;
use super::credentials::Credential;
use super::credentials::credentials;
use super::document::Node;
use super::file::Overrides;
use super::overrides::FindingOverride;
use super::overrides::overrides as finding_overrides;
use super::policy::Policy;
use super::race::Race;
use super::rate_limits::RateLimit;
use super::reader::Fields;
use super::reader::Reader;
use super::strength::Strength;

/// Name of the budget of checks that have none of their own.
const DEFAULT: &str = "default";

/// How active checks are run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Probing {
    /// Which are run beside those that are named.
    pub policy: Option<Policy>,
    /// How much they try.
    pub strength: Strength,
    /// Requests that they may spend at one place.
    pub budgets: Budgets,
    /// Every probe has a header that says which check sent it.
    pub tagged: bool,
    /// Nothing is tried that is told by how long the target waits.
    pub untimed: bool,
    /// Names and passwords that may be tried; without any, none is.
    pub credentials: Vec<Credential>,
    /// What is said of findings beforehand.
    pub overrides: Vec<FindingOverride>,
    /// What is compared of who may do what, if anything.
    pub access: Option<AccessSettings>,
    /// Requests that are sent many times at one instant, and what must hold then.
    pub races: Vec<Race>,
    /// Limits on requests that are verified; none are where none is declared.
    pub rate_limits: Vec<RateLimit>,
}

/// Requests that checks may spend at one place, in place of what they take for themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Of checks that are not named.
    pub default: Option<u64>,
    /// By id.
    pub by_check: BTreeMap<String, u64>,
}

impl Budgets {
    /// The budget of a check, if the plan has one for it.
    pub fn of(&self, check: &str) -> Option<u64> {
        self.by_check.get(check).copied().or(self.default)
    }
}

/// What the plan's `scan` says of it.
pub(super) fn probing(scan: &Fields<'_>, given: &Overrides, reader: &mut Reader) -> Probing {
    let policy = scan.get("policy").and_then(|node| policy(node, reader));
    let strength = scan.get("strength").and_then(|node| strength(node, reader));
    Probing {
        policy,
        strength: strength.unwrap_or(policy.map(Policy::strength).unwrap_or_default()),
        budgets: budgets(scan.get("budgets"), &given.known_checks, reader),
        tagged: scan.get("tag_probes").and_then(|node| reader.boolean(node)).unwrap_or(false),
        untimed: !scan.get("timed").and_then(|node| reader.boolean(node)).unwrap_or(true),
        credentials: credentials(scan.get("credentials"), reader),
        overrides: finding_overrides(scan.get("overrides"), given.today, reader),
        // It is about whom the plan has.
        access: None,
        // They name what is read after this.
        races: Vec::new(),
        // They are read once all that requests need is known.
        rate_limits: Vec::new(),
    }
}

fn policy(node: &Node, reader: &mut Reader) -> Option<Policy> {
    let known = (&Policy::ALL[..], Policy::as_str as fn(Policy) -> _);
    reader.named(node, "ci, standard, full or api", "policy", known)
}

fn strength(node: &Node, reader: &mut Reader) -> Option<Strength> {
    let known = (&Strength::ALL[..], Strength::as_str as fn(Strength) -> _);
    reader.named(node, "low, medium or high", "strength", known)
}

fn budgets(node: Option<&Node>, known: &[String], reader: &mut Reader) -> Budgets {
    let mut budgets = Budgets::default();
    let expected = "requests by check, like { default: 60, sqli-boolean: 40 }";
    let entries = node.and_then(|node| reader.entries(node, expected));
    for entry in entries.into_iter().flatten() {
        let name = entry.key.as_str();
        if name != DEFAULT && !known.iter().any(|check| check == name) {
            let candidates = known.iter().map(String::as_str).chain([DEFAULT]);
            reader.unknown(&entry.key_at, "check", name, candidates);
            continue;
        }
        let is_one = |requests: u64| requests > 0;
        let Some(requests) = reader.number(&entry.node, "a whole number above 0", is_one) else {
            continue;
        };
        if name == DEFAULT {
            budgets.default = Some(requests);
        } else {
            budgets.by_check.insert(name.to_owned(), requests);
        }
    }
    budgets
}
