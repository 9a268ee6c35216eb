//! The demo shop: a small web shop on loopback, flawed on purpose, with a safe twin.
//!
//! It is the project's own test bed and what `shakedown demo` shows. Every flaw, of security and
//! of speed, stands in [`FLAWS`]; the same shop started with [`ShopOptions::safe`] has the same
//! routes and the same look with every flaw mended.
//!
//! Below `/maze` both twins have the same crawl test site: [`targets`] lists what is there to be
//! found.
//!
//! [`DIALS`] are faults of speed that either twin can be given, each as strong as asked for.
//!
//! What it deliberately does not do: it never listens on anything but loopback, never connects to
//! anything but loopback and looks no name up, starts no process, and reads and writes only below
//! a temporary directory of its own.

mod accounts;
mod annex;
mod api;
mod catalogue;
mod clock;
mod coupon;
mod crowd;
mod dials;
mod faults;
mod files;
mod flaws;
mod html;
mod maze;
mod observe;
mod openapi;
mod orders;
mod pages;
mod refusal;
mod request;
mod seed;
mod serve;
mod session;
mod shop;
mod store;
mod tickets;
mod visit;

pub use accounts::ACCOUNTS;
pub use accounts::Account;
pub use accounts::Role;
pub use dials::DIALS;
pub use dials::Dial;
pub use dials::DialError;
pub use dials::DialKind;
pub use dials::DialRow;
pub use dials::Dials;
pub use flaws::Access;
pub use flaws::FLAWS;
pub use flaws::Flaw;
pub use flaws::FlawKind;
pub use flaws::Parameter;
pub use flaws::Place;
pub use maze::Needs;
pub use maze::Target;
pub use maze::targets;
pub use serve::DemoError;
pub use serve::ShopOptions;
pub use serve::serve;
