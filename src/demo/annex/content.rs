//! Pages put together from files and from what visitors have left.

use std::sync::Arc;

use axum::extract::FromRequest as _;
use axum::extract::FromRequestParts as _;
use axum::extract::Multipart;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::Json;
use axum::response::Redirect;
use axum::response::Response;
use minijinja::context;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::backtrack;
use super::fetch::fetch;
use super::php;
use super::php::Restored;
use super::shell::Shell;
use super::ssi;
use crate::demo::files::Files;
use crate::demo::html::value;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request;
use crate::demo::request::Form;
use crate::demo::request::JsonBody;
use crate::demo::shop::Shop;
use crate::demo::visit::Visit;

const PAGES: &[&str] = &["shipping.html", "warranty.html"];
const DEFAULT_PREFERENCES: &str = "a:2:{s:5:\"theme\";s:5:\"light\";s:4:\"rows\";i:24;}";

/// `GET /help/info?page=shipping.html`: a page out of a folder.
pub(in crate::demo) async fn info(visit: Visit) -> Result<Response, Refusal> {
    let page = visit.query.value("page").to_owned();
    let is_known = PAGES.contains(&page.as_str());
    let content = match visit.has("file-inclusion-info") {
        true => included(&visit, &page).await,
        false if is_known || page.is_empty() => {
            let page = if page.is_empty() { PAGES[0] } else { &page };
            visit
                .shop
                .files
                .read(&format!("/srv/shop/pages/{page}"))
                .map_err(|_| Refusal::NotFound)?
        }
        false => return Err(Refusal::NotFound),
    };
    visit
        .page("info.html", context! { content => minijinja::Value::from_safe_string(content) })
        .await
}

/// What `include("pages/" . $page)` puts into the page, its warning included.
async fn included(visit: &Visit, page: &str) -> String {
    let page = if page.is_empty() { PAGES[0] } else { page };
    let page = page.split('\0').next().unwrap_or_default();
    if page.starts_with("http://") {
        return match fetch(page).await {
            Ok(fetched) => fetched.body,
            Err(error) => warning(page, &error.to_string()),
        };
    }
    let path =
        if page.starts_with('/') { page.to_owned() } else { format!("/srv/shop/pages/{page}") };
    let found = visit.shop.files.read(path.strip_prefix("file://").unwrap_or(&path));
    found.unwrap_or_else(|_| warning(page, "Failed to open stream: No such file or directory"))
}

