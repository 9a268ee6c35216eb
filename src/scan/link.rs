//! URLs as the crawler sees them: resolved like a browser, and taken apart.

use url::Url;

use crate::model::Origin;
use crate::model::Request;

/// Longer URLs are a trap or a mistake.
const MAX_URL_LEN: usize = 2048;

/// A segment that occurs more often than this in one path is a loop of relative links.
const MAX_REPEATED_SEGMENT: usize = 3;

/// Segments of a path at most.
const MAX_SEGMENTS: usize = 24;

/// The page's URL joined with a reference from it, as a browser would: http(s) only, without
/// fragment and user information. `None` for what cannot be or should not be fetched.
pub(crate) fn resolve(base: &Url, reference: &str) -> Option<Url> {
    if reference.len() > MAX_URL_LEN {
        return None;
    }
    let mut url = base.join(reference.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.as_str().len() > MAX_URL_LEN {
        return None;
    }
    url.set_fragment(None);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    (!loops(url.path())).then_some(url)
}

/// The URL of a request, `None` if its target is not a path.
pub(crate) fn url_of(request: &Request) -> Option<Url> {
    Url::parse(&request.url()).ok()
}

/// A GET of a URL.
pub(crate) fn get(url: &Url) -> Option<Request> {
    Some(Request::get(Origin::of(url).ok()?, path_and_query(url)))
}

/// Path and query of a URL as sent.
pub(crate) fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// The directory of a path, with its final slash.
pub(crate) fn directory(path: &str) -> &str {
    path.rfind('/').map_or("/", |slash| &path[..=slash])
}

/// The extension of a path's last segment, lower-case; empty for none.
pub(crate) fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 8 => {
            extension.to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

fn loops(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    segments.len() > MAX_SEGMENTS
        || segments
            .iter()
            .any(|one| segments.iter().filter(|other| *other == one).count() > MAX_REPEATED_SEGMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("http://127.0.0.1:1/a/b?x=1#f").expect("a URL")
    }

    #[test]
    fn references_resolve_as_in_a_browser() {
        let resolved = |text: &str| resolve(&base(), text).map(String::from);
        assert_eq!(resolved("../c#top").as_deref(), Some("http://127.0.0.1:1/c"));
        assert_eq!(resolved(" //h/x ").as_deref(), Some("http://h/x"));
        assert_eq!(resolved("?y=2").as_deref(), Some("http://127.0.0.1:1/a/b?y=2"));
        assert_eq!(resolved("http://u:p@127.0.0.1:1/").as_deref(), Some("http://127.0.0.1:1/"));
        for text in ["javascript:alert(1)", "mailto:a@b.example", "data:,x", "http://["] {
            assert_eq!(resolved(text), None, "{text}");
        }
    }

    #[test]
    fn loops_of_relative_links_are_not_followed() {
        assert!(resolve(&base(), "/x/x/x/x/").is_none());
        assert!(resolve(&base(), &format!("/{}", "abc/".repeat(900))).is_none());
        assert!(
            resolve(&base(), &(1..40).map(|n| format!("/s{n}")).collect::<Vec<_>>().concat())
                .is_none()
        );
    }
}
