//! One exchange on the wire with honest timings: codec, connections, TLS, DNS, pacing.

mod client;
pub mod clock;
mod content;
pub mod cookies;
pub mod dns;
pub mod fault;
pub mod h1;
mod pacer;
pub mod reactor;
pub mod tls;

pub use client::{Client, ClientOptions, ContentDecoding};
pub use cookies::CookieJar;
pub use pacer::Pacer;
