//! Flags of `rules`, with Nuclei's names and meaning where it has them.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;

use crate::cli::args::FailOn;
use crate::cli::args::fail_on;
use crate::cli::callback_args::CallbackArgs;
use crate::cli::templates::Indexing;
use crate::model::Proxy;
use crate::plan::TemplateSettings;
use crate::rules::template::Fuzzed;

/// `rules`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RulesArgs {
    #[command(subcommand)]
    pub(super) command: RulesCommand,
}

/// What to do with them.
#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// Run templates in Nuclei's format against targets; takes Nuclei's flags, with one dash or two.
    Run(Box<RunArgs>),
    /// List rules and templates.
    List(Box<ListArgs>),
    /// Show what a rule or template says about itself.
    Show(ShowArgs),
    /// Say what is wrong with rule and template files, and what would not be run.
    Validate(ValidateArgs),
    /// Run the examples that rule and template files carry.
    Test(TestArgs),
}

/// Which templates.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ChooseArgs {
    /// Files and folders of templates; may be repeated, or separated by commas.
    #[arg(
        short = 't',
        long,
        value_name = "PATH",
        value_delimiter = ',',
        visible_aliases = ["template", "workflows"],
        short_alias = 'w',
        help_heading = "Templates"
    )]
    pub(super) templates: Vec<PathBuf>,
    /// Templates with any of these tags.
    #[arg(long, value_name = "TAG", value_delimiter = ',', help_heading = "Templates")]
    pub(super) tags: Vec<String>,
    /// No template with any of these tags.
    #[arg(
        long,
        value_name = "TAG",
        value_delimiter = ',',
        visible_alias = "etags",
        help_heading = "Templates"
    )]
    pub(super) exclude_tags: Vec<String>,
    /// Templates with these tags although they are left out by default (dos, fuzz, local,
    /// bruteforce) or by --exclude-tags.
    #[arg(
        long,
        value_name = "TAG",
        value_delimiter = ',',
        visible_alias = "itags",
        help_heading = "Templates"
    )]
    pub(super) include_tags: Vec<String>,
    /// Templates of these severities: info, low, medium, high, critical, unknown.
    #[arg(
        short = 's',
        long,
        value_name = "SEVERITY",
        value_delimiter = ',',
        help_heading = "Templates"
    )]
    pub(super) severity: Vec<String>,
    /// No template of these severities.
    #[arg(
        long,
        value_name = "SEVERITY",
        value_delimiter = ',',
        visible_alias = "es",
        help_heading = "Templates"
    )]
    pub(super) exclude_severity: Vec<String>,
    /// Templates with these ids; * and ? stand for anything.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        visible_alias = "template-id",
        help_heading = "Templates"
    )]
    pub(super) id: Vec<String>,
    /// No template with these ids.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        visible_alias = "eid",
        help_heading = "Templates"
    )]
    pub(super) exclude_id: Vec<String>,
    /// Templates by these authors.
    #[arg(
        short = 'a',
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Templates"
    )]
    pub(super) author: Vec<String>,
    /// Templates of these kinds: http, workflow.
    #[arg(
        long = "type",
        value_name = "KIND",
        value_delimiter = ',',
        visible_alias = "pt",
        help_heading = "Templates"
    )]
    pub(super) kinds: Vec<String>,
    /// No template of these kinds.
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        visible_alias = "ept",
        help_heading = "Templates"
    )]
    pub(super) exclude_type: Vec<String>,
    /// Files and folders that run whatever is excluded.
    #[arg(
        long,
        value_name = "PATH",
        value_delimiter = ',',
        visible_alias = "it",
        help_heading = "Templates"
    )]
    pub(super) include_templates: Vec<String>,
    /// Files and folders that do not run.
    #[arg(
        long,
        value_name = "PATH",
        value_delimiter = ',',
        visible_alias = "et",
        help_heading = "Templates"
    )]
    pub(super) exclude_templates: Vec<String>,
    /// Templates for which this expression is true, over id, name, tags, severity, `cvss_score`, …; may be
    /// repeated.
    #[arg(long, value_name = "EXPRESSION", visible_alias = "tc", help_heading = "Templates")]
    pub(super) template_condition: Vec<String>,
    /// Only templates that change known requests (`fuzzing`): those of the targets' parameters.
    #[arg(long, visible_alias = "fuzz", help_heading = "Templates")]
    pub(super) dast: bool,
    /// Templates whose requests go to others than the target too; they must be in scope all the same.
    #[arg(long, visible_alias = "esc", help_heading = "Templates")]
    pub(super) enable_self_contained: bool,
    /// Do not keep, or use, the index that lets a filtered run start at once.
    #[arg(long, help_heading = "Templates")]
    pub(super) no_index: bool,
}

