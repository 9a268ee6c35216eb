//! Scripts: what they ask for, as far as it can be read without running them.
//!
//! A string is an address where it looks like one (`"/api/users"`), or where what stands around it
//! says so: an argument of a call that fetches (`fetch("users")`), a member with a telling name
//! (`url: "users"`), something that is assigned to an address (`location.href = "users"`). What is put
//! together from parts is followed through names that have one value; other values have samples
//! (`"/items/" + id`), and what begins with one is a guess at best.
//!
//! What it deliberately does not do: run anything, or follow values through calls.

mod bindings;
mod body;
mod chunks;
mod joined;
mod lists;
mod read;
mod routes;
mod scene;
mod token;

pub(super) use read::script_references;
pub(super) use read::script_within;
