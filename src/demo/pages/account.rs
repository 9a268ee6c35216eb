//! Login, account and orders.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use minijinja::context;

use crate::demo::accounts;
use crate::demo::accounts::Member;
use crate::demo::html::value;
use crate::demo::orders;
use crate::demo::refusal::Refusal;
use crate::demo::request::Form;
use crate::demo::visit::Visit;

pub(in crate::demo) async fn login_form(visit: Visit) -> Result<Response, Refusal> {
    visit.page("login.html", context! {}).await
}

pub(in crate::demo) async fn login(form: Form) -> Result<Response, Refusal> {
    let mut visit = form.visit;
    let (name, password) = (form.fields.value("name"), form.fields.value("password"));
    let limited = !visit.has("login-unlimited-page");
    match authenticate(&visit, name, password, limited).await {
        Ok(member) => {
            visit.log_in(member.id);
            Ok(visit.with_cookie(Redirect::to("/account")))
        }
        Err(Refusal::WrongPassword) => {
            let problem = "Name or password is wrong.";
            let page = visit.page("login.html", context! { problem }).await?;
            Ok((StatusCode::UNAUTHORIZED, page).into_response())
        }
        Err(refusal) => Err(refusal),
    }
}

/// The person who knows this password; `limited` locks a name after too many wrong ones.
pub(in crate::demo) async fn authenticate(
    visit: &Visit,
    name: &str,
    password: &str,
    limited: bool,
) -> Result<Member, Refusal> {
    let sessions = &visit.shop.sessions;
    let name: String = name.chars().take(60).collect();
    if limited && sessions.is_locked(&name) {
        return Err(Refusal::TooManyLogins);
    }
    let (asked, password) = (name.clone(), password.to_owned());
    let member = visit.read(move |db| accounts::authenticate(db, &asked, &password)).await?;
    if limited {
        match member {
            Some(_) => sessions.clear_failures(&name),
            None => sessions.count_failure(&name),
        }
    }
    member.ok_or(Refusal::WrongPassword)
}

pub(in crate::demo) async fn logout(form: Form) -> Redirect {
    form.visit.log_out();
    Redirect::to("/")
}

pub(in crate::demo) async fn account(visit: Visit) -> Result<Response, Refusal> {
    visit.require_member().await?;
    visit.page("account.html", context! {}).await
}

pub(in crate::demo) async fn update(form: Form) -> Result<Redirect, Refusal> {
    let visit = form.visit;
    let member = visit.require_member().await?;
    let field = |name| form.fields.value(name).chars().take(100).collect::<String>();
    let (display_name, email) = (field("display_name"), field("email"));
    if !email.contains('@') {
        return Err(Refusal::BadRequest("An e-mail address is expected."));
    }
    visit
        .write(move |db| accounts::update(db, member.id, Some(&display_name), Some(&email)))
        .await?;
    Ok(Redirect::to("/account"))
}

pub(in crate::demo) async fn orders(visit: Visit) -> Result<Response, Refusal> {
    let member = visit.require_member().await?;
    let orders = visit.read(move |db| orders::of_user(db, member.id)).await?;
    visit.page("orders.html", context! { orders => value(orders) }).await
}

pub(in crate::demo) async fn order(
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let member = visit.require_member().await?;
    let id: i64 = id.parse().map_err(|_| Refusal::NotFound)?;
    let order = visit.read(move |db| orders::by_id(db, id)).await?.ok_or(Refusal::NotFound)?;
    if order.user_id != Some(member.id) && !visit.has("bola-order-page") {
        return Err(Refusal::NotFound);
    }
    visit.page("order.html", context! { order => value(order) }).await
}
