//! `retest`: findings of an earlier run are looked for again.

use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use crate::model::ExitCode;
use crate::model::Headline;
use crate::model::Phase;
use crate::model::Report;
use crate::model::Retest;
use crate::model::RetestReport;
use crate::model::Retested;
use crate::model::inert;
use crate::plan::Plan;
use crate::rules::Registry;
use crate::run::RunKind;
use crate::run::retest::Conditions;
use crate::run::retest::Subject;
use crate::run::retest::again;
use crate::run::retest::anew;
use crate::run::retest::judge;
use crate::run::retest::shows;
use crate::scan::CallbackSource;

use super::accept::find;
use super::args::OutputArgs;
use super::args::SendArgs;
use super::args::rate;
use super::callback_args::CallbackArgs;
use super::control_args::ControlArgs;
use super::discover::DiscoverArgs;
use super::discover::Discovery;
use super::discover::Unsaid;
use super::error::CliError;
use super::execute::Execution;
use super::outputs::write_file;
use super::outputs::write_stdout;
use super::quiet_run::report_of;
use super::report::read;
use super::templates;
use super::terminal::Terminal;

/// Characters of foreign text in a line.
const TEXT: usize = 200;

/// `retest`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown retest run.json SD-0e1ee5f65a
  shakedown retest run.json SD-0e1ee5f65a --plan staging.yml --as alice
  shakedown retest run.json --all --allow-unsafe --json=retest.json
  shakedown retest run.json --all --target http://127.0.0.1:9090/

What the report keeps of the finding is sent again: the very request for a rule that looks at answers,
and the check once more at that request for one that probes. What a check does not find there it looks
for from the start page on. Scope and authorisation are as in `scan`; secrets and logins come from the
plan.

Exit codes: 0 all are gone, 80 one is still there, 83 of one it is not known, because it could not be
replayed; why is said.")]
pub(super) struct RetestArgs {
    /// A report (JSON) or event log with findings; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The finding's id (SD-…) or fingerprint; several may be named.
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,
    /// Every finding of the report.
    #[arg(long)]
    all: bool,
    /// The plan: its target, scope, logins and secrets. Without one the target is the report's, or that of
    /// --target.
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// As whom: an identity or an auth of the plan, instead of its `scan.as`.
    #[arg(long = "as", value_name = "NAME", requires = "plan")]
    whom: Option<String>,
    /// Send what may change something (POST and the like) too.
    #[arg(long)]
    allow_unsafe: bool,
    /// Directory with additional rules; may be repeated.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Requests per second at most (50, or the plan's).
    #[arg(long, value_name = "RATE", value_parser = rate)]
    max_rps: Option<f64>,
    /// Write the result as JSON, to standard output without FILE.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", help_heading = "Output")]
    json: Option<PathBuf>,
    /// Who waits for calls that probes provoke.
    #[command(flatten)]
    callbacks: CallbackArgs,
    /// How requests are sent.
    #[command(flatten)]
    send: SendArgs,
}

/// Looks for them, says what came of each.
pub(super) fn run(args: &RetestArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let report = read(&args.file)?;
    let plan = plan(args, &report)?;
    let registry = rules_of(&plan)?;
    let subjects = subjects(args, &report, &registry)?;
    let target = plan.target.url();
    let runner = Runner { args, terminal };
    let results = runner.results(&plan, &report, &subjects)?;
    let findings = subjects.iter().zip(results);
    let findings = findings.map(|(subject, result)| Retested::new(subject.finding, result));
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let retest = RetestReport { version, target, findings: findings.collect() };
    if let Some(path) = &args.json {
        write_file(path, &crate::format::retest::write(&retest))?;
    }
    if args.json.as_deref() != Some(Path::new("-")) {
        write_stdout(told(&retest).as_bytes())?;
    }
    Ok(retest.exit_code())
}

fn rules_of(plan: &Plan) -> Result<Registry, CliError> {
    let dirs = plan.scan.as_ref().map(|scan| scan.rule_dirs.as_slice()).unwrap_or_default();
    Registry::with_dirs(dirs).map_err(CliError::Rules)
}

fn subjects<'a>(
    args: &RetestArgs,
    report: &'a Report,
    registry: &Registry,
) -> Result<Vec<Subject<'a>>, CliError> {
    let mut findings = Vec::new();
    if args.all {
        findings.extend(&report.findings);
    }
    for id in &args.ids {
        let finding = find(report, id, &args.file)?;
        if !findings.iter().any(|known| std::ptr::eq(*known, finding)) {
            findings.push(finding);
        }
    }
    Ok(findings.into_iter().map(|finding| Subject::new(finding, registry)).collect())
}

