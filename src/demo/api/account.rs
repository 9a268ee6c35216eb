//! Login, own account, list of users.

use axum::response::Json;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use crate::demo::accounts;
use crate::demo::accounts::Member;
use crate::demo::accounts::Role;
use crate::demo::pages::account::authenticate;
use crate::demo::refusal::ApiRefusal;
use crate::demo::refusal::Refusal;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

const FIELD_LIMIT: usize = 100;

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Login {
    name: String,
    password: String,
}

pub(in crate::demo) async fn login(
    visit: Visit,
    JsonBody(login): JsonBody<Login>,
) -> Result<Json<Value>, ApiRefusal> {
    let limited = !visit.has("login-unlimited-api");
    let member = authenticate(&visit, &login.name, &login.password, limited).await?;
    let token = visit.shop.sessions.issue_token(member.id);
    Ok(Json(json!({ "token": token, "token_type": "Bearer" })))
}

pub(in crate::demo) async fn account(visit: Visit) -> Result<Json<Value>, ApiRefusal> {
    let member = visit.require_bearer().await?;
    Ok(Json(shown(&visit, &member)))
}

#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Changes {
    display_name: Option<String>,
    email: Option<String>,
    role: Option<String>,
}

pub(in crate::demo) async fn update(
    visit: Visit,
    JsonBody(changes): JsonBody<Changes>,
) -> Result<Json<Value>, ApiRefusal> {
    let member = visit.require_bearer().await?;
    let short = |value: &Option<String>| value.as_ref().is_none_or(|v| v.len() <= FIELD_LIMIT);
    if !short(&changes.display_name) || !short(&changes.email) {
        return Err(Refusal::BadRequest("At most 100 characters each.").into());
    }
    let role = changes.role.filter(|_| visit.has("mass-assignment-account"));
    let id = member.id;
    let changed = visit
        .write(move |db| {
            accounts::update(db, id, changes.display_name.as_deref(), changes.email.as_deref())?;
            if let Some(role) = role {
                accounts::update_role(db, id, &role)?;
            }
            accounts::member(db, id)
        })
        .await?;
    Ok(Json(shown(&visit, &changed.unwrap_or(member))))
}

pub(in crate::demo) async fn users(visit: Visit) -> Result<Json<Value>, ApiRefusal> {
    let member = visit.require_bearer().await?;
    if member.role != Role::Admin && !visit.has("bfla-admin-users") {
        return Err(Refusal::Forbidden.into());
    }
    let users = visit.read(accounts::members).await?;
    Ok(Json(json!({ "users": users })))
}

fn shown(visit: &Visit, member: &Member) -> Value {
    let mut shown = json!(member);
    if visit.has("excessive-data-account") {
        shown["password_hash"] = json!(member.password_hash);
        shown["internal_note"] = json!(member.note);
    }
    shown
}
