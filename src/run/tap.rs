//! What is looked for in sampled load traffic: a bounded queue between the shards and one worker, which
//! may take so much of a core and no more, because the load needs the rest.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use super::blocked::Blocked;
use super::derive::Deriver;
use crate::http::clock::Clock;
use crate::http::content;
use crate::model::Event;
use crate::model::EventSender;
use crate::model::ExchangeTap;
use crate::model::Finding;
use crate::model::LoadWindow;
use crate::model::Need;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::StopReason;
use crate::model::Tapped;
use crate::scan::Passive;
use crate::stress::Watch;

/// Exchanges that may wait for the worker, and places among them for those of which each is needed: when
/// all goes wrong there is no end of errors.
const QUEUE: usize = 256;
const RESERVED: usize = 64;

/// Share of the time that the worker may look, and how long it may do so at once before that counts. What
/// is needed of each kind is looked at all the same.
const SHARE: f64 = 0.015;
const AT_ONCE: Duration = Duration::from_millis(50);

/// What is needed of each kind may take more than the share: so long at most nothing else is looked at then.
const LONGEST: Duration = Duration::from_secs(10);

/// Bytes of a body, decoded.
const MAX_BODY: usize = 256 * 1024;

/// Takes exchanges without ever blocking. What does not fit is not wanted; the asker counts it.
pub(super) struct Tap {
    every: u64,
    queue: SyncSender<Tapped>,
    waiting: Arc<AtomicUsize>,
    rest: Arc<Rest>,
}

/// Until when the worker has looked enough.
#[derive(Debug)]
struct Rest {
    clock: Clock,
    /// In nanoseconds, by it.
    until: AtomicU64,
}

impl Rest {
    fn new(clock: Clock) -> Self {
        Self { clock, until: AtomicU64::new(0) }
    }

