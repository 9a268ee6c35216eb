//! The expression language of matchers and of text to be sent, with the meaning it has in Nuclei's
//! templates.
//!
//! # Language
//!
//! Numbers are 64-bit floats; a backslash in a string stands for the next character itself;
//! comparison never converts; `&&` and `||` short-circuit and take booleans only; a missing variable
//! is an error. A string that is a date in one of 14 layouts is a number of seconds since 1970, in
//! UTC. `{{name}}` in a string is filled in at evaluation; outside of strings it is an error.
//!
//! # Functions
//!
//! Each also answers to its name without underscores, and a wrong number of arguments is an error
//! when the expression is parsed. Chance and time come from an [`Environment`], never from the
//! process. Some functions of Nuclei's list are refused, with a reason: those that ask the network
//! (`resolve`, `jarm`, `llm_prompt`), those that need collections that are not here
//! (`cookie_unsign`, `wappalyzer`), and gadgets that run commands.
//!
//! # Where more is understood than in Nuclei
//!
//! * A date may follow an arithmetic operator.
//! * Functions that count give numbers that equal written numbers (`count(…) == 2`).
//! * `url_encode` and `hex_encode` take any bytes and any value.
//! * `sort` and `uniq` of one list work on the list; `join` takes lists among texts.
//! * A marker in a matcher's string is filled in even if it names no variable (`{{md5('x')}}`).

mod ast;
mod environment;
mod eval;
mod functions;
mod layout;
mod lexer;
mod needs;
mod parser;
mod render;
#[cfg(test)]
mod tests;
mod unresolved;
mod value;

pub use environment::Environment;
pub use eval::{EvalError, Expression, Lookup};
pub use lexer::ParseError;
pub use render::{RenderError, Text};
pub use unresolved::unresolved;
pub use value::Value;
