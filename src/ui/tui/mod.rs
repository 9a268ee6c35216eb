//! The full-screen view of a running or finished run.
//!
//! [`State`] is a fold over events plus what the user has opened; [`State::key`] turns keys into
//! [`Action`]s; [`draw()`] only reads. Everything that touches a terminal, a file, a thread or a clock is
//! in `session`, `input`, `signals`, `follow`, `pace` and `live`.

mod backends;
mod causes;
mod charts;
mod crawl;
mod detail;
mod draw;
mod endpoints;
mod errors;
mod evidence;
mod finding_detail;
mod findings;
mod follow;
mod heat;
mod input;
mod keys;
mod latency;
mod list;
mod live;
mod log;
mod order;
mod overview;
mod pace;
mod pane;
mod panels;
mod picture;
mod popup;
mod screens;
mod session;
mod signals;
mod site_tree;
mod state;
mod theme;
mod wrap;

pub use draw::draw;
pub use follow::{LogTail, TailError};
pub use keys::Action;
pub use live::{LiveTui, TuiHands, TuiOptions, Writer, follow, view};
pub use session::restore;
pub use state::{Screen, State};
pub use theme::Theme;
