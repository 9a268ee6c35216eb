//! Figures as the TUI and the plain lines show them.

use std::time::Duration;

use crate::model::format_duration;
use crate::model::format_percent;

/// What stands where there is no figure.
pub(super) const NOTHING: &str = "–";

/// `1234567` as `1,234,567`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Events per second, with decimals where they say something.
pub(super) fn rate(count: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds <= 0.0 {
        return NOTHING.to_owned();
    }
    let per_second = count as f64 / seconds;
    if per_second < 100.0 {
        return format!("{per_second:.1}/s");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive rate, rounded for display; the cast saturates"
    )]
    let whole = per_second.round() as u64;
    format!("{}/s", grouped(whole))
}

/// A share in per cent; never `0%` when something was counted, never `100%` when not all was.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return NOTHING.to_owned();
    }
    format_percent(part as f64 / whole as f64)
}

/// A duration, or the sign for none.
pub(super) fn duration(value: Option<Duration>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), format_duration)
}

/// A count and its noun.
pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn a_share_is_never_rounded_to_none_or_all() {
        assert_eq!(percent(1, 1_000_000), "<0.01%");
        assert_eq!(percent(999_999, 1_000_000), ">99.99%");
        assert_eq!(percent(0, 5), "0%");
        assert_eq!(percent(5, 5), "100%");
        assert_eq!(percent(0, 0), NOTHING);
    }

    #[test]
    fn a_rate_needs_time() {
        assert_eq!(rate(5, Duration::ZERO), NOTHING);
        assert_eq!(rate(5, Duration::from_secs(2)), "2.5/s");
        assert_eq!(rate(24_690, Duration::from_secs(2)), "12,345/s");
    }
}
