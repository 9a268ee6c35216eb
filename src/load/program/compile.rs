//! The plan's load part as all shards run it.

use std::collections::HashSet;
use std::net::SocketAddr;

use super::carriage::Carriage;
use super::destination::Destination;
use super::destination::Origins;
use super::prepare::Prepared;
use super::prepare::prepare;
use crate::flow::Flow;
use crate::flow::Variable;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::load::error::LoadError;
use crate::load::login::Expanded;
use crate::load::login::LoginProgram;
use crate::load::look::body_limit;
use crate::load::look::number_checks;
use crate::load::part::iterations_of;
use crate::load::prelude::Given;
use crate::load::redirect::RedirectRules;
use crate::load::trace::Sampling;
use crate::model::AnswerFilter;
use crate::model::ConnectionReuse;
use crate::model::Redactor;
use crate::model::RunPart;
use crate::model::ScenarioMeta;
use crate::model::Scope;
use crate::model::Seed;
use crate::model::SeriesMeta;
use crate::model::StageMeta;
use crate::plan::Cookies;
use crate::plan::Data;
use crate::plan::Executor;
use crate::plan::Plan;
use crate::plan::Scenario;

/// What a program is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) enum Purpose {
    /// For its figures.
    Measure,
    /// For what its flow takes out of responses.
    Capture,
    /// For what logins give: nothing else is sent.
    LogIn,
}

/// What all shards run.
#[derive(Debug)]
pub(in crate::load) struct Program {
    pub(in crate::load) scenarios: Vec<Scenario>,
    /// By scenario.
    pub(in crate::load) flows: Vec<Flow>,
    /// By the plan's index.
    pub(in crate::load) requests: Vec<Prepared>,
    /// By scenario, then by instruction; `u32::MAX` where it sends nothing.
    pub(in crate::load) series_of: Vec<Vec<u32>>,
    /// By scenario: the names of its flow's groups, each once.
    pub(in crate::load) groups: Vec<Vec<String>>,
    /// By scenario, then by instruction: the innermost group it stands in.
    pub(in crate::load) group_at: Vec<Vec<Option<u32>>>,
    pub(in crate::load) series: Vec<SeriesMeta>,
    /// By series: answers that gates ask about alone.
    pub(in crate::load) answers: Vec<Vec<AnswerFilter>>,
    /// By series.
    pub(in crate::load) scenario_of: Vec<u32>,
    pub(in crate::load) origins: Vec<Destination>,
    pub(in crate::load) observe: Vec<String>,
    /// `None` where nothing is traced.
    pub(in crate::load) sampling: Option<Sampling>,
    pub(in crate::load) timeout: Nanos,
    /// For a connection alone, proxy and TLS included.
    pub(in crate::load) connect_timeout: Option<Nanos>,
    sources: usize,
    pub(in crate::load) max_rps: Option<f64>,
    /// `None` where no request follows redirects.
    pub(in crate::load) redirects: Option<Box<RedirectRules>>,
    pub(in crate::load) seed: Seed,
    /// What random values follow from.
    pub(in crate::load) value_seed: u64,
    /// Requests of which the tap is asked about every exchange.
    pub(in crate::load) tapped_whole: Vec<u32>,
    /// The number of each scenario's first user.
    pub(in crate::load) first_vu: Vec<u64>,
    /// Judges paths that are only known when they are sent.
    pub(in crate::load) scope: Scope,
    /// What the plan calls its requests, and the values that it takes out of responses.
    pub(in crate::load) names: Vec<String>,
    pub(in crate::load) variables: Vec<String>,
    /// Rows of files, and which feeders each scenario's iterations have.
    pub(in crate::load) data: Data,
    pub(in crate::load) feeds: Vec<Vec<usize>>,
    /// Bytes kept of a body that flows look at.
    pub(in crate::load) body_limit: usize,
    /// Whether some flow looks at responses, or some request has slots.
    pub(in crate::load) is_scripted: bool,
    pub(in crate::load) cookies: Cookies,
    /// By scenario: values that each iteration has from the start.
    pub(in crate::load) given: Vec<Given>,
    pub(in crate::load) purpose: Purpose,
    /// Whether some request goes on after its response has begun.
    pub(in crate::load) has_dialogues: bool,
    /// Whether some request is a gRPC call.
    pub(in crate::load) has_calls: bool,
    /// Logins that users have, and how what they send goes.
    pub(in crate::load) logins: Vec<LoginProgram>,
    pub(in crate::load) carriage: Carriage,
    pub(in crate::load) reuse: ConnectionReuse,
    /// Learns what logins give.
    pub(in crate::load) redactor: Redactor,
}

