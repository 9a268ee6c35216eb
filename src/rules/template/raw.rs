//! A request written out as text.

use super::address::{Address, split};
use super::make::joined_query;
use crate::model::Header;

/// The parts of such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawRequest {
    pub(super) method: String,
    /// As written, a whole URL cut to its path; empty where there is none.
    pub(super) path: String,
    /// The same before it was cut.
    written_path: String,
    pub(super) headers: Vec<Header>,
    pub(super) body: Vec<u8>,
    /// Everything, without annotations.
    bytes: Vec<u8>,
}

/// Where a raw request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) address: Address,
    /// What stands in the request line of one that is sent byte for byte.
    pub(super) as_sent: Vec<u8>,
}

impl RawRequest {
    /// Reads `text`, whose lines end in CR LF or LF.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn parse(text: &[u8], is_unsafe: bool) -> Result<Self, String> {
        let mut rest = text;
        let line = loop {
            let Some((line, after)) = next_line(rest) else {
                return Err("the raw request has no request line".to_owned());
            };
            if line.starts_with(b"@") {
                rest = after;
                continue;
            }
            rest = after;
            break line;
        };
        let bytes = [line, b"\r\n", rest].concat();
        let line = String::from_utf8_lossy(line).into_owned();
        let mut words: Vec<&str> = line.split_whitespace().collect();
        if words.len() == 2 && words[1].contains("HTTP") {
            words.insert(1, "");
        }
        if words.len() < 3 && !is_unsafe {
            return Err(format!("`{line}` is no request line like `GET / HTTP/1.1`"));
        }
        let method = words.first().copied().unwrap_or_default().to_owned();
        let written_path = words.get(1).copied().unwrap_or_default().to_owned();
        let (headers, body) = headers_and_body(rest, is_unsafe);
        let path = relative(&written_path).to_owned();
        Ok(Self { method, path, written_path, headers, body, bytes })
    }

    /// Joins the target's path and the request's.
    pub(super) fn join(&self, target: &Address, is_unsafe: bool) -> Joined {
        let (path, query) = split(&self.path);
        let mut address = target.clone();
        address.query = joined_query(target.query.as_deref(), query);
        let is_bare = matches!(target.path.as_str(), "" | "/") && !self.path.starts_with('/');
        if is_unsafe && is_bare && !self.path.is_empty() {
            let as_sent = match target.query.as_deref().filter(|query| !query.is_empty()) {
                Some(_) => format!("{path}?{}", address.query.as_deref().unwrap_or_default()),
                None => self.path.clone(),
            };
            address.path = format!("/{path}");
            return Joined { address, as_sent: as_sent.into_bytes() };
        }
        // A lone slash adds nothing to the target's path.
        let added = if path == "/" && !target.path.is_empty() { "" } else { path };
        address.path = joined_path(&target.path, added);
        let as_sent = address.path_and_query().into_bytes();
        Joined { address, as_sent }
    }

    /// The bytes with another path in the request line, and an end of the head where it has none.
    pub(super) fn bytes_with_path(&self, path: &[u8]) -> Vec<u8> {
        let written = self.written_path.as_bytes();
        let end = memchr::memchr(b'\n', &self.bytes).unwrap_or(self.bytes.len());
        let at = memchr::memmem::find(&self.bytes[..end], written).filter(|_| !written.is_empty());
        let mut out = match at {
            Some(at) => [&self.bytes[..at], path, &self.bytes[at + written.len()..]].concat(),
            None => self.bytes.clone(),
        };
        if memchr::memmem::find(&out, b"\r\n\r\n").is_none() {
            if !out.ends_with(b"\r\n") {
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

/// A URL's path and query; anything else as it is.
fn relative(path: &str) -> &str {
    let rest = ["http://", "https://"].into_iter().find_map(|scheme| path.strip_prefix(scheme));
    match rest {
        Some(rest) => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
        None => path,
    }
}

/// The target's path before the request's.
fn joined_path(target: &str, path: &str) -> String {
    if path.is_empty() {
        return target.to_owned();
    }
    let base = target.strip_suffix('/').unwrap_or(target);
    if path.starts_with('/') { format!("{base}{path}") } else { format!("{base}/{path}") }
}

fn next_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let (line, rest) = match memchr::memchr(b'\n', text) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &text[text.len()..]),
    };
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// Of several headers of one name the last one counts, unless all are sent as they are. The line break
/// at the end of a body goes, unless it has several parts.
fn headers_and_body(mut rest: &[u8], is_unsafe: bool) -> (Vec<Header>, Vec<u8>) {
    let mut headers: Vec<Header> = Vec::new();
    let mut has_parts = false;
    while let Some((line, after)) = next_line(rest) {
        rest = after;
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(at) => (&line[..at], line[at + 1..].trim_ascii()),
            None => (line, &line[line.len()..]),
        };
        let name = String::from_utf8_lossy(name).into_owned();
        has_parts |= name.eq_ignore_ascii_case("content-type")
            && memchr::memmem::find(value, b"multipart/").is_some();
        if !is_unsafe {
            headers.retain(|header| !header.is(&name));
        }
        headers.push(Header::new(name.trim(), value));
    }
    let body = if has_parts { rest } else { rest.strip_suffix(b"\r\n").unwrap_or(rest) };
    (headers, body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn join(raw: &str, target: &str, is_unsafe: bool) -> String {
        let text = format!("{raw}\r\nHost: x\r\n\r\n");
        let raw = RawRequest::parse(text.as_bytes(), is_unsafe).expect("a request");
        let target = Address::of(&Target::parse(target).expect("a target"));
        let joined = raw.join(&target, is_unsafe);
        let bytes = raw.bytes_with_path(&joined.as_sent);
        if is_unsafe {
            let end = memchr::memchr(b'\r', &bytes).expect("a line");
            return String::from_utf8_lossy(&bytes[..end]).into_owned();
        }
        joined.address.path_and_query()
    }

    #[test]
    fn the_targets_path_goes_before_the_templates() {
        for (raw, target, wanted) in [
            ("GET /x?b=2 HTTP/1.1", "http://h/app/?a=1", "/app/x?a=1&b=2"),
            ("GET / HTTP/1.1", "http://h/app/", "/app/"),
            ("GET / HTTP/1.1", "http://h", "/"),
            ("GET HTTP/1.1", "http://h/app?a=1", "/app?a=1"),
            ("GET http://other/x HTTP/1.1", "http://h/", "/x"),
            ("GET //x HTTP/1.1", "http://h/", "//x"),
            ("GET x HTTP/1.1", "http://h/", "/x"),
        ] {
            assert_eq!(join(raw, target, false), wanted, "{raw} on {target}");
        }
    }

    #[test]
    fn what_is_sent_byte_for_byte_keeps_its_line() {
        for (raw, target, wanted) in [
            ("GET 1337?x=1 HTTP/1.1", "http://h/", "GET 1337?x=1 HTTP/1.1"),
            ("GET /a/../b  HTTP/9", "http://h/", "GET /a/../b  HTTP/9"),
            ("GET http://other/x HTTP/1.1", "http://h/app", "GET /app/x HTTP/1.1"),
        ] {
            assert_eq!(join(raw, target, true), wanted, "{raw} on {target}");
        }
    }

    #[test]
    fn headers_and_body_of_a_message() {
        let text = b"@timeout: 5s\r\nPOST /p HTTP/1.1\r\nHost: h\r\nX: 1\r\nx: 2\r\n\r\na=b\r\n";
        let raw = RawRequest::parse(text, false).expect("a request");
        assert_eq!(raw.method, "POST");
        assert_eq!(raw.headers, [Header::new("Host", "h"), Header::new("x", "2")]);
        assert_eq!(raw.body, b"a=b");
        assert!(RawRequest::parse(b"@once\r\n", false).is_err());
        assert!(RawRequest::parse(b"GET\r\n", false).is_err());
    }
}
