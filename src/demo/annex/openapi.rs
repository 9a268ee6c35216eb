//! The annex's part of the OpenAPI document.

use serde_json::Value;
use serde_json::json;

use crate::demo::openapi::Access;
use crate::demo::openapi::operation;
use crate::demo::openapi::path;
use crate::demo::openapi::query;

/// Paths and their operations.
pub(in crate::demo) fn paths() -> Vec<Value> {
    vec![member_paths(), partner_paths(), text_paths(), app_paths()]
}

fn member_paths() -> Value {
    json!({
        "/api/club/login": { "post": posted("clubLogin", &[("card", "FF-1001"), ("pin", "2580")]) },
        "/api/settings": {
            "get": operation("getSettings", Access::Open, &[], None, "200"),
            "post": posted("changeSettings", &[("language", "de")]),
        },
        "/api/notices/{id}": { "get": operation("getNotice", Access::Open, &[
            path("id", &json!({ "type": "integer", "example": 1 })),
        ], None, "200") },
        "/graphql": { "post": posted("graphql", &[("query", "{ product(id: 7) { name } }")]) },
    })
}

fn partner_paths() -> Value {
    json!({
        "/api/partner/stock": { "post": xml("partnerStock", "<stock><sku>GAR-1002</sku></stock>") },
        "/api/partner/feed": { "post": xml(
            "checkFeed",
            "<feed><item><name>Fjord kettle</name><price>39.90</price></item></feed>",
        ) },
        "/api/images/import": { "post": posted(
            "importImage",
            &[("image_url", "https://images.shop.example/kettle.png")],
        ) },
    })
}

fn text_paths() -> Value {
    json!({
        "/api/quote": { "post": posted("quote", &[("quantity", "4*6")]) },
        "/api/manuals/check": { "post": posted("checkManual", &[("name", "care.txt")]) },
        "/api/reference/check": { "post": posted("checkReference", &[("reference", "order 17")]) },
        "/api/price-history": { "get": operation("priceHistory", Access::Open, &[
            query("product", &json!({ "type": "integer", "example": 7 })),
            query("days", &json!({ "type": "integer", "maximum": 90, "example": 30 })),
        ], None, "200") },
    })
}

fn app_paths() -> Value {
    json!({
        "/api/app/token": { "post": posted("appToken", &[("name", "alice"), ("password", "secret")]) },
        "/api/app/profile": { "get": operation("appProfile", Access::Bearer, &[], None, "200") },
    })
}

/// A `POST` of a JSON object whose members are all text.
fn posted(id: &str, members: &[(&str, &str)]) -> Value {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    let property = |(name, example): &(&str, &str)| {
        ((*name).to_owned(), json!({ "type": "string", "example": example }))
    };
    let properties: serde_json::Map<_, _> = members.iter().map(property).collect();
    let schema = json!({ "type": "object", "required": names, "properties": properties });
    operation(id, Access::Open, &[], Some(schema), "200")
}

fn xml(id: &str, example: &str) -> Value {
    let mut operation = operation(id, Access::Open, &[], None, "200");
    operation["requestBody"] = json!({
        "required": true,
        "content": { "application/xml": { "schema": { "type": "string" }, "example": example } },
    });
    operation
}
