//! Where the dials meet requests: in front of the shop, where limiters and caches stand, and inside
//! it, where the time that `Server-Timing` tells of is spent.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use axum::body::HttpBody as _;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use futures_util::stream;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::bucket::Above;
use super::bucket::Bucket;
use super::bucket::Turn;
use super::cached::CACHE_STATUS;
use super::cached::Cached;
use super::cached::X_CACHE;
use super::jitter::Jitter;
use super::jitter::wait;
use super::setting::Dials;
use super::table::Dial;
use super::table::LOCKED;
use crate::demo::clock;
use crate::demo::faults::Backend;
use crate::demo::observe::Meter;

/// What one connection takes of a long answer: a line of 80 Mbit/s.
const BYTES_PER_MS: usize = 10_000;

/// The dials and what requests share because of them.
#[derive(Debug)]
pub(in crate::demo) struct Dialled {
    dials: Dials,
    jitter: Jitter,
    bucket: Option<Bucket>,
    cached: Option<Cached>,
    lock: Mutex<()>,
}

impl Dialled {
    pub(in crate::demo) fn new(dials: Dials) -> Self {
        let bucket = [(Dial::RateLimit, Above::Refused), (Dial::RateShape, Above::Waits)]
            .into_iter()
            .find(|(dial, _)| dials.is_on(*dial))
            .map(|(dial, above)| Bucket::new(dials.value(dial), above, clock::now()));
        let has_cache = dials.is_on(Dial::Cache) || dials.is_on(Dial::Uncached);
        Self {
            dials,
            jitter: Jitter::new(dials.whole(Dial::Seed).into()),
            bucket,
            cached: has_cache.then(Cached::default),
            lock: Mutex::new(()),
        }
    }

    /// What one query costs, drawn for it.
    pub(in crate::demo) fn query(&self) -> Duration {
        self.jitter.about(self.dials.time(Dial::Query))
    }

    /// How many connections to the database there are, if that is limited.
    pub(in crate::demo) fn connections(&self) -> Option<u32> {
        self.dials.is_on(Dial::Pool).then(|| self.dials.whole(Dial::Pool).max(1))
    }

    /// How long a connection is busy after its query, drawn for it.
    pub(in crate::demo) fn reset(&self) -> Duration {
        self.jitter.about(self.dials.time(Dial::PoolReset))
    }

    /// The round trip of each query for a row of the list at `path`, if rows are asked for singly.
    pub(in crate::demo) fn round_trip(&self, path: &str) -> Option<Duration> {
        let is_here = self.dials.is_at(Dial::NPlusOne, path);
        is_here.then(|| self.dials.time(Dial::NPlusOne))
    }

    /// How many rows without an index each query of `path` reads.
    pub(in crate::demo) fn scanned(&self, path: &str) -> u32 {
        if self.dials.is_at(Dial::SlowIndex, path) { self.dials.rows_to_scan() } else { 0 }
    }

    async fn answer(&self, request: Request, next: Next) -> Response {
        let Some(bucket) = &self.bucket else {
            return self.through_cache(request, next).await;
        };
        let turn = bucket.take(clock::now());
        let mut response = if let Some(after) = turn.after {
            tokio::time::sleep(after).await;
            self.through_cache(request, next).await
        } else {
            let later = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
            (StatusCode::TOO_MANY_REQUESTS, later, "Too many requests.\n").into_response()
        };
        tell_limit(response.headers_mut(), bucket.limit(), turn);
        response
    }

    async fn through_cache(&self, request: Request, next: Next) -> Response {
        let path = request.uri().path();
        let (Some(cached), true) =
            (&self.cached, request.method() == Method::GET && Dial::Uncached.can_be_at(path))
        else {
            return next.run(request).await;
        };
        let is_broken = self.dials.is_at(Dial::Uncached, path)
            && !self.jitter.happens(self.dials.value(Dial::Hits) / 100.0);
        let key = request.uri().path_and_query().map_or("", |whole| whole.as_str()).to_owned();
        // It stands on another machine, and is asked in every case.
        wait(self.jitter.about(self.dials.time(Dial::Work) / 2)).await;
        if !is_broken && let Some(kept) = cached.find(&key, request.headers()) {
            return kept;
        }
        cached.keep(key, next.run(request).await).await
    }

