//! What was said while the load runs, for the shards and for those who ask how it stands.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::clock::LoadClock;
use super::dial::Dial;
use super::dial::Dials;
use super::dial::Planned;
use super::dial::replace;
use super::error::ControlError;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::model::LoadChange;
use crate::model::LoadChangeKind;
use crate::model::LoadCommand;
use crate::model::ScenarioPace;
use crate::plan::Plan;

/// How far ahead a change is; more than a shard waits between two looks.
const AHEAD: Nanos = 100_000_000;

/// Changes of one run; nobody steers that much by hand, and a program that does must not fill the
/// memory.
pub(super) const MOST_CHANGES: usize = 10_000;

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

/// What shards do at a moment of the run's clock.
#[derive(Debug, Clone)]
pub(in crate::load) struct Change {
    pub(in crate::load) at: Nanos,
    pub(in crate::load) act: Act,
}

#[derive(Debug, Clone)]
pub(in crate::load) enum Act {
    /// Arrival rates of these scenarios are so many times the plan's.
    Rate(Vec<(usize, f64)>),
    /// Users are.
    Vus(Vec<(usize, f64)>),
    Pause,
    Resume,
    /// Requests of the plan that are not sent, by index, and how long users wait instead.
    LeaveOut(Arc<[Option<Nanos>]>),
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

impl State {
    /// When load started, and when a change that is said at `now` holds.
    fn next_moment(&self, now: Nanos) -> Result<(Nanos, Nanos), ControlError> {
        let start = self.start.ok_or(ControlError::NotRunning)?;
        if self.changes.len() >= MOST_CHANGES {
            return Err(ControlError::TooMany);
        }
        let last = self.changes.last().map_or(start, |change| change.at);
        Ok((start, now.saturating_add(AHEAD).max(last)))
    }

    /// The load's time at `now` of the run's clock, from its start.
    fn since(&self, start: Nanos, now: Nanos) -> Nanos {
        self.clock.load_time(now).saturating_sub(start)
    }
}

#[derive(Debug)]
struct Inner {
    dials: Dials,
    count: AtomicUsize,
    state: Mutex<State>,
}

/// Takes commands and hands them to the shards; clones are the same one.
#[derive(Debug, Clone)]
pub struct LiveControl(Arc<Inner>);

impl LiveControl {
    /// For the load of `plan`.
    pub fn new(plan: &Plan) -> Self {
        let dials = Dials::new(plan);
        let state = State {
            start: None,
            clock: LoadClock::default(),
            rates: dials.plans(),
            vus: dials.plans(),
            changes: Vec::new(),
            told: Vec::new(),
        };
        Self(Arc::new(Inner { dials, count: AtomicUsize::new(0), state: Mutex::new(state) }))
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
        let index = self.0.dials.find(scenario)?;
        self.carry_out(command, Some(index), by, now)
    }

    /// From now on users do not send those requests of the plan for which there is a time, by index,
    /// but wait as long. Everything else is sent as before: it comes at the same rate.
    ///
    /// # Errors
    /// Why nothing changes.
    pub fn leave_out(
        &self,
        instead: &[Option<Duration>],
        by: &str,
        now: Nanos,
    ) -> Result<LoadChange, ControlError> {
        let mut state = self.state();
        let (_, at) = state.next_moment(now)?;
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let sent = count(instead.iter().filter(|instead| instead.is_none()).count());
        let kind = LoadChangeKind::Requests { sent, of: count(instead.len()) };
        let act = Act::LeaveOut(instead.iter().map(|time| time.map(nanos)).collect());
        Ok(self.note(&mut state, Change { at, act }, (by, None), kind))
    }