impl Program {
    /// Encodes and admits every request that load sends, and resolves every host. `given` are values
    /// that all iterations have from the start.
    pub(in crate::load) fn compile(
        expanded: &Expanded<'_>,
        given: &[(Variable, Vec<u8>)],
    ) -> Result<Self, LoadError> {
        let Expanded { plan, logins, login_of } = expanded;
        let plan: &Plan = plan;
        let mut origins = Origins::new(plan);
        let mut check_names = Vec::new();
        // A list of URLs is a flow of many thousands.
        let sent: HashSet<usize> = plan
            .scenarios
            .iter()
            .flat_map(|scenario| plan.flows[scenario.flow].requests())
            .collect();
        let mut requests = (0..plan.requests.len())
            .map(|index| prepare(plan, index, sent.contains(&index), &mut origins))
            .collect::<Result<Vec<_>, _>>()?;
        for (request, script) in requests.iter_mut().zip(&plan.scripts) {
            request.checks = number_checks(&script.checks, &mut check_names);
        }
        for (request, login) in requests.iter_mut().zip(login_of) {
            request.login = *login;
        }
        let carriage = Carriage::of(plan.connection.protocol);
        for origin in logins.iter().flat_map(LoginProgram::origins) {
            origins.index_of(&origin, carriage)?;
        }
        let redirects = origins.redirects(&requests, !logins.is_empty());
        let has_dialogues = requests.iter().any(|request| request.dialogue.is_some());
        let has_calls = requests.iter().any(|request| request.call.is_some());
        let varies = |request: &Prepared| {
            request.wire.is_some() || !request.checks.is_empty() || request.fails_on_errors
        };
        let flow = |scenario: &Scenario| &plan.flows[scenario.flow];
        let all_users = plan.scenarios.iter().map(|run| users_with_helpers((run, flow(run)))).sum();
        let is_scripted = !logins.is_empty()
            || plan.cookies != Cookies::Off
            || plan.trace.as_ref().is_some_and(|tracing| tracing.share > 0.0)
            || requests.iter().any(varies)
            || plan.flows.iter().any(Flow::takes_values);
        Ok(Self {
            scenarios: plan.scenarios.clone(),
            flows: plan
                .scenarios
                .iter()
                .map(|scenario| plan.flows[scenario.flow].clone())
                .collect(),
            requests,
            series_of: Vec::new(),
            groups: Vec::new(),
            group_at: Vec::new(),
            series: Vec::new(),
            answers: Vec::new(),
            scenario_of: Vec::new(),
            origins: origins.into_destinations(),
            observe: plan.observe.clone(),
            sampling: plan
                .trace
                .as_ref()
                .map(|tracing| Sampling::new(tracing, plan.seed.derive("traces").0)),
            timeout: nanos(plan.connection.timeout),
            connect_timeout: plan.connection.connect_timeout.map(nanos),
            sources: plan.connection.route.sources.len().max(1),
            max_rps: plan.limits.max_rps,
            redirects,
            seed: plan.seed,
            value_seed: plan.value_seed(),
            tapped_whole: plan.refused.iter().filter_map(|at| u32::try_from(*at).ok()).collect(),
            first_vu: first_vus(&plan.scenarios),
            scope: plan.scope.clone(),
            names: plan.requests.iter().map(|template| template.name.clone()).collect(),
            variables: plan.variables.clone(),
            feeds: plan.scenarios.iter().map(|scenario| feeds(plan, scenario)).collect(),
            data: plan.data.clone(),
            body_limit: body_limit(all_users),
            is_scripted,
            cookies: plan.cookies,
            given: plan
                .scenarios
                .iter()
                .map(|scenario| scenario.given.iter().chain(given).cloned().collect())
                .collect(),
            purpose: Purpose::Measure,
            has_dialogues,
            has_calls,
            logins: logins.clone(),
            carriage,
            reuse: plan.connection.reuse,
            redactor: plan.redactor.clone(),
        })
    }

