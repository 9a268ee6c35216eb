//! Live control: how the load differs from its plan, as users asked for it while it runs.
//!
//! A change takes effect at a moment a little ahead, which every shard has heard of by then: so all
//! of them change at the same one, and together they still are one schedule. A shard looks at one
//! number per turn of its loop, and reads the changes only when it has grown.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::ramp::UserRamp;
use super::rate::Rate;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::model::Amount;
use crate::model::LoadChange;
use crate::model::LoadChangeKind;
use crate::model::LoadCommand;
use crate::model::ScenarioPace;
use crate::model::did_you_mean;
use crate::model::inert;
use crate::plan::Executor;
use crate::plan::Plan;

/// How far ahead a change is; more than a shard waits between two looks.
const AHEAD: Nanos = 100_000_000;

/// Changes of one run; nobody steers that much by hand, and a program that does must not fill the
/// memory.
const MOST_CHANGES: usize = 10_000;

/// What one machine can have.
const MOST_USERS: f64 = 1e6;
const MOST_PER_SECOND: f64 = 1e7;

/// Why a command cannot be carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// Before its start or after its end.
    #[error("no load is running")]
    NotRunning,
    /// `rate` without an arrival rate.
    #[error("no running scenario has an arrival rate; change its users with `vus`")]
    NoRate,
    /// `vus` without users that can be changed.
    #[error("no running scenario has users that can be changed; with an arrival rate, use `rate`")]
    NoUsers,
    /// A scenario that the plan does not have.
    #[error("there is no scenario `{name}`{nearest}; the plan has {known}")]
    NoScenario {
        /// What was said.
        name: String,
        /// `, did you mean …?`, or nothing.
        nearest: String,
        /// Those there are.
        known: String,
    },
    /// One that has no arrival rate, or no users, that could be changed now.
    #[error("scenario `{name}` {cause}")]
    NotThis {
        /// Which.
        name: String,
        /// Why not.
        cause: &'static str,
    },
    /// An absolute number where the plan has nothing at the moment.
    #[error("the plan has nothing to start at this moment; give a percentage instead")]
    Silent,
    /// Not a number above zero.
    #[error("nothing would start any more; use `pause`")]
    Nothing,
    /// More than there may be.
    #[error("that would be up to {wanted}, above {limit}")]
    TooMuch {
        /// What it would come to.
        wanted: String,
        /// What there may be.
        limit: String,
    },
    /// `pause` twice.
    #[error("the load is paused already")]
    Paused,
    /// `resume` without a pause.
    #[error("the load is not paused")]
    NotPaused,
    /// Far beyond what a user does.
    #[error("the load has been changed {MOST_CHANGES} times; no more changes are taken")]
    TooMany,
}

/// How the load stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlStatus {
    /// It has started and is not over.
    pub running: bool,
    /// Nothing new starts.
    pub paused: bool,
    /// Of the load's own time, pauses left out.
    pub elapsed: Duration,
    /// Times the plan's arrival rates.
    pub rate_factor: f64,
    /// Arrivals per second asked for now.
    pub per_second: f64,
    /// Times the plan's users.
    pub vus_factor: f64,
    /// Users of closed scenarios asked for now.
    pub vus: u64,
    /// Each scenario, in the plan's order.
    pub scenarios: Vec<ScenarioPace>,
}

/// The load's own time: it stands still during a pause.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LoadClock {
    behind: Nanos,
    stands_at: Option<Nanos>,
}

impl LoadClock {
    /// The load's time at `now` of the run's clock.
    pub(super) fn load_time(&self, now: Nanos) -> Nanos {
        self.stands_at.unwrap_or_else(|| now.saturating_sub(self.behind))
    }

    /// When the load's time is `at`, unless there is another pause before.
    pub(super) fn run_time(&self, at: Nanos) -> Nanos {
        at.saturating_add(self.behind)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.stands_at.is_some()
    }

    pub(super) fn pause(&mut self, now: Nanos) {
        self.stands_at = Some(self.load_time(now));
    }

    pub(super) fn resume(&mut self, now: Nanos) {
        if let Some(stood_at) = self.stands_at.take() {
            self.behind = now.saturating_sub(stood_at);
        }
    }
}

/// What shards do at a moment of the run's clock.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) at: Nanos,
    pub(super) act: Act,
}

#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Arrival rates of these scenarios are so many times the plan's.
    Rate(Vec<(usize, f64)>),
    /// Users are.
    Vus(Vec<(usize, f64)>),
    Pause,
    Resume,
}

/// One scenario of the plan, as far as it can be changed.
#[derive(Debug)]
struct Planned {
    name: String,
    start: Nanos,
    end: Nanos,
    rate: Option<Rate>,
    users: Option<UserRamp>,
    peak_rate: f64,
    peak_users: u32,
}

