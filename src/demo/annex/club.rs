//! The customers' club: members log in with the number of their card and a PIN.

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Json;
use axum::response::Redirect;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::context;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::limit::Limit;
use super::mongo;
use crate::demo::html::value;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request;
use crate::demo::request::Form;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

const REMEMBER: &str = "club_remember";
const HOME: &str = "https://shop.example";

/// The documents of the members. The PINs open nothing but this club.
pub(super) fn members() -> Vec<Value> {
    vec![
        json!({ "card": "FF-1001", "pin": "2580", "name": "Alice Amber", "points": 340 }),
        json!({ "card": "FF-1002", "pin": "9716", "name": "Bob Brook", "points": 125 }),
        json!({ "card": "FF-1003", "pin": "4402", "name": "Clara Cole", "points": 980 }),
    ]
}

/// The member who is logged in, also by the cookie that remembers them.
pub(super) fn current(visit: &Visit, headers: &HeaderMap) -> Option<Value> {
    let remembered = || {
        let cookie = request::cookie(headers, REMEMBER)?;
        if visit.has("remember-cookie-credentials") {
            let decoded = String::from_utf8(STANDARD.decode(cookie).ok()?).ok()?;
            let (card, pin) = decoded.split_once(':')?;
            return by(&json!({ "card": card, "pin": pin })).map(|_| card.to_owned());
        }
        let known = visit.shop.annex.remembered.latest(|(token, _)| token == cookie);
        known.map(|(_, card)| card)
    };
    let card = visit.state().club.or_else(remembered)?;
    by(&json!({ "card": card }))
}

fn by(query: &Value) -> Option<Value> {
    mongo::find(&members(), query).ok().flatten().cloned()
}

pub(in crate::demo) async fn club(visit: Visit, headers: HeaderMap) -> Result<Response, Refusal> {
    let member = current(&visit, &headers);
    let next = visit.query.value("next");
    let context = context! { club => value(member), next };
    visit.page("club.html", context).await
}

