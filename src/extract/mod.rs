//! Takes values out of responses: regular expressions, JSONPath, CSS selectors, forms and HTML
//! taken apart. Pure.

mod cookie;
mod css;
mod field;
mod form;
mod form_query;
mod form_reader;
mod group;
mod json;
mod markup;
mod page;
mod pattern;
mod re2;
mod references;
mod required;
mod tree;
mod which;
mod xpath;

pub use cookie::set_cookie;
pub use css::{CssPart, CssQuery, CssSelector, SelectorError, selects, selects_in};
pub(crate) use field::{Field, Limits};
pub(crate) use form::{Form, FormEncoding, FormMethod, Forms, append_label, base_of};
pub use form_query::{FormPart, FormQuery, MULTIPART_FORM};
pub use group::GroupPattern;
pub use json::{JsonFound, JsonPath, JsonPathError, JsonSchema, JsonSchemaError};
pub(crate) use markup::{Markup, Piece, Scripting, Tag};
pub use page::Page;
pub use pattern::{Pattern, PatternError};
pub use references::addresses;
pub(crate) use references::{
    Against, Body, DocumentKind, Evidence, ImportMap, References, document_references,
    header_references, html_references, refresh_target,
};
pub use required::{LONGEST, Required};
pub use tree::Tree;
pub use which::{Picked, Which};
pub use xpath::XPath;
