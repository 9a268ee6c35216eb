//! HTTP/1 requests: one on a connection, answered with a page that has the id backwards in it, so
//! that a target that shows what it fetched is seen to do so.

use super::conversation::Told;
use super::id::candidates;
use super::interaction::OobProtocol;

const MAX_HEADERS: usize = 100;

/// What is known of a request so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// More is to come; whether the sender waits to be told to go on.
    Partial { waits: bool },
    /// It is here, in so many bytes.
    Whole { len: usize, told: Told },
}

/// Looks at the bytes of a request; `is_end` if there will be no more of them.
pub(super) fn request(bytes: &[u8], is_end: bool) -> Request {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let parsed = head.parse(bytes);
    let question = question(&head);
    let head_len = match parsed {
        Ok(httparse::Status::Complete(len)) => len,
        wrong => {
            let end = if wrong.is_err() { end_of_lines(bytes) } else { None };
            return match end {
                None if !is_end => Request::Partial { waits: false },
                _ => whole(bytes, end.unwrap_or(bytes.len()), question, "400 Bad Request", "GET"),
            };
        }
    };
    let body = &bytes[head_len..];
    let len = match body_len(&head, body) {
        Some(len) if len <= body.len() => len,
        _ if is_end => body.len(),
        _ => {
            let expect = header(&head, "expect");
            let waits = expect.is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
            return Request::Partial { waits };
        }
    };
    whole(bytes, head_len + len, question, "200 OK", head.method.unwrap_or_default())
}

/// Behind the first empty line.
fn end_of_lines(bytes: &[u8]) -> Option<usize> {
    let ends = [&b"\n\r\n"[..], b"\n\n"];
    let found = ends.map(|end| memchr::memmem::find(bytes, end).map(|at| at + end.len()));
    found.into_iter().flatten().min()
}

fn whole(bytes: &[u8], len: usize, question: String, status: &str, method: &str) -> Request {
    let response = response(&question, status, method);
    let request = bytes[..len].to_vec();
    Request::Whole { len, told: Told { protocol: OobProtocol::Http, question, request, response } }
}

/// Method, target and host.
fn question(head: &httparse::Request<'_, '_>) -> String {
    let host = header(head, "host").unwrap_or_default();
    let (method, target) = (head.method.unwrap_or_default(), head.path.unwrap_or_default());
    format!("{method} {target} {}", String::from_utf8_lossy(host))
}

fn header<'b>(head: &httparse::Request<'_, 'b>, name: &str) -> Option<&'b [u8]> {
    let mut headers = head.headers.iter().filter(|header| !header.name.is_empty());
    headers.find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value)
}

/// How much of `body` belongs to the request; `None` while that is not known.
fn body_len(head: &httparse::Request<'_, '_>, body: &[u8]) -> Option<usize> {
    if header(head, "transfer-encoding").is_some() {
        let end = b"0\r\n\r\n";
        if body.starts_with(end) {
            return Some(end.len());
        }
        return memchr::memmem::find(body, b"\r\n0\r\n\r\n").map(|at| at + 2 + end.len());
    }
    let length = header(head, "content-length").unwrap_or(b"0");
    let length = std::str::from_utf8(length).ok().and_then(|length| length.trim().parse().ok());
    Some(length.unwrap_or(0))
}

fn response(question: &str, status: &str, method: &str) -> Vec<u8> {
    let id = candidates(question.as_bytes()).next();
    let reversed: String = id.iter().flat_map(|id| id.as_str().chars().rev()).collect();
    let page = format!("<html><head></head><body>{reversed}</body></html>");
    let body = if method == "HEAD" { "" } else { &*page };
    let len = page.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
