//! What a plan would send, in the worst case: what `validate` says without sending anything.

use std::time::Duration;

use super::aside::AsideForecast;
use super::executor::{Executor, Spacing, Stage};
use super::types::{Plan, Scenario};
use crate::flow::{Flow, Variable};
use crate::model::LeftAlone;
use crate::model::Origin;
use crate::model::SkipReason;
use crate::model::format_duration;
use crate::model::format_number;
use crate::model::grouped;
use crate::model::is_local_address;
use crate::model::plural;

/// Everything that can be said before the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// In the plan's order.
    pub scenarios: Vec<ScenarioForecast>,
    /// Setup, logins and teardown.
    pub asides: Vec<AsideForecast>,
    /// All of load, warm-ups, setup, logins and teardown too: requests at most; `None` where only
    /// time ends them.
    pub requests: Option<u64>,
    /// Virtual users at most at any moment: those of scenarios that overlap, graceful stops
    /// included, as if each had all of its own.
    pub users: u64,
    /// When the last scenario is over, graceful stops included, or `limits.max_time` ends it.
    pub ends: Duration,
    /// By request of the plan.
    pub uses: Vec<RequestForecast>,
    /// Where requests may go.
    pub hosts: Vec<HostForecast>,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioForecast {
    /// The plan's name.
    pub name: String,
    /// Its executor, for people.
    pub words: String,
    /// Since the start of load.
    pub starts: Duration,
    /// Since the start of load, graceful stop included.
    pub ends: Duration,
    /// At most; `None` where it depends on how quick the target is.
    pub iterations: Option<u64>,
    /// Whether [`iterations`](Self::iterations) is what chance gives on average.
    pub by_chance: bool,
    /// Of one iteration at most, redirects included.
    pub requests_each: u64,
    /// At most, redirects included.
    pub requests: Option<u64>,
    /// Virtual users at most.
    pub users: u32,
    /// Kept out of figures and gates.
    pub warmup: bool,
}

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestForecast {
    /// Names of the scenarios that may send it.
    pub scenarios: Vec<String>,
    /// `setup` and `teardown`, where they send it.
    pub asides: Vec<&'static str>,
    /// Whether its method is one that may change something.
    pub has_side_effects: bool,
    /// Why a scan leaves it alone; `None` where it sends it, or where there is no scan.
    pub left_out: Option<String>,
    /// The value that a scan cannot give it, where that is why.
    pub unbound: Option<Variable>,
}

/// A place where requests may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostForecast {
    /// Scheme, host and port.
    pub origin: Origin,
    /// Why it is in scope.
    pub why: String,
    /// Who or what allows connections to it.
    pub allowed: String,
}

impl Plan {
    /// What it would send.
    pub fn forecast(&self) -> Forecast {
        let scenarios: Vec<_> = self.scenarios.iter().map(|one| self.of_scenario(one)).collect();
        let ends = scenarios.iter().map(|one| one.ends).max().unwrap_or_default();
        let ends = self.limits.max_time.map_or(ends, |most| most.min(ends));
        let sum = |total: u64, one: Option<u64>| Some(total.saturating_add(one?));
        let requests = scenarios.iter().map(|one| one.requests).try_fold(0, sum);
        let cap = self.limits.max_rps.map(|rate| counted(rate * ends.as_secs_f64() + 1.0));
        let asides = self.asides(&scenarios);
        let aside = asides.iter().map(|one| one.requests).try_fold(0, sum);
        let requests = requests.into_iter().chain(cap).min().zip(aside);
        Forecast {
            requests: requests.map(|(one, other)| one.saturating_add(other)),
            users: peak(&scenarios),
            ends,
            asides,
            uses: (0..self.requests.len()).map(|index| self.of_request(index)).collect(),
            hosts: self.hosts(),
            scenarios,
        }
    }

    /// Why a scan leaves the request of this index alone, if it does. Values that it needs may turn
    /// out to be missing only when the scan looks for them.
    pub fn reason_to_leave(&self, index: usize) -> Option<LeftAlone> {
        self.scan.as_ref()?;
        self.reason_not_to_send(index).or_else(|| {
            let name = &self.variables[usize::from(self.hopeless(index)?.0)];
            let why = "nothing extracts it, and the request has no example";
            Some(LeftAlone::new(SkipReason::Unbound, format!("unbound variable {name}: {why}")))
        })
    }

