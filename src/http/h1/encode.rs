//! A request as bytes: what the [`Request`] says, and only what is missing added.

use crate::model::Header;
use crate::model::Request;

/// Why a request cannot be written without becoming another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// CR or LF in the method, the path or the host.
    #[error("the request line would be broken by a line break in `{}`", .text.escape_default())]
    RequestLine {
        /// The part with the line break.
        text: String,
    },
    /// CR or LF in a header's name or value.
    #[error("the header `{}` has a line break in its name or value", .name.escape_default())]
    Header {
        /// The header's name.
        name: String,
    },
}

/// Appends `request` to `out` as HTTP/1.1 bytes.
///
/// Path and headers go out as they are: nothing is normalised, names keep their case, duplicates
/// stay, and any byte but CR and LF passes, because scanners need odd ones. `Host` is put first
/// unless given; headers of `extra` follow unless the request has one of that name;
/// `Content-Length` comes last for a body, and as `0` for POST, PUT and PATCH (RFC 9110 §8.6),
/// unless it or `Transfer-Encoding` is given.
///
/// # Errors
/// [`EncodeError`] for a line break, and then `out` is as it was.
pub fn encode(request: &Request, extra: &[Header], out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let host = request.origin.host_header();
    check(request, extra, &host)?;
    let added = || extra.iter().filter(|header| request.header(&header.name).is_none());
    let has = |name| request.header(name).is_some() || extra.iter().any(|header| header.is(name));

    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(&request.path_and_query);
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if !has("host") {
        write_header(out, "Host", host.as_bytes());
    }
    for header in added().filter(|header| header.is("host")) {
        write_header(out, &header.name, &header.value);
    }
    for header in &request.headers {
        write_header(out, &header.name, &header.value);
    }
    for header in added().filter(|header| !header.is("host")) {
        write_header(out, &header.name, &header.value);
    }
    let expects_length =
        !request.body.is_empty() || matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    if expects_length && !has("content-length") && !has("transfer-encoding") {
        write_header(out, "Content-Length", request.body.len().to_string().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&request.body);
    Ok(())
}

fn check(request: &Request, extra: &[Header], host: &str) -> Result<(), EncodeError> {
    let line = [request.method.as_str().as_bytes(), &request.path_and_query, host.as_bytes()];
    if let Some(part) = line.into_iter().find(|part| breaks_line(part)) {
        return Err(EncodeError::RequestLine { text: String::from_utf8_lossy(part).into_owned() });
    }
    let broken = request
        .headers
        .iter()
        .chain(extra)
        .find(|header| breaks_line(header.name.as_bytes()) || breaks_line(&header.value));
    match broken {
        Some(header) => Err(EncodeError::Header { name: header.name.clone() }),
        None => Ok(()),
    }
}

fn breaks_line(bytes: &[u8]) -> bool {
    memchr::memchr2(b'\r', b'\n', bytes).is_some()
}

fn write_header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Method;
    use crate::model::Target;

    fn request(method: &str, path: &[u8], headers: &[(&str, &str)], body: &[u8]) -> Request {
        Request {
            origin: Target::parse("http://127.0.0.1:8080/").expect("valid").origin,
            method: Method::new(method),
            path_and_query: path.to_vec(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: body.to_vec(),
        }
    }

    fn encoded(request: &Request, extra: &[(&str, &str)]) -> String {
        let extra: Vec<_> = extra.iter().map(|(name, value)| Header::new(*name, *value)).collect();
        let mut out = Vec::new();
        encode(request, &extra, &mut out).expect("no line break");
        String::from_utf8(out).expect("the test sends UTF-8")
    }

    #[test]
    fn a_plain_get_has_host_and_nothing_else() {
        let get = request("GET", b"/a/../b?x=%00'<>", &[], b"");
        assert_eq!(
            encoded(&get, &[]),
            "GET /a/../b?x=%00'<> HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
        );
    }

    #[test]
    fn extra_headers_yield_to_the_requests_own() {
        let get = request("GET", b"/", &[("x-A", "1"), ("X-a", "2"), ("hOST", "h")], b"");
        assert_eq!(
            encoded(&get, &[("X-A", "9"), ("Host", "other"), ("User-Agent", "u")]),
            "GET / HTTP/1.1\r\nx-A: 1\r\nX-a: 2\r\nhOST: h\r\nUser-Agent: u\r\n\r\n"
        );
    }

    #[test]
    fn a_host_among_the_extra_headers_replaces_the_origins_and_comes_first() {
        let get = request("GET", b"/", &[("A", "1")], b"");
        assert_eq!(
            encoded(&get, &[("host", "virtual")]),
            "GET / HTTP/1.1\r\nhost: virtual\r\nA: 1\r\n\r\n"
        );
    }

    #[test]
    fn content_length_is_added_where_a_receiver_needs_it() {
        let head = "HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n";
        let cases: [(Request, &str); 5] = [
            (request("POST", b"/", &[], b""), "Content-Length: 0\r\n\r\n"),
            (request("DELETE", b"/", &[], b""), "\r\n"),
            (request("DELETE", b"/", &[], b"ab"), "Content-Length: 2\r\n\r\nab"),
            (
                request("POST", b"/", &[("content-length", "9")], b"ab"),
                "content-length: 9\r\n\r\nab",
            ),
            (
                request("POST", b"/", &[("Transfer-encoding", "chunked")], b"0\r\n\r\n"),
                "Transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            ),
        ];
        for (request, rest) in cases {
            assert_eq!(encoded(&request, &[]), format!("{} / {head}{rest}", request.method));
        }
    }

    #[test]
    fn odd_bytes_pass_and_line_breaks_do_not() {
        let mut out = b"before".to_vec();
        let odd = request("G T", b"/\0\xff \t", &[("a b:", "\u{7f}\0")], b"");
        encode(&odd, &[], &mut out).expect("no line break");
        assert!(out.starts_with(b"beforeG T /\0\xff \t HTTP/1.1\r\n"));
        assert!(out.ends_with(b"a b:: \x7f\0\r\n\r\n"));
        let length = out.len();
        for broken in [
            request("GET\n", b"/", &[], b""),
            request("GET", b"/\r", &[], b""),
            request("GET", b"/", &[("a\r\nb", "")], b""),
            request("GET", b"/", &[("a", "x\nb: c")], b""),
        ] {
            assert!(encode(&broken, &[], &mut out).is_err());
        }
        assert!(
            encode(&request("GET", b"/", &[], b""), &[Header::new("a", "\r")], &mut out).is_err()
        );
        assert_eq!(out.len(), length);
    }
}
