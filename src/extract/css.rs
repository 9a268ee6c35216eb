//! Elements of an HTML document by CSS selector.

use scraper::ElementRef;
use scraper::Selector;

use super::tree::Tree;
use super::which::Which;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CssSelector {
    pub(super) text: String,
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

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parser's own form cannot go from thread to thread, so it is made where it is needed: a
    /// microsecond beside the many that the document takes.
    pub(super) fn compiled(&self) -> Selector {
        Selector::parse(&self.text).expect("it was parsed before")
    }
}

/// For each selector, whether it selects an element of `html`; all false for a document that is
/// nested too deeply to be parsed in reasonable time.
pub fn selects(html: &[u8], selectors: &[CssSelector]) -> Vec<bool> {
    Tree::parse(html)
        .map_or_else(|| vec![false; selectors.len()], |tree| selects_in(&tree, selectors))
}

/// For each selector, whether it selects an element of a document.
pub fn selects_in(tree: &Tree, selectors: &[CssSelector]) -> Vec<bool> {
    let is_there = |selector: &CssSelector| tree.html.select(&selector.compiled()).next().is_some();
    selectors.iter().map(is_there).collect()
}

/// What of the elements that a selector selects is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CssQuery {
    /// Which elements.
    pub selector: CssSelector,
    /// What of each; elements without the attribute are left out.
    pub part: CssPart,
}

/// What of an element is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CssPart {
    /// All text in it, without the white space around it.
    Text,
    /// An attribute's value.
    Attribute(String),
}

impl CssPart {
    fn of(&self, element: ElementRef<'_>) -> Option<String> {
        match self {
            Self::Text => {
                let text: String = element.text().collect();
                Some(text.trim().to_owned())
            }
            Self::Attribute(name) => element.attr(name).map(str::to_owned),
        }
    }
}

impl CssQuery {
    /// Appends what is wanted of what it finds to `out`; false if that is nothing. `drawn` decides
    /// where one is taken by chance.
    pub fn take(&self, tree: &Tree, which: Which, drawn: u64, out: &mut Vec<u8>) -> bool {
        let selector = self.selector.compiled();
        let found = tree.html.select(&selector).filter_map(|element| self.part.of(element));
        which.take(found, drawn, out)
    }

    /// How many it finds.
    pub fn count(&self, tree: &Tree) -> u64 {
        let selector = self.selector.compiled();
        tree.html.select(&selector).filter(|element| self.part.is_in(*element)).count() as u64
    }

    /// Whether `test` holds of some that it finds.
    pub fn any(&self, tree: &Tree, test: impl FnMut(String) -> bool) -> bool {
        let selector = self.selector.compiled();
        let mut found = tree.html.select(&selector).filter_map(|element| self.part.of(element));
        found.any(test)
    }
}

impl CssPart {
    fn is_in(&self, element: ElementRef<'_>) -> bool {
        match self {
            Self::Text => true,
            Self::Attribute(name) => element.attr(name).is_some(),
        }
    }
}

impl std::fmt::Display for CssQuery {
    /// `css a.next @href`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "css {}", self.selector.text)?;
        match &self.part {
            CssPart::Text => Ok(()),
            CssPart::Attribute(name) => write!(f, " @{name}"),
        }
    }
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
        assert!(selected("<noscript><input></noscript>", "input"), "no script runs here");
        assert!(selected("<table><tr><td>x", "html > body > table > tbody > tr > td"));
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

    #[test]
    fn texts_and_attributes_of_elements_are_taken() {
        let html =
            b"<a href=/1> one <b>and\n</b> a half </a><a>two</a><a href='/3?a&amp;b'>three</a>";
        let tree = Tree::parse(html).expect("small");
        let query = |part| CssQuery { selector: CssSelector::new("a").expect("one"), part };
        let taken = |part, which| {
            let mut out = Vec::new();
            let is_there = query(part).take(&tree, which, 7, &mut out);
            is_there.then(|| String::from_utf8(out).expect("text"))
        };
        let href = || CssPart::Attribute("href".to_owned());
        assert_eq!(taken(CssPart::Text, Which::Nth(0)).as_deref(), Some("one and\n a half"));
        assert_eq!(taken(href(), Which::Nth(1)).as_deref(), Some("/3?a&b"));
        assert_eq!(taken(href(), Which::Nth(2)), None);
        assert_eq!(taken(CssPart::Text, Which::Last).as_deref(), Some("three"));
        assert_eq!(taken(href(), Which::All).as_deref(), Some(r#"["/1","/3?a&b"]"#));
        assert_eq!(taken(href(), Which::Count).as_deref(), Some("2"));
        assert_eq!((query(href()).count(&tree), query(CssPart::Text).count(&tree)), (2, 3));
        assert!(query(CssPart::Text).any(&tree, |text| text == "two"));
    }
}
