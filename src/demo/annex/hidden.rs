//! Folders, notices, scripts and what operators look at.

use std::fmt::Write as _;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Json;
use axum::response::Response;
use minijinja::context;
use serde_json::Value;
use serde_json::json;

use crate::demo::accounts::Role;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::visit::Visit;

const ASSETS: &[(&str, &str)] = &[
    ("banner.svg", include_str!("../templates/logo.svg")),
    ("import-2019.csv", "item;cost price\nKIT-1001;310\nGAR-1002;705\n"),
    ("notes.txt", "Ask Piet for the new supplier's login before the sale.\n"),
];
const OFFERS: &str = include_str!("../templates/offers.js");
const OFFERS_SAFE: &str = include_str!("../templates/offers-safe.js");
const FINDER: &str = include_str!("../templates/finder.js");
const FINDER_SAFE: &str = include_str!("../templates/finder-safe.js");
const CHAT: &str = include_str!("../templates/chat.js");
const CHAT_SAFE: &str = include_str!("../templates/chat-safe.js");
/// The safe shop's policy for the pages that have a script.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);
const NOTICES: &[&str] = &["Closed on Monday.", "New: the Fjord kettle.", "Sale from Friday on."];

/// `GET /assets/`: the flawed server shows what is there.
pub(in crate::demo) async fn assets(visit: Visit) -> Result<Response, Refusal> {
    if !visit.has("directory-listing-assets") {
        return Err(Refusal::Forbidden);
    }
    let mut page = String::from(
        "<!DOCTYPE html><html><head><title>Index of /assets/</title></head><body>\n\
         <h1>Index of /assets/</h1><hr><pre><a href=\"../\">../</a>\n",
    );
    for (name, text) in ASSETS {
        let size = text.len();
        let _infallible =
            writeln!(page, "<a href=\"{name}\">{name}</a>    01-Jun-2024 09:30    {size}");
    }
    page.push_str("</pre><hr></body></html>\n");
    Ok(Html(page).into_response())
}

/// `GET /assets/{name}`
pub(in crate::demo) async fn asset(
    visit: Visit,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    if let Some((_, text)) = visit.shop.annex.put.latest(|(known, _)| *known == name) {
        return Ok(text.into_response());
    }
    let public = visit.has("directory-listing-assets") || name == ASSETS[0].0;
    let found = ASSETS.iter().find(|(known, _)| *known == name).filter(|_| public);
    let (name, text) = found.ok_or(Refusal::NotFound)?;
    let is_image = *name == ASSETS[0].0;
    let kind = if is_image { "image/svg+xml" } else { "text/plain; charset=utf-8" };
    Ok(([(header::CONTENT_TYPE, kind)], *text).into_response())
}

/// `PUT /assets/{name}`: the flawed server keeps it, in memory and not for long.
pub(in crate::demo) async fn put_asset(
    visit: Visit,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let allowed = [(header::ALLOW, "GET, HEAD")];
    if !visit.has("put-assets") {
        return (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response();
    }
    if name.len() > 100 || body.len() > 16 << 10 {
        return Refusal::TooLarge.into_response();
    }
    visit.shop.annex.put.push((name, String::from_utf8_lossy(&body).into_owned()));
    StatusCode::CREATED.into_response()
}

/// A script of the safe or of the flawed shop.
fn script(visit: &Visit, flaw: &str, flawed: &'static str, safe: &'static str) -> Response {
    let text = if visit.has(flaw) { flawed } else { safe };
    let kind = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "public, max-age=3600")], text).into_response()
}

pub(in crate::demo) async fn offers_script(visit: Visit) -> Response {
    script(&visit, "dom-xss-offers", OFFERS, OFFERS_SAFE)
}

pub(in crate::demo) async fn finder_script(visit: Visit) -> Response {
    script(&visit, "dom-xss-finder", FINDER, FINDER_SAFE)
}

pub(in crate::demo) async fn chat_script(visit: Visit) -> Response {
    script(&visit, "postmessage-origin-chat", CHAT, CHAT_SAFE)
}

/// The map that the flawed shop's bundler has left beside its script.
pub(in crate::demo) async fn offers_map(visit: Visit) -> Result<Json<Value>, Refusal> {
    if !visit.has("source-map-offers") {
        return Err(Refusal::NotFound);
    }
    Ok(Json(json!({
        "version": 3,
        "file": "offers.js",
        "sources": ["src/offers.ts", "src/internal/staging.ts"],
        "sourcesContent": [
            "// TODO Piet: escape this\nexport function show(offer: string) { box.innerHTML = offer; }\n",
            "export const STAGING = 'https://staging.shop.example';\nexport const API_KEY = 'decoy-9d2f77';\n",
        ],
        "names": [],
        "mappings": "AAAA",
    })))
}

pub(in crate::demo) async fn offers(visit: Visit) -> Result<Response, Refusal> {
    scripted(&visit, "offers.html").await
}

pub(in crate::demo) async fn finder(visit: Visit) -> Result<Response, Refusal> {
    scripted(&visit, "finder.html").await
}

pub(in crate::demo) async fn chat(visit: Visit) -> Result<Response, Refusal> {
    scripted(&visit, "chat.html").await
}

/// A page with a script of the shop's own.
async fn scripted(visit: &Visit, template: &str) -> Result<Response, Refusal> {
    let mut response = visit.page(template, context! {}).await?;
    if !visit.has("headers-missing") {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    }
    Ok(response)
}

pub(in crate::demo) async fn services(visit: Visit) -> Result<Response, Refusal> {
    visit.page("services.html", context! {}).await
}

/// `GET /actuator/health`
pub(in crate::demo) async fn health() -> Json<Value> {
    Json(json!({ "status": "UP" }))
}

/// `GET /actuator/env`: only the flawed shop has it.
pub(in crate::demo) async fn environment() -> Json<Value> {
    let value = |value: &str| json!({ "value": value });
    Json(json!({
        "activeProfiles": ["production"],
        "propertySources": [{
            "name": "systemEnvironment",
            "properties": {
                "DATABASE_PASSWORD": value("decoy-8d1f"),
                "MAIL_PASSWORD": value("decoy-mail-771"),
                "JAVA_HOME": value("/usr/lib/jvm/17"),
            },
        }],
    }))
}

/// `/api/notices/{id}`: everybody reads, the office deletes. The flawed shop asks who somebody is
/// by the method of the request, and does what another header says.
pub(in crate::demo) async fn notice(
    visit: Visit,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiRefusal> {
    const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
    let id: u64 = id.parse().map_err(|_| Refusal::NotFound)?;
    let text = usize::try_from(id).ok().and_then(|id| NOTICES.get(id.checked_sub(1)?));
    let withdrawn = &visit.shop.annex.withdrawn;
    let text = text.filter(|_| withdrawn.latest(|gone| *gone == id).is_none());
    let text = text.ok_or(Refusal::NotFound)?;
    if method == Method::DELETE && visit.require_bearer().await?.role != Role::Admin {
        return Err(Refusal::Forbidden.into());
    }
    let asked = headers.get(OVERRIDE).filter(|_| visit.has("method-override-notice"));
    let wanted = asked.and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    match wanted.unwrap_or(method) {
        Method::DELETE => {
            withdrawn.push(id);
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::GET | Method::HEAD => Ok(Json(json!({ "id": id, "text": text })).into_response()),
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
}
