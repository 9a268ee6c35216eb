//! Tokens of the shop's phone app (RFC 7519), and what goes wrong when they are checked.

use axum::http::HeaderMap;
use axum::response::Json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;

use crate::demo::accounts;
use crate::demo::clock;
use crate::demo::pages::account::authenticate;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

const LIFETIME_SECONDS: u64 = 900;
const KEYS: &str = "/srv/shop/keys";
const KEY_FILE: &str = "app-2024.key";

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Login {
    name: String,
    password: String,
}

/// `POST /api/app/token`: a token for the app.
pub(in crate::demo) async fn issue(
    visit: Visit,
    JsonBody(login): JsonBody<Login>,
) -> Result<Json<Value>, ApiRefusal> {
    let member = authenticate(&visit, &login.name, &login.password, true).await?;
    let now = clock::unix_seconds();
    let claims = json!({
        "sub": member.name,
        "role": member.role,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
    });
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": KEY_FILE });
    let signed = format!("{}.{}", encoded(&header), encoded(&claims));
    let key = key(&visit, KEY_FILE).ok_or(Refusal::Internal)?;
    let token = format!("{signed}.{}", signature(&key, &signed));
    Ok(Json(json!({ "token": token, "expires_in": LIFETIME_SECONDS })))
}

/// `GET /api/app/profile`: who the token says one is.
pub(in crate::demo) async fn profile(
    visit: Visit,
    headers: HeaderMap,
) -> Result<Json<Value>, ApiRefusal> {
    let token = request::bearer(&headers).unwrap_or_default();
    let claims = claims(&visit, token).ok_or(Refusal::LoginFirst)?;
    let name = claims["sub"].as_str().unwrap_or_default().to_owned();
    let members = visit.read(accounts::members).await?;
    let member = members.into_iter().find(|member| member.name == name);
    let member = member.ok_or(Refusal::LoginFirst)?;
    Ok(Json(json!({ "name": member.name, "email": member.email, "role": claims["role"] })))
}

/// The claims of a token that is good.
fn claims(visit: &Visit, token: &str) -> Option<Value> {
    let (signed, given) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let (header, claims) = (decoded(header)?, decoded(claims)?);
    let algorithm = header["alg"].as_str()?;
    let unsigned = algorithm.eq_ignore_ascii_case("none") && visit.has("jwt-none-algorithm");
    if !unsigned {
        let key = key(visit, header["kid"].as_str().unwrap_or(KEY_FILE))?;
        if algorithm != "HS256" || !is_signature(&key, signed, given) {
            return None;
        }
    }
    let expires = claims["exp"].as_u64()?;
    let is_over = expires < clock::unix_seconds();
    (!is_over || visit.has("jwt-expiry-ignored")).then_some(claims)
}

/// The key of this name: in the flawed shop whatever stands in the file, which is for the key of the
/// app a word from every list of common keys.
fn key(visit: &Visit, name: &str) -> Option<Vec<u8>> {
    if visit.has("jwt-weak-key") && (name == KEY_FILE || visit.has("jwt-kid-path")) {
        let text = visit.shop.files.read(&format!("{KEYS}/{name}")).ok()?;
        return Some(text.into_bytes());
    }
    (name == KEY_FILE).then(|| visit.shop.sessions.csrf_token("key of the app").into_bytes())
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}

fn signature(key: &[u8], text: &str) -> String {
    URL_SAFE_NO_PAD.encode(mac(key, text).finalize().into_bytes())
}

fn is_signature(key: &[u8], text: &str, given: &str) -> bool {
    URL_SAFE_NO_PAD.decode(given).is_ok_and(|given| mac(key, text).verify_slice(&given).is_ok())
}
