//! Figures as the TUI and the plain lines show them.

use std::time::Duration;

use crate::model::Finding;
use crate::model::format_duration;
use crate::model::format_percent;
use crate::model::format_rate;
pub(super) use crate::model::grouped;
pub(super) use crate::model::plural;

/// What stands where there is no figure.
pub(super) const NOTHING: &str = "–";

/// Events per second, with decimals where they say something.
pub(super) fn rate(count: u64, elapsed: Duration) -> String {
    format_rate(count, elapsed).unwrap_or_else(|| NOTHING.to_owned())
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

/// Where a finding is: `` GET http://…, query `q` ``; foreign text as it came.
pub(super) fn place(finding: &Finding) -> String {
    let point = finding.points().map_or(String::new(), |points| format!(", {points}"));
    format!("{} {}{point}", finding.method, finding.url)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
