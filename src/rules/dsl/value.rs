//! What an expression works with.

use std::borrow::Cow;

/// A value; texts are bytes, for that is what responses are made of.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::rules) enum Value<'v> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'v, [u8]>),
    List(Vec<Value<'v>>),
}

impl<'v> Value<'v> {
    pub(in crate::rules) fn text(text: &'v str) -> Self {
        Self::Text(Cow::Borrowed(text.as_bytes()))
    }

    pub(in crate::rules) fn bytes(bytes: &'v [u8]) -> Self {
        Self::Text(Cow::Borrowed(bytes))
    }

    pub(in crate::rules) fn owned(bytes: Vec<u8>) -> Self {
        Self::Text(Cow::Owned(bytes))
    }

    /// What functions and `+` see: numbers without exponent and trailing zeros, nothing for null.
    pub(in crate::rules) fn into_text(self) -> Cow<'v, [u8]> {
        match self {
            Self::Text(text) => text,
            Self::Null => Cow::Borrowed(b""),
            Self::Bool(true) => Cow::Borrowed(b"true"),
            Self::Bool(false) => Cow::Borrowed(b"false"),
            Self::Number(number) => Cow::Owned(number.to_string().into_bytes()),
            Self::List(items) => {
                let items: Vec<_> = items.into_iter().map(Value::into_text).collect();
                let mut text = b"[".to_vec();
                text.extend_from_slice(&items.join(&b' '));
                text.push(b']');
                Cow::Owned(text)
            }
        }
    }

    /// For messages.
    pub(in crate::rules) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
        }
    }
}
