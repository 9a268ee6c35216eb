//! One integration binary: a module per subject.

mod architecture;
mod http_h1;
mod load;
mod load_bed;
mod load_loopback;
mod load_server;
