//! `rules run`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::args::OutputArgs;
use crate::cli::args::SendArgs;
use crate::cli::connect_args::ConnectArgs;
use crate::cli::control_args::ControlArgs;
use crate::cli::error::CliError;
use crate::cli::execute::Execution;
use crate::cli::execute::Exploration;
use crate::cli::execute::execute;
use crate::cli::file_args::FileArgs;
use crate::cli::outputs::write_stdout;
use crate::cli::plans;
use crate::cli::templates;
use crate::cli::terminal::Terminal;
use crate::model::ExitCode;
use crate::model::Header;
use crate::model::Headline;
use crate::model::Seed;
use crate::model::Target;
use crate::model::inert;
use crate::plan::Plan;
use crate::plan::ScanFlags;
use crate::plan::TemplateSettings;
use crate::rules::template::{Attack, Bindings, ExcludedMatchers, Library, Redirects, Template};
use crate::run::RunKind;
use crate::scan::TemplateOptions;
use crate::scan::Templates;
use crate::ui::Consumer;
use crate::ui::results::ResultFormat;
use crate::ui::results::ResultLines;
use crate::ui::results::SilentOnes;
use crate::ui::statistics::Extent;
use crate::ui::statistics::StatisticsFormat;
use crate::ui::statistics::StatisticsLines;

use super::args::RunArgs;

/// Targets of one run at most.
const MAX_TARGETS: usize = 100_000;

/// Characters of a path that are shown.
const MAX_PATH: usize = 500;

/// Where exchanges are kept unless the user says.
const STORE: &str = "output";

/// Runs templates.
pub(super) fn run(args: &RunArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    if args.choose.templates.is_empty() {
        let text = "no templates: name files or folders with -t";
        return Err(CliError::Usage(text.to_owned()));
    }
    let targets = targets(args)?;
    let mut plan = plan(args, &targets)?;
    let selection = templates::selection(&args.choose.settings(), !args.callbacks.are_off())?;
    let (paths, indexing) = (&args.choose.templates, args.choose.indexing());
    let library = templates::library(paths, &selection, indexing, plan.seed)?;
    let quiet = args.silent || terminal.quiet;
    if args.strict
        && let Some(first) = templates::mistakes(&library).next()
    {
        let count = templates::mistakes(&library).count();
        return Err(CliError::Templates(first.to_string(), count));
    }
    templates::tell(&library, quiet);
    if library.templates.is_empty() && library.workflows.is_empty() {
        let text = "no template is left to run: look at -tags, -severity, -id and the like, or at \
                    `rules validate`";
        return Err(CliError::Usage(text.to_owned()));
    }
    if args.list_templates {
        return list(&library);
    }
    plans::gate_findings(&mut plan, args.fail_on);
    let extent = extent(&library, targets.len());
    let templates = Templates {
        library: templates::counted(&library),
        detectors: detectors(args, &library, plan.seed)?,
        templates: library.templates,
        workflows: library.workflows,
        targets,
        only: true,
        options: options(args)?,
    };
    let mut terminal = terminal.clone();
    terminal.quiet = quiet;
    let colour = !args.plain && terminal.color_on(terminal.stdout);
    let mut consumers: Vec<Box<dyn Consumer>> = Vec::new();
    let format = |colour: bool| {
        if args.jsonl {
            ResultFormat::Json { omit_raw: args.omit_raw }
        } else {
            ResultFormat::Text { colour }
        }
    };
    let silent_ones = if args.matcher_status { SilentOnes::Told } else { SilentOnes::LeftOut };
    let lines = |out, format| Box::new(ResultLines::new(out, format, silent_ones));
    consumers.push(lines(Box::new(std::io::stdout()), format(colour)));
    if let Some(path) = &args.output {
        consumers.push(lines(created(path)?, format(false)));
    }
    if let Some(path) = &args.jsonl_export {
        let json = ResultFormat::Json { omit_raw: args.omit_raw };
        consumers.push(lines(created(path)?, json));
    }
    if args.stats || args.stats_json {
        let every = Duration::from_secs(args.stats_interval);
        let format = if args.stats_json { StatisticsFormat::Json } else { StatisticsFormat::Text };
        let out = Box::new(std::io::stderr());
        consumers.push(Box::new(StatisticsLines::new(out, format, every, extent)));
    }
    let ended = execute(Execution {
        plan,
        kind: RunKind::Rules,
        command: "rules run",
        threads: None,
        output: &outputs(args),
        control: &ControlArgs::default(),
        terminal: &terminal,
        part: None,
        headline: Headline::default(),
        keeping: None,
        discovery: Some(Exploration {
            templates: Some(templates),
            callbacks: Some(&args.callbacks),
            consumers,
            ..Exploration::default()
        }),
    })?;
    Ok(ended.code)
}

