//! One exchange as rules see it, put together once and shared by all rules.

use std::borrow::Cow;
use std::cell::Cell;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::OnceLock;

use crate::extract::CssSelector;
use crate::extract::Tree;
use crate::extract::selects_in;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::Match;
use crate::model::MatchPart;
use crate::model::Response;

use super::csp::Csp;
use super::dsl::Value;
use super::item::SetCookie;

/// The names of expressions and parts that every response has a value for.
pub(super) const NAMES: [&str; 20] = [
    "scheme",
    "method",
    "path",
    "query",
    "hostname",
    "is_html",
    "is_loopback",
    "csp",
    "csp_script_src",
    "csp_frame_ancestors",
    "body",
    "header",
    "all_headers",
    "all",
    "response",
    "status_code",
    "content_length",
    "duration",
    "host",
    "request",
];

/// A response with its request, by the names that parts and expressions use (see [`super`]).
#[derive(Debug)]
pub struct ResponseView<'a> {
    exchange: &'a Exchange,
    response: &'a Response,
    outline: Arc<Outline>,
    csp: OnceCell<Csp>,
    has_no_meta_policy: Cell<bool>,
    cookies: OnceCell<Vec<Cookie>>,
    /// `None` within for a document that is not parsed.
    tree: OnceCell<Option<Tree>>,
}

/// What of a view is the same for everybody who looks at the same answer, wherever they do.
#[derive(Debug)]
pub struct Outline {
    head: Vec<u8>,
    lines: Vec<HeadLine>,
    /// The headers' names in lower snake case, in the order received.
    names: Vec<String>,
    wire_head_len: usize,
    is_html: bool,
    body_then_head: OnceLock<Vec<u8>>,
    head_then_body: OnceLock<Vec<u8>>,
}

impl Outline {
    /// That of a response.
    pub fn of(response: &Response) -> Self {
        let (head, lines) = sorted_head(response);
        Self {
            head,
            lines,
            names: response.headers.iter().map(|header| snake(&header.name)).collect(),
            wire_head_len: response.head_to_wire().len(),
            is_html: response.is_html(),
            body_then_head: OnceLock::new(),
            head_then_body: OnceLock::new(),
        }
    }
}

/// A cookie that the response sets.
#[derive(Debug)]
struct Cookie {
    /// Where the line's value stands in the recorded response.
    offset: usize,
    /// Which header of the response it is.
    index: usize,
    parts: SetCookie,
    /// The name in lower case.
    lower: String,
}

/// Where a line of the sorted head stands, there and in the recorded response.
#[derive(Debug)]
struct HeadLine {
    sorted: Range<usize>,
    wire: usize,
}

/// Bytes to search, and where they come from.
#[derive(Debug)]
pub(super) struct Part<'v> {
    pub(super) bytes: Cow<'v, [u8]>,
    pub(super) anchor: Anchor,
}

/// How an offset in a part becomes an offset in the recorded response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Body,
    Head,
    BodyThenHead,
    HeadThenBody,
    /// A header's value starts at this byte of the recorded response.
    Value(usize),
    /// The part is computed; there is nothing to point at.
    Nowhere,
}

impl<'a> ResponseView<'a> {
    /// The view of an exchange; `None` if there was no response.
    pub fn of(exchange: &'a Exchange) -> Option<Self> {
        let outline = Arc::new(Outline::of(exchange.response()?));
        Self::with_outline(exchange, outline)
    }

    /// The same where somebody has looked at the answer before; the outline is that of its response.
    pub fn with_outline(exchange: &'a Exchange, outline: Arc<Outline>) -> Option<Self> {
        let response = exchange.response()?;
        Some(Self {
            exchange,
            response,
            outline,
            csp: OnceCell::new(),
            has_no_meta_policy: Cell::new(false),
            cookies: OnceCell::new(),
            tree: OnceCell::new(),
        })
    }

