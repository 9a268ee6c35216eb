//! What was let in, compared with what was declared.
//!
//! Pure. Two kinds of limiters let in more than they count, and are in order: one whose window ends
//! between two copies (twice its limit at most, in another window its limit), and one that fills up
//! again while copies are sent (by as much as the time that has passed is of the window). Neither is
//! called higher than declared.

use std::time::Duration;

use super::series::End;
use super::series::Measured;
use crate::scan::probe::Allowance;

/// More than so many times what is fair is higher than declared.
const HIGHER: f64 = 1.2;

/// How far from so many limits as there are backends it may be, as a share.
const ABOUT: f64 = 0.34;

/// A series that takes no longer, as a share of the window, hardly ever has the end of one in it.
const SHORT: u32 = 20;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As many were let in as were declared, or fewer.
    AsDeclared,
    /// More were let in.
    Higher,
    /// None was refused of several times as many.
    Missing,
    /// Too few could be sent within the window.
    Unreached,
}

/// What follows from a series.
pub(super) fn verdict(allowed: Allowance, measured: &Measured) -> Verdict {
    let is_higher = is_higher(allowed, measured);
    match measured.end {
        End::Endless if is_higher && measured.let_in >= 3 * allowed.count => Verdict::Missing,
        End::Refused if is_higher => Verdict::Higher,
        End::Refused => Verdict::AsDeclared,
        End::Endless | End::TooSlow if is_higher && is_beyond_two_windows(allowed, measured) => {
            Verdict::Higher
        }
        End::Endless | End::TooSlow => Verdict::Unreached,
    }
}

/// Whether it is more than a limiter may let in that counts as declared and fills up as time passes.
pub(super) fn is_higher(allowed: Allowance, measured: &Measured) -> bool {
    let passed = measured.lasted.as_secs_f64() / allowed.window.as_secs_f64();
    let fair = allowed.count as f64 * (1.0 + passed.min(1.0));
    let let_in = measured.let_in as f64;
    let_in > fair * HIGHER && let_in > fair + 1.0
}

/// Whether it is more than the limit of two windows that follow each other.
pub(super) fn is_beyond_two_windows(allowed: Allowance, measured: &Measured) -> bool {
    measured.let_in > 2 * allowed.count + 1
}

/// Whether a window hardly ended while it was measured.
pub(super) fn is_short(allowed: Allowance, measured: &Measured) -> bool {
    measured.lasted * SHORT <= allowed.window
}

/// Whether no moment of a window, as time is cut into windows, fell into both series: then the end of
/// one can have been in one of them at most.
pub(super) fn are_apart(allowed: Allowance, first: &Measured, second: &Measured) -> bool {
    let window = allowed.window.as_nanos();
    let between = second.began.saturating_sub(first.began).as_nanos() % window.max(1);
    between > first.lasted.as_nanos() && between + second.lasted.as_nanos() < window
}

/// Whether every backend seems to have a counter of its own.
fn is_per_process(allowed: Allowance, measured: &Measured) -> bool {
    let all = (allowed.count * measured.backends) as f64;
    let is_about = (measured.let_in as f64 - all).abs() <= all * ABOUT;
    measured.end == End::Refused && measured.backends > 1 && is_about
}

/// `declared 5 per 1 m, measured 20 (4.0 x; 4 backends seen: counters per process)`.
pub(super) fn shown(allowed: Allowance, measured: &Measured) -> String {
    let least = if measured.end == End::Refused { "" } else { "at least " };
    let times = measured.let_in as f64 / allowed.count as f64;
    let is_theirs = is_per_process(allowed, measured) && is_higher(allowed, measured);
    let cause = if is_theirs { ": counters per process" } else { "" };
    let backends = match measured.backends {
        0 | 1 => String::new(),
        several => format!("; {several} backends seen{cause}"),
    };
    format!("declared {allowed}, measured {least}{} ({times:.1} x{backends})", measured.let_in)
}

/// Whether what answers state fits what was let in: the limit itself, or, where others have used up a
/// part, what the first answer says is left.
pub(super) fn fits_what_is_stated(window: Duration, measured: &Measured) -> bool {
    let Some(limit) = measured.limit else { return true };
    let stated = Allowance { count: limit, window };
    let is_near = measured.let_in.saturating_add(1) >= limit && !is_above(stated, measured);
    let of_first = measured.left_at_first.map(|left| left.saturating_add(1));
    let is_left = of_first.is_some_and(|left| left <= limit && left.abs_diff(measured.let_in) <= 1);
    is_near || is_left
}