#[derive(Debug)]
struct State {
    /// When load starts, on the run's clock; `None` when it does not run.
    start: Option<Nanos>,
    clock: LoadClock,
    /// By scenario, times the plan's.
    rates: Vec<f64>,
    vus: Vec<f64>,
    changes: Vec<Change>,
    told: Vec<LoadChange>,
}

#[derive(Debug)]
struct Inner {
    scenarios: Vec<Planned>,
    max_rps: f64,
    max_vus: f64,
    count: AtomicUsize,
    state: Mutex<State>,
}

/// Takes commands and hands them to the shards; clones are the same one.
#[derive(Debug, Clone)]
pub struct LiveControl(Arc<Inner>);

impl LiveControl {
    /// For the load of `plan`.
    pub fn new(plan: &Plan) -> Self {
        let planned = |scenario: &crate::plan::Scenario| {
            let executor = &scenario.executor;
            let start = nanos(scenario.start_time);
            Planned {
                name: scenario.name.clone(),
                start,
                end: start.saturating_add(nanos(executor.duration())),
                rate: Rate::of(executor),
                users: UserRamp::of(executor).filter(|_| can_change_users(executor)),
                peak_rate: executor.peak_rate().unwrap_or(0.0),
                peak_users: executor.max_vus(),
            }
        };
        let state = State {
            start: None,
            clock: LoadClock::default(),
            rates: vec![1.0; plan.scenarios.len()],
            vus: vec![1.0; plan.scenarios.len()],
            changes: Vec::new(),
            told: Vec::new(),
        };
        Self(Arc::new(Inner {
            scenarios: plan.scenarios.iter().map(planned).collect(),
            max_rps: plan.limits.max_rps.unwrap_or(f64::INFINITY),
            max_vus: plan.limits.max_vus.map_or(f64::INFINITY, f64::from),
            count: AtomicUsize::new(0),
            state: Mutex::new(state),
        }))
    }

    /// Carries a command out, said at `now` of the run's clock by `by`; what will hold and from
    /// when on.
    ///
    /// # Errors
    /// Why nothing changes.
    pub fn apply(
        &self,
        command: LoadCommand,
        by: &str,
        now: Nanos,
    ) -> Result<LoadChange, ControlError> {
        self.carry_out(command, None, by, now)
    }

    /// The same for one scenario alone; a pause is for all.
    ///
    /// # Errors
    /// Why nothing changes.
    pub fn apply_to(
        &self,
        scenario: &str,
        command: LoadCommand,
        by: &str,
        now: Nanos,
    ) -> Result<LoadChange, ControlError> {
        let names = || self.0.scenarios.iter().map(|planned| planned.name.as_str());
        let Some(index) = names().position(|name| name == scenario) else {
            let nearest = did_you_mean(scenario, names());
            let nearest = nearest.map(|nearest| format!(", did you mean `{nearest}`?"));
            return Err(ControlError::NoScenario {
                name: inert(scenario, 80),
                nearest: nearest.unwrap_or_default(),
                known: names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            });
        };
        self.carry_out(command, Some(index), by, now)
    }

    fn carry_out(
        &self,
        command: LoadCommand,
        of: Option<usize>,
        by: &str,
        now: Nanos,
    ) -> Result<LoadChange, ControlError> {
        let mut state = self.state();
        let start = state.start.ok_or(ControlError::NotRunning)?;
        if state.changes.len() >= MOST_CHANGES {
            return Err(ControlError::TooMany);
        }
        let last = state.changes.last().map_or(start, |change| change.at);
        let at = now.saturating_add(AHEAD).max(last);
        let since = state.clock.load_time(at).saturating_sub(start);
        let (act, kind) = match command {
            LoadCommand::Rate(amount) => self.rate(amount, of, &state.rates, since)?,
            LoadCommand::Vus(amount) => self.vus(amount, of, &state.vus, since)?,
            LoadCommand::Pause if state.clock.is_paused() => return Err(ControlError::Paused),
            LoadCommand::Pause => (Act::Pause, LoadChangeKind::Paused),
            LoadCommand::Resume if !state.clock.is_paused() => {
                return Err(ControlError::NotPaused);
            }
            LoadCommand::Resume => (Act::Resume, LoadChangeKind::Resumed),
        };
        match &act {
            Act::Rate(factors) => replace(&mut state.rates, factors),
            Act::Vus(factors) => replace(&mut state.vus, factors),
            Act::Pause => state.clock.pause(at),
            Act::Resume => state.clock.resume(at),
        }
        let scenario = match act {
            Act::Rate(_) | Act::Vus(_) => of.map(|of| self.0.scenarios[of].name.clone()),
            Act::Pause | Act::Resume => None,
        };
        let at_time = Duration::from_nanos(at);
        let change = LoadChange { at: at_time, by: by.to_owned(), scenario, kind };
        state.changes.push(Change { at, act });
        state.told.push(change.clone());
        self.0.count.store(state.changes.len(), Ordering::Relaxed);
        Ok(change)
    }

