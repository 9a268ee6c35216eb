//! The schema, as introspection shows it (GraphQL specification, section 4).

use serde_json::Value;
use serde_json::json;

/// Types, their fields and the fields' types; `!` and `[…]` as in the schema language.
const TYPES: &[(&str, &[(&str, &str)])] = &[
    ("Query", &[("product", "Product"), ("products", "[Product]"), ("customers", "[Customer]")]),
    (
        "Product",
        &[
            ("id", "Int!"),
            ("sku", "String!"),
            ("name", "String!"),
            ("brand", "String!"),
            ("priceCents", "Int!"),
            ("reviews", "[Review]"),
        ],
    ),
    (
        "Review",
        &[("author", "String!"), ("rating", "Int!"), ("text", "String!"), ("product", "Product")],
    ),
    ("Customer", &[("id", "Int!"), ("name", "String!"), ("email", "String!"), ("note", "String")]),
];
const SCALARS: &[&str] = &["Int", "String", "Boolean"];

/// `__schema`
pub(super) fn schema() -> Value {
    let objects = TYPES.iter().map(|(name, fields)| object(name, fields));
    let types: Vec<_> = objects.chain(SCALARS.iter().map(|name| scalar(name))).collect();
    json!({
        "__typename": "__Schema",
        "queryType": { "name": "Query", "kind": "OBJECT" },
        "mutationType": null,
        "subscriptionType": null,
        "types": types,
        "directives": [],
    })
}

/// `__type(name: …)`
pub(super) fn named(name: &str) -> Value {
    if let Some((name, fields)) = TYPES.iter().find(|(known, _)| *known == name) {
        return object(name, fields);
    }
    SCALARS.iter().find(|known| **known == name).map(|name| scalar(name)).unwrap_or_default()
}

/// The fields of a type, for messages about others.
pub(super) fn fields(name: &str) -> impl Iterator<Item = &'static str> {
    let found = TYPES.iter().find(|(known, _)| *known == name);
    found.into_iter().flat_map(|(_, fields)| fields.iter().map(|(name, _)| *name))
}

fn object(name: &str, fields: &[(&str, &str)]) -> Value {
    let fields: Vec<_> = fields
        .iter()
        .map(|(field, kind)| {
            let args = match *field {
                "product" if name == "Query" => json!([argument("id", "Int!")]),
                "products" => json!([argument("first", "Int")]),
                _ => json!([]),
            };
            json!({
                "name": field, "description": null, "args": args, "type": reference(kind),
                "isDeprecated": false, "deprecationReason": null,
            })
        })
        .collect();
    json!({
        "kind": "OBJECT", "name": name, "description": null, "fields": fields,
        "inputFields": null, "interfaces": [], "enumValues": null, "possibleTypes": null,
    })
}

fn scalar(name: &str) -> Value {
    json!({
        "kind": "SCALAR", "name": name, "description": null, "fields": null,
        "inputFields": null, "interfaces": null, "enumValues": null, "possibleTypes": null,
    })
}

fn argument(name: &str, kind: &str) -> Value {
    json!({ "name": name, "description": null, "type": reference(kind), "defaultValue": null })
}

fn reference(kind: &str) -> Value {
    if let Some(inner) = kind.strip_suffix('!') {
        return json!({ "kind": "NON_NULL", "name": null, "ofType": reference(inner) });
    }
    if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return json!({ "kind": "LIST", "name": null, "ofType": reference(inner) });
    }
    let is_scalar = SCALARS.contains(&kind);
    json!({ "kind": if is_scalar { "SCALAR" } else { "OBJECT" }, "name": kind, "ofType": null })
}
