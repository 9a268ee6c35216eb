//! Proofs that stand as soon as somebody calls.

use std::sync::Mutex;
use std::time::Duration;

use super::finding::Spot;
use super::finding::tell_flaw;
use super::run::Round;
use super::run::Selected;
use crate::model::inert;
use crate::scan::probe::Callback;
use crate::scan::probe::Expected;

/// After the last probe, how long a late call is waited for.
const LATE: Duration = Duration::from_secs(2);

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Characters of a call that are shown.
const MAX_CALL: usize = 120;

/// Every call that is waited for.
#[derive(Default)]
pub(super) struct Calls(Mutex<Vec<Waiting>>);

struct Waiting {
    /// Among the checks of the run.
    check: usize,
    spot: Spot,
    expected: Expected,
}

impl Calls {
    /// From now on these are waited for.
    pub(super) fn expect(&self, check: usize, spot: &Spot, expected: Vec<Expected>) {
        let mut waiting = self.0.lock().expect("no holder panics");
        waiting.extend(expected.into_iter().map(|expected| Waiting {
            check,
            spot: spot.clone(),
            expected,
        }));
    }

    /// Waits for late ones, and tells what was proven.
    pub(super) async fn conclude(&self, round: &Round) {
        let active = &round.active;
        let mut waiting = std::mem::take(&mut *self.0.lock().expect("no holder panics"));
        let Some(callbacks) = active.means.callbacks.as_ref().filter(|_| !waiting.is_empty())
        else {
            return;
        };
        let traffic = &active.means.traffic;
        let until = traffic.now() + LATE;
        loop {
            callbacks.settle().await;
            let mut left = Vec::new();
            for one in waiting {
                match callbacks.take(&one.expected.url).first() {
                    Some(call) => tell(round, one, call).await,
                    None => left.push(one),
                }
            }
            waiting = left;
            if waiting.is_empty() || traffic.now() >= until || traffic.is_stopping() {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn tell(round: &Round, waiting: Waiting, call: &Callback) {
    let Waiting { check, spot, expected } = waiting;
    let selected: &Selected = &round.active.checks[check];
    let mut proof = expected.proof;
    let said = inert(&String::from_utf8_lossy(&call.request), MAX_CALL);
    let line = said.lines().next().unwrap_or_default();
    proof.detail =
        format!("{}: {} called over {}: `{line}`", proof.detail, call.remote, call.protocol);
    round.board.count_match(selected.check.id());
    tell_flaw(round, selected, &spot, &proof).await;
}
