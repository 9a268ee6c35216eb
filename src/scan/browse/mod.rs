//! Pages as a browser shows them: rendered, scrolled, filled in, clicked through.
//!
//! * The browser has no network of its own. Whatever a page, a frame or a worker asks for is paused
//!   and judged as a link is: by scope, by method, by the words that log out or delete. What may be
//!   sent goes over the engine's wire, so that the pace, the session, the passive rules and the
//!   evidence are the same for it; the browser gets the answer handed in.
//! * A page stays where it is. Where a click, a form or a script would lead is written down for the
//!   crawler, which decides whether to go there.
//! * All that is tried is counted and bounded, per page and in total; what is alike is tried a few
//!   times, and what was left untried is said.
//!
//! Deliberately not here: waiting for what a page does by the clock alone, dragging, drawing,
//! uploads, and logging in through the browser (the plan's login is what it has).

mod attendant;
mod cookies;
mod delegated;
mod explore;
mod explorer;
mod judge;
mod paused;
mod slow;
mod snapshot;
mod tab;
mod target;
mod visit;

pub(crate) use explorer::Explorer;
pub(crate) use explorer::Left;
pub(crate) use explorer::Novelty;
pub(crate) use explorer::Rendered;
