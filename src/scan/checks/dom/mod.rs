//! What scripts of pages do with what others give them, seen in a browser.

mod listener;
pub(super) mod messages;
mod payloads;
mod places;
mod scripts;
mod sources;
pub(super) mod xss;
