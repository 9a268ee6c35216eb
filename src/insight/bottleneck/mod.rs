//! What makes requests slow, from what a client can see.
//!
//! Every cause that is looked for makes a claim: which requests would have been shorter without it,
//! and by how much. What it explains of a percentile is how much lower that percentile would be. The
//! claim that explains most, by how sure it is, is taken for given; what is left is looked at again,
//! so that one cause does not stand in the list under several names.
//!
//! Nothing is claimed of a load whose generator was late or full, and nothing that explains less than
//! [`FLOOR`] of a p95 ([`FLOOR_OF_NAMED`] where the target names the cause) or less than
//! [`FLOOR_SECONDS`].

mod backend;
mod cache;
mod claim;
mod connections;
mod contention;
mod endpoint;
mod generator;
mod isolated;
mod line;
mod network;
mod payload;
mod rate_limit;
mod rates;
mod rows;
mod shaped;
mod since;
mod waiting;

use claim::Claim;
use rows::Rows;

use crate::model::Bottleneck;
use crate::model::BottleneckCause;
use crate::model::Report;

/// Share of a p95 that is worth a claim.
const FLOOR: f64 = 0.15;

/// The same where the target's own words name the cause (a backend in a header, a wait for a lock in
/// `Server-Timing`, `Connection: close`), so that it need not stand out of what differs anyway.
const FLOOR_OF_NAMED: f64 = 0.05;

/// Seconds of a p95 that are worth one.
const FLOOR_SECONDS: f64 = 0.0005;

/// Causes told at most.
const MOST: usize = 8;

/// What makes requests slow, what costs most first; empty where nothing stands out.
pub fn bottlenecks(report: &Report) -> Vec<Bottleneck> {
    if let Some(found) = generator::look(report) {
        return vec![found];
    }
    let mut rows = Rows::of(report);
    // Seconds that all requests take at their endpoint's p95: by its share of them causes are ranked,
    // so that a little at every endpoint counts for more than the same at one of them.
    let whole = rows.cost_of_all();
    let mut found: Vec<Bottleneck> = rate_limit::look(report, &rows).into_iter().collect();
    // Whoever is turned away has no answer at all: that is first.
    let mut costs: Vec<f64> = found.iter().map(|_| f64::INFINITY).collect();
    let failing = backend::failing(&rows);
    // What was turned away says nothing of how long answers take.
    rows.retain(|row| !rate_limit::is_refused(row));
    // Its queue is before everything else, and looks like anything that comes behind it.
    let shaped = shaped::look(&rows, report);
    if let Some(claim) = shaped.filter(|claim| claim.score(&rows).is_some()) {
        let (told, cost) = (claim.told(&rows, report), claim.cost(&rows));
        if let Some(refused) = found.first_mut() {
            refused.take_in(told);
        } else {
            found.push(told);
            costs.push(cost);
        }
        rows.apply(claim.without);
    }
    while found.len() < MOST {
        let Some(best) = best(&rows, report, &found) else { break };
        let mut told = vec![&best];
        let filling = match best.cause {
            BottleneckCause::Network => payload::filling(&rows, report),
            _ => Vec::new(),
        };
        let is_new = |claim: &&Claim<'_>| !found.iter().any(|known| claim.is_in(&rows, known));
        told.extend(filling.iter().filter(is_new).filter(|claim| claim.score(&rows).is_some()));
        for claim in told {
            found.push(claim.told(&rows, report));
            costs.push(claim.cost(&rows));
        }
        rows.apply(best.without);
    }
    for failing in failing {
        // Of one that is slow too, it stands among its figures already.
        if !found.iter().any(|one| one.backend == failing.backend) {
            found.push(failing);
        }
    }
    isolated::weigh(&mut found, report);
    // What was found last is no claim about times of its own: it explains its share of all.
    let more = found.iter().skip(costs.len()).map(|one| one.explains_p95 * whole);
    costs.extend(more.collect::<Vec<f64>>());
    let mut ranked: Vec<(f64, Bottleneck)> = costs.into_iter().zip(found).collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    ranked.into_iter().map(|(_, one)| one).collect()
}

/// The claim that explains most. Those come first that the target's own words speak for; that work
/// grows with the load, or is slow, fits much else too and is asked about what they leave.
fn best<'a>(rows: &Rows<'a>, report: &Report, found: &[Bottleneck]) -> Option<Claim<'a>> {
    let best = |claims: &mut dyn Iterator<Item = Claim<'a>>| {
        let new = claims.filter(|claim| !found.iter().any(|known| claim.is_in(rows, known)));
        let scored = new.filter_map(|claim| Some((claim.score(rows)?, claim)));
        scored.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, claim)| claim)
    };
    let told = [
        network::look(rows, report),
        connections::look(rows),
        backend::look(rows),
        cache::look(rows),
        payload::look(rows),
        contention::named(rows, report),
    ];
    best(&mut told.into_iter().flatten()).or_else(|| {
        let seen = [contention::together(rows, report), endpoint::look(rows, report)];
        best(&mut seen.into_iter().flatten())
    })
}
