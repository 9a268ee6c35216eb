//! Takes values out of responses: regular expressions, JSONPath, CSS selectors and HTML taken
//! apart. Pure.

mod css;
mod group;
mod json;
mod markup;
mod pattern;
mod re2;

pub use css::{CssSelector, SelectorError, selects};
pub use group::GroupPattern;
pub use json::{JsonFound, JsonPath, JsonPathError};
pub(crate) use markup::{Markup, Piece, Scripting, Tag};
pub use pattern::{Pattern, PatternError};
