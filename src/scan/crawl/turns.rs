//! In which order a crawl takes in what comes back.
//!
//! What is fetched next depends on it, so a crawl that goes on keeps to the order of the one before:
//! what is back too early waits. What the earlier run has taken in and this one never gets is passed
//! over, so that nothing waits for ever.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;
use tokio::task::JoinSet;

use super::shown::Done;
use crate::scan::record::Turn;
use crate::scan::traffic::Traffic;

/// See the module.
pub(super) struct Turns {
    traffic: Arc<Traffic>,
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
        Self { traffic, ahead, early: Vec::new(), earlier: Duration::ZERO, repeated }
    }

    /// How long the crawl has taken, with the runs that it goes on from.
    pub(super) fn elapsed(&self) -> Duration {
        self.earlier + self.traffic.now().saturating_sub(self.repeated)
    }

    /// What is back and waits for its turn.
    pub(super) fn waiting(&self) -> usize {
        self.early.len()
    }

    /// What is taken in next; `None` once nothing is running. Cancel safe.
    pub(super) async fn next(
        &mut self,
        running: &mut JoinSet<Done>,
    ) -> Option<Result<Done, JoinError>> {
        loop {
            if let Some(done) = self.due() {
                return Some(Ok(done));
            }
            if self.ahead.is_empty() && !self.early.is_empty() {
                let (item, done) = self.early.remove(0);
                return Some(Ok(self.note(item, done).await));
            }
            let done = match running.join_next().await {
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
