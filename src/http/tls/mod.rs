//! TLS by rustls: what is offered, whom we trust, and what a refused certificate means.

mod certificate;
mod fault;
mod identity;
mod judge;
pub mod own;
mod roots;
mod setup;

pub use fault::{class, cure, describe, failure, proxy_failure};
pub use judge::{Verdict, take_verdict};
pub use setup::{HTTP_1_1, HTTP_2, HTTP_3, TlsError, TlsSetup, TrustPolicy};
