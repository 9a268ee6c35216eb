//! The load engine: when iterations start, what they send, how it goes over the wire, and what is
//! counted, each apart from the others.
//!
//! A shard is one thread with one readiness loop (`shard`); virtual users on it are small structs
//! (`user`) that walk a compiled flow. *When* is in `rate`, `schedule`, `ramp`, `part`, `scenario` and
//! `iterations`, *what* in `program` and `script`, *how* in `connect`, `exchange`, `receive`,
//! `redirect`, `failure`, `link` and `slots`, what flows want of responses in `look`, *counting* in
//! `counts`, `recorder`, `messages`, `observe` and `collector`; `watch`, `pressure` and `validity`
//! look at the generator itself.
//! Nothing here prints, and no async runtime is in the way.

mod budget;
mod call;
mod collector;
mod connect;
mod counts;
mod engine;
mod error;
mod exchange;
mod failure;
mod iterations;
mod limits;
mod link;
mod live;
mod look;
mod message;
mod messages;
mod mux;
mod observe;
pub mod part;
mod pressure;
mod program;
pub mod ramp;
pub mod rate;
mod receive;
mod recorder;
mod redirect;
mod sample;
mod scenario;
pub mod schedule;
mod script;
mod shard;
mod slots;
mod talk;
mod timers;
mod user;
mod validity;
mod watch;

pub use engine::{LoadJob, run, run_on};
pub use error::LoadError;
pub use live::{ControlError, ControlStatus, LiveControl};
