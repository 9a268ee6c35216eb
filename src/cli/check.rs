//! `check`: a plan's load and scan under every gate.

use crate::model::Headline;
use crate::plan::Plan;
use crate::run::RunKind;

use super::args::CheckArgs;
use super::ended::Ended;
use super::error::CliError;
use super::execute::Execution;
use super::execute::execute;
use super::history::Keeping;
use super::plans;
use super::seeds;
use super::terminal::Terminal;
use super::terminal::environment;

/// Runs everything the plan has.
pub(super) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<Ended, CliError> {
    let mut plan = plan(args)?;
    if plan.scenarios.is_empty() && plan.scan.is_none() {
        return Err(CliError::EmptyPlan(args.plan.clone()));
    }
    if let Some(part) = args.run.part.part() {
        if plan.scenarios.is_empty() {
            let text =
                format!("--part: {} has no `scenarios`, so there is no load to share", args.plan);
            return Err(CliError::Usage(text));
        }
        if part.number > 1 {
            leave_scan_to_first(&mut plan);
        }
    }
    if let Some(scan) = &mut plan.scan {
        scan.rule_dirs.extend(args.rules.iter().cloned());
    }
    seeds::import(&mut plan, &args.run.send)?;
    if plan.scenarios.is_empty()
        && let Some(flag) =
            args.look.given().or_else(|| args.run.trace.given()).or_else(|| args.run.export.given())
    {
        return Err(CliError::Usage(format!(
            "{flag} is about load, and {} has no `scenarios`",
            args.plan
        )));
    }
    plans::look(&mut plan, &args.look)?;
    crate::plan::trace_too(&mut plan, &args.run.trace.flags());
    args.run.export.apply(&mut plan)?;
    args.baseline.apply(&mut plan);
    args.accepted.apply(&mut plan);
    if plan.scan.is_some() || args.run.part.part().is_none() {
        plans::gate_findings(&mut plan, args.fail_on);
    }
    execute(Execution {
        plan,
        kind: RunKind::Check,
        command: "check",
        threads: args.run.threads.map(|threads| threads as usize),
        output: &args.run.output,
        control: &args.run.control,
        terminal,
        part: Some(&args.run.part),
        headline: Headline::default(),
        keeping: Some(Keeping { args: &args.run.history, plan: Some(&args.plan) }),
        discovery: None,
    })
}

/// Load is shared; a target is crawled once. Gates on what is found are judged of the whole.
fn leave_scan_to_first(plan: &mut Plan) {
    plan.scan = None;
    plan.thresholds.retain(|threshold| threshold.metric().is_load());
}

fn plan(args: &CheckArgs) -> Result<Plan, CliError> {
    if !args.plan.contains("://") {
        return match plans::foreign(&args.plan) {
            Some(format) => Ok(plans::imported(&args.plan, format, &args.run.send)?.plan),
            None => plans::from_file(&args.plan, &args.run.send),
        };
    }
    if !args.fetch {
        return Err(CliError::Usage(format!(
            "check takes a plan file; to fetch the plan from {} add --fetch, to test that URL use \
             `shakedown scan` or `shakedown load`",
            args.plan
        )));
    }
    let text = plans::fetched(&args.plan)?;
    plans::from_text(&args.plan, &text, &environment, &args.run.send)
}
