//! What the command line accepts. No I/O here: values are checked for form only.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use regex::Regex;

use super::accept::AcceptArgs;
use super::baseline::AcceptedArgs;
use super::baseline::BaselineArgs;
use super::capacity_args::CapacityArgs;
use super::compare::CompareArgs;
use super::connect_args::ConnectArgs;
use super::control_args::ControlArgs;
use super::control_args::ControlCommandArgs;
use super::crawl::CrawlArgs;
use super::ended::ExitCodeStyle;
use super::explain::ExplainArgs;
use super::export_args::ExportArgs;
use super::file_args::FileArgs;
use super::history::HistoryArgs;
use super::history::HistoryCommandArgs;
use super::load_args::LoadArgs;
use super::load_args::LookArgs;
use super::merge::MergeArgs;
use super::new::NewArgs;
use super::part_args::PartArgs;
use super::report_args::ReportArgs;
use super::retest::RetestArgs;
use super::rules::RulesArgs;
use super::scan_args::ScanArgs;
use super::trace_args::TraceArgs;
use crate::demo::Dials;
use crate::import::Format;
use crate::model::Severity;
use crate::model::Target;
use crate::model::parse_duration;
use crate::model::parse_rate;
use crate::plan::TargetName;
use crate::plan::TargetOverride;

/// Exit codes in `--help`: public API.
const EXIT_CODES: &str = "\
Exit codes:
    0  every gate passed, the run is valid
    1  internal error, or an output broke
    2  usage error, or no browser for --browser
   80  findings gate failed
   81  findings and thresholds failed
   82  regression against the baseline
   83  incomplete: coverage below its gate, login lost, or setup failed
   84  invalid: generator saturated, or the target blocked us
   85  refused: out of scope, not authorised, safety stop
   86  target unreachable, or no valid HTTP response
   99  thresholds failed
  104  plan or rule invalid
  105  stopped by a signal or by hand (terminal UI, control socket), partial report
       written

--exit-code-style simple: 0 passed, 1 a gate failed (80, 81, 82, 99), 2 the rest.
--exit-code-style zap, as zap-baseline: 0 passed, 1 a gate failed (80, 81, 82, 99),
2 passed with findings, 3 the rest.

Test only what you are authorised to test. Loopback and private addresses work
at once; any other host needs `authorised` in the plan or --authorised-by NAME,
and the name stands in the report.";

/// Where options of all commands stand in a list: behind the command's own.
const LAST: usize = 900;

