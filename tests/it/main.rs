//! One integration binary: a module per subject.

mod architecture;
mod demo;
mod plan;
