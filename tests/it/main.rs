//! One integration binary: a module per subject.

mod architecture;
mod http_h1;
