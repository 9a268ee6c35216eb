//! Recorded bytes of a request or response, taken apart for formats that have fields for the parts.

/// Head and body; what is no HTTP gives empty parts.
pub(super) struct Parts<'a> {
    /// The words of the first line, at most three.
    first: Vec<String>,
    /// In order.
    pub(super) headers: Vec<(String, String)>,
    /// Empty where there is none.
    pub(super) body: &'a [u8],
}

impl Parts<'_> {
    /// A word of the first line; empty where it has fewer.
    pub(super) fn word(&self, index: usize) -> &str {
        self.first.get(index).map_or("", String::as_str)
    }

    /// The value of the first header of that name, ASCII case ignored.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Takes a recorded message apart.
pub(super) fn parts(data: &[u8]) -> Parts<'_> {
    let end = memchr::memmem::find(data, b"\r\n\r\n");
    let (head, body) = end.map_or((data, &data[..0]), |end| (&data[..end], &data[end + 4..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default().splitn(3, ' ').map(str::to_owned).collect();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    Parts { first, headers, body }
}

/// The URL that a recorded request went to: its target, at the origin of `url`.
pub(super) fn absolute(target: &str, url: &str) -> String {
    let is_absolute = target.starts_with("http://") || target.starts_with("https://");
    let origin = url::Url::parse(url).ok().filter(url::Url::has_host);
    match origin {
        Some(origin) if !is_absolute && !target.is_empty() => {
            let slash = if target.starts_with('/') { "" } else { "/" };
            format!("{}{slash}{target}", origin.origin().ascii_serialization())
        }
        _ if is_absolute => target.to_owned(),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_put_behind_the_origin_of_the_finding() {
        assert_eq!(absolute("/a?b=1", "http://127.0.0.1:8080/x"), "http://127.0.0.1:8080/a?b=1");
        assert_eq!(absolute("*", "http://127.0.0.1/"), "http://127.0.0.1/*");
        assert_eq!(absolute("http://other/", "http://127.0.0.1/"), "http://other/");
        assert_eq!(absolute("", "no url"), "no url");
    }

    #[test]
    fn what_is_no_http_has_no_parts() {
        let odd = parts(b"\xff\xfe");
        assert_eq!((odd.word(1), odd.headers.len(), odd.body.len()), ("", 0, 0));
        let cut = parts(b"HTTP/1.1 200 Not so bad\r\nA: b");
        assert_eq!((cut.word(2), cut.header("a")), ("Not so bad", Some("b")));
    }
}
