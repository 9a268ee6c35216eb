//! Requests and responses as text, as far as they can be taken apart: they were dumped for people.

use crate::model::Header;
use crate::model::HttpVersion;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Response;

/// The request of a dump; `None` where it has no request line.
pub(super) fn request(text: &str, origin: &Origin) -> Option<Request> {
    let (first, headers, body) = parts(text);
    let mut words = first.split(' ').filter(|word| !word.is_empty());
    let (method, target) = (words.next()?, words.next()?);
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    if !Header::is_name(method) {
        return None;
    }
    let mut request = Request::get(origin.clone(), path_of(target));
    request.method = Method::new(method);
    request.headers = headers;
    request.body = body.as_bytes().to_vec();
    Some(request)
}

/// The response of a dump; `None` where it has no status line.
pub(super) fn response(text: &str) -> Option<Response> {
    let (first, headers, body) = parts(text);
    let (version, rest) = first.strip_prefix("HTTP/")?.split_once(' ')?;
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = status.parse().ok().filter(|status| (100..=999).contains(status))?;
    Some(Response {
        status,
        reason: reason.trim().to_owned(),
        // Go writes 2.0 where others write 2.
        version: HttpVersion::parse(version.trim_end_matches(".0")).unwrap_or(HttpVersion::Http11),
        headers,
        body: body.as_bytes().to_vec(),
        wire_len: text.len() as u64,
        truncated: false,
    })
}

/// A target without scheme and host, where it has them.
pub(super) fn path_of(target: &str) -> String {
    let Some((_, rest)) = target.split_once("://") else {
        return if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    };
    rest.find(['/', '?']).map_or_else(
        || "/".to_owned(),
        |at| {
            if rest[at..].starts_with('?') {
                format!("/{}", &rest[at..])
            } else {
                rest[at..].to_owned()
            }
        },
    )
}

/// First line, headers, body. A line that is no header is left out.
fn parts(text: &str) -> (&str, Vec<Header>, &str) {
    let (head, body) =
        text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""));
    let mut lines = head.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let first = lines.next().unwrap_or_default();
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.trim(), value.trim());
        (Header::is_name(name) && Header::is_value(value)).then(|| Header::new(name, value))
    });
    (first, headers.collect(), body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    #[test]
    fn dumps_are_taken_apart() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let text = "POST http://x.example/a?b=c HTTP/1.1\r\nHost: x\r\nodd line\r\n\r\nk=v\n\nw";
        let made = request(text, &origin).expect("a request");
        assert_eq!((made.method.as_str(), &*made.path_and_query_text()), ("POST", "/a?b=c"));
        assert_eq!((made.headers.len(), made.body.as_slice()), (1, &b"k=v\n\nw"[..]));
        let made = response("HTTP/2.0 404 Not Found\nServer: x\n\nno").expect("a response");
        assert_eq!(
            (made.status, &*made.reason, made.version),
            (404, "Not Found", HttpVersion::Http2)
        );
        assert_eq!(made.body, b"no");
    }

    #[test]
    fn what_is_no_message_is_none() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        for text in ["", "GET", "GET /", "a b c", "\0 / HTTP/1.1"] {
            assert!(request(text, &origin).is_none(), "{text:?}");
        }
        for text in ["", "HTTP/1.1", "HTTP/1.1 x", "HTTP/1.1 99 y", "hello"] {
            assert!(response(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_target_is_reduced_to_its_path() {
        for (target, path) in [
            ("/a?b", "/a?b"),
            ("a", "/a"),
            ("http://h", "/"),
            ("http://h/x?y", "/x?y"),
            ("http://h?y", "/?y"),
        ] {
            assert_eq!(path_of(target), path);
        }
    }
}