    /// The exchange itself.
    pub fn exchange(&self) -> &'a Exchange {
        self.exchange
    }

    pub(super) fn response(&self) -> &'a Response {
        self.response
    }

    pub(super) fn head(&self) -> &[u8] {
        &self.outline.head
    }

    /// Tells that the body has no text `content-security-policy`: it need not be searched.
    pub(super) fn has_no_meta_policy(&self) {
        self.has_no_meta_policy.set(true);
    }

    pub(super) fn is_html(&self) -> bool {
        self.outline.is_html
    }

    /// The names of headers and cookies as expressions write them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let headers = self.outline.names.iter().map(String::as_str);
        headers.chain(self.parsed_cookies().iter().map(|cookie| cookie.lower.as_str()))
    }

    /// The cookies set, with their lines and where the lines' values stand in the recorded response.
    pub(super) fn cookies(&self) -> impl Iterator<Item = (usize, &'a Header, &SetCookie)> {
        let cookies = self.parsed_cookies().iter();
        cookies.map(|cookie| (cookie.offset, &self.response.headers[cookie.index], &cookie.parts))
    }

    fn parsed_cookies(&self) -> &[Cookie] {
        self.cookies.get_or_init(|| {
            let lines = self.lines_named("set_cookie");
            lines
                .map(|(offset, index)| {
                    let parts = SetCookie::of(&self.response.headers[index].value);
                    Cookie { offset, index, lower: parts.name.to_lowercase(), parts }
                })
                .collect()
        })
    }

    /// For each selector, whether it selects an element of the body.
    pub(super) fn selects(&self, selectors: &[CssSelector]) -> Vec<bool> {
        let tree = self.tree.get_or_init(|| Tree::parse(&self.response.body));
        let nothing = || vec![false; selectors.len()];
        tree.as_ref().map_or_else(nothing, |tree| selects_in(tree, selectors))
    }

    pub(super) fn part(&self, name: &str) -> Option<Part<'_>> {
        let (bytes, anchor) = match name {
            "body" => (self.response.body.as_slice(), Anchor::Body),
            "header" | "all_headers" => (self.outline.head.as_slice(), Anchor::Head),
            "all" => (self.body_then_head(), Anchor::BodyThenHead),
            "response" => (self.head_then_body(), Anchor::HeadThenBody),
            _ => return self.variable_part(name),
        };
        Some(Part { bytes: Cow::Borrowed(bytes), anchor })
    }

    fn variable_part(&self, name: &str) -> Option<Part<'_>> {
        let value = self.variable(name)?;
        let mut lines = self.header_values(name);
        let anchor = match (lines.next(), lines.next()) {
            (Some((offset, header)), None) if value == Value::bytes(&header.value) => {
                Anchor::Value(offset)
            }
            _ => Anchor::Nowhere,
        };
        Some(Part { bytes: value.into_text(), anchor })
    }

    /// Headers of a lower-snake-case name with the offset of each value in the recorded response.
    pub(super) fn header_values(&self, name: &str) -> impl Iterator<Item = (usize, &'a Header)> {
        let headers = &self.response.headers;
        self.lines_named(name).map(|(offset, index)| (offset, &headers[index]))
    }

    /// The same with the places of headers among all.
    fn lines_named(&self, name: &str) -> impl Iterator<Item = (usize, usize)> {
        let status_line_len = self.outline.lines.first().map_or(0, |line| line.sorted.end);
        let mut offset = status_line_len + 2;
        let headers = self.outline.names.iter().zip(&self.response.headers).enumerate();
        headers.filter_map(move |(index, (known, header))| {
            let value_at = offset + header.name.len() + 2;
            offset = value_at + header.value.len() + 2;
            (known == name).then_some((value_at, index))
        })
    }

    /// The value of a name that Nuclei's templates know: of the response itself, a header or a cookie.
    pub(super) fn sent_variable(&self, name: &str) -> Option<Value<'_>> {
        self.response_variable(name)
            .or_else(|| self.header_variable(name))
            .or_else(|| self.cookie_variable(name))
    }

    /// The value of a name; ours first, so that no header can pretend to be one of them.
    pub(super) fn variable(&self, name: &str) -> Option<Value<'_>> {
        self.own_variable(name)
            .or_else(|| self.response_variable(name))
            .or_else(|| self.header_variable(name))
            .or_else(|| self.cookie_variable(name))
    }

    /// The value of a name that is ours.
    pub(super) fn own_variable(&self, name: &str) -> Option<Value<'_>> {
        let request = &self.exchange.request;
        let target = &request.path_and_query;
        let split = memchr::memchr(b'?', target);
        Some(match name {
            "scheme" => Value::text(request.origin.scheme.as_str()),
            "method" => Value::text(request.method.as_str()),
            "path" => Value::bytes(&target[..split.unwrap_or(target.len())]),
            "query" => Value::bytes(split.map_or(&[], |at| &target[at + 1..])),
            "hostname" => Value::text(&request.origin.host),
            "is_html" => Value::Bool(self.outline.is_html),
            "is_loopback" => Value::Bool(self.is_loopback()),
            "csp" => Value::text(self.csp().text()),
            "csp_script_src" => Value::text(self.csp().script_src()),
            "csp_frame_ancestors" => Value::text(self.csp().frame_ancestors()),
            _ => return None,
        })
    }

    fn response_variable(&self, name: &str) -> Option<Value<'_>> {
        Some(match name {
            "body" => Value::bytes(&self.response.body),
            "header" | "all_headers" => Value::bytes(&self.outline.head),
            "all" => Value::bytes(self.body_then_head()),
            "response" => Value::bytes(self.head_then_body()),
            "status_code" => Value::Number(f64::from(self.response.status)),
            "content_length" => Value::Number(self.content_length()),
            "duration" => Value::Number(self.exchange.timings.duration().as_secs_f64()),
            "host" => Value::owned(self.exchange.request.origin.to_string().into_bytes()),
            "request" => Value::owned(self.exchange.request.to_wire()),
            _ => return None,
        })
    }

    fn header_variable(&self, name: &str) -> Option<Value<'_>> {
        let mut values = self.header_values(name).map(|(_, header)| header.value.as_slice());
        let first = values.next()?;
        let rest: Vec<&[u8]> = values.collect();
        if rest.is_empty() {
            return Some(Value::bytes(first));
        }
        let mut joined = first.to_vec();
        for value in rest {
            joined.push(b' ');
            joined.extend_from_slice(value);
        }
        Some(Value::owned(joined))
    }

    fn cookie_variable(&self, name: &str) -> Option<Value<'_>> {
        let mut cookies = self.parsed_cookies().iter().rev();
        let last = cookies.find(|cookie| {
            let header = &self.response.headers[cookie.index];
            cookie.lower == name && header.is("set-cookie")
        });
        last.map(|cookie| Value::text(&cookie.parts.value))
    }

    fn content_length(&self) -> f64 {
        let declared = self.response.header("content-length");
        let declared = declared.and_then(|header| header.text().trim().parse::<u64>().ok());
        declared.unwrap_or(self.response.body.len() as u64) as f64
    }

    fn is_loopback(&self) -> bool {
        let host = &self.exchange.request.origin.host;
        let literal = self.exchange.request.origin.literal_ip();
        host == "localhost"
            || host.ends_with(".localhost")
            || literal.is_some_and(|ip| ip.is_loopback())
            || self.exchange.peer.is_some_and(|peer| peer.ip().is_loopback())
    }

    fn csp(&self) -> &Csp {
        let may_have_meta = self.outline.is_html && !self.has_no_meta_policy.get();
        self.csp.get_or_init(|| Csp::of(self.response, may_have_meta))
    }

    fn body_then_head(&self) -> &[u8] {
        let head = &self.outline.head;
        self.outline.body_then_head.get_or_init(|| [&*self.response.body, head].concat())
    }

    fn head_then_body(&self) -> &[u8] {
        let head = &self.outline.head;
        self.outline.head_then_body.get_or_init(|| [head, &*self.response.body].concat())
    }

    /// Where `range` of a part stands in the recorded response.
    pub(super) fn locate(&self, anchor: Anchor, range: &Range<usize>) -> Option<Match> {
        let body_len = self.response.body.len();
        let in_body = |start: usize, end: usize| {
            let offset = self.outline.wire_head_len + start;
            Some(Match { part: MatchPart::Body, offset, length: end.min(body_len) - start })
        };
        match anchor {
            Anchor::Body => in_body(range.start, range.end),
            Anchor::Head => self.locate_in_head(range),
            Anchor::BodyThenHead if range.start < body_len => in_body(range.start, range.end),
            Anchor::BodyThenHead => {
                self.locate_in_head(&(range.start - body_len..range.end - body_len))
            }
            Anchor::HeadThenBody if range.start < self.outline.head.len() => {
                self.locate_in_head(range)
            }
            Anchor::HeadThenBody => {
                let head_len = self.outline.head.len();
                in_body(range.start - head_len, range.end - head_len)
            }
            Anchor::Value(offset) => Some(Match {
                part: MatchPart::Header,
                offset: offset + range.start,
                length: range.len(),
            }),
            Anchor::Nowhere => None,
        }
    }

    /// A match over several lines is cut to its first: the lines stand in another order there.
    fn locate_in_head(&self, range: &Range<usize>) -> Option<Match> {
        let line = self.outline.lines.iter().find(|line| line.sorted.contains(&range.start))?;
        let length = range.end.min(line.sorted.end) - range.start;
        let offset = line.wire + (range.start - line.sorted.start);
        Some(Match { part: MatchPart::Header, offset, length })
    }
}