/// The scan that looks for them: the plan's, or one of the report's target.
fn plan(args: &RetestArgs, report: &Report) -> Result<Plan, CliError> {
    let mut send = args.send.clone();
    let target = match &args.plan {
        Some(plan) => plan.clone(),
        None => match send.targets.pop() {
            Some(named) => named.target.url(),
            None => report.run.as_ref().map(|run| run.target.clone()).ok_or_else(|| {
                let text = "the report does not say what its target is: pass --target or --plan";
                CliError::Usage(text.to_owned())
            })?,
        },
    };
    let own = DiscoverArgs {
        whom: args.whom.clone(),
        max_rps: args.max_rps.filter(|_| args.plan.is_none()),
        ..DiscoverArgs::default()
    };
    let discovery = Discovery {
        target: &target,
        args: &own,
        send: &send,
        active: None,
        policy: None,
        strength: None,
        untimed: false,
        allow_unsafe: args.allow_unsafe,
        credentials: None,
        rules: &args.rules,
        templates: None,
        unsaid: Unsaid::Defaults,
    };
    let mut plan = discovery.plan()?;
    if let Some(scan) = &mut plan.scan {
        scan.allow_unsafe |= args.allow_unsafe;
        scan.max_rps = args.max_rps.unwrap_or(scan.max_rps);
    }
    Ok(plan)
}

/// How rounds are run.
struct Runner<'a> {
    args: &'a RetestArgs,
    terminal: &'a Terminal,
}

impl Runner<'_> {
    fn results(
        &self,
        plan: &Plan,
        report: &Report,
        subjects: &[Subject<'_>],
    ) -> Result<Vec<Retest>, CliError> {
        if subjects.is_empty() {
            return Ok(Vec::new());
        }
        let first = self.round(again(plan, report, subjects))?;
        let is_left = |subject: &&Subject<'_>| !subject.is_passive && !shows(&first, subject);
        let left: Vec<Subject<'_>> = subjects.iter().filter(is_left).copied().collect();
        let second = match left.as_slice() {
            [] => None,
            left => Some(self.round(anew(plan, left))?),
        };
        let conditions = self.conditions(plan, report)?;
        let judged = subjects.iter().map(|subject| {
            let last = second.as_ref().filter(|_| is_left(&subject));
            let rounds: Vec<&Report> = std::iter::once(&first).chain(last).collect();
            judge(subject, &rounds, conditions)
        });
        Ok(judged.collect())
    }

    fn conditions(&self, plan: &Plan, report: &Report) -> Result<Conditions, CliError> {
        let had_login = report.sessions.iter().any(|it| it.phase != Phase::Load);
        Ok(Conditions {
            allow_unsafe: plan.scan.as_ref().is_some_and(|scan| scan.allow_unsafe),
            lacks_login: had_login && plan.sessions.scan.is_none(),
            lacks_callbacks: self.callbacks(plan)?.is_none(),
        })
    }

    /// Whoever waits for calls; rounds that provoke none have nobody.
    fn callbacks(&self, plan: &Plan) -> Result<Option<CallbackSource>, CliError> {
        match plan.scan.as_ref().filter(|scan| scan.is_active()) {
            Some(_) => templates::callbacks(plan, Some(&self.args.callbacks)),
            None => templates::callbacks(plan, None),
        }
    }

    fn round(&self, plan: Plan) -> Result<Report, CliError> {
        let callbacks = self.callbacks(&plan)?;
        let execution = Execution {
            plan,
            kind: RunKind::Scan,
            command: "retest",
            threads: None,
            output: &OutputArgs::default(),
            control: &ControlArgs::default(),
            terminal: self.terminal,
            headline: Headline::default(),
            discovery: None,
            // What is looked for again is no run of its own.
            keeping: None,
            part: None,
        };
        report_of(execution, callbacks)
    }
}

/// A line for each, and how many there are.
fn told(retest: &RetestReport) -> String {
    let mut out = String::new();
    for one in &retest.findings {
        let point = one.insertion_point.as_ref().map(|point| format!(", {point}"));
        let why = match &one.result {
            Retest::NotReplayed(why) => format!(": {}", inert(why, TEXT)),
            Retest::Gone | Retest::StillThere => String::new(),
        };
        let place = format!("{} {}{}", one.method, one.url, point.unwrap_or_default());
        writeln!(
            out,
            "{:<12}  {}  {:<8}  {}  {}{why}",
            one.result.as_str(),
            inert(&one.id, TEXT),
            one.severity,
            inert(&one.rule, TEXT),
            inert(&place, TEXT)
        )
        .expect("writing to a string cannot fail");
    }
    let [gone, there, not_replayed] = retest.counts();
    writeln!(out, "{gone} gone, {there} still there, {not_replayed} could not be replayed")
        .expect("writing to a string cannot fail");
    out
}
