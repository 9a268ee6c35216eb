//! Requests that must be refused, sent all the while: a door that opens when what guards it is slow, full
//! or gone.
//!
//! Any answer that lets such a request in is a flaw, however rare; it is told at once with the time and the
//! load at that moment. What was refused before makes it certain that it is the load that opened.

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
use crate::model::Tapped;

pub(super) const RULE: &str = "fail-open";

/// What is known of one request.
#[derive(Debug, Default)]
struct Door {
    refused: u64,
    /// A refusal, to be shown beside what was let in.
    shown: Option<Evidence>,
    opened: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    at: Duration,
    level: Option<f64>,
    last: Duration,
    count: u64,
    /// Refusals before the first of them.
    before: u64,
    exchange: Exchange,
    evidence: Vec<Evidence>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Refusals {
    doors: BTreeMap<usize, Door>,
}

impl Refusals {
    /// For these requests of the plan.
    pub(super) fn new(requests: &[usize]) -> Self {
        Self { doors: requests.iter().map(|request| (*request, Door::default())).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.doors.is_empty()
    }

    pub(super) fn look(
        &mut self,
        tapped: &Tapped,
        level: Option<f64>,
        finder: &Finder,
    ) -> Option<Finding> {
        let door = self.doors.get_mut(&tapped.request)?;
        let exchange = &tapped.exchange;
        // No answer is no entry.
        let status = exchange.response()?.status;
        // 101 opens a session.
        if !(200..300).contains(&status) && status != 101 {
            door.refused += 1;
            if door.shown.is_none() {
                door.shown = Some(finder.evidence(EvidenceRole::Control, exchange, None));
            }
            return None;
        }
        if let Some(opened) = &mut door.opened {
            opened.count += 1;
            opened.last = tapped.at;
            return None;
        }
        let evidence = finder.evidence(EvidenceRole::Attack, exchange, None);
        door.opened = Some(Opened {
            at: tapped.at,
            level,
            last: tapped.at,
            count: 1,
            before: door.refused,
            exchange: brief(exchange),
            evidence: std::iter::once(evidence).chain(door.shown.clone()).collect(),
        });
        door.finding(finder)
    }

    /// Those that were let in more than once, with how often.
    pub(super) fn end(&self, finder: &Finder) -> Vec<Finding> {
        let again = self.doors.values().filter(|door| {
            door.opened
                .as_ref()
                .is_some_and(|opened| opened.count > 1 || door.refused > opened.before)
        });
        again.filter_map(|door| door.finding(finder)).collect()
    }
}

impl Door {
    fn finding(&self, finder: &Finder) -> Option<Finding> {
        let opened = self.opened.as_ref()?;
        let mut detail = format!(
            "let in {} of {} times, first at {:.1} s",
            opened.count,
            opened.count + self.refused,
            opened.at.as_secs_f64(),
        );
        if let Some(level) = opened.level {
            let _infallible = write!(detail, " under {level:.0} requests/s");
        }
        if opened.count > 1 {
            let _infallible = write!(detail, ", last at {:.1} s", opened.last.as_secs_f64());
        }
        let before = match opened.before {
            0 => "; it was never refused before".to_owned(),
            count => format!("; refused {count} times before"),
        };
        detail.push_str(&before);
        let confidence = if opened.before > 0 { Confidence::Confirmed } else { Confidence::Firm };
        finder.finding(
            &opened.exchange,
            Found {
                rule: RULE,
                about: String::new(),
                confidence,
                detail,
                evidence: opened.evidence.clone(),
                occurrences: opened.count,
            },
        )
    }
}
