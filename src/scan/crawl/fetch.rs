//! Fetches one item and reads what it refers to.

use std::hash::Hasher as _;
use std::sync::Arc;

use url::Url;

use super::frontier::KindId;
use super::item::Item;
use super::sources;
use crate::extract::css_references;
use crate::extract::header_references;
use crate::extract::json_references;
use crate::extract::script_references;
use crate::extract::text_references;
use crate::extract::xml_references;
use crate::model::Exchange;
use crate::model::Response;
use crate::scan::link;
use crate::scan::page::Page;
use crate::scan::site::FoundIn;
use crate::scan::soft404::Soft404;
use crate::scan::structure::Structure;
use crate::scan::traffic::Traffic;
use crate::scan::traffic::Unsent;

/// What came of an item.
pub(crate) struct Fetched {
    pub(crate) item: Item,
    pub(crate) kind: KindId,
    pub(crate) exchange: Result<Arc<Exchange>, Unsent>,
    /// The answer is what the target says to any unknown path.
    pub(crate) missing: bool,
    /// Links and forms of an HTML page, or what a list of paths names.
    pub(crate) page: Page,
    /// What the page is.
    pub(crate) document: FoundIn,
    /// A hash of an HTML page that is large enough to be told from others.
    pub(crate) content: Option<u64>,
    /// Where a redirect leads.
    pub(crate) redirect: Option<Url>,
}

/// Shorter pages are alike by chance.
const MIN_CONTENT: usize = 512;

/// One exchange, its calibration, and its links.
///
/// `directory` is the path template of the item's directory.
pub(crate) async fn fetch(
    traffic: Arc<Traffic>,
    soft404: Arc<Soft404>,
    item: Item,
    kind: KindId,
    directory: String,
) -> Fetched {
    let exchange = traffic.exchange(item.request.clone()).await;
    let mut fetched = Fetched {
        item,
        kind,
        exchange,
        missing: false,
        page: Page::default(),
        document: FoundIn::Page,
        content: None,
        redirect: None,
    };
    let Some(response) = fetched.exchange.as_ref().ok().and_then(|exchange| exchange.response())
    else {
        return fetched;
    };
    let url = &fetched.item.url;
    // What the user named exists, whatever it looks like.
    let certain = fetched.item.depth == 0 && !fetched.item.guess;
    if response.status < 400 && !certain && fetched.item.request.method.is_safe() {
        fetched.missing = soft404.is_missing(&traffic, url, &directory, response).await;
    }
    fetched.redirect = redirect_target(url, response);
    if !fetched.missing {
        (fetched.page, fetched.document) = references(&fetched.item, response);
        fetched.content = content(response);
        fetched.page.truncated |= response.truncated;
    }
    fetched
}

fn redirect_target(url: &Url, response: &Response) -> Option<Url> {
    if !(300..400).contains(&response.status) {
        return None;
    }
    link::resolve(url, &response.header("location")?.text())
}

/// What the answer refers to, in its headers and in whatever its body is.
fn references(item: &Item, response: &Response) -> (Page, FoundIn) {
    let url = &item.url;
    let mut page =
        if response.is_html() { Page::parse(url, &response.body_text()) } else { Page::default() };
    for header in &response.headers {
        page.add(header_references(&header.name, &header.text()), url, url);
    }
    // An error is a page where it is one; as data it only repeats what was asked for.
    if response.is_html() || response.status >= 400 {
        return (page, FoundIn::Page);
    }
    let text = response.body_text();
    let kind = Kind::of(url, &response.media_type());
    if kind == Kind::Json {
        page.structure = Structure::of_json(&text);
    }
    let found = match kind {
        Kind::Robots => sources::robots_references(&text),
        Kind::Style => css_references(&text),
        Kind::Script => script_references(&text),
        Kind::Json => json_references(&text),
        Kind::Xml => xml_references(&text),
        Kind::Text => text_references(&text),
        Kind::Other => return (page, FoundIn::Page),
    };
    page.add(found, url, item.page.as_ref().unwrap_or(url));
    (page, kind.document())
}

fn content(response: &Response) -> Option<u64> {
    let is_page = response.status < 300 && response.is_html() && !response.truncated;
    (is_page && response.body.len() >= MIN_CONTENT).then(|| {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&response.body);
        hasher.finish()
    })
}

/// What a body is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Robots,
    Style,
    Script,
    Json,
    Xml,
    Text,
    Other,
}

impl Kind {
    fn document(self) -> FoundIn {
        match self {
            Self::Robots | Self::Text => FoundIn::Text,
            Self::Style => FoundIn::Style,
            Self::Script => FoundIn::Script,
            Self::Json | Self::Xml => FoundIn::Data,
            Self::Other => FoundIn::Page,
        }
    }

    fn of(url: &Url, media_type: &str) -> Self {
        match media_type {
            "text/css" => Self::Style,
            it if it.contains("javascript") || it.contains("ecmascript") => Self::Script,
            // Source maps and manifests end in `+json`, or have types of their own.
            it if it.ends_with("json") => Self::Json,
            it if it.ends_with("xml") => Self::Xml,
            "text/plain" if url.path() == "/robots.txt" => Self::Robots,
            "" | "text/plain" | "application/octet-stream" => {
                match link::extension(url.path()).as_str() {
                    "js" | "mjs" => Self::Script,
                    "css" => Self::Style,
                    "json" | "map" | "webmanifest" => Self::Json,
                    "xml" | "rss" | "atom" => Self::Xml,
                    _ if media_type == "text/plain" => Self::Text,
                    _ => Self::Other,
                }
            }
            _ => Self::Other,
        }
    }
}
