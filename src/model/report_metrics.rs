//! Metrics out of a report: what the selectors of thresholds and tables pick.

use super::answers::{AnswerFilter, AnswerTally};
use super::finding::{Confidence, Finding, FindingStatus, Severity};
use super::histogram::{Digits, Histogram};
use super::load::{ScenarioTally, SeriesMeta, Tally};
use super::messages::{MessageTally, SeriesKind};
use super::metric::{MetricData, MetricName, MetricSelector, TagMatch, TagOp};
use super::report::{EndpointReport, Report};
use super::scan::OperationSource;
use super::session::SessionReport;
use super::timings::PhaseKind;

impl Report {
    /// The data of a metric, or of the part of it that matches the selector's tags.
    pub fn metric(&self, selector: &MetricSelector) -> MetricData {
        if let Some(filter) = AnswerFilter::of(&selector.tags)
            && selector.metric.is_load()
        {
            return self.answers_metric(selector, &filter);
        }
        let endpoints = || self.matching_endpoints(&selector.tags);
        let requests = |pick: fn(&Tally) -> &Histogram| {
            trend(Digits::Three, endpoints().map(|endpoint| pick(&endpoint.total)))
        };
        let counter = |count: u64| MetricData::Counter { count, elapsed: self.load_elapsed };
        let sum = |pick: fn(&Tally) -> u64| -> u64 {
            endpoints().map(|endpoint| pick(&endpoint.total)).sum()
        };
        let iterations = |pick: fn(&ScenarioTally) -> u64| -> u64 {
            self.matching_scenarios(&selector.tags).map(pick).sum()
        };
        let iteration_trend = |pick: fn(&ScenarioTally) -> &Histogram| {
            trend(Digits::Three, self.matching_scenarios(&selector.tags).map(pick))
        };
        match selector.metric {
            MetricName::HttpReqs => counter(sum(|tally| tally.requests)),
            MetricName::DataSent => counter(sum(|tally| tally.bytes_sent)),
            MetricName::DataReceived => counter(sum(|tally| tally.bytes_received)),
            MetricName::HttpReqDuration => requests(|tally| &tally.duration),
            MetricName::HttpReqLatency => requests(|tally| &tally.latency),
            MetricName::HttpReqFailed => MetricData::Rate {
                hits: sum(|tally| tally.failed),
                total: sum(|tally| tally.requests),
            },
            MetricName::Checks => self.checks_metric(&selector.tags),
            MetricName::Phase(kind) => self.phase_metric(kind, &selector.tags),
            MetricName::WsSessions | MetricName::GrpcStreams => {
                counter(self.messages(selector, |tally| tally.sessions))
            }
            MetricName::WsMsgsSent | MetricName::GrpcStreamsMsgsSent => {
                counter(self.messages(selector, |tally| tally.sent))
            }
            MetricName::WsMsgsReceived
            | MetricName::SseEvent
            | MetricName::GrpcStreamsMsgsReceived => {
                counter(self.messages(selector, |tally| tally.received))
            }
            MetricName::GrpcReqDuration => {
                let calls = endpoints().filter(|endpoint| endpoint.meta.kind == SeriesKind::Grpc);
                trend(Digits::Three, calls.map(|endpoint| &endpoint.total.duration))
            }
            MetricName::WsSessionDuration => {
                self.message_trend(selector, |tally| &tally.session_duration)
            }
            MetricName::WsConnecting => self.message_trend(selector, |tally| &tally.connecting),
            MetricName::MessageLatency => self.message_trend(selector, |tally| &tally.latency),
            MetricName::Iterations => counter(iterations(|tally| tally.iterations)),
            MetricName::DroppedIterations => counter(iterations(|tally| tally.dropped)),
            MetricName::IterationDuration => iteration_trend(|tally| &tally.iteration_duration),
            MetricName::IterationLatency => iteration_trend(|tally| &tally.iteration_latency),
            MetricName::GroupDuration => self.group_metric(&selector.tags),
            MetricName::Vus => MetricData::Gauge(self.vus.0 as f64),
            MetricName::AuthLost => MetricData::Counter {
                count: self.matching_sessions(&selector.tags).map(|session| session.lost).sum(),
                elapsed: self.elapsed,
            },
            MetricName::ScanReqs => {
                MetricData::Counter { count: self.scan_requests.0, elapsed: self.elapsed }
            }
            MetricName::ScanReqDuration => MetricData::Trend(self.scan_duration.clone()),
            MetricName::Findings => MetricData::Counter {
                count: self.gated_findings(&selector.tags).count() as u64,
                elapsed: self.elapsed,
            },
            MetricName::CoverageOperations => self.coverage_metric(&selector.tags),
            MetricName::CrawlIncomplete => MetricData::Counter {
                count: u64::from(self.coverage.complete != Some(true)),
                elapsed: self.elapsed,
            },
            MetricName::CrawlSkipped => {
                MetricData::Counter { count: self.skipped(&selector.tags), elapsed: self.elapsed }
            }
            MetricName::Validity => counter(self.doubts(&selector.tags)),
        }
    }

