//! Functions that look at texts and change them.

use crate::extract::Pattern;

use super::super::eval::EvalError;
use super::super::value::Value;
use super::{Body, Function, MANY, MAX_TEXT, Text};
use super::{bounded, function, length, texts, unfit, utf8};

pub(super) static TABLE: &[Function] = &[
    function("concat", 0..=MANY, Body::Try(concat)),
    function("contains", 2..=2, Body::Test(|t| has(&t[0], &t[1]))),
    function("contains_all", 1..=MANY, Body::Test(|t| t[1..].iter().all(|o| has(&t[0], o)))),
    function("contains_any", 1..=MANY, Body::Test(|t| t[1..].iter().any(|o| has(&t[0], o)))),
    function("count", 2..=2, Body::Count(|t| Ok(count(t)))),
    function("ends_with", 2..=MANY, Body::Test(|t| t[1..].iter().any(|o| t[0].ends_with(o)))),
    function("equals_any", 2..=MANY, Body::Test(|t| t[1..].contains(&t[0]))),
    function("line_ends_with", 2..=MANY, Body::Test(|t| any_line(t, <[u8]>::ends_with))),
    function("line_starts_with", 2..=MANY, Body::Test(|t| any_line(t, <[u8]>::starts_with))),
    function("padding", 4..=4, Body::Try(padding)),
    function("regex", 2..=2, Body::Any(regex_all)),
    function("regex_all", 2..=MANY, Body::Any(regex_all)),
    function("regex_any", 2..=MANY, Body::Any(regex_any)),
    function("remove_bad_chars", 2..=2, Body::Map(|t| without(&t[0], &t[1]))),
    function("repeat", 2..=2, Body::Try(repeat)),
    function("replace", 3..=3, Body::Try(replace)),
    function("replace_regex", 3..=3, Body::Try(replace_regex)),
    function("reverse", 1..=1, Body::Map(|t| utf8(&t[0]).chars().rev().collect::<String>().into())),
    function("starts_with", 2..=MANY, Body::Test(|t| t[1..].iter().any(|o| t[0].starts_with(o)))),
    function("substr", 2..=3, Body::Try(substr)),
    function("to_lower", 1..=1, Body::Map(|t| cased(&t[0], <[u8]>::to_ascii_lowercase, lower))),
    function("to_string", 1..=1, Body::Map(|t| t[0].to_vec())),
    function("to_title", 1..=2, Body::Map(|t| title(&t[0]))),
    function("to_upper", 1..=1, Body::Map(|t| cased(&t[0], <[u8]>::to_ascii_uppercase, upper))),
    function("trim", 2..=2, Body::Map(|t| trim(t, true, true))),
    function("trim_left", 2..=2, Body::Map(|t| trim(t, true, false))),
    function(
        "trim_prefix",
        2..=2,
        Body::Map(|t| t[0].strip_prefix(&t[1][..]).unwrap_or(&t[0]).into()),
    ),
    function("trim_right", 2..=2, Body::Map(|t| trim(t, false, true))),
    function("trim_space", 1..=1, Body::Map(|t| trim_space(&t[0]).to_vec())),
    function(
        "trim_suffix",
        2..=2,
        Body::Map(|t| t[0].strip_suffix(&t[1][..]).unwrap_or(&t[0]).into()),
    ),
];

fn has(text: &[u8], other: &[u8]) -> bool {
    memchr::memmem::find(text, other).is_some()
}

