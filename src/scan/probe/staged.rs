//! What a check of races holds: requests of the plan as it has them, as many as it likes at one instant.

use std::sync::Arc;

use super::ProbeStop;
use super::Race;
use super::RaceRequest;
use super::SiteProbe;
use super::Whom;
use crate::flow::RenderError;
use crate::flow::Values;
use crate::model::Exchange;
use crate::model::Request;
use crate::plan::Plan;
use crate::scan::session::Keeper;
use crate::scan::unbound::copy;
use crate::scan::unbound::take;

/// What a race has taken out of answers, and how many requests it has sent: each draws anew.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    values: Values,
    times: u64,
}

/// Why a race goes no further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Halt {
    /// Nothing more may be sent.
    #[error(transparent)]
    Stop(ProbeStop),
    /// Nothing can be said of this race.
    #[error("{0}")]
    Unclear(String),
}

impl From<ProbeStop> for Halt {
    fn from(stop: ProbeStop) -> Self {
        match stop {
            ProbeStop::OutOfScope(_) | ProbeStop::NotLoggedIn(_) | ProbeStop::Failed(_) => {
                Self::Unclear(stop.to_string())
            }
            ProbeStop::Budget(_)
            | ProbeStop::Stopped
            | ProbeStop::NoBrowser(_)
            | ProbeStop::Limited => Self::Stop(stop),
        }
    }
}

impl SiteProbe {
    /// The plan's races.
    pub(crate) fn races(&self) -> Vec<Race> {
        self.sending().means().probing.races.clone()
    }

    /// What the plan calls a request.
    pub(crate) fn name_of(&self, request: &RaceRequest) -> String {
        self.plan().requests[request.request].name.clone()
    }

    /// Its path with the names of what is put into it.
    pub(crate) fn path_of(&self, request: &RaceRequest) -> String {
        self.plan().requests[request.request].path_template.clone()
    }

    /// Whether an answer with that status is what the plan expects of a request; where it says nothing, it is
    /// any but an error.
    pub(crate) fn expects(&self, request: &RaceRequest, status: u16) -> bool {
        let expected = &self.plan().requests[request.request].expected_statuses;
        if expected.is_empty() { status < 400 } else { expected.contains(&status) }
    }

    /// Sends copies of a request, ending at one instant, each with what was taken so far and what it draws
    /// anew.
    ///
    /// # Errors
    /// [`Halt`]: also where a value is missing.
    pub(crate) async fn stage(
        &mut self,
        request: &RaceRequest,
        copies: u32,
        staged: &mut Staged,
    ) -> Result<Vec<Arc<Exchange>>, Halt> {
        let whom = self.whom_of(request);
        let means = self.sending().means().clone();
        // Who has logged in has values that others lack.
        let persona = means.traffic.ready(whom).await.map_err(ProbeStop::from)?;
        let mut values = means.plan.known_values_of(identity(&means.plan, request));
        let login = persona.keeper().map(Keeper::values).unwrap_or_default();
        for (variable, value) in login.iter().chain(staged.values.iter()) {
            copy(&mut values, variable, value);
        }
        let mut requests = Vec::with_capacity(copies as usize);
        for _ in 0..copies {
            let rendered = rendered(&means.plan, request.request, &values, staged.times);
            requests.push(rendered.map_err(Halt::Unclear)?);
            staged.times += 1;
        }
        Ok(self.sender().send_together(whom, requests).await?)
    }

    /// Takes out of an answer what the plan says; gives what is not there.
    pub(crate) fn take(
        &self,
        request: &RaceRequest,
        exchange: &Exchange,
        staged: &mut Staged,
    ) -> Option<String> {
        let missing = request.takes.iter().find(|it| !take(it, exchange, &mut staged.values))?;
        Some(self.plan().variables[usize::from(missing.variable.0)].clone())
    }

    fn plan(&self) -> &Plan {
        &self.sending().means().plan
    }

    /// The plan's identities are the first of those who can log in beside the session.
    fn whom_of(&self, request: &RaceRequest) -> Whom {
        let own = self.plan().sessions.scan.and_then(|who| who.identity);
        match (request.identity, own) {
            (None, _) => Whom::Session,
            (Some(index), Some(own)) if index == own => Whom::Session,
            (Some(index), Some(own)) if index > own => Whom::Other(index - 1),
            (Some(index), _) => Whom::Other(index),
        }
    }
}

/// Whose values a request has.
fn identity(plan: &Plan, request: &RaceRequest) -> Option<usize> {
    request.identity.or_else(|| plan.sessions.scan.and_then(|who| who.identity))
}

/// A request of the plan with those values, else with its examples.
fn rendered(plan: &Plan, index: usize, values: &Values, times: u64) -> Result<Request, String> {
    let name = &plan.requests[index].name;
    let mut values = values.clone();
    loop {
        let variable = match plan.sent_again(index, &values, times) {
            Ok(request) => return Ok(request),
            Err(RenderError::Missing(variable)) => variable,
            Err(RenderError::Control(_)) => {
                return Err(format!("a value of `{name}` would break out of its header"));
            }
        };
        let is_new = values.get(variable).is_none();
        let Some(example) = plan.example(index, variable).filter(|_| is_new) else {
            let value = &plan.variables[usize::from(variable.0)];
            return Err(format!("`{name}` needs `${{{value}}}`, and nothing has given it"));
        };
        copy(&mut values, variable, example);
    }
}
