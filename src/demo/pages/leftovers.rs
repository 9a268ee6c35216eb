//! What the flawed shop forgot to take away before it went live.

use axum::http::HeaderValue;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use minijinja::context;

use crate::demo::html::value;
use crate::demo::refusal::Refusal;
use crate::demo::visit::Visit;

const CONTACT_SOURCE: &str = include_str!("../templates/contact.html.bak");

pub(in crate::demo) async fn debug(visit: Visit) -> Result<Response, Refusal> {
    let settings = [
        ("ENVIRONMENT", "production"),
        ("DEBUG", "true"),
        ("DATABASE_URL", "postgres://shop:decoy-8d1f@db.shop.example/shop"),
        ("SECRET_KEY", "decoy-4c1e5f0b9a7d"),
        ("MAIL_PASSWORD", "decoy-mail-771"),
        ("HOSTNAME", "demo-shop"),
    ];
    visit.page("debug.html", context! { settings => value(settings) }).await
}

pub(in crate::demo) async fn contact_source() -> Response {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    ([kind], CONTACT_SOURCE).into_response()
}
