//! Answers that are not the page asked for, as HTML and as JSON.

use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::AppendHeaders;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Json;
use axum::response::Redirect;
use axum::response::Response;
use serde_json::json;

use super::session::LOCK_TIME;
use super::store::StoreError;

/// Why a page is not given.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No such thing, or not for this visitor.
    NotFound,
    /// The input makes no sense; says what is expected.
    BadRequest(&'static str),
    /// Known visitor, not allowed.
    Forbidden,
    /// A login is needed first.
    LoginFirst,
    /// Wrong name or password.
    WrongPassword,
    /// Too many wrong passwords.
    TooManyLogins,
    /// The body is longer than the shop takes.
    TooLarge,
    /// A fault of the shop, without details.
    Internal,
    /// A fault of the shop with all details: only the flawed shop says this.
    Verbose(String),
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Self::Internal
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::LoginFirst | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::TooManyLogins => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Internal | Self::Verbose(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::NotFound => "There is nothing here.",
            Self::BadRequest(expected) => expected,
            Self::Forbidden => "You may not do this.",
            Self::LoginFirst => "Please log in first.",
            Self::WrongPassword => "Name or password is wrong.",
            Self::TooManyLogins => "Too many wrong passwords. Please wait a little.",
            Self::TooLarge => "That is too large.",
            Self::Internal => "Something went wrong on our side.",
            Self::Verbose(details) => details,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::LoginFirst = self {
            return Redirect::to("/login").into_response();
        }
        let status = self.status();
        if let Self::Verbose(details) = self {
            // Plain text: details repeat the input, and this is not the place for a script.
            return (status, details).into_response();
        }
        let page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <title>{status} · Fern &amp; Fable</title>\
             <link rel=\"stylesheet\" href=\"/static/theme.css\"></head>\
             <body><main><h1>{}</h1><p>{}</p><p><a href=\"/\">Back to the shop</a></p></main></body></html>\n",
            status.canonical_reason().unwrap_or("Error"),
            self.text()
        );
        (status, retry_after(status), Html(page)).into_response()
    }
}

/// A refusal of the JSON API.
#[derive(Debug)]
pub(super) struct ApiRefusal(pub(super) Refusal);

impl<T: Into<Refusal>> From<T> for ApiRefusal {
    fn from(refusal: T) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for ApiRefusal {
    fn into_response(self) -> Response {
        let status = self.0.status();
        let challenge = (status == StatusCode::UNAUTHORIZED)
            .then_some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        let body = Json(json!({ "error": self.0.text() }));
        (status, AppendHeaders(challenge), retry_after(status), body).into_response()
    }
}

fn retry_after(status: StatusCode) -> AppendHeaders<Option<(HeaderName, HeaderValue)>> {
    let wait = (status == StatusCode::TOO_MANY_REQUESTS)
        .then(|| (header::RETRY_AFTER, HeaderValue::from(LOCK_TIME.as_secs())));
    AppendHeaders(wait)
}
