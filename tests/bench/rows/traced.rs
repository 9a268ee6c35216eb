//! Instructions and system calls per request.

use std::time::Duration;

use crate::bed::Bed;
use crate::figure::Bar;
use crate::figure::Figure;
use crate::problem::Problem;
use crate::server::ServerKind;
use crate::tools::Amount;
use crate::tools::Load;
use crate::tools::wrk;
use crate::tracing::Counter;

/// Lengths of the two runs whose difference is taken.
const REQUESTS: (u64, u64) = (20_000, 80_000);
const SECONDS: (u64, u64) = (1, 4);

const CONNECTIONS: u32 = 64;

/// Of a plain GET, with a response whose head is always the same, and with one in which two values
/// change: a tenth more is allowed for comparing it by parts.
pub(super) fn instructions(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let counter = Counter::Instructions;
    let same = per_request(bed, counter, ServerKind::Small, &[])?;
    let changing = per_request(bed, counter, ServerKind::Changing, &[])?;
    Ok(vec![
        Figure::new("same head", Bar::AtMost(2000.0), same, "instructions"),
        Figure::new("changing head", Bar::AtMost(2200.0), changing, "instructions"),
        of_wrk(bed, counter, "instructions"),
    ])
}

/// Of the same, all threads together.
pub(super) fn syscalls(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let counter = Counter::SystemCalls;
    let ours = per_request(bed, counter, ServerKind::Small, &[])?;
    Ok(vec![
        Figure::new("shakedown", Bar::AtMost(2.4), ours, "calls"),
        of_wrk(bed, counter, "calls"),
    ])
}

/// With a header that is on every response and has two values, and without.
pub(super) fn observer(bed: &Bed) -> Result<Vec<Figure>, Problem> {
    let counter = Counter::Instructions;
    let off = per_request(bed, counter, ServerKind::Changing, &[])?;
    let on = per_request(bed, counter, ServerKind::Changing, &["--observe", "X-Cache"])?;
    let figure = Figure::new("on − off", Bar::AtMost(300.0), on - off, "instructions");
    Ok(vec![figure.note(format!("{on:.0} − {off:.0}"))])
}

fn per_request(
    bed: &Bed,
    counter: Counter,
    kind: ServerKind,
    flags: &[&str],
) -> Result<f64, Problem> {
    let server = bed.server(kind)?;
    let count = |requests| {
        let load = Load::url(&server.url, CONNECTIONS, Amount::Requests(requests)).with(flags);
        load.count(counter, &bed.cores).map(|(counted, done)| (counted, done.requests))
    };
    Ok(marginal(count(REQUESTS.0)?, count(REQUESTS.1)?))
}

/// wrk for comparison; without it the figure that counts is still there.
fn of_wrk(bed: &Bed, counter: Counter, unit: &'static str) -> Figure {
    let measured = || {
        let server = bed.server(ServerKind::Small)?;
        let count = |seconds| {
            let time = Duration::from_secs(seconds);
            wrk(&bed.programs, &server.url, CONNECTIONS, time).count(counter, &bed.cores)
        };
        Ok(marginal(count(SECONDS.0)?, count(SECONDS.1)?))
    };
    match measured() {
        Ok(value) => Figure::new("wrk", Bar::None, value, unit),
        Err(problem) => Figure::missing("wrk", Bar::None, &problem),
    }
}

/// Per request between two runs of `(counted, requests)`.
fn marginal(short: (u64, u64), long: (u64, u64)) -> f64 {
    (long.0 as f64 - short.0 as f64) / (long.1 as f64 - short.1 as f64)
}
