//! Command line: arguments, one file per command, errors to exit codes.

mod args;
mod baseline;
mod check;
mod completions;
mod connect_args;
mod control;
mod control_args;
mod control_place;
mod crawl;
mod debug;
mod demo;
mod discover;
mod error;
mod execute;
mod import;
mod load;
mod load_args;
mod new;
mod oha;
mod outputs;
mod plans;
mod report;
mod rules;
mod scan;
mod scan_args;
mod schema;
mod secret_command;
mod seeds;
mod site_output;
mod start;
mod starter;
mod terminal;
mod validate;
mod validate_text;
mod view;

pub use start::main;
