//! What shows only with volume or with several users at once, in traffic that load sends anyway.
//!
//! Load offers single exchanges ([`crate::model::Tapped`]); a [`Watch`] looks at each, remembers little
//! and sends nothing. Five things are looked for:
//!
//! * `bleed`: what is one user's in an answer to another, by marks that the plan puts into requests;
//! * `cache`: what is one user's, kept by a cache that everybody shares;
//! * `leaks`: errors, names and debug pages in answers that appear only beyond a level of load;
//! * `refused`: requests that must be refused, and are not;
//! * `posture`: protection that some answers of an endpoint have and others do not.
//!
//! [`Collateral`] looks at the load as a whole: whether a few requests make all others slow.
//!
//! A mark of another user, what a cache kept and an open door are proofs by themselves and are told at
//! once. The other two compare answers of different times and are told when load has ended.

mod bleed;
mod collateral;
mod found;
mod leaks;
mod posture;
mod refusal;
mod stored;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::Canaries;
use crate::model::Finding;
use crate::model::Redactor;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;
use crate::model::Tapped;
use crate::plan::Watched;
use crate::rules::Registry;
use crate::rules::ResponseView;

pub use collateral::Collateral;
pub use collateral::Conclusion;

use bleed::Bleed;
use found::Finder;
use leaks::Leaks;
use posture::Posture;
use refusal::Refusals;
use stored::Stored;

/// Ids of the rules that are watched for.
pub const RULES: [&str; 6] =
    [bleed::RULE, collateral::RULE, leaks::RULE, posture::RULE, refusal::RULE, stored::RULE];

/// Looks at load's exchanges, one after the other.
pub struct Watch {
    finder: Finder,
    bleed: Option<Bleed>,
    stored: Option<Stored>,
    leaks: Option<Leaks>,
    posture: Option<Posture>,
    refusals: Refusals,
    /// By rule and fingerprint: exchanges that a finding counts.
    matched: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Watch {
    /// For what the plan asks for, and requests that must be refused; `origin_alias` is the target's
    /// name in fingerprints.
    pub fn new(
        (watched, refused): (Watched, &[usize]),
        canaries: Canaries,
        registry: Arc<Registry>,
        redactor: Redactor,
        origin_alias: &str,
    ) -> Self {
        Self {
            finder: Finder::new(registry, redactor, origin_alias),
            bleed: watched.bleed.then(|| Bleed::new(canaries)),
            stored: watched.cache.then(|| Stored::new(canaries)),
            leaks: watched.leaks.then(Leaks::default),
            posture: watched.posture.then(Posture::default),
            refusals: Refusals::new(refused),
            matched: BTreeMap::new(),
        }
    }

    /// Looks at an exchange that ended under a load of so many requests per second, if that is known;
    /// what it proves.
    pub fn look(&mut self, tapped: &Tapped, level: Option<f64>) -> Vec<Finding> {
        let mut found = match &mut self.bleed {
            Some(bleed) => bleed.look(tapped, &self.finder),
            None => Vec::new(),
        };
        if let Some(stored) = &mut self.stored {
            found.extend(stored.look(tapped, &self.finder));
        }
        found.extend(self.refusals.look(tapped, level, &self.finder));
        self.count(&mut found);
        let Some(view) = ResponseView::of(&tapped.exchange) else { return found };
        if self.leaks.is_some() || self.posture.is_some() {
            let registry = Arc::clone(self.finder.registry());
            let matches = registry.evaluate(&view);
            if let Some(leaks) = &mut self.leaks {
                leaks.look(tapped, level, &matches, &self.finder);
            }
            if let Some(posture) = &mut self.posture {
                posture.look(tapped, &matches, &self.finder);
            }
        }
        found
    }

    /// What is looked for.
    pub fn rules(&self) -> Vec<RuleMeta> {
        let watched = [
            (bleed::RULE, self.bleed.is_some()),
            (stored::RULE, self.stored.is_some()),
            (leaks::RULE, self.leaks.is_some()),
            (posture::RULE, self.posture.is_some()),
            (refusal::RULE, !self.refusals.is_empty()),
        ];
        let ids = watched.into_iter().filter(|(_, is_on)| *is_on);
        ids.filter_map(|(id, _)| self.finder.registry().meta(id).cloned()).collect()
    }

    /// What came of each, once all is over.
    pub fn outcomes(&self) -> Vec<RuleOutcome> {
        let outcome = |meta: RuleMeta| RuleOutcome {
            matched: self.matched.get(&meta.id).map_or(0, |found| found.values().sum()),
            requests: 0,
            errors: 0,
            skipped: match &self.bleed {
                Some(bleed) if meta.id == bleed::RULE => bleed.blind().map(str::to_owned),
                _ => None,
            },
            id: meta.id,
        };
        self.rules().into_iter().map(outcome).collect()
    }

    /// What all exchanges together show.
    pub fn end(&mut self) -> Vec<Finding> {
        let bleed = self.bleed.iter().flat_map(Bleed::end);
        let stored = self.stored.iter().flat_map(Stored::end);
        let leaks = self.leaks.iter().flat_map(|leaks| leaks.end(&self.finder));
        let posture = self.posture.iter().flat_map(|posture| posture.end(&self.finder));
        let refused = self.refusals.end(&self.finder);
        let mut all: Vec<Finding> =
            bleed.chain(stored).chain(leaks).chain(posture).chain(refused).collect();
        self.count(&mut all);
        all
    }

    /// Until here a finding counts answers, of one place: in reports it counts places. One that is told
    /// again takes the place of what it said before.
    fn count(&mut self, findings: &mut [Finding]) {
        for finding in findings {
            let own = self.matched.entry(finding.rule.id.clone()).or_default();
            own.insert(finding.fingerprint.clone(), finding.occurrences);
            finding.occurrences = 1;
        }
    }
}
