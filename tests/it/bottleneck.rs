//! Whether the right cause of slowness is named: loads are made up from seeds, each with a fault that is
//! known, or none.

use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::insight::bottlenecks;
use shakedown::model::{
    Bottleneck, BottleneckCause, CacheState, Digits, EndpointReport, PhaseKind, Quota, Report,
    SampledRequest, SeriesId, SeriesKind, SeriesMeta, ServerTime, Signals, Storing, Tally,
    TimelinePoint,
};

const SECONDS: u64 = 30;
const ENDPOINTS: usize = 8;
const BACKENDS: [&str; 3] = ["app-1", "app-2", "app-3"];
/// Requests per second of an endpoint under the full load.
const RATE: u32 = 16;
/// The endpoint that a cache stands before.
const CACHED: usize = 7;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fault {
    cause: BottleneckCause,
    /// Where it is of one endpoint.
    endpoint: usize,
    /// Seconds that it adds, at full strength.
    cost: f64,
}

/// A system without faults: what each endpoint's requests take.
struct System {
    work: [f64; ENDPOINTS],
    database: [f64; ENDPOINTS],
    bytes: [u64; ENDPOINTS],
    trip: f64,
}

impl System {
    fn draw(rng: &mut StdRng) -> Self {
        // Endpoints of one service differ, by up to a factor of two.
        let mut between = |low: f64, high: f64| low * (high / low).powf(rng.random::<f64>());
        Self {
            work: [(); ENDPOINTS].map(|()| between(0.003, 0.006)),
            database: [(); ENDPOINTS].map(|()| between(0.3, 0.6)),
            trip: between(0.000_1, 0.000_3),
            bytes: [(); ENDPOINTS].map(|()| rng.random_range(2_000..20_000)),
        }
    }

    /// About the p95 of an endpoint's latency.
    fn p95(&self, endpoint: usize) -> f64 {
        self.work[endpoint] * 1.65
    }
}

