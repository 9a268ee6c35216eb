//! What a virtual user does: a flow compiled into steps, walked without I/O.

mod program;

pub use program::{Flow, Op, Session, Step};
