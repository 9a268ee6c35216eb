//! Two runs, compared: what is certain, what is noise, and what cannot be said.
//!
//! Requests of one run are no independent samples: a busy second slows all of its requests. What is
//! drawn and shuffled is therefore whole blocks of time (`pool`), made so long that neighbours no
//! longer resemble each other. Whether a figure has changed is decided by a permutation test: if the
//! runs were of the same system, each block could as well be one of the other run. How much it has
//! changed is the interval of a block bootstrap. Of many endpoints some differ by chance alone; the
//! correction for that is Holm's (`family`).
//!
//! What no statistics of two runs can see is noise that lasts as long as a run: a neighbour that was
//! there in the one and not in the other. The floors are for that.

mod family;
mod figures;
mod findings;
mod gate;
mod load;
mod pool;
mod runs;

pub use gate::chance_of_change;
pub use runs::compare;
