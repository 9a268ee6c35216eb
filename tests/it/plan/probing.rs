//! Which active checks are run, how, and what is said of findings beforehand.

use shakedown::model::Severity;
use shakedown::plan::Judgement;
use shakedown::plan::Plan;
use shakedown::plan::Policy;
use shakedown::plan::Strength;

use super::resolve;

const BASE: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";

fn plan(rest: &str) -> Plan {
    resolve(&format!("{BASE}{rest}")).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

#[test]
fn a_policy_brings_its_strength_and_the_plan_has_the_last_word() {
    let probing =
        |scan: &str| plan(&format!("scan: {{ {scan} }}")).scan.expect("asked for").probing;
    let full = probing("policy: full");
    assert_eq!((full.policy, full.strength), (Some(Policy::Full), Strength::High));
    assert_eq!(probing("policy: full, strength: low").strength, Strength::Low);
    let named = plan("scan: { active: [sqli-error] }").scan.expect("asked for");
    assert_eq!((named.probing.policy, named.probing.strength), (None, Strength::Medium));
    assert!(named.is_active());
    assert!(!plan("scan: {}").scan.expect("asked for").is_active());
    let budgets = probing("budgets: { default: 30, sqli-error: 7 }").budgets;
    assert_eq!((budgets.of("sqli-error"), budgets.of("xss-reflected")), (Some(7), Some(30)));
}

#[test]
fn overrides_say_of_which_findings_and_what() {
    let scan = plan(
        "scan:\n  overrides:\n    - { rule: 'sqli-*', url: ^/search, parameter: q, severity: low, \
         reason: an old page }\n    - { rule: xss-reflected, reason: shown as text, \
         false_positive: { owner: Ann, expires: 2031-12-31 } }\n    - { reason: x, \
         false_positive: { owner: Ann, expires: 2020-01-01 } }\n",
    );
    let overrides = scan.scan.expect("asked for").probing.overrides;
    assert_eq!(overrides[0].what, Judgement::Severity(Severity::Low));
    assert!(matches!(overrides[1].what, Judgement::FalsePositive { expired: false, .. }));
    assert!(matches!(overrides[2].what, Judgement::FalsePositive { expired: true, .. }));
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    for (scan, said) in [
        ("policy: fulll", "unknown policy `fulll`, did you mean `full`?"),
        ("strength: hard", "unknown strength `hard`"),
        ("budgets: { sqli-eror: 7 }", "unknown check `sqli-eror`, did you mean `sqli-error`?"),
        ("budgets: { default: 0 }", "a whole number above 0"),
        ("overrides: [ { severity: low } ]", "`reason`"),
        ("overrides: [ { reason: x } ]", "an override needs `severity` or `false_positive`"),
        ("overrides: [ { reason: x, severity: worst } ]", "unknown severity `worst`"),
        ("overrides: [ { reason: x, severity: low, url: '(' } ]", "regex parse error"),
        ("overrides: [ { reason: x, false_positive: { owner: Ann } } ]", "`expires`"),
    ] {
        let refused = resolve(&format!("{BASE}scan: {{ {scan} }}"));
        let text = refused.expect_err(scan).render(false);
        assert!(text.contains(said), "{scan}: {text}");
    }
}
