//! OpenTelemetry's protocol over HTTP: metrics and spans, as protobuf or JSON.
//!
//! Names are those of OpenTelemetry's semantic conventions where these have one, and begin with
//! `shakedown.` where they do not.

mod attributes;
mod metrics;
mod send;
mod spans;

pub(super) use send::send;
