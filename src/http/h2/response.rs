//! What header blocks say about a response.

use http::header::HeaderName;

use super::hpack::Field;
use super::hpack::FieldSink;
use super::hpack::Known;
use super::hpack::Malformed;
use super::hpack::Text;
use crate::http::h1::Head;
use crate::model::HttpVersion;

/// Bytes of a header list that are read, as for HTTP/1.1.
pub(super) const MAX_HEADER_LIST: usize = 64 * 1024;

/// The fields of one block, written out in the form of HTTP/1.1 if somebody looks at them.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// Empty at first, and to the end where nobody looks.
    lines: &'a mut Vec<u8>,
    is_wanted: bool,
    status: Option<u16>,
    length: Option<u64>,
    size: usize,
    has_pseudo: bool,
    has_regular: bool,
    fault: Option<&'static str>,
}

/// A head that is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) length: Option<u64>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(lines: &'a mut Vec<u8>, is_wanted: bool) -> Self {
        lines.clear();
        if is_wanted {
            lines.extend_from_slice(b"HTTP/2\r\n");
        }
        Self {
            lines,
            is_wanted,
            status: None,
            length: None,
            size: 0,
            has_pseudo: false,
            has_regular: false,
            fault: None,
        }
    }

    /// # Errors
    /// Why it is no head of a response (RFC 9113 §8.1.1).
    pub(super) fn status(&self) -> Result<Status, &'static str> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let code = self.status.ok_or("HTTP/2: a response has no valid status")?;
        Ok(Status { code, length: self.length })
    }

    /// # Errors
    /// Why they cannot stand behind a body.
    pub(super) fn trailers(&self) -> Result<(), &'static str> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.has_pseudo => Err("HTTP/2: a status stands behind a response's body"),
            None => Ok(()),
        }
    }

    /// All of it, after the last field.
    pub(super) fn head(&mut self, status: u16) -> Head<'_> {
        if self.is_wanted {
            self.lines.extend_from_slice(b"\r\n");
        }
        Head::of_lines(HttpVersion::Http2, status, self.length, self.lines)
    }

    fn pseudo(&mut self, field: &Field<'_>) -> Result<(), Malformed> {
        self.has_pseudo = true;
        if field.known != Known::Status || self.has_regular || self.status.is_some() {
            self.fault = Some("HTTP/2: a response's head has a pseudo-header that is not its own");
            return Ok(());
        }
        let mut digits = [0; 3];
        if short(field.value, self.lines, &mut digits)? != digits.len() {
            return Ok(());
        }
        let text = std::str::from_utf8(&digits).ok();
        self.status = text.and_then(|text| text.parse().ok()).filter(|code| *code >= 100);
        Ok(())
    }

    fn write(&mut self, field: &Field<'_>) -> Result<(), Malformed> {
        let start = self.lines.len();
        self.lines.extend_from_slice(field.name);
        self.lines.extend_from_slice(b": ");
        let value = self.lines.len();
        field.value.write(self.lines)?;
        let is_name = !field.name.is_empty()
            && !field.name.iter().any(u8::is_ascii_uppercase)
            && HeaderName::from_bytes(field.name).is_ok();
        let is_value = self.lines[value..]
            .iter()
            .all(|byte| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f));
        if !(is_name && is_value) {
            self.lines.truncate(start);
            self.fault = Some("HTTP/2: a response's head has a field that is malformed");
            return Ok(());
        }
        self.lines.extend_from_slice(b"\r\n");
        Ok(())
    }
}

impl FieldSink for Fields<'_> {
    fn field(&mut self, field: Field<'_>) -> Result<(), Malformed> {
        self.size += field.size();
        if self.size > MAX_HEADER_LIST {
            self.fault = Some("HTTP/2: a response's head is larger than the 64 KiB that are read");
            return Ok(());
        }
        match field.known {
            Known::Status | Known::Pseudo => return self.pseudo(&field),
            Known::ContentLength => {
                let mut digits = [0; 20];
                let count = short(field.value, self.lines, &mut digits)?;
                let text = digits.get(..count).and_then(|text| std::str::from_utf8(text).ok());
                match text.filter(|text| !text.starts_with('+')).and_then(|text| text.parse().ok())
                {
                    Some(length) if self.length.is_none_or(|had| had == length) => {
                        self.length = Some(length);
                    }
                    _ => self.fault = Some("HTTP/2: a response's Content-Length is no number"),
                }
            }
            Known::Other => {}
        }
        self.has_regular = true;
        if self.is_wanted { self.write(&field) } else { Ok(()) }
    }
}

/// Writes out a value that should be short, if it fits, and says how long it is; `scratch` is left
/// as it was.
fn short(value: Text<'_>, scratch: &mut Vec<u8>, out: &mut [u8]) -> Result<usize, Malformed> {
    if value.wire_len() > out.len() {
        return Ok(usize::MAX);
    }
    let start = scratch.len();
    value.write(scratch)?;
    let length = scratch.len() - start;
    if let Some(place) = out.get_mut(..length) {
        place.copy_from_slice(&scratch[start..]);
    }
    scratch.truncate(start);
    Ok(length)
}