fn created(path: &Path) -> Result<Box<dyn Write + Send>, CliError> {
    let failed = |source| CliError::OutputUnwritable { path: path.to_owned(), source };
    Ok(Box::new(File::create(path).map_err(failed)?))
}

/// The templates that would run, a line each.
fn list(library: &Library) -> Result<ExitCode, CliError> {
    let mut text = String::new();
    let workflows = library.workflows.iter().map(|workflow| &workflow.info);
    for info in library.templates.iter().map(|template| &template.info).chain(workflows) {
        let _ = writeln!(text, "{}", inert(&info.path, MAX_PATH));
    }
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::Passed)
}

fn extent(library: &Library, hosts: usize) -> Extent {
    let totals = library.templates.iter().map(|template| template.request_total());
    let each = totals.fold(0, u64::saturating_add);
    Extent {
        templates: library.templates.len() + library.workflows.len(),
        hosts,
        requests: each.saturating_mul(hosts as u64),
    }
}

/// Templates that say what a target is built with, where the run is to go by that.
fn detectors(
    args: &RunArgs,
    library: &Library,
    seed: Seed,
) -> Result<Option<Vec<Arc<Template>>>, CliError> {
    if !args.automatic_scan {
        return Ok(None);
    }
    let asked = args.choose.settings();
    let settings = TemplateSettings {
        paths: asked.paths,
        tags: vec!["tech".to_owned()],
        exclude_tags: asked.exclude_tags,
        exclude_ids: asked.exclude_ids,
        exclude_paths: asked.exclude_paths,
        ..TemplateSettings::default()
    };
    let selection = templates::selection(&settings, false)?;
    let indexing = args.choose.indexing();
    let found = templates::library(&settings.paths, &selection, indexing, seed)?.templates;
    // What runs anyway is run once.
    let same = |template: &Arc<Template>| {
        library.templates.iter().find(|known| known.info.path == template.info.path).cloned()
    };
    let found: Vec<_> = found
        .into_iter()
        .filter(|template| template.asks_for_the_page_alone())
        .map(|template| same(&template).unwrap_or(template))
        .collect();
    if found.is_empty() {
        let text =
            "-as: none of the templates of -t is tagged `tech` and looks at the target's own page";
        return Err(CliError::Usage(text.to_owned()));
    }
    Ok(Some(found))
}

/// What the run writes beside results.
fn outputs(args: &RunArgs) -> OutputArgs {
    OutputArgs {
        json: args.report.clone(),
        jsonl: None,
        files: FileArgs {
            html: args.html.clone(),
            md: args.md.clone(),
            sarif: args.sarif.clone(),
            junit: args.junit.clone(),
            ..FileArgs::default()
        },
        text: None,
        no_tui: true,
        verbose: false,
        ci: false,
        ci_dir: PathBuf::new(),
    }
}

fn plan(args: &RunArgs, targets: &[Target]) -> Result<Plan, CliError> {
    let mut connect = ConnectArgs::default();
    connect.proxy.clone_from(&args.proxy);
    connect.cert.clone_from(&args.client_cert);
    connect.key.clone_from(&args.client_key);
    connect.sni.clone_from(&args.sni);
    let send = SendArgs {
        cacert: args.client_ca.iter().cloned().collect(),
        timeout: Some(Duration::from_secs(args.timeout.max(1))),
        connect,
        authorised_by: args.authorised_by.clone(),
        seed: args.seed,
        ..SendArgs::none()
    };
    let first = targets.first().map(Target::url).unwrap_or_default();
    let flags = ScanFlags {
        common: plans::common_flags(&first, &send),
        active: None,
        policy: None,
        strength: None,
        untimed: false,
        known_checks: Vec::new(),
        depth: None,
        max_urls: None,
        per_kind: None,
        max_time: None,
        max_bytes: None,
        robots: None,
        rps: Some(args.rate_limit),
        concurrency: Some(args.bulk_size.max(1) as usize),
        allow_unsafe: false,
        credentials: None,
        browser: None,
        rule_dirs: Vec::new(),
        templates: TemplateSettings::default(),
        include: Vec::new(),
        exclude: Vec::new(),
        also: targets.iter().map(|target| target.origin.clone()).collect(),
    };
    Ok(crate::plan::scan_url(&flags)?)
}