/// Load test, security scan and release gate for a web service.
#[derive(Debug, Parser)]
#[command(name = "shakedown", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
    /// When to use colour.
    #[arg(long, global = true, display_order = LAST, value_enum, default_value_t = ColorChoice::Auto, env = "SHAKEDOWN_COLOR")]
    pub(super) color: ColorChoice,
    /// No colour, as `--color never`.
    #[arg(long, global = true, display_order = LAST, conflicts_with = "color")]
    pub(super) no_color: bool,
    /// Which numbers the program ends with.
    #[arg(long, global = true, display_order = LAST, value_enum, default_value_t = ExitCodeStyle::Shakedown, env = "SHAKEDOWN_EXIT_CODE_STYLE")]
    pub(super) exit_code_style: ExitCodeStyle,
    /// Print warnings and errors only.
    #[arg(long, short = 'Q', global = true, display_order = LAST)]
    pub(super) quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless the environment has `NO_COLOR` or a dumb `TERM`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start the built-in flawed shop on loopback, run `check` on it and show the result.
    Demo(DemoArgs),
    /// Load test a URL or the scenarios of a plan.
    Load(Box<LoadArgs>),
    /// Crawl a URL and check it for flaws; safe unless --active.
    Scan(Box<ScanArgs>),
    /// Crawl a URL and say what is there, without checking it.
    Crawl(Box<CrawlArgs>),
    /// Run a plan's load and scan, apply every gate, write one report.
    Check(Box<CheckArgs>),
    /// Find the highest rate or number of users that meets an objective.
    Capacity(Box<CapacityArgs>),
    /// Steer a running load: rate, users, pause, stop; or look at it.
    Control(ControlCommandArgs),
    /// Write a commented plan to begin with.
    New(NewArgs),
    /// Turn OpenAPI, HAR, Postman, curl, GraphQL, URLs, access logs, k6 options into a plan.
    Import(ImportArgs),
    /// Run, list, show, validate or test rules and templates in Nuclei's format.
    Rules(Box<RulesArgs>),
    /// Turn a finished run into HTML, Markdown, SARIF, JUnit, CSV, GitLab's files, HAR or text.
    Report(ReportArgs),
    /// Put a finding on the list of accepted ones: why, by whom, until when.
    Accept(AcceptArgs),
    /// Look for findings of a report again: gone, still there, or not to be replayed.
    Retest(Box<RetestArgs>),
    /// Say what has changed between two runs: latency, errors, throughput, findings.
    Compare(Box<CompareArgs>),
    /// Put the parts of a run that several processes shared together.
    Merge(MergeArgs),
    /// Open a finished or growing run in the terminal UI.
    View(ViewArgs),
    /// Past runs: list, show, follow a metric through them, name, export, prune.
    History(HistoryCommandArgs),
    /// Say what a metric, rule, exit code or term means, or why a run failed.
    Explain(ExplainArgs),
    /// Check a plan and say what it would send, without sending anything.
    Validate(ValidateArgs),
    /// Print the JSON Schema of plans (or of reports, events, rules), for editors.
    Schema(SchemaArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// Files that a run writes, and how it shows itself.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct OutputArgs {
    /// Write the report as JSON, to standard output without FILE.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", help_heading = "Output")]
    pub(super) json: Option<PathBuf>,
    /// Write the event log as JSON Lines, to standard output without FILE.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-", help_heading = "Output")]
    pub(super) jsonl: Option<PathBuf>,
    /// Files of other formats.
    #[command(flatten)]
    pub(super) files: FileArgs,
    /// The summary in a file: asked for in other words, where it can be.
    #[arg(skip)]
    pub(super) text: Option<PathBuf>,
    /// Plain progress instead of the terminal UI.
    #[arg(long, help_heading = "Output")]
    pub(super) no_tui: bool,
    /// Tell every stage, login, operation, finding, failure and gate as a line with its time, in place
    /// of the terminal UI.
    #[arg(long, conflicts_with = "quiet", help_heading = "Output")]
    pub(super) verbose: bool,
    /// For CI: no terminal UI, no colour, an invalid run fails, and every format that services for CI
    /// take is written to --ci-dir.
    #[arg(long, env = "SHAKEDOWN_CI", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub(super) ci: bool,
    /// Where --ci writes run.json, run.html, run.md, junit.xml, run.sarif and the files of GitLab; a format
    /// that has a file of its own (here or in the plan) is not written twice.
    #[arg(long, value_name = "DIR", default_value = "reports", help_heading = "Output")]
    pub(super) ci_dir: PathBuf,
}

/// Who and how, for everything that sends.
#[derive(Debug, Clone, Args)]
pub(super) struct SendArgs {
    /// Instead of a plan's target, or of one of its `targets`; may be repeated. Goes before
    /// `SHAKEDOWN_TARGET` and `SHAKEDOWN_TARGET_NAME` of the environment.
    #[arg(long = "target", value_name = "[NAME=]URL", value_parser = target_override)]
    pub(super) targets: Vec<TargetOverride>,
    /// Header sent with every request, `Name: value`; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = "Connection")]
    pub(super) headers: Vec<String>,
    /// Longest wait for a whole response (load: 60s, scan: 30s).
    #[arg(short = 't', long, value_name = "TIME", value_parser = duration, help_heading = "Connection")]
    pub(super) timeout: Option<Duration>,
    /// Go on with certificates that cannot be verified (scan does, and reports them).
    #[arg(long, visible_alias = "insecure-skip-tls-verify", help_heading = "Connection")]
    pub(super) insecure: bool,
    /// Trust the certificates of this PEM file too; may be repeated.
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    pub(super) cacert: Vec<PathBuf>,
    /// The rest of it.
    #[command(flatten)]
    pub(super) connect: ConnectArgs,
    /// Who authorised testing of hosts that are not local; stands in the report.
    #[arg(long, value_name = "NAME", env = "SHAKEDOWN_AUTHORISED_BY", help_heading = "Safety")]
    pub(super) authorised_by: Option<String>,
    /// Seed of every random choice; printed in the report.
    #[arg(long, value_name = "N", help_heading = "Safety")]
    pub(super) seed: Option<u64>,
}

