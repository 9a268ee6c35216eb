//! Whether the limits on requests hold that the plan declares.
//!
//! Of each limit, copies of its request are sent one after the other until they are refused
//! (`series`), and what was let in is compared with what was declared (`verdict`). While the limit is in
//! force, ways around it are tried (`around`) and it is asked whom it counts (`key`); then whether it
//! lets in again when it says so (`again`, `stated`). What needs a second look gets one, in another
//! window. The check that runs first asks for all of them, and each tells what is its own.
//!
//! What it costs at most is known before the first request (`cost`), told, and never exceeded. Nothing is
//! concluded from how long answers take: a target or a pace that is too slow to reach the limit within
//! its window is said, and that is all.
//!
//! It deliberately does not look for limits that nobody has declared: the checks of logins do.

mod again;
mod around;
mod bench;
mod cost;
mod key;
mod kind;
mod measure;
mod proofs;
mod series;
mod stated;
mod told;
mod verdict;
mod verify;

pub use cost::most_requests_of_limits;
pub(super) use told::all;
