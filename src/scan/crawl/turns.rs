//! In which order a crawl takes in what comes back.
//!
//! What is fetched next depends on it: were answers taken in as they come, two crawls of one site would
//! see different parts of it where there is more than they may fetch. So they are taken in as they
//! were asked for, and a crawl that goes on keeps to the order of the one before: what is back too
//! early waits. What the earlier run has taken in and this one never gets is passed over, so that
//! nothing waits for ever. What a browser shows takes its own time and waits for nobody.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;
use tokio::task::JoinSet;

use super::shown::Done;
use crate::scan::record::Turn;
use crate::scan::traffic::Traffic;

/// What is under way, with its place among what was asked for if it has one.
pub(super) type Running = JoinSet<(Option<u64>, Done)>;

/// See the module.
pub(super) struct Turns {
    traffic: Arc<Traffic>,
    /// The next place that is given, and the next that is taken in.
    given: u64,
    taken: u64,
    /// Back before others that were asked for earlier.
    back: BTreeMap<u64, Done>,
    ahead: VecDeque<Turn>,
    early: Vec<(i64, Done)>,
    /// Time that the earlier run had taken at the last of its turns, and when that was repeated.
    earlier: Duration,
    repeated: Duration,
}

impl Turns {
    pub(super) fn new(traffic: Arc<Traffic>) -> Self {
        let ahead = traffic.memory().map(|memory| memory.turns().into()).unwrap_or_default();
        let repeated = traffic.now();
        let (back, early) = (BTreeMap::new(), Vec::new());
        Self { traffic, given: 0, taken: 0, back, ahead, early, earlier: Duration::ZERO, repeated }
    }

    /// How long the crawl has taken, with the runs that it goes on from.
    pub(super) fn elapsed(&self) -> Duration {
        self.earlier + self.traffic.now().saturating_sub(self.repeated)
    }

    /// What is back and waits for its turn.
    pub(super) fn waiting(&self) -> usize {
        self.early.len() + self.back.len()
    }

    /// The place of what is asked for now.
    pub(super) fn place(&mut self) -> u64 {
        self.given += 1;
        self.given - 1
    }

    /// What is taken in next; `None` once nothing is running. Cancel safe.
    pub(super) async fn next(&mut self, running: &mut Running) -> Option<Result<Done, JoinError>> {
        loop {
            if let Some(done) = self.due() {
                return Some(Ok(done));
            }
            if self.ahead.is_empty() && !self.early.is_empty() {
                let (item, done) = self.early.remove(0);
                return Some(Ok(self.note(item, done).await));
            }
            let done = match self.in_order(running).await {
                Some(Ok(done)) => done,
                Some(Err(fault)) => return Some(Err(fault)),
                None if self.early.is_empty() => return None,
                None => {
                    self.pass_over();
                    continue;
                }
            };
            let Some(memory) = self.traffic.memory() else { return Some(Ok(done)) };
            let item = done.item(memory);
            if self.ahead.is_empty() {
                return Some(Ok(self.note(item, done).await));
            }
            self.early.push((item, done));
        }
    }

    /// What was asked for first of all that is not taken in. Cancel safe.
    async fn in_order(&mut self, running: &mut Running) -> Option<Result<Done, JoinError>> {
        loop {
            if let Some(done) = self.back.remove(&self.taken) {
                self.taken += 1;
                return Some(Ok(done));
            }
            match running.join_next().await {
                Some(Ok((None, done))) => return Some(Ok(done)),
                Some(Ok((Some(place), done))) => {
                    self.back.insert(place, done);
                }
                // Its place stays empty, and is passed over once nothing else is under way.
                Some(Err(fault)) => return Some(Err(fault)),
                None => self.taken = *self.back.keys().next()?,
            }
        }
    }

    async fn note(&self, item: i64, done: Done) -> Done {
        if let Some(memory) = self.traffic.memory() {
            memory.note(Turn { item, at: self.elapsed() }).await;
        }
        done
    }

    /// What is back and may be taken in.
    fn due(&mut self) -> Option<Done> {
        let next = self.ahead.front()?;
        let place = self.early.iter().position(|(item, _)| *item == next.item)?;
        self.earlier = next.at;
        self.repeated = self.traffic.now();
        self.ahead.pop_front();
        Some(self.early.remove(place).1)
    }

    /// Goes on with the first turn of something that is back.
    fn pass_over(&mut self) {
        let is_back = |turn: &Turn| self.early.iter().any(|(item, _)| *item == turn.item);
        match self.ahead.iter().position(is_back) {
            Some(place) => drop(self.ahead.drain(..place)),
            None => self.ahead.clear(),
        }
    }
}