fn status_line(response: &Response) -> Vec<u8> {
    let head = response.head_to_wire();
    let end = memchr::memmem::find(&head, b"\r\n").unwrap_or(head.len());
    head[..end].to_vec()
}

/// `X-Foo` as `x_foo`.
fn snake(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// `x-foo` as `X-Foo`, the way Go writes header names.
fn canonical(name: &str) -> String {
    let mut upper = true;
    name.chars()
        .map(|character| {
            let cased =
                if upper { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() };
            upper = character == '-';
            cased
        })
        .collect()
}

/// The head as Nuclei's `all_headers` has it: status line, `Content-Length` and
/// `Transfer-Encoding`, then all others by canonical name; and where each line stands in both.
fn sorted_head(response: &Response) -> (Vec<u8>, Vec<HeadLine>) {
    let mut head = status_line(response);
    let mut lines = vec![HeadLine { sorted: 0..head.len(), wire: 0 }];
    head.extend_from_slice(b"\r\n");
    let mut wire = head.len();
    let mut headers: Vec<(String, usize, &Header)> = Vec::new();
    for header in &response.headers {
        headers.push((canonical(&header.name), wire, header));
        wire += header.name.len() + header.value.len() + 4;
    }
    let framing = |name: &str| name != "Content-Length" && name != "Transfer-Encoding";
    headers.sort_by(|a, b| (framing(&a.0), &a.0).cmp(&(framing(&b.0), &b.0)));
    for (name, wire, header) in headers {
        let start = head.len();
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(&header.value);
        lines.push(HeadLine { sorted: start..head.len(), wire });
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    (head, lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;
    use crate::model::Request;
    use crate::model::Target;
    use crate::model::Timings;

    #[test]
    fn the_list_of_names_is_complete() {
        let target = Target::parse("http://shop.example/").expect("a URL");
        let response = Response {
            status: 204,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: Vec::new(),
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        };
        let exchange = Exchange {
            request: Request::get(target.origin, target.path_and_query),
            outcome: Ok(response),
            timings: Timings::default(),
            peer: None,
            tls: None,
        };
        let view = ResponseView::of(&exchange).expect("there is a response");
        let missing = NAMES.iter().filter(|name| view.variable(name).is_none());
        assert_eq!(missing.count(), 0);
        let arms = include_str!("view.rs").lines();
        let arms = arms.filter(|line| line.contains(concat!("\" =", "> Value::")));
        let names =
            arms.map(|line| line.split("=>").next().map_or(0, |arm| arm.matches('|').count() + 1));
        assert_eq!(names.sum::<usize>(), NAMES.len());
    }
}
