//! The part that every run command shares: consumers, the run itself, files, summary, exit code.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::http::clock::Clock;
use crate::http::tls::TlsSetup;
use crate::http::tls::TrustPolicy;
use crate::load::LiveControl;
use crate::model::ControlCommand;
use crate::model::ExitCode;
use crate::model::Headline;
use crate::model::Report;
use crate::model::RunInfo;
use crate::model::did_you_mean;
use crate::plan::Plan;
use crate::report::Style;
use crate::rules::Registry;
use crate::run::Gating;
use crate::run::Interrupt;
use crate::run::Interrupts;
use crate::run::Outcome;
use crate::run::RunJob;
use crate::run::RunKind;
use crate::run::Steering;
use crate::run::socket::ControlSocket;
use crate::scan::Addresses;
use crate::scan::Record;
use crate::scan::Templates;
use crate::ui::Consumer;
use crate::ui::jsonl::EventLog;
use crate::ui::plain::Plain;
use crate::ui::plain::PlainOptions;
use crate::ui::plain::Talk;
use crate::ui::tui::LiveTui;
use crate::ui::tui::Theme;
use crate::ui::tui::TuiHands;
use crate::ui::tui::TuiOptions;
use crate::ui::urls::UrlList;

use super::args::OutputArgs;
use super::callback_args::CallbackArgs;
use super::control_args::ControlArgs;
use super::control_place;
use super::ended::Ended;
use super::error::CliError;
use super::history::Keeping;
use super::history::keep;
use super::outputs::Outputs;
use super::part_args::PartArgs;
use super::site_output::SiteContext;
use super::site_output::SiteOutput;
use super::snapshots::Snapshots;
use super::templates;
use super::terminal::Terminal;

/// A run, ready to be carried out.
pub(super) struct Execution<'a> {
    /// What to do, fully resolved.
    pub(super) plan: Plan,
    /// Which engines.
    pub(super) kind: RunKind,
    /// The command's name, for the report.
    pub(super) command: &'static str,
    /// Generator threads, unless the engine shall choose.
    pub(super) threads: Option<usize>,
    /// Files and progress.
    pub(super) output: &'a OutputArgs,
    /// Where others may steer it.
    pub(super) control: &'a ControlArgs,
    /// Which part of a run it is.
    pub(super) part: Option<&'a PartArgs>,
    /// What can be shown.
    pub(super) terminal: &'a Terminal,
    /// Which latency stands first where load follows a schedule.
    pub(super) headline: Headline,
    /// Whether it goes into the history; `None` is no.
    pub(super) keeping: Option<Keeping<'a>>,
    /// What only a run that looks around has.
    pub(super) discovery: Option<Exploration<'a>>,
}

/// What a run that looks around goes on from, and what is written of what it finds.
#[derive(Default)]
pub(super) struct Exploration<'a> {
    /// What an earlier run has done already, and where this one keeps what it does.
    pub(super) record: Option<Record>,
    /// What is written of what is found.
    pub(super) sites: &'a [SiteOutput],
    /// What a plan that is made of it needs to know.
    pub(super) site: SiteContext,
    /// Templates that a scan runs.
    pub(super) templates: Option<Templates>,
    /// Who waits for calls that the plan's templates provoke, where the command line can say it.
    pub(super) callbacks: Option<&'a CallbackArgs>,
    /// Where who may do what is written, for a plan to compare with.
    pub(super) access: Option<&'a Path>,
    /// Who else reads along. Where there is anybody, standard output is theirs.
    pub(super) consumers: Vec<Box<dyn Consumer>>,
}

