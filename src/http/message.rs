//! A request as HTTP/2 and HTTP/3 have it, made of what HTTP/1.1 would send.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::Uri;
use http::Version;

use crate::http::h1::MAX_FIELDS;

/// Why a request cannot be sent over HTTP/2 or HTTP/3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The head is not one that they can say.
    #[error("`{part}` cannot be sent over HTTP/2 or HTTP/3")]
    Head {
        /// The method, path, host or header in question.
        part: String,
    },
    /// The body's coding has no meaning there.
    #[error("Transfer-Encoding does not exist in HTTP/2 and HTTP/3; remove the header")]
    TransferEncoding,
}

/// A request: its head prepared, its body shared by all that send it.
#[derive(Debug, Clone)]
pub struct Message {
    pub(super) head: Request<()>,
    pub(super) body: Bytes,
}

impl Message {
    /// The request whose HTTP/1.1 form is `bytes`: names in lower case, `Host` as `:authority`,
    /// headers that speak about the connection left out (RFC 9113 §8.2.2, RFC 9114 §4.2).
    ///
    /// # Errors
    /// [`MessageError`] for what they have no form for.
    pub fn of_h1(scheme: &str, bytes: &[u8]) -> Result<Self, MessageError> {
        let mut storage = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Request::new(&mut storage);
        let first_line = || {
            let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
            MessageError::Head { part: String::from_utf8_lossy(line).into_owned() }
        };
        let Ok(httparse::Status::Complete(length)) = parsed.parse(bytes) else {
            return Err(first_line());
        };
        let (method, path) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
        let (host, headers) = headers(parsed.headers)?;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| first_line())?;
        let uri = Uri::builder().scheme(scheme).authority(host.as_str()).path_and_query(path);
        let mut head = Request::new(());
        *head.uri_mut() = uri.build().map_err(|_| first_line())?;
        *head.method_mut() = method;
        *head.version_mut() = Version::HTTP_2;
        *head.headers_mut() = headers;
        Ok(Self { head, body: Bytes::copy_from_slice(&bytes[length..]) })
    }

    /// The same head before another body, whose length it does not tell.
    #[must_use]
    pub fn with_body(mut self, body: Bytes) -> Self {
        self.head.headers_mut().remove(http::header::CONTENT_LENGTH);
        self.body = body;
        self
    }
}

fn headers(fields: &[httparse::Header<'_>]) -> Result<(String, HeaderMap), MessageError> {
    let mut map = HeaderMap::new();
    let mut host = String::new();
    let named = |name: &str| {
        fields.iter().filter(|field| field.name.eq_ignore_ascii_case("connection")).any(|field| {
            let value = String::from_utf8_lossy(field.value);
            value.split(',').any(|token| token.trim().eq_ignore_ascii_case(name))
        })
    };
    for field in fields {
        let fault = || MessageError::Head {
            part: format!("{}: {}", field.name, String::from_utf8_lossy(field.value)),
        };
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| fault())?;
        match name.as_str() {
            "host" => {
                std::str::from_utf8(field.value).map_err(|_| fault())?.clone_into(&mut host);
                continue;
            }
            "transfer-encoding" => return Err(MessageError::TransferEncoding),
            "connection" | "keep-alive" | "proxy-connection" | "upgrade" => continue,
            "te" if field.value != b"trailers" => continue,
            name if named(name) => continue,
            _ => {}
        }
        let value = HeaderValue::from_bytes(field.value).map_err(|_| fault())?;
        map.append(name, value);
    }
    Ok((host, map))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Result<Message, MessageError> {
        Message::of_h1("http", text.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn what_speaks_about_the_connection_stays_behind() {
        let text = "POST /a?b=%00 HTTP/1.1\nHost: h:1\nX-A: 1\nConnection: keep-alive, x-b\n\
                    X-B: 2\nTE: gzip\nx-a: 3\nContent-Length: 2\n\nok";
        let Message { head, body } = message(text).expect("all of it can be said");
        assert_eq!(
            (head.method().as_str(), head.uri().to_string().as_str()),
            ("POST", "http://h:1/a?b=%00")
        );
        let headers: Vec<_> =
            head.headers().iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
        let expected: [(&str, &[u8]); 3] = [("x-a", b"1"), ("x-a", b"3"), ("content-length", b"2")];
        assert_eq!(headers, expected);
        assert_eq!(&body[..], b"ok");
    }

    #[test]
    fn what_has_no_form_in_frames_is_refused() {
        let chunked = message("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n0\n\n");
        assert_eq!(chunked.expect_err("no such coding"), MessageError::TransferEncoding);
        for text in ["GET /\u{1} HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\nHost: a b\n\n"] {
            assert!(matches!(message(text), Err(MessageError::Head { .. })), "{text}");
        }
    }
}