/// Logs a member in. The form's fields become the query, brackets included: `pin[$ne]=` is how
/// form parsers write an object.
pub(in crate::demo) async fn login(form: Form) -> Result<Response, Refusal> {
    let mut visit = form.visit;
    let injectable = visit.has("nosql-club-form");
    let mut query = Map::new();
    for (name, text) in form.fields.pairs() {
        match name.split_once('[') {
            Some((name @ ("card" | "pin"), operator)) if injectable => {
                let operator = operator.trim_end_matches([']', '[']);
                query.insert(name.to_owned(), json!({ operator: text }));
            }
            None if matches!(name, "card" | "pin") => {
                query.insert(name.to_owned(), json!(text));
            }
            _ => {}
        }
    }
    let member = match mongo::find(&members(), &Value::Object(query.clone())) {
        Ok(member) => member.cloned(),
        Err(error) => return Err(Refusal::Verbose(format!("{error}\n"))),
    };
    let limit = Limit::of(&visit, "login-unlimited-page", "club", form.fields.value("card"));
    limit.check()?;
    // A query without a PIN would be content with any.
    let Some(member) = member.filter(|_| query.len() == 2) else {
        limit.count_failure();
        let page = visit.page("club.html", context! { problem => "Card or PIN is wrong." }).await?;
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    };
    let card = member["card"].as_str().unwrap_or_default().to_owned();
    if !visit.has("session-fixation-club") {
        visit.renew();
    }
    visit.change(|state| state.club = Some(card.clone()));
    let next = destination(&visit, form.fields.value("next"));
    let mut response = visit.with_cookie((StatusCode::SEE_OTHER, [(header::LOCATION, next)]));
    if form.fields.value("remember") == "1" {
        let pin = member["pin"].as_str().unwrap_or_default();
        let cookie = remember(&visit, &card, pin);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Where to go after the login: a page of the shop.
fn destination(visit: &Visit, next: &str) -> HeaderValue {
    let fallback = HeaderValue::from_static("/club");
    let is_own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\t']);
    if next.is_empty() || !(is_own || visit.has("open-redirect-club-next")) {
        return fallback;
    }
    HeaderValue::from_str(next).unwrap_or(fallback)
}

fn remember(visit: &Visit, card: &str, pin: &str) -> HeaderValue {
    let secret = if visit.has("remember-cookie-credentials") {
        STANDARD.encode(format!("{card}:{pin}"))
    } else {
        let token = visit.shop.sessions.fresh_id();
        visit.shop.annex.remembered.push((token.clone(), card.to_owned()));
        token
    };
    let flags = visit.flags();
    HeaderValue::from_str(&format!("{REMEMBER}={secret}; Path=/; Max-Age=2592000{flags}"))
        .expect("base64 or hexadecimal digits")
}

/// Logs out: the safe shop on its own side too, the flawed one in the browser only.
pub(in crate::demo) async fn logout(headers: HeaderMap, form: Form) -> Response {
    let visit = form.visit;
    if !visit.has("logout-club-session") {
        visit.change(|state| state.club = None);
        let cookie = request::cookie(&headers, REMEMBER);
        visit.shop.annex.remembered.forget(|(token, _)| Some(token.as_str()) == cookie);
    }
    let expired = |name: &str| {
        HeaderValue::from_str(&format!("{name}=; Path=/; Max-Age=0")).expect("a name and flags")
    };
    let mut response = Redirect::to("/club").into_response();
    for name in ["session", REMEMBER] {
        response.headers_mut().append(header::SET_COOKIE, expired(name));
    }
    response
}

/// `POST /api/club/login`: card and PIN, as the member's app sends them.
pub(in crate::demo) async fn api_login(
    visit: Visit,
    JsonBody(body): JsonBody<Value>,
) -> Result<Json<Value>, ApiRefusal> {
    let (card, pin) = (&body["card"], &body["pin"]);
    let are_text = card.is_string() && pin.is_string();
    if !are_text && !visit.has("nosql-club-json") {
        return Err(Refusal::BadRequest("`card` and `pin` are strings.").into());
    }
    let members = members();
    let found = mongo::find(&members, &json!({ "card": card, "pin": pin }));
    let member = found.map_err(|error| Refusal::Verbose(format!("{error}\n")))?;
    let limit = Limit::of(&visit, "login-unlimited-api", "club", card.as_str().unwrap_or_default());
    limit.check()?;
    let member = member.ok_or_else(|| {
        limit.count_failure();
        Refusal::WrongPassword
    })?;
    Ok(Json(json!({ "name": member["name"], "points": member["points"] })))
}

/// A member's points for the pages of the shop's own origins.
pub(in crate::demo) async fn points(visit: Visit, headers: HeaderMap) -> Response {
    let points = current(&visit, &headers).map_or(json!(0), |member| member["points"].clone());
    let origin = headers
        .get(header::ORIGIN)
        .filter(|origin| *origin == HOME || (*origin == "null" && visit.has("cors-null-origin")));
    shared(json!({ "points": points }), origin.cloned())
}

/// Offers for partners' pages, with the prices of whoever is logged in.
pub(in crate::demo) async fn partner_offers(visit: Visit, headers: HeaderMap) -> Response {
    const PARTNERS: &[&str] = &[HOME, "https://www.shop.example", "https://garden.shop.example"];
    let by_suffix = visit.has("cors-suffix-match");
    let is_partner = |origin: &&HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        PARTNERS.contains(&origin) || (by_suffix && origin.ends_with("shop.example"))
    };
    let origin = headers.get(header::ORIGIN).filter(is_partner).cloned();
    let club = current(&visit, &headers).map(|member| member["card"].clone());
    shared(json!({ "offers": [{ "product": 7, "percent": 10 }], "card": club }), origin)
}

/// JSON that pages of `origin` may read with the visitor's cookies.
fn shared(body: Value, origin: Option<HeaderValue>) -> Response {
    let vary = (header::VARY, HeaderValue::from_static("Origin"));
    let mut response = ([vary], Json(body)).into_response();
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    response
}
