//! Files that list paths by convention: `robots.txt` and sitemaps.

use url::Url;

use crate::scan::link::resolve;

/// Paths that sites are asked for on a guess.
pub(crate) const GUESSES: [&str; 2] = ["/robots.txt", "/sitemap.xml"];

/// URLs taken from one file at most.
const MAX_URLS: usize = 500;

/// Paths and sitemaps named in `robots.txt`. Wildcard patterns name nothing that can be fetched.
pub(crate) fn robots_urls(url: &Url, text: &str) -> Vec<Url> {
    text.lines()
        .filter_map(|line| line.split('#').next().unwrap_or_default().split_once(':'))
        .filter_map(|(key, value)| {
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            let names_one = matches!(key.as_str(), "allow" | "disallow" | "sitemap")
                && !value.is_empty()
                && !value.contains('*');
            names_one.then(|| resolve(url, value.trim_end_matches('$'))).flatten()
        })
        .take(MAX_URLS)
        .collect()
}

/// Locations in a sitemap or sitemap index.
pub(crate) fn sitemap_urls(url: &Url, text: &str) -> Vec<Url> {
    text.split("<loc>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</loc>"))
        .filter_map(|(location, _)| resolve(url, &location.trim().replace("&amp;", "&")))
        .take(MAX_URLS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(urls: Vec<Url>) -> Vec<String> {
        urls.into_iter().map(String::from).collect()
    }

    #[test]
    fn robots_name_paths_and_sitemaps() {
        let url = Url::parse("http://h/robots.txt").expect("a URL");
        let text = "User-agent: *\nDisallow: /private # really\nDisallow: /*.pdf\nDisallow:\nSITEMAP: http://h/map.xml";
        assert_eq!(texts(robots_urls(&url, text)), ["http://h/private", "http://h/map.xml"]);
    }

    #[test]
    fn sitemaps_name_locations_even_when_malformed() {
        let url = Url::parse("http://h/sitemap.xml").expect("a URL");
        let text =
            "<urlset><url><loc> http://h/a?x=1&amp;y=2 </loc></url><loc>http://h/b</loc><loc>http";
        assert_eq!(texts(sitemap_urls(&url, text)), ["http://h/a?x=1&y=2", "http://h/b"]);
    }
}
