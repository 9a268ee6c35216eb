//! What every check has done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::task::JoinError;
use tokio::task::JoinSet;

use super::run::Active;
use super::run::Selected;
use crate::model::NoticeLevel;
use crate::model::RuleOutcome;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::traffic::Traffic;

/// What a check gave, or that it panicked.
pub(super) type Ended = Result<Result<Outcome, ProbeStop>, JoinError>;

/// What is counted, by check.
#[derive(Default)]
pub(super) struct Board(Mutex<BTreeMap<&'static str, Tally>>);

#[derive(Default)]
struct Tally {
    places: u64,
    requests: u64,
    matched: u64,
    errors: u64,
    skipped: BTreeMap<String, u64>,
}

impl Board {
    /// A check has ended at one place.
    pub(super) fn count(&self, id: &'static str, sent: &AtomicU64, ended: &Ended) {
        let mut tallies = self.0.lock().expect("no holder panics");
        let tally = tallies.entry(id).or_default();
        tally.places += 1;
        tally.requests += sent.load(Ordering::Relaxed);
        match ended {
            Ok(Ok(Outcome::Found(_))) => tally.matched += 1,
            Ok(Ok(Outcome::Clean) | Err(ProbeStop::Stopped)) => {}
            Ok(Ok(Outcome::Skipped(reason))) => tally.skip(reason.clone()),
            Ok(Err(
                stop @ (ProbeStop::Budget(_)
                | ProbeStop::Limited
                | ProbeStop::OutOfScope(_)
                | ProbeStop::NotLoggedIn(_)
                | ProbeStop::NoBrowser(_)),
            )) => tally.skip(stop.to_string()),
            Ok(Err(ProbeStop::Failed(_))) | Err(_) => tally.errors += 1,
        }
    }

    /// Requests that were sent for no check in particular.
    pub(super) fn spend(&self, id: &'static str, requests: u64) {
        self.0.lock().expect("no holder panics").entry(id).or_default().requests += requests;
    }

    /// A check has found something that is no outcome of its own.
    pub(super) fn count_match(&self, id: &'static str) {
        self.0.lock().expect("no holder panics").entry(id).or_default().matched += 1;
    }

    /// What each did, in the order of the selection; what was not judged is said.
    pub(super) async fn outcomes(&self, active: &Active) -> Vec<RuleOutcome> {
        let tallies = std::mem::take(&mut *self.0.lock().expect("no holder panics"));
        let mut outcomes = Vec::new();
        for Selected { check, .. } in &active.checks {
            outcomes.push(match tallies.get(check.id()) {
                Some(tally) => tally.outcome(check.id(), &active.means.traffic).await,
                None => RuleOutcome {
                    id: check.id().to_owned(),
                    requests: 0,
                    matched: 0,
                    errors: 0,
                    skipped: Some("nothing that it applies to".to_owned()),
                },
            });
        }
        outcomes
    }
}

impl Tally {
    fn skip(&mut self, reason: String) {
        *self.skipped.entry(reason).or_insert(0) += 1;
    }

    async fn outcome(&self, id: &'static str, traffic: &Traffic) -> RuleOutcome {
        for (reason, count) in &self.skipped {
            let places = if *count == 1 { "place was" } else { "places were" };
            let text = format!("{id}: {count} {places} not judged: {reason}");
            traffic.notice(NoticeLevel::Info, text).await;
        }
        let skipped: u64 = self.skipped.values().sum();
        RuleOutcome {
            id: id.to_owned(),
            requests: self.requests,
            matched: self.matched,
            errors: self.errors,
            skipped: (skipped == self.places)
                .then(|| self.skipped.keys().next().cloned())
                .flatten(),
        }
    }
}

/// Runs one check at one place in a task of its own, so that a panic ends this check here and nothing
/// else.
pub(super) async fn guarded<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    let mut running = JoinSet::new();
    running.spawn(work);
    running.join_next().await.expect("one task was spawned")
}

/// Runs groups of work side by side, as many at once as the run may send.
pub(super) async fn side_by_side<W>(active: &Arc<Active>, works: impl IntoIterator<Item = W>)
where
    W: Future<Output = ()> + Send + 'static,
{
    let mut running = JoinSet::new();
    for work in works {
        if running.len() >= active.concurrency.max(1) {
            finish_one(active, &mut running).await;
        }
        running.spawn(work);
    }
    while !running.is_empty() {
        finish_one(active, &mut running).await;
    }
}

async fn finish_one(active: &Active, running: &mut JoinSet<()>) {
    // Checks have tasks of their own; a panic here would be in this folder.
    if let Some(Err(fault)) = running.join_next().await {
        let text = format!("scan: testing a place failed by a fault of ours: {fault}");
        active.means.traffic.notice(NoticeLevel::Error, text).await;
    }
}
