//! What every response carries: measured times, the backend's name, and headers that protect,
//! or in the flawed shop headers that tell too much.

use std::fmt::Write as _;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::clock;
use super::shop::Shop;
use super::store::Cost;
use super::store::StoreError;

/// Where the time of one request goes.
#[derive(Debug, Default)]
pub(super) struct Meter {
    database_us: AtomicU64,
    queries: AtomicU32,
    scanned: AtomicU64,
    lock_us: AtomicU64,
    locks: AtomicU32,
}

impl Meter {
    /// Awaits database work and counts its time, waiting for a connection included.
    pub(super) async fn database<T>(
        &self,
        work: impl Future<Output = (Result<T, StoreError>, Cost)>,
    ) -> Result<T, StoreError> {
        let started = clock::now();
        let (result, cost) = work.await;
        self.database_us.fetch_add(micros(started.elapsed()), Ordering::Relaxed);
        self.queries.fetch_add(cost.queries, Ordering::Relaxed);
        self.scanned.fetch_add(cost.scanned, Ordering::Relaxed);
        result
    }

    /// Awaits a lock and counts the time.
    pub(super) async fn lock<T>(&self, wait: impl Future<Output = T>) -> T {
        let started = clock::now();
        let entered = wait.await;
        self.lock_us.fetch_add(micros(started.elapsed()), Ordering::Relaxed);
        self.locks.fetch_add(1, Ordering::Relaxed);
        entered
    }

    /// Value of `Server-Timing` (<https://www.w3.org/TR/server-timing/>), milliseconds.
    fn header(&self, total: Duration) -> String {
        let total = micros(total);
        let database = self.database_us.load(Ordering::Relaxed);
        let lock = self.lock_us.load(Ordering::Relaxed);
        let app = total.saturating_sub(database + lock);
        let (queries, scanned) =
            (self.queries.load(Ordering::Relaxed), self.scanned.load(Ordering::Relaxed));
        let mut value = format!(
            "db;dur={};desc=\"queries={queries} scanned={scanned}\", app;dur={}",
            millis(database),
            millis(app)
        );
        if self.locks.load(Ordering::Relaxed) > 0 {
            let _infallible = write!(value, ", lock;dur={}", millis(lock));
        }
        let _infallible = write!(value, ", total;dur={}", millis(total));
        value
    }
}

/// The outermost layer: measures the request, plays the load balancer and sets headers.
pub(super) async fn observe(
    State(shop): State<Arc<Shop>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = clock::now();
    let meter = Arc::new(Meter::default());
    let backend = shop.balancer.next();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_api = request.uri().path().starts_with("/api/");
    request.extensions_mut().insert(Arc::clone(&meter));
    request.extensions_mut().insert(backend);
    if shop.flawed {
        backend.delay().await;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-served-by"), backend.name());
    if shop.flawed {
        tell_too_much(headers, origin.filter(|_| is_api));
    } else {
        protect(headers);
    }
    let timing = HeaderValue::from_str(&meter.header(started.elapsed()))
        .expect("numbers and names are visible ASCII");
    headers.insert(HeaderName::from_static("server-timing"), timing);
    response
}

fn tell_too_much(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.insert(header::SERVER, HeaderValue::from_static("FernShop/1.4.2"));
    headers.insert(HeaderName::from_static("x-powered-by"), HeaderValue::from_static("Axum/0.8"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn protect(headers: &mut HeaderMap) {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    const PROTECTING: [(HeaderName, &str); 7] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in PROTECTING {
        // The maze has scripts and frames, and says so itself.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // Pages belong to a session; what may be cached says so itself.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn millis(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}
