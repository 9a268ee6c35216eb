//! TLS by rustls: what is offered, whom we trust, and what a refused certificate means.

mod judge;
mod roots;
mod setup;

pub use setup::{TlsError, TlsSetup, TrustPolicy, class, client_config, describe, server_name};
