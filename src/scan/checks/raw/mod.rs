//! Checks that break the rules of HTTP, over connections of their own.

mod disguise;
pub(super) mod smuggling;
