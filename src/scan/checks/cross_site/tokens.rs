//! Tokens against forged requests in a request, and the same request without them.

use crate::model::Header;
use crate::model::Request;
use crate::scan::checks::names::promises;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::insertion_points;

/// Names of fields that hold a token.
const FIELDS: [&str; 10] = [
    "csrf",
    "xsrf",
    "token",
    "nonce",
    "authenticity",
    "verification",
    "csrfmiddlewaretoken",
    "formkey",
    "requesttoken",
    "sesskey",
];

/// Letters that a token has at least.
const MIN_TOKEN: usize = 6;

/// Headers that a page of another site cannot send with a form.
const HEADERS: [&str; 6] = [
    "x-csrf-token",
    "x-xsrf-token",
    "x-requested-with",
    "x-csrftoken",
    "csrf-token",
    "x-request-token",
];

/// The points of a request's body or query that hold a token.
pub(super) fn token_points(request: &Request) -> Vec<InsertionPoint> {
    let is_token = |point: &InsertionPoint| is_named(point) && point.value.len() >= MIN_TOKEN;
    insertion_points(request).into_iter().filter(is_token).collect()
}

/// Whether the name of a point is that of a token.
pub(super) fn is_named(point: &InsertionPoint) -> bool {
    promises(&point.reference.name, &FIELDS)
}

/// As another site's form would send it: from there, and without headers of scripts.
pub(super) fn forged(request: &Request, site: &str) -> Request {
    let mut forged = request.clone();
    let goes = |header: &Header| {
        HEADERS.iter().any(|name| header.is(name)) || header.is("origin") || header.is("referer")
    };
    forged.headers.retain(|header| !goes(header));
    forged.headers.push(Header::new("Origin", format!("https://{site}")));
    forged.headers.push(Header::new("Referer", format!("https://{site}/")));
    forged.headers.push(Header::new("Sec-Fetch-Site", "cross-site"));
    forged
}

/// Whether browsers send the body from another site's form as it is.
pub(super) fn is_simple(request: &Request) -> bool {
    let kind = request.header("content-type").map(|it| it.text().to_ascii_lowercase());
    let kind = kind.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    request.method.as_str() == "GET"
        || request.method.as_str() == "POST"
            && matches!(
                kind.as_str(),
                "" | "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain"
            )
}

/// The same body under a type that forms can send.
pub(super) fn as_text(request: &Request) -> Request {
    let mut simple = request.clone();
    simple.headers.retain(|header| !header.is("content-type"));
    simple.headers.push(Header::new("Content-Type", "text/plain"));
    simple
}
