//! An HTML document as the tree that a browser builds, for selectors.
//!
//! Building a tree costs quadratic time and memory on hostile input: unclosed formatting elements are
//! built again for every paragraph, and every end tag looks through all that is open. So the parser
//! is fed tag by tag, and stopped as soon as the tree is too deep or too large for a page.

use html5ever::driver;
use html5ever::tendril::StrTendril;
use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use scraper::Html;
use scraper::HtmlTreeSink;

use super::markup::safe_prefix;

/// What follows is not looked at.
const MAX_BYTES: usize = 1 << 20;

/// Deeper and larger documents are not parsed at all; no browser shows what is deeper.
const MAX_DEPTH: usize = 512;
const MAX_NODES: usize = 200_000;

/// A document as a browser without scripts builds it.
#[derive(Debug)]
pub struct Tree {
    pub(super) html: Html,
}

impl Tree {
    /// Parses a document; `None` if it is nested too deeply or has too many nodes.
    pub fn parse(html: &[u8]) -> Option<Self> {
        let html = String::from_utf8_lossy(&html[..html.len().min(MAX_BYTES)]);
        let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..Default::default() };
        let options = driver::ParseOpts { tree_builder, ..Default::default() };
        let sink = HtmlTreeSink::new(Html::new_document());
        let mut parser = driver::parse_document(sink, options);
        let mut rest = safe_prefix(&html);
        while !rest.is_empty() {
            let end = memchr::memchr(b'>', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
            let (piece, behind) = rest.split_at(end);
            parser.process(StrTendril::from_slice(piece));
            rest = behind;
            if is_too_much(&parser.tokenizer.sink.sink.0.borrow()) {
                return None;
            }
        }
        let mut html = parser.finish();
        if is_too_much(&html) {
            return None;
        }
        html.errors = Vec::new();
        Some(Self { html })
    }
}

/// Whatever was opened last shows how deep the parser stands.
fn is_too_much(html: &Html) -> bool {
    let mut nodes = html.tree.nodes();
    if nodes.len() > MAX_NODES {
        return true;
    }
    let last = nodes.next_back();
    last.is_some_and(|last| last.ancestors().take(MAX_DEPTH + 1).count() > MAX_DEPTH)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each would take minutes or gigabytes if it were built to its end.
    #[test]
    fn documents_that_were_made_to_be_slow_are_given_up() {
        let numbered = |before: &str, after: &str| {
            let tags: Vec<_> = (0..2000).map(|number| format!("{before}{number}{after}")).collect();
            tags.concat()
        };
        let formats = numbered("<b a", ">");
        let hidden = numbered("<b a", "><!--</b>-->");
        let in_paragraphs = numbered("<p><b a", "></p>");
        for hostile in [
            "<div>".repeat(100_000),
            format!("{formats}{}", "<p>x".repeat(200_000)),
            format!("{hidden}{}", "<p>x".repeat(200_000)),
            format!("{in_paragraphs}{}", "<p>x</p>".repeat(100_000)),
            "<table><td>".repeat(90_000),
            "<svg>".repeat(200_000),
            "<i></p>".repeat(140_000),
            "<a>".repeat(300_000),
            "<select><option>".repeat(60_000),
        ] {
            // An end is all that is asked of the ones that are harmless after all.
            let _ = Tree::parse(hostile.as_bytes());
        }
        assert!(Tree::parse("<div>".repeat(600).as_bytes()).is_none());
        assert!(Tree::parse(format!("{formats}{}", "<p>x".repeat(2000)).as_bytes()).is_none());
        assert!(Tree::parse(&b"<br>".repeat(250_000)).is_none());
    }

    #[test]
    fn large_pages_are_parsed() {
        let page = "<tr><td>x<td><a href=/y>z</a><p>one<br>two".repeat(5000);
        assert!(Tree::parse(format!("<table>{page}").as_bytes()).is_some());
        assert!(Tree::parse(b"").is_some());
        assert!(Tree::parse(&[0xff, b'<', b'p', 0, b'>']).is_some());
    }

    proptest! {
        #[test]
        fn feeding_by_tags_builds_what_feeding_at_once_does(
            html in "(<b x=\">\">|</b>|<p>|<table>|<td>|<!-- > -->|<script>|</script>|a > b|&lt;|<noscript>|é|\r\n|<i){0,40}",
        ) {
            let tree = Tree::parse(html.as_bytes()).expect("it is small");
            let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..Default::default() };
            let options = driver::ParseOpts { tree_builder, ..Default::default() };
            let whole = driver::parse_document(HtmlTreeSink::new(Html::new_document()), options);
            prop_assert_eq!(tree.html.html(), whole.one(html).html());
        }
    }
}
