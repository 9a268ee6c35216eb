//! What is wrong in one file, collected.

use serde_saphyr::Location;

use super::refusal::{Reason, Refusal};

/// Collects refusals of one file.
#[derive(Debug)]
pub(super) struct Faults {
    path: String,
    id: Option<String>,
    pub(super) found: Vec<Refusal>,
}

impl Faults {
    pub(super) fn new(path: &str, id: Option<&str>) -> Self {
        Self { path: path.to_owned(), id: id.map(str::to_owned), found: Vec::new() }
    }

    pub(super) fn add(&mut self, at: Location, reason: Reason, message: impl Into<String>) {
        self.found.push(Refusal {
            path: self.path.clone(),
            id: self.id.clone(),
            line: at.line(),
            column: at.column(),
            reason,
            message: message.into(),
        });
    }

    /// About the file as a whole.
    pub(super) fn whole(&mut self, reason: Reason, message: impl Into<String>) {
        self.add(Location::UNKNOWN, reason, message);
    }
}
