//! Templates in Nuclei's format that send requests: read, compiled, rendered, judged. Pure but for
//! reading files below the folders that the user names; nothing here sends a request.
//!
//! `document` is the shape of a file, `compile` makes a [`Template`] of it or says in [`Refusal`]s why
//! not. [`Making`] renders a request of it; an [`Event`] is what its matchers and extractors look at.
//! Who sends, waits and follows redirects stands above: [`crate::scan`].

mod address;
mod analyzer;
mod bindings;
mod block;
mod compile;
#[cfg(test)]
mod corpus;
mod definition;
mod document;
mod event;
mod excluded;
mod faults;
mod files;
mod flow;
mod fuzz;
mod fuzz_make;
mod head;
mod load;
mod loose;
mod make;
mod operators;
mod operators_read;
mod pattern;
mod payload;
mod preprocess;
mod query;
mod raw;
mod refusal;
mod select;

pub use super::dsl::Environment;
pub use analyzer::{Analyzer, TimeDelay, fill_markers};
pub use bindings::Bindings;
pub use block::{Block, Redirects};
pub use compile::{compile_one, is_template};
pub use definition::{Step, StepSelect, StepWhen, Template, Workflow};
pub use event::{Earlier, Event, without_body};
pub use excluded::ExcludedMatchers;
pub use flow::Flow;
pub use fuzz::Fuzzing;
pub use fuzz_make::{Change, FuzzMaking, Place};
pub use head::Head;
pub use load::{Library, Loading, ignored, load};
pub use make::{Made, Making, Unmade};
pub use operators::Verdict;
pub use payload::{Attack, Payloads};
pub use refusal::{Reason, Refusal};
pub use select::{DEFAULT_EXCLUDED_TAGS, Fuzzed, LeftOut, Patterns, Selection};
