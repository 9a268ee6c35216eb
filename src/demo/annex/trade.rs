//! Trade customers, repairs, shared wish lists and invoices.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::context;

use super::limit::Limit;
use super::state::SharedList;
use crate::demo::catalogue;
use crate::demo::html::value;
use crate::demo::orders;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::request::Params;
use crate::demo::visit::Visit;

/// Number and password of trade customers.
const TRADE: &[(&str, &str)] = &[("T-4711", "Thistle-barn-40"), ("T-4820", "Copper-sail-19")];
/// What an invoice's number is above its order's.
const INVOICE_OFFSET: i64 = 23_000;

pub(in crate::demo) async fn trade_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("trade.html", context! {}).await
}

/// The trade login: the flawed one says which of the two was wrong.
pub(in crate::demo) async fn trade(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let (customer, password) = (form.fields.value("customer"), form.fields.value("password"));
    let limit = Limit::of(&visit, "login-unlimited-page", "trade", customer);
    limit.check()?;
    let known = TRADE.iter().find(|(number, _)| *number == customer);
    if known.is_some_and(|(_, right)| *right == password) {
        return visit.page("trade.html", context! { customer }).await;
    }
    limit.count_failure();
    let problem = match known {
        _ if !visit.has("user-enumeration-trade") => "Customer number or password is wrong.",
        Some(_) => "The password is wrong.",
        None => "There is no customer with this number.",
    };
    let page = visit.page("trade.html", context! { problem }).await?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

/// How a repair is getting on. The flawed form sends its password in the address.
pub(in crate::demo) async fn repairs(visit: Visit) -> Result<Response, Refusal> {
    if visit.has("password-in-url-repairs") && !visit.query.value("number").is_empty() {
        let query = Arc::clone(&visit.query);
        return repair(&visit, &query).await;
    }
    visit.page("repairs.html", context! {}).await
}

pub(in crate::demo) async fn repairs_posted(form: Form) -> Result<Response, Refusal> {
    repair(&form.visit, &form.fields).await
}

async fn repair(visit: &Visit, fields: &Params) -> Result<Response, Refusal> {
    let (number, password) = (fields.value("number"), fields.value("password"));
    if (number, password) == ("R-301", "hinge-Walnut-8") {
        return visit.page("repairs.html", context! { number }).await;
    }
    let problem = "Number or password is wrong.";
    visit.page("repairs.html", context! { problem }).await
}

pub(in crate::demo) async fn wish_list_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("wish-list.html", context! {}).await
}

/// Stores a wish list and gives it an address that only its friends should know.
pub(in crate::demo) async fn share(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let note: String = form.fields.value("note").chars().take(500).collect();
    let shared = &visit.shop.annex.shared;
    let token = if visit.has("predictable-share-token") {
        let last = shared.latest(|_| true).map_or(100_040, |list| list.token.parse().unwrap_or(0));
        (last + 1).to_string()
    } else {
        visit.shop.sessions.fresh_id()
    };
    shared.push(SharedList { token: token.clone(), note });
    let page = visit.page("wish-list.html", context! { token }).await?;
    Ok(visit.with_cookie(page))
}

pub(in crate::demo) async fn shared(
    visit: Visit,
    Path(token): Path<String>,
) -> Result<Response, Refusal> {
    let list = visit.shop.annex.shared.latest(|list| list.token == token);
    let note = list.ok_or(Refusal::NotFound)?.note;
    visit.page("wish-list.html", context! { note }).await
}

/// An invoice; their numbers follow one another.
pub(in crate::demo) async fn invoice(
    visit: Visit,
    Path(number): Path<String>,
) -> Result<Response, Refusal> {
    let member = visit.require_member().await?;
    let number: i64 = number.parse().map_err(|_| Refusal::NotFound)?;
    let order = number.saturating_sub(INVOICE_OFFSET);
    let order = visit.read(move |db| orders::by_id(db, order)).await?.ok_or(Refusal::NotFound)?;
    if order.user_id != Some(member.id) && !visit.has("idor-invoice") {
        return Err(Refusal::NotFound);
    }
    visit.page("invoice.html", context! { number, order => value(order) }).await
}

/// The members' price list: linked for members only, and in the flawed shop not checked further.
pub(in crate::demo) async fn member_prices(visit: Visit) -> Result<Response, Refusal> {
    if !visit.has("forced-browsing-prices") {
        visit.require_member().await?;
    }
    let products = visit.read(|db| catalogue::page(db, "", 1)).await?;
    let lines = products.iter().map(|product| {
        format!("{};{};{}\n", product.sku, product.name, product.price_cents * 9 / 10)
    });
    let csv = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
    let text = format!("item;name;member price in cents\n{}", lines.collect::<String>());
    Ok(([csv], text).into_response())
}

pub(in crate::demo) async fn address_form(visit: Visit) -> Result<Response, Refusal> {
    visit.require_member().await?;
    let token = visit.shop.sessions.csrf_token(visit.session());
    visit.page("address.html", context! { token }).await
}

/// Takes a new address. The form has a token in either twin; only the safe one looks at it.
pub(in crate::demo) async fn address(
    visit: Visit,
    body: axum::body::Bytes,
) -> Result<Response, Refusal> {
    visit.require_member().await?;
    let fields = Params::parse(&body);
    let right = visit.shop.sessions.csrf_token(visit.session());
    if fields.value("form_token") != right && !visit.has("csrf-token-unchecked") {
        return Err(Refusal::Forbidden);
    }
    let street: String = fields.value("street").chars().take(200).collect();
    visit.page("address.html", context! { token => right, street }).await
}

/// The office's console behind HTTP Basic.
pub(in crate::demo) async fn console(
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let password = if visit.has("default-credentials-console") {
        "admin".to_owned()
    } else {
        // Drawn when the shop starts.
        visit.shop.sessions.csrf_token("console")
    };
    let right = STANDARD.encode(format!("admin:{password}"));
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("Basic ")) != Some(right.as_str()) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"Fern & Fable console\"")];
        return Ok((StatusCode::UNAUTHORIZED, challenge, "Please log in.\n").into_response());
    }
    visit.page("console.html", context! {}).await
}

pub(in crate::demo) async fn internal_report(visit: Visit) -> Result<Response, Refusal> {
    visit.page("internal.html", context! {}).await
}

/// Goes back to the site that sent somebody here to log in.
pub(in crate::demo) async fn partner_login(visit: Visit) -> Response {
    let back = visit.query.value("return_to");
    let is_ours = if visit.has("open-redirect-prefix") {
        back.starts_with("https://shop.example")
    } else {
        back == "https://shop.example" || back.starts_with("https://shop.example/")
    };
    let fallback = header::HeaderValue::from_static("/partners/trade");
    let location = header::HeaderValue::from_str(back).ok().filter(|_| is_ours);
    (StatusCode::FOUND, [(header::LOCATION, location.unwrap_or(fallback))]).into_response()
}
