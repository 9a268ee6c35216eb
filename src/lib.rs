//! Shakedown: load test, security scan and release gate for a web service, in one terminal tool.
//!
//! # Layers
//!
//! Dependencies go downwards only; `tests/it/architecture.rs` holds the table.
//!
//! | layer | modules |
//! |--|--|
//! | 0 | [`model`]: pure data and pure functions |
//! | 1 | `extract`, `http`, `rules`, `format`, `insight` |
//! | 2 | `flow`, `plan` |
//! | 3 | `load`, `scan`, `report`, `ui` |
//! | 4 | `run`, `demo` |
//! | 5 | `cli` |

pub mod cli;
pub mod demo;
pub mod extract;
pub mod flow;
pub mod format;
pub mod http;
pub mod load;
pub mod model;
pub mod plan;
pub mod report;
pub mod rules;
pub mod run;
pub mod scan;
pub mod ui;
