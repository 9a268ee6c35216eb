//! The rows of the table, one function each.

mod analysis;
mod compared;
mod http3;
mod jitter;
mod memory;
mod passive;
mod scripted;
mod stall;
mod tapped;
mod threads;
mod traced;

use crate::bed::Bed;
use crate::bed::Length;
use crate::figure::Noise;
use crate::figure::Row;
use crate::problem::Problem;

/// All of them, in the table's order.
pub(crate) const ALL: &[Row] = &[
    Row {
        name: "h1-small",
        what: "HTTP/1.1, 13 bytes, 64 connections: shakedown / wrk",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.pairs, 1.0),
        measure: compared::small,
    },
    Row {
        name: "instructions",
        what: "user-mode instructions per request, everything counted (callgrind)",
        noise: Noise::Steady,
        seconds: |_| 60.0,
        measure: traced::instructions,
    },
    Row {
        name: "syscalls",
        what: "system calls per request at saturation (strace)",
        noise: Noise::Steady,
        seconds: |_| 30.0,
        measure: traced::syscalls,
    },
    Row {
        name: "observer",
        what: "instructions per request for watching one response header",
        noise: Noise::Steady,
        seconds: |_| 40.0,
        measure: traced::observer,
    },
    Row {
        name: "tap",
        what: "HTTP/1.1, 13 bytes, 64 connections: with 1 % of the answers looked at / without",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 4.0),
        measure: tapped::tap,
    },
    Row {
        name: "oha",
        what: "HTTP/1.1, 13 bytes, 64 connections: shakedown / oha",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 1.0),
        measure: compared::against_oha,
    },
    Row {
        name: "k6",
        what: "HTTP/1.1, 13 bytes, 64 connections: shakedown / k6",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 4.0),
        measure: compared::against_k6,
    },
    Row {
        name: "goose",
        what: "HTTP/1.1, 13 bytes, 64 connections: shakedown / goose",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 4.0),
        measure: compared::against_goose,
    },
    Row {
        name: "h1-large",
        what: "HTTP/1.1, 10 KB, 64 connections: shakedown / wrk",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 1.0),
        measure: compared::large,
    },
    Row {
        name: "tls",
        what: "TLS 1.3, 13 bytes, 64 connections: shakedown / wrk",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 1.0),
        measure: compared::tls,
    },
    Row {
        name: "h2",
        what: "HTTP/2 over TLS on nginx, 8 connections × 8 streams: shakedown / h2load",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 1.0),
        measure: compared::multiplexed,
    },
    Row {
        name: "h3",
        what: "HTTP/3 on quinn, 8 connections × 8 streams, beside our own HTTP/2 over TLS; no peer, no bar",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 1.0),
        measure: http3::http3,
    },
    Row {
        name: "scripted",
        what: "template, JSONPath extraction and regex check: shakedown / wrk's bare rate, k6, goose",
        noise: Noise::Noisy,
        seconds: |bed| 3.0 * pairs(bed, bed.fewer_pairs(), 4.0),
        measure: scripted::scripted,
    },
    Row {
        name: "jitter",
        what: "1,000/s for 10 s: distance from the ideal grid, seen by the server",
        noise: Noise::Noisy,
        seconds: |bed| f64::from(bed.rounds()) * 56.0,
        measure: jitter::jitter,
    },
    Row {
        name: "stall",
        what: "5,000/s for 8 s, stalled for 500 ms: percentiles against those of the schedule",
        noise: Noise::Noisy,
        seconds: |bed| f64::from(bed.rounds() + 1) * 9.0,
        measure: stall::stall,
    },
    Row {
        name: "connections",
        what: "memory from 64 to 10,000 connections",
        noise: Noise::Steady,
        seconds: |_| 10.0,
        measure: memory::connections,
    },
    Row {
        name: "requests",
        what: "memory from one to many million requests",
        noise: Noise::Steady,
        seconds: |bed| f64::from(by_length(bed, 40, 90, 960)),
        measure: memory::requests,
    },
    Row {
        name: "many-connections",
        what: "processor time per request at 10,000 connections against 64",
        noise: Noise::Noisy,
        seconds: |bed| f64::from(bed.fewer_pairs() / 3 + 1) * 14.0,
        measure: compared::many_connections,
    },
    Row {
        name: "endpoints",
        what: "memory of 16 scenarios × 200 endpoints: stated, after a minute, after an hour",
        noise: Noise::Steady,
        seconds: |bed| f64::from(by_length(bed, 5, 65, 3670)),
        measure: memory::endpoints,
    },
    Row {
        name: "two-threads",
        what: "two threads on two servers: CPU per request / that of one on one",
        noise: Noise::Noisy,
        seconds: |bed| pairs(bed, bed.fewer_pairs(), 1.0),
        measure: threads::two_threads,
    },
    Row {
        name: "passive",
        what: "300 passive rules on one response, with its view; no network",
        noise: Noise::Noisy,
        seconds: |_| 8.0,
        measure: passive::passive,
    },
    Row {
        name: "analysis",
        what: "looking for bottlenecks in an hour of load; no network",
        noise: Noise::Noisy,
        seconds: |_| 10.0,
        measure: analysis::analysis,
    },
];

/// What starting and ending two programs adds to their slots, in seconds.
const OVERHEAD: f64 = 0.4;

fn pairs(bed: &Bed, pairs: u32, slots: f64) -> f64 {
    f64::from(pairs) * (2.0 * slots * bed.slot.as_secs_f64() + OVERHEAD)
}

fn by_length(bed: &Bed, quick: u32, short: u32, full: u32) -> u32 {
    match bed.length {
        Length::Quick => quick,
        Length::Short => short,
        Length::Full => full,
    }
}

/// The rows of these names, or all; with `gate` only the steady ones.
pub(crate) fn chosen(names: &[String], gate: bool) -> Result<Vec<&'static Row>, Problem> {
    if let Some(unknown) = names.iter().find(|name| ALL.iter().all(|row| row.name != **name)) {
        return Err(Problem::UnknownRow(unknown.clone()));
    }
    let is_named = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.name);
    let is_steady = |row: &&Row| !gate || row.noise == Noise::Steady;
    Ok(ALL.iter().filter(is_named).filter(is_steady).collect())
}