    /// A metric of the answers that a filter fits.
    fn answers_metric(&self, selector: &MetricSelector, filter: &AnswerFilter) -> MetricData {
        let key = filter.to_string();
        let about = |tag: &&TagMatch| !AnswerFilter::TAGS.contains(&tag.tag.as_str());
        let tags: Vec<TagMatch> = selector.tags.iter().filter(about).cloned().collect();
        let endpoints = self.matching_endpoints(&tags);
        let answers: Vec<_> =
            endpoints.filter_map(|endpoint| endpoint.total.answers.get(&key)).collect();
        let sum = |pick: fn(&AnswerTally) -> u64| answers.iter().map(|one| pick(one)).sum();
        let times = |digits, pick: &dyn Fn(&AnswerTally) -> &Histogram| {
            trend(digits, answers.iter().map(|one| pick(one)))
        };
        match selector.metric {
            MetricName::HttpReqDuration => times(Digits::Three, &|one| &one.duration),
            MetricName::HttpReqLatency => times(Digits::Three, &|one| &one.latency),
            MetricName::Phase(kind) => times(Digits::Two, &|one| &one.phases[kind as usize]),
            MetricName::HttpReqFailed => {
                MetricData::Rate { hits: sum(|one| one.failed), total: sum(|one| one.requests) }
            }
            _ => MetricData::Counter { count: sum(|one| one.requests), elapsed: self.load_elapsed },
        }
    }

    /// Whether anything of the metric and its tags was measured at all: a count of nothing is no
    /// measurement.
    pub fn measures(&self, selector: &MetricSelector) -> bool {
        match selector.metric {
            MetricName::Iterations
            | MetricName::DroppedIterations
            | MetricName::IterationDuration
            | MetricName::IterationLatency => {
                self.matching_scenarios(&selector.tags).next().is_some()
            }
            MetricName::GroupDuration => {
                matches!(self.metric(selector), MetricData::Trend(trend) if !trend.is_empty())
            }
            MetricName::Vus => !self.scenarios.is_empty(),
            MetricName::Validity => self.validity.is_some(),
            MetricName::AuthLost => self.matching_sessions(&selector.tags).next().is_some(),
            MetricName::Checks => {
                matches!(self.metric(selector), MetricData::Rate { total, .. } if total > 0)
            }
            MetricName::ScanReqs | MetricName::ScanReqDuration | MetricName::Findings => {
                self.scan_requests.0 > 0
            }
            MetricName::CoverageOperations => !self.coverage.operations.is_empty(),
            MetricName::CrawlIncomplete | MetricName::CrawlSkipped => {
                self.coverage.complete.is_some()
            }
            metric => self.matching_endpoints(&selector.tags).any(|endpoint| {
                let kind = metric.series_kind();
                endpoint.total.requests > 0 && kind.is_none_or(|kind| endpoint.meta.kind == kind)
            }),
        }
    }

