//! What a check needs that asks as everybody and tells who may do what.

use super::AccessSettings;
use super::SiteProbe;
use super::Whom;
use crate::model::ANONYMOUS;
use crate::model::AccessMatrix;
use crate::model::Event;

impl SiteProbe {
    /// What the plan wants to be compared, if anything.
    pub(crate) fn access_settings(&self) -> Option<AccessSettings> {
        self.sending().means().probing.access.clone()
    }

    /// As whom to send for a name of the plan's; `None` for somebody whom this run does not have.
    pub(crate) fn whom(&self, identity: &str) -> Option<Whom> {
        if identity == ANONYMOUS {
            return Some(Whom::Nobody);
        }
        let mut people = self.people().into_iter().filter(|person| !person.is_registered);
        people.find(|person| person.name == identity).map(|person| person.whom)
    }

    /// Requests that are left.
    pub(crate) fn requests_left(&self) -> u64 {
        self.sending().budget().saturating_sub(self.sending().spent())
    }

    /// Whether the whole run is winding down, and not only somebody's login is lost.
    pub(crate) fn is_stopping(&self) -> bool {
        self.sending().means().traffic.is_stopping()
    }

    /// Tells who may do what.
    pub(crate) async fn report_access(&self, matrix: AccessMatrix) {
        self.sending().means().traffic.event(Event::AccessMatrix(Box::new(matrix))).await;
    }
}
