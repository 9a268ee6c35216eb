//! One integration binary: a module per subject.

mod architecture;
mod rules;
mod rules_generated;
mod rules_matching;
mod rules_refusals;
