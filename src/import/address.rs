//! URLs of foreign files as the plan has them: origin and encoded path.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

use super::text::Text;
use crate::model::Origin;
use crate::model::inert;

/// What is written otherwise in a path; `%` stays, it encodes already.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^');
/// Within one segment, or one value of a query, of a text that is not yet encoded.
const SEGMENT: &AsciiSet =
    &PATH.add(b'%').add(b'/').add(b'?').add(b'&').add(b'=').add(b'+').add(b';').add(b'[').add(b']');

/// Where a service is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Base {
    /// Scheme, host and port.
    pub(super) origin: Option<String>,
    /// What stands before every path; empty or `/…` without a `/` at its end.
    pub(super) path: String,
}

/// The base that a URL names; one without a host has only a path.
pub(super) fn base(text: &str) -> Result<Base, String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('/') && !text.starts_with("//") || text.starts_with('.')
    {
        return Ok(Base { origin: None, path: folder(text.trim_start_matches('.')) });
    }
    let text = if text.starts_with("//") { format!("https:{text}") } else { text.to_owned() };
    let (origin, rest) = split(&text)?;
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    Ok(Base { origin: Some(origin), path: folder(path) })
}

/// A path that others are appended to.
pub(super) fn folder(path: &str) -> String {
    let path = encoded(path.split(['?', '#']).next().unwrap_or_default());
    let path = path.trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

/// Origin, and what follows it as it is written, from `/` on.
pub(super) fn split(url: &str) -> Result<(String, String), String> {
    // Without what may be a password.
    let shown = || match url.split_once('@') {
        Some((_, rest)) => format!("…@{}", inert(rest, 120)),
        None => inert(url, 120),
    };
    let parsed = Url::parse(url).map_err(|error| format!("`{}` is no URL: {error}", shown()))?;
    let origin = Origin::of(&parsed).map_err(|_| format!("`{}` is no HTTP URL", shown()))?;
    let is_host =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '/');
    if !origin.to_string().chars().all(is_host) {
        return Err(format!("`{}` has no host that could be asked", shown()));
    }
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let start = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let rest = rest[start..].split('#').next().unwrap_or_default();
    let slash = if rest.starts_with('/') { "" } else { "/" };
    Ok((origin.to_string(), format!("{slash}{}", encoded(rest))))
}

/// A path as it can be sent: what cannot is encoded, what is encoded stays.
pub(super) fn encoded(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A text as a name or a value of a form.
pub(super) fn form_value(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Path without query, and the query's pairs if writing them again gives the same query; else the
/// whole stays a path.
pub(super) fn with_pairs(path_and_query: &str) -> (String, Vec<(String, Text)>) {
    let Some((path, query)) = path_and_query.split_once('?') else {
        return (path_and_query.to_owned(), Vec::new());
    };
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut again = url::form_urlencoded::Serializer::new(String::new());
    // The plan writes pairs of one name together.
    let mut ordered: Vec<&(String, String)> = Vec::new();
    for pair in &pairs {
        if !ordered.iter().any(|known| known.0 == pair.0) {
            ordered.extend(pairs.iter().filter(|other| other.0 == pair.0));
        }
    }
    again.extend_pairs(ordered);
    let is_same = again.finish() == query.replace("%20", "+");
    if pairs.is_empty() || !is_same || pairs.iter().any(|(name, _)| name.len() > 200) {
        return (path_and_query.to_owned(), Vec::new());
    }
    (path.to_owned(), pairs.into_iter().map(|(name, value)| (name, Text::literal(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_have_an_origin_or_none() {
        let of = |text: &str| {
            let base = base(text).expect("a base");
            (base.origin.unwrap_or_default(), base.path)
        };
        assert_eq!(of("https://a.example:443/v1/"), ("https://a.example".into(), "/v1".into()));
        assert_eq!(of("/api"), (String::new(), "/api".into()));
        assert_eq!(of("/"), (String::new(), String::new()));
        assert_eq!(of("//b.example/x?y#z"), ("https://b.example".into(), "/x".into()));
        assert!(base("ftp://a/").is_err() && base("https://{a}/").is_err());
    }

    #[test]
    fn queries_are_pairs_only_if_nothing_changes() {
        let (path, pairs) = with_pairs("/a?x=1&y=a%20b&x=2");
        assert_eq!(path, "/a?x=1&y=a%20b&x=2", "pairs of one name would move together");
        assert!(pairs.is_empty());
        let (path, pairs) = with_pairs("/a?x=1&y=a+b");
        assert_eq!((path.as_str(), pairs.len()), ("/a", 2));
        assert_eq!(with_pairs("/a?flag").0, "/a?flag");
        assert_eq!(split("http://a:80?b=ü").expect("a URL").1, "/?b=%C3%BC");
    }
}
