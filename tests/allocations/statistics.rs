//! The memory that statistics are said to take at the start of a run, against what they take.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::load;
use shakedown::model::Event;
use shakedown::model::Report;
use shakedown::model::Seed;
use shakedown::model::Stamped;
use shakedown::model::StopToken;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::from_text;

use crate::ONE_AT_A_TIME;
use crate::load_bed::PlanBuilder;
use crate::load_bed::START;

const THREADS: usize = 2;
const USERS: usize = 8;
/// Of each user: each series has enough different latencies to fill its histograms.
const ITERATIONS: usize = 24;

/// A wait that is longer means that the test has gone wrong; it must not hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes as the run states them, and as the allocator counts them.
struct Figures {
    stated: f64,
    held: f64,
}

/// Holds shards back that are ahead of the report: in virtual time they would be over, and their
/// memory gone, before it has seen anything.
#[derive(Default)]
struct Leash {
    seen: Mutex<u64>,
    moved: Condvar,
}

impl Leash {
    /// The report has seen everything until `seen`.
    fn move_to(&self, seen: u64) {
        *self.seen.lock().expect("not poisoned") = seen;
        self.moved.notify_all();
    }

    /// Waits until the report is near `at`. Shards that are so near to it never fill the channel to
    /// the collector, so whoever is behind goes on.
    fn hold(&self, at: u64) {
        let seen = self.seen.lock().expect("not poisoned");
        let is_ahead = |seen: &mut u64| at > *seen + 2_000_000_000;
        let held = self.moved.wait_timeout_while(seen, PATIENCE, is_ahead);
        let (seen, outcome) = held.expect("not poisoned");
        drop(seen);
        assert!(!outcome.timed_out(), "the report stands still");
    }
}

/// A flow over so many requests, each with these lines of its own, and these of the plan's.
fn plan(requests: usize, more: &str, of_all: &str) -> Plan {
    let lines = |line: &dyn Fn(usize) -> String| (0..requests).map(line).collect::<Vec<_>>();
    let named = lines(&|n| format!("  r{n}: {{ {} }}", more.replace("PATH", &format!("/{n}"))));
    let used = lines(&|n| format!("{{ use: r{n} }}"));
    let (named, used) = (named.join("\n"), used.join(", "));
    let text = format!(
        "version: 1\ntarget: http://127.0.0.1:9\n{of_all}\nrequests:\n{named}\n\
         flows: {{ all: [ {used} ] }}\nscenarios: {{ s: {{ executor: per-vu-iterations, exec: all, \
         vus: {USERS}, iterations: {ITERATIONS}, maxDuration: 24h }} }}\n"
    );
    let overrides = Overrides::new(Seed(1), jiff::civil::date(2026, 11, 23));
    from_text("plan.yml", &text, &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// Runs it as the program does: shards, collector, and the report as a fold over the events.
fn figures(plan: Plan, answer: &(impl Fn(u64) -> Vec<Reply> + Sync)) -> Figures {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _profiler = dhat::Profiler::builder().testing().build();
    let job = PlanBuilder::of(plan).threads(THREADS).job();
    let (sender, mut events) = tokio::sync::mpsc::channel(4);
    let leash = Leash::default();
    let reactor = |_| {
        let (mut count, leash) = (0, &leash);
        Ok(SimReactor::new(move |at: u64, _: &[u8]| {
            leash.hold(at);
            count += 1;
            answer(count)
        }))
    };
    let mut held = Vec::with_capacity(100_000);
    let mut stated = 0.0;
    let mut report = Report::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let sender = sender;
            load::run_on(&job, START, reactor, &sender, &StopToken::default())
                .expect("it can start");
        });
        let mut seq = 0;
        while let Some(event) = events.blocking_recv() {
            if let Event::Notice(notice) = &event
                && let Some(bytes) = stated_bytes(&notice.text)
            {
                stated = bytes;
            }
            let seen = match &event {
                Event::LoadWindow(window) => Some(window.to),
                _ => None,
            };
            report.apply(&Stamped { seq, at: Duration::ZERO, event });
            seq += 1;
            if let Some(seen) = seen {
                leash.move_to(u64::try_from(seen.as_nanos()).expect("a run of minutes"));
                held.push(dhat::HeapStats::get().curr_bytes);
            }
        }
    });
    let total = report.total();
    let requests = (report.endpoints.len() * USERS * ITERATIONS) as u64;
    assert_eq!((total.requests, total.failed), (requests, 0), "{:?}", total.failures);
    // Everything has its size by then; the least is what is held without messages on their way.
    let late = &held[held.len() / 2..held.len() - 5];
    let held = *late.iter().min().expect("the run has many windows") as f64;
    Figures { stated, held }
}

/// `…, up to 12 MiB of memory (40 MiB in all)`
fn stated_bytes(notice: &str) -> Option<f64> {
    let (amount, _) = notice.split("up to ").nth(1)?.split_once(" of memory")?;
    let (number, unit) = amount.split_once(' ')?;
    let scale = match unit {
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * scale)
}

/// What series take is the difference between many of them and few: all else is the same.
fn assert_stated(more: &str, of_all: &str, answer: impl Fn(u64) -> Vec<Reply> + Sync) {
    let few = figures(plan(4, more, of_all), &answer);
    let many = figures(plan(28, more, of_all), &answer);
    let (stated, held) = (many.stated - few.stated, many.held - few.held);
    let share = held / stated;
    assert!((0.4..=1.0).contains(&share), "{held} bytes are held, {stated} were stated: {share}");
}

/// Up to a second, ever different ones in turn.
fn after(count: u64) -> u64 {
    (count * 7_919 % 200 + 1) * 5_000_000
}

fn page(count: u64) -> Vec<Reply> {
    let backend = count % 31;
    let text = format!(
        "HTTP/1.1 200 OK\r\nX-Served-By: a-backend-of-the-shop-{backend}\r\nContent-Length: 2\r\n\r\nok"
    );
    vec![Reply::Bytes { after: after(count), bytes: text.into_bytes() }]
}

#[test]
fn observed_values_and_checks_take_what_is_stated() {
    let checks: Vec<String> =
        (0..8).map(|n| format!("{{ contains: ok, name: 'check {n} of PATH' }}")).collect();
    let checks = checks.join(", ");
    let get = format!("get: PATH, checks: [ {checks} ]");
    assert_stated(&get, "observe: [X-Served-By]", page);
}

#[test]
fn streams_of_messages_take_what_is_stated() {
    assert_stated("sse: PATH, events: 1", "", |count| {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n";
        vec![Reply::Bytes { after: after(count), bytes: text.as_bytes().to_vec() }]
    });
}
