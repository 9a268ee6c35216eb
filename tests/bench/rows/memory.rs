//! Resident memory: by connections, by requests, by endpoints.

use std::fmt::Write as _;
use std::time::Duration;

use crate::bed::Bed;
use crate::bed::Length;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::figure::number;
use crate::problem::Problem;
use crate::server::ServerKind;
use crate::tools::Amount;
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

/// What a large plan takes after an hour: measured at two lengths and continued, unless `--long`.
pub(super) fn endpoints(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    let peak = |seconds: u64| {
        let file = plan_file(&plan(&server.url, seconds))?;
        let load = Load::plan(file.path());
        let done = load.run(&bed.cores, Place::Client, Duration::from_secs(seconds + 60))?;
        Ok((done.ended.max_rss as f64 / MIB, done.requests))
    };
    let bar = Bar::AtMost(256.0);
    if bed.length == Length::Full {
        let (hour, requests) = peak(3600)?;
        let figure = Figure::new("after an hour", bar, hour, "MiB");
        return Ok(vec![figure.note(format!("{} requests", number(requests as f64)))]);
    }
    let (first, second) = if bed.length == Length::Quick { (3, 6) } else { (20, 60) };
    let ((short, _), (long, _)) = (peak(first)?, peak(second)?);
    let each = (long - short) / (second - first) as f64;
    let left = (3600 - second) as f64;
    let note = format!(
        "{} MiB after {second} s, {} KiB more each second",
        number(long),
        number(each * 1024.0)
    );
    Ok(vec![Figure::new("after an hour", bar, long + left * each, "MiB").note(note)])
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
