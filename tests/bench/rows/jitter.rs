//! An open model's send times, as the server sees them.

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
use crate::tools::Load;
use crate::tools::Script;
use crate::tools::Users;
use crate::tools::k6;
use crate::tools::oha;
use crate::tools::wrk2;

const RATE: u32 = 1000;
const CONNECTIONS: u32 = 64;

/// Of one run.
const TIME: Duration = Duration::from_secs(10);

/// Microseconds behind the ideal grid.
#[derive(Debug, Clone, Copy)]
struct Offsets {
    p50: f64,
    p90: f64,
    p99: f64,
    arrivals: usize,
}

/// What sends. The engine polls before a deadline where it may use more cores than it has threads,
/// and parks where it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Spinning,
    Parked,
    Oha,
    K6,
    Wrk2,
}

const SENDERS: [Sender; 5] =
    [Sender::Spinning, Sender::Parked, Sender::Oha, Sender::K6, Sender::Wrk2];

impl Sender {
    fn name(self) -> &'static str {
        match self {
            Self::Spinning => "shakedown spinning, p50",
            Self::Parked => "shakedown parked, p50",
            Self::Oha => "oha, p50",
            Self::K6 => "k6, p50",
            Self::Wrk2 => "wrk2, p50",
        }
    }

    fn bar(self) -> Bar {
        match self {
            Self::Spinning => Bar::AtMost(10.0),
            Self::Parked => Bar::AtMost(60.0),
            Self::Oha | Self::K6 | Self::Wrk2 => Bar::None,
        }
    }

    fn send(self, bed: &Bed, url: &str) -> Result<(), Problem> {
        let Bed { cores, programs, .. } = bed;
        let users = Users { vus: CONNECTIONS, rate: Some(RATE) };
        let peer = match self {
            Self::Spinning => return ours(bed, url, Place::TwoForClient),
            Self::Parked => return ours(bed, url, Place::Client),
            Self::Oha => oha(programs, url, CONNECTIONS, TIME, Some(RATE)),
            Self::K6 => k6(programs, url, users, TIME, Script::Plain)?,
            Self::Wrk2 => wrk2(programs, url, (RATE, CONNECTIONS), TIME),
        };
        peer.run(cores).map(|_| ())
    }
}

/// Runs of all senders in turn, each against a server of its own that polls without pause.
pub(super) fn jitter(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let mut runs = SENDERS.map(|sender| (sender, Ok(Vec::new())));
    for _ in 0..bed.rounds() {
        for (sender, runs) in &mut runs {
            let Ok(done) = runs else { continue };
            match run(bed, *sender) {
                Ok(offsets) => done.push(offsets),
                Err(problem) if sender.bar() != Bar::None => return Err(problem),
                Err(problem) => *runs = Err(problem),
            }
        }
    }
    Ok(runs.into_iter().map(|(sender, runs)| figure(sender, runs)).collect())
}

fn run(bed: &Bed, sender: Sender) -> Result<Offsets, Problem> {
    let server = bed.server(ServerKind::Arrivals)?;
    sender.send(bed, &server.url)?;
    Ok(offsets(&server.finish()?))
}

fn ours(bed: &Bed, url: &str, place: Place) -> Result<(), Problem> {
    let load = Load::url(url, CONNECTIONS, Amount::For(TIME)).with(&["-q", &RATE.to_string()]);
    load.run(&bed.cores, place, TIME * 6).map(|_| ())
}

/// Behind a grid that begins at the tool's own first percentile: what every request takes to get
/// to the server is no jitter.
fn offsets(seen: &Seen) -> Offsets {
    let gap = 1e9 / f64::from(RATE);
    let first = seen.arrivals.first().copied().unwrap_or_default();
    let mut behind: Vec<_> = seen
        .arrivals
        .iter()
        .enumerate()
        .map(|(index, arrival)| (arrival - first) as f64 - index as f64 * gap)
        .collect();
    behind.sort_unstable_by(f64::total_cmp);
    let at = |percent: usize| behind.get(behind.len() * percent / 100).copied().unwrap_or(0.0);
    let of = |percent| (at(percent) - at(1)) / 1e3;
    Offsets { p50: of(50), p90: of(90), p99: of(99), arrivals: behind.len() }
}

fn figure(sender: Sender, runs: Result<Vec<Offsets>, Problem>) -> Figure {
    let runs = match runs {
        Ok(runs) => runs,
        Err(problem) => return Figure::missing(sender.name(), sender.bar(), &problem),
    };
    let all = |what: fn(&Offsets) -> f64| {
        let mut values: Vec<_> = runs.iter().map(what).collect();
        let middle = median(&mut values);
        (values[0], middle, values[values.len() - 1])
    };
    let (low, p50, high) = all(|offsets| offsets.p50);
    let note = format!(
        "p90 {}, p99 {} µs; {} of {} arrived; median of {} runs",
        number(all(|offsets| offsets.p90).1),
        number(all(|offsets| offsets.p99).1),
        number(all(|offsets| offsets.arrivals as f64).1),
        number(f64::from(RATE) * TIME.as_secs_f64()),
        runs.len()
    );
    Figure::new(sender.name(), sender.bar(), p50, "µs").within(low, high).note(note)
}
