//! Regular expressions of operators.

use std::sync::OnceLock;

use crate::extract::Pattern;

/// A regular expression that is compiled when it is first needed: most never are.
#[derive(Debug)]
pub(super) struct LazyPattern {
    source: Box<str>,
    compiled: OnceLock<Option<Pattern>>,
}

impl LazyPattern {
    /// Judges the syntax only.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        Pattern::check(source).map_err(|error| error.to_string())?;
        Ok(Self { source: source.into(), compiled: OnceLock::new() })
    }

    /// As it is written.
    #[cfg(test)]
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn get(&self) -> Option<&Pattern> {
        self.compiled.get_or_init(|| Pattern::new(&self.source).ok()).as_ref()
    }

    /// Compiles it now; why it cannot be.
    pub(super) fn force(&self) -> Result<(), String> {
        Pattern::new(&self.source).map(drop).map_err(|error| error.to_string())
    }
}
