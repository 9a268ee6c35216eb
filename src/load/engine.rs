//! Load from start to end: compile, share out to shards, collect, tell.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use super::budget::Budget;
use super::budget::Wanted;
use super::collector::Collector;
use super::error::LoadError;
use super::feed::Claims;
use super::limits;
use super::live::LiveControl;
use super::login;
use super::login::Expanded;
use super::login::FirstLogins;
use super::login::LoginCounts;
use super::login::Losses;
use super::login::NoLogin;
use super::login::Told;
use super::login::expand;
use super::login::log_in_first;
use super::message::Message;
use super::message::ShardTotals;
use super::prelude;
use super::prelude::Given;
use super::program::Program;
use super::shard::Shard;
use super::shard::Shared;
use super::watch::Watch;
use super::watch::local_ports;
use crate::http::clock::Clock;
use crate::http::reactor::Idle;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::reactor::SystemReactor;
use crate::model::ControlCommand;
use crate::model::Event;
use crate::model::EventSender;
use crate::model::ExchangeTap;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Phase;
use crate::model::RunPart;
use crate::model::SessionReport;
use crate::model::StopToken;
use crate::model::format_bytes;
use crate::model::format_duration;
use crate::plan::Plan;

/// The schedule starts this long after the shards: threads have to be created first, and a late
/// start would be a lag.
const LEAD: Nanos = 5_000_000;

/// Messages that a shard may be ahead of the collector.
const MESSAGES_PER_SHARD: usize = 4;

/// Virtual users below which another thread is not worth its wake-ups.
const USERS_PER_THREAD: u64 = 64;

/// Arrivals per second and thread above which polling before each would take a quarter of a core
/// (24 % at 5,000/s).
const MAX_SPIN_RATE: f64 = 5_000.0;

/// What to run.
#[derive(Clone)]
pub struct LoadJob {
    /// Scenarios, flows, requests, scope, connection.
    pub plan: Arc<Plan>,
    /// The run's clock: every time in events counts from its start.
    pub clock: Clock,
    /// Shards; `None` is one per 64 virtual users, and at most half of the cores.
    pub threads: Option<usize>,
    /// Through which users change the load while it runs.
    pub control: LiveControl,
    /// Where sampled exchanges are offered.
    pub tap: Option<Arc<dyn ExchangeTap>>,
    /// Which part of the load it is, where several processes share it.
    pub part: RunPart,
    /// When load is to start, milliseconds since 1970: at once, or when setup is over, without it.
    pub start_at_unix_ms: Option<u64>,
}

/// Runs the plan's load part and tells everything through `events`: `PhaseStarted`,
/// `LoadDeclared`, windows of a second, `LoadFinished`, `Validity`, `PhaseFinished`. Blocks until
/// all scenarios are over; must not be called on an async runtime's own thread.
///
/// `stop` at `Stopping` lets running iterations finish within their scenario's grace, at
/// `Cancelled` it cuts them off. Where nobody takes the events any more, the run is cancelled.
///
/// # Errors
/// [`LoadError`] for what prevents starting, and for a readiness loop that breaks.
pub fn run(job: &LoadJob, events: &EventSender, stop: &StopToken) -> Result<(), LoadError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let unix_start = job.clock.unix_seconds().saturating_sub(job.clock.now().as_secs());
    let once = |_: usize| SystemReactor::new(job.clock, Idle::Park);
    let before = (job.clock.nanos(), unix_start);
    let Begun { given, expanded, first } = begin(job, before, &once, events, stop)?;
    let mut program = Program::compile(&expanded, &given)?;
    let shards = job.threads.unwrap_or_else(|| default_threads(&program, cores)).max(1);
    let idle = idle(&program, shards, cores);
    program.deal_iterations(job.part);
    let budget = number_series(&mut program, &expanded.plan, shards);
    let start = start(job, events);
    let engine = Engine {
        tap: job.tap.as_deref(),
        events: Some(events),
        first,
        part: job.part,
        ..Engine::quiet(&program, (budget, shards), (start, unix_start), &job.control, stop)
    };
    engine.run(
        |_| SystemReactor::new(job.clock, idle),
        || prelude::tear_down(job, &given, (job.clock.nanos(), unix_start), &once, stop),
    )
}

