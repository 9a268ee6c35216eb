//! The table of planted flaws: the contract between the shop, its tests and whoever measures
//! a scanner or a load test against it.

mod access;
mod disclosure;
mod injection;
mod login;
mod shop;
mod table;

pub use table::Access;
pub use table::FLAWS;
pub use table::Flaw;
pub use table::FlawKind;
pub use table::Parameter;
pub use table::Place;
pub(super) use table::is_known;
