//! The page cache in front of the shop, for two pages only: the campaign, and what looks like a
//! style sheet below the account.

use std::time::Duration;
use std::time::Instant;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Uri;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse as _;
use axum::response::Response;
use minijinja::context;

use super::kept::Kept;
use crate::demo::clock;
use crate::demo::refusal::Refusal;
use crate::demo::visit::Visit;

const LIFETIME: Duration = Duration::from_secs(30);
const KEY_LIMIT: usize = 400;
const STATIC: &[&str] = &[".css", ".js", ".png", ".ico"];

/// Pages kept for half a minute.
#[derive(Debug)]
pub(super) struct PageCache {
    pages: Kept<Page>,
}

#[derive(Debug, Clone)]
struct Page {
    key: String,
    stored: Instant,
    html: String,
}

impl Default for PageCache {
    fn default() -> Self {
        Self { pages: Kept::new(64) }
    }
}

impl PageCache {
    fn find(&self, key: &str) -> Option<Page> {
        self.pages.latest(|page| page.key == key && page.stored.elapsed() < LIFETIME)
    }

    fn store(&self, key: &str, html: &str) {
        let (key, html) = (key.to_owned(), html.to_owned());
        self.pages.push(Page { key, stored: clock::now(), html });
    }
}

/// A campaign's page, the same for everybody and cached by its address. The flawed shop writes
/// another header into it than the address knows.
pub(in crate::demo) async fn campaign(
    visit: Visit,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let key = uri.path_and_query().map_or("", |path| path.as_str());
    if let Some(page) = visit.shop.annex.cache.find(key) {
        return Ok(answer(&page.html, Some(page.stored.elapsed())));
    }
    let forwarded = headers.get("x-forwarded-host").and_then(|value| value.to_str().ok());
    let own = visit.shop.address.to_string();
    let host = forwarded.filter(|_| visit.has("cache-unkeyed-header")).unwrap_or(&own);
    let flawed = visit.shop.flawed;
    let colour = visit.query.value("colour");
    let context = context! { host, colour, flawed, in_cart => 0 };
    let html = visit.shop.templates.render("campaign.html", &context);
    let html = html.map_err(|_| Refusal::Internal)?;
    if key.len() <= KEY_LIMIT {
        visit.shop.annex.cache.store(key, &html);
    }
    Ok(answer(&html, None))
}

/// Below `/account` the flawed shop shows the account whatever follows, and its cache keeps what
/// has the name of a static file.
pub(in crate::demo) async fn below_account(
    visit: Visit,
    Path(rest): Path<String>,
) -> Result<Response, Refusal> {
    if !visit.has("cache-deception-account") {
        return Err(Refusal::NotFound);
    }
    let key = format!("/account/{rest}");
    let is_kept = key.len() <= KEY_LIMIT && STATIC.iter().any(|suffix| key.ends_with(suffix));
    if let Some(page) = visit.shop.annex.cache.find(&key) {
        return Ok(answer(&page.html, Some(page.stored.elapsed())));
    }
    visit.require_member().await?;
    let html = visit.html("account.html", context! {}).await?;
    if is_kept {
        visit.shop.annex.cache.store(&key, &html);
        return Ok(answer(&html, None));
    }
    Ok(Html(html).into_response())
}

/// A page from the cache, or one that has just gone into it.
fn answer(html: &str, age: Option<Duration>) -> Response {
    let hit = HeaderValue::from_static(if age.is_some() { "HIT" } else { "MISS" });
    let fixed = [
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=30")),
        (HeaderName::from_static("x-cache"), hit),
        (header::AGE, HeaderValue::from(age.unwrap_or_default().as_secs())),
    ];
    (fixed, Html(html.to_owned())).into_response()
}
