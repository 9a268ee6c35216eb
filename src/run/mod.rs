//! Puts engines, consumers, derivers, signals and gates together.
//!
//! One bounded channel carries every event from the engines to the pump, which stamps it, folds it
//! into the report, lets the derivers look, and hands it to the consumers in one order. What goes
//! back is the [`crate::model::StopToken`], and what users change of the load ([`Steering`]).

mod again;
mod baseline;
#[cfg(test)]
mod bed;
mod blocked;
mod client;
mod collateral;
mod derive;
mod engine;
mod fetch;
mod gate_watch;
mod gates;
mod merged;
mod once;
mod parts;
mod pump;
pub mod retest;
mod search;
mod signals;
pub mod socket;
mod steer;
mod tap;

pub use again::look_again;
pub use baseline::Baseline;
pub use engine::{Outcome, RunError, RunJob, RunKind, run};
pub use fetch::{FetchError, fetch_document};
pub use gates::Gating;
pub use merged::judge_merged;
pub use once::{OnceError, Sent, send_once};
pub use signals::{Interrupt, Interrupts};
pub use steer::Steering;
