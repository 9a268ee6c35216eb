//! gRPC over HTTP/2, without I/O: messages in frames, and what the fields around them say
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
//!
//! What stands in a message is not known here.

mod fields;
mod frame;

pub use fields::{Answer, Verdict, timeout_field};
pub use frame::{DecodeError, Decoder, FrameSink, frame};
