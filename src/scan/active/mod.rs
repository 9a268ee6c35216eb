//! Runs native checks over a site model: first those of insertion points and of requests that only
//! read, then the same of those that write, last those of the whole site.

mod board;
mod calls;
mod causes;
mod cookies;
mod doors;
mod finding;
mod order;
mod points;
mod reaction;
mod requests;
mod run;
mod segments;
mod sites;
mod tasks;
#[cfg(test)]
mod tests;

pub(super) use run::Active;
pub(super) use run::Selected;
pub(super) use run::run_active;