/// An empty text stands before every character and at the end.
fn count(texts: &[Text<'_>]) -> f64 {
    let (text, other) = (&texts[0], &texts[1]);
    if other.is_empty() {
        return (utf8(text).chars().count() + 1) as f64;
    }
    memchr::memmem::find_iter(text, other).count() as f64
}

/// Whether any line of the first text passes the test with any of the others.
fn any_line(texts: &[Text<'_>], test: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    texts[0]
        .split(|byte| *byte == b'\n')
        .any(|line| texts[1..].iter().any(|other| test(line, other)))
}

fn concat(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    bounded(texts.iter().try_fold(0usize, |sum, text| sum.checked_add(text.len())))?;
    Ok(texts.concat())
}

/// `padding(text, pad, length, 'prefix' or 'suffix')`; a text that is long enough stays.
fn padding(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let (text, pad, side) = (&texts[0], &texts[1], &texts[3]);
    let wanted: f64 = utf8(&texts[2]).parse().map_err(|_| unfit("the length is no number"))?;
    if !(1.0..=MAX_TEXT as f64).contains(&wanted) {
        return Err(unfit("the length is out of range"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    let wanted = wanted as usize;
    if pad.is_empty() {
        return Err(unfit("there is nothing to pad with"));
    }
    let missing = wanted.saturating_sub(text.len());
    let filling: Vec<u8> = pad.iter().copied().cycle().take(missing).collect();
    match &side[..] {
        _ if missing == 0 => Ok(text.to_vec()),
        b"prefix" => Ok([&filling[..], text].concat()),
        b"suffix" => Ok([&text[..], &filling].concat()),
        _ => Err(unfit("the fourth argument is 'prefix' or 'suffix'")),
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

/// Without any of the characters in `bad`.
fn without(text: &[u8], bad: &[u8]) -> Vec<u8> {
    match (std::str::from_utf8(text), std::str::from_utf8(bad)) {
        (Ok(text), Ok(bad)) => text.replace(|c| bad.contains(c), "").into_bytes(),
        _ => text.iter().copied().filter(|byte| !bad.contains(byte)).collect(),
    }
}

fn repeat(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let count = length(&texts[1])?;
    bounded(texts[0].len().checked_mul(count))?;
    Ok(texts[0].repeat(count))
}

fn replace(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let (text, from, to) = (&texts[0], &texts[1], &texts[2]);
    let found: Vec<usize> = if from.is_empty() {
        utf8(text).char_indices().map(|(at, _)| at).chain([text.len()]).collect()
    } else {
        memchr::memmem::find_iter(text, from).collect()
    };
    bounded(found.len().checked_mul(to.len()).and_then(|more| more.checked_add(text.len())))?;
    let mut out = Vec::with_capacity(text.len());
    let mut start = 0;
    for at in found {
        // Replacement characters are longer than the bytes that they stand for.
        let at = at.min(text.len());
        out.extend_from_slice(&text[start..at]);
        out.extend_from_slice(to);
        start = at + from.len();
    }
    out.extend_from_slice(&text[start..]);
    Ok(out)
}

fn replace_regex(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let replaced = pattern(&texts[1])?.replace_all(&texts[0], &texts[2], MAX_TEXT);
    replaced.ok_or(EvalError::TooLong)
}

/// `substr(text, start)` or `substr(text, start, end)`, in bytes.
fn substr(texts: &[Text<'_>]) -> Result<Vec<u8>, EvalError> {
    let text = &texts[0];
    if text.is_empty() {
        return Err(unfit("the text is empty"));
    }
    let start = length(&texts[1])?;
    let end = texts.get(2).map_or(Ok(text.len()), |end| length(end))?;
    let part = text.get(start..end).ok_or_else(|| unfit("there is no such part of the text"))?;
    Ok(part.to_vec())
}

fn cased(text: &[u8], ascii: fn(&[u8]) -> Vec<u8>, other: fn(char) -> char) -> Vec<u8> {
    if text.is_ascii() {
        return ascii(text);
    }
    utf8(text).chars().map(other).collect::<String>().into_bytes()
}

/// Character by character, as Go does it: what would become several characters stays.
fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(lower), None) => lower,
        _ if c == 'İ' => 'i',
        _ => c,
    }
}

fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// Every word with an upper-case letter first and lower-case letters behind; an apostrophe is
/// within a word.
fn title(text: &[u8]) -> Vec<u8> {
    let mut within = false;
    let mut out = String::with_capacity(text.len());
    for c in utf8(text).chars() {
        out.push(if within { lower(c) } else { upper(c) });
        within = c.is_alphanumeric() || (within && matches!(c, '\'' | '’' | '_'));
    }
    out.into_bytes()
}

/// Removes characters of the second text from the ends of the first.
fn trim(texts: &[Text<'_>], left: bool, right: bool) -> Vec<u8> {
    if let (Ok(text), Ok(set)) = (std::str::from_utf8(&texts[0]), std::str::from_utf8(&texts[1])) {
        let text = if left { text.trim_start_matches(|c| set.contains(c)) } else { text };
        let text = if right { text.trim_end_matches(|c| set.contains(c)) } else { text };
        return text.as_bytes().to_vec();
    }
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

fn trim_space(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}
