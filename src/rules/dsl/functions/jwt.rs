//! JSON Web Tokens with a shared secret or without a signature.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Map;

use super::super::environment::Environment;
use super::super::eval::EvalError;
use super::super::value::Value;
use super::digests::mac;
use super::{clock, json, unfit, utf8};

/// `generate_jwt(claims, algorithm)`, with a secret behind it, and behind that the moment at which
/// the token ends.
pub(super) fn generate<'v>(
    arguments: Vec<Value<'v>>,
    environment: &mut Environment<'_>,
) -> Result<Value<'v>, EvalError> {
    let end = match arguments.get(3) {
        Some(end) => Some(clock::moment(Some(end), environment)?),
        None => None,
    };
    let texts = super::texts(arguments);
    let claims: Map<String, serde_json::Value> =
        serde_json::from_slice(&texts[0]).map_err(|_| unfit("the claims are no JSON object"))?;
    let algorithm = utf8(&texts[1]);
    let named = if algorithm.is_empty() { "none" } else { &algorithm };
    let unsigned = named.trim().eq_ignore_ascii_case("none");
    let named = if unsigned { named.to_owned() } else { named.to_uppercase() };
    let payload = payload(claims, end.map(|end| (environment.now_unix, end)));
    let header = format!(r#"{{"alg":{},"typ":"JWT"}}"#, serde_json::Value::from(named.clone()));
    let mut token = [header, payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = if unsigned {
        Vec::new()
    } else {
        let secret = texts.get(2).map(|secret| &secret[..]).unwrap_or_default();
        sign(&named, secret, token.as_bytes())?
    };
    token.push('.');
    token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
    Ok(Value::from(token))
}

fn payload(claims: Map<String, serde_json::Value>, times: Option<(i64, i64)>) -> String {
    let empty = claims.is_empty();
    let mut payload = String::new();
    json::write(&serde_json::Value::Object(claims), &mut payload);
    if let Some((now, end)) = times {
        payload.pop();
        let comma = if empty { "" } else { "," };
        write!(payload, r#"{comma}"iat":{now},"exp":{end}}}"#).expect("a string takes everything");
    }
    payload
}

fn sign(algorithm: &str, secret: &[u8], text: &[u8]) -> Result<Vec<u8>, EvalError> {
    match algorithm {
        "HS256" => mac("SHA256", secret, text),
        "HS384" => mac("SHA384", secret, text),
        "HS512" => mac("SHA512", secret, text),
        _ => Err(unfit("the algorithm is none, HS256, HS384 or HS512: others need a key pair")),
    }
}
