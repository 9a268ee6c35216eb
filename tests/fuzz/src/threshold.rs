//! Gates as plans write them: a selector on the first line, a condition on the second.

use shakedown::model::Criterion;
use shakedown::model::ThresholdError;

/// What parses is printed as something that parses to the same, and a mistake has its place.
pub fn any(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (selector, condition) = text.split_once('\n').unwrap_or(("http_reqs", &text));
    match Criterion::parse(selector, condition) {
        Ok(criterion) => {
            let (looked_at, printed) = (criterion.looked_at(), criterion.condition.to_string());
            assert_eq!(
                Criterion::parse(&looked_at, &printed),
                Ok(criterion),
                "{looked_at} {printed}"
            );
        }
        Err(ThresholdError::Condition(error)) => {
            let length = error.text.chars().count();
            assert!((1..=length + 1).contains(&error.column), "{error}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