    /// Findings that a gate with these tags counts: unless named, `confidence:>=firm` and
    /// `status:new` apply.
    pub fn gated_findings<'a>(
        &'a self,
        tags: &'a [TagMatch],
    ) -> impl Iterator<Item = &'a Finding> + 'a {
        let names = |name: &str| tags.iter().any(|tag| tag.tag == name);
        let (any_confidence, any_status) = (names("confidence"), names("status"));
        self.findings.iter().filter(move |finding| {
            (any_confidence || finding.confidence >= Confidence::Firm)
                && (any_status || finding.status == FindingStatus::New)
                && tags.iter().all(|tag| finding_matches(finding, tag))
        })
    }

    fn matching_sessions<'a>(
        &'a self,
        tags: &'a [TagMatch],
    ) -> impl Iterator<Item = &'a SessionReport> + 'a {
        let matches = |session: &SessionReport, tag: &TagMatch| match tag.tag.as_str() {
            "auth" => session.auth == tag.value,
            "identity" => session.identity.as_deref() == Some(&*tag.value),
            "phase" => session.phase.as_str() == tag.value,
            _ => false,
        };
        let all = self.sessions.iter();
        all.filter(move |session| tags.iter().all(|tag| matches(session, tag)))
    }

    fn coverage_metric(&self, tags: &[TagMatch]) -> MetricData {
        let known = self.coverage.operations.iter().filter(|operation| {
            tags.iter().all(|tag| match tag.tag.as_str() {
                "source" => OperationSource::parse(&tag.value).is_some_and(|source| match tag.op {
                    TagOp::Equal => operation.source == source,
                    TagOp::AtLeast => operation.source.authority() >= source.authority(),
                }),
                "method" => operation.method == tag.value,
                _ => false,
            })
        });
        let (mut hits, mut total) = (0, 0);
        for operation in known {
            hits += u64::from(operation.reached);
            total += 1;
        }
        MetricData::Rate { hits, total }
    }

    /// What the crawl left out for these reasons.
    fn skipped(&self, tags: &[TagMatch]) -> u64 {
        let reasons = self.coverage.skipped.iter().filter(|(reason, _)| {
            tags.iter().all(|tag| tag.tag == "reason" && tag.value == reason.as_str())
        });
        reasons.map(|(_, count)| count).sum()
    }

    /// What speaks against the load figures; unless a level is named, problems alone.
    fn doubts(&self, tags: &[TagMatch]) -> u64 {
        let Some(validity) = &self.validity else { return 0 };
        let counts = |level: &str| {
            tags.iter().all(|tag| match tag.op {
                TagOp::Equal => tag.value == level,
                // The greater level is at least either.
                TagOp::AtLeast => level == "problem" || tag.value == level,
            })
        };
        let problems = if counts("problem") { validity.problems.len() } else { 0 };
        let warnings =
            if !tags.is_empty() && counts("warning") { validity.warnings.len() } else { 0 };
        (problems + warnings) as u64
    }

    fn checks_metric(&self, tags: &[TagMatch]) -> MetricData {
        let (named, tags): (Vec<_>, Vec<_>) =
            tags.iter().cloned().partition(|tag| tag.tag == "check");
        let (mut hits, mut total) = (0, 0);
        for endpoint in self.matching_endpoints(&tags) {
            let is_named = |name: &str| named.iter().all(|tag| tag.value == name);
            for check in endpoint.total.checks.iter().filter(|check| is_named(&check.name)) {
                hits += check.passes;
                total += check.passes + check.fails;
            }
        }
        MetricData::Rate { hits, total }
    }

    fn group_metric(&self, tags: &[TagMatch]) -> MetricData {
        let (named, tags): (Vec<_>, Vec<_>) =
            tags.iter().cloned().partition(|tag| tag.tag == "group");
        let is_named = |name: &str| named.iter().all(|tag| is_group(name, &tag.value));
        let groups = self.matching_scenarios(&tags).flat_map(|tally| &tally.groups);
        let named = groups.filter(|(name, _)| is_named(name)).map(|(_, durations)| durations);
        trend(Digits::Three, named)
    }

    fn phase_metric(&self, kind: PhaseKind, tags: &[TagMatch]) -> MetricData {
        let endpoints = self.matching_endpoints(tags);
        trend(Digits::Two, endpoints.map(|endpoint| &endpoint.total.phases[kind as usize]))
    }

    fn messages(&self, selector: &MetricSelector, pick: fn(&MessageTally) -> u64) -> u64 {
        self.matching_messages(selector).map(pick).sum()
    }

    fn message_trend(
        &self,
        selector: &MetricSelector,
        pick: fn(&MessageTally) -> &Histogram,
    ) -> MetricData {
        trend(Digits::Two, self.matching_messages(selector).map(pick))
    }

    fn matching_messages<'a>(
        &'a self,
        selector: &'a MetricSelector,
    ) -> impl Iterator<Item = &'a MessageTally> {
        let kind = selector.metric.series_kind();
        self.matching_endpoints(&selector.tags)
            .filter(move |endpoint| kind.is_none_or(|kind| endpoint.meta.kind == kind))
            .filter_map(|endpoint| endpoint.total.messages.as_deref())
    }

    fn matching_endpoints<'a>(
        &'a self,
        tags: &'a [TagMatch],
    ) -> impl Iterator<Item = &'a EndpointReport> {
        self.endpoints.iter().filter(move |endpoint| endpoint.meta.fits(tags))
    }

    fn matching_scenarios<'a>(
        &'a self,
        tags: &'a [TagMatch],
    ) -> impl Iterator<Item = &'a ScenarioTally> {
        self.scenarios
            .iter()
            .filter(move |(meta, _)| {
                !meta.warmup
                    && tags.iter().all(|tag| match tag.tag.as_str() {
                        "scenario" => meta.name == tag.value,
                        own => meta.tags.get(own) == Some(&tag.value),
                    })
            })
            .map(|(_, tally)| tally)
    }
}

