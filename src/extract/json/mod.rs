//! Values out of JSON texts, without building a document.

mod path;
mod scan;
mod text;

pub use path::{JsonFound, JsonPath, JsonPathError};