/// [`run`] on reactors made by `reactor` (on the shard's own thread), with `start` as the moment
/// on their clocks at which load starts: the seam for tests in virtual time.
///
/// # Errors
/// As [`run`].
pub fn run_on<R: Reactor>(
    job: &LoadJob,
    start: Nanos,
    reactor: impl Fn(usize) -> io::Result<R> + Sync,
    events: &EventSender,
    stop: &StopToken,
) -> Result<(), LoadError> {
    let unix_start = job.clock.unix_seconds();
    let Begun { given, expanded, first } = begin(job, (start, unix_start), &reactor, events, stop)?;
    let mut program = Program::compile(&expanded, &given)?;
    let shards = job.threads.unwrap_or(1).max(1);
    program.deal_iterations(job.part);
    let budget = number_series(&mut program, &expanded.plan, shards);
    let engine = Engine {
        tap: job.tap.as_deref(),
        events: Some(events),
        first,
        part: job.part,
        ..Engine::quiet(&program, (budget, shards), (start, unix_start), &job.control, stop)
    };
    engine.run(&reactor, || prelude::tear_down(job, &given, (start, unix_start), &reactor, stop))
}

/// When load starts, on the run's clock. Where the moment has passed while setup went on, the parts of
/// a run are no longer together, and that is said.
fn start(job: &LoadJob, events: &EventSender) -> Nanos {
    let soonest = job.clock.nanos() + LEAD;
    let Some(at) = job.start_at_unix_ms else { return soonest };
    let now = job.clock.unix_millis();
    let notice = if at < now {
        let late = format_duration(Duration::from_millis(now - at));
        let text = format!("load starts {late} after --start-at: what comes before it took longer");
        Notice { level: NoticeLevel::Warning, text }
    } else {
        let ahead = format_duration(Duration::from_millis(at - now));
        Notice { level: NoticeLevel::Info, text: format!("load starts in {ahead}") }
    };
    // Without anybody who takes them, the run is cancelled at its first event.
    let _gone = events.blocking_send(Event::Notice(notice));
    soonest.max(job.clock.nanos() + at.saturating_sub(now) * 1_000_000)
}

/// What is there before load begins.
struct Begun<'a> {
    given: Given,
    expanded: Expanded<'a>,
    first: FirstLogins,
}

/// Does what comes before load: setup, and the first logins. Where these do not work, teardown ends
/// the run.
fn begin<'a, R: Reactor>(
    job: &'a LoadJob,
    at: (Nanos, u64),
    reactor: &(impl Fn(usize) -> io::Result<R> + Sync),
    events: &EventSender,
    stop: &StopToken,
) -> Result<Begun<'a>, LoadError> {
    let (start, unix_start) = at;
    let given = prelude::set_up(job, start, unix_start, reactor, stop)?;
    let expanded = expand(&job.plan);
    let sessions = match log_in_first(job, &expanded, at, reactor, stop) {
        Ok(first) => return Ok(Begun { given, expanded, first }),
        Err(NoLogin::Broken(error)) => return Err(error),
        Err(NoLogin::Refused(sessions)) => sessions,
    };
    let reasons: Vec<String> = sessions.iter().filter_map(SessionReport::loss).collect();
    let told = sessions.into_iter().map(|session| Event::Session(Box::new(session)));
    let left = prelude::tear_down(job, &given, at, reactor, stop)?.err().map(|text| {
        let text = format!("`teardown`: {text}");
        Event::Notice(Notice { level: NoticeLevel::Warning, text })
    });
    for event in told.chain(left) {
        // Without anybody who takes them, the error says it.
        let _gone = events.blocking_send(event);
    }
    Err(LoadError::Login(reasons.join("; ")))
}