impl SeriesMeta {
    /// Whether it has all of `tags`; what they say of answers is not its own.
    pub fn fits(&self, tags: &[TagMatch]) -> bool {
        let own = |name: &str| self.tags.get(name).map(String::as_str);
        let tagged = Tagged {
            scenario: &self.scenario,
            request: &self.request,
            method: &self.method,
            path_template: &self.path_template,
            group: own("group"),
            own: &own,
        };
        tags.iter().all(|tag| tagged.fits(tag))
    }
}

/// What something that is measured is called: the tags by which gates select it.
#[derive(Clone, Copy)]
pub struct Tagged<'a> {
    /// The plan's name of the scenario.
    pub scenario: &'a str,
    /// The plan's name of the request.
    pub request: &'a str,
    /// Its method.
    pub method: &'a str,
    /// `/items/{id}`
    pub path_template: &'a str,
    /// The whole name of the group that it is sent in.
    pub group: Option<&'a str>,
    /// The value of a tag of the plan's own.
    pub own: &'a dyn Fn(&str) -> Option<&'a str>,
}

impl Tagged<'_> {
    /// Whether it has the tag. Which answers come is known when they have: what a tag says of them is
    /// not its own.
    pub fn fits(&self, tag: &TagMatch) -> bool {
        let value = tag.value.as_str();
        match tag.tag.as_str() {
            "scenario" => self.scenario == value,
            "request" => self.request == value,
            "method" => self.method == value,
            "path" => self.path_template == value,
            "group" => self.group.is_some_and(|group| is_group(group, value)),
            about if AnswerFilter::TAGS.contains(&about) => true,
            own => (self.own)(own) == Some(value),
        }
    }
}

/// Whether a selector's tag `group` means the group of that whole name; k6 writes `::` before the outermost, and so
/// may a plan.
pub fn is_group(name: &str, value: &str) -> bool {
    name.strip_prefix("::").unwrap_or(name) == value.strip_prefix("::").unwrap_or(value)
}

/// One distribution of all the parts.
fn trend<'a>(digits: Digits, parts: impl Iterator<Item = &'a Histogram>) -> MetricData {
    let mut sum = Histogram::new(digits);
    parts.for_each(|part| sum.merge(part));
    MetricData::Trend(sum)
}

fn finding_matches(finding: &Finding, tag: &TagMatch) -> bool {
    fn ordered<T: Ord + Copy>(op: TagOp, mine: T, theirs: Option<T>) -> bool {
        theirs.is_some_and(|theirs| match op {
            TagOp::Equal => mine == theirs,
            TagOp::AtLeast => mine >= theirs,
        })
    }
    match tag.tag.as_str() {
        "severity" => ordered(tag.op, finding.severity, Severity::parse(&tag.value)),
        "confidence" => ordered(tag.op, finding.confidence, Confidence::parse(&tag.value)),
        "status" => FindingStatus::parse(&tag.value) == Some(finding.status),
        "rule" => finding.rule.id == tag.value,
        _ => false,
    }
}
