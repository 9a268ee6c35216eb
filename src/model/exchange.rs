//! One request and what came back, unredacted; it never leaves the process in this shape.

use std::net::SocketAddr;
use std::time::Duration;

use super::failure::Failure;
use super::http_version::HttpVersion;
use super::load::SeriesId;
use super::request::{Header, Request, head_to_wire};
use super::signals::Signals;
use super::timings::Timings;

/// A response, read whole or up to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 100–999 as sent.
    pub status: u16,
    /// Reason phrase, possibly empty.
    pub reason: String,
    /// What it came over.
    pub version: HttpVersion,
    /// In order, names in their original case.
    pub headers: Vec<Header>,
    /// Transfer coding removed; content coding removed where the client was told to.
    pub body: Vec<u8>,
    /// Bytes that the whole response took on the wire.
    pub wire_len: u64,
    /// The body was longer than the limit and is cut.
    pub truncated: bool,
}

impl Response {
    /// The first header of that name, ASCII case ignored.
    pub fn header(&self, name: &str) -> Option<&Header> {
        self.headers.iter().find(|header| header.is(name))
    }

    /// All headers of that name, ASCII case ignored.
    pub fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Header> {
        self.headers.iter().filter(move |header| header.is(name))
    }

    /// Status line, headers as received and the empty line: the first part of [`Self::to_wire`].
    pub fn head_to_wire(&self) -> Vec<u8> {
        let reason = if self.reason.is_empty() { "" } else { " " };
        let line = format!("{} {}{reason}{}", self.version, self.status, self.reason);
        head_to_wire(line.as_bytes(), &self.headers)
    }

    /// Head and body as one text: what [`super::Match::offset`] counts in. Transfer coding stays
    /// removed, whatever the headers say.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut wire = self.head_to_wire();
        wire.extend_from_slice(&self.body);
        wire
    }

    /// The body with bytes outside UTF-8 replaced.
    pub fn body_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// What its headers say of who answered, of caches, limits and time.
    pub fn signals(&self) -> Signals {
        let fields = self.headers.iter();
        Signals::of(fields.map(|header| (header.name.as_bytes(), header.value.as_slice())), &[])
    }

    /// `Content-Type` without parameters, lower-case; empty when absent.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").map(|header| header.text().into_owned());
        let value = value.unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the body is HTML by its declared type (or, undeclared, by its first bytes).
    pub fn is_html(&self) -> bool {
        match self.media_type().as_str() {
            "text/html" | "application/xhtml+xml" => true,
            "" => {
                let start = &self.body[..self.body.len().min(256)];
                let start = String::from_utf8_lossy(start).to_ascii_lowercase();
                start.contains("<!doctype html") || start.contains("<html")
            }
            _ => false,
        }
    }
}

/// What the TLS handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLSv1.3`, `TLSv1.2`.
    pub version: String,
    /// The suite's IANA name.
    pub cipher_suite: String,
    /// Why the certificate would have been refused, when the client went on regardless.
    pub certificate_fault: Option<String>,
}

/// One exchange on the wire.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub outcome: Result<Response, Failure>,
    /// Where the time went.
    pub timings: Timings,
    /// The peer, once connected.
    pub peer: Option<SocketAddr>,
    /// Present on TLS connections.
    pub tls: Option<TlsInfo>,
}

impl Exchange {
    /// The response, if there was one.
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref().ok()
    }
}

/// An exchange of load, with whose it was and when.
#[derive(Debug, Clone)]
pub struct Tapped {
    /// Unredacted.
    pub exchange: Exchange,
    /// When it ended, since the run's start.
    pub at: Duration,
    /// The virtual user's number among all of the plan, from 1.
    pub user: u64,
    /// The series that it is counted in.
    pub series: SeriesId,
    /// The plan's request, by index.
    pub request: usize,
}

/// How much an exchange matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// One of many of its kind.
    Some,
    /// Each of its kind is looked at.
    Each,
}

/// Where load offers sampled, unredacted exchanges. Implementations never block and count what
/// they drop.
pub trait ExchangeTap: Send + Sync {
    /// Of so many exchanges of a series one is asked about, behind the first few.
    fn every(&self) -> u64;
    /// Whether the next exchange is wanted: cheap, called before an [`Exchange`] is put together.
    fn wants(&self, need: Need) -> bool;
    /// Takes what it needs.
    fn offer(&self, tapped: Tapped);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_form_is_head_then_body_in_the_order_received() {
        let response = Response {
            status: 404,
            reason: "Not Found".to_owned(),
            version: HttpVersion::Http11,
            headers: vec![Header::new("x-B", "1"), Header::new("A", "2")],
            body: b"gone".to_vec(),
            wire_len: 0,
            truncated: false,
        };
        assert_eq!(response.to_wire(), b"HTTP/1.1 404 Not Found\r\nx-B: 1\r\nA: 2\r\n\r\ngone");
        let response = Response { reason: String::new(), headers: Vec::new(), ..response };
        assert_eq!(response.head_to_wire(), b"HTTP/1.1 404\r\n\r\n");
    }
}
