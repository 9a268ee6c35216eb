//! Findings of an earlier run, looked for again: what is sent for it, and what came of it.
//!
//! The engine is the scan's own, so that what is found is judged as it was found. First it is given the
//! requests that the report keeps of each finding, and nothing is crawled. What does not show there, and
//! is a check's, is then looked for from the start page on: some checks need more of a site than one
//! request, and a request may need values that have changed since (tokens, ids). Only what that does not
//! find either is gone.

mod judge;
mod requests;
mod rounds;

pub use judge::Conditions;
pub use judge::judge;
pub use rounds::Subject;
pub use rounds::again;
pub use rounds::anew;
pub use rounds::shows;