/// Carries a run out: opens outputs, runs, writes files, prints the summary; gives what the process
/// should end with.
///
/// # Errors
/// Whatever prevented the run, or an output that broke.
pub(super) fn execute(mut execution: Execution<'_>) -> Result<Ended, CliError> {
    let discovery = execution.discovery.take().unwrap_or_default();
    let Exploration { record, sites, site, templates, callbacks, access, consumers: mut others } =
        discovery;
    let terminal = if execution.output.ci {
        execution.terminal.without_color()
    } else {
        execution.terminal.clone()
    };
    let registry = Arc::new(load_rules(&execution)?);
    let (templates, callbacks) = match (execution.kind, templates) {
        (RunKind::Scan | RunKind::Check, None) => {
            let (plan, quiet) = (&execution.plan, terminal.quiet);
            let source = templates::callbacks(plan, callbacks)?;
            let templates = templates::of_plan(plan, &registry, callbacks, source.as_ref(), quiet)?;
            (templates, source)
        }
        (_, Some(given)) => {
            let source = callbacks.map(|callbacks| callbacks.source(execution.plan.seed));
            (Some(given), source.transpose()?.flatten())
        }
        (_, None) => (None, None),
    };
    check_rules_of_gates(&execution.plan, &registry, templates.as_ref())?;
    check_certificates(&execution.plan)?;
    let browser = browser(&execution, &registry)?;
    let keeping = execution.keeping;
    let history = keeping.as_ref().and_then(Keeping::named);
    let baseline = Arc::new(super::baseline::load(&execution.plan, history)?);
    let start_at_unix_ms = execution.part.map(PartArgs::start_at_unix_ms).transpose()?.flatten();
    let mut outputs = Outputs::open(&execution.plan, execution.output, sites, execution.kind)?;
    if let Some(path) = access {
        outputs.add_access(path)?;
    }
    // Before there are threads, and before anything is sent.
    let socket = control_place::open(execution.control)?;
    let (interrupts, interrupted) = Interrupts::channel();
    let stdout_taken = outputs.stdout_taken || !others.is_empty();
    let clock = Clock::start();
    let control = LiveControl::new(&execution.plan);
    let steering = Steering { interrupts: interrupts.clone(), control: control.clone(), clock };
    let socket = socket.map(|file| ControlSocket::new(file, steering.clone()));
    let mut consumers = consumers(&execution, &terminal, &mut outputs, &steering)?;
    consumers.append(&mut others);
    if let Some(socket) = &socket {
        // First, because the terminal UI waits for its user at the end.
        consumers.insert(0, Box::new(socket.feed()));
    }
    let job = RunJob {
        info: run_info(&execution, clock),
        gating: gating(&execution),
        addresses: addresses(&outputs, socket.as_ref()),
        plan: Arc::new(execution.plan),
        registry,
        kind: execution.kind,
        baseline,
        clock,
        control,
        threads: execution.threads,
        record: record.map(Arc::new),
        browser,
        templates: templates.map(Arc::new),
        callbacks,
        start_at_unix_ms,
    };
    let watched = terminal.is_watched();
    let outcome = block_on(job, consumers, socket.as_ref(), &interrupts, interrupted, watched)?;
    conclude(outcome, outputs, &site, &terminal, (stdout_taken, keeping))
}

fn gating(execution: &Execution<'_>) -> Gating {
    if execution.part.is_some_and(|part| part.part().is_some()) {
        return Gating::Part;
    }
    match execution.kind {
        RunKind::Check => Gating::LoadFigures,
        RunKind::Load | RunKind::Scan | RunKind::Crawl | RunKind::Rules if execution.output.ci => {
            Gating::LoadFigures
        }
        // Levels are judged one by one: beyond the capacity the generator may well be late.
        RunKind::Load | RunKind::Scan | RunKind::Crawl | RunKind::Rules | RunKind::Capacity => {
            Gating::OnlyThresholds
        }
    }
}

/// Logs and lists have each; without one, a large site has many that nobody hears of.
fn addresses(outputs: &Outputs, socket: Option<&ControlSocket>) -> Addresses {
    if outputs.has_addresses() || socket.is_some() { Addresses::Listed } else { Addresses::Counted }
}

