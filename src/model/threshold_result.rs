//! What came of a gate, and how it is told.

use std::time::Duration;

use super::condition::{Aggregate, Limit, percent_change};
use super::metric::MetricKind;
use super::threshold::{Criterion, wanted};
use super::units::{format_duration, format_number, format_percent};

/// A gate, evaluated at the end of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdResult {
    /// The metric and its tags as written in the plan.
    pub selector: String,
    /// The condition as written in the plan.
    pub condition: String,
    /// The length of the windows in each of which it must hold; `None` is over the whole run.
    pub window: Option<Duration>,
    /// The gate, understood; `None` when a newer version wrote it.
    pub criterion: Option<Criterion>,
    /// What was measured, in the worst window where there are windows; `None` when there was
    /// nothing to measure.
    pub value: Option<f64>,
    /// The same in the baseline, where a change is judged.
    pub baseline: Option<f64>,
    /// How often chance alone makes such a change, where a change is judged and that can be said, 0–1.
    pub chance: Option<f64>,
    /// When the worst window began, since the run's start.
    pub worst_from: Option<Duration>,
    /// What was measured when it stopped the run (`abortOnFail`).
    pub aborted_at: Option<f64>,
    /// Whether the gate passed. Nothing measured does not pass, nor does what stopped the run.
    pub pass: bool,
}

impl ThresholdResult {
    /// A gate of which nothing was measured.
    pub fn new(criterion: Criterion) -> Self {
        Self {
            selector: criterion.looked_at(),
            condition: criterion.condition.to_string(),
            window: criterion.window,
            criterion: Some(criterion),
            value: None,
            baseline: None,
            chance: None,
            worst_from: None,
            aborted_at: None,
            pass: false,
        }
    }

    /// A gate of which nothing was measured, as it stands in a report.
    pub fn written(selector: &str, condition: &str, window: Option<Duration>) -> Self {
        let parsed = Criterion::parse(selector, condition).ok();
        Self {
            selector: selector.to_owned(),
            condition: condition.to_owned(),
            window,
            criterion: parsed.map(|parsed| Criterion { window, ..parsed }),
            value: None,
            baseline: None,
            chance: None,
            worst_from: None,
            aborted_at: None,
            pass: false,
        }
    }

    /// The condition with its window: `p(95)<500 in every 30s`.
    pub fn wanted(&self) -> String {
        wanted(&self.condition, self.window)
    }

    /// What was measured, in its metric's unit, and in which window.
    pub fn measured(&self) -> String {
        let Some(value) = self.value else { return "nothing measured".to_owned() };
        let figure = self.figure(value);
        match (self.worst_from, self.baseline) {
            (Some(from), _) => format!("{figure} from {:.0}s", from.as_secs_f64()),
            (None, Some(baseline)) => {
                let change = match percent_change(value, baseline) {
                    percent if percent.is_finite() => format!("{percent:+.1}% on "),
                    _ => "up from ".to_owned(),
                };
                let noise = if self.is_noise() { ", which may be noise" } else { "" };
                format!("{figure}, {change}{}{noise}", self.figure(baseline))
            }
            (None, None) => figure,
        }
    }

    /// Whether it passed although its change is beyond the limit, because chance alone may have made it.
    pub fn is_noise(&self) -> bool {
        let Some(criterion) = self.criterion.as_ref().filter(|_| self.pass) else { return false };
        let holds = |value| criterion.condition.holds(value, self.baseline);
        self.chance.is_some_and(Self::may_be_chance) && !self.value.is_some_and(holds)
    }

    /// Whether what chance does so often may well be chance: more than once in twenty.
    pub fn may_be_chance(chance: f64) -> bool {
        chance > 0.05
    }

    /// A sentence of what was wanted and what was measured instead.
    pub fn failure(&self) -> String {
        let (selector, wanted) = (&self.selector, self.wanted());
        if self.value.is_none() {
            let nothing = match self.window {
                Some(_) => "no whole window of it was measured",
                None => "nothing was measured",
            };
            return format!("{selector}: {wanted} wanted, {nothing}");
        }
        let of = self.criterion.as_ref().map(|criterion| criterion.condition.aggregate);
        let of = of.map_or_else(|| "it".to_owned(), |aggregate| aggregate.to_string());
        let limit = self.criterion.as_ref().map(|criterion| criterion.condition.limit);
        if limit.is_some_and(Limit::is_change) && self.baseline.is_none() {
            return format!("{selector}: {wanted} wanted, the baseline has no such measurement");
        }
        let aborted = self.aborted_at.map(|value| self.figure(value));
        let aborted = aborted.map(|figure| format!(", stopped the run at {figure}"));
        let aborted = aborted.unwrap_or_default();
        format!("{selector}: {wanted} wanted, {of} is {}{aborted}", self.measured())
    }

