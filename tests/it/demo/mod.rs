//! The demo shop: every planted flaw is there, its safe twin has it not.

mod access;
mod annex;
mod client;
mod dials;
mod disclosure;
mod hostile;
mod injection;
mod maze;
mod maze_browser;
mod performance;
mod scripts_browser;
mod shop;
mod table;
