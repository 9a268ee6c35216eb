//! What the command line says about an import.

use std::path::PathBuf;

use regex::Regex;

use super::format::Format;
use super::operation::{Imported, Operation};
use super::steps;
use crate::model::Target;

/// What is taken, and where it is to go.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Instead of what the content looks like.
    pub format: Option<Format>,
    /// Instead of the server that the file names.
    pub target: Option<Target>,
    /// Only operations whose path matches one of these.
    pub include: Vec<Regex>,
    /// No operation whose path matches one of these.
    pub exclude: Vec<Regex>,
    /// Only operations with one of these tags.
    pub tags: Vec<String>,
    /// Postman's environments; the first one's values go before the others'.
    pub environments: Vec<PathBuf>,
    /// What changes something comes in enabled too.
    pub unsafe_too: bool,
}

impl Options {
    /// Scheme, host and port of the target, if one is given.
    pub(super) fn origin(&self) -> Option<String> {
        self.target.as_ref().map(|target| target.origin.to_string())
    }

    /// Leaves out what the user does not want.
    pub(super) fn select(&self, imported: &mut Imported) {
        steps::retain(imported, |operation| self.wants(operation));
        if self.unsafe_too {
            imported.operations.iter_mut().for_each(|operation| operation.is_unsafe = false);
        }
        let mut used: String = imported.operations.iter().map(Operation::written).collect();
        imported.variables.retain(|(name, _)| used.contains(&format!("vars.{name}}}")));
        used.extend(imported.variables.iter().map(|(_, value)| value.written()));
        imported.secrets.retain(|secret| used.contains(&secret.reference().written()));
    }

    fn wants(&self, operation: &Operation) -> bool {
        let path = operation.path.template();
        let has_tag = |tag: &String| operation.tags.contains(tag);
        (self.include.is_empty() || self.include.iter().any(|pattern| pattern.is_match(&path)))
            && !self.exclude.iter().any(|pattern| pattern.is_match(&path))
            && (self.tags.is_empty() || self.tags.iter().any(has_tag))
    }
}
