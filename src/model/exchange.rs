//! One request and what came back, unredacted; it never leaves the process in this shape.

use std::net::SocketAddr;

use super::failure::Failure;
use super::request::{Header, Request};
use super::timings::Timings;

/// A response, read whole or up to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 100–999 as sent.
    pub status: u16,
    /// Reason phrase, possibly empty.
    pub reason: String,
    /// HTTP/1.minor.
    pub minor_version: u8,
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

    /// The body with bytes outside UTF-8 replaced.
    pub fn body_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
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

/// Where engines offer sampled, unredacted exchanges. Implementations never block and count what
/// they drop.
pub trait ExchangeTap: Send + Sync {
    /// Whether the next exchange is wanted: cheap, called before an [`Exchange`] is put together.
    fn wants(&self) -> bool;
    /// Takes a copy of what it needs.
    fn offer(&self, exchange: &Exchange);
}