/// Whether it is more than stated, by more than one.
fn is_above(stated: Allowance, measured: &Measured) -> bool {
    let passed = measured.lasted.as_secs_f64() / stated.window.as_secs_f64();
    measured.let_in as f64 > stated.count as f64 * (1.0 + passed.min(1.0)) + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Allowance = Allowance { count: 10, window: Duration::from_secs(10) };

    fn measured(end: End, let_in: u64, backends: u64) -> Measured {
        Measured {
            end,
            let_in,
            began: Duration::from_secs(100),
            lasted: Duration::from_millis(200),
            backends,
            limit: None,
            left_at_first: None,
            left_at_last: None,
        }
    }

    #[test]
    fn more_than_a_fifth_and_more_than_one_is_higher() {
        let of = |allowed, let_in| verdict(allowed, &measured(End::Refused, let_in, 0));
        assert_eq!(of(TEN, 10), Verdict::AsDeclared);
        assert_eq!(of(TEN, 3), Verdict::AsDeclared);
        assert_eq!(of(TEN, 12), Verdict::AsDeclared);
        assert_eq!(of(TEN, 13), Verdict::Higher);
        let three = Allowance { count: 3, ..TEN };
        assert_eq!(of(three, 4), Verdict::AsDeclared, "a third more, and one alone");
        assert_eq!(of(three, 5), Verdict::Higher);
    }

    #[test]
    fn no_refusal_is_no_limit_only_where_enough_was_sent() {
        assert_eq!(verdict(TEN, &measured(End::Endless, 35, 1)), Verdict::Missing);
        assert_eq!(verdict(TEN, &measured(End::TooSlow, 15, 1)), Verdict::Unreached);
        assert_eq!(verdict(TEN, &measured(End::TooSlow, 20, 1)), Verdict::Unreached);
        assert_eq!(verdict(TEN, &measured(End::TooSlow, 30, 1)), Verdict::Higher);
        let large = Allowance { count: 400, ..TEN };
        assert_eq!(verdict(large, &measured(End::Endless, 500, 1)), Verdict::Unreached);
        let larger = Allowance { count: 200, ..TEN };
        assert_eq!(verdict(larger, &measured(End::Endless, 500, 1)), Verdict::Higher);
    }

    #[test]
    fn what_fills_up_while_it_is_measured_is_as_declared() {
        let slow = |let_in| Measured {
            lasted: Duration::from_secs(5),
            ..measured(End::Refused, let_in, 0)
        };
        assert_eq!(verdict(TEN, &slow(15)), Verdict::AsDeclared);
        assert_eq!(verdict(TEN, &slow(19)), Verdict::Higher);
    }

    #[test]
    fn two_series_share_no_end_of_a_window_where_they_lie_apart_in_it() {
        let at = |millis| Measured {
            began: Duration::from_millis(millis),
            ..measured(End::Refused, 15, 0)
        };
        assert!(are_apart(TEN, &at(3_000), &at(14_000)));
        assert!(!are_apart(TEN, &at(3_000), &at(13_100)), "the same part of the window");
        assert!(!are_apart(TEN, &at(3_000), &at(12_900)));
        assert!(is_short(TEN, &at(0)));
    }

    #[test]
    fn the_cause_is_named_where_backends_show_it() {
        let told = |let_in, backends| shown(TEN, &measured(End::Refused, let_in, backends));
        assert_eq!(told(10, 1), "declared 10 per 10 s, measured 10 (1.0 x)");
        assert_eq!(
            told(30, 3),
            "declared 10 per 10 s, measured 30 (3.0 x; 3 backends seen: counters per process)"
        );
        assert_eq!(told(90, 3), "declared 10 per 10 s, measured 90 (9.0 x; 3 backends seen)");
        assert_eq!(told(10, 3), "declared 10 per 10 s, measured 10 (1.0 x; 3 backends seen)");
        let endless = shown(TEN, &measured(End::Endless, 35, 1));
        assert_eq!(endless, "declared 10 per 10 s, measured at least 35 (3.5 x)");
    }

    #[test]
    fn what_answers_state_is_held_against_what_was_let_in() {
        let fits = |limit, left, let_in| {
            let told = Measured {
                limit: Some(limit),
                left_at_first: left,
                ..measured(End::Refused, let_in, 0)
            };
            fits_what_is_stated(TEN.window, &told)
        };
        assert!(fits(10, None, 10) && fits(10, None, 9) && fits(10, None, 11));
        assert!(!fits(10, None, 7) && !fits(10, None, 13) && !fits(100, None, 10));
        assert!(fits(10, Some(6), 7), "three were used before");
        assert!(!fits(10, Some(6), 10 + 3));
        assert!(!fits(u64::MAX, Some(u64::MAX), 10));
        assert!(fits_what_is_stated(TEN.window, &measured(End::Refused, 3, 0)));
    }
}
