//! Products, search, reviews and stock.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::demo::catalogue;
use crate::demo::catalogue::Review;
use crate::demo::pages::catalogue::find;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

const TRACEBACK: &str = "upstream catalogue service failed:
Traceback (most recent call last):
  File \"/srv/catalogue/app.py\", line 212, in dispatch
    return handler(request)
  File \"/srv/catalogue/products.py\", line 48, in list_products
    page = int(request.args[\"page\"])
ValueError: invalid literal for int() with base 10";

pub(in crate::demo) async fn products(visit: Visit) -> Result<Json<Value>, ApiRefusal> {
    let asked = visit.query.value("page");
    let page = match asked.parse::<i64>() {
        _ if asked.is_empty() => 1,
        Ok(page) if (1..=1000).contains(&page) => page,
        Err(_) if visit.has("verbose-error-api") => {
            return Err(Refusal::Verbose(TRACEBACK.to_owned()).into());
        }
        _ => return Err(Refusal::BadRequest("`page` is a number from 1.").into()),
    };
    let category = visit.query.value("category").to_owned();
    let products = visit.read(move |db| catalogue::page(db, &category, page)).await?;
    visit.touch_rows(&catalogue::ids(&products)).await?;
    Ok(Json(json!({ "page": page, "products": products })))
}

pub(in crate::demo) async fn product(
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiRefusal> {
    let id = number(&id)?;
    let product = visit.read(move |db| catalogue::by_id(db, id)).await?;
    Ok(Json(json!(product.ok_or(Refusal::NotFound)?)))
}

pub(in crate::demo) async fn search(visit: Visit) -> Result<Json<Value>, ApiRefusal> {
    let products = find(&visit, visit.query.value("q")).await?;
    Ok(Json(json!({ "products": products })))
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct StockQuestion {
    sku: String,
}

pub(in crate::demo) async fn stock(
    visit: Visit,
    JsonBody(StockQuestion { sku }): JsonBody<StockQuestion>,
) -> Result<Json<Value>, ApiRefusal> {
    let pasted = visit.has("sqli-stock-blind");
    let available = visit
        .read(move |db| {
            if pasted {
                return Ok(catalogue::in_stock_pasted(db, &sku));
            }
            catalogue::in_stock(db, &sku)
        })
        .await?;
    Ok(Json(json!({ "available": available })))
}

pub(in crate::demo) async fn reviews(
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiRefusal> {
    let id = number(&id)?;
    let found = visit
        .read(move |db| Ok((catalogue::by_id(db, id)?.is_some(), catalogue::reviews(db, id)?)))
        .await?;
    match found {
        (true, reviews) => Ok(Json(json!({ "reviews": reviews }))),
        (false, _) => Err(Refusal::NotFound.into()),
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct NewReview {
    rating: i64,
    text: String,
}

pub(in crate::demo) async fn review(
    visit: Visit,
    Path(id): Path<String>,
    JsonBody(new): JsonBody<NewReview>,
) -> Result<StatusCode, ApiRefusal> {
    let author = visit.require_bearer().await?.display_name;
    let id = number(&id)?;
    if new.text.is_empty() || new.text.len() > 2000 || !(1..=5).contains(&new.rating) {
        return Err(Refusal::BadRequest("`rating` is 1 to 5, `text` 1 to 2000 bytes.").into());
    }
    let review = Review { author, rating: new.rating, text: new.text };
    let known = visit
        .write(move |db| {
            let known = catalogue::by_id(db, id)?.is_some();
            if known {
                catalogue::add_review(db, id, &review)?;
            }
            Ok(known)
        })
        .await?;
    if known { Ok(StatusCode::CREATED) } else { Err(Refusal::NotFound.into()) }
}

/// A path segment as a number; anything else names nothing.
pub(in crate::demo) fn number(segment: &str) -> Result<i64, Refusal> {
    segment.parse().map_err(|_| Refusal::NotFound)
}
