//! One exchange on the wire with honest timings: codec, connections, TLS, DNS, pacing.

pub mod clock;
pub mod h1;
mod pacer;

pub use pacer::Pacer;
