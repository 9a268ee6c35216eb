//! What this run is compared with: an earlier one, and the findings that somebody accepted.

use std::fmt::Display;

use crate::model::Acceptance;
use crate::model::Event;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::InsertionRef;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::Severity;
use crate::plan::Accepted;
use crate::plan::FindingOverride;
use crate::plan::Judgement;

/// Expired acceptances that are told one by one; the rest is a number.
const TOLD: usize = 20;

/// What is told of a finding that the plan takes for none, while that holds.
fn no_flaw(one: &FindingOverride) -> Option<Acceptance> {
    match &one.what {
        Judgement::Severity(_) | Judgement::FalsePositive { expired: true, .. } => None,
        Judgement::FalsePositive { owner, expires, .. } => Some(Acceptance {
            reason: format!("false positive: {}", one.reason),
            owner: owner.clone(),
            expires: expires.to_string(),
        }),
    }
}

/// An earlier run and what was accepted of it; nothing where the user named nothing.
#[derive(Debug, Default)]
pub struct Baseline {
    /// The earlier run.
    pub report: Option<Report>,
    /// Findings that somebody accepted.
    pub accepted: Vec<Accepted>,
    /// What the plan says of findings beforehand.
    pub overrides: Vec<FindingOverride>,
}

impl Baseline {
    /// Says of a finding whether it was there before, or is accepted: at every one of its parameters.
    pub(super) fn mark(&self, event: &mut Event) {
        let Event::Finding(finding) = event else { return };
        let places: Vec<_> =
            finding.places().map(|(point, own)| (point.cloned(), own.to_owned())).collect();
        let accepted: Option<Vec<Acceptance>> = places
            .iter()
            .map(|(point, own)| self.accepted_at(finding, point.as_ref(), own))
            .collect();
        finding.acceptance = accepted.and_then(|all| all.into_iter().next());
        if let Some(severity) = self.severity_of(finding) {
            finding.severity = severity;
        }
        let is_known = |own: &str| {
            let mut before = self.report.iter().flat_map(|report| &report.findings);
            before.any(|known| known.places().any(|(_, its)| its == own))
        };
        finding.status = if finding.acceptance.is_some() {
            FindingStatus::Accepted
        } else if places.iter().all(|(_, own)| is_known(own)) {
            FindingStatus::Known
        } else {
            FindingStatus::New
        };
    }

    /// Why the finding is not held against a release as far as it is of one parameter: it is on the list, or
    /// the plan says that it is no flaw.
    fn accepted_at(
        &self,
        finding: &Finding,
        point: Option<&InsertionRef>,
        fingerprint: &str,
    ) -> Option<Acceptance> {
        let listed = self.accepted.iter().find(|accepted| accepted.covers(fingerprint));
        let listed = listed.map(|one| Acceptance {
            reason: one.reason.clone(),
            owner: one.owner.clone(),
            expires: one.expires.to_string(),
        });
        let false_positive = || {
            let covering = self.overrides.iter().filter(|one| one.covers(finding, point));
            covering.filter_map(no_flaw).next_back()
        };
        listed.or_else(false_positive)
    }

    /// The severity that the plan gives to it, at all of its parameters.
    fn severity_of(&self, finding: &Finding) -> Option<Severity> {
        let covers =
            |one: &&FindingOverride| finding.places().all(|(point, _)| one.covers(finding, point));
        let mut judged = self.overrides.iter().filter(covers).filter_map(|one| match &one.what {
            Judgement::Severity(severity) => Some(*severity),
            Judgement::FalsePositive { .. } => None,
        });
        judged.next_back()
    }

    /// Findings that are there and whose acceptance is over, a sentence each: somebody said until when the
    /// release may go out with them, and that day has passed, whatever their severity.
    pub(super) fn lapsed(&self, report: &Report) -> Vec<String> {
        let open = report.findings.iter().filter(|it| it.status != FindingStatus::Accepted);
        open.filter_map(|finding| self.lapse_of(finding)).collect()
    }

    fn lapse_of(&self, finding: &Finding) -> Option<String> {
        let said = |name: &str, expires: &dyn Display, reason: &str, owner: &str| {
            let what = format!("{} {} {}", finding.rule.id, finding.method, finding.path_template);
            format!(
                "findings: {} ({what}) is still there, and {name} expired on {expires} ({reason}, {owner}): \
                 mend it, or accept it anew with `shakedown accept`",
                finding.id()
            )
        };
        let listed = self.accepted.iter().filter(|one| one.expired);
        let mut listed = listed.filter(|one| finding.places().any(|(_, own)| one.names(own)));
        if let Some(one) = listed.next() {
            let name = format!("its acceptance {}", one.fingerprint);
            return Some(said(&name, &one.expires, &one.reason, &one.owner));
        }
        self.overrides.iter().find_map(|one| match &one.what {
            Judgement::FalsePositive { expires, expired: true, owner }
                if finding.places().any(|(point, _)| one.covers(finding, point)) =>
            {
                Some(said("the plan's override", expires, &one.reason, owner))
            }
            Judgement::FalsePositive { .. } | Judgement::Severity(_) => None,
        })
    }

