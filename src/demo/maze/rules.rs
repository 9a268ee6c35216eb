//! What a field must be, as a server checks it after the browser did.

use regex::Regex;

use super::fields::File;
use super::fields::Sent;

/// What a field must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Something is there.
    Filled,
    /// One of these, each time it occurs, and at least once.
    OneOf(&'static [&'static str]),
    /// Each of these occurs.
    AllOf(&'static [&'static str]),
    /// The whole value matches.
    Matches(&'static str),
    /// A number of this grid.
    Number { min: f64, max: f64, step: f64 },
    /// Written like this and between these, both included, in the order of the text.
    Between(&'static str, &'static str, &'static str),
    /// A time of day on this grid of seconds.
    TimeStep(u32),
    /// So many characters.
    Length(usize, usize),
    /// The same as another field, and filled.
    Same(&'static str),
    /// A number whose last digit is the check digit of payment cards.
    Card,
    /// Not sent at all.
    Absent,
    /// A file of this type, extension and beginning.
    File(&'static str, &'static str, &'static [u8]),
}

pub(super) const MAIL: Rule = Rule::Matches(r"[^@\s]+@[^@\s]+\.[^@\s]+");
pub(super) const PHONE: Rule = Rule::Matches(r"\+?[0-9][0-9 ()/-]{4,20}");
pub(super) const WEB: Rule = Rule::Matches(r"https?://\S+");
pub(super) const DAY: Rule = Rule::Matches(r"\d{4}-\d{2}-\d{2}");

impl Rule {
    /// Whether what was sent under this name is right.
    pub(super) fn holds(self, name: &str, sent: &Sent) -> bool {
        let value = sent.value(name);
        match self {
            Self::Filled => !value.is_empty(),
            Self::OneOf(known) => {
                sent.values(name).next().is_some()
                    && sent.values(name).all(|value| known.contains(&value))
            }
            Self::AllOf(wanted) => wanted.iter().all(|one| sent.values(name).any(|v| v == *one)),
            Self::Matches(pattern) => matches(pattern, value),
            Self::Number { min, max, step } => number(value, min, max, step),
            Self::Between(pattern, first, last) => {
                matches(pattern, value) && (first..=last).contains(&value)
            }
            Self::TimeStep(seconds) => time(value).is_some_and(|at| at.is_multiple_of(seconds)),
            Self::Length(min, max) => (min..=max).contains(&value.chars().count()),
            Self::Same(other) => !value.is_empty() && value == sent.value(other),
            Self::Card => is_card(value),
            Self::Absent => sent.values(name).next().is_none(),
            Self::File(kind, extension, start) => sent
                .files
                .iter()
                .any(|(key, file)| key == name && is_file(file, kind, extension, start)),
        }
    }
}

fn matches(pattern: &str, value: &str) -> bool {
    Regex::new(&format!("^(?:{pattern})$")).expect("the table's patterns").is_match(value)
}

fn number(value: &str, min: f64, max: f64, step: f64) -> bool {
    let Ok(number) = value.parse::<f64>() else { return false };
    let steps = (number - if min.is_finite() { min } else { 0.0 }) / step;
    (min..=max).contains(&number) && (steps - steps.round()).abs() < 1e-9
}

fn time(value: &str) -> Option<u32> {
    let (hours, minutes) = value.split_once(':')?;
    Some(hours.parse::<u32>().ok()? * 3600 + minutes.parse::<u32>().ok()? * 60)
}

/// Luhn's check digit (ISO/IEC 7812-1, annex B).
fn is_card(value: &str) -> bool {
    let digits: Vec<u32> = value.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    (12..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

fn is_file(file: &File, kind: &str, extension: &str, start: &[u8]) -> bool {
    file.kind == kind && file.name.ends_with(extension) && file.contents.starts_with(start)
}
