//! Fetches one item and reads what it refers to.

use std::sync::Arc;

use url::Url;

use super::frontier::Item;
use super::sources;
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
        fetched.page = references(url, response);
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

fn references(url: &Url, response: &Response) -> Page {
    if response.is_html() {
        return Page::parse(url, &response.body_text());
    }
    if response.status >= 400 {
        return Page::default();
    }
    let media_type = response.media_type();
    let urls = if url.path() == "/robots.txt" && media_type == "text/plain" {
        sources::robots_urls(url, &response.body_text())
    } else if media_type.ends_with("xml") && response.body_text().contains("<loc>") {
        sources::sitemap_urls(url, &response.body_text())
    } else {
        Vec::new()
    };
    let links =
        urls.into_iter().map(|url| crate::scan::page::Link { url, label: String::new() }).collect();
    Page { links, ..Page::default() }
}
