//! The functions an expression may call: pure, over texts. Each also answers to its name without
//! underscores.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::extract::Pattern;

use super::eval::EvalError;
use super::value::Value;

/// A function never makes a longer text than this.
const MAX_TEXT: usize = 16 << 20;

/// The upper end of an open arity.
const MANY: usize = 1000;

type Text<'v> = Cow<'v, [u8]>;

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    name: &'static str,
    arity: RangeInclusive<usize>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// A test of texts.
    Test(fn(&[Text<'_>]) -> bool),
    /// A text from texts, never longer than its arguments together.
    Map(fn(&[Text<'_>]) -> Vec<u8>),
    /// Anything that looks at the arguments' kinds or can fail.
    Any(for<'v> fn(Vec<Value<'v>>) -> Result<Value<'v>, EvalError>),
}

const fn function(name: &'static str, arity: RangeInclusive<usize>, body: Body) -> Function {
    Function { name, arity, body }
}

static FUNCTIONS: &[Function] = &[
    function("concat", 1..=MANY, Body::Any(concat)),
    function("contains", 2..=2, Body::Test(|t| has(&t[0], &t[1]))),
    function("contains_all", 2..=MANY, Body::Test(|t| t[1..].iter().all(|o| has(&t[0], o)))),
    function("contains_any", 2..=MANY, Body::Test(|t| t[1..].iter().any(|o| has(&t[0], o)))),
    function("ends_with", 2..=MANY, Body::Test(|t| t[1..].iter().any(|o| t[0].ends_with(o)))),
    function("equals_any", 2..=MANY, Body::Test(|t| t[1..].contains(&t[0]))),
    function("join", 2..=MANY, Body::Any(join)),
    function("len", 1..=1, Body::Any(|mut v| Ok(Value::Number(len(v.remove(0)) as f64)))),
    function("line_ends_with", 2..=MANY, Body::Test(|t| any_line(t, <[u8]>::ends_with))),
    function("line_starts_with", 2..=MANY, Body::Test(|t| any_line(t, <[u8]>::starts_with))),
    function("regex", 2..=2, Body::Any(regex_all)),
    function("regex_all", 2..=MANY, Body::Any(regex_all)),
    function("regex_any", 2..=MANY, Body::Any(regex_any)),
    function("repeat", 2..=2, Body::Any(repeat)),
    function("replace", 3..=3, Body::Any(replace)),
    function("replace_regex", 3..=3, Body::Any(replace_regex)),
    function("reverse", 1..=1, Body::Map(|t| utf8(&t[0]).chars().rev().collect::<String>().into())),
    function("starts_with", 2..=MANY, Body::Test(|t| t[1..].iter().any(|o| t[0].starts_with(o)))),
    function("to_lower", 1..=1, Body::Map(|t| utf8(&t[0]).to_lowercase().into())),
    function("to_number", 1..=1, Body::Any(to_number)),
    function("to_string", 1..=1, Body::Map(|t| t[0].to_vec())),
    function("to_upper", 1..=1, Body::Map(|t| utf8(&t[0]).to_uppercase().into())),
    function("trim", 2..=2, Body::Map(|t| trim(t, true, true))),
    function("trim_left", 2..=2, Body::Map(|t| trim(t, true, false))),
    function(
        "trim_prefix",
        2..=2,
        Body::Map(|t| t[0].strip_prefix(&t[1][..]).unwrap_or(&t[0]).into()),
    ),
    function("trim_right", 2..=2, Body::Map(|t| trim(t, false, true))),
    function("trim_space", 1..=1, Body::Map(|t| t[0].trim_ascii().to_vec())),
    function(
        "trim_suffix",
        2..=2,
        Body::Map(|t| t[0].strip_suffix(&t[1][..]).unwrap_or(&t[0]).into()),
    ),
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
        match self.body {
            Body::Test(test) => Ok(Value::Bool(test(&texts(arguments)))),
            Body::Map(map) => Ok(Value::owned(map(&texts(arguments)))),
            Body::Any(body) => body(arguments),
        }
    }
}

fn texts(arguments: Vec<Value<'_>>) -> Vec<Text<'_>> {
    arguments.into_iter().map(Value::into_text).collect()
}

fn utf8(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// Refuses a text that would grow too long, or whose length overflows.
pub(super) fn bounded(length: Option<usize>) -> Result<(), EvalError> {
    match length {
        Some(length) if length <= MAX_TEXT => Ok(()),
        _ => Err(EvalError::TooLong),
    }
}

fn has(text: &[u8], other: &[u8]) -> bool {
    memchr::memmem::find(text, other).is_some()
}

/// Whether any line of the first text passes the test with any of the others.
fn any_line(texts: &[Text<'_>], test: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    texts[0]
        .split(|byte| *byte == b'\n')
        .any(|line| texts[1..].iter().any(|other| test(line, other)))
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

/// Entries of a list, else bytes.
fn len(value: Value<'_>) -> usize {
    match value {
        Value::List(items) => items.len(),
        other => other.into_text().len(),
    }
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
    let replaced = pattern(&texts[1])?.replace_all(&texts[0], &texts[2], MAX_TEXT);
    replaced.map(Value::owned).ok_or(EvalError::TooLong)
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
fn trim(texts: &[Text<'_>], left: bool, right: bool) -> Vec<u8> {
    let set = &texts[1];
    let mut kept: &[u8] = &texts[0];
    while left && kept.first().is_some_and(|byte| set.contains(byte)) {
        kept = &kept[1..];
    }
    while right && kept.last().is_some_and(|byte| set.contains(byte)) {
        kept = &kept[..kept.len() - 1];
    }
    kept.to_vec()
}
