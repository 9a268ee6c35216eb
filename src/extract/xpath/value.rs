//! The values of expressions, and how one type becomes another (`XPath` 1.0, §4).

use std::borrow::Cow;

use super::document::Node;

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// In document order, each once.
    Nodes(Vec<Node>),
    Text(Cow<'a, str>),
    Number(f64),
    Boolean(bool),
}

/// As `string()` writes a number: no exponent, no sign at zero.
pub(super) fn number_text(number: f64) -> Cow<'static, str> {
    if number.is_nan() {
        Cow::Borrowed("NaN")
    } else if number.is_infinite() {
        Cow::Borrowed(if number > 0.0 { "Infinity" } else { "-Infinity" })
    } else if number == 0.0 {
        Cow::Borrowed("0")
    } else {
        Cow::Owned(number.to_string())
    }
}

/// As `number()` reads a string: digits with at most a point and a minus, else not a number.
pub(super) fn text_number(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_number = is_plain && digits.bytes().any(|byte| byte.is_ascii_digit());
    if is_number { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// As `round()` does: halves go up.
pub(super) fn rounded(number: f64) -> f64 {
    let floor = number.floor();
    if number - floor >= 0.5 { floor + 1.0 } else { floor }
}

pub(super) fn is_true(number: f64) -> bool {
    number != 0.0 && !number.is_nan()
}
