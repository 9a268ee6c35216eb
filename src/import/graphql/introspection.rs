//! The answer to an introspection query.

use serde_json::Value;

use super::schema::{Argument, Field, Kind, Schema, Type};

/// Types inside types.
const MAX_DEPTH: usize = 20;

/// Reads `__schema`.
pub(super) fn schema(root: &Value) -> Schema {
    let root_name = |key: &str| {
        root.get(key).and_then(|of| of.get("name")).and_then(Value::as_str).map(str::to_owned)
    };
    let mut schema = Schema {
        query: root_name("queryType"),
        mutation: root_name("mutationType"),
        subscription: root_name("subscriptionType"),
        ..Schema::default()
    };
    for of in list(root, "types") {
        let Some(name) = text(of, "name").filter(|name| !name.starts_with("__")) else { continue };
        let kind = match of.get("kind").and_then(Value::as_str).unwrap_or_default() {
            "OBJECT" | "INTERFACE" => Kind::Fields(list(of, "fields").filter_map(field).collect()),
            "INPUT_OBJECT" => Kind::Input(list(of, "inputFields").filter_map(argument).collect()),
            "ENUM" => {
                Kind::Enum(list(of, "enumValues").filter_map(|value| text(value, "name")).collect())
            }
            "UNION" => Kind::Union,
            _ => Kind::Scalar,
        };
        schema.types.insert(name, kind);
    }
    schema.with_usual_roots()
}

fn list<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    of.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A name that GraphQL allows.
fn text(of: &Value, key: &str) -> Option<String> {
    let name = of.get(key)?.as_str()?;
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| name.to_owned())
}

fn field(of: &Value) -> Option<Field> {
    Some(Field {
        name: text(of, "name")?,
        arguments: list(of, "args").filter_map(argument).collect(),
        of: type_of(of.get("type")?, 0)?,
        description: of.get("description").and_then(Value::as_str).map(str::to_owned),
    })
}

fn argument(of: &Value) -> Option<Argument> {
    Some(Argument {
        name: text(of, "name")?,
        of: type_of(of.get("type")?, 0)?,
        has_default: of.get("defaultValue").is_some_and(|value| !value.is_null()),
    })
}

fn type_of(of: &Value, depth: usize) -> Option<Type> {
    if depth > MAX_DEPTH {
        return None;
    }
    let inner = || Some(Box::new(type_of(of.get("ofType")?, depth + 1)?));
    match of.get("kind").and_then(Value::as_str)? {
        "NON_NULL" => Some(Type::NonNull(inner()?)),
        "LIST" => Some(Type::List(inner()?)),
        _ => Some(Type::Named(text(of, "name")?)),
    }
}
