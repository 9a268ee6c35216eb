//! Foreign files as plans: what comes out is read again, has every request, and no secret.

use std::path::Path;

use shakedown::import::Imported;
use shakedown::import::Options;
use shakedown::import::import_bytes;
use shakedown::import::plan_text;
use shakedown::model::ExitCode;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::from_text;

mod crawled;
mod curl;
mod har;
mod openapi;
mod postman;
mod program;
mod traffic;

/// What a text is read as.
fn import(name: &str, text: &str) -> Imported {
    import_with(name, text, &Options::default())
}

fn import_with(name: &str, text: &str, options: &Options) -> Imported {
    match import_bytes(name, text.as_bytes(), Path::new(""), options) {
        Ok(imported) => imported,
        Err(error) => panic!("{error}"),
    }
}

/// Why a text is not read.
fn refused(name: &str, text: &str) -> String {
    let error = import_bytes(name, text.as_bytes(), Path::new(""), &Options::default())
        .expect_err("cannot be imported");
    assert_eq!(error.exit_code(), ExitCode::InvalidPlan, "{error}");
    error.to_string()
}

/// The plan's text, read again with every secret set.
fn plan(imported: &Imported) -> (String, Plan) {
    let text = plan_text(imported, "file");
    let env = |name: &str| (name != "BASE_URL").then(|| "SET-BY-THE-USER".to_owned());
    let mut overrides = Overrides::new(Seed(1), jiff::civil::date(2026, 11, 1));
    overrides.authorised_by = Some("the test".to_owned());
    match from_text("imported.yml", &text, &env, &overrides) {
        Ok(plan) => {
            crate::plan::schema::assert_valid("an imported plan", &text);
            (text, plan)
        }
        Err(errors) => panic!("{}\n{text}", errors.render(false)),
    }
}

/// `METHOD path` of every request, with a `-` before those that are not enabled.
fn requests(plan: &Plan) -> Vec<String> {
    let shown = |template: &shakedown::model::RequestTemplate| {
        let off = if template.enabled { "" } else { "-" };
        let request = &template.request;
        format!("{off}{} {}", request.method, request.path_and_query_text())
    };
    plan.requests.iter().map(shown).collect()
}

/// The texts of the warnings.
fn warnings(imported: &Imported) -> Vec<String> {
    imported.warnings.iter().map(|warning| format!("{}: {}", warning.at, warning.text)).collect()
}
