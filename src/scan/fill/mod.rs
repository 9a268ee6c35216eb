//! Values for the fields of a form that a server is likely to accept.
//!
//! What the page itself offers comes first (defaults, options, suggestions), then what `autocomplete`,
//! the type and the name ask for; whatever it is must hold the field's limits, or is made to.

mod file;
mod number;
mod pattern;
mod value;

#[cfg(test)]
pub(crate) use file::SampleFile;
pub(crate) use value::Filled;
pub(crate) use value::filled;
pub(crate) use value::filling;
