//! Takes values out of responses: regular expressions, JSONPath and CSS selectors. Pure.

mod css;
mod group;
mod json;
mod pattern;
mod re2;

pub use css::{CssSelector, SelectorError, selects};
pub use group::GroupPattern;
pub use json::{JsonFound, JsonPath, JsonPathError};
pub use pattern::{Pattern, PatternError};
