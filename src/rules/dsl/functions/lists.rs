//! Functions that make lists and take them apart.

use super::super::eval::EvalError;
use super::super::value::Value;
use super::{Body, Function, MANY};
use super::{bounded, function, length, list, texts, unfit, utf8, written};

pub(super) static TABLE: &[Function] = &[
    function("index", 2..=2, Body::Any(index)),
    function("join", 2..=MANY, Body::Any(join)),
    function("len", 1..=1, Body::Any(|mut v| Ok(Value::Number(len(v.remove(0)) as f64)))),
    function("sort", 1..=MANY, Body::Any(|v| Ok(sort(v)))),
    function("split", 2..=3, Body::Any(split)),
    function("uniq", 1..=MANY, Body::Any(|v| Ok(uniq(v)))),
];

/// An entry of a list, or a byte of a text; from zero.
fn index(mut arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let at = length(&arguments.remove(1).into_text())?;
    let none = || unfit("there is no such entry");
    match arguments.remove(0) {
        Value::List(items) => items.into_iter().nth(at).ok_or_else(none),
        other => {
            let byte = other.into_text().get(at).copied().ok_or_else(none)?;
            Ok(Value::owned(char::from(byte).to_string().into_bytes()))
        }
    }
}

/// All texts, those in lists too.
fn flat(arguments: Vec<Value<'_>>) -> Vec<std::borrow::Cow<'_, [u8]>> {
    let mut flat = Vec::new();
    for value in arguments {
        match value {
            Value::List(items) => flat.extend(texts(items)),
            other => flat.push(other.into_text()),
        }
    }
    flat
}

fn join(mut arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let separator = arguments.remove(0).into_text();
    let flat = flat(arguments);
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

/// Whether it is about the characters of a single text.
fn is_one_text(arguments: &[Value<'_>]) -> bool {
    arguments.len() == 1 && !matches!(arguments[0], Value::List(_))
}

/// The characters of a text, or several texts, in order.
fn sort(arguments: Vec<Value<'_>>) -> Value<'_> {
    let one = is_one_text(&arguments);
    let mut texts = flat(arguments);
    if one {
        let mut characters: Vec<char> = utf8(&texts[0]).chars().collect();
        characters.sort_unstable();
        return Value::from(characters.into_iter().collect::<String>());
    }
    texts.sort();
    Value::List(texts.into_iter().map(Value::Text).collect())
}

/// Each character of a text, or each of several texts, once.
fn uniq(arguments: Vec<Value<'_>>) -> Value<'_> {
    let one = is_one_text(&arguments);
    let texts = flat(arguments);
    if one {
        let mut seen = std::collections::HashSet::new();
        let text = utf8(&texts[0]);
        return Value::from(text.chars().filter(|c| seen.insert(*c)).collect::<String>());
    }
    let mut seen = std::collections::HashSet::new();
    let kept = texts.into_iter().filter(|text| seen.insert(text.clone()));
    Value::List(kept.map(Value::Text).collect())
}

/// `split(text, size)` into pieces of so many characters, or `split(text, separator)`, or
/// `split(text, separator, most)`, where a negative number is no limit.
fn split(arguments: Vec<Value<'_>>) -> Result<Value<'_>, EvalError> {
    let texts = texts(arguments);
    let (text, separator) = (&texts[0][..], &texts[1][..]);
    match texts.get(2) {
        None => match written(separator) {
            Ok(size) => list(chunks(text, usize::try_from(size).unwrap_or(0)).into_iter()),
            Err(_) => list(pieces(text, separator, usize::MAX).into_iter()),
        },
        Some(most) => {
            let most = usize::try_from(written(most)?).unwrap_or(usize::MAX);
            list(pieces(text, separator, most).into_iter())
        }
    }
}

fn chunks(text: &[u8], size: usize) -> Vec<Vec<u8>> {
    if size == 0 || size >= text.len() {
        return vec![text.to_vec()];
    }
    let characters: Vec<char> = utf8(text).chars().collect();
    characters.chunks(size).map(|piece| piece.iter().collect::<String>().into_bytes()).collect()
}

fn pieces<'t>(text: &'t [u8], separator: &[u8], most: usize) -> Vec<&'t [u8]> {
    let mut pieces = Vec::new();
    if most == 0 {
        return pieces;
    }
    let mut rest = text;
    while pieces.len() + 1 < most {
        let next = if separator.is_empty() {
            let length = first_character(rest);
            (length < rest.len()).then_some((length, length))
        } else {
            memchr::memmem::find(rest, separator).map(|at| (at, at + separator.len()))
        };
        let Some((end, start)) = next else { break };
        pieces.push(&rest[..end]);
        rest = &rest[start..];
    }
    if !(separator.is_empty() && rest.is_empty()) {
        pieces.push(rest);
    }
    pieces
}

/// How many bytes the first character has; a byte that is none stands alone.
fn first_character(text: &[u8]) -> usize {
    (1..=4.min(text.len()))
        .find(|length| std::str::from_utf8(&text[..*length]).is_ok())
        .unwrap_or(1)
}