impl ChooseArgs {
    /// The same as a scan's plan says it.
    pub(super) fn settings(&self) -> TemplateSettings {
        TemplateSettings {
            paths: self.templates.clone(),
            tags: self.tags.clone(),
            exclude_tags: self.exclude_tags.clone(),
            include_tags: self.include_tags.clone(),
            severities: self.severity.clone(),
            exclude_severities: self.exclude_severity.clone(),
            ids: self.id.clone(),
            exclude_ids: self.exclude_id.clone(),
            authors: self.author.clone(),
            kinds: self.kinds.clone(),
            exclude_kinds: self.exclude_type.clone(),
            include_paths: self.include_templates.clone(),
            exclude_paths: self.exclude_templates.clone(),
            conditions: self.template_condition.clone(),
            fuzzed: if self.dast { Fuzzed::Only } else { Fuzzed::No },
            self_contained: self.enable_self_contained,
        }
    }

    /// Whether an index is kept.
    pub(super) fn indexing(&self) -> Indexing {
        if self.no_index { Indexing::Off } else { Indexing::Kept }
    }
}

/// `rules run`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  A folder of templates against a target:
    shakedown rules run -t nuclei-templates/ -u http://127.0.0.1:8080/
  Some of them, as Nuclei's flags say it, results as JSON lines:
    shakedown rules run -t nuclei-templates/ -tags exposure,panel -severity medium,high \\
      -u http://127.0.0.1:8080/ -jsonl -o results.jsonl
  Several targets, ten requests a second, a report besides:
    shakedown rules run -t templates/ -l targets.txt -rl 10 --html report.html