/// As many series as there is memory for.
pub(super) fn number_series(program: &mut Program, plan: &Plan, shards: usize) -> (Budget, Wanted) {
    let wanted = program.wanted(plan, shards);
    let budget = Budget::of(wanted);
    program.number_series(plan, budget.series);
    (budget, wanted)
}

/// A program that is run.
pub(super) struct Engine<'a> {
    program: &'a Program,
    budget: (Budget, Wanted),
    shards: usize,
    start: Nanos,
    unix_start: u64,
    control: &'a LiveControl,
    tap: Option<&'a dyn ExchangeTap>,
    /// Nobody is told where there is none.
    events: Option<&'a EventSender>,
    stop: &'a StopToken,
    first: FirstLogins,
    losses: Losses,
    part: RunPart,
}

impl<'a> Engine<'a> {
    /// One that tells nobody and offers nothing: on so many shards, from `start` on the run's clock,
    /// which showed zero at `unix_start` seconds since 1970.
    pub(super) fn quiet(
        program: &'a Program,
        (budget, shards): ((Budget, Wanted), usize),
        (start, unix_start): (Nanos, u64),
        control: &'a LiveControl,
        stop: &'a StopToken,
    ) -> Self {
        Self {
            program,
            budget,
            shards,
            start,
            unix_start,
            control,
            tap: None,
            events: None,
            stop,
            first: FirstLogins::default(),
            losses: Losses::default(),
            part: RunPart::WHOLE,
        }
    }
}

