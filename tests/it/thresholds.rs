//! Conditions of gates: what k6 says of them, and what holds for any text.

use std::time::Duration;

use proptest::prelude::*;
use shakedown::model::Condition;
use shakedown::model::Criterion;
use shakedown::model::Digits;
use shakedown::model::Histogram;
use shakedown::model::MetricData;
use shakedown::model::MetricName;
use shakedown::model::ThresholdError;

/// `metric;condition;verdict` as k6 2.2 gave it for the samples of [`measured`].
const K6: &str = include_str!("../data/k6-thresholds.csv");

/// 1, 2, … 1000 ms; 100 times one; 25 of 100; 7.
fn measured(metric: &str) -> MetricData {
    match metric {
        "trend" => {
            let mut trend = Histogram::new(Digits::Three);
            (1..=1000).for_each(|ms| trend.record(Duration::from_millis(ms)));
            MetricData::Trend(trend)
        }
        "counter" => MetricData::Counter { count: 100, elapsed: Duration::from_secs(1) },
        "rate" => MetricData::Rate { hits: 25, total: 100 },
        "gauge" => MetricData::Gauge(7.0),
        other => panic!("no metric {other}"),
    }
}

#[test]
fn the_verdict_is_k6s() {
    let mut differ = Vec::new();
    for line in K6.lines() {
        let mut parts = line.split(';');
        let (Some(metric), Some(text), Some(verdict)) = (parts.next(), parts.next(), parts.next())
        else {
            panic!("{line}")
        };
        let condition = Condition::parse(text).expect(text);
        let value = condition.aggregate.of(&measured(metric)).expect("measured");
        if condition.holds(value, None) != (verdict == "pass") {
            differ.push(format!("{line}: {value}"));
        }
    }
    assert!(K6.lines().count() > 200);
    assert_eq!(differ, Vec::<String>::new());
}

#[test]
fn what_k6_refuses_is_refused() {
    for (metric, text) in [
        ("http_req_duration", "count>1"),
        ("http_req_duration", "rate>1"),
        ("http_req_duration", "p(101)<1"),
        ("http_req_duration", "p(-1)<1"),
        ("http_req_duration", "p95<1"),
        ("http_req_duration", "p(95)<"),
        ("http_req_duration", "p(95)"),
        ("http_req_duration", "<5"),
        ("http_req_duration", "avg=5"),
        ("http_req_duration", "avg<5ms"),
        ("http_req_duration", "avg<0x10"),
        ("http_req_duration", "avg<5 && max<6"),
        ("http_req_duration", "p(95)=>5"),
        ("http_req_duration", ""),
        ("http_req_duration", "AVG<5"),
        ("http_req_duration", "avg <5 extra"),
        ("http_reqs", "p(95)<1"),
        ("http_reqs", "value>1"),
        ("vus", "rate>1"),
    ] {
        assert!(Criterion::parse(metric, text).is_err(), "{metric}: {text}");
    }
    for text in ["p(95.)<5", "p(.5)<5", "avg<5.", "avg\t<\t5"] {
        assert!(Criterion::parse("http_req_duration", text).is_ok(), "k6 takes `{text}`");
    }
}

#[test]
fn where_we_differ_from_k6_is_meant() {
    // k6 takes these: one holds always, one never, and the third is hard to read.
    for text in ["avg<Inf", "avg<NaN", "avg<1_000"] {
        assert!(Condition::parse(text).is_err(), "{text}");
    }
    // k6 refuses these: trues of a rate, and blanks around a percentile.
    assert!(Criterion::parse("checks", "count>1").is_ok());
    assert!(Condition::parse("p( 95 )<5").is_ok());
    // k6 compares bit by bit.
    let equal = Condition::parse("value==0.3").expect("valid");
    assert!(equal.holds(0.1 + 0.2, None));
}

fn condition() -> impl Strategy<Value = (String, bool)> {
    let aggregate = prop_oneof![
        prop::sample::select(vec!["avg", "min", "max", "med"]).prop_map(str::to_owned),
        (0.0..=100.0f64).prop_map(|percent| format!("p({percent})")),
        (0..=100u8).prop_map(|percent| format!("p( {percent})")),
        prop::sample::select(vec!["count", "rate"]).prop_map(str::to_owned),
    ];
    let operator = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "===", "!="]);
    let blank = prop::sample::select(vec!["", " ", "\t", "  "]);
    let number = prop_oneof![
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(f64::abs),
        (0..100_000u32).prop_map(f64::from),
    ];
    let sign = prop::sample::select(vec!["+", "-"]);
    let unit = prop::sample::select(vec!["", "%"]);
    (aggregate, operator, (blank.clone(), blank), number, any::<bool>(), sign, unit).prop_map(
        |(aggregate, operator, (before, behind), number, is_change, sign, unit)| {
            let limit =
                if is_change { format!("{sign}{number}{unit}") } else { number.to_string() };
            (format!("{before}{aggregate}{behind}{operator}{before}{limit}{behind}"), is_change)
        },
    )
}

fn parse(text: &str, is_change: bool) -> Result<Condition, ThresholdError> {
    let parsed = if is_change { Condition::parse_change(text) } else { Condition::parse(text) };
    parsed.map_err(ThresholdError::from)
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same((text, is_change) in condition()) {
        let parsed = parse(&text, is_change).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(parse(&parsed.to_string(), is_change), Ok(parsed));
    }

    #[test]
    fn a_part_of_a_condition_is_one_or_has_the_place_of_its_mistake(
        (text, is_change) in condition(), keep in 0.0..1.0f64,
    ) {
        let whole = text.chars().count();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of it")]
        let kept: String = text.chars().take((whole as f64 * keep) as usize).collect();
        if let Err(ThresholdError::Condition(error)) = parse(&kept, is_change) {
            prop_assert!((1..=kept.chars().count() + 1).contains(&error.column), "{}", error);
        }
    }

    #[test]
    fn selectors_and_conditions_print_as_they_parse(
        metric in prop::sample::select(MetricName::ALL.to_vec()),
        tags in prop::collection::vec(("[a-z]{1,8}", "[a-z0-9:/{}._-]{1,12}"), 0..3),
        (text, is_change) in condition(),
    ) {
        let tags: Vec<String> = tags.iter().map(|(tag, value)| format!(" {tag} : {value} ")).collect();
        let tags = if tags.is_empty() { String::new() } else { format!("{{{}}}", tags.join(",")) };
        let against = if is_change { "|vs(baseline)" } else { "" };
        let selector = format!("{metric}{tags}{against}");
        if let Ok(criterion) = Criterion::parse(&selector, &text) {
            let again = Criterion::parse(&criterion.looked_at(), &criterion.condition.to_string());
            prop_assert_eq!(again, Ok(criterion));
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(selector in any::<String>(), text in any::<String>()) {
        let _ = Criterion::parse(&selector, &text);
        let _ = Condition::parse_change(&text);
        if let Err(error) = Condition::parse(&text) {
            prop_assert!(error.column <= text.chars().count() + 1);
        }
    }
}
