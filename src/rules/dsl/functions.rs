//! The functions an expression may call: pure, over texts. Each also answers to its name without
//! underscores.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::extract::Pattern;

use super::eval::EvalError;
use super::value::Value;

/// A function never makes a longer text than this.
const MAX_TEXT: usize = 16 << 20;

type Body = for<'v> fn(Vec<Value<'v>>) -> Result<Value<'v>, EvalError>;

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    name: &'static str,
    arity: RangeInclusive<usize>,
    body: Body,
}

const MANY: usize = 1000;

const fn function(name: &'static str, arity: RangeInclusive<usize>, body: Body) -> Function {
    Function { name, arity, body }
}

static FUNCTIONS: &[Function] = &[
    function("concat", 1..=MANY, concat),
    function("contains", 2..=2, |a| text_test(a, |text, other| find(text, other).is_some(), true)),
    function("contains_all", 2..=MANY, |a| text_test(a, |t, o| find(t, o).is_some(), true)),
    function("contains_any", 2..=MANY, |a| text_test(a, |t, o| find(t, o).is_some(), false)),
    function("ends_with", 2..=MANY, |a| text_test(a, <[u8]>::ends_with, false)),
    function("equals_any", 2..=MANY, |a| text_test(a, |text, other| text == other, false)),
    function("join", 2..=MANY, join),
    function("len", 1..=1, len),
    function("line_ends_with", 2..=MANY, |a| line_test(a, <[u8]>::ends_with)),
    function("line_starts_with", 2..=MANY, |a| line_test(a, <[u8]>::starts_with)),
    function("regex", 2..=2, regex_all),
    function("regex_all", 2..=MANY, regex_all),
    function("regex_any", 2..=MANY, regex_any),
    function("repeat", 2..=2, repeat),
    function("replace", 3..=3, replace),
    function("replace_regex", 3..=3, replace_regex),
    function("reverse", 1..=1, reverse),
    function("starts_with", 2..=MANY, |a| text_test(a, <[u8]>::starts_with, false)),
    function("to_lower", 1..=1, |a| {
        map_text(a, |text| String::from_utf8_lossy(text).to_lowercase().into_bytes())
    }),
    function("to_number", 1..=1, to_number),
    function("to_string", 1..=1, |a| map_text(a, <[u8]>::to_vec)),
    function("to_upper", 1..=1, |a| {
        map_text(a, |text| String::from_utf8_lossy(text).to_uppercase().into_bytes())
    }),
    function("trim", 2..=2, |a| trim(a, true, true)),
    function("trim_left", 2..=2, |a| trim(a, true, false)),
    function("trim_prefix", 2..=2, trim_prefix),
    function("trim_right", 2..=2, |a| trim(a, false, true)),
    function("trim_space", 1..=1, |a| map_text(a, |text| text.trim_ascii().to_vec())),
    function("trim_suffix", 2..=2, trim_suffix),
];

impl Function {
    /// The function of that name, with or without underscores.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        FUNCTIONS.iter().find(|function| {
            function.name == name
                || function.name.bytes().filter(|byte| *byte != b'_').eq(name.bytes())
        })
    }

    /// Every name.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|function| function.name)
    }

    /// Whether it takes `count` arguments.
    pub(super) fn check_arity(&self, count: usize) -> Result<(), String> {
        let (low, high) = (*self.arity.start(), *self.arity.end());
        if self.arity.contains(&count) {
            return Ok(());
        }
        let takes = match (low, high) {
            (1, 1) => "1 argument".to_owned(),
            (low, high) if low == high => format!("{low} arguments"),
            (low, _) => format!("{low} or more arguments"),
        };
        Err(format!("`{}` takes {takes}, not {count}", self.name))
    }

    /// For functions whose first argument is a pattern: whether all texts must match, or any.
    pub(super) fn matches_all(&self) -> Option<bool> {
        match self.name {
            "regex" | "regex_all" => Some(true),
            "regex_any" => Some(false),
            _ => None,
        }
    }

    /// Calls it; the arity has been checked.
    pub(super) fn call<'v>(&self, arguments: Vec<Value<'v>>) -> Result<Value<'v>, EvalError> {
        (self.body)(arguments)
    }
}

fn texts(arguments: Vec<Value<'_>>) -> Vec<Cow<'_, [u8]>> {
    arguments.into_iter().map(Value::into_text).collect()
}

pub(super) fn bounded(length: Option<usize>) -> Result<(), EvalError> {
    match length {
        Some(length) if length <= MAX_TEXT => Ok(()),
        _ => Err(EvalError::TooLong),
    }
}

fn find(text: &[u8], other: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, other)
}

/// Whether the first text passes the test with all (or any) of the others.
fn text_test<'v>(
    arguments: Vec<Value<'v>>,
    test: impl Fn(&[u8], &[u8]) -> bool,
    all: bool,
) -> Result<Value<'v>, EvalError> {
    let texts = texts(arguments);
    let (first, others) = (&texts[0], &texts[1..]);
    let holds = if all {
        others.iter().all(|other| test(first, other))
    } else {
        others.iter().any(|other| test(first, other))
    };
    Ok(Value::Bool(holds))
}

