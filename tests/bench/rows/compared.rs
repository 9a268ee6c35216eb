//! Processor time per request and rate, paired with other tools.

use std::time::Duration;

use crate::bed::Bed;
use crate::bed::Length;
use crate::cores::Cores;
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
use crate::tools::Peer;
use crate::tools::Script;
use crate::tools::Users;
use crate::tools::goose;
use crate::tools::h2load;
use crate::tools::k6;
use crate::tools::oha;
use crate::tools::wrk;

const CONNECTIONS: u32 = 64;

/// Connections and streams on each of them.
pub(super) const MULTIPLEXED: (u32, u32) = (8, 8);

/// Longer slots for tools whose start takes as much as a short one does.
const SLOW_TO_START: u32 = 4;

/// What the row is judged by; the rest is told beside it.
#[derive(Debug, Clone, Copy)]
pub(super) enum JudgedBy {
    /// Our processor time per request as a part of theirs.
    Cpu { at_most: f64 },
    /// The same, and that being cheaper is no accident.
    CpuForSure { at_most: f64 },
    /// Our rate as a multiple of theirs.
    Rate { at_least: f64 },
    /// For comparison.
    Nothing,
}

/// Two tools on one server.
pub(super) struct Comparison<'a> {
    pub(super) server: &'a Server,
    pub(super) ours: Load,
    pub(super) theirs: Peer,
    pub(super) judged_by: JudgedBy,
}

/// A small response, against wrk.
pub(super) fn small(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Small)?;
    against_wrk(bed, &server, JudgedBy::CpuForSure { at_most: 0.90 }, bed.pairs)
}

/// 10 KB, against wrk.
pub(super) fn large(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = bed.server(ServerKind::Large)?;
    against_wrk(bed, &server, JudgedBy::Rate { at_least: 1.20 }, bed.fewer_pairs())
}

/// TLS 1.3, against wrk; each slot has its handshakes.
pub(super) fn tls(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = Server::start(ServerKind::Small, Transport::Tls, &bed.cores, Place::Server)?;
    against_wrk(bed, &server, JudgedBy::Rate { at_least: 1.25 }, bed.fewer_pairs())
}

/// A small response, against oha.
pub(super) fn against_oha(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = &bed.server(ServerKind::Small)?;
    let theirs = oha(&bed.programs, &server.url, CONNECTIONS, bed.slot, None);
    let ours = plain(&server.url, bed.slot);
    let judged_by = JudgedBy::Cpu { at_most: 0.60 };
    Comparison { server, ours, theirs, judged_by }.figures(&bed.cores, bed.fewer_pairs())
}

/// A small response, against k6.
pub(super) fn against_k6(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = &bed.server(ServerKind::Small)?;
    let time = bed.slot * SLOW_TO_START;
    let users = Users { vus: CONNECTIONS, rate: None };
    let theirs = k6(&bed.programs, &server.url, users, time, Script::Plain)?;
    let ours = plain(&server.url, time);
    let judged_by = JudgedBy::Cpu { at_most: 0.10 };
    Comparison { server, ours, theirs, judged_by }.figures(&bed.cores, bed.fewer_pairs())
}

/// A small response, against goose.
pub(super) fn against_goose(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = &bed.server(ServerKind::Small)?;
    let time = bed.slot * SLOW_TO_START;
    let theirs = goose(&bed.programs, &server.url, CONNECTIONS, time, Script::Plain);
    let ours = plain(&server.url, time);
    let judged_by = JudgedBy::Nothing;
    Comparison { server, ours, theirs, judged_by }.figures(&bed.cores, bed.fewer_pairs())
}

/// HTTP/2 over TLS on nginx, against h2load.
pub(super) fn multiplexed(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let server = &Server::nginx(&bed.programs, &bed.cores)?;
    let (connections, streams) = MULTIPLEXED;
    let theirs = h2load(&bed.programs, &server.url, MULTIPLEXED, bed.slot);
    let ours = Load::url(&server.url, connections, Amount::For(bed.slot));
    let ours = ours.with(&["--http2", "-p", &streams.to_string(), "--insecure"]);
    let judged_by = JudgedBy::Cpu { at_most: 1.0 };
    Comparison { server, ours, theirs, judged_by }.figures(&bed.cores, bed.fewer_pairs())
}

