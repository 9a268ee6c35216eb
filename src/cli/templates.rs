//! Templates for a command: loaded from files and folders, counted, and what is wrong with them told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::Digest as _;
use sha2::Sha256;

use super::callback_args::CallbackArgs;
use super::callback_args::usual_listener;
use super::error::CliError;
use super::outputs::write_stderr;
use crate::http::clock::Clock;
use crate::model::REFUSED_NAMED;
use crate::model::RefusedTemplate;
use crate::model::Seed;
use crate::model::TemplateLibrary;
use crate::model::inert;
use crate::plan::Plan;
use crate::plan::ScanSettings;
use crate::plan::TemplateSettings;
use crate::rules::Registry;
use crate::rules::template::{Library, Loading, Refusal, Selection, load};
use crate::scan::CallbackSource;
use crate::scan::TemplateOptions;
use crate::scan::Templates;
use crate::scan::oob::OobOptions;

/// Refusals that are shown one by one.
const MAX_SHOWN: usize = 10;

/// Characters of one refusal that are shown.
const MAX_TEXT: usize = 400;

/// What tells a template from a rule of the same name.
const SUFFIX: &str = "-template";

/// Whether an index of templates is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexing {
    /// In the user's cache: a filtered run starts at once.
    Kept,
    /// Every file is read.
    Off,
}

/// What the settings ask for.
///
/// # Errors
/// [`CliError::Usage`] for a pattern or an expression that is none.
pub(super) fn selection(
    settings: &TemplateSettings,
    callbacks: bool,
) -> Result<Selection, CliError> {
    settings.selection(callbacks).map_err(|error| CliError::Usage(error.to_string()))
}

/// Loads what is asked for.
///
/// # Errors
/// A path that cannot be read.
pub(super) fn library(
    paths: &[PathBuf],
    selection: &Selection,
    indexing: Indexing,
    seed: Seed,
) -> Result<Library, CliError> {
    let index = match indexing {
        Indexing::Kept => index_file(paths),
        Indexing::Off => None,
    };
    let loading = Loading {
        paths,
        selection,
        index: index.as_deref(),
        seed,
        now_unix: i64::try_from(Clock::start().unix_seconds()).unwrap_or(i64::MAX),
    };
    load(&loading).map_err(|refusal| CliError::Usage(refusal.to_string()))
}

/// The templates of a plan's scan, if it has any; what is left out is told on standard error.
///
/// # Errors
/// As [`selection`] and [`library`]; and if nothing is left to run, which nobody asks for.
pub(super) fn of_plan(
    plan: &Plan,
    registry: &Registry,
    callbacks: Option<&CallbackArgs>,
    source: Option<&CallbackSource>,
    quiet: bool,
) -> Result<Option<Templates>, CliError> {
    let settings = plan.scan.as_ref().map(|scan| &scan.templates);
    let Some(settings) = settings.filter(|settings| !settings.paths.is_empty()) else {
        return Ok(None);
    };
    let cool_down = callbacks.map(CallbackArgs::cool_down);
    let selection = selection(settings, source.is_some())?;
    let mut library = library(&settings.paths, &selection, Indexing::Kept, plan.seed)?;
    tell_apart(&mut library, registry);
    tell(&library, quiet);
    if library.templates.is_empty() && library.workflows.is_empty() {
        let counts: Vec<String> =
            counts(&library).iter().map(|(why, count)| format!("{count} {why}")).collect();
        return Err(CliError::Usage(format!(
            "no template is left to run of {} files ({}): look at the tags, severities and ids that \
             were asked for, at `dast`, or at `shakedown rules validate`",
            library.files,
            counts.join(", ")
        )));
    }
    let counted = counted(&library);
    Ok(Some(Templates {
        library: counted,
        templates: library.templates,
        workflows: library.workflows,
        options: TemplateOptions { cool_down, ..TemplateOptions::default() },
        ..Templates::default()
    }))
}

/// A template that is called as a rule of the program's own gets another name in this run: each of the two
/// has its outcome and its findings.
fn tell_apart(library: &mut Library, registry: &Registry) {
    for template in &mut library.templates {
        if registry.meta(&template.info.id).is_some()
            && let Some(template) = Arc::get_mut(template)
        {
            template.info.called = Some(format!("{}{SUFFIX}", template.info.id));
        }
    }
}

