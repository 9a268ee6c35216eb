//! What is one user's in an answer to another: a shared buffer, a key that two sessions have, a cache
//! that keeps what is personal.
//!
//! Every virtual user's mark ([`Canaries`]) stands in its requests where the plan writes `${canary}`. A
//! mark that comes back to somebody else proves it by construction: nobody else has it.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::found::Finder;
use super::found::Found;
use super::found::Known;
use super::found::brief;
use crate::model::Canaries;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Finding;
use crate::model::Response;
use crate::model::SeriesId;
use crate::model::Tapped;

pub(super) const RULE: &str = "user-bleed";

/// Users of whom the last request is kept.
const MAX_USERS: usize = 4096;

/// Looks for marks in answers to others.
pub(super) struct Bleed {
    canaries: Canaries,
    /// The last exchange seen of a user in which its own mark was sent.
    last: HashMap<u64, Exchange>,
    /// By series.
    known: Known<SeriesId>,
}

impl Bleed {
    pub(super) fn new(canaries: Canaries) -> Self {
        Self { canaries, last: HashMap::new(), known: Known::default() }
    }

    pub(super) fn look(&mut self, tapped: &Tapped, finder: &Finder) -> Vec<Finding> {
        let exchange = &tapped.exchange;
        let hit = exchange.response().and_then(|response| {
            let wire = response.to_wire();
            self.canaries.find(&wire).find(|(_, user)| *user != tapped.user)
        });
        let found = hit.and_then(|(at, owner)| self.hit(tapped, at, owner, finder));
        let sends_own = |text: &[u8]| self.canaries.find(text).any(|(_, user)| user == tapped.user);
        let is_marked = sends_own(&exchange.request.to_wire());
        if is_marked && (self.last.len() < MAX_USERS || self.last.contains_key(&tapped.user)) {
            self.last.insert(tapped.user, brief(exchange));
        }
        found.into_iter().collect()
    }

    fn hit(&mut self, tapped: &Tapped, at: usize, owner: u64, finder: &Finder) -> Option<Finding> {
        if self.known.count(&tapped.series) {
            return None;
        }
        let exchange = &tapped.exchange;
        let signals = exchange.response().map(Response::signals).unwrap_or_default();
        let mut detail = format!(
            "user {} got what belongs to user {owner}, at {:.1} s",
            tapped.user,
            tapped.at.as_secs_f64()
        );
        if let Some(backend) = &signals.backend {
            let _infallible = write!(detail, ", from backend {backend}");
        }
        match signals.cache {
            Some(state) if state.is_served() => detail.push_str(", out of a cache"),
            Some(_) => detail.push_str(", not out of a cache"),
            None => {}
        }
        let highlight = Some(at..at + Canaries::LENGTH);
        let mut shown = vec![finder.evidence(EvidenceRole::Attack, exchange, highlight)];
        if let Some(owners) = self.last.get(&owner) {
            shown.push(finder.evidence(EvidenceRole::Control, owners, None));
        }
        let finding = finder.finding(
            exchange,
            Found {
                rule: RULE,
                about: String::new(),
                confidence: Confidence::Confirmed,
                detail,
                evidence: shown,
                occurrences: 1,
            },
        )?;
        self.known.add(tapped.series, finding.clone());
        Some(finding)
    }

    /// Why nothing could be seen, if so: with one user alone nothing is another's.
    pub(super) fn blind(&self) -> Option<&'static str> {
        (self.last.len() < 2).then_some(
            "fewer than two virtual users sent their marks; users that are busy (`constant-vus`, think \
             time) are several",
        )
    }

    /// Those that were seen more than once, with how often.
    pub(super) fn end(&self) -> Vec<Finding> {
        self.known.again()
    }
}
