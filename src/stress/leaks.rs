//! Errors, internal names and debug pages that answers show only beyond a level of load: what a pool
//! that has run out, or a timeout that nobody thought of, says in public.
//!
//! What a rule sees from a level on counts as a leak under load if enough answers of the same endpoint
//! under less load were without it that chance does not explain it. What is there under any load is
//! the passive rule's own finding, and none of these.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

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
use crate::rules::PassiveMatch;
use crate::rules::PassiveRule;

pub(super) const RULE: &str = "leak-under-load";

/// Rules with one of these tags see what should not leave the server.
const TAGS: [&str; 4] = ["error", "debug", "disclosure", "secrets"];

/// Samples kept of each leak.
const SAMPLES: usize = 3;

/// Share of the level at which it was first seen that is clearly below it.
const BELOW: f64 = 0.9;

/// How likely it may be that answers below the level were without it by chance.
const CHANCE: f64 = 0.001;

/// Series that levels are kept of, and leaks.
const MAX_SERIES: usize = 2000;
const MAX_LEAKS: usize = 500;

/// What answers of a series were looked at, by level in steps of a tenth.
#[derive(Debug, Default)]
struct Looked(BTreeMap<i32, u64>);

#[derive(Debug)]
struct Leak {
    at: Duration,
    level: f64,
    /// Answers with it, and all of the series looked at since it was first seen, at about that level
    /// or more.
    seen: u64,
    since: u64,
    /// Answers with it under less load, later: what has run out may take a while to come back.
    elsewhere: u64,
    /// Answers of the series under less load before it was first seen.
    below: u64,
    title: String,
    exchange: Exchange,
    samples: Vec<Evidence>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Leaks {
    looked: BTreeMap<SeriesId, Looked>,
    known: BTreeMap<(SeriesId, String), Leak>,
}

impl Looked {
    fn step(level: f64) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "a logarithm of a rate is small")]
        let step = (level.max(0.1).ln() * 10.0).floor() as i32;
        step
    }

    fn below(&self, level: f64) -> u64 {
        self.0.range(..Self::step(BELOW * level)).map(|(_, count)| count).sum()
    }
}

impl Leaks {
    pub(super) fn look(
        &mut self,
        tapped: &Tapped,
        level: Option<f64>,
        matches: &[(&PassiveRule, Vec<PassiveMatch>)],
        finder: &Finder,
    ) {
        // Before the first interval is over nobody knows under which load it was.
        let Some(level) = level else { return };
        let series = tapped.series;
        if self.looked.len() >= MAX_SERIES && !self.looked.contains_key(&series) {
            return;
        }
        let below = self.looked.entry(series).or_default().below(level);
        let telling = matches
            .iter()
            .filter(|(rule, _)| rule.meta().tags.iter().any(|tag| TAGS.contains(&tag.as_str())));
        for (rule, found) in telling {
            let key = (series, rule.meta().id.clone());
            let is_known = self.known.contains_key(&key);
            if !is_known && self.known.len() >= MAX_LEAKS {
                continue;
            }
            let leak = self.known.entry(key).or_insert_with(|| Leak {
                at: tapped.at,
                level,
                seen: 0,
                since: 0,
                elsewhere: 0,
                below,
                title: rule.meta().title.clone(),
                exchange: brief(&tapped.exchange),
                samples: Vec::new(),
            });
            if level < BELOW * leak.level {
                leak.elsewhere += 1;
                continue;
            }
            leak.seen += 1;
            if leak.samples.len() < SAMPLES {
                let highlight = found.first().and_then(|found| found.highlight);
                let highlight = highlight.map(|place| place.offset..place.offset + place.length);
                let role = EvidenceRole::Attack;
                leak.samples.push(finder.evidence(role, &tapped.exchange, highlight));
            }
        }
        let own = self.known.range_mut((series, String::new())..);
        for (_, leak) in own.take_while(|((of, _), _)| *of == series) {
            leak.since += u64::from(level >= BELOW * leak.level);
        }
        *self.looked.entry(series).or_default().0.entry(Looked::step(level)).or_insert(0) += 1;
    }

    pub(super) fn end(&self, finder: &Finder) -> Vec<Finding> {
        let beyond = self.known.iter().filter(|(_, leak)| leak.is_beyond());
        let found = beyond.filter_map(|((_, rule), leak)| {
            finder.finding(
                &leak.exchange,
                Found {
                    rule: RULE,
                    about: rule.clone(),
                    confidence: Confidence::Firm,
                    detail: leak.told(rule),
                    evidence: leak.samples.clone(),
                    occurrences: leak.seen,
                },
            )
        });
        found.collect()
    }
}

impl Leak {
    fn told(&self, rule: &str) -> String {
        let mut told = format!(
            "{} ({rule}) from {:.0} requests/s on, first at {:.1} s: in {} of {} answers looked at \
             since; in none of {} under less load before",
            self.title,
            self.level,
            self.at.as_secs_f64(),
            self.seen,
            self.since,
            self.below
        );
        if self.elsewhere > 0 {
            let _infallible = write!(told, ", and in {} after it", self.elsewhere);
        }
        told
    }

    /// Whether answers under less load would have shown it too, were it a matter of chance: how likely
    /// it is that of `n + B` answers the `k` with it are all among the `n` since (R. A. Fisher's exact
    /// test, one-sided). The first one says where to look and does not count.
    fn is_beyond(&self) -> bool {
        let (seen, since) = (self.seen.saturating_sub(1), self.since.saturating_sub(1) as f64);
        let all = since + self.below as f64;
        let chance: f64 = (0..seen)
            .map(|drawn| drawn as f64)
            .map(|drawn| ((since - drawn).max(f64::MIN_POSITIVE) / (all - drawn)).ln())
            .sum();
        seen > 0 && chance <= CHANCE.ln()
    }
}
