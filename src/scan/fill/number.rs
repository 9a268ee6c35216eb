//! Numbers, dates and times within their limits (<https://html.spec.whatwg.org/#the-step-attribute>).

use crate::extract::Limits;

/// A number within the limits, `wanted` if that is one.
pub(super) fn number(limits: &Limits, wanted: f64) -> String {
    let parse = |text: &Option<String>| {
        text.as_deref().and_then(|text| text.parse::<f64>().ok()).filter(|value| value.is_finite())
    };
    let (min, max) = (parse(&limits.min), parse(&limits.max));
    let step = match limits.step.as_deref() {
        Some(any) if any.eq_ignore_ascii_case("any") => None,
        _ => Some(parse(&limits.step).filter(|step| *step > 0.0).unwrap_or(1.0)),
    };
    let base = min.unwrap_or(0.0);
    let on_grid = |value: f64| match step {
        Some(step) => base + ((value - base) / step).floor() * step,
        None => value,
    };
    let wanted = on_grid(wanted);
    let value = if min.is_some_and(|min| wanted < min) {
        base
    } else {
        max.filter(|max| wanted > *max).map_or(wanted, on_grid)
    };
    let decimals = [&limits.min, &limits.step]
        .map(Option::as_deref)
        .into_iter()
        .map(decimals)
        .max()
        .unwrap_or_default();
    format!("{value:.decimals$}")
}

/// The middle, as a browser shows a slider.
pub(super) fn middle(limits: &Limits) -> String {
    let parse = |text: &Option<String>, default: f64| {
        text.as_deref().and_then(|text| text.parse::<f64>().ok()).unwrap_or(default)
    };
    let (min, max) = (parse(&limits.min, 0.0), parse(&limits.max, 100.0));
    let limits =
        Limits { min: Some(min.to_string()), max: Some(max.to_string()), ..limits.clone() };
    number(&limits, min + (max - min) / 2.0)
}

/// A date or a time within the limits: they are compared as texts.
pub(super) fn moment(limits: &Limits, sample: &str) -> String {
    let (min, max) = (limits.min.as_deref(), limits.max.as_deref());
    let is_early = min.is_some_and(|min| sample < min);
    let is_late = max.is_some_and(|max| sample > max);
    // With a step, what is counted from the beginning fits.
    let has_step = limits.step.as_deref().is_some_and(|step| step != "any");
    match (min, max) {
        (Some(min), _) if is_early || is_late || has_step => min.to_owned(),
        (None, Some(max)) if is_late => max.to_owned(),
        _ => sample.to_owned(),
    }
}

fn decimals(text: Option<&str>) -> usize {
    const MOST: usize = 10;
    let fraction = text.and_then(|text| text.split_once('.'));
    fraction.map_or(0, |(_, digits)| digits.len().min(MOST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(min: &str, max: &str, step: &str) -> Limits {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Limits { min: some(min), max: some(max), step: some(step), ..Limits::default() }
    }

    #[test]
    fn numbers_are_on_the_grid() {
        for (min, max, step, expected) in [
            ("", "", "", "1"),
            ("3", "9", "3", "3"),
            ("0.5", "2", "0.25", "1.00"),
            ("", "-5", "", "-5"),
            ("10", "", "", "10"),
            ("", "", "any", "1"),
            ("x", "y", "-1", "1"),
        ] {
            assert_eq!(number(&limits(min, max, step), 1.0), expected, "{min} {max} {step}");
        }
        assert_eq!(middle(&limits("10", "20", "")), "15");
        assert_eq!(middle(&limits("1", "5", "2")), "3");
        assert_eq!(middle(&limits("", "", "")), "50");
    }

    #[test]
    fn moments_are_within_their_limits() {
        assert_eq!(moment(&limits("", "", ""), "2026-01-15"), "2026-01-15");
        assert_eq!(moment(&limits("2031-03-02", "2031-03-09", ""), "2026-01-15"), "2031-03-02");
        assert_eq!(moment(&limits("", "2020-01-01", ""), "2026-01-15"), "2020-01-01");
        assert_eq!(moment(&limits("14:30", "15:00", "900"), "10:00"), "14:30");
    }

    proptest! {
        #[test]
        fn any_limits_give_a_number(min in any::<f64>(), max in any::<f64>(), step in any::<f64>()) {
            let limits = limits(&min.to_string(), &max.to_string(), &step.to_string());
            let _ = (number(&limits, 1.0), middle(&limits));
        }

        #[test]
        fn what_fits_is_within(min in -1000_i32..1000, span in 0_i32..1000, step in 1_i32..50) {
            let limits = limits(&min.to_string(), &(min + span).to_string(), &step.to_string());
            let value: f64 = number(&limits, 1.0).parse().expect("a number");
            prop_assert!(value >= f64::from(min) && value <= f64::from(min + span));
            prop_assert!((value - f64::from(min)) % f64::from(step) == 0.0);
        }
    }
}
