//! `XPath` 1.0 over HTML and XML documents.
//!
//! Written here because there is no well-kept crate for it: `sxd-xpath` is unmaintained and reads XML
//! only, `xee` brings a hundred and sixty crates for `XPath` 3.1. It is the recommendation of 1999
//! without variables and namespaces: names are compared as they are written, prefix and all, in HTML
//! without regard to case. Of `XPath` 2.0 there are `matches`, `lower-case`, `upper-case` and
//! `ends-with`.
//!
//! Documents are hostile, and expressions may be: both are bounded, and so is the work they make
//! together. Where it runs out, what was selected until then is the answer.

mod axis;
mod compare;
mod document;
mod evaluate;
mod expression;
mod function;
mod html;
mod lexer;
mod parser;
mod query;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod vectors;
mod xml;

pub use query::XPath;