/// Whether any line of the first text passes the test with any of the others.
fn line_test<'v>(
    arguments: Vec<Value<'v>>,
    test: impl Fn(&[u8], &[u8]) -> bool,
) -> Result<Value<'v>, EvalError> {
    let texts = texts(arguments);
    let holds = texts[0]
        .split(|byte| *byte == b'\n')
        .any(|line| texts[1..].iter().any(|other| test(line, other)));
    Ok(Value::Bool(holds))
}

fn map_text<'v>(
    arguments: Vec<Value<'v>>,
    map: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<Value<'v>, EvalError> {
    Ok(Value::owned(map(&texts(arguments)[0])))
}

fn concat(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    bounded(texts.iter().try_fold(0usize, |sum, text| sum.checked_add(text.len())))?;
    Ok(Value::owned(texts.concat()))
}

fn join(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let mut flat = Vec::new();
    let mut rest = arguments.into_iter();
    let separator = rest.next().unwrap_or(Value::Null).into_text();
    for value in rest {
        match value {
            Value::List(items) => flat.extend(items.into_iter().map(Value::into_text)),
            other => flat.push(other.into_text()),
        }
    }
    bounded(
        flat.iter().try_fold(0usize, |sum, text| sum.checked_add(text.len() + separator.len())),
    )?;
    Ok(Value::owned(flat.join(&separator[..])))
}

fn len(mut arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let length = match arguments.remove(0) {
        Value::List(items) => items.len(),
        other => other.into_text().len(),
    };
    Ok(Value::Number(length as f64))
}

fn pattern(text: &[u8]) -> Result<Pattern, EvalError> {
    Pattern::new(&String::from_utf8_lossy(text)).map_err(EvalError::Pattern)
}

fn regex_all(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let pattern = pattern(&texts[0])?;
    Ok(Value::Bool(texts[1..].iter().all(|text| pattern.is_match(text))))
}

fn regex_any(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let pattern = pattern(&texts[0])?;
    Ok(Value::Bool(texts[1..].iter().any(|text| pattern.is_match(text))))
}

fn repeat(mut arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let count = number(&arguments.remove(1))?;
    let text = arguments.remove(0).into_text();
    if !(0.0..=MAX_TEXT as f64).contains(&count) {
        return Err(EvalError::TooLong);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    let count = count as usize;
    bounded(text.len().checked_mul(count))?;
    Ok(Value::owned(text.repeat(count)))
}

fn replace(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let (text, from, to) = (&texts[0], &texts[1], &texts[2]);
    if from.is_empty() {
        return Ok(Value::owned(text.to_vec()));
    }
    let found: Vec<usize> = memchr::memmem::find_iter(text, from).collect();
    bounded(found.len().checked_mul(to.len()).and_then(|more| more.checked_add(text.len())))?;
    let mut out = Vec::with_capacity(text.len());
    let mut start = 0;
    for at in found {
        out.extend_from_slice(&text[start..at]);
        out.extend_from_slice(to);
        start = at + from.len();
    }
    out.extend_from_slice(&text[start..]);
    Ok(Value::owned(out))
}

fn replace_regex(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let (text, pattern, to) = (&texts[0], pattern(&texts[1])?, &texts[2]);
    let matches = pattern.groups(text, 0).count();
    // A group in the replacement is at most the text itself, and `$1` takes two bytes to write.
    let each = to.len().checked_add(to.len().saturating_mul(text.len()) / 2);
    let least = if to.contains(&b'$') { each } else { Some(to.len()) };
    bounded(
        least
            .and_then(|each| each.checked_mul(matches))
            .and_then(|more| more.checked_add(text.len())),
    )?;
    Ok(Value::owned(pattern.replace_all(text, to)))
}

fn reverse(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    map_text(arguments, |text| {
        String::from_utf8_lossy(text).chars().rev().collect::<String>().into_bytes()
    })
}

fn to_number(mut arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    number(&arguments.remove(0)).map(Value::Number)
}

fn number(value: &Value<'_>) -> Result<f64, EvalError> {
    let parsed = match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => {
            std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok())
        }
        Value::Null | Value::Bool(_) | Value::List(_) => None,
    };
    parsed.ok_or(EvalError::Operand { operator: "to_number", kind: value.kind() })
}

/// Removes characters of the second text from the ends of the first.
fn trim(arguments: Vec<Value<'_>>, left: bool, right: bool) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let set = &texts[1];
    let mut kept: &[u8] = &texts[0];
    while left && kept.first().is_some_and(|byte| set.contains(byte)) {
        kept = &kept[1..];
    }
    while right && kept.last().is_some_and(|byte| set.contains(byte)) {
        kept = &kept[..kept.len() - 1];
    }
    Ok(Value::owned(kept.to_vec()))
}

fn trim_prefix(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    Ok(Value::owned(texts[0].strip_prefix(&texts[1][..]).unwrap_or(&texts[0]).to_vec()))
}

fn trim_suffix(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    Ok(Value::owned(texts[0].strip_suffix(&texts[1][..]).unwrap_or(&texts[0]).to_vec()))
}
