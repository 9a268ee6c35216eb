//! Versions and what they must be.

use std::cmp::Ordering;

use super::super::eval::EvalError;
use super::super::value::Value;
use super::{texts, unfit, utf8};

/// `1.2.3-beta.1+build`, with any number of parts.
#[derive(Debug)]
struct Version {
    /// At least three.
    parts: Vec<u64>,
    /// How many of them were written.
    written: usize,
    pre_release: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// The same but for what stands behind the last part written, which may be higher.
    Pessimistic,
}

/// In the order in which they are looked for.
const OPERATORS: [(&str, Operator); 7] = [
    ("<=", Operator::LessEqual),
    (">=", Operator::GreaterEqual),
    ("!=", Operator::NotEqual),
    ("~>", Operator::Pessimistic),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("=", Operator::Equal),
];

/// `compare_versions(version, constraint, …)`: whether all hold; one text may have several, with
/// commas between them.
pub(super) fn compare(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let version =
        Version::parse(&utf8(&texts[0])).ok_or_else(|| unfit("the first text is no version"))?;
    let mut holds = true;
    for constraint in texts[1..].iter().flat_map(|text| text.split(|byte| *byte == b',')) {
        let constraint = utf8(constraint);
        let constraint = constraint.trim_matches(is_space);
        let found = OPERATORS.iter().find(|(written, _)| constraint.starts_with(written));
        let (operator, rest) = match found {
            Some((written, operator)) => (*operator, &constraint[written.len()..]),
            None => (Operator::Equal, constraint),
        };
        let other = Version::parse(rest.trim_start_matches(is_space))
            .ok_or_else(|| unfit("a constraint is no comparison with a version"))?;
        holds &= version.meets(operator, &other);
    }
    Ok(Value::Bool(holds))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let numbers = numbers_length(text)?;
        let mut parts = Vec::new();
        for part in text[..numbers].split('.') {
            parts.push(part.parse().ok().filter(|part| i64::try_from(*part).is_ok())?);
        }
        let written = parts.len();
        parts.resize(written.max(3), 0);
        let (pre_release, build) = match text[numbers..].split_once('+') {
            Some((pre_release, build)) => (pre_release, Some(build)),
            None => (&text[numbers..], None),
        };
        let build_fits = build.is_none_or(is_dotted);
        let pre_release = pre_release_of(pre_release)?;
        build_fits.then(|| Self { parts, written, pre_release: pre_release.to_owned() })
    }

    fn meets(&self, operator: Operator, other: &Self) -> bool {
        let order = self.order(other);
        match operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            _ if !self.may_be_compared(other) => false,
            Operator::Less => order.is_lt(),
            Operator::LessEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Pessimistic => self.is_near(other, order),
        }
    }

    /// A version before a release is only compared with versions before the same release.
    fn may_be_compared(&self, other: &Self) -> bool {
        match (self.pre_release.is_empty(), other.pre_release.is_empty()) {
            (true, _) => true,
            (false, true) => false,
            (false, false) => self.parts == other.parts,
        }
    }

    fn is_near(&self, other: &Self, order: Ordering) -> bool {
        let needs_pre_release = !other.pre_release.is_empty() && self.pre_release.is_empty();
        if needs_pre_release || order.is_lt() || other.parts.len() > self.parts.len() {
            return false;
        }
        let fixed = other.written - 1;
        let last = other.parts.len() - 1;
        self.parts[..fixed] == other.parts[..fixed] && other.parts[last] <= self.parts[last]
    }

    /// Parts that are missing are zeros; a version before a release comes before it.
    fn order(&self, other: &Self) -> Ordering {
        let length = self.parts.len().max(other.parts.len());
        let part = |version: &Self, at: usize| version.parts.get(at).copied().unwrap_or(0);
        for at in 0..length {
            let order = part(self, at).cmp(&part(other, at));
            if order.is_ne() {
                return order;
            }
        }
        match (self.pre_release.is_empty(), other.pre_release.is_empty()) {
            _ if self.parts.len() != other.parts.len() => Ordering::Equal,
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => pre_release_order(&self.pre_release, &other.pre_release),
        }
    }
}

/// How far `1.2.3` goes.
fn numbers_length(text: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    if length == 0 {
        return None;
    }
    while let Some(rest) = text[length..].strip_prefix('.') {
        match digits(rest) {
            0 => break,
            more => length += 1 + more,
        }
    }
    Some(length)
}

/// What stands between the numbers and the build, without the hyphen in front.
fn pre_release_of(text: &str) -> Option<&str> {
    if text.is_empty() {
        return Some(text);
    }
    match text.strip_prefix('-') {
        Some(rest) if is_dotted(rest) => Some(rest),
        // Without a hyphen a letter must come first; hyphens alone are letters.
        _ if is_dotted(text) && !text.starts_with(|c: char| c.is_ascii_digit()) => Some(text),
        _ => None,
    }
}

fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'~');
        !part.is_empty() && part.bytes().all(fits)
    })
}

/// Part by part; numbers come before words.
fn pre_release_order(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (left, right) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => (left.unwrap_or_default(), right.unwrap_or_default()),
        };
        let order = part_order(left, right);
        if order.is_ne() {
            return order;
        }
    }
}

/// A part that is missing comes before a number and behind a word, as in Nuclei.
fn part_order(left: &str, right: &str) -> Ordering {
    let number = |part: &str| part.parse::<i64>().ok();
    if left == right {
        return Ordering::Equal;
    }
    match (number(left), number(right)) {
        (_, Some(_)) if left.is_empty() => Ordering::Less,
        (Some(_), _) if right.is_empty() => Ordering::Greater,
        (_, None) if left.is_empty() => Ordering::Greater,
        (None, _) if right.is_empty() => Ordering::Less,
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left.cmp(right),
    }
}
