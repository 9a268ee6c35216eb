//! Answers that speak of a lock or a limit.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::scan::probe::Shot;

/// How locks and limits are worded.
static WORDS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)too many|locked|temporarily|\blater\b|try again in|attempts? (?:left|remaining)|blocked|captcha|suspended|please wait|rate limit";
    Regex::new(pattern).expect("the tests compile it")
});

/// Whether an answer has words of locks, whatever its status.
pub(super) fn speaks_of_locks(shot: &Shot) -> bool {
    WORDS.is_match(&shot.response().body)
}

/// Whether an answer is a lock or a limit by its status, or by when to come back.
pub(super) fn is_limit(shot: &Shot) -> bool {
    let response = shot.response();
    matches!(response.status, 423 | 429) || response.header("retry-after").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_told_from_refusals() {
        for text in ["Too many attempts", "Your account is locked.", "Please try again later."] {
            assert!(WORDS.is_match(text.as_bytes()), "{text}");
        }
        for text in ["Wrong name or password.", "This code is wrong.", "Unlock your phone"] {
            assert!(!WORDS.is_match(text.as_bytes()), "{text}");
        }
    }
}
