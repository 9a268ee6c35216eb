//! What a plan sends beside its scenarios' iterations: setup, teardown and logins, in the worst case.

use std::collections::BTreeMap;

use super::forecast::ScenarioForecast;
use super::types::{Once, Plan};
use crate::flow::auth::Who;
use crate::model::format_duration;
use crate::model::plural;

/// Something that is sent beside iterations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsideForecast {
    /// `setup`, `teardown`, or `login NAME`.
    pub name: String,
    /// When and how often, for people.
    pub words: String,
    /// Each time at most, redirects included.
    pub requests_each: u64,
    /// At most, as long as no login is lost; `None` where it depends on how quick the target is.
    pub requests: Option<u64>,
}

/// Whoever logs in for load, and what they do then.
struct Users<'a> {
    who: Who,
    /// Of these scenarios.
    scenarios: Vec<&'a ScenarioForecast>,
}

impl Plan {
    /// In the order in which they begin; `scenarios` are the forecasts of the plan's.
    pub(super) fn asides(&self, scenarios: &[ScenarioForecast]) -> Vec<AsideForecast> {
        let once = |once: &Option<Once>, name: &str, when: &str| {
            let once = once.as_ref()?;
            let requests_each = self.most_requests(&once.flow);
            let limit = format_duration(once.timeout);
            Some(AsideForecast {
                name: name.to_owned(),
                words: format!("once {when} load, in {limit} at most"),
                requests_each,
                requests: Some(requests_each),
            })
        };
        let logins = self.users(scenarios);
        let logins = logins.iter().filter_map(|users| self.login(users));
        let setup = once(&self.setup, "setup", "before");
        let teardown = once(&self.teardown, "teardown", "behind");
        setup.into_iter().chain(logins).chain(teardown).collect()
    }

    /// Requests of setup and of teardown, where they send this one.
    pub(super) fn senders_aside(&self, index: usize) -> Vec<&'static str> {
        let sends = |once: &Option<Once>| {
            once.as_ref().is_some_and(|once| once.flow.requests().any(|sent| sent == index))
        };
        [("setup", &self.setup), ("teardown", &self.teardown)]
            .into_iter()
            .filter(|(_, once)| sends(once))
            .map(|(name, _)| name)
            .collect()
    }

    fn users<'a>(&self, scenarios: &'a [ScenarioForecast]) -> Vec<Users<'a>> {
        let sessions = &self.sessions;
        let of = |all: &[Option<Who>], index: usize| all.get(index).copied().flatten();
        let mut users: BTreeMap<Who, Vec<&ScenarioForecast>> = BTreeMap::new();
        for (index, (scenario, forecast)) in self.scenarios.iter().zip(scenarios).enumerate() {
            let of_scenario = of(&sessions.scenarios, index);
            for request in self.flows[scenario.flow].requests() {
                let Some(who) = of(&sessions.requests, request).or(of_scenario) else { continue };
                let known = users.entry(who).or_default();
                // Requests of a scenario follow each other.
                if !known.last().is_some_and(|last| std::ptr::eq(*last, forecast)) {
                    known.push(forecast);
                }
            }
        }
        users.into_iter().map(|(who, scenarios)| Users { who, scenarios }).collect()
    }

    /// What those users send to be logged in, and to see that they are; `None` if that is nothing.
    fn login(&self, users: &Users<'_>) -> Option<AsideForecast> {
        let auth = &self.sessions.auths[users.who.auth];
        let proof = u64::from(auth.verify.is_some());
        let requests_each = auth.most_requests() + proof;
        if requests_each == 0 {
            return None;
        }
        let mut total = Some(0_u64);
        for scenario in &users.scenarios {
            let logins = if auth.fed.is_empty() {
                Some(u64::from(scenario.users))
            } else {
                scenario.iterations
            };
            let every = auth.verify.as_ref().and_then(|verify| verify.every);
            let again = every.map_or(0, |every| {
                let lasts = scenario.ends.saturating_sub(scenario.starts);
                u64::try_from(lasts.as_nanos() / every.as_nanos().max(1)).unwrap_or(u64::MAX)
            });
            let again = again.saturating_mul(u64::from(scenario.users));
            total = total.zip(logins).map(|(total, logins)| {
                total.saturating_add(logins.saturating_mul(requests_each)).saturating_add(again)
            });
        }
        let names: Vec<&str> = users.scenarios.iter().map(|one| one.name.as_str()).collect();
        let how_often = if auth.fed.is_empty() { "each user" } else { "each row" };
        let each = plural(requests_each, "request", "requests");
        let every = auth.verify.as_ref().and_then(|verify| verify.every);
        let every = every.map(|every| format!(", a proof every {}", format_duration(every)));
        Some(AsideForecast {
            name: format!("login {}", self.sessions.name(users.who)),
            words: format!(
                "{how_often} of {} once, at most {each}{}; again when a login is lost or ends",
                names.join(", "),
                every.unwrap_or_default()
            ),
            requests_each,
            requests: total,
        })
    }
}