fn normal(rng: &mut StdRng) -> f64 {
    let (one, other) = (rng.random::<f64>().max(1e-12), rng.random::<f64>());
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

/// Sum of what the faults of a cause add, at an endpoint if it is of one.
fn cost(faults: &[Fault], cause: BottleneckCause, endpoint: Option<usize>) -> f64 {
    let here = faults.iter().filter(|fault| {
        fault.cause == cause && endpoint.is_none_or(|endpoint| fault.endpoint == endpoint)
    });
    here.map(|fault| fault.cost).sum()
}

/// One request and all that its client saw, under a share of the full load.
fn request(
    system: &System,
    faults: &[Fault],
    (endpoint, level): (usize, f64),
    at: f64,
    rng: &mut StdRng,
) -> SampledRequest {
    use BottleneckCause as Cause;
    let at_all = |cause| cost(faults, cause, None);
    let at_one = |cause| cost(faults, cause, Some(endpoint));
    let mut status = 200;
    let mut signals = Signals { storing: Storing::NoStore, ..Signals::default() };
    let mut work = system.work[endpoint] * (0.3 * normal(rng)).exp();
    let mut database = work * system.database[endpoint];
    let backend = BACKENDS[rng.random_range(0..3)];
    let mut around = system.trip * (1.0 + rng.random::<f64>());
    let mut bytes = system.bytes[endpoint];
    let mut receive = 0.000_05;
    if endpoint == CACHED {
        signals.storing = Storing::May;
        let cost = at_one(Cause::Cache);
        let is_hit = !rng.random_bool(if cost > 0.0 { 0.6 } else { 0.02 });
        signals.cache = Some(if is_hit { CacheState::Hit } else { CacheState::Miss });
        if !is_hit {
            work += cost.max(0.005) * (0.3 * normal(rng)).exp();
        }
    }
    let slow = at_one(Cause::Endpoint) * (0.3 * normal(rng)).exp();
    work += slow;
    database += slow;
    // A lock is shared by some endpoints, not by all: longer queues under more load.
    if endpoint % 4 != 3 {
        let mean = at_all(Cause::Contention) / 3.0 * level * level;
        work += mean * -rng.random::<f64>().max(1e-12).ln();
    }
    if backend == "app-3" {
        around += at_all(Cause::Backend) * (0.1 * normal(rng)).exp();
    }
    let large = at_one(Cause::Payload);
    if large > 0.0 {
        bytes = 2_000_000;
        receive += large * (0.2 * normal(rng)).exp();
    }
    around += at_all(Cause::Network) * (0.1 * normal(rng)).exp();
    let setup = at_all(Cause::Connections) * (0.2 * normal(rng)).exp();
    signals.closes = setup > 0.0;
    if at_all(Cause::RateLimit) > 0.0 && level > 0.5 && rng.random_bool(0.3) {
        (status, work, database) = (429, 0.000_2, 0.0);
        signals.has_retry_after = true;
    }
    let seconds = |seconds: f64| Duration::from_secs_f64(seconds.max(0.0));
    let part = |name: &str, took| ServerTime { name: name.to_owned(), took: seconds(took) };
    signals.backend = Some(backend.to_owned());
    signals.server = vec![part("db", database), part("app", work - database)];
    let mut phases = [Duration::ZERO; 7];
    phases[PhaseKind::Connect as usize] = seconds(setup);
    phases[PhaseKind::Wait as usize] = seconds(work + around);
    phases[PhaseKind::Receive as usize] = seconds(receive);
    let latency = phases.iter().sum();
    let at = seconds(at);
    SampledRequest { at, latency, phases, status, bytes, signals, weight: 1.0 }
}

/// The load of a ramp with three stages.
fn load(system: &System, faults: &[Fault], rng: &mut StdRng) -> Report {
    let mut report = Report::default();
    report.timeline.extend((0..SECONDS).map(|second| TimelinePoint {
        from: Duration::from_secs(second),
        to: Duration::from_secs(second + 1),
        ..TimelinePoint::default()
    }));
    for endpoint in 0..ENDPOINTS {
        let mut total = Tally::new(Digits::Three);
        for (second, point) in (0..SECONDS).zip(&mut report.timeline) {
            let level = match second * 3 / SECONDS {
                0 => 0.25,
                1 => 0.5,
                _ => 1.0,
            };
            for _ in 0..RATE {
                if rng.random_bool(level) {
                    let at = second as f64 + rng.random::<f64>();
                    let request = request(system, faults, (endpoint, level), at, rng);
                    total.requests += 1;
                    point.requests += 1;
                    *total.statuses.entry(request.status).or_default() += 1;
                    total.sampled.push(request);
                }
            }
        }
        let path = format!("/part-{endpoint}");
        let meta = SeriesMeta {
            id: SeriesId(u32::try_from(endpoint).expect("small")),
            scenario: "load".to_owned(),
            request: path.clone(),
            method: "GET".to_owned(),
            path_template: path,
            url: String::new(),
            kind: SeriesKind::Http,
            tags: std::collections::BTreeMap::default(),
        };
        report.endpoints.push(EndpointReport { meta, total });
    }
    report.load_elapsed = Duration::from_secs(SECONDS);
    report
}

const PLANTED: [BottleneckCause; 8] = [
    BottleneckCause::Endpoint,
    BottleneckCause::Contention,
    BottleneckCause::Backend,
    BottleneckCause::Cache,
    BottleneckCause::Payload,
    BottleneckCause::Network,
    BottleneckCause::Connections,
    BottleneckCause::RateLimit,
];

fn fault(cause: BottleneckCause, times: f64, system: &System, rng: &mut StdRng) -> Fault {
    let endpoint = match cause {
        BottleneckCause::Cache => CACHED,
        _ => rng.random_range(0..CACHED),
    };
    Fault { cause, endpoint, cost: (times - 1.0) * system.p95(endpoint) }
}

fn is(found: &Bottleneck, fault: &Fault) -> bool {
    let is_there = match &found.subject {
        shakedown::model::Subject::Endpoint { request, .. } => {
            *request == format!("/part-{}", fault.endpoint)
        }
        _ => true,
    };
    let needs_place = matches!(
        fault.cause,
        BottleneckCause::Endpoint | BottleneckCause::Cache | BottleneckCause::Payload
    );
    found.cause == fault.cause && (is_there || !needs_place)
}

fn told(found: &[Bottleneck]) -> String {
    let lines = found.iter().map(|one| format!("    {} {:?}", one.sentence(), one.numbers));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn one_fault_is_named_first_and_none_where_there_is_none() {
    let mut rows = Vec::new();
    let mut right = 0;
    let mut all = 0;
    for cause in PLANTED {
        for (strength, times) in (0..).zip([1.5, 3.0, 8.0]) {
            let mut hits = 0;
            for seed in 0..10 {
                let mut rng = StdRng::seed_from_u64(seed * 97 + strength);
                let system = System::draw(&mut rng);
                let fault = fault(cause, times, &system, &mut rng);
                let found = bottlenecks(&load(&system, &[fault], &mut rng));
                let hit = found.first().is_some_and(|first| is(first, &fault));
                hits += u32::from(hit);
                if !hit {
                    println!("{fault:?} {times}:\n{}", told(&found));
                }
            }
            rows.push(format!("{:<12} {times:>3}x: {hits} of 10", cause.as_str()));
            right += hits;
            all += 10;
        }
    }
    let mut silent = 0;
    for seed in 0..40 {
        let mut rng = StdRng::seed_from_u64(1000 + seed);
        let system = System::draw(&mut rng);
        let found = bottlenecks(&load(&system, &[], &mut rng));
        silent += u32::from(found.is_empty());
        if !found.is_empty() {
            println!("healthy:\n{}", told(&found));
        }
    }
    println!("{}\nhealthy, silent: {silent} of 40", rows.join("\n"));
    assert!(silent >= 38, "{silent} of 40");
    assert!(right * 100 >= all * 95, "{right} of {all}");
}

#[test]
fn two_faults_are_the_first_two() {
    let (mut right, mut all) = (0, 0);
    for (index, first) in PLANTED.into_iter().enumerate() {
        for second in PLANTED.into_iter().skip(index + 1) {
            for seed in 0..3 {
                let mut rng = StdRng::seed_from_u64(seed + 31 * index as u64);
                let system = System::draw(&mut rng);
                let times = [3.0, 8.0][usize::try_from(seed % 2).expect("small")];
                let mut faults =
                    [first, second].map(|cause| fault(cause, times, &system, &mut rng));
                // Two at one endpoint are told apart as well, but which is greater is not known.
                faults[1].cost *= 0.8;
                let found = bottlenecks(&load(&system, &faults, &mut rng));
                let two = &found[..found.len().min(2)];
                let hit = faults.iter().all(|fault| two.iter().any(|one| is(one, fault)));
                right += u32::from(hit);
                all += 1;
                if !hit {
                    println!("{faults:?} {times}:\n{}", told(&found));
                }
            }
        }
    }
    println!("pairs: {right} of {all}");
    assert!(right * 100 >= all * 95, "{right} of {all}");
}

/// Lets requests in one every `gap` seconds, whatever they are.
fn shape(report: &mut Report, gap: f64) {
    let mut all: Vec<(f64, usize, usize)> = Vec::new();
    for (endpoint, one) in report.endpoints.iter().enumerate() {
        let drawn = one.total.sampled.iter().enumerate();
        all.extend(drawn.map(|(place, request)| (request.at.as_secs_f64(), endpoint, place)));
    }
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut let_in = 0.0_f64;
    let mut waits: Vec<Vec<f64>> =
        report.endpoints.iter().map(|one| vec![0.0; one.total.sampled.len()]).collect();
    for (at, endpoint, place) in all {
        let_in = at.max(let_in + gap);
        waits[endpoint][place] = let_in - at;
    }
    wait_more(report, &waits);
}

/// Has requests hold one lock after the other, each for a time drawn by `hold`; those of some endpoints
/// do not take it.
fn lock(report: &mut Report, takes_it: impl Fn(usize) -> bool, mut hold: impl FnMut() -> f64) {
    let mut all: Vec<(f64, usize, usize)> = Vec::new();
    for (endpoint, one) in report.endpoints.iter().enumerate().filter(|(at, _)| takes_it(*at)) {
        let drawn = one.total.sampled.iter().enumerate();
        all.extend(drawn.map(|(place, request)| (request.at.as_secs_f64(), endpoint, place)));
    }
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut waits: Vec<Vec<f64>> =
        report.endpoints.iter().map(|one| vec![0.0; one.total.sampled.len()]).collect();
    let mut free = 0.0_f64;
    for (at, endpoint, place) in all {
        free = at.max(free) + hold();
        waits[endpoint][place] = free - at;
    }
    wait_more(report, &waits);
}

fn wait_more(report: &mut Report, waits: &[Vec<f64>]) {
    for (endpoint, waits) in report.endpoints.iter_mut().zip(waits) {
        let mut changed = shakedown::model::SampledRequests::of_one(ENDPOINTS);
        for (request, wait) in endpoint.total.sampled.iter().zip(waits) {
            let more = Duration::from_secs_f64(*wait);
            let mut request = request.clone();
            request.phases[PhaseKind::Wait as usize] += more;
            request.latency += more;
            changed.push(request);
        }
        endpoint.total.sampled = changed;
    }
}

/// Requests per second of all endpoints under the full load.
const FULL: f64 = RATE as f64 * ENDPOINTS as f64;

#[test]
fn an_even_pace_is_a_limiter_and_chance_is_a_lock() {
    let (mut limiters, mut locks, mut partial) = (0, 0, 0);
    let first = |report: &Report| bottlenecks(report).first().map(|one| one.cause);
    for seed in 0..20 {
        let mut rng = StdRng::seed_from_u64(500 + seed);
        let system = System::draw(&mut rng);
        let healthy = load(&system, &[], &mut rng);
        let mut shaped = healthy.clone();
        shape(&mut shaped, 1.0 / (FULL * rng.random_range(0.6..0.97)));
        let found = bottlenecks(&shaped);
        let is_limiter = found.first().is_some_and(|one| one.cause == BottleneckCause::RateLimit);
        limiters += u32::from(is_limiter);
        if !is_limiter {
            println!("{seed}, a limiter:\n{}", told(&found));
        }
        // A lock that everybody takes, as long as chance has it; and one that most take, always as long.
        let mean = rng.random_range(0.7..0.95) / FULL;
        let mut locked = healthy.clone();
        lock(&mut locked, |_| true, || mean * -rng.random::<f64>().max(1e-12).ln());
        let is_lock = first(&locked) == Some(BottleneckCause::Contention);
        locks += u32::from(is_lock);
        if !is_lock {
            println!("{seed}, a lock:\n{}", told(&bottlenecks(&locked)));
        }
        let mut some = healthy.clone();
        lock(&mut some, |endpoint| endpoint % 4 != 3, || 1.2 * mean);
        let is_lock = first(&some) == Some(BottleneckCause::Contention);
        partial += u32::from(is_lock);
        if !is_lock {
            println!("{seed}, a lock of some:\n{}", told(&bottlenecks(&some)));
        }
    }
    println!("limiters {limiters} of 20, locks {locks}, locks of some {partial}");
    // A limit so low that half of the least load waits for it cannot be told from a lock.
    assert!(limiters >= 18, "{limiters} of 20");
    assert!(locks >= 18 && partial >= 18, "{locks} and {partial} of 20");
}

/// Sends answers down a line of so many bytes a second, first come, first served.
fn send_down(report: &mut Report, bytes_per_second: f64) {
    let mut all: Vec<(f64, u64, usize, usize)> = Vec::new();
    for (endpoint, one) in report.endpoints.iter().enumerate() {
        let drawn = one.total.sampled.iter().enumerate();
        all.extend(drawn.map(|(place, request)| {
            let ready = request.at + request.phases[PhaseKind::Wait as usize];
            (ready.as_secs_f64(), request.bytes, endpoint, place)
        }));
    }
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut waits: Vec<Vec<f64>> =
        report.endpoints.iter().map(|one| vec![0.0; one.total.sampled.len()]).collect();
    let mut free = 0.0_f64;
    for (ready, bytes, endpoint, place) in all {
        free = ready.max(free) + bytes as f64 / bytes_per_second;
        waits[endpoint][place] = free - ready;
    }
    wait_more(report, &waits);
}

/// Takes away what the server says of its own time.
fn silence(report: &mut Report) {
    change(report, |_, request| request.signals.server.clear());
}

#[test]
fn a_queue_of_bytes_is_a_line_and_one_of_requests_is_not() {
    let (mut lines, mut silent, mut locks) = (0, 0, 0);
    let first = |report: &Report| bottlenecks(report).first().map(|one| one.cause);
    for seed in 0..20 {
        let mut rng = StdRng::seed_from_u64(900 + seed);
        let mut system = System::draw(&mut rng);
        // Sizes as they are in one service: most small, some large.
        system.bytes =
            [(); ENDPOINTS].map(|()| rng.random_range(400..1_000_u64) << rng.random_range(0..6));
        let healthy = load(&system, &[], &mut rng);
        let full: u64 = system.bytes.iter().sum::<u64>() * u64::from(RATE);
        let rate = full as f64 / rng.random_range(0.8..1.1);
        let mut line = healthy.clone();
        send_down(&mut line, rate);
        let is_line = first(&line) == Some(BottleneckCause::Network);
        lines += u32::from(is_line);
        if !is_line {
            println!("{seed}, a line at {:.2}:\n{}", full as f64 / rate, told(&bottlenecks(&line)));
        }
        silence(&mut line);
        let is_line = first(&line) == Some(BottleneckCause::Network);
        silent += u32::from(is_line);
        if !is_line {
            println!(
                "{seed}, silent, at {:.2}:\n{}",
                full as f64 / rate,
                told(&bottlenecks(&line))
            );
        }
        let mean = rng.random_range(0.8..0.97) / FULL;
        let mut locked = healthy.clone();
        lock(&mut locked, |_| true, || mean * -rng.random::<f64>().max(1e-12).ln());
        let mut quiet = locked.clone();
        silence(&mut quiet);
        let is_lock = |report: &Report| first(report) == Some(BottleneckCause::Contention);
        locks += u32::from(is_lock(&locked) && is_lock(&quiet));
        if !(is_lock(&locked) && is_lock(&quiet)) {
            println!(
                "{seed}, a lock:\n{}{}",
                told(&bottlenecks(&locked)),
                told(&bottlenecks(&quiet))
            );
        }
    }
    println!("lines {lines} of 20, silent {silent}, locks {locks}");
    assert!(lines >= 19 && silent >= 18 && locks >= 19, "{lines}, {silent}, {locks} of 20");
}

#[test]
fn answers_that_fill_a_line_are_named_beside_it() {
    use BottleneckCause as Cause;
    for seed in 0..10 {
        let mut rng = StdRng::seed_from_u64(1200 + seed);
        let mut system = System::draw(&mut rng);
        let large = rng.random_range(0..ENDPOINTS);
        system.bytes[large] = rng.random_range(150_000..600_000);
        let full: u64 = system.bytes.iter().sum::<u64>() * u64::from(RATE);
        let mut report = load(&system, &[], &mut rng);
        send_down(&mut report, full as f64 / rng.random_range(0.85..1.3));
        let found = bottlenecks(&report);
        let has = |cause: Cause| found.iter().take(2).any(|one| one.cause == cause);
        assert!(has(Cause::Network) && has(Cause::Payload), "{seed}:\n{}", told(&found));
        let payload = found.iter().find(|one| one.cause == Cause::Payload).expect("there");
        assert!(told(&found).contains(&format!("/part-{large}")), "{}", told(&found));
        assert!(payload.numbers.iter().any(|text| text.contains("all answers wait")));
        let network = found.iter().find(|one| one.cause == Cause::Network).expect("there");
        // What is waited for others' bytes is not told as the length of the way.
        assert!(
            !network.numbers.iter().any(|text| text.contains("round trip")),
            "{}",
            told(&found)
        );
    }
}

#[test]
fn what_the_answers_say_of_a_limit_makes_it_sure() {
    let mut rng = StdRng::seed_from_u64(77);
    let system = System::draw(&mut rng);
    let mut shaped = load(&system, &[], &mut rng);
    shape(&mut shaped, 1.0 / (FULL * 0.8));
    let before = bottlenecks(&shaped)[0].certainty;
    for endpoint in &mut shaped.endpoints {
        let mut changed = shakedown::model::SampledRequests::of_one(ENDPOINTS);
        for request in &endpoint.total.sampled {
            let mut request = request.clone();
            request.signals.quota = Some(Quota { limit: Some(100), left: Some(3) });
            changed.push(request);
        }
        endpoint.total.sampled = changed;
    }
    let found = bottlenecks(&shaped);
    assert!(before < found[0].certainty, "{}", told(&found));
    assert!(found[0].numbers.iter().any(|text| text.contains("a limit of 100, 3 left at least")));
}

/// Not a test but a tool: what this tree says of reports that are there already.
#[test]
#[ignore = "reads the reports of a folder: REPORTS=folder"]
#[expect(clippy::disallowed_methods, reason = "a tool; its folder has to be said somehow")]
fn what_is_said_of_reports() {
    let folder = std::env::var("REPORTS").expect("a folder of JSON reports");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("it can be read")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    for file in files {
        let text = std::fs::read(&file).expect("a report");
        let Ok(report) = shakedown::format::read_run(&text) else { continue };
        for one in bottlenecks(&report) {
            println!(
                "{}\t{}\t{}\t{:?}",
                file.display(),
                one.cause.as_str(),
                one.sentence(),
                one.numbers
            );
        }
    }
}

/// Changes every request that was drawn.
fn change(report: &mut Report, mut with: impl FnMut(usize, &mut SampledRequest)) {
    for (place, endpoint) in report.endpoints.iter_mut().enumerate() {
        let mut changed = shakedown::model::SampledRequests::of_one(ENDPOINTS);
        for request in &endpoint.total.sampled {
            let mut request = request.clone();
            with(place, &mut request);
            changed.push(request);
        }
        endpoint.total.sampled = changed;
    }
}

#[test]
fn a_backend_that_fails_is_named_though_it_is_quick() {
    let mut rng = StdRng::seed_from_u64(91);
    let system = System::draw(&mut rng);
    let mut report = load(&system, &[], &mut rng);
    let mut count = 0_u32;
    change(&mut report, |_, request| {
        let is_it = request.signals.backend.as_deref() == Some("app-2");
        count += u32::from(is_it);
        if is_it && count.is_multiple_of(8) {
            request.status = 502;
        }
    });
    let found = bottlenecks(&report);
    let [bad] = &found[..] else { panic!("{}", told(&found)) };
    assert_eq!((bad.cause, bad.backend.as_deref()), (BottleneckCause::Backend, Some("app-2")));
    assert!(bad.numbers[0].contains("12.") && bad.numbers[0].contains("of its answers failed"));
    // Where all fail alike, nobody is the bad one.
    change(&mut report, |_, request| request.status = if rng.random_bool(0.1) { 502 } else { 200 });
    assert!(!bottlenecks(&report).iter().any(|one| one.cause == BottleneckCause::Backend));
}

#[test]
fn a_slow_backend_is_told_with_its_share_and_its_failures() {
    let mut rng = StdRng::seed_from_u64(92);
    let system = System::draw(&mut rng);
    let fault = fault(BottleneckCause::Backend, 3.0, &system, &mut rng);
    let mut report = load(&system, &[fault], &mut rng);
    change(&mut report, |_, request| {
        // The slow one has most of the load, and fails at times.
        let is_slow = request.signals.backend.as_deref() == Some("app-3");
        if !is_slow && rng.random_bool(0.6) {
            request.signals.backend = Some("app-1".to_owned());
        }
        if is_slow && rng.random_bool(0.1) {
            request.status = 500;
        }
    });
    let found = bottlenecks(&report);
    let numbers = found[0].numbers.join("\n");
    assert_eq!(found[0].backend.as_deref(), Some("app-3"), "{}", told(&found));
    for part in ["p95 ", "of its answers failed"] {
        assert!(numbers.contains(part), "{part}: {numbers}");
    }
    let backends = found.iter().filter(|one| one.cause == BottleneckCause::Backend);
    assert_eq!(backends.count(), 1, "once, with both: {}", told(&found));
}

#[test]
fn why_a_cache_did_not_have_it_is_told() {
    let why = |state, storing| {
        let mut rng = StdRng::seed_from_u64(93);
        let system = System::draw(&mut rng);
        let fault = fault(BottleneckCause::Cache, 8.0, &system, &mut rng);
        let mut report = load(&system, &[fault], &mut rng);
        change(&mut report, |place, request| {
            if place == CACHED && request.signals.cache == Some(CacheState::Miss) {
                (request.signals.cache, request.signals.storing) = (Some(state), storing);
            }
        });
        let found = bottlenecks(&report);
        let cache = found.iter().find(|one| one.cause == BottleneckCause::Cache);
        cache.map(|one| one.numbers.join("\n")).unwrap_or_default()
    };
    assert!(why(CacheState::Bypass, Storing::May).contains("told not to look (BYPASS)"));
    assert!(why(CacheState::Miss, Storing::May).contains("entries are there at times"));
    assert!(why(CacheState::Miss, Storing::SetsCookie).contains("it sets a cookie"));
    // Who says that it must not be kept has a reason.
    assert_eq!(why(CacheState::Miss, Storing::Private), "");
    assert_eq!(why(CacheState::Dynamic, Storing::NoFreshness), "");
}
