//! The full-screen view of a running or finished run.
//!
//! [`State`] is a fold over events plus what the user has opened; [`State::key`] turns keys into
//! [`Action`]s; [`draw()`] only reads. Everything that touches a terminal, a thread or a clock is in
//! `session`, `input`, `signals`, `pace` and `live`.

mod charts;
mod detail;
mod draw;
mod endpoints;
mod evidence;
mod findings;
mod input;
mod keys;
mod list;
mod live;
mod log;
mod overview;
mod pace;
mod panels;
mod popup;
mod session;
mod signals;
mod state;
mod theme;
mod wrap;

pub use draw::draw;
pub use keys::Action;
pub use live::{LiveTui, TuiOptions, view};
pub use session::restore;
pub use state::{Screen, State};
pub use theme::Theme;
