//! Reading requests: names and values, cookies, forms and JSON bodies.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::refusal::ApiRefusal;
use super::refusal::Refusal;
use super::shop::Shop;
use super::visit::Visit;

/// Decoded names and values of a query string or a form; reading them never fails.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `a=1&b=2`.
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The first value of this name, or nothing.
    pub(super) fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All names and values, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value as a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.value(name).parse().ok()
    }
}

/// The cookie of this name.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A posted form whose CSRF token is right, where the shop asks for one.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) visit: Visit,
    pub(super) fields: Params,
}

impl FromRequest<Arc<Shop>> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, shop: &Arc<Shop>) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let Ok(visit) = Visit::from_request_parts(&mut parts, shop).await;
        let is_form = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        if !is_form {
            return Err(Refusal::BadRequest("A form is expected."));
        }
        let body = Bytes::from_request(Request::from_parts(parts, body), shop)
            .await
            .map_err(|_| Refusal::TooLarge)?;
        let fields = Params::parse(&body);
        visit.check_csrf(fields.value("csrf"))?;
        Ok(Self { visit, fields })
    }
}

/// A JSON body.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shop>> for JsonBody<T> {
    type Rejection = ApiRefusal;

    async fn from_request(request: Request, shop: &Arc<Shop>) -> Result<Self, ApiRefusal> {
        let body = Bytes::from_request(request, shop).await.map_err(|_| Refusal::TooLarge)?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|_| Refusal::BadRequest("The body is not the JSON described.").into())
    }
}
