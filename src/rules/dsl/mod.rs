//! The expression language of matchers, with the meaning it has in Nuclei's templates.
//!
//! Numbers are 64-bit floats; a backslash in a string stands for the next character itself;
//! comparison never converts; `&&` and `||` short-circuit and take booleans only; a missing
//! variable is an error. Left out for now: date literals, which no rule on traffic needs, and
//! `{{…}}` in strings, which only rules that send requests can fill in.

mod ast;
mod eval;
mod functions;
mod lexer;
mod parser;
mod value;

pub(super) use eval::Expression;
pub(super) use value::Value;
