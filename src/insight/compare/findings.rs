//! The findings of two runs: new, fixed and changed, by fingerprint.

use crate::model::Comparison;
use crate::model::Finding;
use crate::model::FindingChange;
use crate::model::FindingChangeKind;
use crate::model::LeftOut;
use crate::model::Phase;
use crate::model::Report;
use crate::model::Subject;

/// Adds what has become of the findings.
pub(super) fn compare_findings(old: &Report, new: &Report, comparison: &mut Comparison) {
    let looked = [old, new].map(has_looked);
    if looked != [true, true] {
        let reason = match looked {
            [false, false] => "neither run looked for findings",
            [false, true] => "the old run did not look for findings",
            _ => "the new run did not look for findings",
        };
        let reason = reason.to_owned();
        comparison.left_out.push(LeftOut { subject: Subject::Scan, figure: None, reason });
        return;
    }
    for finding in &new.findings {
        let before: Vec<&Finding> =
            old.findings.iter().filter(|known| known.is_same_cause(finding)).collect();
        let is_known =
            |own: &str| before.iter().any(|known| known.places().any(|(_, its)| its == own));
        if !finding.places().all(|(_, own)| is_known(own)) {
            let new_at: Vec<String> = finding
                .places()
                .filter(|(_, own)| !is_known(own))
                .filter_map(|(point, _)| point.map(ToString::to_string))
                .collect();
            let detail =
                if before.is_empty() { String::new() } else { format!("at {}", new_at.join(", ")) };
            comparison.findings.push(change(FindingChangeKind::New, finding, detail));
        } else if let Some(detail) = before.first().and_then(|known| difference(known, finding)) {
            comparison.findings.push(change(FindingChangeKind::Changed, finding, detail));
        }
    }
    for finding in &old.findings {
        if !new.findings.iter().any(|now| now.is_same_cause(finding)) {
            let kind = if has_looked_for(new, &finding.rule.id) {
                FindingChangeKind::Fixed
            } else {
                FindingChangeKind::NotLookedFor
            };
            comparison.findings.push(change(kind, finding, String::new()));
        }
    }
    comparison.findings.sort_by_key(|one| (one.kind, std::cmp::Reverse(one.severity)));
}

/// Whether the run could have found something.
fn has_looked(run: &Report) -> bool {
    run.scan_requests.0 > 0
        || !run.findings.is_empty()
        || run.phases.iter().any(|(phase, _)| *phase != Phase::Load)
}

/// Whether the run, which has not found it, has looked for what the rule finds.
fn has_looked_for(run: &Report, rule: &str) -> bool {
    let is_whole = run.phases.iter().all(|(_, finished)| *finished);
    let was_cut = run.stopped.is_some();
    let outcome = run.rules.get(rule).map(|(_, outcome)| outcome.as_ref());
    let took_part = outcome.is_some_and(|outcome| outcome.is_none_or(|one| one.skipped.is_none()));
    is_whole && !was_cut && took_part
}

fn difference(before: &Finding, now: &Finding) -> Option<String> {
    let mut parts = Vec::new();
    let mut differs = |name: &str, was: &str, is: &str| {
        if was != is {
            parts.push(format!("{name} {was} → {is}"));
        }
    };
    differs("severity", before.severity.as_str(), now.severity.as_str());
    differs("confidence", before.confidence.as_str(), now.confidence.as_str());
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn change(kind: FindingChangeKind, finding: &Finding, detail: String) -> FindingChange {
    FindingChange {
        kind,
        id: finding.id(),
        fingerprint: finding.fingerprint.clone(),
        rule: finding.rule.id.clone(),
        title: finding.rule.title.clone(),
        severity: finding.severity,
        confidence: finding.confidence,
        status: finding.status,
        method: finding.method.clone(),
        path_template: finding.path_template.clone(),
        detail,
    }
}
