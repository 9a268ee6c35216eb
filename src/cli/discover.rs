//! What `scan` and `crawl` have in common: where discovery begins, how far it goes, as whom.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::flow::auth::Who;
use crate::import::Format;
use crate::model::did_you_mean;
use crate::plan::Browsing;
use crate::plan::Credential;
use crate::plan::Plan;
use crate::plan::Policy;
use crate::plan::Resolved;
use crate::plan::RobotsPolicy;
use crate::plan::ScanFlags;
use crate::plan::ScanSettings;
use crate::plan::Strength;
use crate::plan::TemplateSettings;
use crate::scan::Record;

use super::args::SendArgs;
use super::args::duration;
use super::args::rate;
use super::error::CliError;
use super::plans;
use super::seeds;

/// Bounds, scope and session of discovery.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct DiscoverArgs {
    /// Links followed from the start page at most (5).
    #[arg(long, value_name = "N")]
    pub(super) depth: Option<u32>,
    /// URLs fetched at most (2000), by the browser too.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_urls: Option<u64>,
    /// Pages of one kind (method, path template, parameters) in a row that lead to nothing new before
    /// the rest of the kind is left out (12); 0 fetches all of them.
    #[arg(long, value_name = "N")]
    pub(super) per_kind: Option<u32>,
    /// Longest time that the crawl takes.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) max_time: Option<Duration>,
    /// Bytes of responses at most, the browser's too.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_bytes: Option<u64>,
    /// What robots.txt means: only-as-source (it names paths, the default: you test a service of your
    /// own, and want to know what it hides), respect (it is obeyed) or ignore (it is not read).
    #[arg(long, value_name = "POLICY", value_parser = robots)]
    pub(super) robots: Option<RobotsPolicy>,
    /// Keep what is done in this file (SQLite), and go on from there if it exists: what was answered
    /// before is not asked again. It has the target's answers; secrets of the plan and of logins are
    /// left out.
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
    /// Requests per second at most (50).
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(super) max_rps: Option<f64>,
    /// Requests at once at most (10).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) concurrency: Option<u32>,
    /// Show pages in Chromium too: finds what scripts make, ask for and react to. It has to be
    /// installed; `SHAKEDOWN_BROWSER` or `CHROME` names its program.
    #[arg(long)]
    pub(super) browser: bool,
    /// Pages shown in the browser at most (100).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), requires = "browser")]
    pub(super) browser_max_pages: Option<u64>,
    /// Longest time that the browser takes (10m).
    #[arg(long, value_name = "TIME", value_parser = some_time, requires = "browser")]
    pub(super) browser_max_time: Option<Duration>,
    /// Only URLs whose path and query match this regular expression; may be repeated.
    #[arg(long, value_name = "REGEX")]
    pub(super) include: Vec<String>,
    /// No URL whose path and query match this regular expression; may be repeated.
    #[arg(long, value_name = "REGEX")]
    pub(super) exclude: Vec<String>,
    /// As whom: an identity or an auth of the plan, instead of its `scan.as`.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) whom: Option<String>,
}

impl DiscoverArgs {
    /// What `--browser` means where the plan says `planned` of it.
    fn browsing(&self, planned: Option<&Browsing>) -> Option<Browsing> {
        let planned = planned.cloned();
        if !self.browser {
            return planned;
        }
        let planned = planned.unwrap_or_default();
        Some(Browsing {
            max_pages: self.browser_max_pages.unwrap_or(planned.max_pages),
            max_time: self.browser_max_time.unwrap_or(planned.max_time),
        })
    }

    /// The first flag that a plan says itself.
    fn url_only(&self) -> Option<&'static str> {
        [
            ("--depth", self.depth.is_some()),
            ("--max-urls", self.max_urls.is_some()),
            ("--max-time", self.max_time.is_some()),
            ("--max-bytes", self.max_bytes.is_some()),
            ("--robots", self.robots.is_some()),
            ("--per-kind", self.per_kind.is_some()),
            ("--max-rps", self.max_rps.is_some()),
            ("--concurrency", self.concurrency.is_some()),
            ("--include", !self.include.is_empty()),
            ("--exclude", !self.exclude.is_empty()),
        ]
        .into_iter()
        .find_map(|(flag, given)| given.then_some(flag))
    }
}

/// What a command of discovery was given.
pub(super) struct Discovery<'a> {
    /// A URL, a plan or a foreign file.
    pub(super) target: &'a str,
    pub(super) args: &'a DiscoverArgs,
    pub(super) send: &'a SendArgs,
    /// `--active`: as [`ScanFlags::active`].
    pub(super) active: Option<Vec<String>>,
    /// Which checks are run where none is named.
    pub(super) policy: Option<Policy>,
    /// How much the checks try; `None` is as the policy has it.
    pub(super) strength: Option<Strength>,
    /// Nothing is tried that is told by how long the target waits.
    pub(super) untimed: bool,
    /// Send what may change something.
    pub(super) allow_unsafe: bool,
    /// Names and passwords that may be tried, in place of a plan's.
    pub(super) credentials: Option<&'a Path>,
    /// Directories with additional rules.
    pub(super) rules: &'a [PathBuf],
    /// Templates, in place of a plan's.
    pub(super) templates: Option<TemplateSettings>,
    /// What a plan without a `scan` section means.
    pub(super) unsaid: Unsaid,
}