    /// What the user has to know of it before the run.
    pub(super) fn notices(&self) -> Vec<Notice> {
        let expired: Vec<&Accepted> = self.accepted.iter().filter(|one| one.expired).collect();
        let mut texts: Vec<String> = expired
            .iter()
            .take(TOLD)
            .map(|one| {
                format!(
                    "finding {} is no longer accepted: that expired on {} ({}, {})",
                    one.fingerprint, one.expires, one.reason, one.owner
                )
            })
            .collect();
        let expired_overrides = self.overrides.iter().filter_map(|one| match &one.what {
            Judgement::FalsePositive { expires, expired: true, owner } => {
                Some(format!("an override has expired on {expires} ({}, {owner})", one.reason))
            }
            Judgement::FalsePositive { .. } | Judgement::Severity(_) => None,
        });
        texts.extend(expired_overrides);
        if expired.len() > TOLD {
            texts.push(format!("and {} more expired acceptances", expired.len() - TOLD));
        }
        if let Some(report) = &self.report {
            let problems = report.validity.iter().flat_map(|validity| &validity.problems);
            texts.extend(problems.map(|problem| format!("the baseline was not valid: {problem}")));
            if report.verdict.is_none() || report.is_interrupted() {
                texts.push("the baseline was cut short".to_owned());
            }
        }
        texts.into_iter().map(|text| Notice { level: NoticeLevel::Warning, text }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Affected;
    use crate::model::Confidence;
    use crate::model::InsertionKind;
    use crate::model::RuleMeta;

    /// Found at some parameters, whose names are their fingerprints.
    fn found(names: &[&str]) -> Finding {
        let point =
            |name: &&str| InsertionRef { kind: InsertionKind::Query, name: (*name).to_owned() };
        let also = |name: &&str| Affected { point: point(name), fingerprint: (*name).to_owned() };
        Finding {
            rule: RuleMeta {
                id: "sqli-error".to_owned(),
                title: String::new(),
                severity: Severity::High,
                cwe: vec![89],
                owasp: Vec::new(),
                api: Vec::new(),
                cvss: None,
                why: String::new(),
                fix: String::new(),
                references: Vec::new(),
                tags: Vec::new(),
            },
            severity: Severity::High,
            confidence: Confidence::Firm,
            status: FindingStatus::New,
            acceptance: None,
            method: "GET".to_owned(),
            url: "http://127.0.0.1/p".to_owned(),
            path_template: "/p".to_owned(),
            insertion_point: names.first().map(point),
            also: names.iter().skip(1).map(also).collect(),
            detail: String::new(),
            evidence: Vec::new(),
            payloads: Vec::new(),
            reproduce: String::new(),
            fingerprint: names.first().copied().unwrap_or_default().to_owned(),
            occurrences: 1,
            found_at: None,
        }
    }

    fn marked(baseline: &Baseline, names: &[&str]) -> Finding {
        let mut event = Event::Finding(Box::new(found(names)));
        baseline.mark(&mut event);
        let Event::Finding(finding) = event else { unreachable!("it was one") };
        *finding
    }

    #[test]
    fn a_new_parameter_makes_a_known_finding_new() {
        let report = Report { findings: vec![found(&["a", "b"])], ..Report::default() };
        let baseline = Baseline { report: Some(report), ..Baseline::default() };
        for known in [&["a", "b"][..], &["b", "a"], &["b"]] {
            assert_eq!(marked(&baseline, known).status, FindingStatus::Known, "{known:?}");
        }
        for new in [&["a", "c"][..], &["c", "a", "b"], &["c"]] {
            assert_eq!(marked(&baseline, new).status, FindingStatus::New, "{new:?}");
        }
    }

    #[test]
    fn an_acceptance_that_is_over_is_named_while_the_finding_is_there() {
        let expired = |name: &str| Accepted {
            fingerprint: name.to_owned(),
            reason: "r".to_owned(),
            owner: "o".to_owned(),
            expires: jiff::civil::date(2030, 1, 1),
            expired: true,
        };
        let baseline = Baseline { accepted: vec![expired("b")], ..Baseline::default() };
        let of = |names: &[&str]| {
            baseline.lapsed(&Report { findings: vec![found(names)], ..Report::default() })
        };
        let said = of(&["a", "b"]);
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("its acceptance b expired on 2030-01-01 (r, o)"), "{said:?}");
        assert!(of(&["a"]).is_empty(), "what is gone is nobody's");
        let mut anew = found(&["b"]);
        anew.status = FindingStatus::Accepted;
        assert!(
            baseline.lapsed(&Report { findings: vec![anew], ..Report::default() }).is_empty(),
            "somebody accepted it anew"
        );
    }

    #[test]
    fn what_is_accepted_is_accepted_at_every_parameter() {
        let accepted = |name: &str| Accepted {
            fingerprint: name.to_owned(),
            reason: "r".to_owned(),
            owner: "o".to_owned(),
            expires: jiff::civil::date(2030, 1, 1),
            expired: false,
        };
        let baseline =
            Baseline { accepted: vec![accepted("a"), accepted("b")], ..Baseline::default() };
        assert_eq!(marked(&baseline, &["b", "a"]).status, FindingStatus::Accepted);
        let finding = marked(&baseline, &["a", "c"]);
        assert_eq!((finding.status, finding.acceptance), (FindingStatus::New, None));
    }
}
