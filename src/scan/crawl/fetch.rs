//! Fetches one item and reads what it refers to.

use std::sync::Arc;

use url::Url;

use super::frontier::Item;
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
use crate::scan::soft404::Soft404;
use crate::scan::traffic::Traffic;
use crate::scan::traffic::Unsent;

/// What came of an item.
pub(crate) struct Fetched {
    pub(crate) item: Item,
    pub(crate) exchange: Result<Arc<Exchange>, Unsent>,
    /// The answer is what the target says to any unknown path.
    pub(crate) missing: bool,
    /// Links and forms of an HTML page, or what a list of paths names.
    pub(crate) page: Page,
    /// Where a redirect leads.
    pub(crate) redirect: Option<Url>,
}

/// One exchange, its calibration, and its links.
pub(crate) async fn fetch(traffic: Arc<Traffic>, soft404: Arc<Soft404>, item: Item) -> Fetched {
    let exchange = traffic.exchange(item.request.clone()).await;
    let mut fetched =
        Fetched { item, exchange, missing: false, page: Page::default(), redirect: None };
    let Some(response) = fetched.exchange.as_ref().ok().and_then(|exchange| exchange.response())
    else {
        return fetched;
    };
    let url = &fetched.item.url;
    // What the user named exists, whatever it looks like.
    let certain = fetched.item.depth == 0 && !fetched.item.guess;
    if response.status < 400 && !certain && fetched.item.request.method.is_safe() {
        fetched.missing = soft404.is_missing(&traffic, url, response).await;
    }
    fetched.redirect = redirect_target(url, response);
    if !fetched.missing {
        fetched.page = references(&fetched.item, response);
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
fn references(item: &Item, response: &Response) -> Page {
    let url = &item.url;
    let mut page =
        if response.is_html() { Page::parse(url, &response.body_text()) } else { Page::default() };
    for header in &response.headers {
        page.add(header_references(&header.name, &header.text()), url, url);
    }
    // An error is a page where it is one; as data it only repeats what was asked for.
    if response.is_html() || response.status >= 400 {
        return page;
    }
    let text = response.body_text();
    let found = match Kind::of(url, &response.media_type()) {
        Kind::Robots => sources::robots_references(&text),
        Kind::Style => css_references(&text),
        Kind::Script => script_references(&text),
        Kind::Json => json_references(&text),
        Kind::Xml => xml_references(&text),
        Kind::Text => text_references(&text),
        Kind::Other => return page,
    };
    page.add(found, url, item.page.as_ref().unwrap_or(url));
    page
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
