//! A request as it will stand on the wire, and the named template it comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::address::Origin;
use super::conversation::Conversation;
use super::http_version::HttpVersion;

/// A request method as sent; any token is allowed, known ones are upper-case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Method(String);

impl Method {
    /// `GET`.
    pub fn get() -> Self {
        Self("GET".to_owned())
    }

    /// The method named `name`, exactly as written.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The token as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether RFC 9110 §9.2.1 calls it safe (and it has a response we understand).
    pub fn is_safe(&self) -> bool {
        matches!(self.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }

    /// Whether RFC 9110 §9.2.2 lets it be sent again when nobody knows what came of it.
    pub fn is_idempotent(&self) -> bool {
        self.is_safe() || matches!(self.as_str(), "PUT" | "DELETE")
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One header line; the name keeps its case, the value its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header {
    /// As sent or received.
    pub name: String,
    /// Without surrounding white space.
    pub value: Vec<u8>,
}

impl Header {
    /// A header line.
    pub fn new(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// Whether a header can have that name (RFC 9110 §5.6.2).
    pub fn is_name(name: &str) -> bool {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        !name.is_empty() && name.chars().all(is_token)
    }

    /// Whether a value stays within its line (RFC 9110 §5.5).
    pub fn is_value(value: &str) -> bool {
        !value.contains(|c: char| c.is_control() && c != '\t')
    }

    /// Whether the name is `name`, ASCII case ignored.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value with bytes outside UTF-8 replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.value)
    }
}

/// A request ready to be admitted to scope; the wire adds `Host` and `Content-Length` where absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to dial.
    pub origin: Origin,
    /// The method.
    pub method: Method,
    /// Request target as sent: path and query, never normalised.
    pub path_and_query: Vec<u8>,
    /// In order, duplicates allowed.
    pub headers: Vec<Header>,
    /// Empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET of `path_and_query` without headers.
    pub fn get(origin: Origin, path_and_query: impl Into<Vec<u8>>) -> Self {
        Self {
            origin,
            method: Method::get(),
            path_and_query: path_and_query.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Path and query with bytes outside UTF-8 replaced.
    pub fn path_and_query_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.path_and_query)
    }

    /// The absolute URL, for people.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin, self.path_and_query_text())
    }

    /// The first header of that name, ASCII case ignored.
    pub fn header(&self, name: &str) -> Option<&Header> {
        self.headers.iter().find(|header| header.is(name))
    }

    /// Request line, headers and body as one text, with the `Host` that the wire adds.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut line = self.method.as_str().as_bytes().to_vec();
        line.push(b' ');
        line.extend_from_slice(&self.path_and_query);
        line.extend_from_slice(b" HTTP/1.1");
        if self.header("host").is_none() {
            line.extend_from_slice(b"\r\nHost: ");
            line.extend_from_slice(self.origin.host_header().as_bytes());
        }
        let mut wire = head_to_wire(&line, &self.headers);
        wire.extend_from_slice(&self.body);
        wire
    }
}

/// `line`, the headers as they stand, and the empty line.
pub(super) fn head_to_wire(line: &[u8], headers: &[Header]) -> Vec<u8> {
    let mut wire = line.to_vec();
    wire.extend_from_slice(b"\r\n");
    for header in headers {
        wire.extend_from_slice(header.name.as_bytes());
        wire.extend_from_slice(b": ");
        wire.extend_from_slice(&header.value);
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b"\r\n");
    wire
}

/// A request of the plan, named once and used by load and scan alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTemplate {
    /// The plan's name for it; also the `request` tag of its series.
    pub name: String,
    /// What is sent.
    pub request: Request,
    /// Path template shown in reports, `/items/{id}`.
    pub path_template: String,
    /// Statuses that count as success; empty means 200–399.
    pub expected_statuses: Vec<u16>,
    /// Redirects that load follows at most; 0 follows none.
    pub redirects: u32,
    /// How it goes on after the response has begun.
    pub conversation: Conversation,
    /// Whether flows send it and scans start from it.
    pub enabled: bool,
    /// The plan's own tags, for gates to select by.
    pub tags: BTreeMap<String, String>,
    /// Longest wait for its response, of a session for its beginning; `None` is the plan's. A gRPC
    /// call has its own.
    pub timeout: Option<Duration>,
    /// What load speaks for it; `None` is what the plan's connections speak. A gRPC call speaks
    /// HTTP/2.
    pub version: Option<HttpVersion>,
}

impl Request {
    /// Bytes of what is written in it: target, headers and body.
    pub fn weight(&self) -> usize {
        let headers =
            self.headers.iter().map(|it| size_of::<Header>() + it.name.len() + it.value.len());
        self.path_and_query.len() + self.body.len() + headers.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Scheme;

    #[test]
    fn the_recorded_form_has_the_host_that_the_wire_adds() {
        let origin = Origin { scheme: Scheme::Http, host: "::1".to_owned(), port: 8080 };
        let mut request = Request::get(origin, "/a?b=c");
        assert_eq!(request.to_wire(), b"GET /a?b=c HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
        request.headers.push(Header::new("Host", "other"));
        request.body = b"x".to_vec();
        assert_eq!(request.to_wire(), b"GET /a?b=c HTTP/1.1\r\nHost: other\r\n\r\nx");
    }
}
