//! Gates: what must hold of a metric, or of the part of it that tags select.

use std::fmt;
use std::time::Duration;

use super::answers::AnswerFilter;
use super::condition::{Condition, ConditionError};
use super::finding::{Confidence, FindingStatus, Severity};
use super::load::Validity;
use super::metric::{MetricKind, MetricName, MetricSelector, TagMatch, TagOp};
use super::scan::OperationSource;
use super::site::SkipReason;
use super::text::did_you_mean;

/// What stands behind `|` where a change against the baseline is meant.
const BASELINE: &str = "vs(baseline)";

/// What must hold, of what, over which time.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// What is looked at.
    pub selector: MetricSelector,
    /// What must hold.
    pub condition: Condition,
    /// It must hold in every stretch of load of this length; `None` is over the whole run.
    pub window: Option<Duration>,
}

impl Criterion {
    /// Parses a selector (`http_req_duration{request:checkout}`) and a condition, over the whole
    /// run.
    ///
    /// # Errors
    /// [`ThresholdError`] for anything that could never be evaluated.
    pub fn parse(selector: &str, condition: &str) -> Result<Self, ThresholdError> {
        let (selector, against) = match selector.split_once('|') {
            None => (selector, None),
            Some((selector, against)) => (selector, Some(against.trim())),
        };
        let selector = parse_selector(selector)?;
        let condition = match against {
            None => Condition::parse(condition)?,
            Some(BASELINE) => Condition::parse_change(condition)?,
            Some(other) => return Err(ThresholdError::Against { text: other.to_owned() }),
        };
        let kind = selector.metric.kind();
        if !condition.aggregate.fits(kind) {
            return Err(ThresholdError::Kind {
                aggregate: condition.aggregate.to_string(),
                metric: selector.metric.to_string(),
                kind,
            });
        }
        Ok(Self { selector, condition, window: None })
    }

    /// What is looked at, and whether against the baseline, as a plan writes it.
    pub fn looked_at(&self) -> String {
        let against = if self.condition.limit.is_change() { "|vs(baseline)" } else { "" };
        format!("{}{against}", self.selector)
    }

    /// The condition with its window, as people read it: `p(95)<500 in every 30s`.
    pub fn wanted(&self) -> String {
        wanted(&self.condition.to_string(), self.window)
    }
}

/// A condition with its window.
pub(super) fn wanted(condition: &str, window: Option<Duration>) -> String {
    match window {
        Some(window) => format!("{condition} in every {}s", window.as_secs()),
        None => condition.to_owned(),
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.looked_at(), self.wanted())
    }
}

/// One gate: what must hold, and what to do when it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What must hold.
    pub criterion: Criterion,
    /// Stop the run as soon as it fails.
    pub abort_on_fail: bool,
    /// Wait this long, from the run's start, before an abort.
    pub delay_abort_eval: Duration,
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.criterion.fmt(f)
    }
}

impl Threshold {
    /// [`Criterion::parse`], evaluated at the end.
    ///
    /// # Errors
    /// [`ThresholdError`] for anything that could never be evaluated.
    pub fn parse(selector: &str, condition: &str) -> Result<Self, ThresholdError> {
        Ok(Self {
            criterion: Criterion::parse(selector, condition)?,
            abort_on_fail: false,
            delay_abort_eval: Duration::ZERO,
        })
    }

    /// The metric that is looked at.
    pub fn metric(&self) -> MetricName {
        self.criterion.selector.metric
    }
}

/// Why a threshold cannot be evaluated, found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdError {
    /// Not `aggregation operator value`.
    #[error(transparent)]
    Condition(#[from] ConditionError),
    /// No such metric.
    #[error("unknown metric `{name}`{}", suggestion(.nearest.as_deref()))]
    Metric {
        /// As written.
        name: String,
        /// The nearest one.
        nearest: Option<String>,
    },
    /// The metric has no such tag, or it has no such value.
    #[error("metric `{metric}`: {problem}")]
    Tag {
        /// The metric.
        metric: String,
        /// What is wrong with which tag.
        problem: String,
    },
    /// Against something that is no baseline.
    #[error("`|{text}`: expected `|vs(baseline)`")]
    Against {
        /// As written.
        text: String,
    },
    /// `p(95)` of a counter and the like.
    #[error(
        "`{aggregate}` does not apply to `{metric}`, which is a {} and has {}",
        .kind.as_str(),
        aggregates(*.kind)
    )]
    Kind {
        /// The aggregate.
        aggregate: String,
        /// The metric.
        metric: String,
        /// Its kind.
        kind: MetricKind,
    },
}

/// What metrics of a kind have.
fn aggregates(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Counter | MetricKind::Rate => "count and rate",
        MetricKind::Gauge => "value",
        MetricKind::Trend => "avg, min, max, med and p(N)",
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
}

