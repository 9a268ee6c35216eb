//! Checks of who may see and do what: they compare people.

pub(super) mod bola;
pub(super) mod bola_write;
pub(super) mod excessive;
mod extra;
pub(super) mod forced_browsing;
pub(super) mod function_level;
pub(super) mod graphql;
mod items;
pub(super) mod mass_assignment;
mod mass_register;
mod mass_update;
pub(super) mod matrix;
mod members;
mod objects;
mod own;
mod own_page;
pub(super) mod predictable_address;
mod private;
pub(super) mod race;
mod race_rounds;
mod record;
mod secrets;
mod take_back;
mod takeover;
mod topic;
mod uploads;
mod write;
