//! What others describe, record or load a service with, as a plan.
//!
//! Each format is read into the same [`Imported`] and written by the same [`plan_text`]; commands
//! that take such a file instead of a plan read that text, so that there is one way from a file to
//! a run. Secrets never get into the text. Nothing is sent and nothing is fetched here.

mod access_log;
mod address;
mod bodies;
mod crawled;
mod curl;
mod document;
mod error;
mod format;
mod graphql;
mod har;
mod headers;
mod hosts;
mod k6;
mod openapi;
mod operation;
mod options;
mod parts;
mod pattern;
mod postman;
mod read;
mod secrets;
mod steps;
mod strings;
mod text;
mod url_list;
mod variables;
mod write;
mod zap;

pub use crawled::{Crawl, of_crawl};
pub use error::{Fault, ImportError};
pub use format::Format;
pub use operation::{
    Body, Condition, ConnectionHints, FormPart, Imported, LoadHints, Login, Operation, Order,
    Sample, Scenario, Secret, Warning,
};
pub use options::Options;
pub use read::{fits, format_of, import_bytes, import_file};
pub use steps::Step;
pub use text::Text;
pub use write::plan_text;
