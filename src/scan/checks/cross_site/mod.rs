//! What other sites can make a visitor's browser do here.

pub(super) mod cors;
pub(super) mod csrf;
mod tokens;
pub(super) mod websocket;
