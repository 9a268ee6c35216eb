//! Postman's ways to log in, as far as a header says them.

use serde_json::Value;

use super::plain;
use super::variables::Variables;
use crate::import::headers;
use crate::import::operation::Operation;
use crate::import::text::Text;

/// Adds what lets the operation in.
pub(super) fn apply(
    auth: &Value,
    operation: &mut Operation,
    variables: &mut Variables,
) -> Result<(), String> {
    let kind = auth.get("type").and_then(Value::as_str).unwrap_or("noauth");
    // A list of pairs in 2.1, a mapping in 2.0.
    let field = |key: &str| -> String {
        match auth.get(kind) {
            Some(Value::Array(pairs)) => pairs
                .iter()
                .find(|pair| pair.get("key").and_then(Value::as_str) == Some(key))
                .and_then(|pair| pair.get("value"))
                .map(plain)
                .unwrap_or_default(),
            Some(Value::Object(map)) => map.get(key).map(plain).unwrap_or_default(),
            _ => String::new(),
        }
    };
    let header = match kind {
        "noauth" => return Ok(()),
        "bearer" => prefixed("Bearer ", &field("token"), "TOKEN", variables),
        "oauth2" => prefixed("Bearer ", &field("accessToken"), "ACCESS_TOKEN", variables),
        // Encoded together, which no reference can be.
        "basic" => {
            let mut value = Text::literal("Basic ");
            value.append(&variables.secret("BASIC_AUTH", "base64 of user:password"));
            value
        }
        "apikey" => {
            let name = Some(field("key")).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| "X-API-Key".to_owned());
            let value = prefixed("", &field("value"), &name, variables);
            if field("in") == "query" {
                operation.query.push((name, value));
            } else if !headers::add(operation, name.trim(), value) {
                return Err(format!("`{name}` is no name of a header"));
            }
            operation.auth = vec![kind.to_owned()];
            return Ok(());
        }
        other => return Err(format!("a login by `{other}` is not imported")),
    };
    operation.auth = vec![kind.to_owned()];
    if !operation.has_header("authorization") {
        operation.headers.push(("Authorization".to_owned(), header));
    }
    Ok(())
}

/// A reference where the file has one, a secret where it has the value itself or none.
fn prefixed(prefix: &str, value: &str, name: &str, variables: &mut Variables) -> Text {
    let mut out = Text::literal(prefix);
    if value.starts_with("{{") && value.ends_with("}}") {
        out.append(&variables.text(value));
    } else {
        out.append(&variables.secret(name, &format!("`{name}`")));
    }
    out
}
