//! The load engine: when iterations start, what they send, how it goes over the wire, and what is
//! counted, each apart from the others.
//!
//! A shard is one thread with one readiness loop (`shard`); virtual users on it are small structs
//! (`user`) that walk a compiled flow.
//!
//! * *When*: `rate`, `schedule`, `ramp`, `part`, `scenario` and `iterations`; `live` is what users
//!   change of it while it runs, `limits` what the plan caps.
//! * *What*: `program` and `script`; what flows want of responses is in `look`.
//! * *How*: `connect`, `exchange`, `receive`, `redirect`, `failure`, `link`, `slots` and `timers`;
//!   `mux` for connections that several users share, `talk` for WebSocket sessions and streams of
//!   events, `call` for gRPC.
//! * *Counting*: `counts`, `recorder`, `messages`, `observe`, `sample`, `trace`, `traced` and
//!   `collector`, within what `budget` allows; shards send it as `message`.
//! * *The generator itself*: `watch`, `pressure` and `validity`.
//!
//! `engine` puts it together.
//! Nothing here prints, and no async runtime is in the way.

mod answers;
mod budget;
mod call;
mod collector;
mod connect;
mod cookies;
mod counts;
mod draw;
mod engine;
mod error;
mod exchange;
mod failure;
mod feed;
mod fork;
mod iterations;
mod limits;
mod link;
mod live;
mod login;
mod look;
mod message;
mod messages;
mod mux;
mod observe;
pub mod part;
mod prelude;
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
mod times;
mod trace;
mod traced;
mod user;
mod validity;
mod watch;

pub use engine::{LoadJob, run, run_on};
pub use error::LoadError;
pub use live::{ControlError, ControlStatus, LiveControl};
