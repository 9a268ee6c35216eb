//! Files that list paths by convention: `robots.txt`.

use crate::extract::References;

/// Where sites list their pages.
pub(crate) const LISTS: [&str; 2] = ["/robots.txt", "/sitemap.xml"];

/// Paths that sites are asked for on a guess, the most common first
/// (<https://www.iana.org/assignments/well-known-uris>).
pub(crate) const WELL_KNOWN: [&str; 10] = [
    "/.well-known/security.txt",
    "/.well-known/openid-configuration",
    "/.well-known/change-password",
    "/.well-known/assetlinks.json",
    "/.well-known/apple-app-site-association",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/.well-known/host-meta",
    "/.well-known/nodeinfo",
    "/.well-known/api-catalog",
];

/// Paths and sitemaps named in `robots.txt`. Wildcard patterns name nothing that can be fetched.
pub(crate) fn robots_references(text: &str) -> References {
    let mut found = References::default();
    let lines =
        text.lines().filter_map(|line| line.split('#').next().unwrap_or_default().split_once(':'));
    for (key, value) in lines {
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        let names_one = matches!(key.as_str(), "allow" | "disallow" | "sitemap")
            && !value.is_empty()
            && !value.contains('*');
        if names_one {
            found.stated(value.trim_end_matches('$'));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn robots_name_paths_and_sitemaps() {
        let text = "User-agent: *\nDisallow: /private # really\nDisallow: /*.pdf\nDisallow:\nSITEMAP: http://h/map.xml";
        let found = robots_references(text).list.into_iter().map(|reference| reference.text);
        assert_eq!(found.collect::<Vec<_>>(), ["/private", "http://h/map.xml"]);
    }
}
