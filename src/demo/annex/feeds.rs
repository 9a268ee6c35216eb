//! Things that others send addresses and documents for: product feeds, images, webhooks.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Json;
use axum::response::Response;
use minijinja::context;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use url::Url;

use super::fetch::fetch;
use super::sql::answer;
use super::xml;
use super::xml::DocumentType;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

/// Hosts that the shop takes images from, and tells about orders.
const PARTNERS: &[&str] = &["images.shop.example", "hooks.shop.example", "partner.example"];

/// `POST /api/partner/feed`: checks a product feed and repeats what it has understood.
pub(in crate::demo) async fn feed(visit: Visit, body: Bytes) -> Response {
    let body = String::from_utf8_lossy(&body).into_owned();
    let document_type = if visit.has("xxe-partner-feed") {
        DocumentType::Followed(&visit.shop.files)
    } else {
        DocumentType::Refused
    };
    let feed = match xml::parse(&body, document_type).await {
        Ok(feed) => feed,
        Err(problem) if visit.has("xxe-partner-feed") => {
            let text = format!("<error>XML document error: {}</error>", escaped(&problem));
            return answer(StatusCode::BAD_REQUEST, &text);
        }
        Err(_) => {
            return answer(StatusCode::BAD_REQUEST, "<error>That is no product feed.</error>");
        }
    };
    let items = feed.children.iter().take(20).map(|item| {
        let text = |name| item.find(name).map(|found| escaped(&found.text)).unwrap_or_default();
        format!("<item><name>{}</name><price>{}</price></item>", text("name"), text("price"))
    });
    answer(StatusCode::OK, &format!("<checked>{}</checked>", items.collect::<String>()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Import {
    image_url: String,
}

/// `POST /api/images/import`: takes a product's image from an address.
pub(in crate::demo) async fn import_image(
    visit: Visit,
    JsonBody(Import { image_url }): JsonBody<Import>,
) -> Result<Json<Value>, ApiRefusal> {
    if !visit.has("ssrf-image-import") {
        let host = partner(&image_url)
            .ok_or(Refusal::BadRequest("We take images from images.shop.example only."))?;
        return Ok(Json(json!({ "status": "queued", "host": host })));
    }
    let reply = match fetch(&image_url).await {
        // The partners' hosts do not exist; the picture will be fetched some other time.
        Err(_) if partner(&image_url).is_some() => json!({ "status": "queued" }),
        Err(error) => json!({ "status": "failed", "reason": error.to_string() }),
        Ok(fetched) => json!({
            "status": if fetched.content_type.starts_with("image/") { "imported" } else { "no image" },
            "upstream_status": fetched.status,
            "content_type": fetched.content_type,
            "preview": fetched.body.chars().take(2000).collect::<String>(),
        }),
    };
    Ok(Json(reply))
}

/// The host of an address of a partner's.
fn partner(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // A name before an `@` is no host, whatever it looks like.
    let plain = url.username().is_empty() && url.password().is_none();
    let host = url.host_str().filter(|host| plain && PARTNERS.contains(host))?;
    Some(host.to_owned())
}

pub(in crate::demo) async fn webhooks(visit: Visit) -> Result<Response, Refusal> {
    visit.page("webhooks.html", context! {}).await
}

/// Tries a webhook; the answer of the other side stays with the shop.
pub(in crate::demo) async fn try_webhook(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let address: String = form.fields.value("callback").chars().take(300).collect();
    let outcome = if visit.has("ssrf-webhook-test") {
        // Whatever comes back: the test has been sent.
        let _answer = fetch(&address).await;
        "sent"
    } else if partner(&address).is_some() {
        "sent"
    } else {
        "refused"
    };
    visit.page("webhooks.html", context! { address, outcome }).await
}