/// What the user's keys ask for; why it cannot be done.
fn obey_keys(steering: &Steering, command: ControlCommand) -> Result<(), String> {
    match command {
        ControlCommand::Stop | ControlCommand::Cancel => steering.interrupts.interrupt("the user"),
        ControlCommand::Load(command) => {
            steering.change(command, "the user").map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

pub(super) fn load_rules(execution: &Execution<'_>) -> Result<Registry, CliError> {
    if matches!(execution.kind, RunKind::Crawl | RunKind::Rules) {
        return Ok(Registry::of_sources(&[]).expect("nothing is wrong with nothing"));
    }
    let dirs =
        execution.plan.scan.as_ref().map(|scan| scan.rule_dirs.as_slice()).unwrap_or_default();
    Registry::with_dirs(dirs).map_err(CliError::Rules)
}

/// A gate on a rule that there is not counts nothing and passes.
fn check_rules_of_gates(
    plan: &Plan,
    registry: &Registry,
    templates: Option<&Templates>,
) -> Result<(), CliError> {
    let templates = templates.map(|templates| templates.templates.as_slice()).unwrap_or_default();
    let templates: Vec<&str> = templates.iter().map(|one| one.info.rule_id()).collect();
    let is_known = |id: &str| registry.meta(id).is_some() || templates.contains(&id);
    for threshold in &plan.thresholds {
        let selector = &threshold.criterion.selector;
        let mut rules = selector.tags.iter().filter(|tag| tag.tag == "rule");
        if let Some(tag) = rules.find(|tag| !is_known(&tag.value)) {
            let ids =
                registry.metas().map(|meta| meta.id.as_str()).chain(templates.iter().copied());
            return Err(CliError::NoSuchRule {
                selector: selector.to_string(),
                rule: tag.value.clone(),
                nearest: did_you_mean(&tag.value, ids).map(str::to_owned),
            });
        }
    }
    Ok(())
}

/// The browser's program. A run whose crawl needs one sends nothing without it; checks that need one say
/// that they were left out.
pub(super) fn browser(
    execution: &Execution<'_>,
    registry: &Registry,
) -> Result<Option<PathBuf>, CliError> {
    let scan = execution
        .plan
        .scan
        .as_ref()
        .filter(|_| !matches!(execution.kind, RunKind::Load | RunKind::Capacity));
    let Some(scan) = scan else { return Ok(None) };
    let named = ["SHAKEDOWN_BROWSER", "CHROME"].into_iter().find_map(std::env::var_os);
    let path = std::env::var_os("PATH");
    let located = || crate::browser::locate(named.as_deref(), path.as_deref());
    if scan.crawl.browser.is_some() {
        return Ok(Some(located()?));
    }
    let is_shown = registry.metas().any(|meta| scan.shows(&meta.id, &meta.tags));
    Ok(is_shown.then(|| located().ok()).flatten())
}

/// Certificates that cannot be used are a mistake of the user's, to be told before anything starts.
pub(super) fn check_certificates(plan: &Plan) -> Result<(), CliError> {
    let connection = &plan.connection;
    TlsSetup::new(TrustPolicy::Verify, &connection.ca_files, &connection.tls_options, &[])?;
    Ok(())
}

pub(super) fn block_on(
    job: RunJob,
    consumers: Vec<Box<dyn Consumer>>,
    socket: Option<&ControlSocket>,
    interrupts: &Interrupts,
    interrupted: tokio::sync::mpsc::Receiver<Interrupt>,
    watched: bool,
) -> Result<Outcome, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CliError::Internal(format!("starting the runtime: {error}")))?;
    let signals = interrupts.clone();
    runtime.spawn(async move {
        // Without handlers the signals keep their default: the program simply ends.
        let _ = signals.listen(watched).await;
    });
    if let Some(socket) = socket {
        let serving = socket.serve();
        runtime.spawn(async move {
            if let Err(error) = serving.await {
                let line = format!("warning: the control socket broke: {error}\n");
                super::outputs::write_stderr(line.as_bytes());
            }
        });
    }
    let outcome = runtime.block_on(crate::run::run(job, consumers, interrupted));
    // After a third interrupt something may still be blocked: do not wait for it.
    runtime.shutdown_background();
    Ok(outcome?)
}

fn conclude(
    outcome: Outcome,
    outputs: Outputs,
    site: &SiteContext,
    terminal: &Terminal,
    (stdout_taken, keeping): (bool, Option<Keeping<'_>>),
) -> Result<Ended, CliError> {
    if outcome.left {
        crate::ui::tui::restore();
        return Err(CliError::Left);
    }
    let report = outcome.report;
    let (written, broken) = outputs.write(&report, terminal.unit, site);
    // Behind the files, which somebody asked for, and before the summary: a run whose end is seen is kept.
    let kept = keeping.and_then(|keeping| keep(keeping, &report));
    // What could be measured is shown even if it could not be saved.
    print_summary(&report, terminal, stdout_taken)?;
    if let Some(error) = broken {
        return Err(error);
    }
    if let Some(broken) = outcome.broken.into_iter().next() {
        return Err(CliError::Internal(format!("writing progress or the event log: {broken}")));
    }
    if !terminal.quiet {
        for path in written {
            super::outputs::write_stderr(format!("wrote {}\n", path.display()).as_bytes());
        }
        super::outputs::write_stderr(kept.unwrap_or_default().as_bytes());
    }
    let code = report.verdict.as_ref().map_or(ExitCode::Internal, |verdict| verdict.exit_code);
    Ok(Ended::with(code, &report))
}

/// To standard output on a terminal, else to standard error: a pipe gets data only.
fn print_summary(report: &Report, terminal: &Terminal, stdout_taken: bool) -> Result<(), CliError> {
    if terminal.quiet {
        return Ok(());
    }
    let to_stdout = terminal.stdout && !stdout_taken;
    let is_terminal = if to_stdout { terminal.stdout } else { terminal.stderr };
    let style = Style {
        color: terminal.color_on(is_terminal),
        unicode: terminal.unicode,
        width: terminal.width,
        unit: terminal.unit,
    };
    let text = crate::report::summary(report, style);
    if to_stdout {
        return super::outputs::write_stdout(text.as_bytes());
    }
    super::outputs::write_stderr(text.as_bytes());
    Ok(())
}

fn consumers(
    execution: &Execution<'_>,
    terminal: &Terminal,
    outputs: &mut Outputs,
    steering: &Steering,
) -> Result<Vec<Box<dyn Consumer>>, CliError> {
    let mut found: Vec<Box<dyn Consumer>> = Vec::new();
    for writer in outputs.take_event_logs() {
        found.push(Box::new(EventLog::new(writer)));
    }
    for writer in outputs.take_url_lists() {
        found.push(Box::new(UrlList::new(writer)));
    }
    let output = execution.output;
    let tui = terminal.can_show_tui()
        && !output.no_tui
        && !output.verbose
        && !output.ci
        && !outputs.stdout_taken;
    if tui {
        let steering = steering.clone();
        let snapshots = Snapshots::new(outputs.report_files(), terminal.unit);
        let hands = TuiHands {
            control: Box::new(move |command| obey_keys(&steering, command)),
            write: Box::new(move |report| snapshots.write(report)),
        };
        let options = TuiOptions { theme: theme(terminal), stay_open: true };
        found.push(Box::new(LiveTui::start(hands, options).map_err(CliError::Terminal)?));
    } else {
        found.push(Box::new(plain(terminal, output)));
    }
    Ok(found)
}

/// What tells of a run on standard error, where there is no terminal UI.
pub(super) fn plain(terminal: &Terminal, output: &OutputArgs) -> Plain {
    let options = PlainOptions {
        colour: terminal.color_on(terminal.stderr),
        talk: match (terminal.quiet, output.verbose) {
            (true, _) => Talk::Warnings,
            (false, false) => Talk::Usual,
            (false, true) => Talk::Everything,
        },
        unicode: terminal.unicode,
    };
    if terminal.stderr {
        Plain::on_terminal(options)
    } else {
        Plain::to(Box::new(std::io::stderr()), options)
    }
}

/// How the terminal UI looks here.
pub(super) fn theme(terminal: &Terminal) -> Theme {
    let theme = if terminal.color_on(true) { Theme::default() } else { Theme::plain() };
    if terminal.unicode { theme } else { theme.ascii() }
}

pub(super) fn run_info(execution: &Execution<'_>, clock: Clock) -> RunInfo {
    let plan = &execution.plan;
    let planned = match execution.kind {
        RunKind::Scan | RunKind::Crawl | RunKind::Rules | RunKind::Capacity => None,
        RunKind::Load | RunKind::Check => plan.planned_load_duration(),
    };
    RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: execution.command.to_owned(),
        target: plan.target.url(),
        started_unix: clock.unix_seconds(),
        seed: plan.seed.0,
        plan_hash: plan.hash.clone(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        authorised_by: plan.scope.authorised_by().map(str::to_owned),
        planned,
        headline: execution.headline,
        cost: plan.cost.clone(),
        part: execution.part.and_then(PartArgs::part),
        zero_unix_ms: u64::try_from(clock.now().as_millis())
            .ok()
            .map(|since| clock.unix_millis().saturating_sub(since)),
        trace_link: plan.trace.as_ref().and_then(|tracing| tracing.link.clone()),
    }
}
