//! A small POSIX shell inside the shop, for the places where a real one would have had its
//! commands run by `/bin/sh`. It starts no process and touches nothing outside the fake root.
//!
//! Understood: `;`, newline, `&`, `&&`, `||`, `|`, single and double quotes, backslashes, `$(…)`,
//! backticks, `$((…))`, variables, and redirections, which are read and ignored. Commands: see
//! [`commands`].

mod arithmetic;
mod commands;
mod run;
mod words;

pub(super) use run::Shell;
