//! Renderers: pure functions from a report to the bytes of a file or the text on a terminal.
//!
//! Everything in a report that came from a target is hostile. Each renderer neutralises it for the
//! place where it puts it: `model::inert` for terminals, autoescaping for HTML, entities and
//! backslashes for Markdown, quoting for CSV. Nothing here writes a file.

mod access;
mod capacity;
mod comparison;
mod csv;
mod evidence_har;
mod explanation;
mod figures;
mod gitlab;
mod har;
mod history;
mod html;
mod junit;
mod markdown;
mod one_by_one;
mod openapi;
mod render;
mod sarif;
mod summary;
mod wire;

pub use comparison::comparison_markdown;
pub use explanation::explanation;
pub use explanation::margin;
pub use history::run_trend;
pub use history::runs_table;
pub use render::RenderError;
pub use render::har;
pub use render::openapi;
pub use render::render;
pub use summary::Style;
pub use summary::comparison_text;
pub use summary::summary;
