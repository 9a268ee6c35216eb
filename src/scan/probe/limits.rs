//! What a check of declared limits holds: the limits, who is to send, and the time.

use std::time::Duration;

use super::RateLimit;
use super::SiteProbe;
use super::Whom;

impl SiteProbe {
    /// Limits on requests that the plan declares.
    pub(crate) fn rate_limits(&self) -> Vec<RateLimit> {
        self.sending().means().probing.rate_limits.clone()
    }

    /// Who has that name in the plan.
    pub(crate) fn identity(&self, name: &str) -> Option<Whom> {
        let mut people = self.people().into_iter();
        people.find(|person| person.name == name).map(|person| person.whom)
    }

    /// The moment, by the clock that waits go by.
    pub(crate) fn time(&self) -> Duration {
        self.sending().means().traffic.time()
    }
}
