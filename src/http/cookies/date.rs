//! The lenient date of `Expires` (RFC 6265 §5.1.1).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Seconds since 1970; negative before; `None` for what is no date.
pub(super) fn unix_seconds(text: &str) -> Option<i64> {
    let mut parts = Parts::default();
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        parts.note(token);
    }
    let (hour, minute, second) = parts.time?;
    let year = match parts.year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year @ 1601.. => year,
        _ => return None,
    };
    let date = DateTime::new(year, parts.month?, parts.day?, hour, minute, second, 0).ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}

fn is_delimiter(character: char) -> bool {
    !character.is_ascii_alphanumeric() && character != ':' && !matches!(character, '\u{7f}'..)
}

#[derive(Default)]
struct Parts {
    time: Option<(i8, i8, i8)>,
    day: Option<i8>,
    month: Option<i8>,
    year: Option<i16>,
}

impl Parts {
    /// The first token that can be a part is that part.
    fn note(&mut self, token: &str) {
        if self.time.is_none()
            && let Some(time) = time(token)
        {
            self.time = Some(time);
        } else if self.day.is_none()
            && let Some(day) = leading_number(token, 1..=2)
        {
            self.day = i8::try_from(day).ok();
        } else if self.month.is_none()
            && let Some(month) = month(token)
        {
            self.month = Some(month);
        } else if self.year.is_none() {
            self.year = leading_number(token, 2..=4);
        }
    }
}

fn time(token: &str) -> Option<(i8, i8, i8)> {
    let mut fields = token.splitn(3, ':').map(|field| leading_number(field, 1..=2));
    let mut next = || fields.next().flatten().and_then(|number| i8::try_from(number).ok());
    Some((next()?, next()?, next()?))
}

fn month(token: &str) -> Option<i8> {
    let start = token.get(..3)?;
    let index = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(start))?;
    i8::try_from(index + 1).ok()
}

/// The number at the start of `token`, if it has that many digits; what follows is ignored.
fn leading_number(token: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i16> {
    let end = token.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(token.len());
    if digits.contains(&end) { token[..end].parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_servers_send_are_read() {
        let expected = Some(784_111_777);
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "6 NOVEMBER 1994 8:49:37",
            "08:49:37 06/nov/94",
        ] {
            assert_eq!(unix_seconds(text), expected, "{text}");
        }
        assert_eq!(unix_seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(unix_seconds("Thu, 01-Jan-38 00:00:00 GMT"), Some(2_145_916_800));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "Sun, 06 Nov 1994",
            "31 Feb 2026 00:00:00",
            "06 Nov 1600 08:49:37",
            "06 Nov 1994 25:00:00",
            "06 Nov 1994 08:60:00",
            "06 Nov 123 08:00:00",
            "é:é:é ﷽",
        ] {
            assert_eq!(unix_seconds(text), None, "{text}");
        }
    }
}
