//! Processor time per request and rate, paired with other tools.

use std::time::Duration;

use crate::bed::Bed;
use crate::cores::Place;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::figure::number;
use crate::pairs::Slot;
use crate::pairs::alternate;
use crate::pairs::estimate;
use crate::pairs::median;
use crate::problem::Problem;
use crate::server::Server;
use crate::server::ServerKind;
use crate::server::Transport;
use crate::tools::Amount;
use crate::tools::Load;
use crate::tools::Oha;
use crate::tools::Wrk;

const CONNECTIONS: u32 = 64;

/// What the row is judged by; the rest is told beside it.
#[derive(Debug, Clone, Copy)]
enum JudgedBy {
    /// Our processor time per request as a part of theirs, and that this is no accident.
    Cpu { at_most: f64 },
    /// Our rate as a multiple of theirs.
    Rate { at_least: f64 },
}

/// A small response, against wrk.
pub(super) fn small(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    against_wrk(bed, &server, JudgedBy::Cpu { at_most: 0.90 }, bed.pairs)
}

/// 10 KB, against wrk.
pub(super) fn large(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Large)?;
    against_wrk(bed, &server, JudgedBy::Rate { at_least: 1.20 }, fewer(bed))
}

/// TLS 1.3, against wrk; each slot has its handshakes.
pub(super) fn tls(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = Server::start(ServerKind::Small, Transport::Tls, bed.cores)?;
    against_wrk(bed, &server, JudgedBy::Rate { at_least: 1.25 }, fewer(bed))
}

/// A small response, against oha.
pub(super) fn oha(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    let theirs = || {
        let url = server.url.clone();
        let (requests, ended) =
            Oha { url, connections: CONNECTIONS, time: bed.slot }.run(bed.cores)?;
        Ok(Slot::of(requests, &ended, bed.slot.as_secs_f64()))
    };
    let pairs = alternate(fewer(bed), || shakedown(bed, &server.url, CONNECTIONS), theirs)?;
    Ok(figures(&pairs, JudgedBy::Cpu { at_most: 0.60 }))
}

/// Our own cost at 10,000 connections against that at 64.
pub(super) fn many_connections(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    const MANY: u32 = 10_000;
    let server = bed.server(ServerKind::Small)?;
    // By counts, and many of them, so that making the connections is a small part of it.
    let slot = |connections| {
        let load = Load::url(&server.url, connections, Amount::Requests(400_000));
        let done = load.run(bed.cores, Place::Client, Duration::from_secs(120))?;
        Ok(Slot::of(done.requests, &done.ended, 1.0))
    };
    let pairs = alternate(fewer(bed) / 3 + 1, || slot(MANY), || slot(CONNECTIONS))?;
    let ratio = estimate(&ratios(&pairs, Slot::cpu));
    let note = format!("[{:.2}, {:.2}] of {} pairs", ratio.low, ratio.high, pairs.len());
    Ok(vec![Figure::new("CPU, 10,000 / 64", Bar::AtMost(1.6), ratio.median, "×").note(note)])
}

/// All rows but the first.
fn fewer(bed: &Bed) -> u32 {
    bed.pairs.div_ceil(2)
}

fn against_wrk(
    bed: &Bed,
    server: &Server,
    judged_by: JudgedBy,
    pairs: u32,
) -> Result<Vec<Figure>, Problem> {
    let theirs = || {
        let wrk =
            Wrk { url: server.url.clone(), connections: CONNECTIONS, seconds: bed.slot.as_secs() };
        let (requests, ended) = wrk.run(bed.cores)?;
        Ok(Slot::of(requests, &ended, bed.slot.as_secs_f64()))
    };
    let pairs = alternate(pairs, || shakedown(bed, &server.url, CONNECTIONS), theirs)?;
    Ok(figures(&pairs, judged_by))
}

fn shakedown(bed: &Bed, url: &str, connections: u32) -> Result<Slot, Problem> {
    let mut load = Load::url(url, connections, Amount::For(bed.slot));
    if url.starts_with("https") {
        load = load.with(&["--insecure"]);
    }
    let done = load.run(bed.cores, Place::Client, bed.slot + Duration::from_secs(30))?;
    Ok(Slot::of(done.requests, &done.ended, bed.slot.as_secs_f64()))
}

fn figures(pairs: &[(Slot, Slot)], judged_by: JudgedBy) -> Vec<Figure> {
    let cpu = estimate(&ratios(pairs, Slot::cpu));
    let rate = estimate(&ratios(pairs, Slot::rate));
    let (cpu_bar, upper_bar, rate_bar) = match judged_by {
        JudgedBy::Cpu { at_most } => (Bar::AtMost(at_most), Bar::AtMost(1.0), Bar::None),
        JudgedBy::Rate { at_least } => (Bar::None, Bar::None, Bar::AtLeast(at_least)),
    };
    let beside = |what: fn(&Slot) -> f64, unit| {
        let of = |side: fn(&(Slot, Slot)) -> &Slot| {
            median(&mut pairs.iter().map(|pair| what(side(pair))).collect::<Vec<_>>())
        };
        format!("{} against {} {unit}", number(of(|pair| &pair.0)), number(of(|pair| &pair.1)))
    };
    let interval = |low: f64, high: f64| format!("[{low:.2}, {high:.2}]; ");
    let cpu_note = interval(cpu.low, cpu.high)
        + &beside(Slot::cpu, "CPU-s per million, ")
        + &beside(|slot| slot.user.as_secs_f64() * 1e6 / slot.requests as f64, "in user mode");
    let rate_note = interval(rate.low, rate.high) + &beside(Slot::rate, "requests/s");
    let count = format!("of {} pairs in A B B A order", pairs.len());
    vec![
        Figure::new("client CPU per request", cpu_bar, cpu.median, "×").note(cpu_note),
        Figure::new("its 95 % interval's upper end", upper_bar, cpu.high, "×").note(count),
        Figure::new("requests/s", rate_bar, rate.median, "×").note(rate_note),
    ]
}

fn ratios(pairs: &[(Slot, Slot)], what: fn(&Slot) -> f64) -> Vec<f64> {
    pairs.iter().map(|(ours, theirs)| what(ours) / what(theirs)).collect()
}
