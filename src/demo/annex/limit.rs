//! How many wrong passwords a name may have had.

use crate::demo::refusal::Refusal;
use crate::demo::visit::Visit;

/// What stands against guesses at one name of one login; nothing where the shop has the flaw.
pub(super) struct Limit<'a> {
    visit: &'a Visit,
    name: Option<String>,
}

impl<'a> Limit<'a> {
    pub(super) fn of(visit: &'a Visit, flaw: &str, login: &str, name: &str) -> Self {
        let name: String = name.chars().take(60).collect();
        Self { visit, name: (!visit.has(flaw)).then(|| format!("{login}:{name}")) }
    }

    /// # Errors
    /// The name has had too many wrong passwords of late.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let sessions = &self.visit.shop.sessions;
        match &self.name {
            Some(name) if sessions.is_locked(name) => Err(Refusal::TooManyLogins),
            _ => Ok(()),
        }
    }

    pub(super) fn count_failure(&self) {
        if let Some(name) = &self.name {
            self.visit.shop.sessions.count_failure(name);
        }
    }
}