/// Where calls from outside are waited for unless the user says it: on this machine alone, so for a
/// target on it.
/// Where calls from outside are waited for: where the user says, or here for a target that is on this
/// machine.
///
/// # Errors
/// What the user says makes no sense, or nothing provokes calls.
pub(super) fn callbacks(
    plan: &Plan,
    said: Option<&CallbackArgs>,
) -> Result<Option<CallbackSource>, CliError> {
    let Some(said) = said.filter(|said| said.are_given()) else {
        return Ok(on_this_machine(plan).map(CallbackSource::Listener));
    };
    let provokes = |scan: &ScanSettings| scan.is_active() || !scan.templates.paths.is_empty();
    if !plan.scan.as_ref().is_some_and(provokes) {
        let text = "nothing provokes calls from outside: pass --active, or name templates with \
                    --templates or in the plan's `scan.templates`";
        return Err(CliError::Usage(text.to_owned()));
    }
    said.source(plan.seed)
}

fn on_this_machine(plan: &Plan) -> Option<OobOptions> {
    let origin = &plan.target.origin;
    let is_here = origin.host.eq_ignore_ascii_case("localhost")
        || origin.literal_ip().is_some_and(|address| address.is_loopback());
    is_here.then(|| usual_listener(plan.seed))
}

/// Says what runs and what does not.
pub(super) fn tell(library: &Library, quiet: bool) {
    if quiet {
        return;
    }
    let mistakes: Vec<_> = mistakes(library).collect();
    let mut text = String::new();
    for refusal in mistakes.iter().take(MAX_SHOWN) {
        let shown = inert(&refusal.to_string(), MAX_TEXT);
        let _ = writeln!(text, "warning: left out: {shown}");
    }
    if mistakes.len() > MAX_SHOWN {
        let more = mistakes.len() - MAX_SHOWN;
        let _ = writeln!(text, "warning: {more} more are wrong; see `shakedown rules validate`");
    }
    let left: Vec<String> =
        counts(library).iter().map(|(why, count)| format!("{count} {why}")).collect();
    let _ = writeln!(
        text,
        "{} templates and {} workflows of {} files{}",
        library.templates.len(),
        library.workflows.len(),
        library.files,
        if left.is_empty() { String::new() } else { format!("; left out: {}", left.join(", ")) }
    );
    write_stderr(text.as_bytes());
}

/// Files that are wrong, rather than something that this tool does not do.
pub(super) fn mistakes(library: &Library) -> impl Iterator<Item = &Refusal> {
    library.refusals.iter().filter(|refusal| refusal.reason.is_mistake())
}

/// The library as a report has it.
pub(super) fn counted(library: &Library) -> TemplateLibrary {
    let others = library.refusals.iter().filter(|refusal| !refusal.reason.is_mistake());
    let refused = mistakes(library).chain(others).take(REFUSED_NAMED);
    let refused = refused.map(|refusal| RefusedTemplate {
        path: refusal.path.clone(),
        line: refusal.line,
        column: refusal.column,
        reason: refusal.reason.code().to_owned(),
        message: refusal.message.clone(),
        is_wrong: refusal.reason.is_mistake(),
    });
    let left_out = counts(library).into_iter().map(|(why, count)| (why.to_owned(), count));
    TemplateLibrary {
        files: library.files,
        templates: library.templates.len() as u64,
        workflows: library.workflows.len() as u64,
        left_out: left_out.collect(),
        refused: refused.collect(),
    }
}

/// What is not run, by the code of the reason.
fn counts(library: &Library) -> BTreeMap<&'static str, u64> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for refusal in &library.refusals {
        *counts.entry(refusal.reason.code()).or_default() += 1;
    }
    for (reason, count) in &library.left_out {
        *counts.entry(reason.code()).or_default() += count;
    }
    counts
}

/// Where the index of these paths is kept: in the user's cache.
fn index_file(paths: &[PathBuf]) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    let mut hash = Sha256::new();
    for path in paths {
        let absolute = std::fs::canonicalize(path).ok()?;
        hash.update(absolute.as_os_str().as_encoded_bytes());
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    let name = data_encoding::HEXLOWER.encode(&digest[..12]);
    Some(cache.join("shakedown").join(format!("templates-{name}.json")))
}
