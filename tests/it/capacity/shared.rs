//! Requests of which some wait for one lock, in simulated time: Poisson arrivals of each, a lock that is
//! held one after the other, and work that nobody waits for.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::insight::Possible;
use shakedown::insight::Sent;
use shakedown::model::Digits;
use shakedown::model::Event;
use shakedown::model::GeneratorWindow;
use shakedown::model::LoadWindow;
use shakedown::model::ScenarioTally;
use shakedown::model::ScenarioWindow;
use shakedown::model::SeriesId;
use shakedown::model::SeriesWindow;
use shakedown::model::Tally;

use super::queue::System;
use super::queue::meta;
use super::queue::scenario_meta;

/// One request: mean seconds for which it holds the lock (0 does not take it) and works beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) hold: f64,
    pub(crate) work: f64,
}

/// The system, and what is sent of it.
pub(crate) struct Shared {
    kinds: Vec<Kind>,
    /// By kind: when the next one arrives.
    next: Vec<f64>,
    sent: Sent,
    rate: f64,
    then: Option<(f64, f64)>,
    paused: bool,
    lock_free: f64,
    /// What is under way: when it ends, its kind, how long it took.
    under_way: Vec<(f64, usize, f64)>,
    rng: StdRng,
    /// Answers of this kind fail while it stands alone.
    pub(crate) needs_others: Option<usize>,
}

impl Shared {
    pub(crate) fn new(kinds: &[Kind], rate: f64, seed: u64) -> Self {
        Self {
            kinds: kinds.to_vec(),
            next: vec![0.0; kinds.len()],
            sent: Sent::All,
            rate,
            then: None,
            paused: false,
            lock_free: 0.0,
            under_way: Vec::new(),
            rng: StdRng::seed_from_u64(seed),
            needs_others: None,
        }
    }

    /// All can be sent by themselves.
    pub(crate) fn parts(&self) -> BTreeMap<String, Possible> {
        let possible = Possible { alone: true, without: true };
        self.kinds.iter().map(|kind| (kind.name.to_owned(), possible)).collect()
    }

    fn is_sent(&self, kind: usize) -> bool {
        match &self.sent {
            Sent::All => true,
            Sent::Alone(name, _) => *name == self.kinds[kind].name,
            Sent::Without(name, _) => *name != self.kinds[kind].name,
        }
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -(1.0 - self.rng.random_range(0.0..1.0_f64)).ln() * mean
    }

    fn arrive(&mut self, kind: usize, now: f64) {
        let Kind { hold, work, .. } = self.kinds[kind];
        let mut end = now;
        if hold > 0.0 {
            end = self.lock_free.max(now) + self.exponential(hold);
            self.lock_free = end;
        }
        end += self.exponential(work);
        self.under_way.push((end, kind, end - now));
    }
}

impl System for Shared {
    fn declared(&self) -> Event {
        let series = (0..).zip(&self.kinds).map(|(index, kind)| meta(SeriesId(index), kind.name));
        Event::LoadDeclared { scenarios: vec![scenario_meta()], series: series.collect() }
    }

    fn begin(&mut self, rate: f64) {
        self.rate = rate;
    }

    fn ask(&mut self, rate: f64, at: f64) {
        self.then = Some((at, rate));
    }

    fn pause(&mut self) {
        self.paused = true;
    }

    fn resume(&mut self, at: f64) {
        self.paused = false;
        self.next.iter_mut().for_each(|next| *next = next.max(at));
    }

    fn send(&mut self, sent: Sent) {
        self.sent = sent;
    }

    fn second(&mut self, from: f64) -> LoadWindow {
        let to = from + 1.0;
        let mut generator = GeneratorWindow::default();
        loop {
            let kinds = 0..self.kinds.len();
            let first = kinds.min_by(|one, other| self.next[*one].total_cmp(&self.next[*other]));
            let kind = first.expect("there are some");
            let now = self.next[kind];
            if now >= to || self.paused {
                break;
            }
            if let Some((at, rate)) = self.then
                && now >= at
            {
                (self.rate, self.then) = (rate, None);
            }
            let mean = self.kinds.len() as f64 / self.rate;
            self.next[kind] += self.exponential(mean);
            if self.is_sent(kind) {
                generator.schedule_lag.record_us(10);
                self.arrive(kind, now);
            }
        }
        if self.paused {
            self.next.iter_mut().for_each(|next| *next = next.max(to));
        }
        let mut scenario = ScenarioTally::new(Digits::Two);
        let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
        let (over, left) = self.under_way.iter().partition(|(end, ..)| *end < to);
        let over: Vec<(f64, usize, f64)> = over;
        self.under_way = left;
        let fails = matches!(self.sent, Sent::Alone(..)).then_some(self.needs_others).flatten();
        for (_, kind, took) in over {
            let tally = tallies.entry(kind).or_insert_with(|| Tally::new(Digits::Two));
            let took = Duration::from_secs_f64(took);
            tally.requests += 1;
            tally.failed += u64::from(fails == Some(kind));
            tally.bytes_received += 500;
            tally.latency.record(took);
            tally.duration.record(took);
            scenario.iterations += 1;
        }
        let series = tallies.into_iter().map(|(kind, tally)| SeriesWindow {
            series: SeriesId(u32::try_from(kind).expect("small")),
            tally,
        });
        LoadWindow {
            from: Duration::from_secs_f64(from),
            to: Duration::from_secs_f64(to),
            warmup: false,
            series: series.collect(),
            scenarios: vec![ScenarioWindow {
                scenario: 0,
                vus: self.under_way.len() as u64,
                tally: scenario,
            }],
            generator,
        }
    }
}
