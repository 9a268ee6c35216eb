//! The demo shop: every planted flaw is there, its safe twin has it not.

mod client;
mod performance;
mod security;
mod shop;
