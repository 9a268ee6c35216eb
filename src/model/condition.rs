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
        // Whole nanoseconds over a million are rounded once: 500.5 ms are no 500.49999999999994.
        let millis = |value: Option<Duration>| value.map(|value| value.as_nanos() as f64 / 1e6);
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
pub enum Operator {
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

impl Operator {
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

/// What a value is compared with: milliseconds for trends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A number.
    Value(f64),
    /// By how much it may differ from the baseline's value, `+5ms`.
    Change(f64),
    /// By how many percent of the baseline's value it may differ, `+10%`.
    Percent(f64),
}

impl Limit {
    /// Whether it needs a baseline.
    pub fn is_change(self) -> bool {
        !matches!(self, Self::Value(_))
    }

    /// The number that is compared with, or another one where it is a change.
    pub fn value_or(self, other: f64) -> f64 {
        if self.is_change() { other } else { self.number() }
    }

    fn number(self) -> f64 {
        match self {
            Self::Value(number) | Self::Change(number) | Self::Percent(number) => number,
        }
    }

    /// What is compared with its number; `None` where a baseline is missing. Nothing is no change
    /// of nothing; anything is an infinite one.
    fn compared(self, value: f64, baseline: Option<f64>) -> Option<f64> {
        Some(match self {
            Self::Value(_) => value,
            Self::Change(_) => value - baseline?,
            Self::Percent(_) => percent_change(value, baseline?),
        })
    }
}

/// By how many percent `value` differs from `baseline`.
pub(super) fn percent_change(value: f64, baseline: f64) -> f64 {
    let change = value - baseline;
    if change == 0.0 { 0.0 } else { change / baseline.abs() * 100.0 }
}

/// `p(95)<500`, or `p(95)<+10%` against a baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// What is taken of the metric.
    pub aggregate: Aggregate,
    /// How it is compared.
    pub comparison: Operator,
    /// With what.
    pub limit: Limit,
}

