//! `scan`: crawl and check a URL, or what a plan's `scan` section says.

use crate::flow::auth::Who;
use crate::import::Format;
use crate::model::ExitCode;
use crate::model::Headline;
use crate::model::did_you_mean;
use crate::plan::Plan;
use crate::plan::ScanFlags;
use crate::run::RunKind;

use super::control_args::ControlArgs;
use super::error::CliError;
use super::execute::Execution;
use super::execute::execute;
use super::plans;
use super::scan_args::ScanArgs;
use super::seeds;
use super::terminal::Terminal;

/// What `--active` without names stands for.
const ALL: &str = "all";

/// Runs the scan.
pub(super) fn run(args: &ScanArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let mut plan = plan(args)?;
    args.baseline.apply(&mut plan);
    plans::gate_findings(&mut plan, args.fail_on);
    execute(Execution {
        plan,
        kind: RunKind::Scan,
        command: "scan",
        threads: None,
        output: &args.output,
        control: &ControlArgs::default(),
        terminal,
        headline: Headline::default(),
    })
}

fn plan(args: &ScanArgs) -> Result<Plan, CliError> {
    if args.whom.is_some()
        && (!plans::is_plan(&args.target) || plans::foreign(&args.target).is_some())
    {
        let text = "--as names an identity of a plan; a URL has none";
        return Err(CliError::Usage(text.to_owned()));
    }
    if !plans::is_plan(&args.target) {
        plans::refuse_target(&args.send)?;
        return Ok(crate::plan::scan_url(&flags(args, &args.target))?);
    }
    if let Some(format) = plans::foreign(&args.target) {
        return imported(args, format);
    }
    if let Some(flag) = url_only_flag(args) {
        return Err(CliError::Usage(format!(
            "{flag} is for a URL; a plan says it in its `scan` and `scope` sections"
        )));
    }
    let mut plan = plans::from_file(&args.target, &args.send)?;
    let Some(scan) = &mut plan.scan else {
        return Err(CliError::Usage(format!(
            "{} has no `scan` section, so there is nothing to scan",
            args.target
        )));
    };
    scan.rule_dirs.extend(args.rules.iter().cloned());
    seeds::import(&mut plan, &args.send)?;
    if let Some(name) = &args.whom {
        plan.sessions.scan = Some(whom(name, &plan)?);
    }
    // Gates over load figures belong to `check`: without load they could only fail.
    plan.thresholds.retain(|threshold| !threshold.metric().is_load());
    Ok(plan)
}

/// Who has the name that `--as` gives.
fn whom(name: &str, plan: &Plan) -> Result<Who, CliError> {
    let sessions = &plan.sessions;
    let Some(who) = sessions.who(name) else {
        let identities = sessions.identities.iter().map(|identity| identity.name.as_str());
        let known: Vec<&str> =
            identities.chain(sessions.auths.iter().map(|auth| auth.name.as_str())).collect();
        let help = match did_you_mean(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if known.is_empty() => "it has neither `auth` nor `identities`".to_owned(),
            None => format!("it has {}", known.join(", ")),
        };
        return Err(CliError::Usage(format!("--as: the plan has no `{name}`; {help}")));
    };
    let first = sessions.of_auth(who.auth).first().copied();
    Ok(Who { identity: who.identity.or(first), ..who })
}

/// A foreign file: its requests are where the crawl begins, and the flags are a URL's.
fn imported(args: &ScanArgs, format: Format) -> Result<Plan, CliError> {
    let mut plan = plans::imported(&args.target, format, &args.send)?.plan;
    let own = crate::plan::scan_url(&flags(args, &plan.target.url()))?;
    plan.scan = own.scan;
    if !args.include.is_empty() || !args.exclude.is_empty() {
        plan.scope = own.scope;
    }
    plan.scenarios.clear();
    Ok(plan)
}

fn flags(args: &ScanArgs, url: &str) -> ScanFlags {
    let active = args.active.clone().map(|ids| if ids == [ALL] { Vec::new() } else { ids });
    ScanFlags {
        common: plans::common_flags(url, &args.send),
        active,
        known_checks: plans::known_checks(),
        depth: args.depth,
        max_urls: args.max_urls,
        rps: args.max_rps,
        concurrency: args.concurrency.map(|concurrency| concurrency as usize),
        allow_unsafe: args.allow_unsafe,
        rule_dirs: args.rules.clone(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
    }
}

fn url_only_flag(args: &ScanArgs) -> Option<&'static str> {
    [
        ("--active", args.active.is_some()),
        ("--depth", args.depth.is_some()),
        ("--max-urls", args.max_urls.is_some()),
        ("--max-rps", args.max_rps.is_some()),
        ("--concurrency", args.concurrency.is_some()),
        ("--include", !args.include.is_empty()),
        ("--exclude", !args.exclude.is_empty()),
    ]
    .into_iter()
    .find_map(|(flag, given)| given.then_some(flag))
}
