//! Plan files: what they resolve to, and what is said about bad ones.

use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::PlanErrors;

pub(crate) fn overrides() -> Overrides {
    let mut overrides = Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23));
    overrides.known_checks = ["open-redirect", "sqli-boolean", "sqli-error", "xss-reflected"]
        .map(str::to_owned)
        .to_vec();
    overrides
}

pub(crate) fn no_env(_: &str) -> Option<String> {
    None
}

pub(crate) fn resolve(text: &str) -> Result<Plan, PlanErrors> {
    shakedown::plan::from_text("plan.yml", text, &no_env, &overrides())
}

#[test]
fn minimal_plan_resolves() {
    let plan = resolve("version: 1\ntarget: http://127.0.0.1:8080\n").expect("a valid plan");
    assert_eq!(plan.target.url(), "http://127.0.0.1:8080/");
}