fn warning(page: &str, why: &str) -> String {
    let page = page.replace('&', "&amp;").replace('<', "&lt;");
    format!("<b>Warning</b>: include({page}): {why} in <b>/srv/shop/info.php</b> on line <b>12</b>")
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Manual {
    name: String,
}

/// `POST /api/manuals/check`: whether there is a manual of this name; its text is never shown.
pub(in crate::demo) async fn manual(
    visit: Visit,
    JsonBody(Manual { name }): JsonBody<Manual>,
) -> Json<Value> {
    let available = if visit.has("path-traversal-manual") {
        visit.shop.files.read(&name).is_ok()
    } else {
        Files::public_names().any(|public| public == name)
    };
    Json(json!({ "name": name, "available": available }))
}

/// How the shop looks to this visitor, restored from a cookie.
pub(in crate::demo) async fn preferences(
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let cookie = request::cookie(&headers, "preferences");
    let stored = cookie.map(|text| percent_encoding::percent_decode_str(text).decode_utf8_lossy());
    let text = stored.as_deref().unwrap_or(DEFAULT_PREFERENCES);
    let restored = match (php::restore(text), visit.has("deserialisation-preferences")) {
        (Ok(restored), true) => restored,
        (Err(offset), true) => {
            return Err(Refusal::Verbose(format!(
                "Notice: unserialize(): Error at offset {offset} of {} bytes in \
                 /srv/shop/preferences.php on line 9\n",
                text.len()
            )));
        }
        // Two plain values, or the defaults.
        (Ok(restored), false) if restored.objects().is_empty() => restored,
        (_, false) => php::restore(DEFAULT_PREFERENCES).map_err(|_| Refusal::Internal)?,
    };
    let mut notes = Vec::new();
    for object in restored.objects() {
        notes.push(awakened(&visit, object).await?);
    }
    let shown = |name| restored.member(name).map(Restored::text).unwrap_or_default();
    let context = context! { theme => shown("theme"), rows => shown("rows"), notes };
    let mut response = visit.page("preferences.html", context).await?;
    if cookie.is_none() {
        let text = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        let cookie = HeaderValue::from_str(&format!("preferences={text}; Path=/{}", visit.flags()))
            .map_err(|_| Refusal::Internal)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What the classes of the shop do when one of their objects comes back to life.
async fn awakened(visit: &Visit, object: &Restored) -> Result<String, Refusal> {
    let Restored::Object(class, _) = object else { return Ok(String::new()) };
    let text = |name| object.member(name).map(Restored::text).unwrap_or_default();
    match class.as_str() {
        "FileCache" => Ok(visit.shop.files.read(&text("path")).unwrap_or_default()),
        "Mailer" => Ok(Shell::new(&visit.shop.files).run(&text("command")).await.text),
        class => Err(Refusal::Verbose(format!(
            "Fatal error: Uncaught Error: Class \"{class}\" not found in /srv/shop/preferences.php:9\n"
        ))),
    }
}

/// The guest book: the flawed shop lets comments through, and its server looks for directives.
pub(in crate::demo) async fn guestbook(visit: Visit) -> Result<Response, Refusal> {
    let mut entries = visit.shop.annex.guestbook.all(|_| true);
    if visit.has("ssi-guestbook") {
        let shell = Shell::new(&visit.shop.files);
        for entry in &mut entries {
            *entry = ssi::included(&visit.shop.files, &shell, entry).await;
        }
    }
    visit.page("guestbook.html", context! { entries }).await
}

pub(in crate::demo) async fn sign_guestbook(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let mut entry: String = form.fields.value("entry").chars().take(500).collect();
    if visit.has("ssi-guestbook") {
        // Tags are taken out; comments are none.
        let tags = Regex::new("(?s)</?[a-zA-Z][^>]*>?").map_err(|_| Refusal::Internal)?;
        entry = tags.replace_all(&entry, "").into_owned();
    }
    visit.shop.annex.guestbook.push(entry);
    Ok(visit.with_cookie(Redirect::to("/community/guestbook.shtml")))
}

pub(in crate::demo) async fn gallery_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("gallery.html", context! {}).await
}

/// The names of the photos people have sent.
pub(in crate::demo) async fn gallery_list(visit: Visit) -> Result<Response, Refusal> {
    let names = visit.shop.annex.gallery.all(|_| true);
    visit.page("gallery-list.html", context! { names => value(names) }).await
}

/// Takes a photo for the gallery: its name is kept, the photo is not.
pub(in crate::demo) async fn gallery(
    State(shop): State<Arc<Shop>>,
    request: Request,
) -> Result<Response, Refusal> {
    let expected = Refusal::BadRequest("A form with a photo is expected.");
    let (mut parts, body) = request.into_parts();
    let Ok(visit) = Visit::from_request_parts(&mut parts, &shop).await;
    let multipart = Multipart::from_request(Request::from_parts(parts, body), &shop).await;
    let Ok(mut multipart) = multipart else { return Err(expected) };
    let (mut csrf, mut photo) = (String::new(), None);
    while let Ok(Some(field)) = multipart.next_field().await {
        match field.name() {
            Some("csrf") => csrf = field.text().await.unwrap_or_default(),
            Some("photo") => photo = field.file_name().map(|n| n.chars().take(200).collect()),
            _ => {}
        }
    }
    visit.check_csrf(&csrf)?;
    visit.shop.annex.gallery.push(photo.ok_or(expected)?);
    Ok(visit.with_cookie(Redirect::to("/community/gallery/photos")))
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct AddressCheck {
    reference: String,
}

/// `POST /api/reference/check`: whether a text looks like words and numbers with single spaces.
pub(in crate::demo) async fn reference(
    visit: Visit,
    JsonBody(AddressCheck { reference }): JsonBody<AddressCheck>,
) -> Result<Json<Value>, ApiRefusal> {
    if reference.len() > 200 {
        return Err(Refusal::BadRequest("At most 200 characters.").into());
    }
    let valid = if visit.has("redos-reference") {
        let checking = tokio::task::spawn_blocking(move || backtrack::is_reference(&reference));
        checking.await.map_err(|_| Refusal::Internal)?
    } else {
        let words = || reference.split(' ');
        words().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    Ok(Json(json!({ "valid": valid })))
}
