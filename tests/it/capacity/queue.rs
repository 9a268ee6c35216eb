//! An M/M/c queue in simulated time, driven as the load engine drives a target: Poisson arrivals,
//! `c` servers with exponential service, first come, first served; a second is a window.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::insight::CapacityWatch;
use shakedown::insight::Order;
use shakedown::insight::Parts;
use shakedown::insight::Sent;
use shakedown::model::Capacity;
use shakedown::model::CapacityAim;
use shakedown::model::CapacityModel;
use shakedown::model::Criterion;
use shakedown::model::Digits;
use shakedown::model::Event;
use shakedown::model::GeneratorWindow;
use shakedown::model::LoadWindow;
use shakedown::model::ScenarioMeta;
use shakedown::model::ScenarioTally;
use shakedown::model::ScenarioWindow;
use shakedown::model::SeriesId;
use shakedown::model::SeriesKind;
use shakedown::model::SeriesMeta;
use shakedown::model::SeriesWindow;
use shakedown::model::Stamped;
use shakedown::model::Tally;

/// Between an order and its effect, as live control has it.
const AHEAD: f64 = 0.1;

/// A search that does not end by then is broken.
const LONGEST: u32 = 4 * 3600;

/// The system under test.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    /// c.
    pub(crate) servers: usize,
    /// μ: requests per second of one server.
    pub(crate) each: f64,
    /// Requests under way at most; more find no free user.
    pub(crate) users: usize,
    /// From this rate on the generator is late.
    pub(crate) generator_limit: f64,
    /// From this rate on every second answer is an error, for good.
    pub(crate) breaks_at: f64,
}

impl Queue {
    pub(crate) fn new(servers: usize, each: f64) -> Self {
        Self {
            servers,
            each,
            users: 100_000,
            generator_limit: f64::INFINITY,
            breaks_at: f64::INFINITY,
        }
    }

    /// The highest arrival rate at which the quantile `q` of the response time is below `limit`
    /// seconds, by Erlang's C formula (1917).
    pub(crate) fn capacity(&self, q: f64, limit: f64) -> f64 {
        let (mut low, mut high) = (0.0, self.servers as f64 * self.each);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.beyond(middle, limit) <= 1.0 - q { low = middle } else { high = middle }
        }
        low
    }

    /// The share of responses that take longer than `limit` seconds at an arrival rate.
    fn beyond(&self, rate: f64, limit: f64) -> f64 {
        let (c, offered) = (self.servers as f64, rate / self.each);
        // Erlang B by its recursion, then C.
        let blocked = (1..=self.servers)
            .fold(1.0, |blocked, n| offered * blocked / (n as f64 + offered * blocked));
        let waits = blocked / (1.0 - offered / c * (1.0 - blocked));
        let free = c - 1.0 - offered;
        let grows = self.each * limit;
        let longer = if free.abs() < 1e-9 { grows } else { (1.0 - (-grows * free).exp()) / free };
        (-grows).exp() * (1.0 + waits * longer)
    }
}

/// The aim of a search on a queue.
pub(crate) fn aim(slo: &[(&str, &str)], start: f64, max: f64) -> CapacityAim {
    let criterion =
        |(metric, condition): &(&str, &str)| Criterion::parse(metric, condition).expect("valid");
    CapacityAim {
        model: CapacityModel::Rate,
        slo: slo.iter().map(criterion).collect(),
        start,
        max,
        settle: (Duration::from_secs(10), Duration::from_secs(60)),
        max_time: Duration::from_secs(u64::from(LONGEST)),
        max_vus: None,
        reserve: 0.3,
        at_least: None,
        wanted: None,
        suspects: 0,
    }
}

/// A target in simulated time.
pub(crate) trait System {
    /// What load of it is.
    fn declared(&self) -> Event;
    /// Load begins at a rate.
    fn begin(&mut self, rate: f64);
    /// The rate changes at a moment.
    fn ask(&mut self, rate: f64, at: f64);
    fn pause(&mut self);
    fn resume(&mut self, at: f64);
    /// So much of it is sent from now on.
    fn send(&mut self, sent: Sent);
    /// What a second comes to.
    fn second(&mut self, from: f64) -> LoadWindow;
}

/// Searches to the end; the result, what was told, and how many seconds it took.
pub(crate) fn searched(
    system: &mut impl System,
    aim: CapacityAim,
    parts: Parts,
) -> (Capacity, Vec<String>, u32) {
    system.begin(aim.start);
    let mut watch = CapacityWatch::new(aim, parts);
    watch.take(&stamped(0.0, system.declared()));
    let (mut told, mut seconds) = (Vec::new(), 0);
    for second in 0..LONGEST {
        seconds = second + 1;
        let window = system.second(f64::from(second));
        let now = f64::from(second + 1);
        let holds = Duration::from_secs_f64(now + AHEAD);
        let mut is_over = false;
        for order in watch.take(&stamped(now, Event::LoadWindow(window))) {
            match order {
                Order::Ask(rate) => {
                    system.ask(rate, now + AHEAD);
                    watch.changed(holds);
                }
                Order::Send(sent) => {
                    system.send(sent);
                    watch.changed(holds);
                }
                Order::Pause => system.pause(),
                Order::Resume => system.resume(now + AHEAD),
                Order::Tell(text) => told.push(text),
                Order::End => is_over = true,
            }
        }
        if is_over {
            break;
        }
    }
    (watch.finish(None), told, seconds)
}

