//! Who answers a path of the maze.

use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;

use crate::demo::refusal::Refusal;
use crate::demo::shop::Shop;

use super::fields::Sent;
use super::forms;
use super::interfaces;
use super::leaf::leaf;
use super::rooms::Rooms;

/// Scripts and frames of its own, which the shop does without.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self' 'unsafe-inline' data: blob: ws:; frame-ancestors 'self'",
);

/// Everything below `/maze`.
pub(in crate::demo) async fn maze(State(shop): State<Arc<Shop>>, request: Request) -> Response {
    let mut response = answer(&shop.maze, request).await;
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
    headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("SAMEORIGIN"));
    response
}

/// `/.well-known`, which belongs to the whole origin.
pub(in crate::demo) async fn well_known(
    State(shop): State<Arc<Shop>>,
    request: Request,
) -> Response {
    let document = shop.maze.document(request.uri().path()).filter(|_| shop.maze.leads);
    document.unwrap_or_else(|| Refusal::NotFound.into_response())
}

async fn answer(rooms: &Rooms, request: Request) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    if let Some(page) = forms::page(rooms, &method, &path) {
        return page;
    }
    if let Some(document) = rooms.document(&path) {
        return if is_read(&method) { document } else { not_allowed("GET, HEAD") };
    }
    let Ok(sent) = Sent::read(request).await else {
        return Refusal::TooLarge.into_response();
    };
    if let Some(answer) = forms::answer(rooms, &method, &path, &sent) {
        return answer;
    }
    if let Some(answer) = interfaces::answer(&method, &path, &sent) {
        return answer;
    }
    let mut known = rooms.targets.iter().filter(|target| target.is(target.method, &path));
    match known.next() {
        None => (StatusCode::NOT_FOUND, Html(include_str!("site/not-found.html"))).into_response(),
        Some(target) if target.method == "POST" && method != Method::POST => not_allowed("POST"),
        Some(_) if is_read(&method) || method == Method::POST => leaf(&path),
        Some(_) => not_allowed("GET, HEAD, POST"),
    }
}

/// Whether this method only reads.
pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// 405, with the methods that are.
pub(super) fn not_allowed(methods: &'static str) -> Response {
    let allow = [(header::ALLOW, HeaderValue::from_static(methods))];
    (StatusCode::METHOD_NOT_ALLOWED, allow, "Not this method.\n").into_response()
}
