//! SARIF 2.1.0, as GitHub code scanning takes it.

mod convert;
mod document;
mod words;

pub(super) use convert::sarif;
