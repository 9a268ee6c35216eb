//! The annex: everything around the shop proper, where most of the planted flaws are. Members'
//! club, dealers and trade customers, feeds and hooks for partners, the phone app's interface.

mod backtrack;
mod cache;
mod club;
mod content;
mod directory;
mod engine;
mod feeds;
mod fetch;
mod front;
mod graphql;
mod hidden;
mod jwt;
mod kept;
mod ldap;
mod limit;
mod mail;
mod mongo;
mod openapi;
mod php;
mod reset;
mod routes;
mod settings;
mod shell;
mod sql;
mod ssi;
mod state;
mod text;
mod trade;
mod xml;
mod xpath;

pub(super) use front::guard;
pub(super) use openapi::paths;
pub(super) use routes::leftovers;
pub(super) use routes::routes;
pub(super) use sql::SCHEMA;
pub(super) use state::Annex;
