//! What a report says of logins: that they worked, how that was proven, and whether they held.

use std::time::Duration;

use super::event::Phase;
use super::units::format_duration;
use super::units::plural;

/// One login of one part of the run, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionReport {
    /// The part that uses it.
    pub phase: Phase,
    /// The plan's name of the auth.
    pub auth: String,
    /// The plan's name of the identity.
    pub identity: Option<String>,
    /// What the plan says the identity may do.
    pub role: Option<String>,
    /// `form`, `login`, `basic`, …
    pub scheme: String,
    /// When it first worked, since the run's start; `None` if it never did.
    pub logged_in: Option<Duration>,
    /// What proves it: what was asked and answered.
    pub verified: Option<String>,
    /// When that was last seen, since the run's start.
    pub last_verified: Option<Duration>,
    /// Logins that worked, the first ones of all users and those after a loss or an end.
    pub logins: u64,
    /// Of these, those after a loss or the end of a token.
    pub relogins: u64,
    /// Logins that did not work.
    pub failed: u64,
    /// Users whose login was lost for good.
    pub lost: u64,
    /// When the first of them was, since the run's start.
    pub lost_since: Option<Duration>,
    /// What was seen when it was lost, or when it failed last.
    pub reason: Option<String>,
}

impl SessionReport {
    /// Nothing done yet.
    pub fn new(phase: Phase, auth: &str, scheme: &str) -> Self {
        Self {
            phase,
            auth: auth.to_owned(),
            identity: None,
            role: None,
            scheme: scheme.to_owned(),
            logged_in: None,
            verified: None,
            last_verified: None,
            logins: 0,
            relogins: 0,
            failed: 0,
            lost: 0,
            lost_since: None,
            reason: None,
        }
    }

    /// Whose login it is, for people.
    pub fn name(&self) -> &str {
        self.identity.as_deref().unwrap_or(&self.auth)
    }

    /// Whether it never worked.
    pub fn never_worked(&self) -> bool {
        self.lost > 0 && self.logged_in.is_none()
    }

    /// Whether both are the same login.
    pub fn is_same_as(&self, other: &Self) -> bool {
        (self.phase, &self.auth, &self.identity) == (other.phase, &other.auth, &other.identity)
    }

    /// All of it in one line, for people.
    pub fn shown(&self) -> String {
        let of = |text: &Option<String>| {
            text.as_ref().map(|text| format!(", {text}")).unwrap_or_default()
        };
        let auth = self.identity.as_ref().map(|_| self.auth.clone());
        let mut parts =
            vec![format!("{} ({}{}{})", self.name(), self.scheme, of(&auth), of(&self.role))];
        match self.logged_in {
            Some(at) => parts.push(format!("logged in after {}", format_duration(at))),
            None if self.lost > 0 => parts.push("never logged in".to_owned()),
            None => {}
        }
        match &self.verified {
            Some(proof) => parts.push(format!("verified: {proof}")),
            None if self.logged_in.is_some() => {
                parts.push("not verified: the plan says no way to".to_owned());
            }
            None => {}
        }
        if self.logins > self.relogins + 1 {
            parts.push(plural(self.logins - self.relogins, "user", "users"));
        }
        if self.relogins > 0 {
            parts.push(format!("logged in again {}", plural(self.relogins, "time", "times")));
        }
        if self.failed > 0 {
            parts.push(format!("{} failed", plural(self.failed, "login", "logins")));
        }
        if let Some(since) = self.lost_since {
            let lost = plural(self.lost, "login", "logins");
            parts.push(format!("{lost} lost since {}", format_duration(since)));
        }
        parts.join("; ")
    }

    /// That it was lost, in one sentence; `None` if it held.
    pub fn loss(&self) -> Option<String> {
        if self.lost == 0 {
            return None;
        }
        let (name, scheme) = (self.name(), &self.scheme);
        let why = self.reason.as_deref().unwrap_or("nobody knows why");
        Some(match (self.logged_in, self.phase) {
            (None, phase) => {
                format!("{} could not log in as {name} ({scheme}): {why}", phase.as_str())
            }
            (Some(_), Phase::Load) => {
                let users = plural(self.lost, "virtual user", "virtual users");
                format!("auth_lost: {users} lost the login as {name} ({scheme}): {why}")
            }
            (Some(_), Phase::Scan | Phase::Crawl) => {
                format!("auth_lost: the scan lost its login as {name} ({scheme}): {why}")
            }
        })
    }
}
