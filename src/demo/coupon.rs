//! The counter's coupon: good for one use, in order for whoever comes alone.
//!
//! | path | what it does |
//! |--|--|
//! | `POST /counter/coupon/new` | hands the coupon out anew, as if nobody had used it |
//! | `POST /counter/coupon/redeem` | uses it, once: then 409 |
//! | `GET /counter/coupon` | how often it was used |
//!
//! The flawed shop looks whether the coupon is good, stamps it, and then counts (CWE-367: time of check,
//! time of use); who comes while it stamps finds it good too. The safe shop looks and counts in one step.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde_json::json;
use tokio::time::sleep;

use super::shop::Shop;

/// There is one.
const ID: u32 = 1;

/// How often it may be used.
const LIMIT: u32 = 1;

/// How long it takes to stamp it.
const STAMPING: Duration = Duration::from_millis(10);

/// How often the coupon was used.
#[derive(Debug, Default)]
pub(super) struct Coupon(Mutex<u32>);

impl Coupon {
    fn used(&self) -> MutexGuard<'_, u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_good(&self) -> bool {
        *self.used() < LIMIT
    }

    fn count(&self) -> u32 {
        let mut used = self.used();
        *used += 1;
        *used
    }

    /// Both in one step: the number of uses, if there was one left.
    fn count_if_good(&self) -> Option<u32> {
        let mut used = self.used();
        (*used < LIMIT).then(|| {
            *used += 1;
            *used
        })
    }
}

pub(super) fn routes() -> Router<Arc<Shop>> {
    Router::new()
        .route("/counter/coupon", get(coupon))
        .route("/counter/coupon/new", post(renew))
        .route("/counter/coupon/redeem", post(redeem))
}

async fn coupon(State(shop): State<Arc<Shop>>) -> Response {
    Json(json!({ "id": ID, "used_count": *shop.counter.coupon.used() })).into_response()
}

async fn renew(State(shop): State<Arc<Shop>>) -> Response {
    *shop.counter.coupon.used() = 0;
    Json(json!({ "id": ID })).into_response()
}

async fn redeem(State(shop): State<Arc<Shop>>) -> Response {
    let coupon = &shop.counter.coupon;
    let uses = if shop.flawed {
        if coupon.is_good() {
            sleep(STAMPING).await;
            Some(coupon.count())
        } else {
            None
        }
    } else {
        sleep(STAMPING).await;
        coupon.count_if_good()
    };
    match uses {
        Some(uses) => Json(json!({ "id": ID, "used_count": uses })).into_response(),
        None => (StatusCode::CONFLICT, "The coupon was used already.\n").into_response(),
    }
}
