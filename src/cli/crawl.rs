//! `crawl`: find what is there, and check nothing.

use clap::Args;

use crate::model::ExitCode;
use crate::model::Headline;
use crate::model::MetricName;
use crate::run::RunKind;

use super::args::OutputArgs;
use super::args::SendArgs;
use super::control_args::ControlArgs;
use super::discover::DiscoverArgs;
use super::discover::Discovery;
use super::discover::Unsaid;
use super::error::CliError;
use super::execute::Execution;
use super::execute::execute;
use super::terminal::Terminal;

/// `crawl`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  What is there:
    shakedown crawl http://127.0.0.1:8080/
  Far and fast, on a service of your own:
    shakedown crawl http://127.0.0.1:8080/ --max-urls 100000 --depth 50 \\
      --max-rps 5000 --concurrency 50
  As somebody whose login the plan describes, the report as JSON:
    shakedown crawl plan.yml --as alice --json=crawl.json

Only GET and HEAD are sent, forms with POST only with --allow-unsafe. Links that log
out or delete are left alone and reported. No rule looks at the answers: that is
what `scan` does.")]
pub(super) struct CrawlArgs {
    /// A URL, a plan, or a file that `import` reads (OpenAPI, HAR, …).
    #[arg(value_name = "URL|PLAN")]
    target: String,
    /// Send forms and requests that may change something (POST) too.
    #[arg(long)]
    allow_unsafe: bool,
    /// What is looked at, as whom, and how fast.
    #[command(flatten)]
    discover: DiscoverArgs,
    /// How requests are sent.
    #[command(flatten)]
    send: SendArgs,
    /// What is written.
    #[command(flatten)]
    output: OutputArgs,
}

/// Runs the crawl.
pub(super) fn run(args: &CrawlArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let discovery = Discovery {
        target: &args.target,
        args: &args.discover,
        send: &args.send,
        active: None,
        allow_unsafe: args.allow_unsafe,
        rules: &[],
        unsaid: Unsaid::Defaults,
    };
    let mut plan = discovery.plan()?;
    if let Some(scan) = &mut plan.scan {
        scan.allow_unsafe |= args.allow_unsafe;
        // Nothing is judged, so there is nothing to load and nothing to gate.
        scan.rule_dirs.clear();
    }
    plan.thresholds.retain(|threshold| threshold.metric() != MetricName::Findings);
    execute(Execution {
        plan,
        kind: RunKind::Crawl,
        command: "crawl",
        threads: None,
        output: &args.output,
        control: &ControlArgs::default(),
        terminal,
        headline: Headline::default(),
    })
}
