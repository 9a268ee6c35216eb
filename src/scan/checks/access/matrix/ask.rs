//! Asks for one operation as everybody.

use super::judge::Answers;
use crate::model::Access;
use crate::model::Request;
use crate::model::Response;
use crate::scan::probe::Node;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Whom;

/// Somebody as whom is asked.
struct Asker {
    name: String,
    /// `None` once it is known that nothing can be sent as them.
    whom: Option<Whom>,
    why: String,
}

/// What everybody got.
pub(super) struct Seen {
    /// The answers, by identity.
    pub(super) shots: Vec<Option<Shot>>,
    /// What they come to.
    pub(super) cells: Vec<Access>,
}

/// Everybody, and how often an error may be asked for again.
pub(super) struct Round<'p> {
    probe: &'p mut SiteProbe,
    askers: Vec<Asker>,
    retries: u64,
}

impl<'p> Round<'p> {
    pub(super) fn new(probe: &'p mut SiteProbe, identities: &[String], retries: u64) -> Self {
        let asker = |name: &String| Asker {
            name: name.clone(),
            whom: probe.whom(name),
            why: format!("`{name}` is nobody as whom this run can send"),
        };
        let askers = identities.iter().map(asker).collect();
        Self { probe, askers, retries }
    }

    /// Asks for an operation as everybody.
    ///
    /// # Errors
    /// [`ProbeStop`]: the run is stopped, or has no requests left.
    pub(super) async fn look(&mut self, node: &Node) -> Result<Seen, ProbeStop> {
        let request = node.examples[0].clone();
        let mut shots = Vec::new();
        for index in 0..self.askers.len() {
            shots.push(self.ask(index, &request).await?);
        }
        let answers: Vec<Option<&Response>> =
            shots.iter().map(|shot| shot.as_ref().map(Shot::response)).collect();
        let judged = Answers::of(&request, &answers);
        let again = match judged.doubtful() {
            Some(first) => self.ask(first, &request).await?,
            None => None,
        };
        let cells = judged.cells(again.as_ref().map(Shot::response));
        Ok(Seen { shots, cells })
    }

    /// Why nothing could be sent as somebody, a sentence each.
    pub(super) fn absent(&self) -> Vec<String> {
        let absent = self.askers.iter().filter(|asker| asker.whom.is_none());
        absent.map(|asker| asker.why.clone()).collect()
    }

    /// The answer to somebody; an error is asked for once more.
    async fn ask(&mut self, index: usize, request: &Request) -> Result<Option<Shot>, ProbeStop> {
        let mut is_second = false;
        loop {
            let Some(whom) = self.askers[index].whom else { return Ok(None) };
            let shot = match self.probe.ask_as(whom, request.clone(), "", None).await {
                Ok(shot) => Some(shot),
                Err(ProbeStop::Failed(_) | ProbeStop::OutOfScope(_)) => None,
                Err(ProbeStop::NotLoggedIn(why)) => {
                    self.lose(index, why);
                    None
                }
                Err(ProbeStop::Stopped) if !self.probe.is_stopping() => {
                    let why = format!("the login of `{}` was lost", self.askers[index].name);
                    self.lose(index, why);
                    None
                }
                Err(stop) => return Err(stop),
            };
            let is_error = shot.as_ref().is_none_or(|shot| shot.response().status >= 500);
            if !is_error || is_second || self.retries == 0 {
                return Ok(shot);
            }
            is_second = true;
            self.retries -= 1;
        }
    }

    fn lose(&mut self, index: usize, why: String) {
        self.askers[index].whom = None;
        self.askers[index].why = why;
    }
}
