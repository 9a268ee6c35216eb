//! A finding out of what was watched.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::model::Confidence;
use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::curl;
use crate::model::evidence;
use crate::model::fingerprint;
use crate::model::inert;
use crate::model::stateless_template;
use crate::rules::Registry;

/// Characters of a detail that are shown.
const MAX_DETAIL: usize = 400;

/// Bytes of a body that are kept of what is only shown.
const BRIEF: usize = 1024;

/// An exchange whose body is cut: what is kept of many must stay small, whatever the target sends.
pub(super) fn brief(exchange: &Exchange) -> Exchange {
    let mut exchange = exchange.clone();
    if let Ok(response) = &mut exchange.outcome {
        response.truncated |= response.body.len() > BRIEF;
        response.body.truncate(BRIEF);
        response.body.shrink_to_fit();
    }
    exchange
}

/// Findings that are told at once; more answers of the same kind are only counted.
pub(super) struct Known<K>(BTreeMap<K, (Finding, u64)>);

impl<K> Default for Known<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Known<K> {
    /// Counts one more answer; whether there is such a finding already.
    pub(super) fn count(&mut self, key: &K) -> bool {
        let known = self.0.get_mut(key);
        known.map(|(_, count)| *count += 1).is_some()
    }

    /// Keeps what is told now.
    pub(super) fn add(&mut self, key: K, finding: Finding) {
        self.0.insert(key, (finding, 1));
    }

    /// Those that were seen more than once, with how often.
    pub(super) fn again(&self) -> Vec<Finding> {
        let again = self.0.values().filter(|(_, count)| *count > 1);
        let told = |(finding, count): &(Finding, u64)| Finding {
            detail: format!("{}; in {count} answers looked at", finding.detail),
            occurrences: *count,
            ..finding.clone()
        };
        again.map(told).collect()
    }
}

/// Makes findings of one run.
pub(super) struct Finder {
    registry: Arc<Registry>,
    redactor: Redactor,
    origin_alias: String,
}

/// What a finding says.
pub(super) struct Found {
    pub(super) rule: &'static str,
    /// What tells it from others of the rule at the same operation.
    pub(super) about: String,
    pub(super) confidence: Confidence,
    pub(super) detail: String,
    pub(super) evidence: Vec<Evidence>,
    /// Answers in which it was seen.
    pub(super) occurrences: u64,
}

impl Finder {
    pub(super) fn new(registry: Arc<Registry>, redactor: Redactor, origin_alias: &str) -> Self {
        Self { registry, redactor, origin_alias: origin_alias.to_owned() }
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(super) fn evidence(
        &self,
        role: EvidenceRole,
        exchange: &Exchange,
        highlight: Option<Range<usize>>,
    ) -> Evidence {
        evidence(role, exchange, highlight, &self.redactor)
    }

    /// The finding at an exchange's operation.
    pub(super) fn finding(&self, exchange: &Exchange, found: Found) -> Option<Finding> {
        self.finding_at(&exchange.request, found)
    }

    /// The finding at a request's operation.
    pub(super) fn finding_at(&self, request: &Request, found: Found) -> Option<Finding> {
        let meta = self.registry.meta(found.rule)?;
        let path_and_query = request.path_and_query_text();
        let path = path_and_query.split('?').next().unwrap_or_default();
        let id = format!("{}\0{}", found.rule, found.about);
        let method = request.method.as_str();
        Some(Finding {
            rule: meta.clone(),
            severity: meta.severity,
            confidence: found.confidence,
            status: FindingStatus::New,
            acceptance: None,
            method: method.to_owned(),
            url: self.redactor.text(&request.url()),
            path_template: stateless_template(path),
            insertion_point: None,
            also: Vec::new(),
            detail: inert(&self.redactor.text(&found.detail), MAX_DETAIL),
            evidence: found.evidence,
            payloads: Vec::new(),
            reproduce: curl(request, &self.redactor),
            fingerprint: fingerprint(&id, &self.origin_alias, method, &path_and_query, None),
            occurrences: found.occurrences,
            found_at: None,
        })
    }
}
