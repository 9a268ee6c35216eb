//! Plan files and one-liner flags: what they resolve to, and what is said about bad ones.

use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::PlanErrors;
use shakedown::plan::Resolved;
use shakedown::plan::from_text;
use shakedown::plan::resolve_text;

mod calls;
mod connection;
mod data;
mod files;
mod flags;
mod include;
mod laws;
mod multipart;
mod on_the_shop;
mod probing;
mod races;
mod refusals;
mod resolved;
mod scenarios;
pub(crate) mod schema;
mod secrets;
mod targets;
mod watched;

const CHECKS: [&str; 8] = [
    "access-matrix",
    "open-redirect",
    "race",
    "rate-limit-bypass",
    "rate-limit-missing",
    "sqli-boolean",
    "sqli-error",
    "xss-reflected",
];

fn overrides() -> Overrides {
    Overrides {
        known_checks: CHECKS.map(str::to_owned).to_vec(),
        ..Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23))
    }
}

/// `SET`, `EMPTY` and what secrets are taken from are there, nothing else.
fn env(name: &str) -> Option<String> {
    match name {
        "SET" => Some("12".to_owned()),
        "EMPTY" => Some(String::new()),
        "SECRET" => Some("hunter/22 é".to_owned()),
        "TOKEN" => Some("12345678".to_owned()),
        "PATH_SECRET" => Some("/very/secret".to_owned()),
        _ => None,
    }
}

/// What it resolves to. What the reader takes is right by the schema too.
fn resolve(text: &str) -> Result<Plan, PlanErrors> {
    let (plan, resolved) = resolve_text("plan.yml", text, &env, &overrides())?;
    schema::assert_valid("a plan that is read", text);
    assert_resolved(&plan, &resolved);
    Ok(plan)
}

/// What a plan resolves to is a plan itself, and the same run.
fn assert_resolved(plan: &Plan, resolved: &Resolved) {
    let text = resolved.yaml();
    // A secret is not printed, so such a plan does not read back.
    if !plan.redactor.is_empty() || text.contains("***") {
        assert_eq!(plan.redactor.text(&text), text);
        return;
    }
    schema::assert_valid("a resolved plan", &text);
    let again = from_text("resolved.yml", &text, &|_| None, &overrides())
        .unwrap_or_else(|errors| panic!("{}\n{text}", errors.render(false)));
    let shown = |plan: &Plan| {
        let mut plan = Plan { hash: String::new(), ..plan.clone() };
        // Named after what was substituted, of which nothing is left.
        plan.requests.iter_mut().for_each(|template| template.path_template.clear());
        format!("{plan:#?}")
    };
    assert_eq!(shown(plan), shown(&again), "{text}");
    let json = resolved.json().to_string();
    schema::assert_valid("a resolved plan as JSON", &json);
}