/// One search.
pub(crate) struct Search {
    queue: Queue,
    rng: StdRng,
    rate: f64,
    /// The rate from a moment on.
    then: Option<(f64, f64)>,
    paused: bool,
    next: f64,
    /// When each server is free.
    free: BinaryHeap<Reverse<u64>>,
    /// When which responses end, in nanoseconds, and how long they took.
    under_way: BTreeMap<(u64, u64), f64>,
    count: u64,
    broken: bool,
    /// What was told.
    pub(crate) told: Vec<String>,
    /// Seconds that it took.
    pub(crate) seconds: u32,
}

impl Search {
    pub(crate) fn new(queue: Queue, seed: u64) -> Self {
        let free = (0..queue.servers).map(|_| Reverse(0)).collect();
        Self {
            queue,
            rng: StdRng::seed_from_u64(seed),
            rate: 0.0,
            then: None,
            paused: false,
            next: 0.0,
            free,
            under_way: BTreeMap::new(),
            count: 0,
            broken: false,
            told: Vec::new(),
            seconds: 0,
        }
    }

    /// Searches to the end.
    pub(crate) fn run(&mut self, aim: CapacityAim) -> Capacity {
        let (capacity, told, seconds) = searched(self, aim, Parts::default());
        (self.told, self.seconds) = (told, seconds);
        capacity
    }

    /// Between 0 and 1, without 0.
    fn draw(&mut self) -> f64 {
        1.0 - self.rng.random_range(0.0..1.0)
    }

    fn arrive(&mut self, now: f64, scenario: &mut ScenarioTally) {
        let before = nanos(now);
        let over = self.under_way.range(..(before, 0)).count();
        if self.under_way.len() - over >= self.queue.users {
            scenario.dropped += 1;
            return;
        }
        let Reverse(free) = self.free.pop().expect("as many as there are servers");
        let service = -self.draw().ln() / self.queue.each;
        let end = free.max(before) + nanos(service);
        self.free.push(Reverse(end));
        self.count += 1;
        self.under_way.insert((end, self.count), end as f64 / 1e9 - now);
    }

    /// What has ended by then.
    fn ended(&mut self, to: f64, scenario: &mut ScenarioTally) -> Tally {
        let mut tally = Tally::new(Digits::Two);
        let later = self.under_way.split_off(&(nanos(to), 0));
        for ((_, number), took) in std::mem::replace(&mut self.under_way, later) {
            let took = Duration::from_secs_f64(took);
            tally.requests += 1;
            tally.failed += u64::from(self.broken && number % 4 != 0);
            tally.latency.record(took);
            tally.duration.record(took);
            scenario.iterations += 1;
        }
        tally
    }
}

impl System for Search {
    fn declared(&self) -> Event {
        Event::LoadDeclared {
            scenarios: vec![scenario_meta()],
            series: vec![meta(SeriesId(0), "/")],
        }
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
        self.next = self.next.max(at);
    }

    fn send(&mut self, sent: Sent) {
        panic!("there is one request, and {sent} is asked for");
    }

    fn second(&mut self, from: f64) -> LoadWindow {
        let mut scenario = ScenarioTally::new(Digits::Two);
        let mut generator = GeneratorWindow::default();
        while self.next < from + 1.0 {
            let now = self.next;
            if let Some((at, rate)) = self.then
                && now >= at
            {
                self.rate = rate;
                self.then = None;
            }
            self.next += -self.draw().ln() / self.rate;
            if self.paused {
                self.next = from + 1.0;
                break;
            }
            let late = if self.rate > self.queue.generator_limit { 50_000 } else { 10 };
            generator.schedule_lag.record_us(late);
            self.broken |= self.rate > self.queue.breaks_at;
            self.arrive(now, &mut scenario);
        }
        let tally = self.ended(from + 1.0, &mut scenario);
        LoadWindow {
            from: Duration::from_secs_f64(from),
            to: Duration::from_secs_f64(from + 1.0),
            warmup: false,
            series: vec![SeriesWindow { series: SeriesId(0), tally }],
            scenarios: vec![ScenarioWindow {
                scenario: 0,
                vus: self.under_way.len() as u64,
                tally: scenario,
            }],
            generator,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "hours in nanoseconds")]
fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

fn stamped(at: f64, event: Event) -> Stamped {
    Stamped { seq: 0, at: Duration::from_secs_f64(at), event }
}

/// The scenario of a load.
pub(crate) fn scenario_meta() -> ScenarioMeta {
    ScenarioMeta {
        name: "load".to_owned(),
        executor: "constant-arrival-rate".to_owned(),
        open_model: true,
        warmup: false,
        tags: BTreeMap::new(),
        stages: Vec::new(),
    }
}

/// A request of it.
pub(crate) fn meta(id: SeriesId, request: &str) -> SeriesMeta {
    SeriesMeta {
        id,
        scenario: "load".to_owned(),
        request: request.to_owned(),
        method: "GET".to_owned(),
        path_template: request.to_owned(),
        url: "http://127.0.0.1:9/".to_owned(),
        kind: SeriesKind::Http,
        tags: BTreeMap::new(),
    }
}
