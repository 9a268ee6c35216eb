//! So many requests in so much time, as people write it.

use std::fmt;
use std::time::Duration;

use super::reader::duration_with_unit;

/// What a plan writes.
pub(super) const EXPECTED: &str = "a count per duration, like 5/1m, 100/1s or 5/min";

/// More cannot be told from no limit with the requests that are sent for it.
const MAX_COUNT: u64 = 400;

/// Shorter windows end between two requests; longer ones nobody waits for.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Units that stand alone: `5/min`.
const UNITS: [(&[&str], u64); 4] = [
    (&["s", "sec", "second"], 1),
    (&["m", "min", "minute"], 60),
    (&["h", "hour"], 3600),
    (&["d", "day"], 24 * 3600),
];

/// Requests that a limiter lets in within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many; from 1 to 400.
    pub count: u64,
    /// In how much time; from 100 ms to a day.
    pub window: Duration,
}

impl Allowance {
    /// Reads `5/1m`, `100/1s`, `10/30s`, `5/min`.
    ///
    /// # Errors
    /// What is wrong with the text, and how it is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((count, window)) = text.split_once('/') else {
            return Err(format!("`{text}` says no time; write {EXPECTED}"));
        };
        let count: u64 = count.trim().parse().map_err(|_| format!("`{text}` is not {EXPECTED}"))?;
        let window = window.trim();
        let unit = UNITS.iter().find(|(names, _)| names.contains(&window));
        let window = match unit {
            Some((_, seconds)) => Duration::from_secs(*seconds),
            None => duration_with_unit(window)?,
        };
        match count {
            0 => Err(format!("`{text}` lets nobody in")),
            1..=MAX_COUNT if (SHORTEST..=LONGEST).contains(&window) => Ok(Self { count, window }),
            1..=MAX_COUNT => Err(format!("`{text}`: a window lasts from 100ms to 1d")),
            _ => Err(format!(
                "`{text}`: a limit of more than {MAX_COUNT} takes too many requests to verify; name \
                 a request with a lower one, or the limit of a shorter time"
            )),
        }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.window.as_millis();
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
        let whole = units.into_iter().find(|(_, unit)| millis.is_multiple_of(*unit));
        let (name, unit) = whole.unwrap_or(("ms", 1));
        write!(f, "{} per {} {name}", self.count, millis / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        for (text, count, millis, shown) in [
            ("5/1m", 5, 60_000, "5 per 1 m"),
            ("100/1s", 100, 1_000, "100 per 1 s"),
            ("5/min", 5, 60_000, "5 per 1 m"),
            (" 10 / 2s ", 10, 2_000, "10 per 2 s"),
            ("7/s", 7, 1_000, "7 per 1 s"),
            ("3/hour", 3, 3_600_000, "3 per 1 h"),
            ("3/d", 3, 86_400_000, "3 per 1 d"),
            ("20/1m30s", 20, 90_000, "20 per 90 s"),
            ("4/250ms", 4, 250, "4 per 250 ms"),
        ] {
            let allowance = Allowance { count, window: Duration::from_millis(millis) };
            assert_eq!(Allowance::parse(text), Ok(allowance), "{text}");
            assert_eq!(allowance.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_limit_is_told() {
        for (text, said) in [
            ("5", "says no time"),
            ("five/1m", "is not a count per duration"),
            ("-5/1m", "is not a count per duration"),
            ("5/10", "has no unit; write `10s`"),
            ("5/fortnight", "is not a duration"),
            ("5/", "is not a duration"),
            ("0/1m", "lets nobody in"),
            ("401/1m", "more than 400"),
            ("5/2d", "from 100ms to 1d"),
            ("5/1ms", "from 100ms to 1d"),
        ] {
            let told = Allowance::parse(text).expect_err(text);
            assert!(told.contains(said), "{text}: {told}");
        }
    }
}
