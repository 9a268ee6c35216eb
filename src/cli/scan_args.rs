//! Flags of `scan`.

use std::path::PathBuf;

use clap::Args;

use super::args::FailOn;
use super::args::OutputArgs;
use super::args::SendArgs;
use super::args::fail_on;
use super::baseline::AcceptedArgs;
use super::baseline::BaselineArgs;
use super::discover::DiscoverArgs;
use super::history::HistoryArgs;
use super::template_args::TemplateArgs;
use crate::plan::Policy;
use crate::plan::Strength;

/// `scan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Crawl and look, send nothing unusual:
    shakedown scan http://127.0.0.1:8080/
  Also probe for injections and the like, or for some of them only:
    shakedown scan http://127.0.0.1:8080/ --active
    shakedown scan http://127.0.0.1:8080/ --active=xss-reflected,open-redirect
  With templates in Nuclei's format, those that change known requests too:
    shakedown scan http://127.0.0.1:8080/ --templates my-templates/ --dast
  As somebody whose login the plan describes:
    shakedown scan plan.yml --as alice
  Who may do what, for a plan's `scan.access` to compare with from now on:
    shakedown scan plan.yml --write-access access.yml
  With a cookie of your own, but not everywhere:
    shakedown scan http://127.0.0.1:8080/ -H 'Cookie: sid=…' \\
      --exclude '^/admin' --sarif scan.sarif

Without --active only GET and HEAD of what the site itself links to. POST forms
are probed only with --allow-unsafe. Links that log out or delete are left alone
and reported. Templates send what they say, with or without --active: who names
them asks for it.")]
pub(super) struct ScanArgs {
    /// A URL, a plan with a `scan` section, or a file that `import` reads (OpenAPI, HAR, …).
    #[arg(value_name = "URL|PLAN")]
    pub(super) target: String,
    /// Send probes: the checks of --policy (standard, unless it is given), or those named.
    #[arg(long, value_name = "CHECK,…", num_args = 0..=1, require_equals = true, value_delimiter = ',', default_missing_value = "all")]
    pub(super) active: Option<Vec<String>>,
    /// Send probes, those of: ci (quick, disturbs nobody), standard (what does not strain the target), full
    /// (everything) or api (what interfaces for programs have).
    #[arg(long, value_name = "NAME", value_parser = policy)]
    pub(super) policy: Option<Policy>,
    /// How many values the checks try, at how many places: low, medium or high; by default as the policy
    /// has it.
    #[arg(long, value_name = "HOW", value_parser = strength)]
    pub(super) strength: Option<Strength>,
    /// Leave out flaws that only show by how long the target waits (`sqli-time`, and the waits of others):
    /// quicker, and nothing is kept busy.
    #[arg(long)]
    pub(super) untimed: bool,
    /// Probe forms with side effects (POST) too, by --active or --dast.
    #[arg(long)]
    pub(super) allow_unsafe: bool,
    /// Names and passwords to try at logins, a line `user:password` each: a few of each account, slowly, until
    /// a lock is spoken of. Whoever answers for the service has to allow it.
    #[arg(long, value_name = "FILE")]
    pub(super) credentials: Option<PathBuf>,
    /// What is looked at, as whom, and how fast.
    #[command(flatten)]
    pub(super) discover: DiscoverArgs,
    /// Directory with additional rules; may be repeated.
    #[arg(long, value_name = "DIR")]
    pub(super) rules: Vec<PathBuf>,
    /// Templates that run too.
    #[command(flatten)]
    pub(super) templates: TemplateArgs,
    /// What the run is compared with.
    #[command(flatten)]
    pub(super) baseline: BaselineArgs,
    /// What is not held against it.
    #[command(flatten)]
    pub(super) accepted: AcceptedArgs,
    /// Write who may do what, as a plan with `scan.access` has it found out, to this file: its `matrix`.
    /// Read what has changed before you commit it.
    #[arg(long, value_name = "FILE")]
    pub(super) write_access: Option<PathBuf>,
    /// Findings of this severity or above (new, firm) fail the run: exit 80. A plan's own findings
    /// gate goes before it.
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = fail_on)]
    pub(super) fail_on: FailOn,
    /// How requests are sent.
    #[command(flatten)]
    pub(super) send: SendArgs,
    /// What is written.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Whether it is kept.
    #[command(flatten)]
    pub(super) history: HistoryArgs,
}

fn policy(name: &str) -> Result<Policy, String> {
    Policy::parse(name).ok_or_else(|| "one of ci, standard, full, api".to_owned())
}

fn strength(name: &str) -> Result<Strength, String> {
    Strength::parse(name).ok_or_else(|| "one of low, medium, high".to_owned())
}