impl SendArgs {
    /// Every header line: those that have a flag of their own, and those of `-H`.
    pub(super) fn header_lines(&self) -> Vec<String> {
        [self.connect.headers(), self.headers.clone()].concat()
    }

    /// Nothing said.
    pub(super) fn none() -> Self {
        Self {
            targets: Vec::new(),
            headers: Vec::new(),
            timeout: None,
            insecure: false,
            cacert: Vec::new(),
            connect: ConnectArgs::default(),
            authorised_by: None,
            seed: None,
        }
    }
}

/// How a run that may load is carried out.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArgs {
    /// Generator threads (default: as the load needs, at most one per core).
    #[arg(long, value_name = "N", env = "SHAKEDOWN_THREADS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) threads: Option<u32>,
    /// How requests are sent.
    #[command(flatten)]
    pub(super) send: SendArgs,
    /// Who may steer it.
    #[command(flatten)]
    pub(super) control: ControlArgs,
    /// Which part of it this is.
    #[command(flatten)]
    pub(super) part: PartArgs,
    /// What of it is traced.
    #[command(flatten)]
    pub(super) trace: TraceArgs,
    /// Where its figures are sent.
    #[command(flatten)]
    pub(super) export: ExportArgs,
    /// What is written.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Whether it is kept.
    #[command(flatten)]
    pub(super) history: HistoryArgs,
}

impl RunArgs {
    /// Parts of one run draw from one seed.
    pub(super) fn settle(&mut self) {
        if self.part.part().is_some() {
            self.send.seed.get_or_insert(0);
        }
    }
}

/// `demo`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown demo                      run everything on the flawed shop (under 60 s)
  shakedown demo --no-tui             the same without the terminal UI
  shakedown demo --serve              only serve the flawed shop, to practise on
  shakedown demo --serve --safe       serve its safe twin
  shakedown demo --dials              faults of speed it can be given, each as strong as asked for
  shakedown demo --serve --safe --dial work=4 --dial lock=6
  shakedown demo --serve --safe --dial n-plus-one=2@/search")]
pub(super) struct DemoArgs {
    /// Only serve the shop, until Ctrl-C.
    #[arg(long)]
    pub(super) serve: bool,
    /// The safe twin: the same shop with every flaw mended.
    #[arg(long)]
    pub(super) safe: bool,
    /// End when standard input does: how the demonstration holds its child.
    #[arg(long, hide = true, requires = "serve")]
    pub(super) with_parent: bool,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(super) port: u16,
    /// Address to listen on: loopback only.
    #[arg(long, default_value = "127.0.0.1")]
    pub(super) address: std::net::IpAddr,
    /// With --serve: robots.txt and .well-known lead into the crawl test site at /maze.
    #[arg(long, requires = "serve")]
    pub(super) maze: bool,
    /// List the pages of the crawl test site at /maze and end.
    #[arg(long, conflicts_with_all = ["serve", "flaws"])]
    pub(super) targets: bool,
    /// List the planted flaws and end.
    #[arg(long, conflicts_with = "serve")]
    pub(super) flaws: bool,
    /// List the dials and end.
    #[arg(long, conflicts_with_all = ["serve", "flaws", "targets"])]
    pub(super) dials: bool,
    /// With --serve: turn a dial, some of them on one path only; may be repeated.
    #[arg(long, value_name = "NAME=VALUE[@PATH]", requires = "serve")]
    pub(super) dial: Vec<Dials>,
    /// Where the report and the event log go.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub(super) out_dir: PathBuf,
    /// Who may steer it.
    #[command(flatten)]
    pub(super) control: ControlArgs,
    /// Plain progress instead of the terminal UI.
    #[arg(long)]
    pub(super) no_tui: bool,
}

/// `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown check release.yml
  shakedown check release.yml --ci --sarif findings.sarif --junit gates.xml
  BASE_URL=http://127.0.0.1:3000 shakedown check release.yml
  shakedown check --fetch http://127.0.0.1:9000/release.yml")]
