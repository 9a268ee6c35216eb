//! Copies of a request, one after the other: how many were let in within one window, and by whom.
//!
//! Pure. From the sending of the first copy to the coming of an answer it takes at least as long as it
//! took between the two at the target: whatever is slow makes a limit look lower, never higher.

use std::collections::BTreeSet;
use std::time::Duration;

use super::cost::MOST_BACKENDS;
use super::cost::MOST_REFUSALS;
use super::cost::most_let_in;
use super::cost::most_of_second;
use crate::model::Quota;
use crate::scan::probe::Allowance;

/// What came of one copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) sent: Duration,
    pub(super) came: Duration,
    pub(super) let_in: bool,
    /// Who answered.
    pub(super) backend: Option<String>,
    /// What the answer says of the limit.
    pub(super) quota: Option<Quota>,
}

/// What a series is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To find the limit, or that there is none.
    First,
    /// To see in another window that it is what was found.
    Second,
}

/// Why a series is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Copies are refused.
    Refused,
    /// Enough were let in.
    Endless,
    /// The window is over, and none was refused.
    TooSlow,
}

/// What a series came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) end: End,
    /// Copies that were let in within one window.
    pub(super) let_in: u64,
    /// When the first was sent.
    pub(super) began: Duration,
    /// From then until the last came back that was let in.
    pub(super) lasted: Duration,
    /// Backends that are known by name.
    pub(super) backends: u64,
    /// The limit that answers state.
    pub(super) limit: Option<u64>,
    /// What the first answer says is left behind it.
    pub(super) left_at_first: Option<u64>,
    /// What a refusal says is left.
    pub(super) left_at_last: Option<u64>,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Series {
    allowed: Allowance,
    purpose: Purpose,
    answers: Vec<Answered>,
    is_late: bool,
}

impl Series {
    pub(super) fn new(allowed: Allowance, purpose: Purpose) -> Self {
        Self { allowed, purpose, answers: Vec::new(), is_late: false }
    }

    /// Takes an answer; whether it came within the window of the first.
    pub(super) fn take(&mut self, answer: Answered) -> bool {
        let began = self.answers.first().map_or(answer.sent, |first| first.sent);
        self.is_late = answer.came.saturating_sub(began) > self.allowed.window;
        if !self.is_late {
            self.answers.push(answer);
        }
        !self.is_late
    }

    /// Why nothing more is to be sent; `None` where it goes on. Where several backends answer, each may
    /// have a counter of its own: as many refusals in a row are awaited.
    pub(super) fn end(&self) -> Option<End> {
        let refused = self.answers.iter().filter(|answer| !answer.let_in).count() as u64;
        if self.is_late {
            return Some(if refused > 0 { End::Refused } else { End::TooSlow });
        }
        let last = self.answers.iter().rev();
        let in_a_row = last.take_while(|answer| !answer.let_in).count() as u64;
        let backends = self.backends();
        if in_a_row >= backends.clamp(1, MOST_BACKENDS) || refused >= MOST_REFUSALS {
            return Some(End::Refused);
        }
        let most = match self.purpose {
            Purpose::First => most_let_in(self.allowed.count, backends),
            Purpose::Second => most_of_second(self.allowed.count),
        };
        (self.answers.len() as u64 - refused >= most).then_some(End::Endless)
    }

    /// What it came to.
    pub(super) fn measured(&self, end: End) -> Measured {
        let let_in = || self.answers.iter().filter(|answer| answer.let_in);
        let began = self.answers.first().map(|first| first.sent).unwrap_or_default();
        let last = let_in().next_back().map_or(began, |last| last.came);
        let quotas = || self.answers.iter().filter_map(|answer| answer.quota);
        let first = self.answers.first().and_then(|first| first.quota);
        let refusal = self.answers.iter().rev().find(|answer| !answer.let_in);
        Measured {
            end,
            let_in: let_in().count() as u64,
            began,
            lasted: last.saturating_sub(began),
            backends: self.backends(),
            limit: quotas().filter_map(|quota| quota.limit).next_back(),
            left_at_first: first.and_then(|quota| quota.left),
            left_at_last: refusal.and_then(|refusal| refusal.quota).and_then(|quota| quota.left),
        }
    }

