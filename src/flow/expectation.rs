//! Whether a message is the one that is waited for.

use crate::extract::JsonPath;
use crate::extract::JsonPathError;
use crate::extract::Pattern;
use crate::extract::PatternError;
use crate::model::Expectation;

/// An [`Expectation`], compiled.
#[derive(Debug, Clone)]
pub struct Expected(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Any,
    Equals(Vec<u8>),
    Contains(Box<memchr::memmem::Finder<'static>>),
    Regex(Box<Pattern>),
    JsonPath(Box<JsonPath>),
}

/// Why an expectation is none.
#[derive(Debug, thiserror::Error)]
pub enum ExpectationError {
    /// Not a regular expression.
    #[error(transparent)]
    Regex(#[from] PatternError),
    /// Not a JSONPath.
    #[error(transparent)]
    JsonPath(#[from] JsonPathError),
}

impl Expected {
    /// Compiles what the plan says.
    ///
    /// # Errors
    /// A regular expression or a path that is none.
    pub fn compile(what: &Expectation) -> Result<Self, ExpectationError> {
        Ok(Self(match what {
            Expectation::Any => Kind::Any,
            Expectation::Equals(text) => Kind::Equals(text.clone().into_bytes()),
            Expectation::Contains(text) => {
                Kind::Contains(Box::new(memchr::memmem::Finder::new(text).into_owned()))
            }
            Expectation::Regex(pattern) => Kind::Regex(Box::new(Pattern::new(pattern)?)),
            Expectation::JsonPath(path) => Kind::JsonPath(Box::new(JsonPath::parse(path)?)),
        }))
    }

    /// Whether the message's bytes are looked at at all.
    pub fn is_any(&self) -> bool {
        matches!(self.0, Kind::Any)
    }

    /// Whether the message is the one.
    pub fn matches(&self, message: &[u8]) -> bool {
        match &self.0 {
            Kind::Any => true,
            Kind::Equals(text) => text == message,
            Kind::Contains(text) => text.find(message).is_some(),
            Kind::Regex(pattern) => pattern.is_match(message),
            Kind::JsonPath(path) => path.find(message).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_looks_at_the_message_in_its_way() {
        let text = |text: &str| text.to_owned();
        let cases = [
            (Expectation::Any, "", true),
            (Expectation::Equals(text("pong")), "pong", true),
            (Expectation::Equals(text("pong")), "pong ", false),
            (Expectation::Contains(text("\"ok\"")), r#"{"state":"ok"}"#, true),
            (Expectation::Contains(text("\"ok\"")), "ok", false),
            (Expectation::Regex(text("^id=[0-9]+$")), "id=42", true),
            (Expectation::Regex(text("^id=[0-9]+$")), "id=x", false),
            (Expectation::JsonPath(text("$.price")), r#"{"price":1}"#, true),
            (Expectation::JsonPath(text("$.price")), r#"{"name":"price"}"#, false),
            (Expectation::JsonPath(text("$.price")), "no JSON", false),
        ];
        for (what, message, expected) in cases {
            let compiled = Expected::compile(&what).expect("it is right");
            assert_eq!(compiled.matches(message.as_bytes()), expected, "{what:?} on {message}");
        }
        assert!(Expected::compile(&Expectation::Regex(text("("))).is_err());
        assert!(Expected::compile(&Expectation::JsonPath(text("price["))).is_err());
    }
}