fn parse_selector(text: &str) -> Result<MetricSelector, ThresholdError> {
    let (name, tags) = match text.split_once('{') {
        None => (text.trim(), ""),
        Some((name, rest)) => {
            let tags = rest.trim_end().strip_suffix('}').ok_or_else(|| ThresholdError::Tag {
                metric: name.trim().to_owned(),
                problem: "the tag selector `{…}` is not closed".to_owned(),
            })?;
            (name.trim(), tags)
        }
    };
    let metric = MetricName::parse(name).ok_or_else(|| ThresholdError::Metric {
        name: name.to_owned(),
        nearest: did_you_mean(name, MetricName::ALL.map(MetricName::as_str)).map(str::to_owned),
    })?;
    let tags = tags
        .split(',')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(|tag| parse_tag(metric, tag))
        .collect::<Result<_, _>>()?;
    Ok(MetricSelector { metric, tags })
}

fn parse_tag(metric: MetricName, text: &str) -> Result<TagMatch, ThresholdError> {
    let error = |problem: String| ThresholdError::Tag { metric: metric.to_string(), problem };
    let (tag, value) =
        text.split_once(':').ok_or_else(|| error(format!("`{text}` is not `tag:value`")))?;
    let (tag, value) = (tag.trim(), value.trim());
    let known = metric.tags();
    // The plan knows which tags it gives itself.
    if !known.contains(&tag) && !metric.has_own_tags() {
        return Err(error(no_such("tag", tag, known)));
    }
    let (op, value) = match value.strip_prefix(">=") {
        Some(value) => (TagOp::AtLeast, value.trim()),
        None => (TagOp::Equal, value),
    };
    if value.is_empty() {
        return Err(error(format!("the tag `{tag}` has no value")));
    }
    let (values, is_ordered) = match (metric, tag) {
        (MetricName::Findings, "severity") => (Severity::ALL.map(Severity::as_str).to_vec(), true),
        (MetricName::Findings, "confidence") => {
            (Confidence::ALL.map(Confidence::as_str).to_vec(), true)
        }
        (MetricName::Findings, "status") => {
            (FindingStatus::ALL.map(FindingStatus::as_str).to_vec(), false)
        }
        (MetricName::CoverageOperations, "source") => {
            (OperationSource::ALL.map(OperationSource::as_str).to_vec(), true)
        }
        (MetricName::CrawlSkipped, "reason") => {
            (SkipReason::ALL.map(SkipReason::as_str).to_vec(), false)
        }
        (MetricName::Validity, "level") => (Validity::LEVELS.to_vec(), true),
        _ => (Vec::new(), false),
    };
    if op == TagOp::AtLeast && !is_ordered {
        return Err(error(format!("`{tag}` has no order, so `>=` says nothing of it")));
    }
    if known.contains(&tag) && metric.is_load() && AnswerFilter::TAGS.contains(&tag) {
        if !AnswerFilter::allows(tag, value) {
            let cure = if tag == "status" {
                "a status is 404, 2xx, or 0 where no answer came"
            } else {
                "an answer is expected or not: true, false"
            };
            return Err(error(format!("`{tag}` is never `{value}`; {cure}")));
        }
    } else if !values.is_empty() && !values.contains(&value) {
        return Err(error(no_such(tag, value, &values)));
    }
    Ok(TagMatch { tag: tag.to_owned(), op, value: value.to_owned() })
}

/// There is no `what` of that name: what was meant, or what there is.
fn no_such(what: &str, name: &str, known: &[&str]) -> String {
    match did_you_mean(name, known.iter().copied()) {
        Some(nearest) => format!("no {what} `{name}`, did you mean `{nearest}`?"),
        None if known.is_empty() => format!("no {what} `{name}`; it has none"),
        None => format!("no {what} `{name}`; known: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_be_evaluated_is_refused() {
        assert!(matches!(
            Threshold::parse("http_req_duraton", "p(95)<1"),
            Err(ThresholdError::Metric { nearest: Some(nearest), .. }) if nearest == "http_req_duration"
        ));
        assert!(Threshold::parse("http_reqs", "p(95)<1").is_err());
        assert!(Threshold::parse("findings{colour:red}", "count==0").is_err());
        assert!(Threshold::parse("findings{severity:>=huge}", "count==0").is_err());
        assert!(Threshold::parse("findings{severity:>=high", "count==0").is_err());
        assert!(Threshold::parse("findings{severity:>=high}", "count==0").is_ok());
        assert!(Threshold::parse("findings{rule:>=a}", "count==0").is_err());
        assert!(Threshold::parse("findings{status:>=new}", "count==0").is_err());
        assert!(Threshold::parse("findings{rule:}", "count==0").is_err());
        assert!(Threshold::parse("coverage_operations{source:>=plan}", "rate>0.9").is_ok());
        assert!(Threshold::parse("coverage_operations{source:spce}", "rate>0.9").is_err());
        assert!(Threshold::parse("validity{level:>=warning}", "count==0").is_ok());
        assert!(Threshold::parse("validity", "rate==0").is_ok());
        assert!(Threshold::parse("http_reqs{method:>=GET}", "count==0").is_err());
    }
}