pub(super) struct CheckArgs {
    /// The plan file, or its URL with --fetch.
    #[arg(value_name = "PLAN")]
    pub(super) plan: String,
    /// Allow fetching the plan from a URL.
    #[arg(long)]
    pub(super) fetch: bool,
    /// Directory with additional rules; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Vec<PathBuf>,
    /// Findings gate when the plan has none of its own: this severity or above fails.
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = fail_on)]
    pub(super) fail_on: FailOn,
    /// What the run is compared with.
    #[command(flatten)]
    pub(super) baseline: BaselineArgs,
    /// What is not held against it.
    #[command(flatten)]
    pub(super) accepted: AcceptedArgs,
    /// How the load looks at responses.
    #[command(flatten)]
    pub(super) look: LookArgs,
    /// How it is carried out.
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown import openapi.yml -o plan.yml
  shakedown import openapi.json --target http://127.0.0.1:8080 -o plan.yml
  shakedown import openapi.json --tag orders --exclude '^/admin' -o orders.yml
  shakedown import browse.har --exclude '[.](css|js|png|woff2?)' -o browse.yml
  shakedown import shop.postman_collection.json --environment staging.json -o shop.yml
  shakedown import /var/log/nginx/access.log --target http://127.0.0.1:8080 -o as-logged.yml
  pbpaste | shakedown import - -f curl

Requests that change something (POST, PUT, PATCH, DELETE) come in with
`enabled: false`: remove that line to have one sent, or say --enable-unsafe for
all of them. Secrets are not copied:
the plan says which variables of the environment to set. What could not be
read is told on standard error, and the rest is imported. `load`, `scan` and
`check` take the same files directly.")]
pub(super) struct ImportArgs {
    /// OpenAPI, Swagger, HAR, Postman, curl commands, a GraphQL schema, URLs, an access log, k6 options
    /// or ZAP's baseline configuration; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Where the plan goes; standard output by default.
    #[arg(short = 'o', long, value_name = "FILE", default_value = "-")]
    pub(super) output: PathBuf,
    /// Write over a plan that is there.
    #[arg(long)]
    pub(super) force: bool,
    /// What the file is, where its content does not show it.
    #[arg(short = 'f', long, value_name = "FORMAT", value_parser = import_format)]
    pub(super) format: Option<Format>,
    /// A Postman environment; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(super) environment: Vec<PathBuf>,
    /// The service, instead of the one that the file names.
    #[arg(long, value_name = "URL", value_parser = target)]
    pub(super) target: Option<Target>,
    /// Only requests whose path matches this regular expression; may be repeated.
    #[arg(long, value_name = "REGEX", value_parser = Regex::new)]
    pub(super) include: Vec<Regex>,
    /// No request whose path matches this regular expression; may be repeated.
    #[arg(long, value_name = "REGEX", value_parser = Regex::new)]
    pub(super) exclude: Vec<Regex>,
    /// Only requests with this tag; may be repeated.
    #[arg(long, value_name = "TAG")]
    pub(super) tag: Vec<String>,
    /// Have requests that change something (POST, PUT, PATCH, DELETE) sent too.
    #[arg(long)]
    pub(super) enable_unsafe: bool,
}

/// `view`.
#[derive(Debug, Args)]
#[command(after_help = "\
An event log is followed while it grows, as by `tail -f`; what the run of another
process does can be watched here, and steered by `shakedown control`.

Keys: 1-8 and Tab change the screen, / filters, s sorts, Enter and Esc open and
close, f freezes the picture, w writes the report so far, ? shows all keys, q
leaves.

Examples:
  shakedown view run.json
  shakedown load plan.yml --jsonl=run.jsonl     in one terminal, and in another:
  shakedown view run.jsonl")]
