//! Elements of an HTML document by CSS selector.

use scraper::Html;
use scraper::Selector;

/// Documents are parsed up to this length, for tree building is quadratic in the nesting depth of
/// hostile documents.
const MAX_HTML: usize = 512 << 10;

/// Documents nested deeper than this are not parsed at all; no browser shows more.
const MAX_DEPTH: usize = 512;

/// Why a text is no selector.
#[derive(Debug, thiserror::Error)]
#[error("`{selector}` is not a CSS selector: {cause}")]
pub struct SelectorError {
    /// What was given.
    pub selector: String,
    /// The parser's word.
    pub cause: String,
}

/// A CSS selector, known to be valid.
#[derive(Debug, Clone)]
pub struct CssSelector {
    text: String,
}

impl CssSelector {
    /// Checks `selector`.
    ///
    /// # Errors
    /// [`SelectorError`] when it is none.
    pub fn new(selector: &str) -> Result<Self, SelectorError> {
        Selector::parse(selector).map_err(|error| SelectorError {
            selector: selector.to_owned(),
            cause: error.to_string(),
        })?;
        Ok(Self { text: selector.to_owned() })
    }
}

/// For each selector, whether it selects an element of `html`; all false for a document that is
/// nested too deeply to be parsed in reasonable time.
pub fn selects(html: &[u8], selectors: &[CssSelector]) -> Vec<bool> {
    let html = &html[..html.len().min(MAX_HTML)];
    if nesting(html) > MAX_DEPTH {
        return vec![false; selectors.len()];
    }
    let document = Html::parse_document(&String::from_utf8_lossy(html));
    selectors
        .iter()
        .map(|selector| {
            Selector::parse(&selector.text)
                .is_ok_and(|selector| document.select(&selector).next().is_some())
        })
        .collect()
}

/// An upper estimate of how deeply elements are nested: start tags less end tags, not counting
/// elements that never have an end tag or commonly lack it.
fn nesting(html: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for at in memchr::memchr_iter(b'<', html) {
        let rest = &html[at + 1..];
        if rest.first() == Some(&b'/') {
            depth = depth.saturating_sub(1);
            continue;
        }
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = rest[..end.min(16)].to_ascii_lowercase();
        if !name.first().is_some_and(u8::is_ascii_alphabetic) || is_childless(&name) {
            continue;
        }
        depth += 1;
        deepest = deepest.max(depth);
    }
    deepest
}

fn is_childless(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 24] = [
        b"area", b"base", b"br", b"col", b"dd", b"dt", b"embed", b"hr", b"img", b"input", b"li",
        b"link", b"meta", b"option", b"p", b"param", b"path", b"source", b"tbody", b"td", b"th",
        b"tr", b"track", b"wbr",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(html: &str, selector: &str) -> bool {
        let selector = CssSelector::new(selector).expect("a valid selector");
        selects(html.as_bytes(), &[selector])[0]
    }

    #[test]
    fn elements_are_those_a_browser_would_build() {
        assert!(selected("<FORM METHOD=Get><p><input type=password>", "form[method=get i] input"));
        assert!(!selected("<form></form><input>", "form input"));
        assert!(!selected("<!-- <input> --><textarea><input></textarea>", "input"));
    }

    #[test]
    fn long_flat_documents_are_parsed_and_deep_ones_are_not() {
        let list = "<li>x<p>y<br><img>".repeat(2000);
        assert!(selected(&format!("<ul>{list}</ul><input>"), "input"));
        assert!(!selected(&format!("{}<input>", "<div>".repeat(600)), "input"));
    }

    #[test]
    fn a_wrong_selector_is_refused() {
        assert!(CssSelector::new("a[").is_err());
        assert!(CssSelector::new("").is_err());
    }
}
