//! Findings of what checks prove.

use super::board::Ended;
use super::run::Active;
use super::run::Round;
use super::run::Selected;
use crate::model::Event;
use crate::model::EvidenceRole;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::InsertionRef;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Request;
use crate::model::curl;
use crate::model::evidence;
use crate::model::fingerprint;
use crate::model::inert;
use crate::scan::probe::Outcome;
use crate::scan::probe::Proof;

/// Characters of an observation that are shown.
const MAX_DETAIL: usize = 1000;

/// Where a flaw is.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// The request without the attack.
    pub(super) base: Request,
    pub(super) path_template: String,
    pub(super) point: Option<InsertionRef>,
    /// The path as fingerprints have it: what stands at the point is an example, and another one in
    /// the next run.
    pub(super) open_path: String,
}

/// What there is to tell at once of a check that has ended.
pub(super) async fn tell(round: &Round, selected: &Selected, spot: &Spot, ended: &Ended) {
    let event = match ended {
        Ok(Ok(Outcome::Found(proof))) => return tell_flaw(round, selected, spot, proof).await,
        Ok(Ok(Outcome::Clean | Outcome::Skipped(_)) | Err(_)) => return,
        Err(panic) => {
            let place = inert(&format!("{} {}", spot.base.method, spot.open_path), 200);
            let id = selected.check.id();
            let text = format!("scan: {id} failed by a fault of ours at {place}: {panic}");
            Event::Notice(Notice { level: NoticeLevel::Error, text })
        }
    };
    round.active.means.traffic.event(event).await;
}

/// Tells of a flaw, together with what the same rule has found of the operation.
pub(super) async fn tell_flaw(round: &Round, selected: &Selected, spot: &Spot, proof: &Proof) {
    let active = &round.active;
    let finding = make_finding(active, selected, spot, proof);
    let (id, alias) = (&selected.meta.id, &active.origin_alias);
    let cause = fingerprint(id, alias, spot.base.method.as_str(), &spot.open_path, None);
    let finding = round.causes.joined(cause, finding);
    active.means.traffic.event(Event::Finding(Box::new(finding))).await;
}

/// A flaw with everything that belongs to it.
fn make_finding(active: &Active, selected: &Selected, spot: &Spot, proof: &Proof) -> Finding {
    let redactor = &active.redactor;
    let method = spot.base.method.as_str();
    let id = &selected.meta.id;
    let attack = proof
        .exhibits
        .iter()
        .find(|exhibit| exhibit.role == EvidenceRole::Attack)
        .map_or(&spot.base, |exhibit| &exhibit.exchange.request);
    let point = spot.point.as_ref();
    let alias = &active.origin_alias;
    Finding {
        severity: selected.meta.severity,
        confidence: proof.confidence,
        status: FindingStatus::New,
        acceptance: None,
        method: method.to_owned(),
        url: redactor.text(&spot.base.url()),
        path_template: spot.path_template.clone(),
        insertion_point: spot.point.clone(),
        also: Vec::new(),
        detail: inert(&redactor.text(&proof.detail), MAX_DETAIL),
        evidence: proof
            .exhibits
            .iter()
            .map(|it| evidence(it.role, &it.exchange, it.highlight.clone(), redactor))
            .collect(),
        payloads: proof.payloads.iter().map(|payload| redactor.text(payload)).collect(),
        reproduce: curl(attack, redactor),
        fingerprint: fingerprint(id, alias, method, &spot.open_path, point),
        occurrences: 1,
        found_at: None,
        rule: selected.meta.clone(),
    }
}
