//! From what the user gave to a resolved plan: shared by the commands that run something.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::path::PathBuf;

use crate::import::Format;
use crate::import::Options;
use crate::import::Order;
use crate::model::Conversation;
use crate::model::MetricName;
use crate::model::RequestTemplate;
use crate::model::Seed;
use crate::model::Severity;
use crate::model::Target;
use crate::model::Threshold;
use crate::plan::CommonFlags;
use crate::plan::Overrides;
use crate::plan::Plan;
use crate::plan::Resolved;
use crate::plan::TargetName;
use crate::plan::TargetOverride;
use crate::plan::TlsPolicy;
use crate::run::fetch_document;
use crate::scan::native_check_ids;

use super::args::FailOn;
use super::args::SendArgs;
use super::error::CliError;
use super::load_args::LookArgs;
use super::outputs::write_stderr;
use super::secret_command;
use super::terminal::{environment, environment_names};

/// Whether a target is a plan file rather than a URL: it exists, or is written like one.
pub(super) fn is_plan(target: &str) -> bool {
    let path = Path::new(target);
    let named_like_one = path.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml")
    });
    let written_like_one = target.starts_with(['/', '.']);
    !target.contains("://") && (named_like_one || written_like_one || path.is_file())
}

/// Reads a plan file; what the command line says of sending goes before it.
///
/// # Errors
/// [`CliError::Plan`] with everything that is wrong.
pub(super) fn from_file(path: &str, send: &SendArgs) -> Result<Plan, CliError> {
    resolve_file(path, send).map(|(plan, _)| plan)
}

/// The same with what it was read from.
///
/// # Errors
/// As [`from_file`].
pub(super) fn resolve_file(path: &str, send: &SendArgs) -> Result<(Plan, Resolved), CliError> {
    let overrides = overrides_for_files(send)?;
    let (plan, resolved) = crate::plan::resolve_file(Path::new(path), &environment, &overrides)
        .map_err(CliError::Plan)?;
    Ok((with_flags(plan, send)?, resolved))
}

/// These sections of a plan and of what it includes, as they are written there: with their
/// references to secrets, and with comments.
pub(super) fn sections(plan: &Resolved, names: &[&str]) -> String {
    plan.texts().map(|text| top_level(text, names)).collect()
}

/// The lines of the entries that begin at the margin and have one of these names.
fn top_level(text: &str, names: &[&str]) -> String {
    let mut out = String::new();
    let mut wanted = false;
    for line in text.lines() {
        let begins =
            line.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '"' | '\''));
        if begins {
            let key = line.split(':').next().unwrap_or_default().trim_matches(['"', '\'', ' ']);
            wanted = names.contains(&key);
        }
        if wanted && !line.trim().is_empty() {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// What a file of the user's own is read with: its commands may run.
pub(super) fn overrides_for_files(send: &SendArgs) -> Result<Overrides, CliError> {
    let overrides = overrides(send, &environment)?;
    Ok(Overrides { secret_command: Some(secret_command::run), ..overrides })
}

/// A foreign file as a plan.
pub(super) struct ImportedPlan {
    /// What runs.
    pub(super) plan: Plan,
    /// How its requests belong together.
    pub(super) order: Order,
    /// Whether it says how many requests there are a second.
    pub(super) has_pace: bool,
}

/// Imports a file as `shakedown import` does and reads the plan that this would have written.
///
/// # Errors
/// As [`from_file`], and whatever the import refuses.
pub(super) fn imported(
    path: &str,
    format: Format,
    send: &SendArgs,
) -> Result<ImportedPlan, CliError> {
    if !format.has_requests() {
        return Err(CliError::Usage(format!(
            "{path} is in the format `{format}`, which names no requests: write it into a plan \
             with `shakedown import`"
        )));
    }
    let options = Options { format: Some(format), ..Options::default() };
    let imported = crate::import::import_file(Path::new(path), &options)?;
    super::import::warn(&imported);
    let text = crate::import::plan_text(&imported, path);
    crate::import::fits(path, &text)?;
    let mut overrides = overrides(send, &environment)?;
    overrides.directory = Path::new(path).parent().map(Path::to_path_buf).unwrap_or_default();
    let name = format!("{path} (as a plan)");
    let plan =
        crate::plan::from_text(&name, &text, &environment, &overrides).map_err(CliError::Plan)?;
    let has_pace = !imported.load.scenarios.is_empty();
    Ok(ImportedPlan { plan: with_flags(plan, send)?, order: imported.order, has_pace })
}

/// The foreign format of a target that is a file, unless it is a plan.
pub(super) fn foreign(target: &str) -> Option<Format> {
    if target.contains("://") { None } else { crate::import::format_of(Path::new(target)) }
}

/// The same for a plan whose text was fetched or is embedded.
///
/// # Errors
/// As [`from_file`].
pub(super) fn from_text(
    name: &str,
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
    send: &SendArgs,
) -> Result<Plan, CliError> {
    let overrides = overrides(send, environment)?;
    let plan =
        crate::plan::from_text(name, text, environment, &overrides).map_err(CliError::Plan)?;
    with_flags(plan, send)
}

/// The text of a plan that stands at a URL.
///
/// # Errors
/// [`CliError::Fetch`].
pub(super) fn fetched(url: &str) -> Result<String, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Internal(format!("starting the runtime: {error}")))?;
    Ok(runtime.block_on(fetch_document(url))?)
}

