//! One exchange on the wire with honest timings: codec, connections, TLS, DNS, pacing.

pub mod h1;
