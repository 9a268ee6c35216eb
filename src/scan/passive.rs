//! Passive rules on traffic that is there anyway.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::Redactor;
use crate::model::curl;
use crate::model::evidence;
use crate::model::fingerprint;
use crate::model::inert;
use crate::model::stateless_template;
use crate::rules::OncePer;
use crate::rules::PassiveMatch;
use crate::rules::PassiveRule;
use crate::rules::Registry;
use crate::rules::ResponseView;

/// Findings kept; more are counted only. A target cannot fill the memory.
const MAX_FINDINGS: usize = 1000;

/// Paths counted per finding.
const MAX_PATHS: usize = 2000;

/// Characters of an observation that are shown.
const MAX_DETAIL: usize = 300;

/// Bytes before an error in which code would begin.
const QUOTED: usize = 2000;

/// Runs every passive rule on exchanges and keeps what they found.
pub struct Passive {
    registry: Arc<Registry>,
    redactor: Redactor,
    origin_alias: String,
    known: BTreeMap<String, Known>,
    matched: BTreeMap<String, u64>,
    asked: BTreeMap<String, u64>,
    left_out: u64,
}

struct Known {
    finding: Finding,
    paths: BTreeSet<String>,
    /// Occurrences have grown since it was last handed out.
    changed: bool,
}

impl Passive {
    /// All passive rules of a registry; `origin_alias` is the target's name in fingerprints.
    pub fn new(registry: Arc<Registry>, redactor: Redactor, origin_alias: &str) -> Self {
        Self {
            registry,
            redactor,
            origin_alias: origin_alias.to_owned(),
            known: BTreeMap::new(),
            matched: BTreeMap::new(),
            asked: BTreeMap::new(),
            left_out: 0,
        }
    }

    /// Judges an exchange; gives what is new. What was known only counts up, see
    /// [`Self::take_updates`].
    pub fn inspect(&mut self, exchange: &Exchange) -> Vec<Finding> {
        self.inspect_for(exchange, None)
    }

    /// The same for an exchange whose path is made up and counts under another.
    pub(crate) fn inspect_for(
        &mut self,
        exchange: &Exchange,
        stands_for: Option<&str>,
    ) -> Vec<Finding> {
        self.judge(exchange, stands_for, |_| true)
    }

    /// The same for what these rules have asked for: no other rule looks at it.
    pub(crate) fn inspect_asked(&mut self, exchange: &Exchange, rules: &[String]) -> Vec<Finding> {
        if rules.is_empty() {
            return Vec::new();
        }
        for rule in rules {
            *self.asked.entry(rule.clone()).or_insert(0) += 1;
        }
        self.judge(exchange, None, |rule| rules.contains(&rule.meta().id))
    }

    fn judge(
        &mut self,
        exchange: &Exchange,
        stands_for: Option<&str>,
        looks: impl Fn(&PassiveRule) -> bool,
    ) -> Vec<Finding> {
        let Some(view) = ResponseView::of(exchange) else { return Vec::new() };
        let registry = Arc::clone(&self.registry);
        let mut new = Vec::new();
        for (rule, matches) in registry.evaluate(&view).into_iter().filter(|(rule, _)| looks(rule))
        {
            *self.matched.entry(rule.meta().id.clone()).or_insert(0) += 1;
            for found in matches {
                new.extend(self.add(rule, exchange, stands_for, &found));
            }
        }
        new
    }

    /// Known findings that were seen at more places since they were last handed out.
    pub fn take_updates(&mut self) -> Vec<Finding> {
        let changed = self.known.values_mut().filter(|known| known.changed);
        changed
            .map(|known| {
                known.changed = false;
                known.finding.clone()
            })
            .collect()
    }

    /// Exchanges that a rule matched.
    pub fn matched(&self, rule_id: &str) -> u64 {
        self.matched.get(rule_id).copied().unwrap_or(0)
    }

    /// Requests that were sent for a rule.
    pub(crate) fn asked(&self, rule_id: &str) -> u64 {
        self.asked.get(rule_id).copied().unwrap_or(0)
    }

