//! Home, lists of products, product pages and search.

use std::error::Error as _;

use axum::response::Redirect;
use axum::response::Response;
use minijinja::context;
use rusqlite::Error;
use rusqlite::ffi;

use crate::demo::catalogue;
use crate::demo::catalogue::Review;
use crate::demo::html::value;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::seed;
use crate::demo::store::StoreError;
use crate::demo::visit::Visit;

const TEXT_LIMIT: usize = 2000;
const STACK_TRACE: &str = "
thread 'http-worker-2' panicked at src/shop/catalogue.rs:118:52:
called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }
stack backtrace:
   0: rust_begin_unwind
   1: core::panicking::panic_fmt
   2: core::result::unwrap_failed
   3: shop::catalogue::page_number
             at ./src/shop/catalogue.rs:118:52
   4: shop::routes::products
             at ./src/shop/routes.rs:64:20
   5: tokio::runtime::task::harness::poll_future
note: run with `RUST_BACKTRACE=full` for a verbose backtrace.
";

pub(in crate::demo) async fn home(visit: Visit) -> Result<Response, Refusal> {
    let products = visit.read(|db| catalogue::page(db, "", 1)).await?;
    visit
        .page("home.html", context! { products => value(&products[..8.min(products.len())]), categories => value(seed::CATEGORIES) })
        .await
}

pub(in crate::demo) async fn products(visit: Visit) -> Result<Response, Refusal> {
    let asked = visit.query.value("page");
    let page = match asked.parse::<i64>() {
        _ if asked.is_empty() => 1,
        Ok(page) if (1..=1000).contains(&page) => page,
        Err(_) if visit.has("verbose-error-page") => {
            return Err(Refusal::Verbose(format!("GET /products?page={asked}\n{STACK_TRACE}")));
        }
        _ => return Err(Refusal::BadRequest("A page number is expected.")),
    };
    let category = visit.query.value("category").to_owned();
    let pasted = visit.has("sqli-category-error") && !category.is_empty();
    let wanted = category.clone();
    let found = visit
        .read(move |db| {
            let products = if pasted {
                catalogue::page_pasted(db, &wanted, page)?
            } else {
                catalogue::page(db, &wanted, page)?
            };
            Ok((products, catalogue::count(db, &wanted)?))
        })
        .await;
    let (products, count) = match found {
        Ok(found) => found,
        Err(error) if pasted => return Err(database_error(&error)),
        Err(error) => return Err(error.into()),
    };
    visit.touch_rows(&catalogue::ids(&products)).await?;
    let last = (count + catalogue::PAGE_SIZE - 1) / catalogue::PAGE_SIZE;
    let pages: Vec<i64> = (1..=last).collect();
    // Encoded here: HTML escaping alone leaves `&` and `#` to end the parameter.
    let encoded: String = url::form_urlencoded::byte_serialize(category.as_bytes()).collect();
    let context = context! { products => value(products), category_encoded => encoded, categories => value(seed::CATEGORIES), page, pages };
    visit.page("products.html", context).await
}

pub(in crate::demo) async fn product(visit: Visit) -> Result<Response, Refusal> {
    let id = visit.query.value("id").to_owned();
    let found = if visit.has("sqli-product-boolean") {
        visit.read(move |db| Ok(catalogue::by_id_pasted(db, &id))).await?
    } else {
        let id: i64 = id.parse().map_err(|_| Refusal::NotFound)?;
        visit.read(move |db| catalogue::by_id(db, id)).await?
    };
    let product = found.ok_or(Refusal::NotFound)?;
    let id = product.id;
    let reviews = visit.read(move |db| catalogue::reviews(db, id)).await?;
    visit
        .page("product.html", context! { product => value(product), reviews => value(reviews) })
        .await
}

pub(in crate::demo) async fn review(form: Form) -> Result<Redirect, Refusal> {
    let (fields, visit) = (form.fields, form.visit);
    let product_id = fields.number("product_id").ok_or(Refusal::NotFound)?;
    let review = Review {
        author: fields.value("author").chars().take(40).collect(),
        rating: fields.number("rating").unwrap_or(3).clamp(1, 5),
        text: fields.value("text").chars().take(TEXT_LIMIT).collect(),
    };
    if review.text.is_empty() {
        return Err(Refusal::BadRequest("A review needs a text."));
    }
    let known = visit
        .write(move |db| {
            let known = catalogue::by_id(db, product_id)?.is_some();
            if known {
                catalogue::add_review(db, product_id, &review)?;
            }
            Ok(known)
        })
        .await?;
    if known {
        Ok(Redirect::to(&format!("/product?id={product_id}")))
    } else {
        Err(Refusal::NotFound)
    }
}

pub(in crate::demo) async fn bestsellers(visit: Visit) -> Result<Response, Refusal> {
    if !visit.has("n-plus-one-bestsellers") {
        let products = visit.read_far(catalogue::bestsellers).await?;
        let ids: Vec<i64> = products.iter().map(|product| product.id).collect();
        visit.touch_rows(&ids).await?;
        return visit.page("bestsellers.html", context! { products => value(products) }).await;
    }
    let mut products = visit.read_far(catalogue::bestsellers_bare).await?;
    for product in &mut products {
        let id = product.id;
        (product.rating, product.reviews) =
            visit.read_far(move |db| catalogue::rating(db, id)).await?;
    }
    visit.page("bestsellers.html", context! { products => value(products) }).await
}

pub(in crate::demo) async fn search(visit: Visit) -> Result<Response, Refusal> {
    let q = visit.query.value("q").to_owned();
    let products = find(&visit, &q).await?;
    visit.page("search.html", context! { products => value(products), q }).await
}

/// Products with a word that starts with the first word of `q`.
pub(in crate::demo) async fn find(
    visit: &Visit,
    q: &str,
) -> Result<Vec<catalogue::Product>, Refusal> {
    let word: String = q.split_whitespace().next().unwrap_or("").chars().take(40).collect();
    if word.is_empty() {
        return Ok(Vec::new());
    }
    let unindexed = visit.has("search-unindexed");
    let search = if unindexed { catalogue::search_unindexed } else { catalogue::search };
    let products = visit.read(move |db| search(db, &word)).await?;
    visit.touch_rows(&catalogue::ids(&products)).await?;
    Ok(products)
}

/// The error as a driver prints it, for everybody to read.
fn database_error(error: &StoreError) -> Refusal {
    let code = match error {
        StoreError::Sql(Error::SqlInputError { error, .. } | Error::SqliteFailure(error, _)) => {
            error.extended_code
        }
        StoreError::Sql(_) => ffi::SQLITE_ERROR,
        StoreError::Abandoned => return Refusal::Internal,
    };
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    Refusal::Verbose(format!("Internal Server Error\n\nSQLite error {code}: {cause}\n"))
}
