//! The plan's `trace`.

use shakedown::plan::Plan;

use super::resolve;

const BASE: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";

fn plan(text: &str) -> Plan {
    resolve(&format!("{BASE}{text}")).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn told(text: &str) -> String {
    resolve(&format!("{BASE}{text}")).expect_err("wrong").render(false)
}

#[test]
fn a_trace_is_a_share_or_says_where_it_is_looked_at() {
    let share = |text: &str| plan(text).trace.map(|tracing| tracing.share);
    assert_eq!(share(""), None);
    assert_eq!(share("trace: 5%"), Some(0.05));
    assert_eq!(share("trace: 0.05"), Some(0.05));
    assert_eq!(share("trace: {}"), Some(0.01));
    let tracing = plan("trace: { sample: 0%, link: 'https://apm.example/{trace_id}' }").trace;
    let tracing = tracing.expect("traced");
    assert!(tracing.share.abs() < f64::EPSILON);
    let link = tracing.link.expect("a template");
    assert_eq!(link.of("4bf9"), "https://apm.example/4bf9");
}

#[test]
fn every_mistake_is_told() {
    for (text, said) in [
        ("trace: 2", "`2` is no share"),
        ("trace: { sampel: 1% }", "did you mean `sample`"),
        ("trace: { link: 'https://apm.example/' }", "{trace_id}"),
    ] {
        let told = told(text);
        let flat: String =
            told.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(flat.contains(said), "{text}: {told}");
    }
}
