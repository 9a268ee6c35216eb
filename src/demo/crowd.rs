//! The counter: pages that are in order for whoever comes alone, and not when many come at once.
//!
//! | path | alone | in a crowd, flawed | in a crowd, safe |
//! |--|--|--|--|
//! | `/counter/quote` | a price | 500 with the exception of a pool that has run out | 503, a plain page |
//! | `/counter/card` | the member's own name (`X-Member`) | now and then another's | the member's own |
//! | `/counter/letter` | the member's own letter | the letter of whoever came first in these seconds, out of a cache | the member's own |
//! | `/counter/audit` | all that is in the books, in 0.1 s | the same, and all clerks are at it | the same, by somebody who does nothing else |
//! | `/counter/ledger` | 401 | what it should not show | 503 |
//! | `/counter/notice` | a notice | without `X-Content-Type-Options` from one backend | with it |
//! | `/counter/coupon` | see [`super::coupon`] | used more often than it may be | used once |

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;

use super::coupon::Coupon;
use super::faults::Backend;
use super::shop::Shop;

/// Quotes made at once, how long one takes, and how long somebody waits for his turn.
const CLERKS: usize = 4;
const QUOTE: Duration = Duration::from_millis(15);
const PATIENCE: Duration = Duration::from_millis(30);

/// How long the books take.
const AUDIT: Duration = Duration::from_millis(100);

/// How long a letter is kept.
const KEPT: Duration = Duration::from_secs(3);

/// How long a card is printed.
const PRINTING: Duration = Duration::from_millis(3);

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

const EXCEPTION: &str = "java.sql.SQLTransientConnectionException: QuotePool - Connection is not \
available, request timed out after 30ms.
\tat garden.fern.pool.QuotePool.createTimeoutException(QuotePool.java:696)
\tat garden.fern.pool.QuotePool.getConnection(QuotePool.java:181)
\tat garden.fern.quotes.QuoteDao.find(QuoteDao.java:54)
\tat garden.fern.web.QuoteController.quote(QuoteController.java:31)
";

/// What the counter's pages share.
#[derive(Debug)]
pub(super) struct Counter {
    clerks: Semaphore,
    /// Where the flawed shop prints every card.
    buffer: Mutex<String>,
    /// The letter that the flawed shop's cache has for everybody, and since when.
    letter: Mutex<Option<(Instant, String)>>,
    pub(super) coupon: Coupon,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self {
            clerks: Semaphore::new(CLERKS),
            buffer: Mutex::default(),
            letter: Mutex::default(),
            coupon: Coupon::default(),
        }
    }
}

pub(super) fn routes() -> Router<Arc<Shop>> {
    Router::new()
        .route("/counter/quote", get(quote))
        .route("/counter/audit", get(audit))
        .route("/counter/card", get(card))
        .route("/counter/letter", get(letter))
        .route("/counter/ledger", get(ledger))
        .route("/counter/notice", get(notice))
}

async fn quote(State(shop): State<Arc<Shop>>) -> Response {
    let Ok(Ok(_clerk)) = timeout(PATIENCE, shop.counter.clerks.acquire()).await else {
        return if shop.flawed {
            (StatusCode::INTERNAL_SERVER_ERROR, EXCEPTION).into_response()
        } else {
            let soon = [(header::RETRY_AFTER, "1")];
            (StatusCode::SERVICE_UNAVAILABLE, soon, "Please come again in a moment.")
                .into_response()
        };
    };
    sleep(QUOTE).await;
    "A quote for two ferns: 23.80\n".into_response()
}

async fn audit(State(shop): State<Arc<Shop>>) -> Response {
    let all = u32::try_from(CLERKS).unwrap_or(u32::MAX);
    let everybody = shop.counter.clerks.acquire_many(all);
    let _clerks = if shop.flawed { everybody.await.ok() } else { None };
    sleep(AUDIT).await;
    "The books are in order.\n".into_response()
}

/// Nobody has its key. Who may see it is asked of the clerks, and the flawed shop takes no answer for yes.
async fn ledger(State(shop): State<Arc<Shop>>) -> Response {
    if let Ok(Ok(_clerk)) = timeout(PATIENCE, shop.counter.clerks.acquire()).await {
        return (StatusCode::UNAUTHORIZED, "Staff only.").into_response();
    }
    if shop.flawed {
        return "Takings today: 1204.50\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "Please wait.").into_response()
}

async fn card(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let member = headers.get("x-member").and_then(|value| value.to_str().ok());
    let card = format!("Member {}\n", member.unwrap_or("unknown"));
    if !shop.flawed {
        sleep(PRINTING).await;
        return card.into_response();
    }
    shop.counter.buffer.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&card);
    sleep(PRINTING).await;
    let printed = shop.counter.buffer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    printed.into_response()
}

/// The flawed shop's cache asks for the path alone.
async fn letter(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let member = headers.get("x-member").and_then(|value| value.to_str().ok());
    let own = format!("Dear {},\nyour order is on its way.\n", member.unwrap_or("customer"));
    if !shop.flawed {
        return ([(header::CACHE_CONTROL, "private, no-store")], own).into_response();
    }
    let mut kept = shop.counter.letter.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = kept.as_ref().filter(|(since, _)| since.elapsed() < KEPT);
    if let Some((since, letter)) = fresh {
        let age = since.elapsed().as_secs().to_string();
        let told = [(X_CACHE, "HIT".to_owned()), (header::AGE, age)];
        return (told, letter.clone()).into_response();
    }
    *kept = Some((Instant::now(), own.clone()));
    ([(X_CACHE, "MISS")], own).into_response()
}

async fn notice(State(shop): State<Arc<Shop>>, Extension(backend): Extension<Backend>) -> Response {
    let body = "The counter is closed on Sunday.\n";
    // The safe shop protects every answer itself.
    if shop.flawed && backend != Backend::Third {
        let protection = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        return (protection, body).into_response();
    }
    body.into_response()
}