    /// Findings that were left out because too many were known.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn add(
        &mut self,
        rule: &PassiveRule,
        exchange: &Exchange,
        stands_for: Option<&str>,
        found: &PassiveMatch,
    ) -> Option<Finding> {
        let sent = exchange.request.path_and_query_text();
        let path_and_query = stands_for.unwrap_or(&sent);
        let path = path_and_query.split('?').next().unwrap_or_default().to_owned();
        let fingerprint = self.fingerprint(rule, exchange, path_and_query, found);
        if let Some(known) = self.known.get_mut(&fingerprint) {
            if known.paths.len() < MAX_PATHS && known.paths.insert(path) {
                known.finding.occurrences = known.paths.len() as u64;
                known.changed = true;
            }
            return None;
        }
        if self.known.len() >= MAX_FINDINGS {
            self.left_out += 1;
            return None;
        }
        let finding = self.finding(rule, exchange, &path, found, fingerprint.clone());
        let known =
            Known { finding: finding.clone(), paths: BTreeSet::from([path]), changed: false };
        self.known.insert(fingerprint, known);
        Some(finding)
    }

    /// What the match is about is part of the name that is fingerprinted, so that two cookies on one
    /// page are two findings.
    fn fingerprint(
        &self,
        rule: &PassiveRule,
        exchange: &Exchange,
        path_and_query: &str,
        found: &PassiveMatch,
    ) -> String {
        let mut id = rule.meta().id.clone();
        for part in [&found.item, &found.matcher_name].into_iter().flatten() {
            id.push('\0');
            id.push_str(part);
        }
        let method = exchange.request.method.as_str();
        match rule.once_per() {
            OncePer::Origin => fingerprint(&id, &self.origin_alias, "", "/", None),
            OncePer::Path => fingerprint(&id, &self.origin_alias, method, path_and_query, None),
            OncePer::Response => {
                id.push('\0');
                id.push_str(path_and_query);
                fingerprint(&id, &self.origin_alias, method, path_and_query, None)
            }
        }
    }

    fn finding(
        &self,
        rule: &PassiveRule,
        exchange: &Exchange,
        path: &str,
        found: &PassiveMatch,
        fingerprint: String,
    ) -> Finding {
        let highlight: Option<Range<usize>> =
            found.highlight.map(|place| place.offset..place.offset + place.length);
        let request = &exchange.request;
        Finding {
            rule: rule.meta().clone(),
            severity: rule.meta().severity,
            confidence: if is_quoted(rule, exchange, found) {
                Confidence::Tentative
            } else {
                rule.confidence()
            },
            status: FindingStatus::New,
            acceptance: None,
            method: request.method.to_string(),
            url: self.redactor.text(&request.url()),
            path_template: stateless_template(path),
            insertion_point: None,
            also: Vec::new(),
            detail: inert(&self.redactor.text(&detail(exchange, found)), MAX_DETAIL),
            evidence: vec![evidence(EvidenceRole::Attack, exchange, highlight, &self.redactor)],
            payloads: Vec::new(),
            reproduce: curl(request, &self.redactor),
            fingerprint,
            occurrences: 1,
            found_at: None,
        }
    }
}

/// Whether an error is one that a text is about, and none that has just happened: it stands in a
/// document, or as code in a page that is no error itself.
fn is_quoted(rule: &PassiveRule, exchange: &Exchange, found: &PassiveMatch) -> bool {
    let Some(response) = exchange.response().filter(|response| response.status < 400) else {
        return false;
    };
    if !rule.meta().tags.iter().any(|tag| tag == "error") {
        return false;
    }
    if response.media_type() == "text/markdown" {
        return true;
    }
    let at = found.highlight.map_or(0, |place| place.offset).min(response.body.len());
    let before = &response.body[at.saturating_sub(QUOTED)..at];
    let last = |tag: &str| memchr::memmem::rfind(before, tag.as_bytes());
    response.is_html()
        && last("<code").is_some_and(|open| last("</code").is_none_or(|end| end < open))
}

fn detail(exchange: &Exchange, found: &PassiveMatch) -> String {
    let mut parts = Vec::new();
    parts.extend(found.item.clone());
    parts.extend(found.matcher_name.clone());
    if !found.extracted.is_empty() {
        parts.push(found.extracted.join(", "));
    }
    let request = &exchange.request;
    let path = request.path_and_query_text();
    let path = path.split('?').next().unwrap_or_default();
    let place = format!("in the response to {} {path}", request.method);
    if parts.is_empty() { place } else { format!("{} {place}", parts.join(": ")) }
}
