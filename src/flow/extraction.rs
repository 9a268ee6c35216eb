//! Taking a value out of a response.

use std::time::Duration;

use super::values::Variable;
use crate::extract::CssQuery;
use crate::extract::FormQuery;
use crate::extract::GroupPattern;
use crate::extract::JsonPath;
use crate::extract::Page;
use crate::extract::Picked;
use crate::extract::Tree;
use crate::extract::Which;
use crate::extract::set_cookie;

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
    /// In a JSON body; `null` alone is no value.
    Json(JsonPath, Which),
    /// In the body, by a regular expression's group.
    Regex(GroupPattern, Which),
    /// The value of a header of that name.
    Header(String, Which),
    /// The cookie of that name that the response sets, or that was set before.
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
    /// The value of a header of a name, by its place among those of the name.
    pub header: &'a dyn Fn(&str, usize) -> Option<&'a [u8]>,
    /// The value of the last cookie of a name that it sets, else of the one that was set before.
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
            header: &|_, _| None,
            cookie: &|_| None,
            body,
            page: None,
            duration: Duration::ZERO,
            body_size: 0,
        }
    }

    /// What `look` makes of a response that came whole, after that time.
    pub fn of_whole<T>(
        response: &crate::model::Response,
        duration: Duration,
        look: impl FnOnce(&Response<'_>) -> T,
    ) -> T {
        let header = |name: &str, place: usize| {
            let mut named = response.headers.iter().filter(|header| header.is(name));
            named.nth(place).map(|header| header.value.as_slice())
        };
        let cookie = |name: &str| {
            let lines = response.headers_named("set-cookie");
            set_cookie(lines.map(|header| header.value.as_slice()), name)
        };
        look(&Response {
            status: response.status,
            header: &header,
            cookie: &cookie,
            body: &response.body,
            page: Some(&Page::default()),
            duration,
            body_size: response.body.len() as u64,
        })
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
            Self::Json(..) | Self::Regex(..) | Self::Css(..) | Self::Form(_) => true,
            Self::Header(..) | Self::Cookie(_) => false,
        }
    }

    /// Whether it takes one of several by chance.
    pub fn is_drawn(&self) -> bool {
        matches!(
            self,
            Self::Json(_, Which::Random)
                | Self::Regex(_, Which::Random)
                | Self::Header(_, Which::Random)
                | Self::Css(_, Which::Random)
        )
    }

    fn take(&self, response: &Response<'_>, drawn: u64, out: &mut Vec<u8>) -> bool {
        let found = match self {
            Self::Json(path, Which::FIRST) => {
                let found = path.find(response.body).filter(|found| !found.is_null());
                return found.is_some_and(|found| found.write_text(out));
            }
            Self::Json(path, which) => return take_json(path, *which, response.body, drawn, out),
            Self::Regex(pattern, Which::FIRST) => pattern.find(response.body),
            Self::Regex(pattern, which) => {
                return which.take(pattern.find_all(response.body), drawn, out);
            }
            Self::Header(name, Which::Nth(place)) => (response.header)(name, *place),
            Self::Header(name, which) => {
                let all = (0..).map_while(|place| (response.header)(name, place));
                return which.take(all, drawn, out);
            }
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

/// Appends what is meant of the nodes that a path selects; all of them as a JSON array.
fn take_json(path: &JsonPath, which: Which, body: &[u8], drawn: u64, out: &mut Vec<u8>) -> bool {
    match which.pick(path.find_all(body).into_iter(), drawn) {
        None => false,
        Some(Picked::One(one)) => !one.is_null() && one.write_text(out),
        Some(Picked::All(all)) => {
            for (index, one) in all.iter().enumerate() {
                out.push(if index == 0 { b'[' } else { b',' });
                out.extend_from_slice(one.as_bytes());
            }
            out.push(b']');
            true
        }
        Some(Picked::Count(count)) => {
            out.extend_from_slice(count.to_string().as_bytes());
            true
        }
    }
}

impl std::fmt::Display for Extractor {
    /// `jsonpath $.id`, as a plan would have it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(path, which) => write!(f, "jsonpath {}{which}", path.as_str()),
            Self::Regex(pattern, which) => write!(f, "regex {}{which}", pattern.as_str()),
            Self::Header(name, which) => write!(f, "header {name}{which}"),
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

    const BODY: &str = r#"{"id":17,"none":null,"name":"a\"b","half":"\ud800"}"#;

    fn taken(from: Extractor, default: Option<&str>) -> Option<String> {
        taken_of(BODY, from, default)
    }

    fn taken_of(body: &str, from: Extractor, default: Option<&str>) -> Option<String> {
        let extraction =
            Extraction { variable: Variable(0), from, default: default.map(str::to_owned) };
        let header = |name: &str, place: usize| {
            let all = [&b"/x"[..], b"/y"];
            all.get(place).copied().filter(|_| name.eq_ignore_ascii_case("location"))
        };
        let response = Response {
            status: 200,
            header: &header,
            cookie: &|name| (name == "sid").then_some(&b"s1"[..]),
            body: body.as_bytes(),
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
        Extractor::Json(JsonPath::parse(path).expect("a path"), Which::FIRST)
    }

    #[test]
    fn values_come_from_bodies_and_headers() {
        assert_eq!(taken(json("$.id"), None).as_deref(), Some("17"));
        assert_eq!(taken(json("$.name"), None).as_deref(), Some("a\"b"));
        let regex = Extractor::Regex(
            GroupPattern::new("\"id\":(\\d)", 1).expect("a pattern"),
            Which::FIRST,
        );
        assert_eq!(taken(regex, None).as_deref(), Some("1"));
        let header = Extractor::Header("Location".to_owned(), Which::FIRST);
        assert_eq!(taken(header, None).as_deref(), Some("/x"));
        assert_eq!(taken(Extractor::Cookie("sid".to_owned()), None).as_deref(), Some("s1"));
        assert_eq!(taken(Extractor::Cookie("SID".to_owned()), None), None, "names are exact");
    }

    #[test]
    fn one_of_several_is_meant_the_same_way_everywhere() {
        let several = r#"{"name":"x","all":[1,"b",null]}"#;
        let json = |which| Extractor::Json(JsonPath::parse("$.all[*]").expect("a path"), which);
        let regex = |which| {
            Extractor::Regex(GroupPattern::new("\"(n?a[a-z]*)\"", 1).expect("a pattern"), which)
        };
        let header = |which| Extractor::Header("location".to_owned(), which);
        for (from, expected) in [
            (json(Which::FIRST), Some("1")),
            (json(Which::Nth(1)), Some("b")),
            (json(Which::Last), None),
            (json(Which::All), Some(r#"[1,"b",null]"#)),
            (json(Which::Count), Some("3")),
            (json(Which::Nth(3)), None),
            (regex(Which::Nth(1)), Some("all")),
            (regex(Which::All), Some(r#"["name","all"]"#)),
            (regex(Which::Count), Some("2")),
            (header(Which::Nth(1)), Some("/y")),
            (header(Which::Last), Some("/y")),
            (header(Which::All), Some(r#"["/x","/y"]"#)),
            (header(Which::Nth(2)), None),
        ] {
            let shown = from.to_string();
            assert_eq!(taken_of(several, from, None).as_deref(), expected, "{shown}");
        }
        assert!(regex(Which::Random).is_drawn());
        assert!(taken_of(several, regex(Which::Random), None).is_some());
    }

    #[test]
    fn what_is_not_there_is_the_default_or_nothing() {
        for missing in [
            json("$.none"),
            json("$.half"),
            json("$.x"),
            Extractor::Header("x".to_owned(), Which::FIRST),
        ] {
            assert_eq!(taken(missing.clone(), Some("d")).as_deref(), Some("d"));
            assert_eq!(taken(missing, None), None);
        }
    }
}
