//! Files of a run: opened before anything is sent, put in place whole when it is over.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::model::OutputKind;
use crate::model::Report;
use crate::plan::Output;

use super::args::OutputArgs;
use super::error::CliError;

/// One report file to be written.
struct Pending {
    kind: OutputKind,
    path: PathBuf,
    sink: Sink,
}

/// Where a file goes when it is complete.
enum Sink {
    /// Standard output.
    Stdout,
    /// A device or a pipe: written as it is, never replaced.
    Special(File),
    /// A temporary file, renamed to its final place.
    Beside(NamedTempFile),
}

/// Everything a run will write.
pub(super) struct Outputs {
    pending: Vec<Pending>,
    event_logs: Vec<Box<dyn Write + Send>>,
    /// Standard output carries a file, so nothing else may go there.
    pub(super) stdout_taken: bool,
}

impl Outputs {
    /// Opens every output of the plan and of the command line.
    ///
    /// # Errors
    /// [`CliError::OutputUnwritable`] for the first that cannot be opened, [`CliError::Usage`] when
    /// two want standard output.
    pub(super) fn open(planned: &[Output], args: &OutputArgs) -> Result<Self, CliError> {
        let wanted: Vec<Output> = planned.iter().cloned().chain(named(args)).collect();
        let to_stdout = wanted.iter().filter(|output| is_stdout(&output.path)).count();
        if to_stdout > 1 {
            return Err(CliError::Usage(
                "only one output can go to standard output; give the others a FILE".to_owned(),
            ));
        }
        let mut opened =
            Self { pending: Vec::new(), event_logs: Vec::new(), stdout_taken: to_stdout == 1 };
        for output in wanted {
            let failed = |source| CliError::OutputUnwritable { path: output.path.clone(), source };
            if output.kind == OutputKind::Jsonl {
                let writer = open_log(&output.path).map_err(failed)?;
                opened.event_logs.push(writer);
            } else {
                let sink = open_sink(&output.path).map_err(failed)?;
                opened.pending.push(Pending { kind: output.kind, path: output.path, sink });
            }
        }
        Ok(opened)
    }

    /// The event logs' writers; they grow while the run does.
    pub(super) fn take_event_logs(&mut self) -> Vec<Box<dyn Write + Send>> {
        std::mem::take(&mut self.event_logs)
    }

    /// Renders and writes every report, each put in place by a rename; gives the paths written.
    ///
    /// # Errors
    /// [`CliError::OutputBroke`] for the first that failed; the others are still written.
    pub(super) fn write(self, report: &Report) -> Result<Vec<PathBuf>, CliError> {
        let mut written = Vec::new();
        let mut first_error = None;
        for pending in self.pending {
            let bytes = crate::report::render(pending.kind, report)
                .expect("event logs are not pending, and every other format can be rendered");
            let path = pending.path.clone();
            match put(&pending.path, pending.sink, &bytes) {
                Ok(()) if is_stdout(&path) => {}
                Ok(()) => written.push(path),
                Err(source) => {
                    first_error.get_or_insert(CliError::OutputBroke { path, source });
                }
            }
        }
        first_error.map_or(Ok(written), Err)
    }
}

fn named(args: &OutputArgs) -> impl Iterator<Item = Output> {
    [
        (OutputKind::Json, &args.json),
        (OutputKind::Jsonl, &args.jsonl),
        (OutputKind::Html, &args.html),
        (OutputKind::Markdown, &args.md),
        (OutputKind::Sarif, &args.sarif),
        (OutputKind::Junit, &args.junit),
        (OutputKind::Csv, &args.csv),
    ]
    .into_iter()
    .filter_map(|(kind, path)| path.clone().map(|path| Output { kind, path }))
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn open_log(path: &Path) -> std::io::Result<Box<dyn Write + Send>> {
    if is_stdout(path) {
        return Ok(Box::new(std::io::stdout()));
    }
    make_parent(path)?;
    Ok(Box::new(File::create(path)?))
}

fn open_sink(path: &Path) -> std::io::Result<Sink> {
    if is_stdout(path) {
        return Ok(Sink::Stdout);
    }
    if path.is_dir() {
        return Err(std::io::Error::other("it is a directory"));
    }
    if path.exists() && !path.is_file() {
        return File::options().write(true).open(path).map(Sink::Special);
    }
    let parent = make_parent(path)?;
    let mut builder = tempfile::Builder::new();
    set_readable(&mut builder);
    builder.prefix(".shakedown-").tempfile_in(parent).map(Sink::Beside)
}

/// Reports are for others to read too: not the private mode of temporary files.
#[cfg(unix)]
fn set_readable(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn set_readable(_builder: &mut tempfile::Builder<'_, '_>) {}

fn make_parent(path: &Path) -> std::io::Result<PathBuf> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    std::fs::create_dir_all(&parent)?;
    Ok(parent)
}

fn put(path: &Path, sink: Sink, bytes: &[u8]) -> std::io::Result<()> {
    match sink {
        Sink::Stdout => write_all_stdout(bytes),
        Sink::Special(mut file) => file.write_all(bytes).and_then(|()| file.flush()),
        Sink::Beside(mut file) => {
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        }
    }
}

/// Writes to standard output; a reader that went away (`| head`) is no error.
///
/// # Errors
/// [`CliError::OutputBroke`] for any other failure.
pub(super) fn write_stdout(bytes: &[u8]) -> Result<(), CliError> {
    write_all_stdout(bytes)
        .map_err(|source| CliError::OutputBroke { path: PathBuf::from("standard output"), source })
}

/// Writes to standard error; there is nobody to tell when that fails.
pub(super) fn write_stderr(bytes: &[u8]) {
    let _ = std::io::stderr().lock().write_all(bytes);
}

/// Writes a whole file by temporary file and rename; `-` is standard output.
///
/// # Errors
/// [`CliError::OutputUnwritable`] when it cannot be opened, [`CliError::OutputBroke`] after that.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let sink = open_sink(path)
        .map_err(|source| CliError::OutputUnwritable { path: path.to_owned(), source })?;
    put(path, sink, bytes).map_err(|source| CliError::OutputBroke { path: path.to_owned(), source })
}

fn write_all_stdout(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_below_a_file_cannot_be_opened() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("file");
        std::fs::write(&file, "").expect("writable");
        assert!(open_sink(&file.join("report.json")).is_err());
        assert!(open_sink(dir.path()).is_err());
    }
}
