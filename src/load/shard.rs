//! A shard: one thread, one readiness loop, its share of the users, its own counters.
//!
//! The loop asks *when* (`iterations`), does *what* and *how* (`exchange`) and reports *counts*;
//! this file holds the state and the loop.

use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::budget::Budget;
use super::counts::SeriesCounts;
use super::draw::Draw;
use super::error::LoadError;
use super::feed::Claims;
use super::link::Link;
use super::link::LinkState;
use super::live::Change;
use super::live::LiveControl;
use super::live::LoadClock;
use super::login::FirstLogins;
use super::login::Handed;
use super::login::LoginLedger;
use super::login::Losses;
use super::look::Spare;
use super::message::GeneratorCounts;
use super::message::Interval;
use super::message::Message;
use super::message::ScenarioSlice;
use super::message::ShardTotals;
use super::part::Part;
use super::program::Program;
use super::scenario::ScenarioRun;
use super::scenario::When;
use super::timers::Timer;
use super::timers::Timers;
use super::user::User;
use crate::flow::Values;
use crate::http::lanes::Lost;
use crate::http::reactor::Accuracy;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::model::ExchangeTap;
use crate::model::RunPart;
use crate::model::Signals;
use crate::model::StopLevel;
use crate::model::StopToken;
use crate::plan::Rows;

/// Length of a window.
pub(super) const INTERVAL: Nanos = 1_000_000_000;

/// The stop token is looked at this often at least.
const STOP_POLL: Nanos = 50_000_000;

/// One read takes at most this much; shared by all connections of the shard.
const READ_BUFFER: usize = 64 * 1024;

/// What all shards share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) program: &'a Program,
    pub(super) stop: &'a StopToken,
    pub(super) control: &'a LiveControl,
    pub(super) tap: Option<&'a dyn ExchangeTap>,
    /// Iterations claimed, by scenario.
    pub(super) claimed: &'a [AtomicU64],
    /// Rows claimed, by feeder.
    pub(super) claims: &'a [Claims],
    /// Logins from before load, and those that are lost in it.
    pub(super) first: &'a FirstLogins,
    pub(super) losses: &'a Losses,
    pub(super) budget: Budget,
    /// When load starts, on the run's clock.
    pub(super) start: Nanos,
    /// Seconds since 1970 when the run's clock showed zero: by it cookies expire.
    pub(super) unix_start: u64,
    pub(super) shards: u32,
    /// Which part of the load all of them are.
    pub(super) part: RunPart,
}

/// Requests are at least so far apart.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) gap: Nanos,
    pub(super) next: Nanos,
}

