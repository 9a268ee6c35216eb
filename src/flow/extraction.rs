//! Taking a value out of a response.

use std::time::Duration;

use super::values::Variable;
use crate::extract::CssQuery;
use crate::extract::FormQuery;
use crate::extract::GroupPattern;
use crate::extract::JsonPath;
use crate::extract::Page;
use crate::extract::Tree;
use crate::extract::Which;

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
    /// The cookie of that name that the response sets.
    Cookie(String),
    /// In an HTML body, by a selector.
    Css(CssQuery, Which),
    /// In a form of an HTML body.
    Form(FormQuery),
}

/// A response as flows look at it.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// The status.
    pub status: u16,
    /// The value of the first header of a name.
    pub header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// The value of the last cookie of a name that it sets.
    pub cookie: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// Content codings undone.
    pub body: &'a [u8],
    /// The body taken apart, for all that is looked for in it; `None` takes it apart each time.
    pub page: Option<&'a Page>,
    /// Send, wait and receive together.
    pub duration: Duration,
    /// Bytes of the body as it was sent.
    pub body_size: u64,
}

impl<'a> Response<'a> {
    /// A message of a session, which is a body alone.
    pub fn of_message(body: &'a [u8]) -> Self {
        Self {
            status: 0,
            header: &|_| None,
            cookie: &|_| None,
            body,
            page: None,
            duration: Duration::ZERO,
            body_size: 0,
        }
    }

    /// What `look` sees in the tree of the body; `None` where there is no such tree.
    pub(super) fn in_tree<T>(&self, look: impl FnOnce(&Tree) -> T) -> Option<T> {
        match self.page {
            Some(page) => page.tree(self.body).map(look),
            None => Tree::parse(self.body).as_ref().map(look),
        }
    }
}

impl Extraction {
    /// Appends the value to `out`; false if there is none. `drawn` is any number, and decides where
    /// one of several is taken by chance.
    pub fn take(&self, response: &Response<'_>, drawn: u64, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        if self.from.take(response, drawn, out) {
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
            Self::Json(_) | Self::Regex(_) | Self::Css(..) | Self::Form(_) => true,
            Self::Header(_) | Self::Cookie(_) => false,
        }
    }

    /// Whether it takes one of several by chance.
    pub fn is_drawn(&self) -> bool {
        matches!(self, Self::Css(_, Which::Random))
    }

    fn take(&self, response: &Response<'_>, drawn: u64, out: &mut Vec<u8>) -> bool {
        let found = match self {
            Self::Json(path) => {
                let found = path.find(response.body).filter(|found| !found.is_null());
                return found.is_some_and(|found| found.write_text(out));
            }
            Self::Regex(pattern) => pattern.find(response.body),
            Self::Header(name) => (response.header)(name),
            Self::Cookie(name) => (response.cookie)(name),
            Self::Css(query, which) => {
                let taken = response.in_tree(|tree| query.take(tree, *which, drawn, out));
                return taken.unwrap_or(false);
            }
            Self::Form(query) => {
                let page = Page::default();
                return query.take(response.page.unwrap_or(&page), response.body, out);
            }
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
            Self::Cookie(name) => write!(f, "cookie {name}"),
            Self::Css(query, which) => write!(f, "{query}{which}"),
            Self::Form(query) => query.fmt(f),
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
            cookie: &|name| (name == "sid").then_some(&b"s1"[..]),
            body: br#"{"id":17,"none":null,"name":"a\"b","half":"\ud800"}"#,
            page: None,
            duration: Duration::ZERO,
            body_size: 0,
        };
        let mut out = b"before".to_vec();
        let is_value = extraction.take(&response, 0, &mut out);
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
        assert_eq!(taken(Extractor::Cookie("sid".to_owned()), None).as_deref(), Some("s1"));
        assert_eq!(taken(Extractor::Cookie("SID".to_owned()), None), None, "names are exact");
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
