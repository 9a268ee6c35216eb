//! HTTP/1.1 without I/O (RFC 9112): bytes of a request out, bytes of a response in.
//!
//! One state machine for both drivers, the load shards' readiness loop and the tokio client. It
//! knows neither sockets nor clocks, and it does not undo content codings.

mod chunked;
mod collect;
mod encode;
mod error;
mod framing;
mod head;
mod parser;
mod pipeline;
mod recent;

pub use collect::Collector;
pub use encode::{EncodeError, encode};
pub use error::ProtocolError;
pub use framing::RequestKind;
pub use head::{FieldHint, Fields, Head};
pub use parser::{DEFAULT_MAX_HEAD, Eof, Fed, MAX_FIELDS, Progress, ResponseParser, ResponseSink};
pub use pipeline::Pipeline;
