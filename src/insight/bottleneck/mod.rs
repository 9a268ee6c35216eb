//! What makes requests slow, from what a client can see.
//!
//! Every cause that is looked for makes a claim: which requests would have been shorter without it,
//! and by how much. What it explains of a percentile is how much lower that percentile would be. The
//! claim that explains most, by how sure it is, is taken for given; what is left is looked at again,
//! so that one cause does not stand in the list under several names.
//!
//! Nothing is claimed of a load whose generator was late or full, and nothing that explains less than
//! [`FLOOR`] of a p95 or less than [`FLOOR_SECONDS`].

mod backend;
mod cache;
mod claim;
mod connections;
mod contention;
mod endpoint;
mod generator;
mod network;
mod payload;
mod rate_limit;
mod rows;
mod since;

use claim::Claim;
use rows::Rows;

use crate::model::Bottleneck;
use crate::model::Report;

/// Share of a p95 that is worth a claim.
const FLOOR: f64 = 0.15;

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
    let mut found: Vec<Bottleneck> = rate_limit::look(report, &rows).into_iter().collect();
    while found.len() < MOST {
        let Some(best) = best(&rows, report, &found) else { break };
        found.push(best.told(&rows, report));
        rows.apply(best.without);
    }
    found.sort_by(|one, other| other.explains_p95.total_cmp(&one.explains_p95));
    found
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
        network::look(rows),
        connections::look(rows),
        backend::look(rows),
        cache::look(rows),
        payload::look(rows),
        contention::named(rows),
    ];
    best(&mut told.into_iter().flatten()).or_else(|| {
        let seen = [contention::together(rows, report), endpoint::look(rows)];
        best(&mut seen.into_iter().flatten())
    })
}