/// Our own cost at 10,000 connections against that at 64.
pub(super) fn many_connections(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    const MANY: u32 = 10_000;
    let server = bed.server(ServerKind::Small)?;
    // By counts, and many of them, so that making the connections is a small part of it.
    let requests = if bed.length == Length::Quick { 100_000 } else { 400_000 };
    let slot = |connections| {
        let load = Load::url(&server.url, connections, Amount::Requests(requests));
        Slot::of(&server, Duration::from_secs(1), || {
            let done = load.run(&bed.cores, Place::Client, Duration::from_secs(120))?;
            Ok((done.requests, done.ended))
        })
    };
    let pairs = alternate(bed.fewer_pairs() / 3 + 1, || slot(MANY), || slot(CONNECTIONS))?;
    let ratio = estimate(&ratios(&pairs, Slot::cpu));
    let note = format!("{} CPU-s per million", medians(&pairs, Slot::cpu));
    Ok(vec![
        Figure::new("CPU per request, 10,000 / 64", Bar::AtMost(1.6), ratio.median, "×")
            .within(ratio.low, ratio.high)
            .note(note),
    ])
}

/// Plain load over the usual connections.
pub(super) fn plain(url: &str, time: Duration) -> Load {
    let load = Load::url(url, CONNECTIONS, Amount::For(time));
    if url.starts_with("https") { load.with(&["--insecure"]) } else { load }
}

fn against_wrk(
    bed: &Bed,
    server: &Server,
    judged_by: JudgedBy,
    pairs: u32,
) -> Result<Vec<Figure>, Problem> {
    let theirs = wrk(&bed.programs, &server.url, CONNECTIONS, bed.slot);
    let ours = plain(&server.url, bed.slot);
    Comparison { server, ours, theirs, judged_by }.figures(&bed.cores, pairs)
}

impl Comparison<'_> {
    /// Measures in alternating slots.
    pub(super) fn pairs(&self, cores: &Cores, pairs: u32) -> Result<Vec<(Slot, Slot)>, Problem> {
        let Self { server, ours, theirs, .. } = self;
        let time = theirs.time;
        let bound = time + Duration::from_secs(60);
        let our_slot = || {
            Slot::of(server, time, || {
                let done = ours.run(cores, Place::Client, bound)?;
                Ok((done.requests, done.ended))
            })
        };
        alternate(pairs, our_slot, || Slot::of(server, time, || theirs.run(cores)))
    }

    fn figures(&self, cores: &Cores, pairs: u32) -> Result<Vec<Figure>, Problem> {
        Ok(figures(&self.pairs(cores, pairs)?, self.judged_by))
    }
}

fn figures(pairs: &[(Slot, Slot)], judged_by: JudgedBy) -> Vec<Figure> {
    let (cpu_bar, rate_bar) = match judged_by {
        JudgedBy::Cpu { at_most } | JudgedBy::CpuForSure { at_most } => {
            (Bar::AtMost(at_most), Bar::None)
        }
        JudgedBy::Rate { at_least } => (Bar::None, Bar::AtLeast(at_least)),
        JudgedBy::Nothing => (Bar::None, Bar::None),
    };
    let cpu = estimate(&ratios(pairs, Slot::cpu));
    let cpu_note = format!(
        "{} CPU-s per million, {} in user mode; {} pairs",
        medians(pairs, Slot::cpu),
        medians(pairs, Slot::user_cpu),
        pairs.len()
    );
    let mut figures = vec![
        Figure::new("client CPU per request", cpu_bar, cpu.median, "×")
            .within(cpu.low, cpu.high)
            .note(cpu_note),
        rate(pairs, "requests/s", rate_bar),
    ];
    if matches!(judged_by, JudgedBy::CpuForSure { .. }) {
        let upper = Figure::new("its interval's upper end", Bar::Below(1.0), cpu.high, "×");
        figures.insert(1, upper);
    }
    figures
}

/// Our rate as a multiple of theirs, and how busy the server was: at 100 % rates compare servers.
pub(super) fn rate(pairs: &[(Slot, Slot)], name: &'static str, bar: Bar) -> Figure {
    let rate = estimate(&ratios(pairs, Slot::rate));
    let note = format!(
        "{} requests/s; server {} % busy; {} pairs",
        medians(pairs, Slot::rate),
        medians(pairs, Slot::server_share),
        pairs.len()
    );
    Figure::new(name, bar, rate.median, "×").within(rate.low, rate.high).note(note)
}

/// What both sides had.
pub(super) fn medians(pairs: &[(Slot, Slot)], what: fn(&Slot) -> f64) -> String {
    let of = |side: fn(&(Slot, Slot)) -> &Slot| {
        median(&mut pairs.iter().map(|pair| what(side(pair))).collect::<Vec<_>>())
    };
    format!("{} against {}", number(of(|pair| &pair.0)), number(of(|pair| &pair.1)))
}

/// Ours as a multiple of theirs, in each pair.
pub(super) fn ratios(pairs: &[(Slot, Slot)], what: fn(&Slot) -> f64) -> Vec<f64> {
    pairs.iter().map(|(ours, theirs)| what(ours) / what(theirs)).collect()
}
