//! Values of requests that are sent without the flow they stand in: what gives them.

use super::race::RaceRequest;
use super::types::Plan;
use crate::flow::Context;
use crate::flow::Extraction;
use crate::flow::Flow;
use crate::flow::Op;
use crate::flow::RenderError;
use crate::flow::Values;
use crate::flow::Variable;
use crate::flow::auth::How;
use crate::model::Conversation;
use crate::model::LeftAlone;
use crate::model::Request;
use crate::model::SkipReason;

/// What the plan calls values of setup.
const SETUP: &str = "setup.";

/// The beginning of a flow, up to where it takes a value out of a response.
#[derive(Debug, Clone, Copy)]
pub struct Prefix<'a> {
    /// The flow.
    pub flow: &'a Flow,
    /// The instruction that takes it.
    pub end: usize,
    /// What it takes.
    pub extraction: &'a Extraction,
}

impl<'a> Prefix<'a> {
    /// Everything up to and with the instruction that takes the value.
    pub fn ops(&self) -> &'a [Op] {
        &self.flow.ops[..=self.end]
    }

    fn requests(&self) -> usize {
        self.ops().iter().filter(|op| matches!(op, Op::Use(_))).count()
    }
}

impl Plan {
    /// The request of this index with those values, and what else is known without sending
    /// anything: what is drawn is drawn once.
    ///
    /// # Errors
    /// A value is missing, or does not fit its place.
    pub fn sent_with(&self, index: usize, values: &Values) -> Result<Request, RenderError> {
        self.sent_again(index, values, 0)
    }

    /// The same where it is sent more than once: each time draws anew.
    ///
    /// # Errors
    /// As [`Self::sent_with`].
    pub fn sent_again(
        &self,
        index: usize,
        values: &Values,
        times: u64,
    ) -> Result<Request, RenderError> {
        let request = &self.requests[index].request;
        let Some(script) = self.scripts.get(index).filter(|script| !script.is_fixed()) else {
            return Ok(request.clone());
        };
        let seed = self.seed.derive("values sent once").0;
        let values = Some(values);
        let context = Context { values, user: 1, iteration: times, step: 0, message: 0, seed };
        script.rendered(request, &context)
    }

    /// What a scan knows before it sends anything: the first row of each file, what scenarios have
    /// from the start, and the values of whoever it is done as.
    pub fn known_values(&self) -> Values {
        self.known_values_of(self.sessions.scan.and_then(|who| who.identity))
    }

    /// The same with the values of that identity.
    pub fn known_values_of(&self, identity: Option<usize>) -> Values {
        let mut values = self.data.first.clone();
        let mut give = |variable: Variable, value: &[u8]| {
            values.set(variable, |out| {
                out.extend_from_slice(value);
                true
            });
        };
        for (variable, value) in self.scenarios.iter().flat_map(|scenario| &scenario.given) {
            give(*variable, value);
        }
        let vars = identity.iter().flat_map(|who| &self.sessions.identities[*who].vars);
        for (variable, value) in vars {
            give(*variable, value.as_bytes());
        }
        values
    }

    /// The value that the request has for what nothing else gives.
    pub fn example(&self, index: usize, variable: Variable) -> Option<&[u8]> {
        let examples = &self.scripts.get(index)?.examples;
        let known = examples.iter().find(|(known, _)| *known == variable);
        known.map(|(_, value)| value.as_slice())
    }

    /// Beginnings of flows that take the value out of a response, the shortest first.
    pub fn prefixes(&self, variable: Variable) -> Vec<Prefix<'_>> {
        let name = &self.variables[usize::from(variable.0)];
        let of_setup = name.strip_prefix(SETUP).and_then(|name| {
            let own = self.variables.iter().position(|known| known == name)?;
            let setup = self.setup.as_ref()?;
            Some((&setup.flow, Variable(u16::try_from(own).expect("few names"))))
        });
        let flows = self.flows.iter().map(|flow| (flow, variable)).chain(of_setup);
        let mut prefixes: Vec<_> = flows
            .filter_map(|(flow, variable)| {
                flow.ops.iter().enumerate().find_map(|(end, op)| match op {
                    Op::Extract(extraction) if extraction.variable == variable => {
                        Some(Prefix { flow, end, extraction })
                    }
                    _ => None,
                })
            })
            .collect();
        prefixes.sort_by_key(Prefix::requests);
        prefixes
    }

    /// A value that the request needs and that nothing can give it in a scan.
    pub(super) fn hopeless(&self, index: usize) -> Option<Variable> {
        let mut values = self.known_values();
        let login = self.sessions.scan.map(|who| who.auth);
        while let Err(RenderError::Missing(variable)) = self.sent_with(index, &values) {
            let is_hopeless = !login.is_some_and(|auth| self.login_gives(auth, variable))
                && self.example(index, variable).is_none()
                && self.prefixes(variable).is_empty();
            if is_hopeless {
                return Some(variable);
            }
            values.set(variable, |out| {
                out.push(b'1');
                true
            });
        }
        None
    }

    /// A value that a request of a race needs and that nothing gives it: `taken` are values of answers
    /// before it.
    pub(super) fn lacking(&self, of: &RaceRequest, taken: &[Variable]) -> Option<Variable> {
        let scanner = self.sessions.scan;
        let who = of.identity.or_else(|| scanner.and_then(|who| who.identity));
        let login = match of.identity {
            Some(identity) => Some(self.sessions.identities[identity].auth),
            None => scanner.map(|who| who.auth),
        };
        let mut values = self.known_values_of(who);
        while let Err(RenderError::Missing(variable)) = self.sent_with(of.request, &values) {
            let is_given = taken.contains(&variable)
                || login.is_some_and(|auth| self.login_gives(auth, variable))
                || self.example(of.request, variable).is_some();
            // What has a value and lacks it still would do so for ever.
            if !is_given || values.get(variable).is_some() {
                return Some(variable);
            }
            values.set(variable, |out| {
                out.push(b'1');
                true
            });
        }
        None
    }

    /// Whether a login of that kind gives the value.
    fn login_gives(&self, auth: usize, variable: Variable) -> bool {
        let auth = &self.sessions.auths[auth];
        let token = match &auth.how {
            How::OAuth2(oauth2) => Some(oauth2.token),
            _ => None,
        };
        auth.gives.contains(&variable) || token == Some(variable)
    }

    /// Why a scan may not send the request of this index, whatever its values; `None` where it may.
    pub fn reason_not_to_send(&self, index: usize) -> Option<LeftAlone> {
        let (template, scan) = (&self.requests[index], self.scan.as_ref()?);
        let method = &template.request.method;
        if !template.enabled {
            let reason = format!("`enabled: false` in the plan: {}", template.name);
            Some(LeftAlone::new(SkipReason::Disabled, reason))
        } else if template.conversation != Conversation::Response {
            let reason =
                format!("a session, stream or call, which only load makes: {}", template.name);
            Some(LeftAlone::new(SkipReason::Disabled, reason))
        } else if method.is_safe() || scan.allow_unsafe || scan.unsafe_requests.contains(&index) {
            None
        } else {
            let reason = format!("{method} may change something; pass --allow-unsafe to send it");
            Some(LeftAlone::new(SkipReason::Unsafe, reason))
        }
    }
}
