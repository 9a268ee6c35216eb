//! Resident memory: by connections, by requests, by endpoints.

use std::fmt::Write as _;
use std::time::Duration;

use crate::bed::Bed;
use crate::bed::Length;
use crate::child::Ended;
use crate::child::last_lines;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::figure::number;
use crate::problem::Problem;
use crate::server::ServerKind;
use crate::tools::Amount;
use crate::tools::Done;
use crate::tools::Load;
use crate::tools::plan_file;

const MIB: f64 = 1024.0 * 1024.0;

/// Few and many connections.
const FEW: u32 = 64;
const MANY: u32 = 10_000;

/// Scenarios and the endpoints that each of them calls once a second.
const SCENARIOS: u32 = 16;
const ENDPOINTS: u32 = 200;

/// What a connection more costs.
pub(super) fn connections(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    let peak = |connections, requests| {
        let load = Load::url(&server.url, connections, Amount::Requests(requests));
        let done = load.run(&bed.cores, Place::Client, Duration::from_secs(120))?;
        Ok(done.ended.max_rss as f64)
    };
    let few = peak(FEW, 100_000)?;
    let many = peak(MANY, 100_000)?;
    let each = (many - few) / f64::from(MANY - FEW);
    let note = format!("{} MiB at {FEW}, {} MiB at {MANY}", number(few / MIB), number(many / MIB));
    Ok(vec![Figure::new("bytes per connection", Bar::AtMost(2048.0), each, "bytes").note(note)])
}

/// What requests leave behind: from one million to four, with `--long` to fifty.
pub(super) fn requests(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    let (long, bound) = match bed.length {
        Length::Quick => (1_100_000, Duration::from_secs(300)),
        Length::Short => (4_000_000, Duration::from_secs(300)),
        Length::Full => (50_000_000, Duration::from_secs(3600)),
    };
    let peak = |requests| {
        let load = Load::url(&server.url, FEW, Amount::Requests(requests));
        let done = load.run(&bed.cores, Place::Client, bound)?;
        Ok(done.ended.max_rss as f64 / MIB)
    };
    let (before, after) = (peak(1_000_000)?, peak(long)?);
    let note = format!("{} MiB after {}", number(after), number(long as f64));
    Ok(vec![Figure::new("growth", Bar::AtMost(1.0), after - before, "MiB").note(note)])
}

/// What a large plan takes: what the program says at the start that its statistics may take at most,
/// however long it runs, and what is resident after a minute. With `--long` an hour is measured too.
///
/// Nothing is drawn out from the minute to the hour: histograms fill with latencies that were not
/// seen before, so memory grows for minutes and then stands still. The bound is what is stated.
pub(super) fn endpoints(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    let run = |seconds: u64| {
        let file = plan_file(&plan(&server.url, seconds))?;
        let load = Load::plan(file.path());
        load.run(&bed.cores, Place::Client, Duration::from_secs(seconds + 60))
    };
    let bar = Bar::AtMost(256.0);
    let seconds = if bed.length == Length::Quick { 3 } else { 60 };
    let short = run(seconds)?;
    let stated = stated(&short.ended)?;
    let resident = |name, done: &Done| {
        let note = format!("{} requests", number(done.requests as f64));
        Figure::new(name, bar, done.ended.max_rss as f64 / MIB, "MiB").note(note)
    };
    let mut figures = vec![
        Figure::new("stated", bar, stated, "MiB").note("for the whole process, at the start"),
        resident("after a minute", &short),
    ];
    if bed.length == Length::Full {
        figures.push(resident("after an hour", &run(3600)?));
    }
    Ok(figures)
}

/// The MiB that a run says it takes: `… up to 169 MiB of memory (254 MiB in all)`.
fn stated(ended: &Ended) -> Result<f64, Problem> {
    let said = || {
        let line = ended.stderr.lines().find(|line| line.contains("statistics: "))?;
        let (_, amount) = line.rsplit_once(" of memory (")?;
        amount.strip_suffix(" MiB in all)")?.parse().ok()
    };
    said().ok_or_else(|| Problem::Unreadable {
        program: ended.program.clone(),
        wanted: "its memory in MiB",
        said: last_lines(&ended.stderr),
    })
}

/// Each scenario walks through all endpoints once a second.
fn plan(url: &str, seconds: u64) -> String {
    let mut text = format!("version: 1\ntarget: {url}\nrequests:\n");
    let mut steps = String::new();
    for endpoint in 0..ENDPOINTS {
        writeln!(text, "  e{endpoint}: {{ get: /endpoint/{endpoint} }}").expect("into memory");
        write!(steps, "{{ use: e{endpoint} }}, ").expect("into memory");
    }
    writeln!(text, "flows:\n  walk: [ {steps} ]\nscenarios:").expect("into memory");
    for scenario in 0..SCENARIOS {
        writeln!(
            text,
            "  s{scenario}: {{ executor: constant-arrival-rate, exec: walk, rate: 1, \
             duration: {seconds}s, preAllocatedVUs: 4, maxVUs: 4 }}"
        )
        .expect("into memory");
    }
    text
}
