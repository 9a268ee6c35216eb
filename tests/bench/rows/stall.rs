//! A server that stalls once: what was measured against what the schedule says.

use std::time::Duration;

use crate::bed::Bed;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::figure::number;
use crate::pairs::median;
use crate::problem::Problem;
use crate::server::Seen;
use crate::server::ServerKind;
use crate::tools::Amount;
use crate::tools::Done;
use crate::tools::Load;
use crate::tools::plan_file;
use crate::tools::value;
use crate::tools::whole;

const RATE: u64 = 5000;
const CONNECTIONS: u32 = 64;
const TIME: Duration = Duration::from_secs(8);
const SCHEDULED: u64 = RATE * TIME.as_secs();

/// Key in the report, percentile, and how many percent the measured value may be off.
const JUDGED: [(&str, &str, f64, f64); 3] = [
    ("late: queue, p99 off by", "p(99)", 99.0, 2.0),
    ("late: queue, p99.9 off by", "p(99.9)", 99.9, 1.0),
    ("late: queue, max off by", "max", 100.0, 1.0),
];

/// With either way to treat what cannot start in time.
pub(super) fn stall(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let queued = (0..bed.rounds()).map(|_| queue(bed)).collect::<Result<Vec<_>, _>>()?;
    let mut figures: Vec<_> =
        JUDGED.iter().enumerate().map(|(index, _)| distance(index, &queued)).collect();
    let sent: Vec<_> = queued.iter().map(|run| run.sent).collect();
    figures.push(
        Figure::new("late: queue, sent − scheduled", Bar::Exactly(0.0), worst(&sent), "requests")
            .note(format!("{} scheduled", number(SCHEDULED as f64))),
    );
    let (sent, dropped) = drop_late(bed)?;
    figures.push(
        Figure::new(
            "late: drop, sent + dropped − scheduled",
            Bar::Exactly(0.0),
            (sent + dropped) as f64 - SCHEDULED as f64,
            "requests",
        )
        .note(format!("{} + {}", number(sent as f64), number(dropped as f64))),
    );
    Ok(figures)
}

/// One run: milliseconds that were measured and computed, per percentile, and what arrived.
struct Queued {
    measured: [f64; 3],
    computed: [f64; 3],
    sent: u64,
}

fn queue(bed: &Bed) -> Result<Queued, Problem> {
    let server = bed.server(ServerKind::Stall)?;
    let load = Load::url(&server.url, CONNECTIONS, Amount::For(TIME));
    let done = load.with(&["-q", &RATE.to_string()]).run(&bed.cores, Place::Client, TIME * 5)?;
    let seen = server.finish()?;
    let mut measured = [0.0; 3];
    for (measured, (_, key, ..)) in measured.iter_mut().zip(JUDGED) {
        *measured = of_report(&done, "http_req_latency", key)?;
    }
    let computed = JUDGED.map(|(_, _, percentile, _)| computed(&seen, percentile));
    Ok(Queued { measured, computed, sent: done.requests.min(seen.requests) })
}

/// A plan's executor drops what finds no free virtual user.
fn drop_late(bed: &Bed) -> Result<(u64, u64), Problem> {
    let server = bed.server(ServerKind::Stall)?;
    let plan = plan_file(&format!(
        "version: 1\ntarget: {}\nrequests: {{ home: {{ get: / }} }}\n\
         flows: {{ home: [ {{ use: home }} ] }}\n\
         scenarios:\n  load: {{ executor: constant-arrival-rate, exec: home, rate: {RATE}, \
         duration: {}s, preAllocatedVUs: {CONNECTIONS}, maxVUs: {CONNECTIONS}, late: drop }}\n",
        server.url,
        TIME.as_secs()
    ))?;
    let load = Load::plan(plan.path());
    let done = load.run(&bed.cores, Place::Client, TIME * 5)?;
    let dropped = of_report(&done, "dropped_iterations", "count")?;
    Ok((done.requests, whole(dropped)))
}

fn of_report(done: &Done, metric: &str, key: &'static str) -> Result<f64, Problem> {
    value(&done.report, metric, key).ok_or_else(|| Problem::Unreadable {
        program: done.ended.program.clone(),
        wanted: key,
        said: metric.to_owned(),
    })
}

/// A server that is infinitely fast but for the stall: whoever was meant to start meanwhile waits
/// for its end, everybody else for nothing.
fn computed(seen: &Seen, percentile: f64) -> f64 {
    let Some((from, to)) = seen.stall else { return 0.0 };
    let gap = 1e9 / RATE as f64;
    let start = seen.first as f64;
    let mut waits: Vec<_> = (0..SCHEDULED)
        .map(|index| start + index as f64 * gap)
        .map(|due| if due > from as f64 - gap && due < to as f64 { to as f64 - due } else { 0.0 })
        .collect();
    waits.sort_unstable_by(f64::total_cmp);
    let below = (SCHEDULED as f64 * percentile / 100.0).ceil();
    let rank = whole(below).clamp(1, SCHEDULED) - 1;
    waits[usize::try_from(rank).expect("few are scheduled")] / 1e6
}

/// The median distance over the runs.
fn distance(index: usize, runs: &[Queued]) -> Figure {
    let (name, _, _, bar) = JUDGED[index];
    let off = |run: &Queued| (run.measured[index] / run.computed[index] - 1.0) * 100.0;
    let mut distances: Vec<_> = runs.iter().map(|run| off(run).abs()).collect();
    let middle = median(&mut distances);
    let told: Vec<_> = runs
        .iter()
        .map(|run| format!("{} for {}", number(run.measured[index]), number(run.computed[index])))
        .collect();
    Figure::new(name, Bar::AtMost(bar), middle, "%")
        .within(distances[0], distances[distances.len() - 1])
        .note(format!("{} ms", told.join(", ")))
}

fn worst(sent: &[u64]) -> f64 {
    let off = |sent: &u64| *sent as f64 - SCHEDULED as f64;
    sent.iter().map(off).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0)
}
