//! What an expression works with.

use std::borrow::Cow;

/// A value; texts are bytes, for that is what responses are made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'v> {
    /// What a condition without an `else` is worth when it does not hold.
    Null,
    /// True or false.
    Bool(bool),
    /// Every number is a 64-bit float.
    Number(f64),
    /// Bytes; mostly, but not always, UTF-8.
    Text(Cow<'v, [u8]>),
    /// Several values under one name.
    List(Vec<Value<'v>>),
}

impl<'v> Value<'v> {
    /// A borrowed text.
    pub fn text(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text.as_bytes()))
    }

    /// A borrowed text of any bytes.
    pub fn bytes(bytes: &'v [u8]) -> Self {
        Self::Text(Cow::Borrowed(bytes))
    }

    /// A text of its own.
    pub fn owned(bytes: Vec<u8>) -> Self {
        Self::Text(Cow::Owned(bytes))
    }

    /// What functions and markers see: numbers without exponent and trailing zeros, nothing for
    /// null.
    pub fn into_text(self) -> Cow<'v, [u8]> {
        match self {
            Self::Text(text) => text,
            Self::Null => Cow::Borrowed(b""),
            Self::Bool(true) => Cow::Borrowed(b"true"),
            Self::Bool(false) => Cow::Borrowed(b"false"),
            Self::Number(number) => Cow::Owned(plain(number).into_bytes()),
            Self::List(items) => {
                let items: Vec<_> = items.into_iter().map(Value::into_text).collect();
                let mut text = b"[".to_vec();
                text.extend_from_slice(&items.join(&b' '));
                text.push(b']');
                Cow::Owned(text)
            }
        }
    }

    /// What `+` puts together: as [`Self::into_text`], but with an exponent for very large and very
    /// small numbers and with a name for null.
    pub(super) fn into_shown(self) -> Cow<'v, [u8]> {
        match self {
            Self::Null => Cow::Borrowed(b"<nil>"),
            Self::Number(number) => Cow::Owned(shown(number).into_bytes()),
            other => other.into_text(),
        }
    }

    /// The same value, borrowing nothing.
    pub fn into_static(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(value) => Value::Number(value),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Value::List(items.into_iter().map(Value::into_static).collect()),
        }
    }

    /// The same value, borrowed.
    pub fn as_ref(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(*value),
            Self::Text(text) => Value::bytes(text),
            Self::List(items) => Value::List(items.iter().map(Value::as_ref).collect()),
        }
    }

    /// For messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
        }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::owned(text.into_bytes())
    }
}

/// Without exponent.
fn plain(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    number.to_string()
}

/// As Go's `%v`: an exponent of at least two digits below 1e-4 and from 1e21 on.
fn shown(number: f64) -> String {
    if number == 0.0 || !number.is_finite() || (1e-4..1e21).contains(&number.abs()) {
        return plain(number);
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}