    /// What a request costs before a handler sees it.
    async fn delay(&self, path: &str, backend: Option<Backend>, meter: Option<&Meter>) {
        let work = self.dials.time(Dial::Work).mul_f64(weight(path));
        wait(self.jitter.about(work)).await;
        if backend == Some(Backend::Third) {
            wait(self.jitter.about(self.dials.time(Dial::Backend))).await;
        }
        if self.dials.is_at(Dial::Uncached, path) {
            wait(self.jitter.about(self.dials.time(Dial::Uncached))).await;
        }
        if self.dials.is_on(Dial::Lock) && LOCKED.contains(&path) {
            let turn = self.lock.lock();
            let _held = match meter {
                Some(meter) => meter.lock(turn).await,
                None => turn.await,
            };
            wait(self.jitter.about(self.dials.time(Dial::Lock))).await;
        }
    }

    /// What is done to an answer on its way out.
    async fn send(&self, path: &str, mut response: Response) -> Response {
        if response.status() == StatusCode::OK && self.dials.is_at(Dial::Payload, path) {
            let kilobytes = usize::try_from(self.dials.whole(Dial::Payload)).unwrap_or(0);
            response = lengthen(response, kilobytes * 1000).await;
        }
        let headers = response.headers_mut();
        if self.dials.is_on(Dial::NoKeepAlive) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if self.dials.is_on(Dial::Bare) {
            for name in ["server-timing", "x-served-by"] {
                headers.remove(name);
            }
            for name in [X_CACHE, CACHE_STATUS, header::AGE] {
                headers.remove(name);
            }
        }
        response
    }
}

/// The layer in front of the shop.
pub(in crate::demo) async fn front(
    State(dialled): State<Arc<Dialled>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let response = dialled.answer(request, next).await;
    dialled.send(&path, response).await
}

/// The layer inside the shop.
pub(in crate::demo) async fn back(
    State(dialled): State<Arc<Dialled>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let meter = request.extensions().get::<Arc<Meter>>().cloned();
    let backend = request.extensions().get::<Backend>().copied();
    dialled.delay(&path, backend, meter.as_deref()).await;
    let mut response = next.run(request).await;
    // Static files say so themselves; this list is the same for everybody.
    if dialled.cached.is_some() && path == "/api/products" && response.status() == StatusCode::OK {
        let public = HeaderValue::from_static("public, max-age=60");
        response.headers_mut().insert(header::CACHE_CONTROL, public);
    }
    response
}

/// The three headers of <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/03/>,
/// which most limiters send.
fn tell_limit(headers: &mut HeaderMap, limit: f64, turn: Turn) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "above 0 and small"
    )]
    let limit = limit.ceil() as u64;
    let seconds = turn.full_in.as_secs_f64().ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds")]
    let seconds = seconds as u64;
    for (name, value) in [
        (HeaderName::from_static("ratelimit-limit"), limit),
        (HeaderName::from_static("ratelimit-remaining"), turn.left.into()),
        (HeaderName::from_static("ratelimit-reset"), seconds),
    ] {
        headers.insert(name, HeaderValue::from(value));
    }
}

/// How much of the work of others a request is.
fn weight(path: &str) -> f64 {
    match path {
        "/static/theme.css" | "/static/logo.svg" | "/favicon.ico" => 0.4,
        "/products" | "/search" | "/bestsellers" => 1.3,
        _ => 1.0,
    }
}

/// The same answer with so many bytes more that mean nothing, sent at the pace of a line.
async fn lengthen(response: Response, bytes: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let (open, close) = match kind {
        kind if kind.starts_with(b"text/html") || kind.starts_with(b"image/svg") => ("<!--", "-->"),
        kind if kind.starts_with(b"text/css") => ("/*", "*/"),
        _ => ("", ""),
    };
    let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let Ok(body) = to_bytes(body, length.unwrap_or(1 << 20)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut head = Vec::from(body);
    head.extend_from_slice(open.as_bytes());
    let middle = bytes.saturating_sub(open.len() + close.len());
    let whole = head.len() + middle + close.len();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole));
    let blank = Bytes::from(vec![b' '; BYTES_PER_MS]);
    let start = Instant::now();
    let state = (Some(Bytes::from(head)), 0_usize);
    let pieces = stream::unfold(state, move |(head, sent)| {
        let blank = blank.clone();
        async move {
            if let Some(head) = head {
                return Some((Ok::<_, std::io::Error>(head), (None, 0)));
            }
            if sent > middle {
                return None;
            }
            let due = start + Duration::from_millis((sent / BYTES_PER_MS) as u64);
            tokio::time::sleep_until(due).await;
            if sent == middle {
                return Some((Ok(Bytes::from_static(close.as_bytes())), (None, middle + 1)));
            }
            let piece = blank.slice(..BYTES_PER_MS.min(middle - sent));
            let sent = sent + piece.len();
            Some((Ok(piece), (None, sent)))
        }
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}