    /// A value of its aggregate; exact to the microsecond where three significant figures could
    /// not be told from the limit.
    fn figure(&self, value: f64) -> String {
        let Some(criterion) = &self.criterion else { return format_number(value) };
        let condition = &criterion.condition;
        match (criterion.selector.metric.kind(), condition.aggregate) {
            (MetricKind::Trend, _) => {
                let rounded =
                    |ms: f64| Duration::try_from_secs_f64(ms / 1e3).ok().map(format_duration);
                let limit = match condition.limit {
                    Limit::Value(limit) => Some(limit),
                    Limit::Change(_) | Limit::Percent(_) => None,
                };
                match (rounded(value), limit.and_then(rounded)) {
                    (Some(text), limit) if limit.as_ref() != Some(&text) => text,
                    _ => format!("{}ms", format_number(value)),
                }
            }
            (MetricKind::Rate, Aggregate::Rate) => format_percent(value),
            (MetricKind::Counter, Aggregate::Rate) => format!("{}/s", format_number(value)),
            _ => format_number(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(selector: &str, condition: &str, value: f64) -> ThresholdResult {
        ThresholdResult {
            value: Some(value),
            ..ThresholdResult::written(selector, condition, None)
        }
    }

    #[test]
    fn what_was_measured_has_a_unit_and_is_never_the_limit_unless_it_is() {
        let gate = |selector: &str, condition: &str, value: f64| {
            result(selector, condition, value).measured()
        };
        assert_eq!(gate("http_req_duration", "p(95)<100", 211.711), "212ms");
        assert_eq!(gate("http_req_duration", "p(95)<212", 212.3), "212.3ms");
        assert_eq!(gate("http_req_duration", "p(95)<212", 212.0), "212ms");
        assert_eq!(gate("http_req_failed", "rate<0.01", 0.25), "25.0%");
        assert_eq!(gate("http_reqs", "rate>10", 7.5), "7.5/s");
        assert_eq!(gate("findings", "count==0", 6.0), "6");
        assert_eq!(gate("a_metric_of_tomorrow", "count==0", 6.0), "6");
    }

    #[test]
    fn a_change_is_told_with_what_it_is_a_change_of() {
        let of = |selector: &str, condition: &str, value: f64, baseline: Option<f64>| {
            ThresholdResult { baseline, ..result(selector, condition, value) }
        };
        let slower = of("http_req_latency|vs(baseline)", "p(95)<+10%", 212.0, Some(172.0));
        assert_eq!(
            slower.failure(),
            "http_req_latency|vs(baseline): p(95)<+10% wanted, p(95) is 212ms, +23.3% on 172ms"
        );
        let failing = of("http_req_failed|vs(baseline)", "rate<+0.01", 0.25, Some(0.0));
        assert_eq!(failing.measured(), "25.0%, up from 0%");
        let new = of("http_req_failed|vs(baseline)", "rate<+0.01", 0.25, None);
        assert_eq!(
            new.failure(),
            "http_req_failed|vs(baseline): rate<+0.01 wanted, the baseline has no such measurement"
        );
    }

    #[test]
    fn a_window_is_told_with_its_length_and_place() {
        let worst = ThresholdResult {
            window: Some(Duration::from_secs(30)),
            worst_from: Some(Duration::from_secs(80)),
            aborted_at: Some(900.0),
            ..result("http_req_latency", "p(95)<500", 612.0)
        };
        assert_eq!(
            worst.failure(),
            "http_req_latency: p(95)<500 in every 30s wanted, p(95) is 612ms from 80s, stopped \
             the run at 900ms"
        );
        let nothing = ThresholdResult { value: None, ..worst };
        assert_eq!(
            nothing.failure(),
            "http_req_latency: p(95)<500 in every 30s wanted, no whole window of it was measured"
        );
    }
}
