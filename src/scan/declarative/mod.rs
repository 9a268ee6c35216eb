//! Templates that send requests, at work: each against each target, all under the one pacer, requests
//! that several ask alike sent once. What a template says stands in [`crate::rules::template`]; here is
//! sending, following redirects, waiting for calls from outside, and telling what was found.

mod alias;
mod analysis;
mod answers;
mod fuzz;
mod hit;
mod job;
mod judge;
mod kept;
mod listen;
mod missing;
mod pending;
mod redirect;
mod reflection;
mod report;
mod round;
mod run;
mod send;
mod shared;
mod store;
mod tally;
mod technology;
mod templates;
mod workflow;

pub use shared::TemplateOptions;
pub use templates::{CallbackSource, Templates};

pub(super) use alias::Aliases;
pub(crate) use hit::Callback;
pub(super) use job::{TemplateJob, declarations, run_templates};
pub(crate) use listen::{Callbacks, OwnListener, Settling};
