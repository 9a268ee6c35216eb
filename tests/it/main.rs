//! One integration binary: a module per subject.

mod architecture;
mod plan;
mod demo;
