//! `capacity`: what a search for the capacity is to find, and the load that it turns from level to
//! level.

use std::time::Duration;

use super::boundary::{RATE, USERS, is_rate, is_users};
use super::defaults;
use super::document::Node;
use super::executor::{Executor, Late, Spacing};
use super::flags::FlagError;
use super::gates::Gate;
use super::reader::{Fields, Keys, Reader, duration_with_unit};
use super::types::{Plan, Scenario};
use crate::model::CapacityAim;
use crate::model::CapacityModel;
use crate::model::Criterion;
use crate::model::MetricKind;
use crate::model::MetricName;
use crate::model::Threshold;
use crate::model::format_number;

pub(super) const CAPACITY: Keys = Keys {
    of: "the capacity",
    known: &[
        "slo", "model", "start", "max", "settle", "max_time", "max_vus", "headroom", "at_least",
        "for_rate", "suspects",
    ],
    later: &[],
};

/// The objective where nobody says one.
const SLO: [(&str, &str); 2] =
    [("http_req_latency", "p(95)<300"), ("http_req_failed", "rate<0.01")];

/// A level's time at least and at most.
const SETTLE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(60));

/// The whole search.
const MAX_TIME: Duration = Duration::from_secs(30 * 60);

/// Requests that are measured by themselves behind the search, and how many may be.
const SUSPECTS: u32 = 3;
pub(super) const MOST_SUSPECTS: u32 = 20;

/// Share of the answer that is kept free: what a second can have above its minute.
const HEADROOM: f64 = 0.3;

/// First and highest level of a rate, and of users.
const RATES: (f64, f64) = (10.0, 10_000.0);
const VUS: (f64, f64) = (1.0, 1_000.0);

/// The load goes on for so much longer than the search, which ends it.
const SPARE: Duration = Duration::from_secs(120);

/// The least time of a level: it needs five blocks, each of a whole second, behind its transition.
const LEAST: Duration = Duration::from_secs(8);

/// Milliseconds that a response may take where the objective does not say.
const USUAL_LIMIT: f64 = 1000.0;

/// Users that wait at once, at least and at most, where nobody says it.
const USUAL_VUS: (f64, f64) = (100.0, 10_000.0);

impl CapacityAim {
    /// What is searched for where nobody says more.
    pub fn usual(model: CapacityModel) -> Self {
        let (start, max) = match model {
            CapacityModel::Rate => RATES,
            CapacityModel::Users => VUS,
        };
        let criterion =
            |(metric, condition)| Criterion::parse(metric, condition).expect("a valid objective");
        Self {
            model,
            slo: SLO.map(criterion).to_vec(),
            start,
            max,
            settle: SETTLE,
            max_time: MAX_TIME,
            max_vus: None,
            reserve: HEADROOM,
            at_least: None,
            wanted: None,
            suspects: SUSPECTS,
        }
    }
}

/// Reads one condition of an objective, `http_req_latency: p(95)<300`.
///
/// # Errors
/// What is wrong with it.
pub fn objective(text: &str) -> Result<Criterion, String> {
    // Tags have colons too: the last one outside of braces parts metric and condition.
    let mut depth = 0_usize;
    let place = text.char_indices().filter(|(_, character)| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && *character == ':'
    });
    let Some((place, _)) = place.last() else {
        return Err(format!(
            "`{text}` is no objective; write metric and condition, like 'http_req_latency: p(95)<300'"
        ));
    };
    let (metric, condition) = (text[..place].trim(), text[place + 1..].trim());
    let criterion = Criterion::parse(metric, condition).map_err(|error| error.to_string())?;
    let metric = criterion.selector.metric;
    if criterion.condition.limit.is_change() {
        return Err("an objective holds by itself: leave out `|vs(baseline)`".to_owned());
    }
    let is_measured = metric.is_load() && metric != MetricName::Validity;
    if !is_measured || metric.kind() == MetricKind::Gauge {
        return Err(format!("`{metric}` is not measured level by level"));
    }
    Ok(criterion)
}

/// Reads `10s..60s`: how long a level is held at least and at most.
///
/// # Errors
/// What was expected.
pub fn settle(text: &str) -> Result<(Duration, Duration), String> {
    let (least, most) = text.split_once("..").ok_or_else(|| {
        format!("`{text}` is no range; write the least and the most, like 10s..60s")
    })?;
    let (least, most) = (duration_with_unit(least.trim())?, duration_with_unit(most.trim())?);
    if least > most {
        return Err(format!("`{text}` goes backwards; write the shorter time first"));
    }
    if least < LEAST || most > Duration::from_secs(3600) {
        return Err(format!("`{text}`: a level takes from {}s to an hour", LEAST.as_secs()));
    }
    Ok((least, most))
}

