//! Alerts, prices and the partners' stock query: SQL out of places where few look for it.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use minijinja::context;

use super::xml;
use super::xml::DocumentType;
use crate::demo::catalogue;
use crate::demo::html::value;
use crate::demo::refusal::Refusal;
use crate::demo::request;
use crate::demo::request::Form;
use crate::demo::store::Db;
use crate::demo::store::StoreError;
use crate::demo::visit::Visit;

const ALERTS_KEPT: i64 = 500;

/// Tables of the annex, made with the others.
pub(in crate::demo) const SCHEMA: &str = "
CREATE TABLE alerts (id INTEGER PRIMARY KEY, session TEXT NOT NULL, brand TEXT NOT NULL);
CREATE TABLE currencies (code TEXT PRIMARY KEY, name TEXT NOT NULL, rate REAL NOT NULL);
INSERT INTO currencies VALUES ('EUR', 'Euro', 1.0), ('USD', 'US dollar', 1.08),
    ('GBP', 'Pound sterling', 0.86), ('CHF', 'Swiss franc', 0.95);
";

pub(in crate::demo) async fn alerts_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("alerts.html", context! {}).await
}

/// Stores the brand somebody wants to hear about.
pub(in crate::demo) async fn alert(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let brand: String = form.fields.value("brand").chars().take(300).collect();
    let session = visit.session().to_owned();
    visit
        .write(move |db| {
            db.change("INSERT INTO alerts (session, brand) VALUES (?1, ?2)", (session, brand))?;
            db.change("DELETE FROM alerts WHERE id <= ?1", [db.last_id() - ALERTS_KEPT])
        })
        .await?;
    Ok(visit.with_cookie(Redirect::to("/news/alerts/matches")))
}

/// The products of the brand that was stored.
pub(in crate::demo) async fn matches(visit: Visit) -> Result<Response, Refusal> {
    let pasted = visit.has("sqli-second-order-brand");
    let session = visit.session().to_owned();
    let found = visit
        .read(move |db| {
            let sql = "SELECT brand FROM alerts WHERE session = ?1 ORDER BY id DESC LIMIT 1";
            let Some(brand) = db.row(sql, [session], |row| row.get::<_, String>(0))? else {
                return Ok((String::new(), Vec::new()));
            };
            let names = if pasted {
                let sql = format!("SELECT name FROM products WHERE brand = '{brand}' LIMIT 10");
                db.rows(&sql, [], |row| row.get::<_, String>(0))?
            } else {
                let sql = "SELECT name FROM products WHERE brand = ?1 LIMIT 10";
                db.rows(sql, [&brand], |row| row.get(0))?
            };
            Ok((brand, names))
        })
        .await;
    let (brand, names) = found.map_err(|error| told(&error, pasted))?;
    visit.page("alerts.html", context! { brand, names => value(names), shown => true }).await
}

fn told(error: &StoreError, pasted: bool) -> Refusal {
    match error {
        StoreError::Sql(error) if pasted => Refusal::Verbose(format!(
            "Internal Server Error\n\nsqlite3.OperationalError: {error}\n"
        )),
        StoreError::Sql(_) | StoreError::Abandoned => Refusal::Internal,
    }
}

/// Remembers a currency in a cookie.
pub(in crate::demo) async fn currency(visit: Visit) -> Response {
    let code: String =
        visit.query.value("code").chars().filter(char::is_ascii_alphabetic).take(3).collect();
    let cookie = HeaderValue::from_str(&format!("currency={code}; Path=/{}", visit.flags()))
        .expect("letters and flags");
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, HeaderValue::from_static("/news/prices"))],
        [(header::SET_COOKIE, cookie)],
    )
        .into_response()
}

/// A price list in the currency of the cookie.
pub(in crate::demo) async fn prices(visit: Visit, headers: HeaderMap) -> Result<Response, Refusal> {
    let cookie = request::cookie(&headers, "currency").unwrap_or("EUR");
    let cookie = percent_encoding::percent_decode_str(cookie).decode_utf8_lossy().into_owned();
    let pasted = visit.has("sqli-currency-cookie");
    let found = visit
        .read(move |db| {
            let currency = rate(db, &cookie, pasted);
            Ok((currency, catalogue::page(db, "", 1)?))
        })
        .await?;
    let (currency, products) = found;
    let (code, name, rate) =
        currency.unwrap_or_else(|| ("EUR".to_owned(), "Euro".to_owned(), "1.0".to_owned()));
    let factor: f64 = rate.parse().unwrap_or(1.0);
    let rows: Vec<_> = products
        .iter()
        .take(8)
        .map(|product| {
            (product.name.clone(), format!("{:.2}", product.price_cents as f64 / 100.0 * factor))
        })
        .collect();
    visit.page("prices.html", context! { code, name, rate, rows => value(rows) }).await
}

/// Code, name and rate of a currency. Errors are an unknown currency, in either twin.
fn rate(db: &Db<'_>, code: &str, pasted: bool) -> Option<(String, String, String)> {
    const SELECT: &str = "SELECT code, name, CAST(rate AS TEXT) FROM currencies WHERE code = ";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found = if pasted {
        db.row(&format!("{SELECT}'{code}'"), [], read)
    } else {
        db.row(&format!("{SELECT}?1"), [code], read)
    };
    found.ok().flatten()
}

/// `POST /api/partner/stock`: `<stock><sku>GAR-1002</sku></stock>` is answered with a number.
pub(in crate::demo) async fn partner_stock(visit: Visit, body: Bytes) -> Result<Response, Refusal> {
    let body = String::from_utf8_lossy(&body).into_owned();
    let asked = xml::parse(&body, DocumentType::Refused).await;
    let sku = asked.ok().and_then(|root| root.find("sku").map(|sku| sku.text.trim().to_owned()));
    let Some(sku) = sku else {
        return Ok(answer(StatusCode::BAD_REQUEST, "<error>An element sku is expected.</error>"));
    };
    let pasted = visit.has("sqli-partner-xml");
    let found = visit
        .read(move |db| {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            if pasted {
                let sql = format!("SELECT stock FROM products WHERE sku = '{sku}'");
                return db.row(&sql, [], read);
            }
            db.row("SELECT stock FROM products WHERE sku = ?1", [&sku], read)
        })
        .await;
    match found {
        Ok(stock) => {
            let pieces = stock.unwrap_or(0);
            Ok(answer(StatusCode::OK, &format!("<stock><pieces>{pieces}</pieces></stock>")))
        }
        Err(StoreError::Sql(error)) if pasted => {
            let error = error.to_string().replace('&', "&amp;").replace('<', "&lt;");
            let text = format!("<error>SQLSTATE[HY000]: General error: 1 {error}</error>");
            Ok(answer(StatusCode::INTERNAL_SERVER_ERROR, &text))
        }
        Err(error) => Err(error.into()),
    }
}

/// An XML document as an answer.
pub(super) fn answer(status: StatusCode, document: &str) -> Response {
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    (status, [kind], format!("<?xml version=\"1.0\"?>\n{document}\n")).into_response()
}