    /// How the load stands at `now` of the run's clock.
    pub fn status(&self, now: Nanos) -> ControlStatus {
        let state = self.state();
        let since = state.start.map_or(0, |start| state.clock.load_time(now).saturating_sub(start));
        let running = state.start.is_some();
        ControlStatus {
            running,
            paused: running && state.clock.is_paused(),
            elapsed: Duration::from_nanos(since),
            rate_factor: overall(&state.rates, self.with_rate(None), || {
                (self.rate_at(since, None, &state.rates), self.rate_at(since, None, &self.plans()))
            }),
            per_second: if running { self.rate_at(since, None, &state.rates) } else { 0.0 },
            vus_factor: overall(&state.vus, self.with_users(None), || {
                let users = |factors: &[f64]| self.users_at(since, None, factors) as f64;
                (users(&state.vus), users(&self.plans()))
            }),
            vus: if running { self.users_at(since, None, &state.vus) } else { 0 },
            scenarios: self.paces(running.then_some(since), &state),
        }
    }

    /// Each scenario so long after the start; `None` when no load runs.
    fn paces(&self, since: Option<Nanos>, state: &State) -> Vec<ScenarioPace> {
        let pace = |(index, planned): (usize, &Planned)| {
            let within = since
                .filter(|since| (planned.start..planned.end).contains(since))
                .map(|since| since - planned.start);
            let rate = |rate: &Rate| {
                within.map_or(0.0, |within| rate.per_second_at(within) * state.rates[index])
            };
            let users = |users: &UserRamp| {
                within.map_or(0, |at| users.scaled(state.vus[index]).planned(at).into())
            };
            ScenarioPace {
                name: planned.name.clone(),
                running: within.is_some(),
                per_second: planned.rate.as_ref().map(rate),
                vus: planned.users.as_ref().map(users),
            }
        };
        self.0.scenarios.iter().enumerate().map(pace).collect()
    }

    /// Load starts at this moment.
    pub(super) fn begin(&self, start: Nanos) {
        self.state().start = Some(start);
    }

    /// Load is over.
    pub(super) fn end(&self) {
        self.state().start = None;
    }