pub(super) struct ViewArgs {
    /// A report (JSON), an event log (JSON Lines), or Nuclei's results.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}

/// `validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown validate plan.yml
  shakedown validate plan.yml --json
  shakedown validate openapi.yml             what load and scan would make of it
  shakedown validate http://127.0.0.1:8080/
  shakedown validate plan.yml > resolved.yml

Standard output has the resolved plan: everything substituted, every default filled
in, a plan itself. What it would send is told behind it, on standard error where
standard output is no terminal. 104 if the plan is wrong, with every mistake.")]
pub(super) struct ValidateArgs {
    /// A plan, a file that `import` reads (OpenAPI, HAR, …), or a URL.
    #[arg(value_name = "PLAN|FILE|URL")]
    pub(super) target: String,
    /// Both as one JSON document, on standard output.
    #[arg(long)]
    pub(super) json: bool,
    /// The URL is that of a plan: fetch it.
    #[arg(long)]
    pub(super) fetch: bool,
    /// Instead of a plan's target, or of one of its `targets`; may be repeated.
    #[arg(long = "target", value_name = "[NAME=]URL", value_parser = target_override)]
    pub(super) targets: Vec<TargetOverride>,
    /// Who authorised testing of hosts that are not local.
    #[arg(long, value_name = "NAME", env = "SHAKEDOWN_AUTHORISED_BY")]
    pub(super) authorised_by: Option<String>,
}

/// `schema`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown schema -o plan.schema.json
  shakedown schema --report

With `# yaml-language-server: $schema=plan.schema.json` as the first line of a
plan, editors with the YAML language server (VS Code, Neovim, Helix, Zed, …) complete its
keys, explain them, and mark what is wrong.")]
pub(super) struct SchemaArgs {
    /// That of reports (`--json`).
    #[arg(long, group = "what")]
    pub(super) report: bool,
    /// That of the lines of an event log (`--jsonl`).
    #[arg(long, group = "what")]
    pub(super) events: bool,
    /// That of what `compare -f json` writes.
    #[arg(long, group = "what")]
    pub(super) comparison: bool,
    /// That of rule files.
    #[arg(long, group = "what")]
    pub(super) rule: bool,
    /// Where to write; standard output by default.
    #[arg(short = 'o', long, visible_alias = "out", value_name = "FILE", default_value = "-")]
    pub(super) output: PathBuf,
}

/// `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  shakedown completions bash > ~/.local/share/bash-completion/completions/shakedown")]
pub(super) struct CompletionsArgs {
    /// Which shell.
    pub(super) shell: clap_complete::Shell,
}

/// From which severity on findings fail a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailOn {
    /// Findings never fail the run.
    Never,
    /// Findings of this severity or above do.
    From(Severity),
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate = parse_rate(text).map_err(|error| error.to_string())?;
    if rate <= 0.0 {
        return Err("a rate must be greater than 0".to_owned());
    }
    if rate > MAX_RATE {
        return Err("a rate above 100,000,000/s is beyond any generator".to_owned());
    }
    Ok(rate)
}

/// Requests per second that nobody means seriously.
const MAX_RATE: f64 = 1e8;

pub(super) fn fail_on(text: &str) -> Result<FailOn, String> {
    if text == "never" {
        return Ok(FailOn::Never);
    }
    Severity::parse(text)
        .map(FailOn::From)
        .ok_or_else(|| "one of never, info, low, medium, high, critical".to_owned())
}

fn import_format(text: &str) -> Result<Format, String> {
    Format::parse(text).ok_or_else(|| {
        let words: Vec<&str> = Format::ALL.iter().map(|(word, _)| *word).collect();
        format!("one of {}", words.join(", "))
    })
}

/// `URL` or `NAME=URL`; no scheme and no host has a `=`.
pub(super) fn target_override(text: &str) -> Result<TargetOverride, String> {
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let (name, url) = match text.split_once('=') {
        Some((name, url)) if is_name(name) => (TargetName::Exact(name.to_owned()), url),
        _ => (TargetName::Default, text),
    };
    Ok(TargetOverride { name, target: target(url)? })
}

pub(super) fn target(text: &str) -> Result<Target, String> {
    Target::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_without_a_file_is_standard_output() {
        let cli = Cli::parse_from(["shakedown", "load", "http://127.0.0.1/", "--json"]);
        let Command::Load(args) = cli.command else { panic!("load was given") };
        assert_eq!(args.run.output.json, Some(PathBuf::from("-")));
    }

    #[test]
    fn requests_and_duration_exclude_each_other() {
        let parsed = Cli::try_parse_from(["shakedown", "load", "x", "-n", "1", "-z", "1s"]);
        assert!(parsed.is_err());
    }
}