    fn of_scenario(&self, scenario: &Scenario) -> ScenarioForecast {
        let flow = &self.flows[scenario.flow];
        let executor = &scenario.executor;
        let iterations = iterations(executor, flow.least_pause());
        let requests_each = self.most_requests(flow);
        let ends = scenario.start_time.saturating_add(executor.duration());
        ScenarioForecast {
            name: scenario.name.clone(),
            words: words(executor),
            starts: scenario.start_time,
            ends: ends.saturating_add(scenario.graceful_stop),
            iterations,
            by_chance: is_by_chance(executor),
            requests_each,
            requests: iterations.map(|count| count.saturating_mul(requests_each)),
            users: executor.max_vus(),
            warmup: scenario.warmup,
        }
    }

    /// Requests of the longest way through the flow, each with all the redirects it may follow.
    pub(super) fn most_requests(&self, flow: &Flow) -> u64 {
        flow.most(|index| 1 + u64::from(self.requests[index].redirects))
    }

    fn of_request(&self, index: usize) -> RequestForecast {
        let sends = |one: &&Scenario| self.flows[one.flow].requests().any(|sent| sent == index);
        let senders = self.scenarios.iter().filter(sends).map(|one| one.name.clone());
        let left_out = self.reason_to_leave(index);
        let may_lack = left_out.is_some() && self.reason_not_to_send(index).is_none();
        RequestForecast {
            scenarios: senders.collect(),
            asides: self.senders_aside(index),
            has_side_effects: !self.requests[index].request.method.is_safe(),
            left_out: left_out.map(|left| left.reason),
            unbound: may_lack.then(|| self.hopeless(index)).flatten(),
        }
    }

    fn hosts(&self) -> Vec<HostForecast> {
        let why = |origin: &Origin| {
            if *origin == self.target.origin {
                return "the target".to_owned();
            }
            let others = self.other_targets.iter().filter(|other| other.target.origin == *origin);
            let names: Vec<String> = others.map(|other| format!("`{}`", other.name)).collect();
            match names.as_slice() {
                [] => "in scope".to_owned(),
                [name] => format!("the target {name}"),
                names => format!("the targets {}", names.join(", ")),
            }
        };
        let host = |origin: &Origin| HostForecast {
            origin: origin.clone(),
            why: why(origin),
            allowed: self.allowed(origin),
        };
        self.scope.origins().iter().map(host).collect()
    }

    fn allowed(&self, origin: &Origin) -> String {
        let by = self.scope.authorised_by();
        match origin.literal_ip().map(|address| address.to_canonical()) {
            Some(address) if is_local_address(address) => {
                let kind = if address.is_loopback() { "loopback" } else { "private" };
                format!("a {kind} address needs no permission")
            }
            _ if self.scope.admit_name(&origin.host).is_ok() => match by {
                Some(by) => format!("authorised by {by}"),
                None => "this machine's own name".to_owned(),
            },
            _ => "refused unless its name leads to a loopback or private address".to_owned(),
        }
    }
}

/// The most users of scenarios that are under way at once: when one of them has just begun.
fn peak(scenarios: &[ScenarioForecast]) -> u64 {
    let users_at = |moment: Duration| -> u64 {
        let under_way = scenarios.iter().filter(|one| (one.starts..one.ends).contains(&moment));
        under_way.map(|one| u64::from(one.users)).sum()
    };
    scenarios.iter().map(|one| users_at(one.starts)).max().unwrap_or(0)
}

