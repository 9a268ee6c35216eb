//! Pages with scripts, and the text of these.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::sync::Arc;

use url::Url;

use crate::model::Origin;
use crate::model::Request;
use crate::scan::probe::Markup;
use crate::scan::probe::Node;
use crate::scan::probe::Piece;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Scripting;
use crate::scan::probe::SiteProbe;

/// Pages that are read for their scripts.
const MAX_PAGES: usize = 400;

/// Files of scripts that are read.
const MAX_FILES: usize = 100;

/// Scripts of one page.
const MAX_SCRIPTS: usize = 40;

/// A page's scripts.
#[derive(Debug)]
pub(super) struct PageScripts {
    pub(super) texts: Vec<Arc<str>>,
    print: u64,
}

/// What is known of scripts.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    files: BTreeMap<String, Option<Arc<str>>>,
    /// Pages with the same scripts.
    alike: BTreeMap<u64, usize>,
}

impl Scripts {
    /// Pages that may have some, in the order of the site.
    pub(super) fn pages(probe: &SiteProbe) -> Vec<Node> {
        let site = probe.site();
        let nodes = site.nodes().filter(|node| {
            let is_html = node.answer.as_ref().is_some_and(|it| it.media_type.contains("html"));
            node.reached && node.method == "GET" && is_html && probe.may_send(node)
        });
        nodes.take(MAX_PAGES).cloned().collect()
    }

    /// Those of a page; `None` where there are none.
    pub(super) async fn of(
        &mut self,
        probe: &mut SiteProbe,
        node: &Node,
    ) -> Result<Option<PageScripts>, ProbeStop> {
        let base = &node.examples[0];
        let Some(shot) = probe.try_ask(base.clone(), "", None).await? else { return Ok(None) };
        let response = shot.response();
        if response.status >= 300 || !response.is_html() {
            return Ok(None);
        }
        let markup = Markup::parse(&response.body_text(), Scripting::On);
        let (inline, files) = inline_and_files(&markup, base);
        let mut hasher = DefaultHasher::new();
        files.hash(&mut hasher);
        let mut texts: Vec<Arc<str>> = Vec::new();
        for text in inline.into_iter().take(MAX_SCRIPTS) {
            words_of_code(&text).hash(&mut hasher);
            texts.push(text.into());
        }
        for url in files.into_iter().take(MAX_SCRIPTS) {
            texts.extend(self.file(probe, base, url).await?);
        }
        let print = hasher.finish();
        Ok((!texts.is_empty()).then_some(PageScripts { texts, print }))
    }

    async fn file(
        &mut self,
        probe: &mut SiteProbe,
        base: &Request,
        url: Url,
    ) -> Result<Option<Arc<str>>, ProbeStop> {
        if let Some(known) = self.files.get(url.as_str()) {
            return Ok(known.clone());
        }
        let is_own = Origin::of(&url).is_ok_and(|origin| origin == base.origin);
        if !is_own || self.files.len() >= MAX_FILES {
            return Ok(None);
        }
        let target = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let request = Request::get(base.origin.clone(), target);
        let shot = probe.try_ask(request, "", None).await?;
        let text = shot.filter(|shot| shot.response().status == 200);
        let text = text.map(|shot| Arc::from(shot.response().body_text().as_ref()));
        self.files.insert(url.into(), text.clone());
        Ok(text)
    }

    /// Whether fewer pages than that had the same scripts.
    pub(super) fn is_worth_it(&mut self, page: &PageScripts, most: usize) -> bool {
        let times = self.alike.entry(page.print).or_insert(0);
        *times = times.saturating_add(1);
        *times <= most
    }

    /// No other page with these scripts is worth it.
    pub(super) fn is_known(&mut self, page: &PageScripts) {
        self.alike.insert(page.print, usize::MAX);
    }
}

/// The words of a script outside of its texts, each once: data that stands in it makes no other script of it.
fn words_of_code(text: &str) -> BTreeSet<&str> {
    let mut words = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || "'\"`".contains(c)) {
        rest = &rest[start..];
        let first = rest.as_bytes()[0];
        if first.is_ascii_alphabetic() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            words.insert(&rest[..end]);
            rest = &rest[end..];
        } else {
            // A quote that is escaped ends it too: it is a print, and no parser.
            let quote = char::from(first);
            rest = &rest[1..];
            rest = rest.find(quote).map_or("", |end| &rest[end + 1..]);
        }
    }
    words
}

/// The text of scripts and handlers, and the addresses of files.
fn inline_and_files(markup: &Markup, page: &Request) -> (Vec<String>, Vec<Url>) {
    let (mut inline, mut files) = (Vec::new(), Vec::new());
    let Ok(base) = Url::parse(&page.url()) else { return (inline, files) };
    let mut is_code = true;
    for piece in &markup.pieces {
        match piece {
            Piece::Text { text, raw } if is_code && raw.as_deref() == Some("script") => {
                inline.push(text.clone());
            }
            Piece::Open(tag) => {
                let kind = tag.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
                is_code = matches!(kind.as_str(), "" | "module") || kind.ends_with("javascript");
                let source = tag.attribute("src").filter(|_| tag.name == "script" && is_code);
                files.extend(source.and_then(|source| base.join(source).ok()));
                let handlers = tag.attributes.iter().filter(|(name, _)| name.starts_with("on"));
                inline.extend(handlers.map(|(_, code)| code.clone()));
            }
            Piece::Text { .. } | Piece::Close(_) | Piece::Comment(_) => {}
        }
    }
    (inline, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_makes_no_other_script() {
        let print = |text: &str| words_of_code(text).into_iter().collect::<Vec<_>>().join(" ");
        let one = print("var state = {\"name\": 'Ann', n: [1]}; show(state)");
        assert_eq!(one, "n show state var");
        assert_eq!(one, print("var state = {\"title\": 'B', n: [2, 3]}; show(state)"));
        assert_ne!(one, print("var state = {}; hide(state)"));
        assert_eq!(print("'never closed"), "");
    }
}
