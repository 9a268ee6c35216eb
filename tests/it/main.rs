//! One integration binary: a module per subject.

mod architecture;
mod scan;
mod http_h1;
mod rules;
