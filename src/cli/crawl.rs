//! `crawl`: find what is there, and check nothing.

use std::path::PathBuf;

use clap::Args;

use crate::import::Format;
use crate::import::Imported;
use crate::import::Login;
use crate::import::Options;
use crate::model::ExitCode;
use crate::model::Headline;
use crate::model::MetricName;
use crate::model::SiteKind;
use crate::plan::Plan;
use crate::plan::Resolved;
use crate::run::RunKind;

use super::args::OutputArgs;
use super::args::SendArgs;
use super::control_args::ControlArgs;
use super::discover;
use super::discover::DiscoverArgs;
use super::discover::Discovery;
use super::discover::Unsaid;
use super::error::CliError;
use super::execute::Execution;
use super::execute::Exploration;
use super::execute::execute;
use super::import;
use super::plans;
use super::site_output::SiteContext;
use super::site_output::SiteOutput;
use super::site_output::site_output;
use super::terminal::Terminal;

/// Sections of a plan that say how somebody logs in.
const LOGIN_SECTIONS: [&str; 4] = ["secrets", "data", "auth", "identities"];

/// `crawl`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  What is there:
    shakedown crawl http://127.0.0.1:8080/
  As a plan that load and scan take, and as a list for other tools:
    shakedown crawl http://127.0.0.1:8080/ -o plan.yml -o urls.txt
  Weighted as real users go, by the server's log:
    shakedown crawl http://127.0.0.1:8080/ -o plan.yml --access-log access.log
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
    /// Write what was found: plan.yml, openapi.yml, urls.txt or site.har by its name, or
    /// plan=FILE, openapi=FILE, urls=FILE, har=FILE; may be repeated. `-` is standard output.
    #[arg(short = 'o', long = "output", value_name = "[KIND=]FILE", value_parser = site_output)]
    sites: Vec<SiteOutput>,
    /// Weigh the plan's requests by how often this access log has them, not by links.
    #[arg(long, value_name = "FILE", requires = "sites")]
    access_log: Option<PathBuf>,
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
        policy: None,
        strength: None,
        untimed: false,
        allow_unsafe: args.allow_unsafe,
        credentials: None,
        rules: &[],
        templates: None,
        unsaid: Unsaid::Defaults,
    };
    let (mut plan, written) = discovery.resolve()?;
    let site = SiteContext { login: login(args, &plan, written.as_ref()), log: log(args)? };
    if let Some(scan) = &mut plan.scan {
        scan.allow_unsafe |= args.allow_unsafe;
        // Nothing is judged, so there is nothing to load and nothing to gate.
        scan.rule_dirs.clear();
        scan.templates.paths.clear();
    }
    plan.thresholds.retain(|threshold| threshold.metric() != MetricName::Findings);
    let record = discover::record(&args.discover, &mut plan)?;
    let ended = execute(Execution {
        plan,
        kind: RunKind::Crawl,
        command: "crawl",
        threads: None,
        output: &args.output,
        control: &ControlArgs::default(),
        terminal,
        part: None,
        headline: Headline::default(),
        keeping: None,
        discovery: Some(Exploration { record, sites: &args.sites, site, ..Exploration::default() }),
    })?;
    Ok(ended.code)
}

/// Who looks at the site, for a plan that goes on as them.
fn login(args: &CrawlArgs, plan: &Plan, written: Option<&Resolved>) -> Option<Login> {
    let wanted = args.sites.iter().any(|site| site.kind == SiteKind::Plan);
    let who = plan.sessions.scan.filter(|_| wanted)?;
    let sessions = &plan.sessions;
    let auth = sessions.auths.get(who.auth).map(|auth| auth.name.clone());
    let identity = who.identity.and_then(|index| sessions.identities.get(index));
    let sections = plans::sections(written?, &LOGIN_SECTIONS);
    Some(Login { sections, whom: identity.map(|one| one.name.clone()).or(auth) })
}

/// Real traffic, if there is a log of it.
fn log(args: &CrawlArgs) -> Result<Option<Imported>, CliError> {
    let Some(path) = &args.access_log else { return Ok(None) };
    let options = Options { format: Some(Format::AccessLog), ..Options::default() };
    let imported = crate::import::import_file(path, &options)?;
    import::warn(&imported);
    Ok(Some(imported))
}