    /// The scenarios as events name them.
    pub(in crate::load) fn scenario_metas(&self) -> Vec<ScenarioMeta> {
        self.scenarios
            .iter()
            .map(|scenario| ScenarioMeta {
                name: scenario.name.clone(),
                executor: scenario.executor.name().to_owned(),
                open_model: scenario.executor.is_open(),
                warmup: scenario.warmup,
                tags: scenario.tags.clone(),
                stages: stages(scenario),
            })
            .collect()
    }

    /// Leaves of iterations that users share those of one part of the run.
    pub(in crate::load) fn deal_iterations(&mut self, part: RunPart) {
        let lanes = self.lanes();
        for (index, scenario) in (0..).zip(&mut self.scenarios) {
            if let Executor::SharedIterations { vus, iterations, .. } = &mut scenario.executor {
                *iterations = iterations_of(part, index, vus.div_ceil(lanes), *iterations);
            }
        }
    }

    /// Virtual users of all scenarios together, at most.
    pub(in crate::load) fn max_vus(&self) -> u64 {
        max_vus(&self.scenarios)
    }

    /// Addresses that connections come from; at least the system's choice.
    pub(in crate::load) fn sources(&self) -> usize {
        self.sources
    }

    /// Whether users have cookies.
    #[inline]
    pub(in crate::load) fn keeps_cookies(&self) -> bool {
        self.cookies != Cookies::Off || self.has_logins()
    }

    /// Whether those keep cookies who are nobody.
    pub(in crate::load) fn keeps_cookies_of_nobody(&self) -> bool {
        self.cookies != Cookies::Off
    }

    /// Whether something of the scenario is sent with that login.
    pub(in crate::load) fn needs_login(&self, scenario: usize, login: u32) -> bool {
        let mut sent = self.flows[scenario].requests();
        sent.any(|request| self.requests[request].login == Some(login))
    }

    /// Whether users log in.
    #[inline]
    pub(in crate::load) fn has_logins(&self) -> bool {
        !self.logins.is_empty()
    }

    /// Users per connection.
    pub(in crate::load) fn lanes(&self) -> u32 {
        self.origins.iter().map(|origin| origin.carriage.lanes()).max().unwrap_or(1)
    }

    /// Connections of all scenarios together, at most.
    pub(in crate::load) fn max_connections(&self) -> u64 {
        let per_origin = |origin: &Destination| {
            let lanes = origin.carriage.lanes();
            let users = self.scenarios.iter().zip(&self.flows).map(users_with_helpers);
            users.map(move |users| users.div_ceil(u64::from(lanes)))
        };
        self.origins.iter().flat_map(per_origin).sum()
    }

    /// Of connections by origin, those to the destination that has most of them. What goes to one
    /// address (a proxy's, for all origins) shares its local ports; a Unix socket needs none.
    pub(in crate::load) fn busiest_destination(&self, connections: &[u64]) -> u64 {
        let address = |origin: &Destination| origin.way.endpoints[0].address();
        let of_address = |address: SocketAddr| {
            let origins = self.origins.iter().zip(connections);
            origins
                .filter(|(origin, _)| origin.way.endpoints[0].address() == Some(address))
                .map(|(_, count)| count)
                .sum()
        };
        self.origins.iter().filter_map(address).map(of_address).max().unwrap_or(0)
    }
}

/// Users of a scenario at most, with all their helpers.
fn users_with_helpers((scenario, flow): (&Scenario, &Flow)) -> u64 {
    let users = u64::from(scenario.executor.max_vus());
    users.saturating_mul(1 + flow.helpers() as u64)
}

fn feeds(plan: &Plan, scenario: &Scenario) -> Vec<usize> {
    plan.data.of_flow.get(scenario.flow).cloned().unwrap_or_default()
}

fn max_vus(scenarios: &[Scenario]) -> u64 {
    scenarios.iter().map(|scenario| u64::from(scenario.executor.max_vus())).sum()
}

/// Users are numbered through all scenarios, from 1.
fn first_vus(scenarios: &[Scenario]) -> Vec<u64> {
    let mut next = 1;
    let first = scenarios.iter().map(|scenario| {
        let first = next;
        next += u64::from(scenario.executor.max_vus());
        first
    });
    first.collect()
}

/// The scenario's stretches as events name them.
fn stages(scenario: &Scenario) -> Vec<StageMeta> {
    let mut from = scenario.start_time;
    let stretches = scenario.executor.stretches().into_iter();
    let stages = stretches.map(|(target, length)| {
        let stage = StageMeta { from, length, target };
        from = from.saturating_add(length);
        stage
    });
    stages.collect()
}
