//! `XPath` 1.0 over the shop's own documents: paths, predicates, comparisons and the functions that
//! queries over text need. No axes but child, descendant, parent, self and attribute.

mod evaluate;
mod node;
mod parse;

pub(super) use evaluate::select;
