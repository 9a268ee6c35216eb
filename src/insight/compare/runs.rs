//! Two runs as wholes: what can be compared of them, and what has to be said beforehand.

use super::findings::compare_findings;
use super::load::compare_load;
use crate::model::ComparedRun;
use crate::model::Comparison;
use crate::model::ComparisonLimits;
use crate::model::Headline;
use crate::model::LeftOut;
use crate::model::Report;
use crate::model::Subject;

/// What has changed from `old` to `new`.
pub fn compare(old: &Report, new: &Report, limits: ComparisonLimits) -> Comparison {
    let mut comparison = Comparison {
        old: compared(old),
        new: compared(new),
        limits,
        changes: Vec::new(),
        left_out: Vec::new(),
        caveats: caveats(old, new),
        findings: Vec::new(),
    };
    if has_load(old) && has_load(new) {
        let load = compare_load([old, new], headline(old, new), &limits);
        comparison.changes = load.changes;
        comparison.left_out = load.left_out;
        comparison.old.blocks = load.blocks.0 as u64;
        comparison.new.blocks = load.blocks.1 as u64;
    } else if has_load(old) || has_load(new) {
        let which = if has_load(old) { "new" } else { "old" };
        let reason = format!("the {which} run has no load");
        comparison.left_out.push(LeftOut { subject: Subject::Whole, figure: None, reason });
    }
    compare_findings(old, new, &mut comparison);
    comparison
}

fn has_load(run: &Report) -> bool {
    run.endpoints.iter().any(|endpoint| endpoint.total.requests > 0)
}

/// Latency from the intended start, where both runs follow a schedule; else what both have in common.
fn headline(old: &Report, new: &Report) -> Headline {
    if old.is_open_model() && new.is_open_model() { new.preferred() } else { Headline::Duration }
}

fn compared(run: &Report) -> ComparedRun {
    let info = run.run.as_ref();
    let problems = run.validity.iter().flat_map(|validity| validity.problems.clone());
    ComparedRun {
        target: info.map(|info| info.target.clone()).unwrap_or_default(),
        started_unix: info.map_or(0, |info| info.started_unix),
        plan_hash: info.map(|info| info.plan_hash.clone()).unwrap_or_default(),
        requests: run.endpoints.iter().map(|endpoint| endpoint.total.requests).sum(),
        blocks: 0,
        problems: problems.collect(),
    }
}

/// What makes the runs hard to compare.
fn caveats(old: &Report, new: &Report) -> Vec<String> {
    let mut caveats = Vec::new();
    let mut say = |text: &str| caveats.push(text.to_owned());
    if let (Some(before), Some(after)) = (&old.run, &new.run) {
        if before.target != after.target {
            say("the runs had different targets");
        }
        if before.plan_hash != after.plan_hash {
            say("the runs had different plans: what differs may be the plan's doing");
        }
        if before.host != after.host && !before.host.is_empty() && !after.host.is_empty() {
            say("the runs came from different machines");
        }
        if before.started_unix > after.started_unix {
            say("the old run is the later one: is OLD in the place of NEW?");
        }
    }
    if has_load(old) && has_load(new) && old.is_open_model() != new.is_open_model() {
        say("one run follows a schedule and the other waits for answers: durations are compared");
    }
    for (name, run) in [("old", old), ("new", new)] {
        // The verdict of a run that is compared as it ends is not there yet.
        if run.is_interrupted() || run.phases.iter().any(|(_, finished)| !finished) {
            say(&format!("the {name} run was cut short"));
        }
        if !run.changes.is_empty() {
            say(&format!("the load of the {name} run was changed by hand"));
        }
    }
    caveats
}
