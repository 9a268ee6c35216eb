//! `scan`: crawl and check a URL, or what a plan's `scan` section says.

use crate::model::Headline;
use crate::plan::Plan;
use crate::run::RunKind;

use super::control_args::ControlArgs;
use super::discover;
use super::discover::Discovery;
use super::discover::Unsaid;
use super::ended::Ended;
use super::error::CliError;
use super::execute::Execution;
use super::execute::Exploration;
use super::execute::execute;
use super::history::Keeping;
use super::plans;
use super::scan_args::ScanArgs;
use super::terminal::Terminal;

/// What `--active` without names stands for.
const ALL: &str = "all";

/// Runs the scan.
pub(super) fn run(args: &ScanArgs, terminal: &Terminal) -> Result<Ended, CliError> {
    if args.allow_unsafe && args.active.is_none() && args.policy.is_none() && !args.templates.dast {
        let text = "--allow-unsafe is about what probes may send: it needs --active, or --dast";
        return Err(CliError::Usage(text.to_owned()));
    }
    let active = match (&args.active, args.policy) {
        (Some(ids), None) if ids == &[ALL] => Some(Vec::new()),
        (Some(ids), Some(_)) if ids != &[ALL] => {
            let text = "--policy chooses checks, and so does --active=…: pass one of them";
            return Err(CliError::Usage(text.to_owned()));
        }
        (None | Some(_), Some(_)) => Some(Vec::new()),
        (ids, None) => ids.clone(),
    };
    if args.strength.is_some() && active.is_none() {
        let text = "--strength is about how much the checks try: it needs --active or --policy";
        return Err(CliError::Usage(text.to_owned()));
    }
    if args.untimed && active.is_none() {
        let text = "--untimed is about what the checks try: it needs --active or --policy";
        return Err(CliError::Usage(text.to_owned()));
    }
    if args.credentials.is_some() && active.is_none() && !plans::is_plan(&args.target) {
        let text = "--credentials is what a check tries: it needs --active or --policy";
        return Err(CliError::Usage(text.to_owned()));
    }
    let discovery = Discovery {
        target: &args.target,
        args: &args.discover,
        send: &args.send,
        active,
        policy: args.policy,
        strength: args.strength,
        untimed: args.untimed,
        allow_unsafe: args.allow_unsafe,
        credentials: args.credentials.as_deref(),
        rules: &args.rules,
        templates: args.templates.settings(),
        unsaid: Unsaid::Refused,
    };
    let mut plan = discovery.plan()?;
    if args.write_access.is_some() && !compares_access(&plan) {
        let text = "--write-access writes what `scan.access` of a plan compares: there is none";
        return Err(CliError::Usage(text.to_owned()));
    }
    args.baseline.apply(&mut plan);
    args.accepted.apply(&mut plan);
    plans::gate_findings(&mut plan, args.fail_on);
    let record = discover::record(&args.discover, &mut plan)?;
    execute(Execution {
        plan,
        kind: RunKind::Scan,
        command: "scan",
        threads: None,
        output: &args.output,
        control: &ControlArgs::default(),
        terminal,
        part: None,
        headline: Headline::default(),
        keeping: Some(Keeping {
            args: &args.history,
            plan: plans::is_plan(&args.target).then_some(&args.target),
        }),
        discovery: Some(Exploration {
            record,
            callbacks: Some(&args.templates.callbacks),
            access: args.write_access.as_deref(),
            ..Exploration::default()
        }),
    })
}

fn compares_access(plan: &Plan) -> bool {
    plan.scan.as_ref().is_some_and(|scan| scan.probing.access.is_some())
}