pub(super) struct Shard<'a, R> {
    pub(super) reactor: R,
    pub(super) shared: Shared<'a>,
    pub(super) users: Vec<User>,
    /// By user, then by origin.
    pub(super) links: Vec<Link>,
    pub(super) runs: Vec<ScenarioRun>,
    pub(super) series: Vec<SeriesCounts>,
    pub(super) timers: Timers,
    /// By user, then by observed header: the value's number in the response under way.
    pub(super) seen: Vec<u16>,
    pub(super) buffer: Vec<u8>,
    /// Slots with more to read than their turn allowed, and whether their peer has closed.
    pub(super) unread: Vec<(u32, bool)>,
    /// Of drawn requests that are over: they wander from user to user.
    #[expect(clippy::vec_box, reason = "a user has the box or none")]
    pub(super) spare_signals: Vec<Box<Signals>>,
    pub(super) plain: Vec<u8>,
    /// Shared links that have something to do before the shard waits again.
    pub(super) due: Vec<u32>,
    /// When connections over QUIC want a turn whatever comes, and their slots.
    pub(super) deadlines: BTreeSet<(Nanos, u32)>,
    /// Exchanges on a shared link that ended, and whose users do not know it yet.
    pub(super) ended: Vec<(u32, Result<(), Lost>)>,
    /// Users in whose calls something has come that they have to answer.
    pub(super) spoken: Vec<u32>,
    /// By origin: the address that answered last.
    pub(super) preferred: Vec<usize>,
    /// Connections begun, this shard's number to begin with: source addresses take turns.
    pub(super) dialled: usize,
    pub(super) pace: Option<Pace>,
    pub(super) rng: StdRng,
    pub(super) generator: GeneratorCounts,
    pub(super) span: Option<(Nanos, Nanos)>,
    pub(super) tap_dropped: u64,
    /// Bytes of the request that a user sends, where they differ from one sending to the next, and
    /// whose they are.
    pub(super) rendered: Vec<u8>,
    pub(super) rendered_for: Option<u32>,
    /// Where in it the user's cookies stand, and room to gather them.
    pub(super) cookies_at: Range<usize>,
    /// Where in it the id of its trace stands, behind those.
    pub(super) trace_at: Range<usize>,
    pub(super) cookie_line: Vec<u8>,
    /// A message of a session before it is framed.
    pub(super) message: Vec<u8>,
    pub(super) spare: Spare,
    /// By feeder, once something was read of it.
    pub(super) rows: Vec<Option<Rows<'a>>>,
    /// Responses of which only the beginning was looked at.
    pub(super) bodies_cut: u64,
    /// What setup has taken; of any other program nothing.
    pub(super) captured: Option<Values>,
    /// By login.
    pub(super) logins: Vec<LoginLedger>,
    /// What first logins gave; of any other program nothing.
    pub(super) handed: Vec<Handed>,
    pub(super) number: usize,
    sender: SyncSender<Message>,
    /// What the collector had no room for.
    unsent: Option<Box<Interval>>,
    interval_start: Nanos,
    busy_before: Nanos,
    stop_seen: StopLevel,
    /// The load's own time, by which scenarios start and end.
    pub(super) clock: LoadClock,
    /// Requests of the plan that are not sent, by index, and how long users wait instead; empty while
    /// all are sent.
    pub(super) left_out: Arc<[Option<Nanos>]>,
    changes_seen: usize,
    /// Changes whose moment has not come.
    changes: VecDeque<Change>,
}

impl<'a, R: Reactor> Shard<'a, R> {
    pub(super) fn new(
        reactor: R,
        shared: Shared<'a>,
        number: u32,
        sender: SyncSender<Message>,
    ) -> Self {
        let program = shared.program;
        let lanes = program.lanes();
        let runs = (0u32..)
            .zip(&program.scenarios)
            .map(|(index, scenario)| {
                // By name and not by number: a scenario before it changes nothing.
                let seed = program.seed.derive(&format!("arrivals of {}", scenario.name));
                let part = Part::of_run(shared.part, (number, shared.shards), index, lanes);
                let groups = program.groups[index as usize].len();
                ScenarioRun::new(scenario, groups, seed, shared.start, part)
            })
            .collect();
        let draws = program.seed.derive(&format!("draws of thread {number}"));
        let mut draws = StdRng::seed_from_u64(draws.0);
        let needs_tls =
            program.origins.iter().any(|origin| origin.tls.is_some() || origin.proxy_tls.is_some());
        Self {
            reactor,
            shared,
            users: Vec::new(),
            links: Vec::new(),
            runs,
            series: program
                .answers
                .iter()
                .map(|filters| {
                    let seed = draws.random();
                    let draw = Draw::new(program.answers.len(), shared.shards, seed);
                    SeriesCounts::new(shared.budget, filters, draw)
                })
                .collect(),
            timers: Timers::default(),
            seen: Vec::new(),
            buffer: vec![0; READ_BUFFER],
            unread: Vec::new(),
            spare_signals: Vec::new(),
            plain: vec![0; if needs_tls { READ_BUFFER } else { 0 }],
            due: Vec::new(),
            deadlines: BTreeSet::new(),
            ended: Vec::new(),
            spoken: Vec::new(),
            preferred: vec![0; program.origins.len()],
            dialled: number as usize,
            pace: pace(program, shared),
            rng: StdRng::seed_from_u64(
                program
                    .seed
                    .derive(&format!(
                        "load shard {}",
                        number * shared.part.of + shared.part.index()
                    ))
                    .0,
            ),
            generator: GeneratorCounts::new(),
            span: None,
            tap_dropped: 0,
            rendered: Vec::new(),
            rendered_for: None,
            cookies_at: 0..0,
            trace_at: 0..0,
            cookie_line: Vec::new(),
            message: Vec::new(),
            spare: Spare::default(),
            rows: Vec::new(),
            bodies_cut: 0,
            logins: shared.program.logins.iter().map(|_| LoginLedger::default()).collect(),
            captured: None,
            handed: Vec::new(),
            number: number as usize,
            sender,
            unsent: None,
            interval_start: shared.start,
            busy_before: 0,
            stop_seen: StopLevel::Running,
            clock: LoadClock::default(),
            changes_seen: 0,
            left_out: Arc::default(),
            changes: VecDeque::new(),
        }
    }

