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
//! * Checks have a browser of their own ([`Stage`]): pages with payloads, in which nothing is clicked but
//!   what they have brought in.
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
mod running;
mod script;
mod slow;
mod snapshot;
mod stage;
mod tab;
mod target;
mod visit;

pub(crate) use explorer::Explorer;
pub(crate) use explorer::Left;
pub(crate) use explorer::Novelty;
pub(crate) use explorer::Rendered;
pub(crate) use stage::POSTED;
pub(crate) use stage::Scene;
pub(crate) use stage::Shown;
pub(crate) use stage::Stage;
pub(crate) use visit::Cause;
