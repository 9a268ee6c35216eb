//! Proofs of what was found: with what was let in, what was refused, and what was different between them.

use super::again::Again;
use super::around::Proven;
use super::bench::Bench;
use super::key::Otherwise;
use super::measure::Run;
use super::told::Found;
use super::told::Rule;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::format_duration;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Ways around a limit whose exchanges are shown.
const SHOWN_WAYS: usize = 3;

/// A finding at the limit's request.
pub(super) fn made(bench: &Bench<'_>, rule: Rule, proof: Proof) -> Found {
    let limit = bench.limit;
    let who = limit.who.as_deref().unwrap_or_default();
    let key = format!("{}:{who}:{}", limit.name, format_duration(limit.allowed.window));
    Found { rule, base: limit.request.clone(), key, proof }
}

/// The first and the last that were let in, and the refusal behind them.
pub(super) fn of_series(bench: &Bench<'_>, run: &Run, text: &str) -> Proof {
    let refusal = run.refusal.as_ref().map(|refusal| &refusal.shot);
    let parts = [
        (EvidenceRole::Baseline, run.examples.first()),
        (EvidenceRole::Attack, run.last.as_ref()),
        (EvidenceRole::Control, refusal),
    ];
    let parts = parts.into_iter().filter_map(|(role, shot)| Some(shown(role, shot?)));
    let exhibits = parts.collect();
    proof(Confidence::Confirmed, format!("{}: {text}", bench.place()), exhibits)
}

/// What each way around needs: refused, let in, refused, let in, refused.
pub(super) fn of_ways(bench: &Bench<'_>, run: &Run, proven: &[Proven]) -> Proof {
    let mut exhibits = Vec::new();
    exhibits.extend(run.last.iter().map(|last| shown(EvidenceRole::Baseline, last)));
    for way in proven.iter().take(SHOWN_WAYS) {
        let [before, between, after] = &way.controls;
        let [first, second] = &way.let_in;
        exhibits.extend([
            shown(EvidenceRole::Control, &before.shot),
            shown(EvidenceRole::Attack, &first.shot),
            shown(EvidenceRole::Control, &between.shot),
            shown(EvidenceRole::Replay, &second.shot),
            shown(EvidenceRole::Control, &after.shot),
        ]);
    }
    let names: Vec<String> = proven.iter().map(|way| way.name.clone()).collect();
    let detail = format!(
        "{}: while plain copies are refused, the request is let in, twice each, with {}",
        bench.place(),
        names.join("; with ")
    );
    Proof { payloads: names, ..proof(Confidence::Confirmed, detail, exhibits) }
}

/// A refusal, and answers that show that it is not so.
pub(super) fn of_headers(bench: &Bench<'_>, run: &Run, again: &Again, untrue: &[String]) -> Proof {
    let mut exhibits = Vec::new();
    exhibits.extend(run.examples.first().map(|first| shown(EvidenceRole::Baseline, first)));
    let refusal = run.refusal.as_ref().map(|refusal| &refusal.shot).or(run.last.as_ref());
    exhibits.extend(refusal.map(|refusal| shown(EvidenceRole::Attack, refusal)));
    exhibits.extend(again.shots.iter().map(|shot| shown(EvidenceRole::Replay, shot)));
    let detail = format!("{}: {}", bench.place(), untrue.join("; "));
    proof(Confidence::Firm, detail, exhibits)
}

/// Somebody who is refused, and somebody else beside them.
pub(super) fn of_key(bench: &Bench<'_>, seen: &Otherwise) -> Proof {
    let [first, second] = &seen.others;
    let [between, last] = &seen.controls;
    let exhibits = vec![
        shown(EvidenceRole::Attack, first),
        shown(EvidenceRole::Control, between),
        shown(EvidenceRole::Replay, second),
        shown(EvidenceRole::Control, last),
    ];
    proof(Confidence::Firm, format!("{}: {}", bench.place(), seen.text), exhibits)
}

fn shown(role: EvidenceRole, shot: &Shot) -> Exhibit {
    Exhibit::new(role, shot.clone())
}

fn proof(confidence: Confidence, detail: String, exhibits: Vec<Exhibit>) -> Proof {
    Proof { confidence, detail, exhibits, payloads: Vec::new() }
}
