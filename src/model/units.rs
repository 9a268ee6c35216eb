//! Durations and rates as users write and read them.

use std::time::Duration;

/// Why a text is not a quantity.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnitError {
    /// Not a duration.
    #[error("`{0}` is not a duration; write it like 300ms, 10s, 1m30s or 2h")]
    Duration(String),
    /// Not a rate.
    #[error("`{0}` is not a rate; write it like 50, 50/s or 600/m")]
    Rate(String),
}

/// Parses `300ms`, `10s`, `1m30s`, `1.5s`; a bare number is seconds.
///
/// # Errors
/// [`UnitError::Duration`] with the accepted forms.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let error = || UnitError::Duration(text.to_owned());
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(error());
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let amount: f64 = rest[..digits].parse().map_err(|_| error())?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match rest[..unit].trim() {
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "" if total.is_zero() && unit == rest.len() => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(error()),
        };
        rest = &rest[unit..];
        let part = Duration::try_from_secs_f64(amount * seconds).map_err(|_| error())?;
        total = total.checked_add(part).ok_or_else(error)?;
    }
    Ok(total)
}

/// Parses `50`, `50/s`, `600/m`, `3600/h` into events per second.
///
/// # Errors
/// [`UnitError::Rate`] with the accepted forms; a rate is finite and not negative.
pub fn parse_rate(text: &str) -> Result<f64, UnitError> {
    let error = || UnitError::Rate(text.to_owned());
    let (amount, unit) = text.trim().split_once('/').unwrap_or((text.trim(), "s"));
    let amount: f64 = amount.trim().parse().map_err(|_| error())?;
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(error()),
    };
    let rate = amount / seconds;
    if rate.is_finite() && rate >= 0.0 { Ok(rate) } else { Err(error()) }
}

/// At most three decimals, none where there is nothing behind the point.
pub fn format_number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `12.3%` of a share in 0–1, with as many decimals as tell small shares from none.
pub fn format_percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0%".to_owned(),
        p if (p - 100.0).abs() < f64::EPSILON => "100%".to_owned(),
        p if p < 0.01 => "<0.01%".to_owned(),
        p if p > 99.99 => ">99.99%".to_owned(),
        p if !(10.0..=99.0).contains(&p) => format!("{p:.2}%"),
        p => format!("{p:.1}%"),
    }
}

/// Three significant figures with the unit that fits: `870µs`, `12.3ms`, `1.40s`, `2m05s`.
pub fn format_duration(value: Duration) -> String {
    let seconds = value.as_secs_f64();
    if seconds >= 60.0 {
        let whole = value.as_secs();
        return match whole / 3600 {
            0 => format!("{}m{:02}s", whole / 60, whole % 60),
            hours => format!("{hours}h{:02}m", whole % 3600 / 60),
        };
    }
    let (amount, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "µs"),
    };
    let decimals = match amount {
        a if a >= 100.0 || unit == "µs" => 0,
        a if a >= 10.0 => 1,
        _ => 2,
    };
    format!("{amount:.decimals$}{unit}")
}

/// A unit that a user wants times in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

impl TimeUnit {
    /// Every unit, the shortest first.
    pub const ALL: [Self; 6] = [
        Self::Nanoseconds,
        Self::Microseconds,
        Self::Milliseconds,
        Self::Seconds,
        Self::Minutes,
        Self::Hours,
    ];

    /// Its sign.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Minutes => "m",
            Self::Hours => "h",
        }
    }

    /// The unit of a sign; `µs` is `us`.
    pub fn parse(sign: &str) -> Option<Self> {
        let sign = if sign == "µs" { "us" } else { sign };
        Self::ALL.into_iter().find(|unit| unit.as_str() == sign)
    }

    /// `12.345ms`: to the microsecond, which is what histograms tell apart, and in longer units as
    /// far as six decimals go.
    pub fn format(self, value: Duration) -> String {
        let seconds = value.as_secs_f64();
        let (amount, decimals) = match self {
            Self::Nanoseconds => (seconds * 1e9, 0),
            Self::Microseconds => (seconds * 1e6, 0),
            Self::Milliseconds => (seconds * 1e3, 3),
            Self::Seconds => (seconds, 6),
            Self::Minutes => (seconds / 60.0, 6),
            Self::Hours => (seconds / 3600.0, 6),
        };
        format!("{amount:.decimals$}{}", self.as_str())
    }
}

/// `512 B`, `1.5 KiB`, `20 MiB`.
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && amount < 10.0);
    format!("{amount:.decimals$} {}", UNITS[unit])
}

/// `1234567` as `1,234,567`.
pub fn grouped(count: u64) -> String {
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

/// A count and its noun: `1 finding`, `1,200 findings`.
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Events per second, with a decimal where it says something: `2.5/s`, `12,345/s`; `None` when no
/// time has passed.
pub fn format_rate(count: u64, elapsed: Duration) -> Option<String> {
    let seconds = elapsed.as_secs_f64();
    if seconds <= 0.0 {
        return None;
    }
    let per_second = count as f64 / seconds;
    if per_second < 100.0 {
        return Some(format!("{per_second:.1}/s"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive rate, rounded for display; the cast saturates"
    )]
    let whole = per_second.round() as u64;
    Some(format!("{}/s", grouped(whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_shares_are_not_nothing_and_numbers_have_no_empty_decimals() {
        assert_eq!(format_percent(0.0), "0%");
        assert_eq!(format_percent(0.000_01), "<0.01%");
        assert_eq!(format_percent(0.0213), "2.13%");
        assert_eq!(format_percent(0.9999), "99.99%");
        assert_eq!(format_percent(0.999_99), ">99.99%");
        assert_eq!(format_percent(1.0), "100%");
        assert_eq!(format_number(300.0), "300");
        assert_eq!(format_number(0.125), "0.125");
    }

    #[test]
    fn durations_take_go_and_bare_forms() {
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("10"), Ok(Duration::from_secs(10)));
        for bad in ["", "s", "10x", "1m5", "-1s", "1e400s", "."] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_are_per_second() {
        assert_eq!(parse_rate("600/m"), Ok(10.0));
        assert_eq!(parse_rate("50"), Ok(50.0));
        for bad in ["", "x", "-1", "NaN", "5/d"] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(format_duration(Duration::from_micros(870)), "870µs");
        assert_eq!(format_duration(Duration::from_micros(12_340)), "12.3ms");
        assert_eq!(format_duration(Duration::from_secs(125)), "2m05s");
        assert_eq!(format_bytes(1536), "1.5 KiB");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(plural(1, "finding", "findings"), "1 finding");
    }

    #[test]
    fn a_rate_needs_time() {
        assert_eq!(format_rate(5, Duration::ZERO), None);
        assert_eq!(format_rate(5, Duration::from_secs(2)).as_deref(), Some("2.5/s"));
        assert_eq!(format_rate(24_690, Duration::from_secs(2)).as_deref(), Some("12,345/s"));
    }

    #[test]
    fn a_time_in_a_unit_keeps_its_microseconds() {
        let time = Duration::from_micros(1_234_567);
        let shown = TimeUnit::ALL.map(|unit| unit.format(time));
        let expected =
            ["1234567000ns", "1234567us", "1234.567ms", "1.234567s", "0.020576m", "0.000343h"];
        assert_eq!(shown, expected);
        for unit in TimeUnit::ALL {
            assert_eq!(TimeUnit::parse(unit.as_str()), Some(unit));
        }
        assert_eq!(TimeUnit::parse("d"), None);
    }
}