    /// Runs until every scenario is over.
    pub(super) fn run(mut self) -> Result<ShardTotals, LoadError> {
        self.busy_before = self.reactor.busy();
        loop {
            let now = self.reactor.now();
            self.heed_stop(now);
            self.heed_control(now);
            self.follow_plan(now);
            self.wake_users(now);
            self.wake_quic(now);
            self.dispatch_arrivals(now);
            self.end_scenarios(now);
            self.turn_due();
            if now >= self.interval_start + INTERVAL {
                self.flush(now);
            }
            if self.runs.iter().all(|run| run.over) {
                return Ok(self.finish(now));
            }
            let (until, accuracy) = self.next_deadline(now);
            self.reactor.wait(until, accuracy).map_err(LoadError::Reactor)?;
            self.handle_ready();
        }
    }

    fn handle_ready(&mut self) {
        let first = self.reactor.next_ready();
        if first.is_none() && self.unread.is_empty() {
            return;
        }
        let woke = self.reactor.now();
        self.receive_unread();
        let mut next = first;
        while let Some(ready) = next {
            self.on_ready(ready);
            next = self.reactor.next_ready();
        }
        self.turn_due();
        let delay = self.reactor.now() - woke;
        self.generator.loop_delay.record_us(delay / 1000);
    }

    fn heed_stop(&mut self, now: Nanos) {
        let level = self.shared.stop.level();
        if level == self.stop_seen {
            return;
        }
        self.stop_seen = level;
        // What stands still could not come to its end.
        self.clock.resume(now);
        let now = self.clock.load_time(now);
        for run in &mut self.runs {
            run.stop(now);
            if level == StopLevel::Cancelled {
                run.hard_end = run.hard_end.min(now);
            }
        }
    }

    /// Carries out the changes whose moment has come.
    fn heed_control(&mut self, now: Nanos) {
        if self.shared.control.count() != self.changes_seen {
            let changes = self.shared.control.changes(self.changes_seen);
            self.changes_seen += changes.len();
            self.changes.extend(changes);
        }
        while let Some(change) = self.changes.pop_front_if(|change| change.at <= now) {
            self.change(change, now);
        }
    }

    /// The earliest moment at which something is to be done, and how exactly.
    fn next_deadline(&self, now: Nanos) -> (Nanos, Accuracy) {
        if !self.unread.is_empty() {
            return (now, Accuracy::Coarse);
        }
        let mut exact = Nanos::MAX;
        let mut coarse = (now + STOP_POLL).min(self.interval_start + INTERVAL);
        match self.timers.next() {
            Some((at, Timer::Pause | Timer::Think)) => exact = at,
            Some((at, Timer::Timeout | Timer::Connect | Timer::Answer)) => coarse = coarse.min(at),
            None => {}
        }
        if let Some((at, _)) = self.deadlines.first() {
            coarse = coarse.min(*at);
        }
        if let Some(change) = self.changes.front() {
            coarse = coarse.min(change.at);
        }
        // While it stands still, nothing comes nearer.
        let (exact, coarse) = if self.clock.is_paused() {
            (exact, coarse)
        } else {
            let (next_exact, next_coarse) = self.next_of_load(self.clock.load_time(now));
            let on_run = |at: Nanos| self.clock.run_time(at);
            (exact.min(on_run(next_exact)), coarse.min(on_run(next_coarse)))
        };
        if exact <= coarse { (exact, Accuracy::Exact) } else { (coarse, Accuracy::Coarse) }
    }

