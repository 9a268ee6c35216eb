//! What a virtual user does: a flow compiled into steps, requests with slots in them, and what is
//! looked at in their responses. All of it without I/O.

pub mod auth;
mod call;
mod check;
mod condition;
mod encode;
mod expectation;
mod extent;
mod extraction;
mod found_form;
mod graphql;
mod message_type;
mod program;
mod random;
mod script;
mod session;
mod template;
mod values;

pub use crate::extract::{Page, set_cookie};
pub use call::{Call, CallEnd, CallMessage, CallStep};
pub use check::{Assertion, Bound, Check, CssTest, HeaderTest, JsonTest};
pub use condition::{Condition, ConditionTest};
pub use expectation::{ExpectationError, Expected};
pub use extraction::{Extraction, Extractor, Response};
pub use found_form::{FoundForm, FoundType, part_head, quoted};
pub use graphql::graphql_error;
pub use message_type::{MessageType, MessageTypeError};
pub use program::{Draw, Flow, Op, Step};
pub use random::Random;
pub use script::{HeaderTemplate, MessageScript, Script};
pub use session::{MAX_LOOPS, Session};
pub use template::{Context, Piece, Place, RenderError, Slot, Source, Template};
pub use values::{MAX_VALUE, Values, Variable};
