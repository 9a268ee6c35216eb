//! Forgotten passwords: a link and a code by mail.

use std::time::Instant;

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use minijinja::context;

use super::mail;
use crate::demo::accounts;
use crate::demo::clock;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::request::Params;
use crate::demo::session::LOCK_TIME;
use crate::demo::visit::Visit;

const TRIES: usize = 5;

/// A reset that waits for its code.
#[derive(Debug, Clone)]
pub(super) enum Reset {
    /// The code that was sent to an account.
    Code { name: String, code: String },
    /// A wrong code for an account.
    Failure { name: String, at: Instant },
}

pub(in crate::demo) async fn form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("password-reset.html", context! {}).await
}

/// Sends the mail with link and code, if there is such an account.
pub(in crate::demo) async fn request(headers: HeaderMap, form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let name: String = form.fields.value("name").chars().take(60).collect();
    let members = visit.read(accounts::members).await?;
    let is_known = members.iter().any(|member| member.name == name);
    if is_known {
        visit.shop.annex.resets.forget(|reset| reset.is_code_of(&name));
        let code = code(&visit);
        visit.shop.annex.resets.push(Reset::Code { name: name.clone(), code });
    }
    let host = if visit.has("host-header-reset") {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = header(header::HeaderName::from_static("x-forwarded-host"));
        host.or_else(|| header(header::HOST)).unwrap_or_default().to_owned()
    } else {
        visit.shop.address.to_string()
    };
    let account: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let source = format!(
        "To: (the address of the account)\r\nFrom: hello@shop.example\r\nSubject: Your password\r\n\r\n\
         Open http://{host}/help/password-reset/confirm?name={account} and enter the code ******.\r\n"
    );
    if visit.has("user-enumeration-reset") && !is_known {
        let problem = format!("There is no account with the name {name}.");
        return visit.page("password-reset.html", context! { problem }).await;
    }
    // Also without an account: whoever asks must not learn which names are known.
    mail::send(&visit, source);
    let page = visit.page("password-reset.html", context! { name, sent => true }).await?;
    Ok(visit.with_cookie(page))
}

/// Six digits that nobody can guess.
fn code(visit: &Visit) -> String {
    let digits = visit.shop.sessions.fresh_id();
    let number = u64::from_str_radix(&digits[..12], 16).unwrap_or(0);
    format!("{:06}", number % 1_000_000)
}

pub(in crate::demo) async fn confirm_form(visit: Visit) -> Result<Response, Refusal> {
    let name = visit.query.value("name").to_owned();
    visit.page("password-code.html", context! { name }).await
}

/// Takes the code; the flawed shop takes as many wrong ones as there are.
pub(in crate::demo) async fn confirm(form: Form) -> Result<Response, Refusal> {
    let visit = form.visit;
    let name: String = form.fields.value("name").chars().take(60).collect();
    let resets = &visit.shop.annex.resets;
    let failures = resets.all(|reset| reset.is_failure_of(&name)).len();
    if failures >= TRIES && !visit.has("otp-unlimited-reset") {
        let wait = [(header::RETRY_AFTER, LOCK_TIME.as_secs().to_string())];
        let page = Refusal::TooManyLogins.into_response();
        return Ok((wait, page).into_response());
    }
    if is_right(&visit, &name, &form.fields) {
        resets.forget(|reset| reset.is_code_of(&name) || reset.is_failure_of(&name));
        return visit.page("password-code.html", context! { name, done => true }).await;
    }
    resets.push(Reset::Failure { name: name.clone(), at: clock::now() });
    let problem = "This code is wrong.";
    let page = visit.page("password-code.html", context! { name, problem }).await?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

fn is_right(visit: &Visit, name: &str, fields: &Params) -> bool {
    let given = fields.value("code");
    let right = |reset: &Reset| matches!(reset, Reset::Code { name: n, code } if n == name && code == given);
    visit.shop.annex.resets.latest(right).is_some()
}

impl Reset {
    fn is_code_of(&self, wanted: &str) -> bool {
        matches!(self, Self::Code { name, .. } if name == wanted)
    }

    /// A failure that still counts.
    fn is_failure_of(&self, wanted: &str) -> bool {
        matches!(self, Self::Failure { name, at } if name == wanted && at.elapsed() < LOCK_TIME)
    }
}
