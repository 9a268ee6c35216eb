//! The two plans by which findings are looked for again, and whether one was seen.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::model::Conversation;
use crate::model::Finding;
use crate::model::LeftAlone;
use crate::model::OperationSource;
use crate::model::Report;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::SkipReason;
use crate::model::stateless_template;
use crate::plan::ImportedRequest;
use crate::plan::Plan;
use crate::plan::RobotsPolicy;
use crate::plan::ScanSettings;
use crate::rules::Registry;
use crate::scan::native_check_ids;

use super::requests::to_probe;
use super::requests::to_repeat;

/// A finding that is looked for again.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its rule only looks at answers: the same request again is all there is to do.
    pub is_passive: bool,
}

impl<'a> Subject<'a> {
    /// The finding, with what kind of rule it is of.
    pub fn new(finding: &'a Finding, registry: &Registry) -> Self {
        let rule = registry.passive().iter().find(|rule| rule.meta().id == finding.rule.id);
        let is_passive = rule.is_some_and(|rule| rule.ask().is_empty());
        Self { finding, is_passive }
    }
}

/// The plan of the first round: what the report keeps of these findings is sent again, and nothing is
/// followed from there.
pub fn again(plan: &Plan, report: &Report, subjects: &[Subject<'_>]) -> Plan {
    let mut plan = anew(plan, subjects);
    let mut requests: Vec<Request> = Vec::new();
    for subject in subjects {
        let repeated = to_repeat(report, subject.finding, &plan.target);
        let repeated = repeated.filter(|_| subject.is_passive);
        let probed = if subject.is_passive && repeated.is_some() {
            Vec::new()
        } else {
            to_probe(report, subject.finding, &plan.target)
        };
        for request in repeated.into_iter().chain(probed) {
            if !requests.contains(&request) {
                requests.push(request);
            }
        }
    }
    if let Some(scan) = &mut plan.scan {
        scan.crawl.depth = 0;
        scan.crawl.per_kind = 0;
        scan.crawl.robots = RobotsPolicy::Ignore;
        scan.crawl.browser = None;
        scan.crawl.max_urls = scan.crawl.max_urls.max(requests.len() as u64 * 2);
        let allowed = scan.allow_unsafe;
        scan.imported.extend(requests.into_iter().enumerate().map(|it| seed(it, allowed)));
    }
    plan
}

/// The plan of the second round: everything from the start page on, for the checks of these findings
/// alone.
pub fn anew(plan: &Plan, subjects: &[Subject<'_>]) -> Plan {
    let mut plan = plan.clone();
    let rules: BTreeSet<&str> = subjects
        .iter()
        .filter(|subject| !subject.is_passive)
        .map(|subject| subject.finding.rule.id.as_str())
        .collect();
    let scan = plan.scan.get_or_insert_with(ScanSettings::default);
    scan.probing.policy = None;
    let native = native_check_ids();
    let checks: Vec<&str> = rules.iter().copied().filter(|id| native.contains(id)).collect();
    // Templates run where any probe is sent; where only they are meant, their ids say that.
    let chosen = if checks.is_empty() { rules.into_iter().collect() } else { checks };
    scan.active = chosen.into_iter().map(str::to_owned).collect();
    // Nothing is judged by these rounds but whether the findings are there.
    plan.thresholds.clear();
    plan.outputs.clear();
    plan.scenarios.clear();
    plan
}

fn seed((index, request): (usize, Request), allow_unsafe: bool) -> ImportedRequest {
    let method = request.method.clone();
    let left_alone = (!method.is_safe() && !allow_unsafe).then(|| {
        LeftAlone::new(SkipReason::Unsafe, format!("{method} may change something: --allow-unsafe"))
    });
    let template = RequestTemplate {
        name: format!("retest-{index}"),
        path_template: stateless_template(&request.path_and_query_text()),
        request,
        expected_statuses: Vec::new(),
        redirects: 0,
        conversation: Conversation::Response,
        enabled: true,
        tags: BTreeMap::new(),
        timeout: None,
        version: None,
    };
    ImportedRequest { template, source: OperationSource::Plan, left_alone }
}

/// Whether a round has seen the flaw: at the same place, or in the answer to the very same request,
/// where the place was made up for a probe.
pub fn shows(round: &Report, subject: &Subject<'_>) -> bool {
    let finding = subject.finding;
    let is_there = |seen: &Finding| {
        let is_same_answer = subject.is_passive
            && seen.rule.id == finding.rule.id
            && seen.method == finding.method
            && same_path(&seen.url, &finding.url);
        seen.is_same_cause(finding) || is_same_answer
    };
    round.findings.iter().any(is_there)
}

/// By path and query: the origin may be another one today.
fn same_path(one: &str, other: &str) -> bool {
    let path = |url: &str| {
        let url = url::Url::parse(url).ok()?;
        Some((url.path().to_owned(), url.query().map(str::to_owned)))
    };
    path(one).is_some_and(|one| Some(one) == path(other))
}
