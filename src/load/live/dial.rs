//! What of a plan can be turned while it runs, how far, and what comes of it: pure arithmetic over
//! its schedules.
//!
//! A factor is how many times the plan's own. Each scenario has one for its arrival rate and one
//! for its users; a dial without effect on a scenario leaves it alone.

use super::error::ControlError;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::load::ramp::UserRamp;
use crate::load::rate::Rate;
use crate::model::Amount;
use crate::model::did_you_mean;
use crate::model::format_number;
use crate::model::inert;
use crate::plan::Executor;
use crate::plan::Plan;
use crate::plan::Scenario;

/// What one machine can have.
const MOST_USERS: f64 = 1e6;
const MOST_PER_SECOND: f64 = 1e7;

/// What a command turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dial {
    /// Arrivals per second.
    Rate,
    /// Users of closed scenarios.
    Vus,
}

/// One scenario of the plan, as far as it can be turned.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    start: Nanos,
    end: Nanos,
    rate: Option<Rate>,
    users: Option<UserRamp>,
    peak_rate: f64,
    peak_users: u32,
}

impl Planned {
    fn new(scenario: &Scenario) -> Self {
        let executor = &scenario.executor;
        let start = nanos(scenario.start_time);
        Self {
            name: scenario.name.clone(),
            start,
            end: start.saturating_add(nanos(executor.duration())),
            rate: Rate::of(executor),
            users: UserRamp::of(executor).filter(|_| can_change_users(executor)),
            peak_rate: executor.peak_rate().unwrap_or(0.0),
            peak_users: executor.max_vus(),
        }
    }

    /// Whether it runs at that time of the load.
    pub(super) fn runs(&self, since: Nanos) -> bool {
        (self.start..self.end).contains(&since)
    }

    fn has(&self, dial: Dial) -> bool {
        match dial {
            Dial::Rate => self.rate.is_some(),
            Dial::Vus => self.users.is_some(),
        }
    }

    /// What is asked for at that time of the load, `factor` times the plan's; `None` where there is
    /// nothing to turn.
    pub(super) fn asked(&self, dial: Dial, factor: f64, since: Nanos) -> Option<f64> {
        let within = self.runs(since).then(|| since - self.start);
        match dial {
            Dial::Rate => {
                let rate = self.rate.as_ref()?;
                Some(within.map_or(0.0, |within| rate.per_second_at(within) * factor))
            }
            Dial::Vus => {
                let users = self.users.as_ref()?;
                Some(within.map_or(0, |within| users.scaled(factor).planned(within)).into())
            }
        }
    }
}

/// The number of users of `per-vu-iterations` decides how many iterations there are.
fn can_change_users(executor: &Executor) -> bool {
    match executor {
        Executor::ConstantVus { .. }
        | Executor::RampingVus { .. }
        | Executor::SharedIterations { .. } => true,
        Executor::PerVuIterations { .. }
        | Executor::ConstantArrivalRate { .. }
        | Executor::RampingArrivalRate { .. } => false,
    }
}

/// All scenarios of the plan, and what they may come to.
#[derive(Debug)]
pub(super) struct Dials {
    pub(super) scenarios: Vec<Planned>,
    max_rps: f64,
    max_vus: f64,
}

/// What a command has come to.
#[derive(Debug)]
pub(super) struct Turned {
    /// The new factor of each scenario that changes.
    pub(super) factors: Vec<(usize, f64)>,
    /// The factor of all of them together.
    pub(super) factor: f64,
    /// What is asked for of them from then on.
    pub(super) asked: f64,
}

