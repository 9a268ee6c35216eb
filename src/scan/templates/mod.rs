//! Path templates, learnt: `/blog/{slug}`, `/items/{id}`, `/docs/p{id}.html`.
//!
//! Paths stand in a tree of segments. What looks like a value (an integer, a UUID, a date, a token)
//! is one from the first time on. Words become a value when enough siblings turn out to be built
//! alike (`structure`), or when there are so many of them that nobody names pages that way; whatever
//! is built otherwise stays a page of its own. Merging keeps ids: an old one stands for what it was
//! merged into.
//!
//! Findings' fingerprints do not use this: what is learnt depends on how much was seen.

mod learn;
mod tree;

pub(crate) use tree::Merged;
pub(crate) use tree::PathId;
pub(crate) use tree::Templates;
