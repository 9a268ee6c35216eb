//! The JSON API.

pub(super) mod account;
pub(super) mod catalogue;
pub(super) mod orders;