impl Dials {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            scenarios: plan.scenarios.iter().map(Planned::new).collect(),
            max_rps: plan.limits.max_rps.unwrap_or(f64::INFINITY),
            max_vus: plan.limits.max_vus.map_or(f64::INFINITY, f64::from),
        }
    }

    /// The plan's own factors.
    pub(super) fn plans(&self) -> Vec<f64> {
        vec![1.0; self.scenarios.len()]
    }

    /// The place of the scenario of that name.
    pub(super) fn find(&self, name: &str) -> Result<usize, ControlError> {
        let names = || self.scenarios.iter().map(|planned| planned.name.as_str());
        names().position(|known| known == name).ok_or_else(|| {
            let nearest = did_you_mean(name, names());
            let nearest = nearest.map(|nearest| format!(", did you mean `{nearest}`?"));
            ControlError::NoScenario {
                name: inert(name, 80),
                nearest: nearest.unwrap_or_default(),
                known: names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// Scenarios that `dial` can turn: all of them, or only the one asked for.
    fn turnable(&self, dial: Dial, of: Option<usize>) -> impl Iterator<Item = (usize, &Planned)> {
        let all = self.scenarios.iter().enumerate();
        all.filter(move |(index, planned)| of.is_none_or(|of| of == *index) && planned.has(dial))
    }

    /// What is asked for at that time of the load.
    pub(super) fn asked(
        &self,
        dial: Dial,
        of: Option<usize>,
        factors: &[f64],
        since: Nanos,
    ) -> f64 {
        self.turnable(dial, of)
            .filter_map(|(index, planned)| planned.asked(dial, factors[index], since))
            .sum()
    }

    /// The factor of all scenarios together; where they differ, how much is asked for of how much
    /// is planned.
    pub(super) fn overall(
        &self,
        dial: Dial,
        of: Option<usize>,
        factors: &[f64],
        since: Nanos,
    ) -> f64 {
        let own: Vec<f64> = self.turnable(dial, of).map(|(index, _)| factors[index]).collect();
        let Some(first) = own.first() else { return 1.0 };
        if own.iter().all(|factor| (factor - first).abs() < 1e-12) {
            return *first;
        }
        let planned = self.asked(dial, of, &self.plans(), since);
        if planned > 0.0 { self.asked(dial, of, factors, since) / planned } else { *first }
    }

    /// Turns `dial` by `amount` from where it is; a step counts from there, and a total is that of
    /// all scenarios together.
    pub(super) fn turn(
        &self,
        dial: Dial,
        amount: Amount,
        of: Option<usize>,
        present: &[f64],
        since: Nanos,
    ) -> Result<Turned, ControlError> {
        if !self.turnable(dial, of).any(|(_, planned)| planned.end > since) {
            return Err(self.nothing_to_turn(dial, of, since));
        }
        let planned = self.asked(dial, of, &self.plans(), since);
        let factor = |(index, _)| Ok((index, new_factor(amount, present[index], planned)?));
        let factors: Vec<_> = self.turnable(dial, of).map(factor).collect::<Result<_, _>>()?;
        let mut after = present.to_vec();
        replace(&mut after, &factors);
        self.check_peak(dial, &factors, &after)?;
        let asked = self.asked(dial, of, &after, since);
        if asked <= 0.0 && planned > 0.0 {
            return Err(ControlError::Nothing);
        }
        Ok(Turned { factors, factor: self.overall(dial, of, &after, since), asked })
    }

    /// Each schedule on its own must stay below the limit, and all users together.
    fn check_peak(
        &self,
        dial: Dial,
        turned: &[(usize, f64)],
        after: &[f64],
    ) -> Result<(), ControlError> {
        match dial {
            Dial::Rate => {
                let peaks =
                    turned.iter().map(|(index, factor)| self.scenarios[*index].peak_rate * factor);
                let limit = MOST_PER_SECOND.min(self.max_rps);
                check(peaks.fold(0.0, f64::max), limit, "arrivals per second")
            }
            Dial::Vus => {
                let peaks = self
                    .turnable(dial, None)
                    .map(|(index, planned)| f64::from(planned.peak_users) * after[index]);
                check(peaks.sum(), MOST_USERS.min(self.max_vus), "virtual users")
            }
        }
    }

    /// Why nothing of the one scenario can be changed, or of all.
    fn nothing_to_turn(&self, dial: Dial, of: Option<usize>, since: Nanos) -> ControlError {
        let (of_all, of_one) = match dial {
            Dial::Rate => {
                (ControlError::NoRate, "has no arrival rate; change its users with `vus`")
            }
            Dial::Vus => (
                ControlError::NoUsers,
                "has no users that can be changed; with an arrival rate, use `rate`",
            ),
        };
        let Some(planned) = of.map(|of| &self.scenarios[of]) else { return of_all };
        let cause = if planned.end > since { of_one } else { "is over" };
        ControlError::NotThis { name: planned.name.clone(), cause }
    }
}

/// Puts what `factors` say in the place of what is there.
pub(super) fn replace(present: &mut [f64], factors: &[(usize, f64)]) {
    for (index, factor) in factors {
        present[*index] = *factor;
    }
}

fn new_factor(amount: Amount, present: f64, planned: f64) -> Result<f64, ControlError> {
    let factor = match amount {
        Amount::OfPlan(factor) => factor,
        // In whole per cents, so that steps there and back meet.
        Amount::Step(step) => ((present + step) * 100.0).round() / 100.0,
        Amount::Total(_) if planned <= 0.0 => return Err(ControlError::Silent),
        Amount::Total(total) => total / planned,
    };
    if factor.is_finite() && factor > 1e-6 { Ok(factor) } else { Err(ControlError::Nothing) }
}

fn check(wanted: f64, limit: f64, what: &str) -> Result<(), ControlError> {
    if wanted <= limit {
        return Ok(());
    }
    Err(ControlError::TooMuch {
        wanted: format!("{} {what}", format_number(wanted)),
        limit: format!("the limit of {}", format_number(limit)),
    })
}
