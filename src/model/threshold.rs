//! k6's threshold grammar: `p(95)<500`, `rate<0.01`, `count==0` over a metric and its tags.

use std::fmt;
use std::time::Duration;

use super::event::ThresholdResult;
use super::finding::{Confidence, FindingStatus, Severity};
use super::metric::{MetricData, MetricKind, MetricName, MetricSelector, TagMatch, TagOp};
use super::text::did_you_mean;
use super::units::{format_duration, format_number, format_percent};

/// What is taken of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aggregate {
    /// Arithmetic mean of a trend, ms.
    Avg,
    /// Least value of a trend, ms.
    Min,
    /// Greatest value of a trend, ms.
    Max,
    /// Median of a trend, ms.
    Med,
    /// Percentile of a trend, 0–100, ms.
    Percentile(f64),
    /// Sum of a counter.
    Count,
    /// Per second of a counter, share of a rate.
    Rate,
    /// Value of a gauge.
    Value,
}

impl Aggregate {
    /// The aggregate's value; `None` when nothing was measured or the kind does not fit.
    pub fn of(self, data: &MetricData) -> Option<f64> {
        let millis = |value: Option<Duration>| value.map(|value| value.as_secs_f64() * 1e3);
        match (self, data) {
            (Self::Avg, MetricData::Trend(trend)) => millis(trend.mean()),
            (Self::Min, MetricData::Trend(trend)) => millis(trend.min()),
            (Self::Max, MetricData::Trend(trend)) => millis(trend.max()),
            (Self::Med, MetricData::Trend(trend)) => millis(trend.quantile(0.5)),
            (Self::Percentile(p), MetricData::Trend(trend)) => millis(trend.quantile(p / 100.0)),
            (Self::Count, MetricData::Counter { count, .. }) => Some(*count as f64),
            (Self::Count, MetricData::Rate { hits, .. }) => Some(*hits as f64),
            (Self::Rate, MetricData::Counter { count, elapsed }) => {
                let seconds = elapsed.as_secs_f64();
                (seconds > 0.0).then(|| *count as f64 / seconds)
            }
            (Self::Rate, MetricData::Rate { hits, total }) => {
                (*total > 0).then(|| *hits as f64 / *total as f64)
            }
            (Self::Value, MetricData::Gauge(value)) => Some(*value),
            _ => None,
        }
    }

    fn fits(self, kind: MetricKind) -> bool {
        match self {
            Self::Avg | Self::Min | Self::Max | Self::Med | Self::Percentile(_) => {
                kind == MetricKind::Trend
            }
            Self::Count => matches!(kind, MetricKind::Counter | MetricKind::Rate),
            Self::Rate => matches!(kind, MetricKind::Counter | MetricKind::Rate),
            Self::Value => kind == MetricKind::Gauge,
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Avg => f.write_str("avg"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Med => f.write_str("med"),
            Self::Percentile(p) => write!(f, "p({p})"),
            Self::Count => f.write_str("count"),
            Self::Rate => f.write_str("rate"),
            Self::Value => f.write_str("value"),
        }
    }
}

/// k6's operators; `===` is `==`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Comparison {
    const ALL: [(&'static str, Self); 7] = [
        ("===", Self::Equal),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => (left - right).abs() <= f64::EPSILON * right.abs(),
            Self::NotEqual => (left - right).abs() > f64::EPSILON * right.abs(),
        }
    }
}

/// `p(95)<500`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// What is taken of the metric.
    pub aggregate: Aggregate,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what: milliseconds for trends.
    pub limit: f64,
}

impl Condition {
    /// Parses k6's `aggregation operator value`.
    ///
    /// # Errors
    /// [`ThresholdError::Condition`] with what was expected.
    pub fn parse(text: &str) -> Result<Self, ThresholdError> {
        let error = |expected: &str| ThresholdError::Condition {
            text: text.to_owned(),
            expected: expected.to_owned(),
        };
        let at = text
            .find(['<', '>', '=', '!'])
            .ok_or_else(|| error("an operator: <, <=, >, >=, == or !=, as in `p(95)<500`"))?;
        let (operator, comparison) = Comparison::ALL
            .into_iter()
            .find(|(operator, _)| text[at..].starts_with(operator))
            .ok_or_else(|| error("one of the operators <, <=, >, >=, ==, !="))?;
        let aggregate = parse_aggregate(text[..at].trim()).ok_or_else(|| {
            error("one of avg, min, max, med, p(N), count, rate, value before the operator")
        })?;
        let limit: f64 = text[at + operator.len()..]
            .trim()
            .parse()
            .ok()
            .filter(|limit: &f64| limit.is_finite())
            .ok_or_else(|| error("a number after the operator (milliseconds for durations)"))?;
        Ok(Self { aggregate, comparison, limit })
    }

    /// The aggregate's value and whether the condition holds; `None` when nothing was measured.
    pub fn evaluate(&self, data: &MetricData) -> Option<(f64, bool)> {
        let value = self.aggregate.of(data)?;
        Some((value, self.comparison.holds(value, self.limit)))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.aggregate, self.comparison.as_str(), self.limit)
    }
}

/// What a gate measured, in its metric's unit; exact to the microsecond where three significant
/// figures could not be told from the limit.
pub fn measured(result: &ThresholdResult) -> String {
    let Some(value) = result.value else { return "nothing measured".to_owned() };
    let Ok(Threshold { selector, condition, .. }) =
        Threshold::parse(&result.selector, &result.condition)
    else {
        return format_number(value);
    };
    match (selector.metric.kind(), condition.aggregate) {
        (MetricKind::Trend, _) => {
            let exact = format!("{}ms", format_number(value));
            let rounded = |ms: f64| Duration::try_from_secs_f64(ms / 1e3).ok().map(format_duration);
            match (rounded(value), rounded(condition.limit)) {
                (Some(text), limit) if limit.as_ref() != Some(&text) => text,
                _ => exact,
            }
        }
        (MetricKind::Rate, Aggregate::Rate) => format_percent(value),
        (MetricKind::Counter, Aggregate::Rate) => format!("{}/s", format_number(value)),
        _ => format_number(value),
    }
}

