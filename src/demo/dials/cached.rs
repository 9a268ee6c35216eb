//! A cache in front of the shop that keeps what may be kept and says whether it did.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use axum::body::Body;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use sha2::Digest as _;
use sha2::Sha256;

use crate::demo::accounts::hex;
use crate::demo::clock;

/// How long an answer is kept, whatever `max-age` allows: some requests of every run miss.
const LIFETIME: Duration = Duration::from_secs(5);
const KEPT: usize = 64;
const LONGEST: usize = 1 << 20;

/// What a cache said: `X-Cache`, as most do, and `Cache-Status` (RFC 9211).
pub(super) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// See [`X_CACHE`].
pub(super) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Answers by path and query.
#[derive(Debug, Default)]
pub(super) struct Cached {
    answers: Mutex<HashMap<String, Answer>>,
}

#[derive(Debug, Clone)]
struct Answer {
    headers: HeaderMap,
    body: Bytes,
    at: Instant,
}

impl Cached {
    /// The answer that is kept for this request, if one is.
    pub(super) fn find(&self, key: &str, asked: &HeaderMap) -> Option<Response> {
        let kept = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let kept = kept.filter(|answer| answer.at.elapsed() < LIFETIME)?;
        let is_known = asked.get(header::IF_NONE_MATCH) == kept.headers.get(header::ETAG);
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Body::from(kept.body).into_response()
        };
        let headers = response.headers_mut();
        headers.extend(kept.headers);
        headers.insert(header::AGE, HeaderValue::from(kept.at.elapsed().as_secs()));
        headers.insert(X_CACHE, HeaderValue::from_static("HIT"));
        headers.insert(CACHE_STATUS, HeaderValue::from_static("shop; hit"));
        Some(response)
    }

    /// Keeps an answer that may be kept; passes it on with what became of it.
    pub(super) async fn keep(&self, key: String, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let is_public = parts
            .headers
            .get(header::CACHE_CONTROL)
            .is_some_and(|control| control.as_bytes().starts_with(b"public"));
        if parts.status != StatusCode::OK || !is_public {
            return Response::from_parts(parts, body);
        }
        // Longer ones do not exist below the routes that are kept.
        let body = to_bytes(body, LONGEST).await.unwrap_or_default();
        parts.headers.entry(header::ETAG).or_insert_with(|| tag(&body));
        let mut headers = parts.headers.clone();
        // They tell of the request that made the answer, not of the one that gets it.
        for name in ["server-timing", "x-served-by", "set-cookie", "content-length"] {
            headers.remove(name);
        }
        self.store(key, Answer { headers, body: body.clone(), at: clock::now() });
        parts.headers.insert(X_CACHE, HeaderValue::from_static("MISS"));
        parts.headers.insert(CACHE_STATUS, HeaderValue::from_static("shop; fwd=miss; stored"));
        Response::from_parts(parts, Body::from(body))
    }

    fn store(&self, key: String, answer: Answer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= KEPT {
            answers.retain(|_, kept| kept.at.elapsed() < LIFETIME);
        }
        if answers.len() < KEPT {
            answers.insert(key, answer);
        }
    }
}

fn tag(body: &[u8]) -> HeaderValue {
    let tag = format!("\"{}\"", hex(&Sha256::digest(body)[..8]));
    HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes")
}