    /// After a look that took so long.
    fn take(&self, took: Duration) {
        let now = self.clock.now();
        let burst = AT_ONCE.div_f64(SHARE);
        let owed = Duration::from_nanos(self.until.load(Ordering::Relaxed));
        let owed = owed.max(now.saturating_sub(burst)) + took.div_f64(SHARE);
        let until = owed.min(now + LONGEST);
        self.until.store(u64::try_from(until.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        let now = self.clock.now().as_nanos();
        now >= u128::from(self.until.load(Ordering::Relaxed))
    }
}

impl ExchangeTap for Tap {
    fn every(&self) -> u64 {
        self.every
    }

    fn wants(&self, need: Need) -> bool {
        let waiting = self.waiting.load(Ordering::Relaxed);
        match need {
            Need::Each => waiting < QUEUE,
            Need::Some => waiting < QUEUE - RESERVED && self.rest.is_over(),
        }
    }

    fn offer(&self, tapped: Tapped) {
        // Another shard may have taken the last place since `wants`: then this one is let go.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(tapped).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The load's rate as its windows come in.
#[derive(Debug, Default, Clone)]
pub(super) struct Level(Arc<Mutex<Option<Interval>>>);

/// What came in the last interval, of all its windows: a warm-up has one of its own.
#[derive(Debug, Clone, Copy)]
struct Interval {
    from: Duration,
    to: Duration,
    requests: u64,
}

impl Level {
    /// Requests per second of the last interval; `None` in the first.
    fn get(&self) -> Option<f64> {
        let interval = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let length = interval.to.saturating_sub(interval.from).max(Duration::from_millis(1));
        Some(interval.requests as f64 / length.as_secs_f64())
    }

    fn add(&self, window: &LoadWindow) {
        let requests: u64 = window.series.iter().map(|series| series.tally.requests).sum();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = last.filter(|last| last.from == window.from);
        let before = same.map_or(0, |last| last.requests);
        *last = Some(Interval { from: window.from, to: window.to, requests: before + requests });
    }
}

impl Deriver for Level {
    fn look(&mut self, stamped: &Stamped, _report: &Report) -> Option<StopReason> {
        if let Event::LoadWindow(window) = &stamped.event {
            self.add(window);
        }
        None
    }
}

/// What the tap's worker and those who look at events tell each other.
#[derive(Debug, Default, Clone)]
pub(super) struct Shared {
    /// From the windows to the worker.
    pub(super) level: Level,
    /// From the worker to who judges windows.
    pub(super) blocked: Blocked,
}

/// Who looks at what load offers.
pub(super) struct Watchers {
    pub(super) passive: Option<Passive>,
    pub(super) watch: Watch,
    /// Requests of the plan that must be refused.
    pub(super) refused: Vec<usize>,
    pub(super) shared: Shared,
}

/// The tap and the worker's thread, which ends when the last tap is dropped.
pub(super) fn tap(
    watchers: Watchers,
    (every, clock): (u64, Clock),
    events: EventSender,
) -> (Arc<Tap>, std::thread::JoinHandle<()>) {
    let (queue, exchanges) = sync_channel(QUEUE);
    let waiting = Arc::new(AtomicUsize::new(0));
    let rest = Arc::new(Rest::new(clock));
    let (counter, own) = (Arc::clone(&waiting), Arc::clone(&rest));
    let worker =
        std::thread::spawn(move || inspect(watchers, &exchanges, (&counter, &own), &events));
    (Arc::new(Tap { every, queue, waiting, rest }), worker)
}

fn inspect(
    mut watchers: Watchers,
    exchanges: &Receiver<Tapped>,
    (waiting, rest): (&AtomicUsize, &Rest),
    events: &EventSender,
) {
    for meta in watchers.watch.rules() {
        let _ = events.blocking_send(Event::RuleDeclared(meta));
    }
    while let Ok(tapped) = exchanges.recv() {
        let began = rest.clock.now();
        waiting.fetch_sub(1, Ordering::Relaxed);
        let tapped = plain(tapped);
        if let Some(passive) = &mut watchers.passive {
            tell(passive.inspect(&tapped.exchange), events);
        }
        if !watchers.refused.contains(&tapped.request) {
            watchers.shared.blocked.note(&tapped);
        }
        let found = watchers.watch.look(&tapped, watchers.shared.level.get());
        rest.take(rest.clock.now().saturating_sub(began));
        tell(found, events);
    }
    if let Some(passive) = &mut watchers.passive {
        tell(passive.take_updates(), events);
    }
    tell(watchers.watch.end(), events);
    for outcome in watchers.watch.outcomes() {
        let _ = events.blocking_send(Event::RuleFinished(outcome));
    }
}

/// Bodies as they are read: load asks for no coding, but a plan may.
fn plain(mut tapped: Tapped) -> Tapped {
    if let Ok(response) = &mut tapped.exchange.outcome
        && let Some(coding) = response.header("content-encoding").map(|coding| coding.text())
        && let Some(decoded) = content::decoded(&coding, &response.body, MAX_BODY)
    {
        response.body = decoded.body;
    }
    tapped
}

fn tell(findings: Vec<Finding>, events: &EventSender) {
    for finding in findings {
        // The pump outlives the engines; if it is gone, so is everybody who would read this.
        let _ = events.blocking_send(Event::Finding(Box::new(finding)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::bed;
    use super::*;
    use crate::model::Digits;
    use crate::model::Tally;

    fn window(second: u64, requests: u64, warmup: bool) -> LoadWindow {
        let tally = Tally { requests, ..Tally::new(Digits::Two) };
        LoadWindow { warmup, ..bed::window(second, tally) }
    }

    #[test]
    fn whoever_has_looked_for_long_rests_as_much_longer() {
        let rest = Rest::new(Clock::start());
        rest.take(Duration::from_millis(50));
        assert!(!rest.is_over(), "50 ms are what 3 s may take");
        rest.take(Duration::from_secs(60));
        let until = Duration::from_nanos(rest.until.load(Ordering::Relaxed));
        assert!(until >= LONGEST && until < LONGEST + Duration::from_secs(5), "{until:?}");
        let (queue, _exchanges) = sync_channel(1);
        let tap = Tap { every: 100, queue, waiting: Arc::default(), rest: Arc::new(rest) };
        assert!(!tap.wants(Need::Some) && tap.wants(Need::Each));
    }

    #[test]
    fn the_level_is_that_of_the_last_interval_with_its_warm_up() {
        let level = Level::default();
        assert_eq!(level.get(), None, "nobody knows yet");
        level.add(&window(0, 40, false));
        level.add(&window(0, 60, true));
        assert_eq!(level.get(), Some(100.0));
        level.add(&window(1, 30, false));
        assert_eq!(level.get(), Some(30.0));
    }
}
