//! Answers without what nobody else may know.

use std::time::Duration;

use crate::model::Header;
use crate::model::HttpVersion;
use crate::model::Redactor;
use crate::model::Removed;
use crate::model::Response;

/// A cookie of a shorter value is a choice (`en`, `dark`), and no credential.
const LEAST_SECRET: usize = 6;

/// A shorter value of a cookie may stand in a page by chance.
const LEAST_IN_BODY: usize = 12;

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) version: HttpVersion,
    pub(super) head: Part,
    pub(super) body: Part,
    pub(super) wire_len: u64,
    pub(super) truncated: bool,
    pub(super) duration: Duration,
}

/// Head or body, and what is missing there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) bytes: Vec<u8>,
    removed: Vec<Removed>,
}

/// Whether cookies are credentials of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookies {
    /// They are kept.
    Anybodys,
    /// Their values are not.
    Somebodys,
}

impl Sealed {
    pub(super) fn of(
        response: &Response,
        duration: Duration,
        redactor: &Redactor,
        cookies: Cookies,
    ) -> Self {
        let mut head = Vec::new();
        let mut body = response.body.clone();
        for header in &response.headers {
            let mut value = header.value.clone();
            if cookies == Cookies::Somebodys && header.is("set-cookie") {
                let (masked, secret) = masked(&value);
                value = masked;
                if secret.len() >= LEAST_IN_BODY {
                    body = without(&body, &secret);
                }
            }
            head.extend_from_slice(header.name.as_bytes());
            head.push(b':');
            head.extend_from_slice(&value);
            head.push(b'\n');
        }
        Self {
            status: response.status,
            reason: response.reason.clone(),
            version: response.version,
            head: Part::taken(&head, redactor),
            body: Part::taken(&body, redactor),
            wire_len: response.wire_len,
            truncated: response.truncated,
            duration,
        }
    }

    /// The answer, by the secrets of now.
    pub(super) fn opened(self, redactor: &Redactor) -> (Response, Duration) {
        let response = Response {
            status: self.status,
            reason: self.reason,
            version: self.version,
            headers: headers(&self.head.whole(redactor)),
            body: self.body.whole(redactor),
            wire_len: self.wire_len,
            truncated: self.truncated,
        };
        (response, self.duration)
    }
}

impl Part {
    /// As it stands in a row.
    pub(super) fn of(bytes: Vec<u8>, removed: &str) -> Self {
        let line = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let at = words.next()?.parse().ok()?;
            let number = words.next()?.parse().ok()?;
            Some(Removed { at, number, name: words.next()?.to_owned() })
        };
        Self { bytes, removed: removed.lines().filter_map(line).collect() }
    }

    pub(super) fn taken(bytes: &[u8], redactor: &Redactor) -> Self {
        let (bytes, removed) = redactor.take_out(bytes);
        Self { bytes, removed }
    }

    pub(super) fn whole(self, redactor: &Redactor) -> Vec<u8> {
        if self.removed.is_empty() {
            return self.bytes;
        }
        redactor.put_back(&self.bytes, &self.removed)
    }

    /// Place, number and name of what is missing, one a line.
    pub(super) fn removed_text(&self) -> String {
        let line =
            |one: &Removed| format!("{} {} {}", one.at, one.number, one.name.replace('\n', " "));
        self.removed.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Whether the value of a `Set-Cookie` line was not kept.
pub(super) fn is_masked(line: &[u8]) -> bool {
    value_of(line).is_some_and(|range| line[range] == *Redactor::MASK.as_bytes())
}

/// The line without its value, and the value; nothing changes where that is too short.
fn masked(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let Some(range) = value_of(line).filter(|range| range.len() >= LEAST_SECRET) else {
        return (line.to_vec(), Vec::new());
    };
    let value = line[range.clone()].to_vec();
    let masked = [&line[..range.start], Redactor::MASK.as_bytes(), &line[range.end..]].concat();
    (masked, value)
}

fn value_of(line: &[u8]) -> Option<std::ops::Range<usize>> {
    let end = line.iter().position(|byte| *byte == b';').unwrap_or(line.len());
    let start = line[..end].iter().position(|byte| *byte == b'=')? + 1;
    let trimmed = line[start..end].trim_ascii();
    let from = start + (line[start..end].len() - line[start..end].trim_ascii_start().len());
    Some(from..from + trimmed.len())
}

fn without(text: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, secret) {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(Redactor::MASK.as_bytes());
        from = at + secret.len();
    }
    out.extend_from_slice(&text[from..]);
    out
}

fn headers(head: &[u8]) -> Vec<Header> {
    head.split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).into_owned();
            Some(Header::new(name, &line[colon + 1..]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> Response {
        Response {
            status: 200,
            reason: "OK".to_owned(),
            version: HttpVersion::Http11,
            headers: vec![
                Header::new("X", b"\xff:".as_slice()),
                Header::new("Set-Cookie", "sid=5f3a9c11bd20ee47; Path=/; HttpOnly"),
                Header::new("Set-Cookie", "lang = en ; Path=/"),
                Header::new("X-Echo", "lantern-58"),
            ],
            body: b"<p>lantern-58 and 5f3a9c11bd20ee47</p>".to_vec(),
            wire_len: 99,
            truncated: true,
        }
    }

    fn sealed(cookies: Cookies) -> Sealed {
        let redactor = Redactor::new([("PASSWORD", "lantern-58")]);
        Sealed::of(&response(), Duration::from_millis(7), &redactor, cookies)
    }

    #[test]
    fn nothing_of_a_login_is_kept_and_the_plans_secrets_come_back() {
        let sealed = sealed(Cookies::Somebodys);
        let kept = [sealed.head.bytes.as_slice(), &sealed.body.bytes].concat();
        let kept = String::from_utf8_lossy(&kept).into_owned();
        assert!(!kept.contains("lantern-58") && !kept.contains("5f3a9c11bd20ee47"), "{kept}");
        let removed = sealed.body.removed_text();
        assert_eq!(Part::of(sealed.body.bytes.clone(), &removed), sealed.body);
        let redactor = Redactor::new([("PASSWORD", "lantern-58")]);
        let (opened, duration) = sealed.opened(&redactor);
        assert_eq!(duration, Duration::from_millis(7));
        assert_eq!(opened.body, b"<p>lantern-58 and [redacted]</p>");
        assert_eq!(opened.headers[0], response().headers[0]);
        assert_eq!(opened.headers[1].value, b"sid=[redacted]; Path=/; HttpOnly");
        assert!(is_masked(&opened.headers[1].value));
        assert_eq!(opened.headers[2..], response().headers[2..]);
    }

    #[test]
    fn what_nobody_has_logged_in_for_comes_back_whole() {
        let redactor = Redactor::new([("PASSWORD", "lantern-58")]);
        assert_eq!(sealed(Cookies::Anybodys).opened(&redactor).0, response());
        assert!(!is_masked(b"novalue") && !is_masked(b"a=b") && !is_masked(b""));
    }
}
