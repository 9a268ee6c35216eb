//! One integration binary: a module per subject.

mod architecture;
mod http_client;
mod http_h1;
mod http_server;
mod http_tls;
