//! The app's tokens, forged in the known ways.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;
use shakedown::demo;

use crate::demo::client::Shop;

const FAR: u64 = 4_000_000_000;

pub(super) async fn shows(id: &str, shop: &mut Shop) -> Option<bool> {
    let (header, exp, key) = match id {
        "jwt-none-algorithm" => (json!({ "alg": "none", "typ": "JWT" }), FAR, None),
        "jwt-weak-key" => (json!({ "alg": "HS256", "typ": "JWT" }), FAR, Some("secret")),
        "jwt-expiry-ignored" => (json!({ "alg": "HS256", "typ": "JWT" }), 1000, Some("secret")),
        "jwt-kid-path" => (json!({ "alg": "HS256", "kid": "../../../dev/null" }), FAR, Some("")),
        _ => return None,
    };
    works(shop).await;
    let claims = json!({ "sub": "bob", "role": "admin", "exp": exp });
    let profile = profile(shop, &token(&header, &claims, key)).await;
    Some(profile["name"] == "bob" && profile["role"] == "admin")
}

/// A token that the shop has issued is good, and one with another signature is not.
async fn works(shop: &mut Shop) {
    let account = &demo::ACCOUNTS[0];
    let body = json!({ "name": account.name, "password": account.password });
    let issued = shop.json(Method::POST, "/api/app/token", &body).await.json();
    let issued = issued["token"].as_str().expect("a token").to_owned();
    assert_eq!(profile(shop, &issued).await["name"], "alice");
    let (signed, _) = issued.rsplit_once('.').expect("three parts");
    let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 32]));
    assert!(profile(shop, &forged).await["error"].is_string());
    let claims = json!({ "sub": "bob", "role": "admin", "exp": FAR });
    let other = token(&json!({ "alg": "HS256" }), &claims, Some("a key of somebody else's"));
    assert!(profile(shop, &other).await["error"].is_string());
}

async fn profile(shop: &mut Shop, token: &str) -> Value {
    let bearer = format!("Bearer {token}");
    shop.send(Method::GET, "/api/app/profile", &[("authorization", &bearer)], "").await.json()
}

fn token(header: &Value, claims: &Value, key: Option<&str>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = key.map(|key| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any length");
        mac.update(signed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    });
    format!("{signed}.{}", signature.unwrap_or_default())
}