    /// How many changes there were so far: one relaxed load.
    pub(super) fn count(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Changes after the first `seen`.
    pub(super) fn changes(&self, seen: usize) -> Vec<Change> {
        self.state().changes[seen..].to_vec()
    }

    /// The same as events tell them; each is given once.
    pub(super) fn take_told(&self) -> Vec<LoadChange> {
        std::mem::take(&mut self.state().told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and a half-done change would still be consistent.
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Those that run at `since` (all of them, or the one asked for), by index.
    fn running(&self, since: Nanos, of: Option<usize>) -> impl Iterator<Item = (usize, &Planned)> {
        let runs =
            move |(_, planned): &(usize, &Planned)| (planned.start..planned.end).contains(&since);
        self.among(of).filter(runs)
    }

    /// All scenarios, or the one asked for.
    fn among(&self, of: Option<usize>) -> impl Iterator<Item = (usize, &Planned)> {
        let all = self.0.scenarios.iter().enumerate();
        all.filter(move |(index, _)| of.is_none_or(|of| of == *index))
    }

    /// Those with an arrival rate.
    fn with_rate(&self, of: Option<usize>) -> impl Iterator<Item = (usize, &Planned)> {
        self.among(of).filter(|(_, planned)| planned.rate.is_some())
    }

    /// Those with users that can be changed.
    fn with_users(&self, of: Option<usize>) -> impl Iterator<Item = (usize, &Planned)> {
        self.among(of).filter(|(_, planned)| planned.users.is_some())
    }

    /// The plan's own factors.
    fn plans(&self) -> Vec<f64> {
        vec![1.0; self.0.scenarios.len()]
    }

    fn rate_at(&self, since: Nanos, of: Option<usize>, factors: &[f64]) -> f64 {
        let rate = |(index, planned): (usize, &Planned)| {
            let rate = planned.rate.as_ref()?.per_second_at(since - planned.start);
            Some(rate * factors[index])
        };
        self.running(since, of).filter_map(rate).sum()
    }

    fn users_at(&self, since: Nanos, of: Option<usize>, factors: &[f64]) -> u64 {
        let users = |(index, planned): (usize, &Planned)| {
            let users = planned.users.as_ref()?.scaled(factors[index]);
            Some(u64::from(users.planned(since - planned.start)))
        };
        self.running(since, of).filter_map(users).sum()
    }

    fn rate(
        &self,
        amount: Amount,
        of: Option<usize>,
        present: &[f64],
        since: Nanos,
    ) -> Result<(Act, LoadChangeKind), ControlError> {
        if !self.with_rate(of).any(|(_, planned)| planned.end > since) {
            let none = "has no arrival rate; change its users with `vus`";
            return Err(self.nothing_to_change(of, since, none, ControlError::NoRate));
        }
        let planned = self.rate_at(since, of, &self.plans());
        let factors = new_factors(amount, self.with_rate(of), present, planned)?;
        let peak = factors
            .iter()
            .map(|(index, factor)| self.0.scenarios[*index].peak_rate * factor)
            .fold(0.0, f64::max);
        check(peak, MOST_PER_SECOND.min(self.0.max_rps), "arrivals per second")?;
        let after = replaced(present, &factors);
        let per_second = self.rate_at(since, of, &after);
        let factor = overall(&after, self.with_rate(of), || (per_second, planned));
        Ok((Act::Rate(factors), LoadChangeKind::Rate { factor, per_second }))
    }

    fn vus(
        &self,
        amount: Amount,
        of: Option<usize>,
        present: &[f64],
        since: Nanos,
    ) -> Result<(Act, LoadChangeKind), ControlError> {
        if !self.with_users(of).any(|(_, planned)| planned.end > since) {
            let none = "has no users that can be changed; with an arrival rate, use `rate`";
            return Err(self.nothing_to_change(of, since, none, ControlError::NoUsers));
        }
        let planned = self.users_at(since, of, &self.plans());
        let factors = new_factors(amount, self.with_users(of), present, planned as f64)?;
        let after = replaced(present, &factors);
        let peaks = self.with_users(None);
        let peak = peaks.map(|(index, planned)| f64::from(planned.peak_users) * after[index]).sum();
        check(peak, MOST_USERS.min(self.0.max_vus), "virtual users")?;
        let vus = self.users_at(since, of, &after);
        if vus == 0 && planned > 0 {
            return Err(ControlError::Nothing);
        }
        let factor = overall(&after, self.with_users(of), || (vus as f64, planned as f64));
        Ok((Act::Vus(factors), LoadChangeKind::Vus { factor, vus }))
    }

    /// Why nothing of the one scenario can be changed, or of all.
    fn nothing_to_change(
        &self,
        of: Option<usize>,
        since: Nanos,
        none: &'static str,
        of_all: ControlError,
    ) -> ControlError {
        let Some(planned) = of.map(|of| &self.0.scenarios[of]) else { return of_all };
        let cause = if planned.end > since { none } else { "is over" };
        ControlError::NotThis { name: planned.name.clone(), cause }
    }
}

/// Puts what `factors` say in the place of what is there.
fn replace(present: &mut [f64], factors: &[(usize, f64)]) {
    for (index, factor) in factors {
        present[*index] = *factor;
    }
}

fn replaced(present: &[f64], factors: &[(usize, f64)]) -> Vec<f64> {
    let mut after = present.to_vec();
    replace(&mut after, factors);
    after
}

/// The factor of all of `scenarios`; where they differ, how much is asked for of how much is
/// planned.
fn overall<'a>(
    factors: &[f64],
    scenarios: impl Iterator<Item = (usize, &'a Planned)>,
    asked_and_planned: impl FnOnce() -> (f64, f64),
) -> f64 {
    let own: Vec<f64> = scenarios.map(|(index, _)| factors[index]).collect();
    match own.first() {
        None => 1.0,
        Some(first) if own.iter().all(|factor| (factor - first).abs() < 1e-12) => *first,
        Some(first) => match asked_and_planned() {
            (asked, planned) if planned > 0.0 => asked / planned,
            (_, _) => *first,
        },
    }
}

/// What each of `scenarios` gets: a step counts from where it is, and a total is all of theirs
/// together.
fn new_factors<'a>(
    amount: Amount,
    scenarios: impl Iterator<Item = (usize, &'a Planned)>,
    present: &[f64],
    planned: f64,
) -> Result<Vec<(usize, f64)>, ControlError> {
    let factor = |(index, _)| Ok((index, new_factor(amount, present[index], planned)?));
    scenarios.map(factor).collect()
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
    let shown = crate::model::format_number;
    Err(ControlError::TooMuch {
        wanted: format!("{} {what}", shown(wanted)),
        limit: format!("the limit of {}", shown(limit)),
    })
}