    fn backends(&self) -> u64 {
        let names = self.answers.iter().filter_map(|answer| answer.backend.as_deref());
        names.collect::<BTreeSet<_>>().len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five in a second.
    const FIVE: Allowance = Allowance { count: 5, window: Duration::from_secs(1) };

    /// The answer to a copy that is sent and answered `at` milliseconds.
    fn answer(at: u64, let_in: bool) -> Answered {
        let at = Duration::from_millis(at);
        Answered { sent: at, came: at, let_in, backend: None, quota: None }
    }

    /// Takes what a target answers, a copy each `apart` milliseconds, until it is over.
    fn run(purpose: Purpose, apart: u64, let_in: impl Fn(u64) -> (bool, Option<u64>)) -> Measured {
        let mut series = Series::new(FIVE, purpose);
        for number in 0..10_000 {
            let (let_in, backend) = let_in(number);
            let backend = backend.map(|number| format!("app-{number}"));
            series.take(Answered { backend, ..answer(number * apart, let_in) });
            if let Some(end) = series.end() {
                return series.measured(end);
            }
        }
        panic!("it does not end");
    }

    #[test]
    fn a_limit_is_what_was_let_in_before_the_first_refusal() {
        let measured = run(Purpose::First, 10, |number| (number < 5, None));
        assert_eq!((measured.end, measured.let_in, measured.backends), (End::Refused, 5, 0));
        assert_eq!(measured.lasted, Duration::from_millis(40));
    }

    #[test]
    fn backends_that_count_for_themselves_are_all_waited_for() {
        let turns = |number: u64| (number / 3 < 5, Some(number % 3));
        let measured = run(Purpose::First, 10, turns);
        assert_eq!((measured.end, measured.let_in, measured.backends), (End::Refused, 15, 3));
        // By chance one is full long before the others.
        let chance = |number: u64| {
            let backend =
                [0, 0, 0, 1, 0, 0, 0, 2, 1, 2][usize::try_from(number % 10).expect("few")];
            (number < 20 && number != 5, Some(backend))
        };
        assert_eq!(run(Purpose::First, 10, chance).let_in, 19);
    }

    #[test]
    fn enough_is_enough() {
        assert_eq!(run(Purpose::First, 1, |_| (true, None)).let_in, 20);
        assert_eq!(run(Purpose::First, 1, |number| (true, Some(number % 3))).let_in, 50);
        let hostile = run(Purpose::First, 1, |number| (true, Some(number)));
        assert_eq!((hostile.end, hostile.let_in), (End::Endless, 125));
        assert_eq!(run(Purpose::Second, 1, |_| (true, None)).let_in, 12);
        let odd = run(Purpose::First, 1, |number| (number % 2 == 0, Some(number)));
        assert_eq!(odd.end, End::Refused, "refusals are bounded too");
    }

    #[test]
    fn what_comes_after_the_window_does_not_count() {
        let slow = run(Purpose::First, 300, |_| (true, None));
        assert_eq!((slow.end, slow.let_in), (End::TooSlow, 4));
        let refused = run(Purpose::First, 300, |number| (number != 2, Some(number % 2)));
        assert_eq!((refused.end, refused.let_in), (End::Refused, 3));
        let mut series = Series::new(FIVE, Purpose::First);
        let first = answer(0, true);
        assert!(!series.take(Answered { came: Duration::from_secs(9), ..first }));
        assert_eq!(series.end(), Some(End::TooSlow));
    }

    #[test]
    fn what_answers_say_of_the_limit_is_kept() {
        let mut series = Series::new(FIVE, Purpose::First);
        for (number, left) in [(0, 4), (1, 3), (2, 0)] {
            let quota = Some(Quota { limit: Some(5), left: Some(left) });
            series.take(Answered { quota, ..answer(number, number < 2) });
        }
        let measured = series.measured(End::Refused);
        assert_eq!(measured.limit, Some(5));
        assert_eq!((measured.left_at_first, measured.left_at_last), (Some(4), Some(0)));
    }
}
