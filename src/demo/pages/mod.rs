//! The HTML pages.

pub(super) mod account;
pub(super) mod admin;
pub(super) mod assets;
pub(super) mod cart;
pub(super) mod catalogue;
pub(super) mod files;
pub(super) mod gifts;
pub(super) mod leftovers;
pub(super) mod service;
