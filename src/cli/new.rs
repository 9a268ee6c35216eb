//! `new`: a plan to begin with.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use crate::model::ExitCode;
use crate::model::Target;

use super::args;
use super::error::CliError;
use super::outputs::write_file;
use super::outputs::write_stderr;
use super::starter;
use super::starter::Kind;
use super::starter::SCHEMA_FILE;
use super::terminal::Terminal;

/// `new`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown new                                    shakedown.yml, for load
  shakedown new release.yml --kind check
  shakedown new --kind scan --target http://127.0.0.1:3000 scan.yml
  shakedown new - > plan.yml                       standard output, no schema beside it

The plan is right as it stands: `shakedown validate` says what it would send. Beside it goes
plan.schema.json, which the plan's first line names: with it, editors that have the YAML
language server complete keys, explain them, and mark what is wrong. Commit both, or say
--no-schema. A plan of a service that is described already (OpenAPI, HAR, Postman, curl, an
access log) is written by `shakedown import`.")]
pub(super) struct NewArgs {
    /// Where the plan goes; `-` is standard output.
    #[arg(value_name = "FILE", default_value = "shakedown.yml")]
    file: PathBuf,
    /// What it is for.
    #[arg(short = 'k', long, value_enum, default_value_t = Kind::Load)]
    kind: Kind,
    /// The service; a path in it is that of the first request.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = args::target)]
    target: Target,
    /// Write over a plan that is there.
    #[arg(long)]
    force: bool,
    /// Write no plan.schema.json beside it.
    #[arg(long)]
    no_schema: bool,
}

/// Writes the plan, and what editors want beside it.
pub(super) fn run(args: &NewArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let to_stdout = args.file == Path::new("-");
    if !to_stdout && !args.force && args.file.symlink_metadata().is_ok() {
        return Err(CliError::Usage(format!(
            "{} is there already; write over it with --force, or name another file",
            args.file.display()
        )));
    }
    let name = if to_stdout { "plan.yml".to_owned() } else { args.file.display().to_string() };
    let schema = (!to_stdout && !args.no_schema).then(|| args.file.with_file_name(SCHEMA_FILE));
    let schema = schema.filter(|path| *path != args.file);
    if let Some(path) = &schema {
        is_ours(path)?;
    }
    let text = starter::text(args.kind, &args.target, &name);
    write_file(&args.file, text.as_bytes())?;
    if let Some(path) = &schema {
        write_file(path, format!("{:#}\n", crate::plan::json_schema()).as_bytes())?;
    }
    if !to_stdout && !terminal.quiet {
        write_stderr(told(&args.file, schema.as_deref(), args.kind).as_bytes());
    }
    Ok(ExitCode::Passed)
}

/// A schema of plans that is there is renewed; any other file of that name is somebody's.
fn is_ours(path: &Path) -> Result<(), CliError> {
    let refused = || {
        CliError::Usage(format!(
            "{} is there and is no schema of plans; say --no-schema to leave it alone",
            path.display()
        ))
    };
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    if !path.is_file() {
        return Err(refused());
    }
    let mut text = Vec::new();
    let file = File::open(path);
    let read = file.and_then(|file| file.take(16 << 20).read_to_end(&mut text));
    read.map_err(|source| CliError::Unreadable { path: path.to_owned(), source })?;
    let json: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
    let is_ours = json.is_some_and(|json| json["title"] == crate::plan::json_schema()["title"]);
    if is_ours { Ok(()) } else { Err(refused()) }
}

fn told(plan: &Path, schema: Option<&Path>, kind: Kind) -> String {
    let plan = plan.display();
    let schema = schema.map(|path| format!(" and {}, for editors", path.display()));
    format!(
        "wrote {plan}{}\n  shakedown validate {plan}    what it would send\n  shakedown {} {plan}\n",
        schema.unwrap_or_default(),
        kind.command()
    )
}
