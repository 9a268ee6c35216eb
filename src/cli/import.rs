//! `import`: a foreign description of a service as a plan.

use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::import::Imported;
use crate::import::Options;
use crate::model::ExitCode;
use crate::model::inert;
use crate::model::plural;

use super::args::ImportArgs;
use super::error::CliError;
use super::outputs::write_file;
use super::outputs::write_stderr;
use super::plans;
use super::terminal::Terminal;

/// Warnings that are told; a file that is wrong all over is told of in fewer words.
const WARNINGS_TOLD: usize = 200;

/// Reads, writes, and says what is still to be done.
pub(super) fn run(args: &ImportArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let to_stdout = args.output == Path::new("-");
    if !to_stdout && !args.force && args.output.exists() {
        return Err(CliError::Usage(format!(
            "{} is there already; write over it with --force",
            args.output.display()
        )));
    }
    let imported = crate::import::import_file(&args.file, &options(args))?;
    let plan = crate::import::plan_text(&imported, &source(&args.file));
    warn(&imported);
    crate::import::fits(&args.file.display().to_string(), &plan)?;
    write_file(&args.output, plan.as_bytes())?;
    let directory = args.output.parent().map(Path::to_path_buf).unwrap_or_default();
    check(&plan, &args.output, directory)?;
    if !terminal.quiet {
        let place = if to_stdout { String::new() } else { args.output.display().to_string() };
        write_stderr(summary(&imported, &place).as_bytes());
    }
    Ok(ExitCode::Passed)
}

/// Reads what was written: what is still wrong with it is told now, not before the first run.
/// Secrets are taken for set, and nobody is asked who authorised it.
pub(super) fn check(plan: &str, output: &Path, directory: PathBuf) -> Result<(), CliError> {
    let overrides = plans::overrides_for_reading(directory);
    let set = |name: &str| (name != "BASE_URL").then(|| "set-before-a-run".to_owned());
    match crate::plan::from_text(&output.display().to_string(), plan, &set, &overrides) {
        Err(errors) if errors.exit_code() != ExitCode::Refused => Err(CliError::Plan(errors)),
        _ => Ok(()),
    }
}

fn options(args: &ImportArgs) -> Options {
    Options {
        format: args.format,
        target: args.target.clone(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        tags: args.tag.clone(),
        environments: args.environment.clone(),
        unsafe_too: args.enable_unsafe,
    }
}

/// The file's own name: a plan goes to others, and paths of this machine do not.
fn source(path: &Path) -> String {
    path.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// What was not understood, on standard error.
pub(super) fn warn(imported: &Imported) {
    for warning in imported.warnings.iter().take(WARNINGS_TOLD) {
        let line = format!("warning: {}: {}", inert(&warning.at, 400), inert(&warning.text, 500));
        write_stderr(format!("{line}\n").as_bytes());
    }
    if let Some(more @ 1..) = imported.warnings.len().checked_sub(WARNINGS_TOLD) {
        write_stderr(format!("warning: … and {more} more like these\n").as_bytes());
    }
}

fn summary(imported: &Imported, place: &str) -> String {
    let count = imported.operations.len();
    let off = imported.operations.iter().filter(|operation| operation.is_unsafe).count();
    let mut out = format!(
        "imported {} from {}",
        plural(count as u64, "request", "requests"),
        imported.format
    );
    if off > 0 {
        let _ = write!(out, ", {off} of them not enabled because they change something");
    }
    if !imported.secrets.is_empty() {
        let names: Vec<&str> = imported.secrets.iter().map(|secret| secret.name.as_str()).collect();
        let _ = write!(out, "; before a run set {}", names.join(", "));
    }
    if !place.is_empty() {
        let _ = write!(out, "\nwrote {place}");
    }
    out.push('\n');
    out
}