/// The plan's section.
pub(super) fn capacity(plan: &Fields<'_>, reader: &mut Reader) -> Option<CapacityAim> {
    let entry = plan.entry("capacity")?;
    let fields = reader.fields(&entry.node, &entry.key_at, &CAPACITY)?;
    let model = match fields.get("model") {
        None => Some(CapacityModel::Rate),
        Some(node) => reader.parsed(node, "`rate` or `users`", |text| {
            let model = CapacityModel::parse(text);
            model.ok_or_else(|| format!("expected `rate` or `users`; found `{text}`"))
        }),
    };
    let usual = CapacityAim::usual(model?);
    let mut level =
        |key: &str| fields.get(key).and_then(|node| one_level(usual.model, node, reader));
    let (start, max) = (level("start"), level("max"));
    let (at_least, wanted) = (level("at_least"), level("for_rate"));
    let settle = fields
        .get("settle")
        .and_then(|node| reader.parsed(node, "a range of times like 10s..60s", settle));
    let max_time = fields.get("max_time").and_then(|node| reader.positive_duration(node));
    let max_vus = fields.get("max_vus").and_then(|node| reader.number(node, USERS, is_users));
    let reserve = fields.get("headroom").and_then(|node| {
        reader.number(node, "a share from 0 to 0.9", |share: f64| (0.0..=0.9).contains(&share))
    });
    let suspects = fields.get("suspects").and_then(|node| {
        reader.number(node, "a whole number from 0 to 20", |count: u32| count <= MOST_SUSPECTS)
    });
    let aim = CapacityAim {
        slo: slo(&fields, reader).unwrap_or_else(|| usual.slo.clone()),
        start: start.unwrap_or(usual.start),
        max: max.unwrap_or_else(|| usual.max.max(start.unwrap_or(0.0))),
        settle: settle.unwrap_or(usual.settle),
        max_time: max_time.unwrap_or(usual.max_time),
        max_vus,
        reserve: reserve.unwrap_or(usual.reserve),
        at_least,
        wanted,
        suspects: suspects.unwrap_or(usual.suspects),
        model: usual.model,
    };
    if let Err(error) = check(&aim) {
        let at = fields.entry("max").map_or(&entry.key_at, |entry| &entry.node.at);
        reader.problem(at, error);
    }
    Some(aim)
}

/// The objectives as gates, for whoever looks whether they can occur.
pub(super) fn gates(plan: &Fields<'_>, aim: Option<&CapacityAim>) -> Vec<Gate> {
    let (Some(entry), Some(aim)) = (plan.entry("capacity"), aim) else { return Vec::new() };
    let gate = |criterion: &Criterion| Gate {
        threshold: Threshold {
            criterion: criterion.clone(),
            abort_on_fail: false,
            delay_abort_eval: Duration::ZERO,
        },
        selector_at: entry.key_at.clone(),
        window_at: None,
        delay_at: None,
    };
    aim.slo.iter().map(gate).collect()
}

fn slo(fields: &Fields<'_>, reader: &mut Reader) -> Option<Vec<Criterion>> {
    let node = fields.get("slo")?;
    let texts = reader.texts(node, "conditions like 'http_req_latency: p(95)<300'");
    if texts.is_empty() {
        reader.problem(&node.at, "an objective needs a condition");
    }
    let mut slo = Vec::new();
    for (text, at) in texts {
        match objective(text) {
            Ok(criterion) => slo.push(criterion),
            Err(error) => reader.problem(at, error),
        }
    }
    (!slo.is_empty()).then_some(slo)
}

fn one_level(model: CapacityModel, node: &Node, reader: &mut Reader) -> Option<f64> {
    match model {
        CapacityModel::Rate => reader.number(node, RATE, is_rate),
        CapacityModel::Users => reader.number(node, USERS, is_users).map(f64::from),
    }
}

/// Levels that make no sense together.
fn check(aim: &CapacityAim) -> Result<(), String> {
    let number = |value: f64| format_number(value);
    if aim.start > aim.max {
        return Err(format!(
            "the first level ({}) is above the highest ({})",
            number(aim.start),
            number(aim.max)
        ));
    }
    match aim.at_least.filter(|least| *least > aim.max) {
        Some(least) => Err(format!(
            "at least {} is wanted, and no level is above {}",
            number(least),
            number(aim.max)
        )),
        None => Ok(()),
    }
}

