//! What is kept of exchanges whose trace is known, in one interval of one series.
//!
//! Apart from the others: with a share of one per cent, hardly any of them is among the slowest of
//! all, and it is with them that a user can look on.

use super::counts::Ending;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::model::Exemplar;
use crate::model::Failure;

/// The slowest.
const SLOW: usize = 10;

/// The first that did not succeed.
const ERRORS: usize = 50;

#[derive(Debug, Default)]
pub(super) struct TracedKept {
    slow: Vec<Exemplar>,
    /// The least latency among the slowest, once there are enough.
    slow_from: Nanos,
    errors: Vec<Exemplar>,
}

impl TracedKept {
    /// A response came.
    pub(super) fn response(&mut self, ending: &Ending<'_>, status: u16, succeeded: bool) {
        let is_slow = ending.latency() > self.slow_from;
        let is_error = !succeeded && self.errors.len() < ERRORS;
        if !is_slow && !is_error {
            return;
        }
        let exemplar = Exemplar { failed: !succeeded, ..ending.exemplar(Some(status), None) };
        if is_error {
            self.errors.push(exemplar);
        } else {
            self.keep_slow(exemplar);
        }
    }

    /// None came, or one that says that it failed.
    pub(super) fn failure(&mut self, ending: &Ending<'_>, failure: &Failure, is_first: bool) {
        if is_first || self.errors.len() < ERRORS {
            let failure = (failure.class, failure.detail.clone());
            self.errors.push(ending.exemplar(None, Some(failure)));
        }
    }

    /// What was kept since the last call.
    pub(super) fn take(&mut self) -> Vec<Exemplar> {
        self.slow_from = 0;
        let mut all = std::mem::take(&mut self.slow);
        all.append(&mut self.errors);
        all
    }

    #[cold]
    fn keep_slow(&mut self, exemplar: Exemplar) {
        if self.slow.len() < SLOW {
            self.slow.push(exemplar);
        } else if let Some(least) = self.slow.iter_mut().min_by_key(|kept| kept.latency) {
            *least = exemplar;
        }
        if self.slow.len() == SLOW {
            let least = self.slow.iter().map(|kept| kept.latency).min();
            self.slow_from = nanos(least.unwrap_or_default());
        }
    }
}