fn parse_aggregate(text: &str) -> Option<Aggregate> {
    match text {
        "avg" => Some(Aggregate::Avg),
        "min" => Some(Aggregate::Min),
        "max" => Some(Aggregate::Max),
        "med" => Some(Aggregate::Med),
        "count" => Some(Aggregate::Count),
        "rate" => Some(Aggregate::Rate),
        "value" => Some(Aggregate::Value),
        _ => {
            let percent: f64 = text.strip_prefix("p(")?.strip_suffix(')')?.trim().parse().ok()?;
            (0.0..=100.0).contains(&percent).then_some(Aggregate::Percentile(percent))
        }
    }
}

/// One gate: a selector, a condition, and what to do on failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What is looked at.
    pub selector: MetricSelector,
    /// What must hold.
    pub condition: Condition,
    /// Stop the run as soon as it fails.
    pub abort_on_fail: bool,
    /// Wait this long before an abort.
    pub delay_abort_eval: Duration,
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.selector, self.condition)
    }
}

/// Why a threshold cannot be evaluated, found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdError {
    /// Not `aggregation operator value`.
    #[error("threshold `{text}`: expected {expected}")]
    Condition {
        /// As written.
        text: String,
        /// What should stand there.
        expected: String,
    },
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
    /// `p(95)` of a counter and the like.
    #[error("`{aggregate}` does not apply to `{metric}`, which is a {kind}")]
    Kind {
        /// The aggregate.
        aggregate: String,
        /// The metric.
        metric: String,
        /// Its kind.
        kind: &'static str,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
}

impl Threshold {
    /// Parses a selector (`http_req_duration{request:checkout}`) and a condition.
    ///
    /// # Errors
    /// [`ThresholdError`] for anything that could never be evaluated.
    pub fn parse(selector: &str, condition: &str) -> Result<Self, ThresholdError> {
        let selector = parse_selector(selector)?;
        let condition = Condition::parse(condition)?;
        let kind = selector.metric.kind();
        if !condition.aggregate.fits(kind) {
            return Err(ThresholdError::Kind {
                aggregate: condition.aggregate.to_string(),
                metric: selector.metric.to_string(),
                kind: kind.as_str(),
            });
        }
        Ok(Self { selector, condition, abort_on_fail: false, delay_abort_eval: Duration::ZERO })
    }
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
    if !metric.tags().contains(&tag) {
        let known = metric.tags().join(", ");
        let known =
            if known.is_empty() { "it has none".to_owned() } else { format!("it has {known}") };
        return Err(error(format!("no tag `{tag}`; {known}")));
    }
    let (op, value) = match value.strip_prefix(">=") {
        Some(value) => (TagOp::AtLeast, value.trim()),
        None => (TagOp::Equal, value),
    };
    let known = match tag {
        "severity" => Severity::parse(value).is_some(),
        "confidence" => Confidence::parse(value).is_some(),
        "status" => FindingStatus::parse(value).is_some() && op == TagOp::Equal,
        _ => op == TagOp::Equal,
    };
    if !known {
        return Err(error(format!("`{text}` can never match")));
    }
    Ok(TagMatch { tag: tag.to_owned(), op, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::histogram::{Digits, Histogram};

    #[test]
    fn what_was_measured_has_a_unit_and_is_never_the_limit_unless_it_is() {
        let gate = |selector: &str, condition: &str, value: f64| {
            measured(&ThresholdResult {
                selector: selector.to_owned(),
                condition: condition.to_owned(),
                value: Some(value),
                pass: false,
            })
        };
        assert_eq!(gate("http_req_duration", "p(95)<100", 211.711), "212ms");
        assert_eq!(gate("http_req_duration", "p(95)<212", 212.3), "212.3ms");
        assert_eq!(gate("http_req_duration", "p(95)<212", 212.0), "212ms");
        assert_eq!(gate("http_req_failed", "rate<0.01", 0.25), "25.0%");
        assert_eq!(gate("http_reqs", "rate>10", 7.5), "7.5/s");
        assert_eq!(gate("findings", "count==0", 6.0), "6");
    }

    #[test]
    fn k6_conditions_parse() {
        for text in [
            "p(95)<500",
            "p(99.9) <= 1500",
            "p(99.99)<2000",
            "rate<0.01",
            "count==0",
            "med>=1",
            "avg!=2",
        ] {
            assert!(Condition::parse(text).is_ok(), "{text}");
        }
        for text in ["p(95)", "p(101)<5", "<5", "p(95)<x", "p95<500", "rate<NaN"] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }

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
    }

    #[test]
    fn trends_are_compared_in_milliseconds() {
        let mut trend = Histogram::new(Digits::Three);
        trend.record(Duration::from_millis(400));
        let data = MetricData::Trend(trend);
        let holds = |text: &str| {
            Condition::parse(text).expect("valid").evaluate(&data).expect("measured").1
        };
        assert!(holds("p(95)<500"));
        assert!(!holds("max<400"));
        let nothing = MetricData::Trend(Histogram::new(Digits::Three));
        assert_eq!(Condition::parse("p(95)<1").expect("valid").evaluate(&nothing), None);
    }
}