fn targets(args: &RunArgs) -> Result<Vec<Target>, CliError> {
    let mut lines = args.targets.clone();
    if let Some(path) = &args.list {
        lines.extend(listed(path)?);
    }
    let mut targets: Vec<Target> = Vec::new();
    for line in lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        let target = Target::parse(line).map_err(|error| CliError::Usage(error.to_string()))?;
        let is_excluded = args.exclude_hosts.iter().any(|host| {
            host.eq_ignore_ascii_case(&target.origin.host) || *host == target.origin.host_header()
        });
        if !is_excluded && !targets.contains(&target) {
            targets.push(target);
        }
        if targets.len() > MAX_TARGETS {
            let text = format!("more than {MAX_TARGETS} targets; split the list");
            return Err(CliError::Usage(text));
        }
    }
    if targets.is_empty() {
        let text = "no target: give one with -u, or a file of them with -l";
        return Err(CliError::Usage(text.to_owned()));
    }
    Ok(targets)
}

fn listed(path: &Path) -> Result<Vec<String>, CliError> {
    let failed = |error: std::io::Error| {
        CliError::Usage(format!("reading the targets of {}: {error}", path.display()))
    };
    if path == Path::new("-") {
        return std::io::stdin()
            .lock()
            .lines()
            .take(MAX_TARGETS + 1)
            .collect::<Result<_, _>>()
            .map_err(failed);
    }
    let file = File::open(path).map_err(failed)?;
    BufReader::new(file).lines().take(MAX_TARGETS + 1).collect::<Result<_, _>>().map_err(failed)
}

fn options(args: &RunArgs) -> Result<TemplateOptions, CliError> {
    let mut given = Bindings::default();
    for pair in &args.var {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(CliError::Usage(format!("-V takes name=value, not `{pair}`")));
        };
        given.set(name, value);
    }
    let mut headers = Vec::new();
    for line in &args.header {
        let pair = line
            .split_once(':')
            .filter(|(name, value)| Header::is_name(name.trim()) && Header::is_value(value));
        let Some((name, value)) = pair else {
            return Err(CliError::Usage(format!("-H takes `Name: value`, not `{line}`")));
        };
        headers.push(Header::new(name.trim(), value.trim()));
    }
    let attack = match &args.attack_type {
        None => None,
        Some(name) => Some(Attack::parse(name).ok_or_else(|| {
            CliError::Usage(format!("`{name}` is no attack: batteringram, pitchfork, clusterbomb"))
        })?),
    };
    let redirects = match (args.follow_redirects, args.follow_host_redirects) {
        _ if args.disable_redirects => Some(Redirects::Off),
        (true, _) => Some(Redirects::All(args.max_redirects)),
        (_, true) => Some(Redirects::SameHost(args.max_redirects)),
        (false, false) => None,
    };
    Ok(TemplateOptions {
        given,
        headers,
        attack,
        redirects,
        stop_at_first_match: args.stop_at_first_match,
        concurrency: args.concurrency as usize,
        retries: args.retries,
        max_requests: args.max_requests,
        global_matchers: args.enable_global_matchers,
        ask_each: args.disable_clustering,
        skip_missing: args.skip_not_found,
        by_template: args.scan_strategy == "template-spray",
        max_silence: if args.no_mhe { None } else { Some(args.max_host_error) },
        excluded: ExcludedMatchers::new(&args.exclude_matchers),
        store: args.store_resp_dir.clone().or(args.store_resp.then(|| STORE.into())),
        cool_down: Some(args.callbacks.cool_down()),
    })
}