/// How many start at most; without a number or a schedule, pauses alone bound them.
fn iterations(executor: &Executor, pause: Duration) -> Option<u64> {
    match executor {
        Executor::SharedIterations { iterations, .. } => Some(*iterations),
        Executor::PerVuIterations { vus, iterations, .. } => {
            Some(iterations.saturating_mul(u64::from(*vus)))
        }
        Executor::ConstantArrivalRate { rate, duration, .. } => {
            Some(counted(rate * duration.as_secs_f64()))
        }
        Executor::RampingArrivalRate { start_rate, stages, .. } => {
            Some(counted(area(*start_rate, stages)))
        }
        Executor::ConstantVus { .. } | Executor::RampingVus { .. } => {
            if pause.is_zero() {
                return None;
            }
            let rounds = executor.duration().as_nanos() / pause.as_nanos() + 1;
            let rounds = u64::try_from(rounds).unwrap_or(u64::MAX);
            Some(rounds.saturating_mul(executor.max_vus().into()))
        }
    }
}

/// Arrivals of a rate that goes in straight lines.
fn area(start: f64, stages: &[Stage<f64>]) -> f64 {
    let mut from = start;
    let of = |stage: &Stage<f64>| {
        let part = f64::midpoint(from, stage.target) * stage.duration.as_secs_f64();
        from = stage.target;
        part
    };
    stages.iter().map(of).sum()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, saturating")]
fn counted(amount: f64) -> u64 {
    // What is whole but for rounding is whole.
    (amount + 1e-6).floor() as u64
}

fn is_by_chance(executor: &Executor) -> bool {
    match executor {
        Executor::ConstantArrivalRate { arrivals, .. }
        | Executor::RampingArrivalRate { arrivals, .. } => *arrivals == Spacing::Poisson,
        Executor::ConstantVus { .. }
        | Executor::RampingVus { .. }
        | Executor::SharedIterations { .. }
        | Executor::PerVuIterations { .. } => false,
    }
}

/// `20 iterations/s for 30.0s, by 20 to 50 users`.
fn words(executor: &Executor) -> String {
    let users = |count: u32| plural(count.into(), "user", "users");
    let pool = |least: u32, most: u32| {
        if least == most {
            return users(most);
        }
        format!("{} to {}", grouped(least.into()), users(most))
    };
    match executor {
        Executor::ConstantVus { vus, duration } => {
            format!("{} for {}, again and again", users(*vus), format_duration(*duration))
        }
        Executor::RampingVus { start_vus, stages, .. } => {
            let ways = stages.iter().map(|stage| (grouped(stage.target.into()), stage.duration));
            format!("{}, then {}", users(*start_vus), ramp(ways))
        }
        Executor::SharedIterations { vus, iterations, max_duration } => format!(
            "{} shared by {}, in {} at most",
            plural(*iterations, "iteration", "iterations"),
            users(*vus),
            format_duration(*max_duration)
        ),
        Executor::PerVuIterations { vus, iterations, max_duration } => format!(
            "{}, {} each, in {} at most",
            users(*vus),
            plural(*iterations, "iteration", "iterations"),
            format_duration(*max_duration)
        ),
        Executor::ConstantArrivalRate { rate, duration, pre_allocated_vus, max_vus, .. } => {
            format!(
                "{} iterations/s for {}, by {}",
                format_number(*rate),
                format_duration(*duration),
                pool(*pre_allocated_vus, *max_vus)
            )
        }
        Executor::RampingArrivalRate { start_rate, stages, pre_allocated_vus, max_vus, .. } => {
            let ways = stages.iter().map(|stage| (format_number(stage.target), stage.duration));
            format!(
                "{} iterations/s, then {}, by {}",
                format_number(*start_rate),
                ramp(ways),
                pool(*pre_allocated_vus, *max_vus)
            )
        }
    }
}

/// Stages that are told one by one.
const STAGES_TOLD: usize = 6;

/// `to 50 in 1m00s, to 0 at once`.
fn ramp(stages: impl ExactSizeIterator<Item = (String, Duration)>) -> String {
    let more = stages.len().saturating_sub(STAGES_TOLD);
    let told = stages.take(STAGES_TOLD).map(|(target, duration)| {
        if duration.is_zero() {
            return format!("to {target} at once");
        }
        format!("to {target} in {}", format_duration(duration))
    });
    let mut told: Vec<String> = told.collect();
    if more > 0 {
        told.push(plural(more as u64, "more stage", "more stages"));
    }
    told.join(", ")
}