/// What a plan without a `scan` section means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// That there is nothing to do.
    Refused,
    /// The defaults.
    Defaults,
}

impl Discovery<'_> {
    /// The plan, with what it imports and without gates over load figures: those belong to `check`,
    /// without load they could only fail.
    ///
    /// # Errors
    /// Whatever is wrong with the plan, or with a flag beside it.
    pub(super) fn plan(&self) -> Result<Plan, CliError> {
        self.resolve().map(|(plan, _)| plan)
    }

    /// The same with what a plan file was read from.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub(super) fn resolve(&self) -> Result<(Plan, Option<Resolved>), CliError> {
        let foreign = plans::foreign(self.target);
        if self.args.whom.is_some() && (!plans::is_plan(self.target) || foreign.is_some()) {
            let text = "--as names an identity of a plan; a URL has none";
            return Err(CliError::Usage(text.to_owned()));
        }
        if !plans::is_plan(self.target) {
            plans::refuse_target(self.send)?;
            return Ok((crate::plan::scan_url(&self.flags(self.target))?, None));
        }
        if let Some(format) = foreign {
            return Ok((self.imported(format)?, None));
        }
        let own = self.active.as_ref().map(|_| "--active").or_else(|| self.args.url_only());
        if let Some(flag) = own {
            return Err(CliError::Usage(format!(
                "{flag} is for a URL; a plan says it in its `scan` and `scope` sections"
            )));
        }
        let (mut plan, resolved) = plans::resolve_file(self.target, self.send)?;
        if plan.scan.is_none() && self.unsaid == Unsaid::Defaults {
            plan.scan = Some(ScanSettings::default());
        }
        let Some(scan) = &mut plan.scan else {
            return Err(CliError::Usage(format!(
                "{} has no `scan` section, so there is nothing to scan",
                self.target
            )));
        };
        scan.crawl.browser = self.args.browsing(scan.crawl.browser.as_ref());
        if let Some(path) = self.credentials {
            let read = Credential::read(path);
            scan.probing.credentials =
                read.map_err(|error| CliError::Usage(format!("--credentials: {error}")))?;
        }
        scan.rule_dirs.extend(self.rules.iter().cloned());
        if let Some(templates) = &self.templates {
            scan.templates.clone_from(templates);
        }
        seeds::import(&mut plan, self.send)?;
        if let Some(name) = &self.args.whom {
            plan.sessions.scan = Some(whom(name, &plan)?);
        }
        plan.thresholds.retain(|threshold| !threshold.metric().is_load());
        Ok((plan, Some(resolved)))
    }

    /// A foreign file: its requests are where the crawl begins, and the flags are a URL's.
    fn imported(&self, format: Format) -> Result<Plan, CliError> {
        let mut plan = plans::imported(self.target, format, self.send)?.plan;
        let own = crate::plan::scan_url(&self.flags(&plan.target.url()))?;
        plan.scan = own.scan;
        if self.allow_unsafe {
            // An import switches off nothing but what may change something.
            plan.requests.iter_mut().for_each(|template| template.enabled = true);
        }
        if !self.args.include.is_empty() || !self.args.exclude.is_empty() {
            plan.scope = own.scope;
        }
        plan.scenarios.clear();
        Ok(plan)
    }

    fn flags(&self, url: &str) -> ScanFlags {
        let args = self.args;
        ScanFlags {
            common: plans::common_flags(url, self.send),
            active: self.active.clone(),
            policy: self.policy,
            strength: self.strength,
            untimed: self.untimed,
            known_checks: plans::known_checks(),
            depth: args.depth,
            max_urls: args.max_urls,
            per_kind: args.per_kind,
            max_time: args.max_time,
            max_bytes: args.max_bytes,
            robots: args.robots,
            rps: args.max_rps,
            concurrency: args.concurrency.map(|concurrency| concurrency as usize),
            allow_unsafe: self.allow_unsafe,
            credentials: self.credentials.map(Path::to_owned),
            browser: args.browsing(None),
            rule_dirs: self.rules.to_vec(),
            templates: self.templates.clone().unwrap_or_default(),
            include: args.include.clone(),
            exclude: args.exclude.clone(),
            also: Vec::new(),
        }
    }
}

/// The file of `--resume`, if it is given; the plan gets the seed of the run that began it.
///
/// # Errors
/// A file that cannot be used.
pub(super) fn record(args: &DiscoverArgs, plan: &mut Plan) -> Result<Option<Record>, CliError> {
    let Some(path) = &args.resume else { return Ok(None) };
    let record = Record::open(path, &plan.target.url(), plan.seed).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        CliError::Usage(format!("--resume: {error}{}", cause.unwrap_or_default()))
    })?;
    plan.seed = record.seed();
    Ok(Some(record))
}

fn some_time(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|time| match time {
        Duration::ZERO => Err("a time must be greater than 0".to_owned()),
        time => Ok(time),
    })
}

fn robots(name: &str) -> Result<RobotsPolicy, String> {
    RobotsPolicy::parse(name).ok_or_else(|| "one of only-as-source, respect, ignore".to_owned())
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