impl Engine<'_> {
    fn run<R: Reactor>(
        &self,
        reactor: impl Fn(usize) -> io::Result<R> + Sync,
        teardown: impl FnOnce() -> Result<Result<(), String>, LoadError>,
    ) -> Result<(), LoadError> {
        if self.program.series.is_empty() {
            return Err(LoadError::NothingToRun);
        }
        self.tell(Event::PhaseStarted(Phase::Load));
        self.tell(Event::LoadDeclared {
            scenarios: self.program.scenario_metas(),
            series: self.program.series.clone(),
        });
        let (budget, wanted) = self.budget;
        for notice in budget.notices(wanted) {
            self.tell(Event::Notice(notice));
        }
        let connections = self.program.max_connections();
        for notice in limits::check(connections, self.program.sources()) {
            self.tell(Event::Notice(notice));
        }
        let watch = Watch::new(local_ports(self.program.sources()));
        let digits = budget.digits;
        let mut collector = Collector::new(self.program, digits, self.shards, self.start, watch);
        self.control.begin(self.start);
        let claims = self.program.claims();
        let totals = self.run_shards(&reactor, &claims, &mut collector);
        self.control.end();
        let totals = totals?;
        let feeders = claims.iter().zip(&self.program.data.feeders);
        for notice in feeders.filter_map(|(claims, feeder)| claims.notice(feeder, self.part)) {
            self.tell(Event::Notice(notice));
        }
        self.tell_changes();
        self.tell_cut(totals.iter().map(|shard| shard.bodies_cut).sum());
        self.tell_losses();
        let of_shards = totals.iter().map(|shard| shard.logins.clone());
        let counts: Vec<Vec<LoginCounts>> = of_shards.chain([self.first.counts.clone()]).collect();
        for report in login::reports(&self.program.logins, &counts) {
            self.tell(Event::Session(Box::new(report)));
        }
        let (totals, validity) = collector.finish(totals);
        self.tell(Event::LoadFinished(totals));
        self.tell(Event::Validity(validity));
        self.tell_teardown(teardown()?);
        self.tell(Event::PhaseFinished(Phase::Load));
        Ok(())
    }

    pub(super) fn run_shards<R: Reactor>(
        &self,
        reactor: &(impl Fn(usize) -> io::Result<R> + Sync),
        claims: &[Claims],
        collector: &mut Collector<'_>,
    ) -> Result<Vec<ShardTotals>, LoadError> {
        let claimed: Vec<_> = self.program.scenarios.iter().map(|_| AtomicU64::new(0)).collect();
        let (sender, messages) = sync_channel::<Message>(self.shards * MESSAGES_PER_SHARD);
        let shared = Shared {
            program: self.program,
            stop: self.stop,
            control: self.control,
            tap: self.tap,
            claimed: &claimed,
            claims,
            first: &self.first,
            losses: &self.losses,
            budget: self.budget.0,
            start: self.start,
            unix_start: self.unix_start,
            shards: u32::try_from(self.shards).expect("fewer threads than 2^32"),
            part: self.part,
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..shared.shards)
                .map(|number| {
                    let sender = sender.clone();
                    scope.spawn(move || {
                        // On its own thread: a reactor sets the timer slack of its thread.
                        let reactor = reactor(number as usize).map_err(LoadError::Reactor)?;
                        Shard::new(reactor, shared, number, sender).run()
                    })
                })
                .collect();
            drop(sender);
            collector.run(&messages, |event| {
                self.tell_changes();
                self.tell_losses();
                self.tell(event);
            });
            threads
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(outcome) => outcome,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }

    /// What is not looked at cannot hold, and is not found.
    fn tell_cut(&self, bodies: u64) {
        if bodies == 0 {
            return;
        }
        let text = format!(
            "{bodies} response bodies were longer than the {} that flows look at: what is behind \
             them was not extracted",
            format_bytes(self.program.body_limit as u64)
        );
        self.tell(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
    }

    fn tell_losses(&self) {
        for told in self.losses.take(&self.program.logins, &self.first.counts) {
            let Told { login, report, is_first, is_over } = told;
            let say = |level, text| self.tell(Event::Notice(Notice { level, text }));
            if let Some(loss) = report.loss().filter(|_| is_first) {
                say(NoticeLevel::Warning, loss);
            }
            if is_over {
                let names = self.program.scenarios.iter().enumerate();
                let ended = names.filter(|(index, _)| self.program.needs_login(*index, login));
                let ended: Vec<&str> = ended.map(|(_, scenario)| &*scenario.name).collect();
                let text = format!(
                    "auth_lost: nobody has the login as {} any more; `{}` ends here",
                    report.name(),
                    ended.join("`, `")
                );
                say(NoticeLevel::Error, text);
            }
            self.tell(Event::Session(Box::new(report)));
        }
    }

    fn tell_changes(&self) {
        for change in self.control.take_told() {
            self.tell(Event::LoadChanged(change));
        }
    }

    /// What teardown leaves behind is no figure of the load.
    fn tell_teardown(&self, outcome: Result<(), String>) {
        if let Err(text) = outcome {
            let text = format!("`teardown`: {text}");
            self.tell(Event::Notice(Notice { level: NoticeLevel::Warning, text }));
        }
    }

    fn tell(&self, event: Event) {
        let Some(events) = self.events else { return };
        if events.blocking_send(event).is_err() {
            self.stop.apply(ControlCommand::Cancel);
        }
    }
}

fn default_threads(program: &Program, cores: usize) -> usize {
    let by_users = usize::try_from(program.max_vus() / USERS_PER_THREAD).unwrap_or(usize::MAX);
    // A connection's users are on one shard.
    let by_connections = usize::try_from(program.max_connections()).unwrap_or(usize::MAX);
    by_users.min(by_connections).clamp(1, (cores / 2).max(1))
}

/// Polling before a deadline needs a core that nobody else needs.
fn idle(program: &Program, shards: usize, cores: usize) -> Idle {
    let rate: f64 =
        program.scenarios.iter().filter_map(|scenario| scenario.executor.peak_rate()).sum();
    // Without a schedule, nobody minds a think time that ends 50 µs late.
    let is_affordable = rate > 0.0 && rate / shards as f64 <= MAX_SPIN_RATE;
    if cores > shards && is_affordable { Idle::Spin } else { Idle::Park }
}
