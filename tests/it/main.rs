//! One integration binary: a module per subject.

mod architecture;
mod scan;
mod http_h1;
mod rules;
mod http_client;
mod http_h1;
mod http_server;
mod http_tls;