/// What a URL's plan takes from the command line, whichever command it is for.
pub(super) fn common_flags(url: &str, send: &SendArgs) -> CommonFlags {
    CommonFlags {
        url: url.to_owned(),
        headers: send.header_lines(),
        timeout: send.timeout,
        insecure: send.insecure,
        ca_files: send.cacert.clone(),
        connection: send.connect.flags(),
        authorised_by: send.authorised_by.clone(),
        outputs: Vec::new(),
        seed: seed(send),
    }
}

/// Ids of the native checks, in the registry's order. Taken from the checks themselves: compiling
/// every rule to list them would be done again when the run loads its rules.
pub(super) fn known_checks() -> Vec<String> {
    let mut ids: Vec<String> = native_check_ids().into_iter().map(str::to_owned).collect();
    ids.sort();
    ids
}

/// What the command line says of responses goes before the plan. A session or a stream is no
/// redirect's to begin.
///
/// # Errors
/// [`CliError::Flags`] for a name that no header has.
pub(super) fn look(plan: &mut Plan, args: &LookArgs) -> Result<(), CliError> {
    crate::plan::observe_too(&mut plan.observe, &args.observe)?;
    if let Some(redirects) = args.redirect {
        let plain =
            |template: &&mut RequestTemplate| template.conversation == Conversation::Response;
        plan.requests.iter_mut().filter(plain).for_each(|template| template.redirects = redirects);
    }
    Ok(())
}

/// Adds the default findings gate to a plan that scans and has none of its own.
pub(super) fn gate_findings(plan: &mut Plan, fail_on: FailOn) {
    let has_own =
        plan.thresholds.iter().any(|threshold| threshold.metric() == MetricName::Findings);
    let FailOn::From(severity) = fail_on else { return };
    if plan.scan.is_some() && !has_own {
        plan.thresholds.push(findings_gate(severity));
    }
}

/// No finding of this severity or above: new and firm, unless a gate says otherwise.
pub(super) fn findings_gate(severity: Severity) -> Threshold {
    Threshold::parse(&format!("findings{{severity:>={severity}}}"), "count==0")
        .expect("the metric has this tag and this aggregate")
}

/// The day, in UTC.
pub(super) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What the command line and `environment` say instead of a plan.
///
/// # Errors
/// [`CliError::Usage`] for a target of the environment that is no URL.
pub(super) fn overrides(
    send: &SendArgs,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Overrides, CliError> {
    let mut targets = targets_of_environment(environment)?;
    targets.extend(send.targets.iter().cloned());
    Ok(Overrides { targets, ..plain_overrides(send) })
}

/// `SHAKEDOWN_TARGET`, and `SHAKEDOWN_TARGET_AUTH` for a target called `auth`.
fn targets_of_environment(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<TargetOverride>, CliError> {
    let mut targets = Vec::new();
    for variable in environment_names() {
        let Some(rest) = variable.strip_prefix("SHAKEDOWN_TARGET") else { continue };
        let name = match rest.strip_prefix('_') {
            Some(name) => TargetName::Capitals(name.to_owned()),
            None if rest.is_empty() => TargetName::Default,
            None => continue,
        };
        let Some(url) = environment(&variable).filter(|url| !url.is_empty()) else { continue };
        let target = Target::parse(&url)
            .map_err(|error| CliError::Usage(format!("{variable} in the environment: {error}")))?;
        targets.push(TargetOverride { name, target });
    }
    Ok(targets)
}

/// Refuses `--target` beside a URL.
///
/// # Errors
/// [`CliError::Usage`].
pub(super) fn refuse_target(send: &SendArgs) -> Result<(), CliError> {
    if send.targets.is_empty() {
        return Ok(());
    }
    Err(CliError::Usage("--target is for a plan; a URL says itself where it goes".to_owned()))
}

/// What a plan is read with whose target is known already.
pub(super) fn plain_overrides(send: &SendArgs) -> Overrides {
    let mut overrides = Overrides::new(seed(send), today());
    overrides.authorised_by.clone_from(&send.authorised_by);
    overrides.known_checks = known_checks();
    overrides.env_names = environment_names();
    overrides
}

/// What a plan is read with that is not run.
pub(super) fn overrides_for_reading(directory: PathBuf) -> Overrides {
    Overrides { directory, ..plain_overrides(&SendArgs::none()) }
}

/// Flags go before the plan: they are what the user says now.
fn with_flags(mut plan: Plan, send: &SendArgs) -> Result<Plan, CliError> {
    for warning in &plan.warnings {
        write_stderr(format!("warning: {warning}\n").as_bytes());
    }
    let headers = crate::plan::headers(&send.header_lines())?;
    for header in headers {
        for template in &mut plan.requests {
            template.request.headers.retain(|own| !own.is(&header.name));
            template.request.headers.push(header.clone());
        }
        plan.connection.headers.retain(|own| !own.is(&header.name));
        plan.connection.headers.push(header);
    }
    if let Some(timeout) = send.timeout {
        plan.connection.timeout = timeout;
    }
    if send.insecure {
        plan.connection.tls = TlsPolicy::AcceptAndReport;
    }
    plan.connection.ca_files.extend(send.cacert.iter().cloned());
    crate::plan::apply_flags(&send.connect.flags(), &mut plan.connection)?;
    crate::plan::requests_fit(&plan)?;
    Ok(plan)
}

/// The user's seed, or one that differs from run to run; the report has it either way.
fn seed(send: &SendArgs) -> Seed {
    // Every `RandomState` has keys of its own from the system's generator. 53 bits: readers of the
    // JSON report may keep numbers as floating point.
    Seed(send.seed.unwrap_or_else(|| RandomState::new().hash_one("seed") >> 11))
}
