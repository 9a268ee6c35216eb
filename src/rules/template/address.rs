//! The target's URL taken apart, as templates name its parts; and URLs put together again without
//! being normalised.

use super::bindings::Bindings;
use crate::model::Origin;
use crate::model::OriginError;
use crate::model::Target;

/// A URL in the parts in which it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) origin: Origin,
    /// Empty, or beginning with a slash.
    pub(super) path: String,
    /// Without the question mark.
    pub(super) query: Option<String>,
}

impl Address {
    /// Names of the URL's parts.
    pub(super) const NAMES: [&'static str; 15] = [
        "BaseURL", "RootURL", "Hostname", "Host", "Port", "Path", "Query", "File", "Scheme",
        "Input", "FQDN", "RDN", "DN", "TLD", "SD",
    ];

    pub(super) fn of(target: &Target) -> Self {
        let text = String::from_utf8_lossy(target.path_and_query.as_ref()).into_owned();
        let (path, query) = split(&text);
        Self {
            origin: target.origin.clone(),
            path: path.to_owned(),
            query: query.map(str::to_owned),
        }
    }

    /// Reads a URL that a template has made. What stands behind the host is kept as it is written.
    pub(super) fn parse(text: &str) -> Result<Self, OriginError> {
        let nothing = || OriginError::NoHost { text: text.to_owned() };
        let (scheme, rest) = text.split_once("://").ok_or_else(nothing)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let origin = Target::parse(&format!("{scheme}://{}", &rest[..end]))?.origin;
        let tail = rest[end..].split('#').next().unwrap_or_default();
        let (path, query) = split(tail);
        Ok(Self { origin, path: path.to_owned(), query: query.map(str::to_owned) })
    }

    /// Path and query as sent.
    pub(super) fn path_and_query(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        match &self.query {
            Some(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    }

    /// The parts by name. Where the text begins with `{{BaseURL}}/`, the URL's own slash at the end goes.
    pub(super) fn bindings(&self, drop_slash: bool) -> Bindings {
        let mut values = Bindings::default();
        let path =
            if drop_slash { self.path.strip_suffix('/').unwrap_or(&self.path) } else { &self.path };
        let origin = self.origin.to_string();
        let base = format!("{origin}{path}");
        let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
        let directory = match (directory, path.is_empty()) {
            (_, true) => "",
            ("", false) => "/",
            (directory, false) => directory,
        };
        values.set("BaseURL", base.clone());
        values.set("Input", base);
        values.set("RootURL", origin);
        values.set("Hostname", self.origin.host_header());
        values.set("Host", self.origin.host.clone());
        values.set("Port", self.origin.port.to_string());
        values.set("Path", directory);
        values.set("File", if file.is_empty() && !path.is_empty() { "/" } else { file });
        values.set("Query", "");
        values.set("Scheme", self.origin.scheme.as_str());
        self.name_parts(&mut values);
        values
    }

    /// Of a DNS name: the part that one can register, and what stands before and after it.
    fn name_parts(&self, values: &mut Bindings) {
        let host = self.origin.host.trim_end_matches('.');
        values.set("FQDN", host);
        if self.origin.literal_ip().is_some() {
            return;
        }
        let Some(domain) = psl::domain_str(host) else { return };
        let suffix = psl::suffix_str(host).unwrap_or_default();
        values.set("RDN", domain);
        values.set("TLD", suffix);
        values.set("DN", domain.strip_suffix(suffix).unwrap_or(domain).trim_end_matches('.'));
        values.set("SD", host.strip_suffix(domain).unwrap_or_default().trim_end_matches('.'));
    }
}

/// Path and query of what stands behind a host.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    }
}

/// A path as it may stand in a request line: what is valid stays, `%` without two digits becomes
/// `%25`, spaces, control characters and all beyond ASCII are encoded.
pub(super) fn sendable_path(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for (at, byte) in path.iter().enumerate() {
        let is_escape =
            || path.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        match byte {
            b'%' if !is_escape() => out.extend_from_slice(b"%25"),
            0x21..=0x7e
                if !matches!(
                    byte,
                    b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | b'\\'
                ) =>
            {
                out.push(*byte);
            }
            other => out.extend_from_slice(format!("%{other:02X}").as_bytes()),
        }
    }
    out
}

/// A query likewise: a space becomes `+`; keys without a value lose their `=` unless it is kept.
pub(super) fn sendable_query(query: &[u8], keep_equals: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(query.len());
    for (index, pair) in query.split(|byte| *byte == b'&').enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        let pair = if keep_equals { pair } else { pair.strip_suffix(b"=").unwrap_or(pair) };
        for byte in pair {
            match byte {
                b' ' => out.push(b'+'),
                0x21..=0x7e if !matches!(byte, b'#' | b'[' | b']' | b'^') => out.push(*byte),
                other => out.extend_from_slice(format!("%{other:02X}").as_bytes()),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bindings(url: &str, drop_slash: bool) -> Vec<(String, String)> {
        let address = Address::of(&Target::parse(url).expect("a target"));
        let bindings = address.bindings(drop_slash);
        bindings.texts().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn value(url: &str, drop_slash: bool, name: &str) -> String {
        let values = bindings(url, drop_slash);
        values
            .into_iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
            .unwrap_or_default()
    }

    #[test]
    fn parts_of_a_url() {
        let url = "http://www.shop.example.co.uk:8080/a/b.php?x=1";
        for (name, wanted) in [
            ("BaseURL", "http://www.shop.example.co.uk:8080/a/b.php"),
            ("RootURL", "http://www.shop.example.co.uk:8080"),
            ("Hostname", "www.shop.example.co.uk:8080"),
            ("Host", "www.shop.example.co.uk"),
            ("Port", "8080"),
            ("Path", "/a"),
            ("File", "b.php"),
            ("Scheme", "http"),
            ("FQDN", "www.shop.example.co.uk"),
            ("RDN", "example.co.uk"),
            ("DN", "example"),
            ("TLD", "co.uk"),
            ("SD", "www.shop"),
        ] {
            assert_eq!(value(url, false, name), wanted, "{name}");
        }
        assert_eq!(value("http://127.0.0.1/", true, "BaseURL"), "http://127.0.0.1");
        assert_eq!(value("http://127.0.0.1/", false, "BaseURL"), "http://127.0.0.1/");
        assert_eq!(value("http://127.0.0.1/", true, "Port"), "80");
    }

    #[test]
    fn what_is_written_is_sent_where_it_may_be() {
        assert_eq!(sendable_path(b"//a/..;/%2e%2/b c"), b"//a/..;/%2e%252/b%20c");
        assert_eq!(sendable_query(b"a= b&c=&d", false), b"a=+b&c&d");
        assert_eq!(sendable_query(b"a=&b=%27<", true), b"a=&b=%27<");
    }
}