    fn carry_out(
        &self,
        command: LoadCommand,
        of: Option<usize>,
        by: &str,
        now: Nanos,
    ) -> Result<LoadChange, ControlError> {
        let mut state = self.state();
        let (start, at) = state.next_moment(now)?;
        let since = state.since(start, at);
        let dials = &self.0.dials;
        let (act, kind) = match command {
            LoadCommand::Rate(amount) => {
                let turned = dials.turn(Dial::Rate, amount, of, &state.rates, since)?;
                let (factor, per_second) = (turned.factor, turned.asked);
                (Act::Rate(turned.factors), LoadChangeKind::Rate { factor, per_second })
            }
            LoadCommand::Vus(amount) => {
                let turned = dials.turn(Dial::Vus, amount, of, &state.vus, since)?;
                let (factor, vus) = (turned.factor, users(turned.asked));
                (Act::Vus(turned.factors), LoadChangeKind::Vus { factor, vus })
            }
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
            Act::LeaveOut(_) => {}
        }
        let scenario = match act {
            Act::Rate(_) | Act::Vus(_) => of.map(|of| dials.scenarios[of].name.clone()),
            Act::Pause | Act::Resume | Act::LeaveOut(_) => None,
        };
        Ok(self.note(&mut state, Change { at, act }, (by, scenario), kind))
    }

    /// For the shards, and for those who are told.
    fn note(
        &self,
        state: &mut State,
        change: Change,
        (by, scenario): (&str, Option<String>),
        kind: LoadChangeKind,
    ) -> LoadChange {
        let at = Duration::from_nanos(change.at);
        let told = LoadChange { at, by: by.to_owned(), scenario, kind };
        state.changes.push(change);
        state.told.push(told.clone());
        self.0.count.store(state.changes.len(), Ordering::Relaxed);
        told
    }

    /// How the load stands at `now` of the run's clock.
    pub fn status(&self, now: Nanos) -> ControlStatus {
        let state = self.state();
        let since = state.start.map(|start| state.since(start, now));
        let at = since.unwrap_or_default();
        let dials = &self.0.dials;
        let asked = |dial, factors: &[f64]| {
            since.map_or(0.0, |since| dials.asked(dial, None, factors, since))
        };
        ControlStatus {
            running: since.is_some(),
            paused: since.is_some() && state.clock.is_paused(),
            elapsed: Duration::from_nanos(at),
            rate_factor: dials.overall(Dial::Rate, None, &state.rates, at),
            per_second: asked(Dial::Rate, &state.rates),
            vus_factor: dials.overall(Dial::Vus, None, &state.vus, at),
            vus: users(asked(Dial::Vus, &state.vus)),
            scenarios: self.paces(since, &state),
        }
    }

    /// Each scenario so long after the start; `None` when no load runs.
    fn paces(&self, since: Option<Nanos>, state: &State) -> Vec<ScenarioPace> {
        let pace = |(index, planned): (usize, &Planned)| {
            // No scenario is so late.
            let at = since.unwrap_or(Nanos::MAX);
            ScenarioPace {
                name: planned.name.clone(),
                running: planned.runs(at),
                per_second: planned.asked(Dial::Rate, state.rates[index], at),
                vus: planned.asked(Dial::Vus, state.vus[index], at).map(users),
            }
        };
        self.0.dials.scenarios.iter().enumerate().map(pace).collect()
    }

    /// Load starts at this moment.
    pub(in crate::load) fn begin(&self, start: Nanos) {
        self.state().start = Some(start);
    }

    /// Load is over.
    pub(in crate::load) fn end(&self) {
        self.state().start = None;
    }

    /// How many changes there were so far: one relaxed load.
    pub(in crate::load) fn count(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Changes after the first `seen`.
    pub(in crate::load) fn changes(&self, seen: usize) -> Vec<Change> {
        self.state().changes[seen..].to_vec()
    }

    /// The same as events tell them; each is given once.
    pub(in crate::load) fn take_told(&self) -> Vec<LoadChange> {
        std::mem::take(&mut self.state().told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and a half-done change would still be consistent.
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Users are whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of whole numbers, far below 2^53"
)]
fn users(asked: f64) -> u64 {
    asked as u64
}