impl Plan {
    /// The plan's flows as the load that is turned from level to level: each scenario with its share, at
    /// the first level, until the search ends it. Warm-ups, gates, scan and the shape of the scenarios
    /// are left out.
    ///
    /// # Errors
    /// A plan without load, one that mixes schedules and users, and levels above its limits.
    pub fn at_levels(mut self, mut aim: CapacityAim, arrivals: Spacing) -> Result<Self, FlagError> {
        check(&aim).map_err(FlagError::Usage)?;
        self.scenarios.retain(|scenario| !scenario.warmup);
        let shares = shares(&self.scenarios)?;
        limits(&self, &mut aim)?;
        let duration = aim.max_time.saturating_add(SPARE);
        let users = aim.max_vus.unwrap_or_else(|| usual_vus(&aim));
        for (scenario, share) in self.scenarios.iter_mut().zip(shares) {
            let spread = match &scenario.executor {
                Executor::RampingArrivalRate { arrivals: Spacing::Poisson, .. }
                | Executor::ConstantArrivalRate { arrivals: Spacing::Poisson, .. } => {
                    Spacing::Poisson
                }
                _ => arrivals,
            };
            scenario.executor = match aim.model {
                CapacityModel::Rate => {
                    let max_vus = whole(f64::from(users) * share);
                    Executor::ConstantArrivalRate {
                        rate: aim.start * share,
                        duration,
                        pre_allocated_vus: max_vus.min(10),
                        max_vus,
                        late: Late::Drop,
                        arrivals: spread,
                    }
                }
                CapacityModel::Users => {
                    Executor::ConstantVus { vus: whole(aim.start * share), duration }
                }
            };
            scenario.start_time = Duration::ZERO;
            scenario.graceful_stop = scenario.graceful_stop.min(defaults::GRACEFUL_STOP);
        }
        if aim.model == CapacityModel::Users {
            // Each scenario has one at least.
            let users = self.scenarios.iter().map(|one| f64::from(one.executor.max_vus()));
            aim.start = users.sum();
            check(&aim).map_err(FlagError::Usage)?;
        }
        self.thresholds.clear();
        self.scan = None;
        self.capacity = Some(aim);
        Ok(self)
    }
}

/// What each scenario has of the whole: by its highest rate, or by its users.
fn shares(scenarios: &[Scenario]) -> Result<Vec<f64>, FlagError> {
    if scenarios.is_empty() {
        let text = "the plan has no `scenarios` that could be driven harder";
        return Err(FlagError::Usage(text.to_owned()));
    }
    let rates: Vec<Option<f64>> = scenarios.iter().map(|one| one.executor.peak_rate()).collect();
    let weights: Vec<f64> = match rates.iter().filter(|rate| rate.is_some()).count() {
        0 => scenarios.iter().map(|one| f64::from(one.executor.max_vus())).collect(),
        all if all == scenarios.len() => rates.into_iter().flatten().collect(),
        _ => {
            let text = "the plan mixes scenarios with an arrival rate and scenarios with users, so \
                        it does not say how much each is of the whole; give all of them a rate";
            return Err(FlagError::Usage(text.to_owned()));
        }
    };
    let all: f64 = weights.iter().sum();
    Ok(weights.into_iter().map(|weight| weight / all).collect())
}

/// The search stays within the plan's own limits.
fn limits(plan: &Plan, aim: &mut CapacityAim) -> Result<(), FlagError> {
    let most = match aim.model {
        CapacityModel::Rate => plan.limits.max_rps.map(|most| ("limits.max_rps", most)),
        CapacityModel::Users => plan.limits.max_vus.map(|most| ("limits.max_vus", most.into())),
    };
    if let Some((name, most)) = most.filter(|(_, most)| *most < aim.max) {
        return Err(FlagError::Usage(format!(
            "the highest level ({}) is above {name} ({}); lower it with `max` or --max",
            format_number(aim.max),
            format_number(most)
        )));
    }
    if aim.model == CapacityModel::Rate
        && let Some(most) = plan.limits.max_vus
    {
        aim.max_vus = Some(aim.max_vus.unwrap_or_else(|| usual_vus(aim)).min(most));
    }
    // The limit is a safety stop; a search that has to end before it has a result.
    if let Some(most) = plan.limits.max_time {
        aim.max_time = aim.max_time.min(most.mul_f64(0.95));
    }
    Ok(())
}

/// Users at the highest level while a response takes twice as long as the objective allows, by
/// Little's law: beyond that, a free one makes no difference to the answer.
fn usual_vus(aim: &CapacityAim) -> u32 {
    let times = aim.slo.iter().filter(|one| one.selector.metric.kind() == MetricKind::Trend);
    let limit = times.map(|one| one.condition.limit.value_or(USUAL_LIMIT)).reduce(f64::max);
    whole((aim.max * 2.0 * limit.unwrap_or(USUAL_LIMIT) / 1e3).clamp(USUAL_VUS.0, USUAL_VUS.1))
}

/// Users are whole, and there is one at least.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a million")]
fn whole(users: f64) -> u32 {
    users.ceil().clamp(1.0, 1e6) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objective_is_a_metric_and_a_condition() {
        let read = |text| objective(text).map(|criterion| criterion.to_string());
        assert_eq!(
            read("http_req_latency: p(95)<300").as_deref(),
            Ok("http_req_latency: p(95)<300")
        );
        let tagged = "http_req_duration{request:checkout}: p(99)<1000";
        assert_eq!(read(tagged).as_deref(), Ok(tagged));
        for wrong in [
            "p(95)<300",
            "http_req_latency|vs(baseline): p(95)<+10%",
            "findings: count==0",
            "vus: value<10",
            "http_req_latncy: p(95)<300",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_level_takes_time() {
        let seconds = |text| settle(text).map(|(a, b)| (a.as_secs(), b.as_secs()));
        assert_eq!(seconds("10s..1m"), Ok((10, 60)));
        for wrong in ["10s", "60s..10s", "1s..5s", "10s..2h", "a..b"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
