//! k6's grammar of conditions: `p(95)<500`, `rate<0.01`, `count==0`.

use std::fmt;
use std::time::Duration;

use super::metric::{MetricData, MetricKind};

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
    /// Sum of a counter, trues of a rate.
    Count,
    /// Per second of a counter, share of a rate.
    Rate,
    /// Value of a gauge.
    Value,
}

impl Aggregate {
    const NAMED: [(&'static str, Self); 7] = [
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
        ("med", Self::Med),
        ("count", Self::Count),
        ("rate", Self::Rate),
        ("value", Self::Value),
    ];

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

    /// Whether metrics of that kind have it.
    pub(super) fn fits(self, kind: MetricKind) -> bool {
        match self {
            Self::Avg | Self::Min | Self::Max | Self::Med | Self::Percentile(_) => {
                kind == MetricKind::Trend
            }
            Self::Count | Self::Rate => matches!(kind, MetricKind::Counter | MetricKind::Rate),
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
    /// `==`, but for the last binary digit: `0.1+0.2` is `0.3` here, and is not in k6.
    Equal,
    /// `!=`, likewise.
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
        let near = (left - right).abs() <= f64::EPSILON * right.abs();
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => near,
            Self::NotEqual => !near,
        }
    }

    /// How far a value is on the failing side of `limit`: of several values the one with the most
    /// holds only if all do.
    fn badness(self, value: f64, limit: f64) -> f64 {
        match self {
            Self::Less | Self::LessOrEqual => value,
            Self::Greater | Self::GreaterOrEqual => -value,
            Self::Equal => (value - limit).abs(),
            Self::NotEqual => -(value - limit).abs(),
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
    /// [`ConditionError`]: what was expected, and where.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let mut rest = Rest { text, at: 0 };
        rest.skip_blanks();
        let aggregate = rest.aggregate()?;
        rest.skip_blanks();
        let comparison = rest.comparison()?;
        rest.skip_blanks();
        let limit = rest.limit()?;
        Ok(Self { aggregate, comparison, limit })
    }

    /// The aggregate's value and whether the condition holds; `None` when nothing was measured.
    pub fn evaluate(&self, data: &MetricData) -> Option<(f64, bool)> {
        let value = self.aggregate.of(data)?;
        Some((value, self.holds(value)))
    }

    /// Whether it holds of a value of its aggregate.
    pub fn holds(&self, value: f64) -> bool {
        self.comparison.holds(value, self.limit)
    }

    /// Whether `value` is further on the failing side than `other`.
    pub fn is_worse(&self, value: f64, other: f64) -> bool {
        let badness = |value| self.comparison.badness(value, self.limit);
        badness(value) > badness(other)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.aggregate, self.comparison.as_str(), self.limit)
    }
}

/// Not `aggregation operator value`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("threshold `{text}`: expected {expected}, at character {column}")]
pub struct ConditionError {
    /// As written.
    pub text: String,
    /// Where it went wrong, in characters from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: String,
}

/// What of a condition was not read yet.
struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    /// What should stand here.
    fn expected(&self, what: &str) -> ConditionError {
        ConditionError {
            text: self.text.to_owned(),
            column: self.text[..self.at].chars().count() + 1,
            expected: what.to_owned(),
        }
    }

    fn aggregate(&mut self) -> Result<Aggregate, ConditionError> {
        if self.take("p(") {
            return self.percentile();
        }
        let word = self.rest().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let named = Aggregate::NAMED.into_iter().find(|(name, _)| *name == word);
        let (_, aggregate) = named.ok_or_else(|| {
            self.expected("one of avg, min, max, med, p(N), count, rate, value, as in `p(95)<500`")
        })?;
        self.at += word.len();
        Ok(aggregate)
    }

    fn percentile(&mut self) -> Result<Aggregate, ConditionError> {
        let inner = self.rest().split(')').next().unwrap_or_default();
        let percent = inner.trim().parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
        let percent = percent.ok_or_else(|| self.expected("a percentile from 0 to 100"))?;
        self.at += inner.len();
        if !self.take(")") {
            return Err(self.expected("`)` behind the percentile"));
        }
        Ok(Aggregate::Percentile(percent))
    }

    fn comparison(&mut self) -> Result<Comparison, ConditionError> {
        let found = Comparison::ALL.into_iter().find(|(operator, _)| self.take(operator));
        let expected = "an operator: <, <=, >, >=, == or !=, as in `p(95)<500`";
        found.map(|(_, comparison)| comparison).ok_or_else(|| self.expected(expected))
    }

    fn limit(&mut self) -> Result<f64, ConditionError> {
        let number = self.rest().trim_end().parse().ok().filter(|limit: &f64| limit.is_finite());
        let expected = "a number after the operator (milliseconds for durations)";
        number.ok_or_else(|| self.expected(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::histogram::{Digits, Histogram};

    #[test]
    fn k6_conditions_parse() {
        for text in [
            "p(95)<500",
            "p(99.9) <= 1500",
            "p(99.99)<2000",
            " rate < 0.01 ",
            "count==0",
            "count===0",
            "med>=1",
            "avg!=2",
        ] {
            assert!(Condition::parse(text).is_ok(), "{text}");
        }
        for text in ["", "p(95)", "p(101)<5", "<5", "p(95)<x", "p95<500", "rate<NaN", "rates<1"] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mistake_has_its_place() {
        let column = |text: &str| match Condition::parse(text) {
            Err(ConditionError { column, .. }) => column,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(column("p95<500"), 1);
        assert_eq!(column("p(95<500"), 3);
        assert_eq!(column("p(95"), 5);
        assert_eq!(column("count ~ 5"), 7);
        assert_eq!(column("count < fünf"), 9);
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

    #[test]
    fn the_worst_of_several_values_decides_for_all() {
        let values = [3.0, 7.0, 5.0];
        for operator in ["<", "<=", ">", ">=", "==", "!="] {
            for limit in [2.0, 3.0, 5.0, 6.0, 7.0, 8.0] {
                let condition = Condition::parse(&format!("avg{operator}{limit}")).expect("valid");
                let worst = values
                    .into_iter()
                    .reduce(|a, b| if condition.is_worse(b, a) { b } else { a })
                    .expect("not empty");
                let all = values.into_iter().all(|value| condition.holds(value));
                assert_eq!(condition.holds(worst), all, "{condition}");
            }
        }
    }
}
