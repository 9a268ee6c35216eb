//! Whether the parts of a plan fit each other: what is alright alone and wrong together.

use std::time::Duration;

use super::document::Place;
use super::reader::{Fields, Reader};
use super::types::{Limits, Scenario};
use crate::model::format_duration;

/// Refuses caps that a scenario would run into by itself: such a run measures the cap. `sent` are
/// requests by flow and pass.
pub(super) fn caps(
    plan: &Fields<'_>,
    limits: &Limits,
    scenarios: &[Scenario],
    sent: &[f64],
    reader: &mut Reader,
) {
    if let Some(max_rps) = limits.max_rps {
        rates(max_rps, &cap_at(plan, "max_rps"), scenarios, sent, reader);
    }
    if let Some(max_time) = limits.max_time {
        ends(max_time, &cap_at(plan, "max_time"), scenarios, reader);
    }
    if let Some(max_vus) = limits.max_vus
        && let Some(peak) = peak_vus(scenarios)
        && peak > u64::from(max_vus)
    {
        reader.problem_with_help(
            &cap_at(plan, "max_vus"),
            format!(
                "`max_vus: {max_vus}` is below the {peak} virtual users that scenarios may have \
                 at once"
            ),
            "raise the cap, or lower the scenarios' `vus` or `maxVUs`",
        );
    }
}

/// Where the plan says how much `key` of its limits is.
fn cap_at(plan: &Fields<'_>, key: &str) -> Place {
    let cap = plan.get("limits").and_then(|limits| limits.get(key));
    cap.map_or(plan.at.clone(), |node| node.at.clone())
}

fn rates(max_rps: f64, at: &Place, scenarios: &[Scenario], sent: &[f64], reader: &mut Reader) {
    for scenario in scenarios {
        let Some(rate) = scenario.executor.peak_rate() else { continue };
        let requests = sent[scenario.flow];
        let needed = rate * requests;
        if needed > max_rps {
            let name = &scenario.name;
            reader.problem_with_help(
                at,
                format!(
                    "`max_rps: {max_rps}` is below what scenario `{name}` sends: {rate}/s with \
                     {requests} requests each are {needed}/s"
                ),
                "raise the cap, or lower the scenario's rate",
            );
        }
    }
}

/// Scenarios that end by themselves, with a number of iterations, may be meant to be cut.
fn ends(max_time: Duration, at: &Place, scenarios: &[Scenario], reader: &mut Reader) {
    for scenario in scenarios {
        let Some(length) = scenario.executor.planned() else { continue };
        let end = scenario.start_time.saturating_add(length);
        if end > max_time {
            let (name, end) = (&scenario.name, format_duration(end));
            reader.problem_with_help(
                at,
                format!("`max_time` is over before scenario `{name}` ends after {end}"),
                "raise the cap, or shorten the scenario",
            );
        }
    }
}

/// The most users that overlapping scenarios may have. Between two corners of any of them their
/// number is on a straight line, so the peak is at one of its ends.
fn peak_vus(scenarios: &[Scenario]) -> Option<u64> {
    let mut corners: Vec<Duration> = scenarios
        .iter()
        .flat_map(|scenario| {
            let corners = scenario.executor.corners().into_iter();
            corners.map(|corner| scenario.start_time.saturating_add(corner))
        })
        .collect();
    corners.sort_unstable();
    corners.dedup();
    let users = |at: Duration, during: Duration| -> f64 {
        let running = scenarios.iter().filter(|scenario| scenario.start_time <= during);
        running
            .map(|scenario| {
                let start = scenario.start_time;
                scenario.executor.vus_at(at.saturating_sub(start), during.saturating_sub(start))
            })
            .sum()
    };
    let peaks = corners.windows(2).map(|ends| {
        let middle = ends[0] + ends[1].saturating_sub(ends[0]) / 2;
        users(ends[0], middle).max(users(ends[1], middle))
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a sum of numbers of users"
    )]
    let peak = peaks.max_by(f64::total_cmp).map(|peak| peak.ceil() as u64);
    peak
}
