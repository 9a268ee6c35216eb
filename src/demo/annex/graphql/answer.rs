//! The endpoint.

use axum::response::Json;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::run;
use super::run::Limits;
use crate::demo::accounts::Role;
use crate::demo::refusal::ApiRefusal;
use crate::demo::request::JsonBody;
use crate::demo::visit::Visit;

/// Query and variables, as clients post them.
#[derive(Debug, Deserialize)]
pub(in crate::demo) struct Asked {
    query: String,
    #[serde(default)]
    variables: Value,
}

/// `GET /graphql?query={…}`
pub(in crate::demo) async fn get(visit: Visit) -> Result<Json<Value>, ApiRefusal> {
    let query = visit.query.value("query").to_owned();
    answer(&visit, Asked { query, variables: Value::Null }).await
}

/// `POST /graphql`
pub(in crate::demo) async fn post(
    visit: Visit,
    JsonBody(asked): JsonBody<Asked>,
) -> Result<Json<Value>, ApiRefusal> {
    answer(&visit, asked).await
}

async fn answer(visit: &Visit, asked: Asked) -> Result<Json<Value>, ApiRefusal> {
    let bearer = visit.bearer().await?;
    let limits = Limits {
        introspection: visit.has("graphql-introspection"),
        customers: visit.has("graphql-field-authorisation")
            || bearer.is_some_and(|member| member.role == Role::Admin),
        complexity: (!visit.has("graphql-unlimited")).then_some(6),
    };
    let result = visit.read(move |db| Ok(run::run(db, &asked.query, asked.variables, limits)));
    Ok(Json(match result.await? {
        Ok(data) => json!({ "data": data }),
        Err(message) => json!({ "errors": [{ "message": message }] }),
    }))
}
