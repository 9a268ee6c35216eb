//! What it costs at most to verify limits: a pure function of what is declared.

use crate::model::plural;
use crate::scan::probe::RateLimit;

/// Backends that are told apart; more would only be sent more requests.
pub(super) const MOST_BACKENDS: u64 = 8;

/// Refused requests of one series: backends that count for themselves refuse one after the other.
pub(super) const MOST_REFUSALS: u64 = 2 * MOST_BACKENDS;

/// Of a series; a limit that is higher cannot be told from none.
const MOST_LET_IN: u64 = 500;

/// Ways around a limit, and requests for each: twice, with a plain copy behind each.
pub(super) const MOST_WAYS: u64 = 10;
const OF_A_WAY: u64 = 4;

/// Somebody else beforehand; a plain copy, and somebody else twice with one behind each.
const OF_THE_KEY: u64 = 6;

/// At half of the time that is stated, at its end, a second later, and after the window.
const OF_THE_WAY_BACK: u64 = 4;

/// Requests that are let in before it is said that there is no limit.
pub(super) fn most_let_in(count: u64, backends: u64) -> u64 {
    (3 * count * backends.clamp(1, MOST_BACKENDS) + 5).min(MOST_LET_IN).max(2 * count + 2)
}

/// The same where a limit is known to be there, and is measured again: more than two windows let in.
pub(super) fn most_of_second(count: u64) -> u64 {
    2 * count + 2
}

/// Requests that one limit takes at most.
fn most_requests(count: u64) -> u64 {
    // The last answer of a series may come too late to count.
    let refused = MOST_REFUSALS + 1;
    // Where everything is refused at first, it begins once more.
    let first = refused + most_let_in(count, MOST_BACKENDS) + refused;
    let second = most_of_second(count) + refused;
    let around = 1 + MOST_WAYS * OF_A_WAY;
    first + second + around + OF_THE_KEY + OF_THE_WAY_BACK
}

/// Requests that these limits take at most; logins of whoever sends them not counted.
pub fn most_requests_of_limits(limits: &[RateLimit]) -> u64 {
    limits.iter().map(|limit| most_requests(limit.allowed.count)).sum()
}

/// What is said before the first request. `budget` is what may be sent.
pub(super) fn announcement(limits: &[RateLimit], budget: u64) -> String {
    let names: Vec<String> =
        limits.iter().map(|limit| format!("`{}` ({})", limit.name, limit.allowed)).collect();
    format!(
        "scan: {} verified, with at most {}: {}. They are sent until they are refused, which may lock \
         an account: use a test user",
        plural(limits.len() as u64, "limit is", "limits are"),
        plural(most_requests_of_limits(limits).min(budget), "request", "requests"),
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_in_follows_the_limit_and_the_backends_within_bounds() {
        assert_eq!(most_let_in(5, 0), 20);
        assert_eq!(most_let_in(5, 1), 20);
        assert_eq!(most_let_in(10, 3), 95);
        assert_eq!(most_let_in(10, 99), most_let_in(10, MOST_BACKENDS));
        assert_eq!(most_let_in(400, 1), 802);
    }

    #[test]
    fn the_cost_of_a_limit_is_known_and_bounded() {
        assert_eq!(most_requests(5), 17 + 125 + 17 + 12 + 17 + 41 + 6 + 4);
        let all = (1..=400).map(most_requests);
        assert!(all.max().expect("some") < 1800);
    }
}
