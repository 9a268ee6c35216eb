//! A response gathered into [`Response`], with a bound on its body.

use super::head::Head;
use super::parser::ResponseSink;
use crate::model::Header;
use crate::model::Response;

/// Gathers one response; the body is cut at `max_body`.
#[derive(Debug)]
pub struct Collector {
    max_body: usize,
    response: Option<Response>,
}

impl Collector {
    /// Keeps up to `max_body` bytes of body.
    pub fn new(max_body: usize) -> Self {
        Self { max_body, response: None }
    }

    /// Whether the head is there.
    pub fn has_head(&self) -> bool {
        self.response.is_some()
    }

    /// Whether the body has passed the limit: reading on brings nothing.
    pub fn is_truncated(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.truncated)
    }

    /// The response so far; `None` without a head. `wire_len` is what was consumed in all, interim
    /// responses and chunk framing included.
    pub fn finish(self, wire_len: u64) -> Option<Response> {
        self.response.map(|response| Response { wire_len, ..response })
    }
}

impl ResponseSink for Collector {
    fn head(&mut self, head: &Head<'_>) {
        self.response = Some(Response {
            status: head.status,
            reason: String::from_utf8_lossy(head.reason()).into_owned(),
            version: head.version,
            headers: head.fields().map(header).collect(),
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        });
    }

    fn body(&mut self, data: &[u8]) {
        let Some(response) = &mut self.response else { return };
        let room = self.max_body - response.body.len();
        response.truncated |= data.len() > room;
        response.body.extend_from_slice(&data[..data.len().min(room)]);
    }
}

/// A folded value is joined with spaces (RFC 9112 §5.2).
fn header((name, value): (&[u8], &[u8])) -> Header {
    let mut value = value.to_vec();
    for byte in &mut value {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    Header { name: String::from_utf8_lossy(name).into_owned(), value }
}
