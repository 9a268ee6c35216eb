//! What stands in front of the shop's routes: it keeps visitors out of `/internal/`, and in the
//! flawed shop it believes headers and reads paths otherwise than the routes do.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::FromRequestParts as _;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use percent_encoding::percent_decode_str;

use crate::demo::refusal::Refusal;
use crate::demo::shop::Shop;
use crate::demo::visit::Visit;

const GUARDED: &str = "/internal";

/// Refuses what is guarded; everything else goes on to the routes.
pub(in crate::demo) async fn guard(
    State(shop): State<Arc<Shop>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::TRACE && shop.flawed {
        return echo(&request);
    }
    let path = request.uri().path();
    // The safe shop looks at the path as the routes will read it.
    let seen = if shop.flawed { path.to_owned() } else { plain(path) };
    let (mut parts, body) = request.into_parts();
    if is_guarded(&seen) {
        let Ok(visit) = Visit::from_request_parts(&mut parts, &shop).await;
        let trusted = visit.has("acl-forwarded-for") && comes_from_inside(&parts.headers);
        if !trusted && visit.require_admin().await.is_err() {
            return Refusal::Forbidden.into_response();
        }
    }
    if shop.flawed {
        let rewritten = parts.headers.get("x-original-url").and_then(|path| path.to_str().ok());
        let wanted = rewritten.map_or_else(|| plain(parts.uri.path()), str::to_owned);
        if (rewritten.is_some() || is_guarded(&wanted))
            && let Ok(uri) = wanted.parse::<Uri>()
            && uri.path().starts_with('/')
        {
            parts.uri = uri;
        }
    }
    next.run(Request::from_parts(parts, body)).await
}

fn is_guarded(path: &str) -> bool {
    path == GUARDED || path.starts_with("/internal/")
}

/// A path as the flawed shop's routes read it: decoded, in lower case, without empty segments,
/// dots and what stands after a semicolon.
fn plain(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy().to_lowercase();
    let mut segments = Vec::new();
    for segment in decoded.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default().trim() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// Whether a proxy says that the request comes from the office, or from this machine.
fn comes_from_inside(headers: &HeaderMap) -> bool {
    ["x-forwarded-for", "x-real-ip", "x-client-ip"].iter().any(|name| {
        let first = headers.get(*name).and_then(|value| value.to_str().ok()?.split(',').next());
        let address = first.and_then(|text| text.trim().parse::<std::net::Ipv4Addr>().ok());
        address.is_some_and(|address| address.is_loopback() || address.is_private())
    })
}

/// `TRACE` (RFC 9110, section 9.3.8): the request's head comes back.
fn echo(request: &Request) -> Response {
    let mut text = format!("TRACE {} HTTP/1.1\r\n", request.uri());
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let _infallible = write!(text, "{name}: {value}\r\n");
    }
    (StatusCode::OK, [(header::CONTENT_TYPE, "message/http")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn spellings_of_a_path_are_one() {
        for path in [
            "/internal/report",
            "/Internal/Report",
            "//internal/./report",
            "/x/../internal/report/",
            "/%69nternal/report",
            "/internal;a=1/report;b",
            "/internal/report%20",
        ] {
            assert_eq!(plain(path), "/internal/report", "{path}");
        }
    }
}