    /// The same for what is planned, on the load's own clock: what is to be exact, and what not.
    fn next_of_load(&self, now: Nanos) -> (Nanos, Nanos) {
        let (mut exact, mut coarse) = (Nanos::MAX, Nanos::MAX);
        for run in self.runs.iter().filter(|run| !run.over) {
            if !run.started {
                exact = exact.min(run.start);
            }
            match &run.when {
                When::Open(open) if open.can_take() => {
                    exact = exact.min(open.next.unwrap_or(Nanos::MAX));
                }
                When::Open(_) => {}
                When::Closed(closed) => {
                    coarse = coarse.min(closed.next_overdue().unwrap_or(Nanos::MAX));
                    if now < run.end {
                        coarse = coarse.min(closed.next_change);
                    }
                }
            }
            let end = if now < run.end { run.end } else { run.hard_end };
            coarse = coarse.min(end);
        }
        (exact, coarse)
    }

    /// Sends what was counted, or keeps it for the next time: a shard never waits for the
    /// collector.
    fn flush(&mut self, now: Nanos) {
        let interval = Box::new(self.take_interval(now));
        let interval = match self.unsent.take() {
            Some(mut earlier) => {
                earlier.append(*interval);
                earlier
            }
            None => interval,
        };
        let outcome = self.sender.try_send(Message::Interval(self.number, interval));
        // Without a collector nobody wants to know; it has already cancelled the run.
        if let Err(TrySendError::Full(Message::Interval(_, kept))) = outcome {
            self.unsent = Some(kept);
        }
    }

    fn take_interval(&mut self, now: Nanos) -> Interval {
        // Windows end on whole seconds, so that all shards' are the same.
        let since_start = now.saturating_sub(self.shared.start);
        let whole = self.shared.start + since_start / INTERVAL * INTERVAL;
        let to = if whole > self.interval_start { whole } else { now.max(self.interval_start) };
        let from = std::mem::replace(&mut self.interval_start, to);
        let busy = self.reactor.busy();
        let clock = self.clock;
        Interval {
            from,
            to,
            series: Interval::take_series(&mut self.series, &self.shared.program.observe),
            scenarios: self.runs.iter_mut().map(|run| take_slice(run, clock, (from, to))).collect(),
            generator: self.generator.take(),
            busy: busy - std::mem::replace(&mut self.busy_before, busy),
            connections: self.open_connections(),
        }
    }

    /// By origin. Counted once per interval: a count kept up to date would cost at every change.
    fn open_connections(&self) -> Vec<u64> {
        let mut open = vec![0; self.shared.program.origins.len()];
        for (slot, link) in self.links.iter().enumerate() {
            open[slot % self.shared.program.origins.len()] +=
                u64::from(link.state != LinkState::Closed);
        }
        open
    }

    /// The last interval may wait for the collector: there is nothing left to delay.
    fn finish(mut self, now: Nanos) -> ShardTotals {
        if now >= self.interval_start + INTERVAL {
            self.flush(now);
        }
        self.say_goodbye_to_all();
        let mut last = Box::new(self.take_interval(now));
        if let Some(mut earlier) = self.unsent.take() {
            earlier.append(*last);
            last = earlier;
        }
        for message in [Message::Interval(self.number, last), Message::Done(self.number)] {
            // Without a collector nobody wants to know.
            let _ = self.sender.send(message);
        }
        ShardTotals {
            span: self.span,
            tap_dropped: self.tap_dropped,
            bodies_cut: self.bodies_cut,
            captured: self.captured,
            handed: self.handed,
            logins: self.logins.into_iter().map(|login| login.counts).collect(),
        }
    }
}

fn take_slice(
    run: &mut ScenarioRun,
    clock: LoadClock,
    (from, to): (Nanos, Nanos),
) -> ScenarioSlice {
    let (from, to) = (clock.load_time(from), clock.load_time(to));
    let tally = run.counts.take();
    let has_news = tally.iterations + tally.interrupted + tally.dropped > 0;
    ScenarioSlice {
        running: has_news || run.active > 0 || (run.start < to && run.end > from),
        vus: run.active.into(),
        starved: std::mem::take(&mut run.starved),
        tally,
    }
}

/// The cap, shared out evenly.
fn pace(program: &Program, shared: Shared<'_>) -> Option<Pace> {
    let per_second =
        program.max_rps.filter(|cap| *cap > 0.0)? / f64::from(shared.shards * shared.part.of);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and saturating is what is meant"
    )]
    let gap = (1e9 / per_second) as Nanos;
    Some(Pace { gap, next: shared.start })
}
