//! What gates ask about some answers of a series alone, counted beside it.

use super::counts::Ending;
use super::times::Times;
use super::times::TimesSlice;
use crate::model::AnswerFilter;
use crate::model::Digits;
use crate::model::Tally;

/// A series' answers that one filter fits, in the running interval.
#[derive(Debug)]
pub(super) struct AnswerCounts {
    filter: AnswerFilter,
    requests: u64,
    failed: u64,
    times: Times,
}

/// What [`AnswerCounts`] held.
#[derive(Debug)]
pub(super) struct AnswerSlice {
    filter: AnswerFilter,
    requests: u64,
    failed: u64,
    times: TimesSlice,
}

impl AnswerCounts {
    /// Nothing counted yet; times as fine as `digits`.
    pub(super) fn new(filter: &AnswerFilter, digits: Digits) -> Self {
        Self { filter: filter.clone(), requests: 0, failed: 0, times: Times::new(digits) }
    }

    /// Counts an exchange that ended with a status, or with 0, if it is one of these. `is_timed`
    /// is whether it belongs to the distributions.
    pub(super) fn count(
        &mut self,
        ending: &Ending<'_>,
        status: u16,
        succeeded: bool,
        is_timed: bool,
    ) {
        if !self.filter.fits(status, succeeded) {
            return;
        }
        self.requests += 1;
        self.failed += u64::from(!succeeded);
        if is_timed {
            self.times.record(ending);
        }
    }

    /// What was counted since the last call; `None` if that is nothing.
    pub(super) fn take(&mut self) -> Option<AnswerSlice> {
        let requests = std::mem::take(&mut self.requests);
        (requests > 0).then(|| AnswerSlice {
            filter: self.filter.clone(),
            requests,
            failed: std::mem::take(&mut self.failed),
            times: self.times.take(),
        })
    }
}

impl AnswerSlice {
    /// Adds the slices of another interval or shard.
    pub(super) fn merge(mine: &mut Vec<Self>, theirs: Vec<Self>) {
        for other in theirs {
            match mine.iter_mut().find(|slice| slice.filter == other.filter) {
                Some(slice) => {
                    slice.requests += other.requests;
                    slice.failed += other.failed;
                    slice.times.merge(other.times);
                }
                None => mine.push(other),
            }
        }
    }

    /// Adds everything to the series' tally.
    pub(super) fn add_to(&self, tally: &mut Tally) {
        let answers = tally.answer(&self.filter.to_string());
        answers.requests += self.requests;
        answers.failed += self.failed;
        self.times.add_to((&mut answers.latency, &mut answers.duration), &mut answers.phases);
    }
}
