//! A form with another file in it.

use crate::model::Header;
use crate::model::Request;
use crate::scan::probe::multipart_parts;

/// A line that stands in no part: what is sent is our own, but for what the form has.
const BOUNDARY: &str = "shakedown-upload-5c1e";

/// The request with this file in place of every one of its own; `None` where it has none.
pub(crate) fn with_file(
    request: &Request,
    name: &str,
    media_type: &str,
    contents: &[u8],
) -> Option<Request> {
    let kind = request.header("content-type")?.text().into_owned();
    let parts = multipart_parts(&kind, &request.body);
    if !parts.iter().any(|part| part.is_file) {
        return None;
    }
    let mut boundary = BOUNDARY.to_owned();
    while memchr::memmem::find(&request.body, boundary.as_bytes()).is_some() {
        boundary.push('x');
    }
    let mut body = Vec::new();
    for part in parts {
        let field = &part.name;
        let head = if part.is_file {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; \
                 filename=\"{name}\"\r\nContent-Type: {media_type}\r\n\r\n"
            )
        } else {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n")
        };
        body.extend(head.into_bytes());
        body.extend(if part.is_file { contents } else { &request.body[part.value] });
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    let mut changed = Request { body, ..request.clone() };
    changed.headers.retain(|it| !it.is("content-type") && !it.is("content-length"));
    let kind = format!("multipart/form-data; boundary={boundary}");
    changed.headers.push(Header::new("Content-Type", kind));
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    #[test]
    fn the_file_is_another_and_fields_stay() {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let mut request = Request::get(origin, "/x");
        request.headers.push(Header::new("Content-Type", "multipart/form-data; boundary=b"));
        request.body = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b\r\n\
            Content-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\n\r\ny\r\n--b--\r\n"
            .to_vec();
        let changed = with_file(&request, "w.html", "text/html", b"<p>").expect("it has a file");
        let kind = changed.header("content-type").expect("it has one").text().into_owned();
        let parts = multipart_parts(&kind, &changed.body);
        let seen: Vec<_> = parts
            .iter()
            .map(|part| (part.name.as_str(), part.is_file, &changed.body[part.value.clone()]))
            .collect();
        assert_eq!(seen, [("a", false, b"1".as_slice()), ("f", true, b"<p>".as_slice())]);
        assert!(with_file(&changed, "a", "b", b"").is_some());
        request.headers.clear();
        assert_eq!(with_file(&request, "a", "b", b""), None);
    }
}
