//! `validate`: what a plan comes to, and what it would send, without sending anything.

use std::path::Path;

use serde_json::json;

use crate::import::Options;
use crate::import::Order;
use crate::model::ExitCode;
use crate::plan::Executor;
use crate::plan::LoadFlags;
use crate::plan::Plan;
use crate::plan::Resolved;
use crate::plan::ScanFlags;

use super::args::SendArgs;
use super::args::ValidateArgs;
use super::error::CliError;
use super::outputs::write_stderr;
use super::outputs::write_stdout;
use super::plans;
use super::seeds;
use super::terminal::Terminal;
use super::terminal::environment;
use super::validate_text;

/// Reads, and tells.
pub(super) fn run(args: &ValidateArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let send = SendArgs {
        authorised_by: args.authorised_by.clone(),
        targets: args.targets.clone(),
        ..SendArgs::none()
    };
    let (mut plan, resolved) = read(args, &send)?;
    seeds::import(&mut plan, &send)?;
    for warning in &plan.warnings {
        write_stderr(format!("warning: {warning}\n").as_bytes());
    }
    if args.json {
        let both = json!({
            "plan": resolved.json(),
            "would_send": validate_text::json(&plan, &resolved),
        });
        write_stdout(plan.redactor.text(&format!("{both:#}\n")).as_bytes())?;
        return Ok(ExitCode::Passed);
    }
    write_stdout(plan.redactor.text(&resolved.yaml()).as_bytes())?;
    let told = plan.redactor.text(&validate_text::text(&plan, &resolved, terminal.width));
    if terminal.stdout {
        write_stdout(format!("\n{told}").as_bytes())?;
    } else if !terminal.quiet {
        write_stderr(told.as_bytes());
    }
    Ok(ExitCode::Passed)
}

fn read(args: &ValidateArgs, send: &SendArgs) -> Result<(Plan, Resolved), CliError> {
    let target = args.target.as_str();
    if args.fetch {
        if !target.contains("://") {
            return Err(CliError::Usage("--fetch is for the URL of a plan".to_owned()));
        }
        return of_text(target, &plans::fetched(target)?, send);
    }
    if !plans::is_plan(target) {
        plans::refuse_target(send)?;
        return of_url(target, send);
    }
    if plans::foreign(target).is_some() {
        return of_foreign(target, send);
    }
    let overrides = plans::overrides_for_files(send)?;
    crate::plan::resolve_file(Path::new(target), &environment, &overrides).map_err(CliError::Plan)
}

fn of_text(name: &str, text: &str, send: &SendArgs) -> Result<(Plan, Resolved), CliError> {
    let overrides = plans::overrides(send, &environment)?;
    crate::plan::resolve_text(name, text, &environment, &overrides).map_err(CliError::Plan)
}

/// What `load` and `scan` do with a URL alone, as a plan.
fn of_url(url: &str, send: &SendArgs) -> Result<(Plan, Resolved), CliError> {
    let plan = crate::plan::load_url(&LoadFlags::new(plans::common_flags(url, send)))?;
    let Executor::SharedIterations { vus, iterations, max_duration } = &plan.scenarios[0].executor
    else {
        let text = "a URL without flags is loaded with a number of requests".to_owned();
        return Err(CliError::Internal(text));
    };
    let template = &plan.requests[0];
    let opener = if url.starts_with("ws") { "ws" } else { "get" };
    let text = json!({
        "version": 1,
        "target": plan.target.url(),
        "requests": { "url": { opener: escaped(&template.request.path_and_query_text()) } },
        "flows": { "url": [{ "use": "url" }] },
        "scenarios": { "load": {
            "executor": "shared-iterations",
            "exec": "url",
            "vus": vus,
            "iterations": iterations,
            "maxDuration": format!("{}s", max_duration.as_secs()),
        } },
        "scan": {},
    });
    of_text(&format!("{url} (as a plan)"), &text.to_string(), send)
}

/// A text of which nothing is substituted.
fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

/// What `load` and `scan` do with a foreign file without flags.
fn of_foreign(path: &str, send: &SendArgs) -> Result<(Plan, Resolved), CliError> {
    let imported = crate::import::import_file(Path::new(path), &Options::default())?;
    super::import::warn(&imported);
    let text = crate::import::plan_text(&imported, path);
    crate::import::fits(path, &text)?;
    let (mut plan, resolved) = of_text(&format!("{path} (as a plan)"), &text, send)?;
    let url = plan.target.url();
    let common = plans::common_flags(&url, send);
    if imported.load.scenarios.is_empty() && !plan.flows.is_empty() {
        let draws = imported.order == Order::Draw || super::load::draws(imported.format);
        plan = crate::plan::load_flow(plan, &LoadFlags::new(common.clone()), draws)?;
    }
    plan.scan = crate::plan::scan_url(&ScanFlags::new(common, plans::known_checks()))?.scan;
    Ok((plan, resolved))
}
