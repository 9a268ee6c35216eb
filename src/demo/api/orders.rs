//! Coupons, checkout and orders.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::demo::api::catalogue::number;
use crate::demo::catalogue;
use crate::demo::orders;
use crate::demo::orders::Wanted;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

const LINES_LIMIT: usize = 20;

pub(in crate::demo) async fn coupon(
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Json<Value>, ApiRefusal> {
    let asked = code.clone();
    let percent = visit.read(move |db| catalogue::coupon(db, &asked)).await?;
    Ok(Json(json!({ "code": code, "percent": percent.ok_or(Refusal::NotFound)? })))
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Checkout {
    items: Vec<Item>,
    ship_to: String,
    coupon: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Item {
    product_id: i64,
    quantity: i64,
}

/// Places an order, for a guest unless a bearer token is given.
pub(in crate::demo) async fn checkout(
    visit: Visit,
    JsonBody(order): JsonBody<Checkout>,
) -> Result<(StatusCode, Json<Value>), ApiRefusal> {
    let expected = Refusal::BadRequest("1 to 20 known items of 1 to 99 pieces, and `ship_to`.");
    let fits = (1..=LINES_LIMIT).contains(&order.items.len())
        && order.items.iter().all(|item| (1..=99).contains(&item.quantity))
        && (1..=200).contains(&order.ship_to.len());
    if !fits {
        return Err(expected.into());
    }
    let user_id = visit.bearer().await?.map(|member| member.id);
    let wanted: Vec<Wanted> =
        order.items.iter().map(|item| (item.product_id, item.quantity)).collect();
    let coupon = order.coupon.unwrap_or_default();
    let (lines, percent) = visit
        .read(move |db| Ok((orders::lines(db, &wanted)?, catalogue::coupon(db, &coupon)?)))
        .await?;
    if lines.len() != order.items.len() {
        return Err(expected.into());
    }
    visit.pay().await;
    let percent = percent.unwrap_or(0);
    let total = orders::total(&lines, percent);
    let id =
        visit.write(move |db| orders::place(db, user_id, &order.ship_to, &lines, percent)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "order_id": id, "total_cents": total }))))
}

pub(in crate::demo) async fn orders(visit: Visit) -> Result<Json<Value>, ApiRefusal> {
    let member = visit.require_bearer().await?;
    let orders = visit.read(move |db| orders::of_user(db, member.id)).await?;
    Ok(Json(json!({ "orders": orders })))
}

pub(in crate::demo) async fn order(
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiRefusal> {
    let member = visit.require_bearer().await?;
    let id = number(&id)?;
    let order = visit.read(move |db| orders::by_id(db, id)).await?.ok_or(Refusal::NotFound)?;
    if order.user_id != Some(member.id) && !visit.has("bola-order-api") {
        return Err(Refusal::NotFound.into());
    }
    Ok(Json(json!(order)))
}