Templates that put a service out of action, guess at length or need a foothold (tags
dos, fuzz, local, bruteforce), and those that address others than the target, run only
when they are asked for. Programs are never run, and no request leaves the scope.
A flag of Nuclei that is not taken is answered with what to do instead (-project, -headless).
Ends with 0 whether something was found or not, unless --fail-on says otherwise.")]
pub(super) struct RunArgs {
    /// A target; may be repeated.
    #[arg(
        short = 'u',
        long = "target",
        value_name = "URL",
        value_delimiter = ',',
        help_heading = "Targets"
    )]
    pub(super) targets: Vec<String>,
    /// A file with one target a line; - is standard input.
    #[arg(short = 'l', long, value_name = "FILE", help_heading = "Targets")]
    pub(super) list: Option<PathBuf>,
    /// Hosts that are left out of the list.
    #[arg(
        long,
        value_name = "HOST",
        value_delimiter = ',',
        visible_alias = "eh",
        help_heading = "Targets"
    )]
    pub(super) exclude_hosts: Vec<String>,
    #[command(flatten)]
    pub(super) choose: ChooseArgs,
    /// Look at the target's own page first, with the templates among those of -t that are tagged `tech`
    /// and ask for nothing else, and leave out templates that are tagged with technologies such a
    /// template can tell (`nginx`, `wordpress`) but none of which was seen. Templates that are tagged
    /// with none of them run.
    #[arg(
        long,
        visible_alias = "as",
        conflicts_with = "scan_strategy",
        help_heading = "Templates"
    )]
    pub(super) automatic_scan: bool,
    /// Write the list of templates that would run, and end.
    #[arg(long = "tl", help_heading = "Templates")]
    pub(super) list_templates: bool,
    /// No results of these matchers: TEMPLATE-ID:MATCHER, either may be *; TEMPLATE-ID alone is all of
    /// its matchers.
    #[arg(
        long,
        value_name = "ID:MATCHER",
        value_delimiter = ',',
        visible_alias = "em",
        help_heading = "Templates"
    )]
    pub(super) exclude_matchers: Vec<String>,
    /// Flags as keys of a YAML file, as Nuclei's configuration and profiles have them; what stands on
    /// the command line counts alone.
    #[arg(long, value_name = "FILE", visible_aliases = ["profile", "tp"], help_heading = "Templates")]
    pub(super) config: Vec<PathBuf>,
    /// Requests per second at most.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 150.0,
        visible_alias = "rl",
        help_heading = "Sending"
    )]
    pub(super) rate_limit: f64,
    /// Templates at once.
    #[arg(short = 'c', long, value_name = "N", default_value_t = 25, help_heading = "Sending")]
    pub(super) concurrency: u32,
    /// Requests at once.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 25,
        visible_alias = "bs",
        help_heading = "Sending"
    )]
    pub(super) bulk_size: u32,
    /// Longest wait for a whole response, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, help_heading = "Sending")]
    pub(super) timeout: u64,
    /// Times that a request is sent again when there was no answer.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Sending")]
    pub(super) retries: u32,
    /// Requests at most.
    #[arg(long, value_name = "N", help_heading = "Sending")]
    pub(super) max_requests: Option<u64>,
    /// Which comes first: one target with all templates (auto, host-spray), or one template with all
    /// targets.
    #[arg(
        long,
        value_name = "KIND",
        value_parser = ["auto", "host-spray", "template-spray"],
        default_value = "auto",
        visible_alias = "ss",
        help_heading = "Sending"
    )]
    pub(super) scan_strategy: String,
    /// A host is left alone when so many requests in a row found nobody there.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 30,
        visible_alias = "mhe",
        help_heading = "Sending"
    )]
    pub(super) max_host_error: u32,
    /// No host is left alone for that.
    #[arg(long, visible_alias = "nmhe", help_heading = "Sending")]
    pub(super) no_mhe: bool,
    /// Client certificate (PEM), for servers that want one.
    #[arg(long, value_name = "FILE", visible_alias = "cc", help_heading = "Sending")]
    pub(super) client_cert: Option<PathBuf>,
    /// Its private key (PEM), unless it stands in the same file.
    #[arg(
        long,
        value_name = "FILE",
        visible_alias = "ck",
        requires = "client_cert",
        help_heading = "Sending"
    )]
    pub(super) client_key: Option<PathBuf>,
    /// Additional root certificate (PEM) to trust.
    #[arg(long, value_name = "FILE", visible_alias = "ca", help_heading = "Sending")]
    pub(super) client_ca: Option<PathBuf>,
    /// Name asked for in TLS handshakes.
    #[arg(long, value_name = "NAME", help_heading = "Sending")]
    pub(super) sni: Option<String>,
    /// Header sent with every request, in place of the template's: `Name: value`; may be repeated.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", help_heading = "Sending")]
    pub(super) header: Vec<String>,
    /// A value for a name in templates, `name=value`; may be repeated.
    #[arg(short = 'V', long, value_name = "NAME=VALUE", help_heading = "Sending")]
    pub(super) var: Vec<String>,
    /// How payloads combine, in place of the template's: batteringram, pitchfork, clusterbomb.
    #[arg(long, value_name = "KIND", visible_alias = "at", help_heading = "Sending")]
    pub(super) attack_type: Option<String>,
    /// Follow redirects to any host in scope, in place of the template's policy.
    #[arg(long, visible_alias = "fr", conflicts_with_all = ["follow_host_redirects", "disable_redirects"], help_heading = "Sending")]
    pub(super) follow_redirects: bool,
    /// Follow redirects on the same host, in place of the template's policy.
    #[arg(
        long,
        visible_alias = "fhr",
        conflicts_with = "disable_redirects",
        help_heading = "Sending"
    )]
    pub(super) follow_host_redirects: bool,
    /// Follow no redirects, in place of the template's policy.
    #[arg(long, visible_alias = "dr", help_heading = "Sending")]
    pub(super) disable_redirects: bool,
    /// Redirects that are followed at most.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        visible_alias = "mr",
        help_heading = "Sending"
    )]
    pub(super) max_redirects: u32,
    /// A template ends with its first match.
    #[arg(long, visible_alias = "spm", help_heading = "Sending")]
    pub(super) stop_at_first_match: bool,
    /// Look at every answer with the templates that have `global-matchers`.
    #[arg(long, visible_alias = "egm", help_heading = "Sending")]
    pub(super) enable_global_matchers: bool,
    /// Send what several templates ask alike for each of them, instead of once for all.
    #[arg(long, visible_alias = "dc", help_heading = "Sending")]
    pub(super) disable_clustering: bool,
    /// A template does not ask again (in later rounds of payloads, in later steps) for a path, with the
    /// same method, that was answered to the letter as the target answers to what is not there. That is
    /// learnt from two random names in a folder; where those are answered differently, nothing is left
    /// out, and what may have changed the target makes it ask again.
    #[arg(long, help_heading = "Sending")]
    pub(super) skip_not_found: bool,
    /// HTTP or SOCKS proxy for everything.
    #[arg(short = 'p', long, value_name = "URL", value_parser = Proxy::parse, help_heading = "Sending")]
    pub(super) proxy: Option<Proxy>,
    #[command(flatten)]
    pub(super) callbacks: CallbackArgs,
    /// Write results as JSON lines, with Nuclei's names.
    #[arg(short = 'j', long, help_heading = "Output")]
    pub(super) jsonl: bool,
    /// Write results to this file too.
    #[arg(short = 'o', long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Option<PathBuf>,
    /// Leave out what was sent and received of JSON lines.
    #[arg(long, visible_alias = "or", help_heading = "Output")]
    pub(super) omit_raw: bool,
    /// Write results to this file as JSON lines too.
    #[arg(long, value_name = "FILE", visible_alias = "jle", help_heading = "Output")]
    pub(super) jsonl_export: Option<PathBuf>,
    /// Write a line for each template that ran and matched nowhere too.
    #[arg(long, visible_alias = "ms", help_heading = "Output")]
    pub(super) matcher_status: bool,
    /// Keep all that is sent and received, a file for each exchange, secrets included.
    #[arg(long, visible_alias = "sresp", help_heading = "Output")]
    pub(super) store_resp: bool,
    /// Where to (`output`); asks for it as well.
    #[arg(long, value_name = "DIR", visible_alias = "srd", help_heading = "Output")]
    pub(super) store_resp_dir: Option<PathBuf>,
    /// Write how far the run has come to standard error, every few seconds.
    #[arg(long, help_heading = "Output")]
    pub(super) stats: bool,
    /// The same as JSON lines.
    #[arg(long, visible_alias = "sj", help_heading = "Output")]
    pub(super) stats_json: bool,
    /// Seconds between two such lines.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 5,
        visible_alias = "si",
        help_heading = "Output"
    )]
    pub(super) stats_interval: u64,
    /// Results alone: no progress, no summary.
    #[arg(long, help_heading = "Output")]
    pub(super) silent: bool,
    /// Without colour.
    #[arg(long, visible_alias = "nc", help_heading = "Output")]
    pub(super) plain: bool,
    /// Write the whole report as JSON.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) report: Option<PathBuf>,
    /// Write the report as one HTML page.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) html: Option<PathBuf>,
    /// Write the report as Markdown.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) md: Option<PathBuf>,
    /// Write the findings as SARIF 2.1.0.
    #[arg(long, value_name = "FILE", visible_aliases = ["se", "sarif-export"], help_heading = "Output")]
    pub(super) sarif: Option<PathBuf>,
    /// Write the findings as JUnit XML.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) junit: Option<PathBuf>,
    /// Fail (80) if there is a finding of this severity or above.
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on, default_value = "never", help_heading = "Output")]
    pub(super) fail_on: FailOn,
    /// Who authorised testing of hosts that are not local; stands in the report.
    #[arg(long, value_name = "NAME", env = "SHAKEDOWN_AUTHORISED_BY", help_heading = "Safety")]
    pub(super) authorised_by: Option<String>,
    /// Seed of every random choice.
    #[arg(long, value_name = "N", help_heading = "Safety")]
    pub(super) seed: Option<u64>,
    /// A template that is wrong stops the run (104), instead of being left out and named.
    #[arg(long, help_heading = "Safety")]
    pub(super) strict: bool,
}

