//! Takes values out of responses: regular expressions, JSONPath, CSS selectors, forms and HTML
//! taken apart. Pure.

mod css;
mod form;
mod group;
mod json;
mod markup;
mod pattern;
mod re2;

pub use css::{CssSelector, SelectorError, selects};
pub(crate) use form::{Field, Form, FormEncoding, FormMethod, Forms, append_label, base_of};
pub use group::GroupPattern;
pub use json::{JsonFound, JsonPath, JsonPathError};
pub(crate) use markup::{Markup, Piece, Scripting, Tag};
pub use pattern::{Pattern, PatternError};
