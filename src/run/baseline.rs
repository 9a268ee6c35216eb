//! What this run is compared with: an earlier one, and the findings that somebody accepted.

use crate::model::Acceptance;
use crate::model::Event;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::plan::Accepted;

/// Expired acceptances that are told one by one; the rest is a number.
const TOLD: usize = 20;

/// An earlier run and what was accepted of it; nothing where the user named nothing.
#[derive(Debug, Default)]
pub struct Baseline {
    /// The earlier run.
    pub report: Option<Report>,
    /// Findings that somebody accepted.
    pub accepted: Vec<Accepted>,
}

impl Baseline {
    /// Says of a finding whether it was there before, or is accepted.
    pub(super) fn mark(&self, event: &mut Event) {
        let Event::Finding(finding) = event else { return };
        let accepted = self.accepted.iter().find(|accepted| accepted.covers(finding));
        finding.acceptance = accepted.map(|one| Acceptance {
            reason: one.reason.clone(),
            owner: one.owner.clone(),
            expires: one.expires.to_string(),
        });
        let is_same = |known: &Finding| known.fingerprint == finding.fingerprint;
        finding.status = if accepted.is_some() {
            FindingStatus::Accepted
        } else if self.report.iter().flat_map(|report| &report.findings).any(is_same) {
            FindingStatus::Known
        } else {
            FindingStatus::New
        };
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
