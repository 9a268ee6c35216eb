//! What holds for any text.

use std::collections::BTreeMap;

use proptest::prelude::*;
use shakedown::plan::from_text;

use super::overrides;

/// By itself: a text made by chance may be a plan that an editor would mark (`rate: "5"`).
fn resolve(text: &str) -> Result<shakedown::plan::Plan, shakedown::plan::PlanErrors> {
    from_text("plan.yml", text, &super::env, &overrides())
}

const VALID: &str = include_str!("../../../scenarios/release-gate.yml");

/// Text made of what plans are made of, so that it gets past the YAML parser now and then.
fn plan_like() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "version",
        "target",
        "requests",
        "flows",
        "scenarios",
        "thresholds",
        "limits",
        "scan",
        "vars",
        "use",
        "think",
        "get",
        "exec",
        "executor",
        "constant-vus",
        "1",
        "0",
        "-5",
        "1e999",
        "10s",
        "1s..3s",
        "${env.X:-5}",
        "${",
        "$${",
        "&a",
        "*a",
        "<<",
        "http://127.0.0.1",
        "/x",
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ", ",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "'",
        "\"",
        "|",
        "#",
        "~",
        "é",
        "\u{202e}",
        "\u{1b}",
        "\t",
        "!!str",
        "---",
        "x-a",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_makes_reading_or_rendering_panic(text in any::<String>()) {
        if let Err(errors) = resolve(&text) {
            prop_assert!(errors.count() > 0);
            prop_assert!(!errors.render(true).is_empty());
        }
    }

    #[test]
    fn no_plan_like_text_does_either(text in plan_like()) {
        if let Err(errors) = resolve(&format!("version: 1\ntarget: http://127.0.0.1\n{text}")) {
            let shown = errors.render(false);
            prop_assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
        }
    }

    #[test]
    fn a_valid_plan_with_a_hole_in_it_is_read_or_refused(
        from in 0..VALID.len(), len in 0..40usize, with in "[ -~\n]{0,5}",
    ) {
        let from = VALID.floor_char_boundary(from);
        let to = VALID.floor_char_boundary((from + len).min(VALID.len()));
        let text = format!("{}{with}{}", &VALID[..from], &VALID[to.max(from)..]);
        if let Err(errors) = resolve(&text) {
            prop_assert!(!errors.render(false).is_empty());
        }
    }

    #[test]
    fn what_the_environment_says_stays_one_value(value in "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,20}") {
        let text = "version: 1\ntarget: http://127.0.0.1\n\
                    requests: { a: { post: /, body: \"<${env.X}>\" } }\n";
        let env: BTreeMap<&str, String> = BTreeMap::from([("X", value.clone())]);
        let plan = from_text("plan.yml", text, &|name| env.get(name).cloned(), &overrides());
        let plan = plan.map_err(|errors| TestCaseError::fail(errors.render(false)))?;
        prop_assert_eq!(plan.requests[0].request.body.clone(), format!("<{value}>").into_bytes());
    }
}
