//! A login in steps of the plan.

use std::time::Duration;

use super::super::account::Account;
use super::super::scheme::Auth;
use super::super::scheme::StepsLogin;
use super::Login;
use super::LoginStep;
use super::Outcome;
use super::Phase;
use super::Walk;
use super::page_of;
use super::seen;
use crate::extract;
use crate::extract::set_cookie;
use crate::flow;
use crate::flow::RenderError;
use crate::flow::Step;
use crate::flow::Variable;
use crate::flow::graphql_error;
use crate::model::Response;

impl Login {
    pub(super) fn step(
        &mut self,
        auth: &Auth,
        steps: &StepsLogin,
        account: &mut Account,
        now: u64,
    ) -> Outcome {
        let Phase::Steps(walk) = &mut self.phase else {
            return Err("steps that have not begun".to_owned());
        };
        let Walk { session, random, request } = walk.as_mut();
        if let Some(variable) = auth.totp_variable
            && let Some(code) = account.set_code(None, now)
        {
            session.give(variable, code.as_bytes());
        }
        let context = account.context();
        let who = (context.user, context.seed);
        match steps.flow.next(session, who, random) {
            Step::Wait(pause) => Ok(LoginStep::Wait(pause)),
            // The plan's reader refuses a pace, since a login is no iteration; and a login does one
            // thing after the other.
            Step::Pace(_) | Step::Fork(_) | Step::Join | Step::Group | Step::GroupEnd => {
                Ok(LoginStep::Wait(Duration::ZERO))
            }
            Step::Done => {
                let missing =
                    auth.needs.iter().find(|given| account.values().get(**given).is_none());
                match missing {
                    Some(variable) => Err(self.gave_no(steps, *variable)),
                    None => self.conclude(auth, account, now),
                }
            }
            Step::Send(index) => {
                *request = index;
                let template = &steps.requests[index];
                let (user, seed) = who;
                let rendered = match steps.scripts.get(index) {
                    Some(script) => {
                        script.rendered(&template.request, &session.context(user, seed))
                    }
                    None => Ok(template.request.clone()),
                };
                let rendered = rendered.map_err(|error| match error {
                    RenderError::Missing(_) => {
                        format!("`{}` needs a value that no answer gave", template.name)
                    }
                    RenderError::Control(_) => {
                        format!("a value of `{}` would break out of its header", template.name)
                    }
                })?;
                Ok(self.send(rendered, template.redirects))
            }
        }
    }

    /// Looks at the answer to a step's request.
    pub(super) fn stepped(
        &mut self,
        auth: &Auth,
        steps: &StepsLogin,
        account: &mut Account,
        (response, took): (&Response, Duration),
    ) -> Result<(), String> {
        let asked = self.asked();
        let Phase::Steps(walk) = &mut self.phase else { return Ok(()) };
        let Walk { session, request, .. } = walk.as_mut();
        let status = response.status;
        let expected = &steps.requests[*request].expected_statuses;
        let is_expected = match expected.as_slice() {
            [] => (200..400).contains(&status),
            statuses => statuses.contains(&status),
        };
        if !is_expected {
            return Err(format!("{asked} answered {}", seen(response, &page_of(response, None))));
        }
        let header = |name: &str, place: usize| {
            let mut named = response.headers.iter().filter(|header| header.is(name));
            named.nth(place).map(|header| header.value.as_slice())
        };
        let cookie = |name: &str| set_cookie(self.set_cookies.iter().map(Vec::as_slice), name);
        let looked_at = flow::Response {
            status,
            header: &header,
            cookie: &cookie,
            body: &response.body,
            page: Some(&extract::Page::default()),
            duration: took,
            body_size: response.body.len() as u64,
        };
        let script = steps.scripts.get(*request);
        if script.is_some_and(|script| script.fails_on_errors)
            && let Some(error) = graphql_error(&response.body)
        {
            return Err(format!("{asked} answered {status}, and GraphQL says: {error}"));
        }
        let checks = script.map(|script| &script.checks);
        let failed = checks.into_iter().flatten().find(|check| !check.passes(&looked_at));
        if let Some(check) = failed {
            return Err(format!("{asked} answered {status}, and `{}` does not hold", check.name));
        }
        steps.flow.extract(session, (0, 0), &looked_at);
        let context = session.context(0, 0);
        for variable in &auth.gives {
            if let Some(value) = context.values.and_then(|values| values.get(*variable)) {
                account.set(*variable, value);
            }
        }
        self.proof = format!("{asked} answered {status}");
        Ok(())
    }

    fn gave_no(&self, steps: &StepsLogin, variable: Variable) -> String {
        match steps.flow.origin_of(variable) {
            Some((request, extraction)) => {
                let (name, from) = (&steps.requests[request].name, &extraction.from);
                format!("the answer to `{name}` had nothing at `{from}`; {}", self.proof)
            }
            None => format!("a value was not extracted; {}", self.proof),
        }
    }
}