/// `rules list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown rules list                               the built-in rules
  shakedown rules list -t templates/ -tags cve       templates with a tag
  shakedown rules list -t templates/ --json          the same for programs")]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) choose: ChooseArgs,
    /// One JSON object for each.
    #[arg(long)]
    pub(super) json: bool,
}

/// `rules show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The rule's id.
    #[arg(value_name = "ID")]
    pub(super) id: String,
    /// Files and folders of templates to look in, beside the built-in rules.
    #[arg(short = 't', long, value_name = "PATH", value_delimiter = ',')]
    pub(super) templates: Vec<PathBuf>,
}

/// `rules validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown rules validate my-rules/ templates/cves/
Ends with 104 if a file is wrong; what this tool does not run is counted, with its reason.")]
pub(super) struct ValidateArgs {
    /// Files and folders.
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// One JSON object for each refusal.
    #[arg(long)]
    pub(super) json: bool,
    /// What is not run counts as wrong too.
    #[arg(long)]
    pub(super) strict: bool,
}

/// `rules test`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown rules test                 the built-in rules against their examples
  shakedown rules test my-rules/       your own
A file's `examples:` has `match:` and `no-match:` lists of raw responses. Ends with 104 if one is
not judged as it says.")]
pub(super) struct TestArgs {
    /// Files and folders; the built-in rules where there is none.
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
}
