//! What is asserted of a response: counted when it does not hold, as k6 does it.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use memchr::memmem::Finder;
use serde_json::Value;

use super::extraction::Response;
use crate::extract::CssQuery;
use crate::extract::JsonPath;
use crate::extract::JsonSchema;
use crate::extract::Pattern;

/// A named assertion.
#[derive(Debug, Clone)]
pub struct Check {
    /// What reports and thresholds call it.
    pub name: String,
    /// What must hold.
    pub asserted: Assertion,
}

/// What must hold.
#[derive(Debug, Clone)]
pub enum Assertion {
    /// One of these statuses.
    Status(Vec<u16>),
    /// What a path selects in a JSON body.
    Json(JsonPath, JsonTest),
    /// A JSON body is as the schema describes it.
    Schema(Arc<JsonSchema>),
    /// The body matches.
    Regex(Pattern),
    /// The body contains these bytes.
    Contains(Box<Finder<'static>>),
    /// The first header of a name.
    Header(String, HeaderTest),
    /// What a selector selects in an HTML body.
    Css(CssQuery, CssTest),
    /// Send, wait and receive together.
    Duration(Bound, Duration),
    /// Bytes of the body as it was sent, codings included.
    BodySize(Bound, u64),
}

/// What must hold of a JSON value.
#[derive(Debug, Clone)]
pub enum JsonTest {
    /// It is there, `null` included; or it is not.
    Exists(bool),
    /// It is this value.
    Equals(Value),
}

/// What must hold of what a selector selects.
#[derive(Debug, Clone)]
pub enum CssTest {
    /// There is some; or there is none.
    Exists(bool),
    /// So many.
    Count(Bound, u64),
    /// Of one of them at least.
    Some(HeaderTest),
}

/// What must hold of a header.
#[derive(Debug, Clone)]
pub enum HeaderTest {
    /// It is there; or it is not.
    Exists(bool),
    /// It has this value.
    Equals(String),
    /// Its value contains this.
    Contains(String),
    /// Its value matches.
    Regex(Pattern),
}

/// On which side of a limit a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Bound {
    /// Every bound as it is written; longer ones first.
    pub const ALL: [(&'static str, Self); 4] =
        [("<=", Self::AtMost), (">=", Self::AtLeast), ("<", Self::Below), (">", Self::Above)];

    /// Whether a value that compares so with the limit is on this side of it.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

impl Check {
    /// Whether it holds.
    pub fn passes(&self, response: &Response<'_>) -> bool {
        match &self.asserted {
            Assertion::Status(statuses) => statuses.contains(&response.status),
            Assertion::Json(path, test) => {
                let found = path.find(response.body);
                match test {
                    JsonTest::Exists(exists) => found.is_some() == *exists,
                    JsonTest::Equals(value) => found.is_some_and(|found| found.equals(value)),
                }
            }
            Assertion::Schema(schema) => schema.describes(response.body),
            Assertion::Regex(pattern) => pattern.is_match(response.body),
            Assertion::Contains(text) => text.find(response.body).is_some(),
            Assertion::Header(name, test) => test.passes((response.header)(name, 0)),
            Assertion::Css(query, test) => test.passes(query, response),
            Assertion::Duration(bound, limit) => bound.holds(response.duration.cmp(limit)),
            Assertion::BodySize(bound, limit) => bound.holds(response.body_size.cmp(limit)),
        }
    }

    /// Whether it looks into the body.
    pub fn reads_body(&self) -> bool {
        match self.asserted {
            Assertion::Json(..)
            | Assertion::Schema(_)
            | Assertion::Regex(_)
            | Assertion::Contains(_)
            | Assertion::Css(..) => true,
            Assertion::Status(_)
            | Assertion::Header(..)
            | Assertion::Duration(..)
            | Assertion::BodySize(..) => false,
        }
    }

    /// Whether it looks at headers, or at how long the body is.
    pub fn reads_head(&self) -> bool {
        match self.asserted {
            Assertion::Header(..) | Assertion::BodySize(..) => true,
            Assertion::Json(..)
            | Assertion::Schema(_)
            | Assertion::Regex(_)
            | Assertion::Contains(_)
            | Assertion::Css(..)
            | Assertion::Status(_)
            | Assertion::Duration(..) => false,
        }
    }
}

impl CssTest {
    fn passes(&self, query: &CssQuery, response: &Response<'_>) -> bool {
        // A body without a tree has no elements.
        let count = || response.in_tree(|tree| query.count(tree)).unwrap_or(0);
        match self {
            Self::Exists(exists) => {
                let some = response.in_tree(|tree| query.any(tree, |_| true));
                some.unwrap_or(false) == *exists
            }
            Self::Count(bound, limit) => bound.holds(count().cmp(limit)),
            Self::Some(test) => {
                let holds = |value: String| test.passes(Some(value.as_bytes()));
                response.in_tree(|tree| query.any(tree, holds)).unwrap_or(false)
            }
        }
    }
}

impl HeaderTest {
    fn passes(&self, value: Option<&[u8]>) -> bool {
        match self {
            Self::Exists(exists) => value.is_some() == *exists,
            Self::Equals(text) => value == Some(text.as_bytes()),
            Self::Contains(text) => {
                value.is_some_and(|value| memchr::memmem::find(value, text.as_bytes()).is_some())
            }
            Self::Regex(pattern) => value.is_some_and(|value| pattern.is_match(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{CssPart, CssSelector, Page};

    fn passes(asserted: Assertion) -> bool {
        let header = |name: &str, place: usize| {
            (place == 0 && name.eq_ignore_ascii_case("x")).then_some(&b"some value"[..])
        };
        let response = Response {
            status: 200,
            header: &header,
            cookie: &|_| None,
            body: br#"{"id":17,"none":null}"#,
            page: None,
            duration: Duration::from_millis(500),
            body_size: 100,
        };
        Check { name: String::new(), asserted }.passes(&response)
    }

    fn json(path: &str, test: JsonTest) -> Assertion {
        Assertion::Json(JsonPath::parse(path).expect("a path"), test)
    }

    #[test]
    fn bodies_are_looked_into() {
        assert!(passes(json("$.id", JsonTest::Exists(true))));
        assert!(passes(json("$.none", JsonTest::Exists(true))));
        assert!(passes(json("$.other", JsonTest::Exists(false))));
        assert!(!passes(json("$.other", JsonTest::Exists(true))));
        assert!(passes(json("$.id", JsonTest::Equals(17.into()))));
        assert!(!passes(json("$.id", JsonTest::Equals("17".into()))));
        assert!(!passes(json("$.other", JsonTest::Equals(Value::Null))));
        let contains = |text: &str| Assertion::Contains(Box::new(Finder::new(text).into_owned()));
        assert!(passes(contains("\"id\"")) && !passes(contains("\"di\"")));
        let regex = |text: &str| Assertion::Regex(Pattern::new(text).expect("a pattern"));
        assert!(passes(regex(r#""id":\d+"#)) && !passes(regex("^id")));
    }

    #[test]
    fn elements_are_counted_and_compared() {
        let passes = |selector: &str, part: CssPart, test: CssTest| {
            let selector = CssSelector::new(selector).expect("a selector");
            let response = Response {
                page: Some(&Page::default()),
                ..Response::of_message(b"<h1> A <b>shop</b></h1><i id=a>1</i><i>2</i>")
            };
            let asserted = Assertion::Css(CssQuery { selector, part }, test);
            Check { name: String::new(), asserted }.passes(&response)
        };
        let text = |selector: &str, test| passes(selector, CssPart::Text, CssTest::Some(test));
        assert!(text("h1", HeaderTest::Equals("A shop".to_owned())));
        assert!(text("i", HeaderTest::Equals("2".to_owned())), "one of them is enough");
        assert!(!text("i", HeaderTest::Contains("3".to_owned())));
        assert!(!text("p", HeaderTest::Contains(String::new())), "there is none");
        let count = |part, bound, limit| passes("i", part, CssTest::Count(bound, limit));
        assert!(count(CssPart::Text, Bound::AtLeast, 2) && !count(CssPart::Text, Bound::Above, 2));
        assert!(count(CssPart::Attribute("id".to_owned()), Bound::Below, 2));
        let exists = |selector, exists| passes(selector, CssPart::Text, CssTest::Exists(exists));
        assert!(
            exists("i", true) && exists("p", false) && !exists("i", false) && !exists("p", true)
        );
        let deep = "<div>".repeat(600);
        let none = Assertion::Css(
            CssQuery { selector: CssSelector::new("div").expect("one"), part: CssPart::Text },
            CssTest::Exists(true),
        );
        let check = Check { name: String::new(), asserted: none };
        assert!(!check.passes(&Response::of_message(deep.as_bytes())));
    }

    #[test]
    fn headers_statuses_times_and_sizes_are_compared() {
        let header = |test| passes(Assertion::Header("X".to_owned(), test));
        assert!(header(HeaderTest::Exists(true)) && !header(HeaderTest::Exists(false)));
        assert!(header(HeaderTest::Equals("some value".to_owned())));
        assert!(!header(HeaderTest::Equals("some".to_owned())));
        assert!(header(HeaderTest::Contains("val".to_owned())));
        assert!(!passes(Assertion::Header("y".to_owned(), HeaderTest::Contains(String::new()))));
        assert!(passes(Assertion::Status(vec![201, 200])) && !passes(Assertion::Status(vec![201])));
        for (bound, below, same, above) in [
            (Bound::Below, true, false, false),
            (Bound::AtMost, true, true, false),
            (Bound::Above, false, false, true),
            (Bound::AtLeast, false, true, true),
        ] {
            for (limit, expected) in [(501, below), (500, same), (499, above)] {
                let limit = Duration::from_millis(limit);
                assert_eq!(passes(Assertion::Duration(bound, limit)), expected, "{bound:?}");
            }
            for (limit, expected) in [(101, below), (100, same), (99, above)] {
                assert_eq!(passes(Assertion::BodySize(bound, limit)), expected, "{bound:?}");
            }
        }
    }
}
