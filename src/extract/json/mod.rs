//! Values out of JSON texts, without building a document, and what a schema says of them.

mod path;
mod scan;
mod schema;
mod text;

pub use path::{JsonFound, JsonPath, JsonPathError};
pub use schema::{JsonSchema, JsonSchemaError};
