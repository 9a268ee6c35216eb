//! How long a response's body is, and whether the connection lives on (RFC 9112 §6.3 and §9.3).

use super::error::ProtocolError;
use crate::model::Method;

/// What the request's method says about the response's framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestKind {
    /// Any method but those below.
    #[default]
    Ordinary,
    /// HEAD: the response has no body whatever its header says.
    Head,
    /// CONNECT: after a 2xx the connection is a tunnel.
    Connect,
}

impl RequestKind {
    /// The kind of a method; names are case-sensitive (RFC 9110 §9.1).
    pub fn of(method: &Method) -> Self {
        match method.as_str() {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Ordinary,
        }
    }
}

/// How the end of the body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    Exact(u64),
    Chunked,
    UntilClose,
}

/// What the framing fields of one head say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) body: BodyLength,
    pub(super) keep_alive: bool,
    pub(super) content_length: Option<u64>,
}

pub(super) fn framing(
    kind: RequestKind,
    status: u16,
    minor_version: u8,
    fields: &[httparse::Header<'_>],
) -> Result<Framing, ProtocolError> {
    let mut seen = Seen::default();
    for field in fields {
        seen.note(field);
    }
    // An HTTP/1.0 peer cannot know chunks, and Content-Length beside Transfer-Encoding smells of
    // response splitting: RFC 9112 §6.1 lets us read both by the coding, and not reuse them.
    let suspect = seen.coding.is_some() && (minor_version == 0 || seen.length.is_some());
    let persistent = !seen.close && (minor_version == 1 || seen.keep_alive) && !suspect;
    let content_length = seen.length.and_then(Result::ok);
    let tunnel = status == 101 || (kind == RequestKind::Connect && (200..300).contains(&status));
    let has_no_body = tunnel || kind == RequestKind::Head || matches!(status, 100..200 | 204 | 304);
    if has_no_body {
        let keep_alive = persistent && !tunnel;
        return Ok(Framing { body: BodyLength::Exact(0), keep_alive, content_length });
    }
    let body = match (seen.coding, seen.length) {
        (Some(Coding::Chunked), _) => BodyLength::Chunked,
        (None, Some(length)) => BodyLength::Exact(length?),
        (Some(Coding::Other), _) | (None, None) => BodyLength::UntilClose,
    };
    let keep_alive = persistent && body != BodyLength::UntilClose;
    Ok(Framing { body, keep_alive, content_length })
}

/// The last transfer coding named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Chunked,
    Other,
}

#[derive(Debug, Default)]
struct Seen {
    length: Option<Result<u64, ProtocolError>>,
    coding: Option<Coding>,
    close: bool,
    keep_alive: bool,
}

impl Seen {
    fn note(&mut self, field: &httparse::Header<'_>) {
        // By length first: most fields are done with one comparison.
        match field.name.len() {
            10 if field.name.eq_ignore_ascii_case("connection") => self.connection(field.value),
            14 if field.name.eq_ignore_ascii_case("content-length") => self.length(field.value),
            17 if field.name.eq_ignore_ascii_case("transfer-encoding") => self.coding(field.value),
            _ => {}
        }
    }

    fn connection(&mut self, value: &[u8]) {
        for option in list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn coding(&mut self, value: &[u8]) {
        for coding in list(value) {
            // `identity` was RFC 2616's word for none; waiting for the close would hang instead.
            if !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity") {
                let is_chunked = coding.eq_ignore_ascii_case(b"chunked");
                self.coding = Some(if is_chunked { Coding::Chunked } else { Coding::Other });
            }
        }
    }

    /// A list of equal numbers is one number (RFC 9112 §6.3, rule 5).
    fn length(&mut self, value: &[u8]) {
        if self.length.is_none()
            && let Some(length) = short_number(value)
        {
            self.length = Some(Ok(length));
            return;
        }
        for member in list(value) {
            let length = number(member);
            self.length = Some(match (self.length, length) {
                (Some(Ok(first)), Ok(next)) if first != next => {
                    Err(ProtocolError::ContentLengthConflict)
                }
                (Some(Err(error)), _) => Err(error),
                (_, length) => length,
            });
        }
    }
}

fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// The usual case at a third of the cost: so few digits cannot overflow.
pub(super) fn short_number(digits: &[u8]) -> Option<u64> {
    if !matches!(digits.len(), 1..=18) {
        return None;
    }
    let mut number = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

/// Digits only: no sign, no space, no empty text.
fn number(digits: &[u8]) -> Result<u64, ProtocolError> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ProtocolError::ContentLength);
    }
    let text = str::from_utf8(digits).map_err(|_| ProtocolError::ContentLength)?;
    text.parse().map_err(|_| ProtocolError::ContentLength)
}
