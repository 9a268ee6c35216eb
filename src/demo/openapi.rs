//! The OpenAPI document of the JSON API.

use axum::response::Json;
use serde_json::Value;
use serde_json::json;

use super::annex;

/// `GET /openapi.json`
pub(super) async fn document() -> Json<Value> {
    Json(json!({
        "openapi": "3.1.0",
        "info": { "title": "Fern & Fable", "version": "1" },
        "servers": [{ "url": "/" }],
        "paths": paths(),
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas(),
        },
    }))
}

fn paths() -> Value {
    let mut paths = account_paths();
    for more in [catalogue_paths(), order_paths()].into_iter().chain(annex::paths()) {
        if let (Value::Object(all), Value::Object(more)) = (&mut paths, more) {
            all.extend(more);
        }
    }
    paths
}

fn account_paths() -> Value {
    json!({
        "/api/login": { "post": operation("login", Access::Open, &[], Some(json!({
            "type": "object", "required": ["name", "password"],
            "properties": {
                "name": { "type": "string", "example": "alice" },
                "password": { "type": "string", "format": "password", "example": "secret" },
            },
        })), "200") },
        "/api/account": {
            "get": operation("getAccount", Access::Bearer, &[], None, "200"),
            "patch": operation("updateAccount", Access::Bearer, &[], Some(json!({
                "type": "object",
                "properties": {
                    "display_name": { "type": "string", "example": "Alice Amber" },
                    "email": { "type": "string", "example": "alice@shop.example" },
                },
            })), "200"),
        },
        "/api/admin/users": { "get": operation("listUsers", Access::Bearer, &[], None, "200") },
    })
}

fn catalogue_paths() -> Value {
    json!({
        "/api/products": { "get": operation("listProducts", Access::Open, &[
            query("category", &json!({ "type": "string", "example": "garden" })),
            query("page", &json!({ "type": "integer", "minimum": 1, "example": 1 })),
        ], None, "200") },
        "/api/products/{id}": { "get": operation("getProduct", Access::Open, &[
            path("id", &json!({ "type": "integer", "example": 7 })),
        ], None, "200") },
        "/api/products/{id}/reviews": {
            "get": operation("listReviews", Access::Open, &[
                path("id", &json!({ "type": "integer", "example": 7 })),
            ], None, "200"),
            "post": operation("addReview", Access::Bearer, &[
                path("id", &json!({ "type": "integer", "example": 7 })),
            ], Some(json!({
                "type": "object", "required": ["rating", "text"],
                "properties": {
                    "rating": { "type": "integer", "minimum": 1, "maximum": 5, "example": 4 },
                    "text": { "type": "string", "example": "Solid." },
                },
            })), "201"),
        },
        "/api/search": { "get": operation("search", Access::Open, &[
            query("q", &json!({ "type": "string", "example": "lantern" })),
        ], None, "200") },
        "/api/stock": { "post": operation("checkStock", Access::Open, &[], Some(json!({
            "type": "object", "required": ["sku"],
            "properties": { "sku": { "type": "string", "example": "GAR-1002" } },
        })), "200") },
    })
}

fn order_paths() -> Value {
    json!({
        "/api/coupons/{code}": { "get": operation("getCoupon", Access::Open, &[
            path("code", &json!({ "type": "string", "example": "WELCOME10" })),
        ], None, "200") },
        "/api/checkout": { "post": operation("checkout", Access::Open, &[], Some(json!({
            "type": "object", "required": ["items", "ship_to"],
            "properties": {
                "items": {
                    "type": "array", "minItems": 1, "maxItems": 20,
                    "items": { "$ref": "#/components/schemas/Item" },
                    "example": [{ "product_id": 7, "quantity": 1 }],
                },
                "ship_to": { "type": "string", "example": "12 Mill Lane, Ambleton" },
                "coupon": { "type": "string", "example": "WELCOME10" },
            },
        })), "201") },
        "/api/orders": { "get": operation("listOrders", Access::Bearer, &[], None, "200") },
        "/api/orders/{id}": { "get": operation("getOrder", Access::Bearer, &[
            path("id", &json!({ "type": "integer", "example": 1001 })),
        ], None, "200") },
    })
}

fn schemas() -> Value {
    json!({
        "Item": {
            "type": "object", "required": ["product_id", "quantity"],
            "properties": {
                "product_id": { "type": "integer", "example": 7 },
                "quantity": { "type": "integer", "minimum": 1, "maximum": 99, "example": 1 },
            },
        },
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Anybody's.
    Open,
    /// Whoever has a token.
    Bearer,
}

/// An operation with a JSON body, if it has one.
pub(super) fn operation(
    id: &str,
    access: Access,
    parameters: &[Value],
    body: Option<Value>,
    success: &str,
) -> Value {
    let mut operation = json!({
        "operationId": id,
        "parameters": parameters,
        "responses": {
            success: { "description": "Done" },
            "default": { "description": "Refused; `error` says why" },
        },
    });
    if access == Access::Bearer {
        operation["security"] = json!([{ "bearer": [] }]);
    }
    if let Some(schema) = body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

/// A parameter of the query string.
pub(super) fn query(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "schema": schema })
}

/// A segment of the path.
pub(super) fn path(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}
