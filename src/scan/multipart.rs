//! `multipart/form-data` (RFC 7578): written for forms, and read again where values are replaced.

use std::ops::Range;

use super::fill::Filled;

/// Parts read of one body at most.
const MAX_PARTS: usize = 200;

/// A part of a body, by its place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub name: String,
    /// Of a file.
    pub is_file: bool,
    pub value: Range<usize>,
    /// Of a file, its name between the quotes.
    pub file_name: Option<Range<usize>>,
    /// What it says it is.
    pub media_type: Option<Range<usize>>,
}

/// A form's body and its media type.
pub(crate) fn written(filled: &Filled) -> (String, Vec<u8>) {
    let boundary = boundary(filled);
    let mut body = Vec::new();
    for (name, value) in &filled.fields {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n",
            quoted(name)
        );
        body.extend(head.into_bytes());
        body.extend(value.as_bytes());
        body.extend(b"\r\n");
    }
    for (name, file) in &filled.files {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
             Content-Type: {}\r\n\r\n",
            quoted(name),
            quoted(&file.name),
            file.kind
        );
        body.extend(head.into_bytes());
        body.extend(&file.contents);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A line that stands in no value. The same form has the same one, so that it is the same request.
fn boundary(filled: &Filled) -> String {
    let mut boundary = "shakedown-form-7f3a".to_owned();
    let has = |boundary: &str| {
        filled.fields.iter().any(|(_, value)| value.contains(boundary))
            || filled.files.iter().any(|(_, file)| {
                memchr::memmem::find(&file.contents, boundary.as_bytes()).is_some()
            })
    };
    while has(&boundary) {
        boundary.push('x');
    }
    boundary
}

/// As browsers escape names (<https://html.spec.whatwg.org/#multipart-form-data>).
pub(crate) fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The parts of a body of that media type.
pub(crate) fn parts(media_type: &str, body: &[u8]) -> Vec<Part> {
    let mut found = Vec::new();
    let Some(boundary) = boundary_of(media_type) else { return found };
    let line = format!("--{boundary}");
    let mut at = 0;
    while found.len() < MAX_PARTS {
        let Some(start) = memchr::memmem::find(&body[at..], line.as_bytes()) else { break };
        let head = at + start + line.len();
        let Some(blank) = memchr::memmem::find(&body[head..], b"\r\n\r\n") else { break };
        let value = head + blank + 4;
        let next = memchr::memmem::find(&body[value..], format!("\r\n{line}").as_bytes());
        let Some(length) = next else { break };
        let text = String::from_utf8_lossy(&body[head..head + blank]);
        if let Some(name) = parameter(&text, "name") {
            let is_file = parameter(&text, "filename").is_some();
            let part_head = &body[head..head + blank];
            found.push(Part {
                name,
                is_file,
                value: value..value + length,
                file_name: between(part_head, head, b"; filename=\"", b"\""),
                media_type: between(part_head, head, b"Content-Type: ", b"\r\n"),
            });
        }
        at = value + length + 2;
    }
    found
}

/// What stands between two texts in a part's head, which begins at `offset`; the second may be its end.
fn between(head: &[u8], offset: usize, before: &[u8], after: &[u8]) -> Option<Range<usize>> {
    let start = memchr::memmem::find(head, before)? + before.len();
    let length = memchr::memmem::find(&head[start..], after).unwrap_or(head.len() - start);
    Some(offset + start..offset + start + length)
}

fn boundary_of(media_type: &str) -> Option<&str> {
    let (kind, parameters) = media_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary="))?;
    let boundary = boundary.trim().trim_matches('"');
    (!boundary.is_empty()).then_some(boundary)
}

/// `name="…"` of a `Content-Disposition` line.
fn parameter(head: &str, name: &str) -> Option<String> {
    let line =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let (_, after) = line.split_once(&format!("; {name}=\""))?;
    after.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::fill::SampleFile;

    fn filled(fields: &[(&str, &str)]) -> Filled {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let file =
            SampleFile { name: "a.txt".into(), kind: "text/plain".into(), contents: b"x".to_vec() };
        Filled { fields: fields.iter().map(pair).collect(), files: vec![("f".into(), file)] }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (kind, body) = written(&filled(&[("a", "1"), ("b\"", "x\r\ny shakedown-form-7f3a")]));
        let parts = parts(&kind, &body);
        let seen: Vec<_> = parts
            .iter()
            .map(|part| (part.name.as_str(), &body[part.value.clone()], part.is_file))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", b"1".as_slice(), false),
                ("b%22", b"x\r\ny shakedown-form-7f3a", false),
                ("f", b"x", true)
            ]
        );
    }

    proptest! {
        #[test]
        fn any_body_is_read(body in r"(--b|\r\n|Content-Disposition: form-data; name=.a.|x){0,20}") {
            for part in parts("multipart/form-data; boundary=b", body.as_bytes()) {
                prop_assert!(part.value.end <= body.len());
            }
        }
    }
}
