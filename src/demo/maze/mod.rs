//! The maze: a crawl test site under `/maze`, one room for each way in which a site names pages.
//!
//! Written from the standards and from how sites use them. [`targets()`] lists every page that
//! something in it leads to, with what it takes to find it; nothing in the site links that list,
//! and no page of the shop links the maze. Only with [`super::ShopOptions::maze`] do `robots.txt`
//! and `.well-known`, which belong to the whole origin, lead there as well.
//!
//! It has no flaws on purpose: it is the same in both shops.

mod answer;
mod documents;
mod fields;
mod forms;
mod interfaces;
mod leaf;
mod once;
mod pdf;
mod rooms;
mod rules;
mod targets;

pub(super) use answer::maze;
pub(super) use answer::well_known;
pub(super) use rooms::ROBOTS;
pub(super) use rooms::Rooms;
pub use targets::Needs;
pub use targets::Target;
pub use targets::targets;
