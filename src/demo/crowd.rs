//! The counter: pages that are in order for whoever comes alone, and not when many come at once.
//!
//! | path | alone | in a crowd, flawed | in a crowd, safe |
//! |--|--|--|--|
//! | `/counter/quote` | a price | 500 with the exception of a pool that has run out | 503, a plain page |
//! | `/counter/card` | the member's own name (`X-Member`) | now and then another's | the member's own |
//! | `/counter/ledger` | 401 | what it should not show | 503 |
//! | `/counter/notice` | a notice | without `X-Content-Type-Options` from one backend | with it |

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio::time::timeout;

use super::faults::Backend;
use super::shop::Shop;

/// Quotes made at once, how long one takes, and how long somebody waits for his turn.
const CLERKS: usize = 4;
const QUOTE: Duration = Duration::from_millis(15);
const PATIENCE: Duration = Duration::from_millis(30);

/// How long a card is printed.
const PRINTING: Duration = Duration::from_millis(3);

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
}

impl Counter {
    pub(super) fn new() -> Self {
        Self { clerks: Semaphore::new(CLERKS), buffer: Mutex::default() }
    }
}

pub(super) fn routes() -> Router<Arc<Shop>> {
    Router::new()
        .route("/counter/quote", get(quote))
        .route("/counter/card", get(card))
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

async fn notice(State(shop): State<Arc<Shop>>, Extension(backend): Extension<Backend>) -> Response {
    let body = "The counter is closed on Sunday.\n";
    // The safe shop protects every answer itself.
    if shop.flawed && backend != Backend::Third {
        let protection = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        return (protection, body).into_response();
    }
    body.into_response()
}
