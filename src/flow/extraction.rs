//! Taking a value out of a response.

use std::time::Duration;

use super::values::Variable;
use crate::extract::GroupPattern;
use crate::extract::JsonPath;

/// A variable and where its value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// What gets the value.
    pub variable: Variable,
    /// Where it is looked for.
    pub from: Extractor,
    /// Taken where the response has none.
    pub default: Option<String>,
}

/// Where in a response a value is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extractor {
    /// In a JSON body; `null` is no value.
    Json(JsonPath),
    /// In the body, by a regular expression's group.
    Regex(GroupPattern),
    /// The value of the first header of that name.
    Header(String),
}

/// A response as flows look at it.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// The status.
    pub status: u16,
    /// The value of the first header of a name.
    pub header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// Content codings undone.
    pub body: &'a [u8],
    /// Send, wait and receive together.
    pub duration: Duration,
    /// Bytes of the body as it was sent.
    pub body_size: u64,
}

impl<'a> Response<'a> {
    /// A message of a session, which is a body alone.
    pub fn of_message(body: &'a [u8]) -> Self {
        Self { status: 0, header: &|_| None, body, duration: Duration::ZERO, body_size: 0 }
    }
}

impl Extraction {
    /// Appends the value to `out`; false if there is none.
    pub fn take(&self, response: &Response<'_>, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        if self.from.take(response, out) {
            return true;
        }
        out.truncate(start);
        self.take_default(out)
    }

    /// Appends the value that is taken where there is none; false if that is none either.
    pub fn take_default(&self, out: &mut Vec<u8>) -> bool {
        self.default.as_ref().is_some_and(|default| {
            out.extend_from_slice(default.as_bytes());
            true
        })
    }
}

impl Extractor {
    /// Whether it looks into the body.
    pub fn reads_body(&self) -> bool {
        match self {
            Self::Json(_) | Self::Regex(_) => true,
            Self::Header(_) => false,
        }
    }

    fn take(&self, response: &Response<'_>, out: &mut Vec<u8>) -> bool {
        let found = match self {
            Self::Json(path) => {
                let found = path.find(response.body).filter(|found| !found.is_null());
                return found.is_some_and(|found| found.write_text(out));
            }
            Self::Regex(pattern) => pattern.find(response.body),
            Self::Header(name) => (response.header)(name),
        };
        found.is_some_and(|found| {
            out.extend_from_slice(found);
            true
        })
    }
}

impl std::fmt::Display for Extractor {
    /// `jsonpath $.id`, as a plan would have it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(path) => write!(f, "jsonpath {}", path.as_str()),
            Self::Regex(pattern) => write!(f, "regex {}", pattern.as_str()),
            Self::Header(name) => write!(f, "header {name}"),
        }
    }
}

impl std::fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(from: Extractor, default: Option<&str>) -> Option<String> {
        let extraction =
            Extraction { variable: Variable(0), from, default: default.map(str::to_owned) };
        let header = |name: &str| name.eq_ignore_ascii_case("location").then_some(&b"/x"[..]);
        let response = Response {
            status: 200,
            header: &header,
            body: br#"{"id":17,"none":null,"name":"a\"b","half":"\ud800"}"#,
            duration: Duration::ZERO,
            body_size: 0,
        };
        let mut out = b"before".to_vec();
        let is_value = extraction.take(&response, &mut out);
        let text = String::from_utf8(out).expect("the test's text");
        let value = text.strip_prefix("before").expect("what was there stays").to_owned();
        assert!(is_value || value.is_empty(), "nothing is left of what is no value: {value}");
        is_value.then_some(value)
    }

    fn json(path: &str) -> Extractor {
        Extractor::Json(JsonPath::parse(path).expect("a path"))
    }

    #[test]
    fn values_come_from_bodies_and_headers() {
        assert_eq!(taken(json("$.id"), None).as_deref(), Some("17"));
        assert_eq!(taken(json("$.name"), None).as_deref(), Some("a\"b"));
        let regex = Extractor::Regex(GroupPattern::new("\"id\":(\\d)", 1).expect("a pattern"));
        assert_eq!(taken(regex, None).as_deref(), Some("1"));
        let header = Extractor::Header("Location".to_owned());
        assert_eq!(taken(header, None).as_deref(), Some("/x"));
    }

    #[test]
    fn what_is_not_there_is_the_default_or_nothing() {
        for missing in
            [json("$.none"), json("$.half"), json("$.x"), Extractor::Header("x".to_owned())]
        {
            assert_eq!(taken(missing.clone(), Some("d")).as_deref(), Some("d"));
            assert_eq!(taken(missing, None), None);
        }
    }
}
