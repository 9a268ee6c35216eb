//! Takes values out of responses: regular expressions and CSS selectors. Pure.

mod css;
mod pattern;
mod re2;

pub use css::{CssSelector, SelectorError, selects};
pub use pattern::{Pattern, PatternError};