impl Condition {
    /// Parses k6's `aggregation operator value`.
    ///
    /// # Errors
    /// [`ConditionError`]: what was expected, and where.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let mut rest = Rest { text, at: 0 };
        let (aggregate, comparison) = rest.aggregate_and_comparison()?;
        Ok(Self { aggregate, comparison, limit: Limit::Value(rest.value()?) })
    }

    /// Parses `aggregation operator change`, where the change has its sign: `p(95)<+10%`,
    /// `avg<=-5ms`, `rate<+0.01`.
    ///
    /// # Errors
    /// [`ConditionError`]: what was expected, and where.
    pub fn parse_change(text: &str) -> Result<Self, ConditionError> {
        let mut rest = Rest { text, at: 0 };
        let (aggregate, comparison) = rest.aggregate_and_comparison()?;
        Ok(Self { aggregate, comparison, limit: rest.change(aggregate)? })
    }

    /// Whether it holds of a value of its aggregate; where it is about a change, against that of the
    /// baseline, without which it does not hold.
    pub fn holds(&self, value: f64, baseline: Option<f64>) -> bool {
        let compared = self.limit.compared(value, baseline);
        compared.is_some_and(|compared| self.comparison.holds(compared, self.limit.number()))
    }

    /// Whether `value` is further on the failing side than `other`.
    pub fn is_worse(&self, value: f64, other: f64) -> bool {
        let badness = |value| self.comparison.badness(value, self.limit.number());
        badness(value) > badness(other)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.aggregate, self.comparison.as_str())?;
        match self.limit {
            Limit::Value(number) => write!(f, "{number}"),
            Limit::Change(number) if self.aggregate.fits(MetricKind::Trend) => {
                write!(f, "{number:+}ms")
            }
            Limit::Change(number) => write!(f, "{number:+}"),
            Limit::Percent(number) => write!(f, "{number:+}%"),
        }
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

    fn comparison(&mut self) -> Result<Operator, ConditionError> {
        let found = Operator::ALL.into_iter().find(|(operator, _)| self.take(operator));
        let expected = "an operator: <, <=, >, >=, == or !=, as in `p(95)<500`";
        found.map(|(_, comparison)| comparison).ok_or_else(|| self.expected(expected))
    }

    fn aggregate_and_comparison(&mut self) -> Result<(Aggregate, Operator), ConditionError> {
        self.skip_blanks();
        let aggregate = self.aggregate()?;
        self.skip_blanks();
        let comparison = self.comparison()?;
        self.skip_blanks();
        Ok((aggregate, comparison))
    }

    fn value(&self) -> Result<f64, ConditionError> {
        finite(self.rest().trim_end()).ok_or_else(|| {
            let rest = self.rest();
            let is_change = rest.starts_with(['+', '-']) && rest.trim_end().ends_with(['%', 's']);
            self.expected(if is_change {
                "a number after the operator (a change is for `METRIC|vs(baseline)`)"
            } else {
                "a number after the operator (milliseconds for durations)"
            })
        })
    }

    fn change(&self, aggregate: Aggregate) -> Result<Limit, ConditionError> {
        let rest = self.rest().trim_end();
        let is_trend = aggregate.fits(MetricKind::Trend);
        let units: &[(&str, f64)] =
            if is_trend { &[("ms", 1.0), ("µs", 1e-3), ("us", 1e-3), ("s", 1e3)] } else { &[] };
        let unit = units.iter().find(|(unit, _)| rest.ends_with(unit));
        let limit = rest.strip_prefix(['+', '-']).filter(|rest| rest.starts_with(is_digit));
        let limit = limit.and_then(|_| match (rest.strip_suffix('%'), unit) {
            (Some(number), _) => finite(number).map(Limit::Percent),
            (None, Some((unit, factor))) => {
                finite(rest.strip_suffix(unit)?).map(|number| Limit::Change(number * factor))
            }
            (None, None) => finite(rest).map(Limit::Change),
        });
        limit.ok_or_else(|| {
            self.expected(if is_trend {
                "a change with its sign, like +10%, +5ms or -1s"
            } else {
                "a change with its sign, like +10% or +0.01"
            })
        })
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
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
            let condition = Condition::parse(text).expect("valid");
            condition.holds(condition.aggregate.of(&data).expect("measured"), None)
        };
        assert!(holds("p(95)<500"));
        assert!(!holds("max<400"));
        let nothing = MetricData::Trend(Histogram::new(Digits::Three));
        assert_eq!(Aggregate::Percentile(95.0).of(&nothing), None);
    }

    #[test]
    fn changes_have_a_sign_and_a_unit() {
        let shown = |text: &str| Condition::parse_change(text).map(|found| found.to_string());
        for (text, canonical) in [
            ("p(95)<+10%", "p(95)<+10%"),
            ("p(95) < +5ms", "p(95)<+5ms"),
            ("p(95)<+1.5s", "p(95)<+1500ms"),
            ("avg<=-5%", "avg<=-5%"),
            ("avg<+5", "avg<+5ms"),
            ("rate<+0.01", "rate<+0.01"),
            ("count==+0", "count==+0"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(canonical), "{text}");
        }
        for text in ["p(95)<10%", "p(95)<500", "rate<+5ms", "rate<+%", "avg<+-5%", "avg<+inf"] {
            assert!(shown(text).is_err(), "{text}");
        }
        assert!(Condition::parse("p(95)<+10%").is_err());
    }

    #[test]
    fn a_change_is_judged_against_the_baseline() {
        let holds = |text: &str, value, baseline| {
            Condition::parse_change(text).expect("valid").holds(value, baseline)
        };
        assert!(holds("p(95)<+10%", 109.9, Some(100.0)));
        assert!(!holds("p(95)<+10%", 110.0, Some(100.0)));
        assert!(holds("p(95)<+5ms", 104.9, Some(100.0)));
        assert!(!holds("avg<=-5%", 96.0, Some(100.0)));
        assert!(holds("avg<=-5%", 95.0, Some(100.0)));
        assert!(!holds("rate<+0.01", 0.02, Some(0.01)));
        assert!(holds("rate<+10%", 0.0, Some(0.0)), "nothing is no change of nothing");
        assert!(!holds("rate<+10%", 0.1, Some(0.0)));
        assert!(!holds("rate<+10%", 0.1, None), "no baseline is no pass");
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
                let all = values.into_iter().all(|value| condition.holds(value, None));
                assert_eq!(condition.holds(worst, None), all, "{condition}");
            }
        }
    }
}
