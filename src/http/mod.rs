//! One exchange on the wire with honest timings: codec, connections, TLS, DNS, pacing.
//!
//! Two drivers share [`h1`]: the load shards' readiness loop, and [`Client`] for crawl and probes.
//! Nothing here follows redirects, keeps cookies by itself or normalises a request: what is sent is
//! what the caller asked for, and the caller has had it admitted to scope.

mod client;
pub mod clock;
pub mod content;
pub mod cookies;
pub mod fault;
pub mod grpc;
pub mod h1;
pub mod h2;
pub mod h3;
pub mod lanes;
pub mod message;
mod pacer;
pub mod reactor;
pub mod route;
pub mod sse;
pub mod tls;
pub mod tunnel;
mod wake;
pub mod ws;

pub use client::{Client, ClientOptions, ContentDecoding, SendOptions};
pub use cookies::CookieJar;
pub use pacer::Pacer;
