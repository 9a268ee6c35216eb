//! Files of a run: opened before anything is sent, put in place whole when it is over.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::model::OutputKind;
use crate::model::Report;
use crate::model::SiteKind;
use crate::model::TimeUnit;
use crate::plan::Output;
use crate::plan::Plan;
use crate::report::Style;
use crate::run::RunKind;

use super::args::OutputArgs;
use super::ci;
use super::error::CliError;
use super::site_output::SiteContext;
use super::site_output::SiteOutput;

/// One file to be written.
struct Pending {
    content: Content,
    path: PathBuf,
    sink: Sink,
}

/// What is in a file.
enum Content {
    /// A report.
    Report(OutputKind),
    /// What a crawl found.
    Site(SiteKind),
    /// What was learnt of while the run went on.
    Collected(File),
    /// Who may do what, for a plan to compare with.
    Access,
}

/// Where a file goes when it is complete.
enum Sink {
    /// Standard output.
    Stdout,
    /// A device or a pipe: written as it is, never replaced.
    Special(File),
    /// A temporary file, renamed to this place. It is made when there is something to put into it:
    /// a run that is killed leaves none behind.
    Beside(PathBuf),
}

/// Everything a run will write.
pub(super) struct Outputs {
    pending: Vec<Pending>,
    event_logs: Vec<Box<dyn Write + Send>>,
    url_lists: Vec<Box<dyn Write + Send>>,
    /// Whether one of them has each address.
    has_addresses: bool,
    /// Standard output carries a file, so nothing else may go there.
    pub(super) stdout_taken: bool,
}

impl Outputs {
    /// Opens every output of the plan and of the command line.
    ///
    /// # Errors
    /// [`CliError::OutputUnwritable`] for the first that cannot be opened, [`CliError::Usage`] when
    /// two want the same file.
    pub(super) fn open(
        plan: &Plan,
        args: &OutputArgs,
        sites: &[SiteOutput],
        kind: RunKind,
    ) -> Result<Self, CliError> {
        let mut opened = Self {
            pending: Vec::new(),
            event_logs: Vec::new(),
            url_lists: Vec::new(),
            has_addresses: false,
            stdout_taken: false,
        };
        let mut taken: Vec<Output> = Vec::new();
        let mut all: Vec<Output> = plan.outputs.iter().cloned().chain(named(args)).collect();
        if args.ci {
            let is_asked_for = |kind| all.iter().any(|output: &Output| output.kind == kind);
            let more = ci::outputs(&args.ci_dir, kind, plan.watches_load());
            let more = more.filter(|output| !is_asked_for(output.kind));
            all.extend(more.collect::<Vec<_>>());
        }
        for output in all {
            let place = Output { path: place(&output.path), kind: output.kind };
            // The plan and the command line may well ask for the same.
            if taken.contains(&place) {
                continue;
            }
            if !may_be_shared(&place.path) && taken.iter().any(|other| other.path == place.path) {
                return Err(collision(&output.path));
            }
            opened.stdout_taken |= is_stdout(&place.path);
            opened.add(output, &place.path)?;
            taken.push(place);
        }
        let mut taken: Vec<PathBuf> = taken.into_iter().map(|output| output.path).collect();
        for site in sites {
            let place = place(&site.path);
            if !may_be_shared(&place) && taken.contains(&place) {
                return Err(collision(&site.path));
            }
            opened.stdout_taken |= is_stdout(&place);
            opened.add_site(site, &place)?;
            taken.push(place);
        }
        Ok(opened)
    }

    fn add(&mut self, output: Output, place: &Path) -> Result<(), CliError> {
        let failed = |source| CliError::OutputUnwritable { path: output.path.clone(), source };
        if output.kind == OutputKind::Jsonl {
            let writer = open_log(place).map_err(failed)?;
            self.event_logs.push(writer);
            self.has_addresses = true;
        } else {
            let sink = open_sink(place).map_err(failed)?;
            let content = Content::Report(output.kind);
            self.pending.push(Pending { content, path: output.path, sink });
        }
        Ok(())
    }

    fn add_site(&mut self, site: &SiteOutput, place: &Path) -> Result<(), CliError> {
        let failed = |source| CliError::OutputUnwritable { path: site.path.clone(), source };
        let sink = open_sink(place).map_err(failed)?;
        let content = match site.kind {
            SiteKind::Plan | SiteKind::OpenApi | SiteKind::Har => Content::Site(site.kind),
            SiteKind::Urls => {
                // Without a name: a run that is killed leaves nothing behind.
                let collected = tempfile::tempfile().map_err(failed)?;
                self.url_lists.push(Box::new(collected.try_clone().map_err(failed)?));
                self.has_addresses = true;
                Content::Collected(collected)
            }
        };
        self.pending.push(Pending { content, path: site.path.clone(), sink });
        Ok(())
    }

    /// Opens a file for who may do what.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn add_access(&mut self, path: &Path) -> Result<(), CliError> {
        let own = place(path);
        let is_taken = self.pending.iter().any(|other| place(&other.path) == own);
        if is_taken && !may_be_shared(&own) {
            return Err(collision(path));
        }
        let sink = open_sink(&own)
            .map_err(|source| CliError::OutputUnwritable { path: path.to_owned(), source })?;
        self.stdout_taken |= is_stdout(&own);
        self.pending.push(Pending { content: Content::Access, path: path.to_owned(), sink });
        Ok(())
    }

    /// The files that a report goes to when the run is over.
    pub(super) fn report_files(&self) -> Vec<(OutputKind, PathBuf)> {
        let file = |pending: &Pending| match (&pending.content, &pending.sink) {
            (Content::Report(kind), Sink::Beside(place)) => Some((*kind, place.clone())),
            _ => None,
        };
        self.pending.iter().filter_map(file).collect()
    }

    /// Whether an output has each address that is learnt of.
    pub(super) fn has_addresses(&self) -> bool {
        self.has_addresses
    }

    /// Where addresses are written as they are learnt of.
    pub(super) fn take_url_lists(&mut self) -> Vec<Box<dyn Write + Send>> {
        std::mem::take(&mut self.url_lists)
    }

    /// The event logs' writers; they grow while the run does.
    pub(super) fn take_event_logs(&mut self) -> Vec<Box<dyn Write + Send>> {
        std::mem::take(&mut self.event_logs)
    }

    /// Renders and writes every report, each put in place by a rename; gives the paths written and
    /// the first [`CliError::OutputBroke`], which does not keep the others from being written.
    pub(super) fn write(
        self,
        report: &Report,
        unit: Option<TimeUnit>,
        site: &SiteContext,
    ) -> (Vec<PathBuf>, Option<CliError>) {
        let mut written = Vec::new();
        let mut first_error = None;
        for pending in self.pending {
            let bytes = match pending.content {
                Content::Report(kind) => Ok(render(kind, report, unit)),
                Content::Site(kind) => site.render(kind, report, &pending.path),
                Content::Collected(file) => {
                    collected(file).map_err(|source| broke(pending.path.clone(), source))
                }
                Content::Access => {
                    // Without one, what there was before stays, and the verdict says what happened.
                    let Some(matrix) = &report.access else {
                        let path = pending.path.display();
                        let text = format!("warning: {path}: not written, the run has no matrix\n");
                        write_stderr(text.as_bytes());
                        continue;
                    };
                    if matrix.left_out > 0 {
                        let text = format!(
                            "warning: {}: not written, {} operations were left out for want of requests\n",
                            pending.path.display(),
                            matrix.left_out
                        );
                        write_stderr(text.as_bytes());
                        continue;
                    }
                    Ok(crate::plan::access_text(matrix).into_bytes())
                }
            };
            let put = bytes.and_then(|bytes| {
                put(pending.sink, &bytes).map_err(|source| broke(pending.path.clone(), source))
            });
            match put {
                Ok(()) if is_stdout(&pending.path) => {}
                Ok(()) => written.push(pending.path),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        (written, first_error)
    }
}

/// A report as a file has it. Only text is written in a unit of the user's choice: the formats have
/// theirs.
pub(super) fn render(kind: OutputKind, report: &Report, unit: Option<TimeUnit>) -> Vec<u8> {
    if kind == OutputKind::Text {
        return crate::report::summary(report, Style { unit, ..Style::in_a_file() }).into_bytes();
    }
    crate::report::render(kind, report)
        .expect("event logs are not pending, and every other format can be rendered")
}

fn collected(mut file: File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn named(args: &OutputArgs) -> impl Iterator<Item = Output> {
    let own = [
        (OutputKind::Json, &args.json),
        (OutputKind::Jsonl, &args.jsonl),
        (OutputKind::Text, &args.text),
    ];
    let own = own.into_iter().filter_map(|(kind, path)| Some((kind, path.as_ref()?)));
    own.chain(args.files.named()).map(|(kind, path)| Output { kind, path: path.clone() })
}

fn collision(path: &Path) -> CliError {
    CliError::Usage(if is_stdout(path) {
        "only one output can go to standard output; give the others a FILE".to_owned()
    } else {
        format!("two outputs want to be written to {}; give each a FILE of its own", path.display())
    })
}

fn broke(path: PathBuf, source: std::io::Error) -> CliError {
    let path = if is_stdout(&path) { PathBuf::from("standard output") } else { path };
    CliError::OutputBroke { path, source }
}

/// `-`, and what the system calls it.
fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// What the system offers as files are not files: to rename something over them would break them.
fn is_special(place: &Path) -> bool {
    place.starts_with("/dev") || place.starts_with("/proc") || (place.exists() && !place.is_file())
}

fn may_be_shared(place: &Path) -> bool {
    place == Path::new("/dev/null")
}

/// The file itself, whatever links lead to it; what does not exist yet is named by its directory.
fn place(path: &Path) -> PathBuf {
    if is_stdout(path) {
        return PathBuf::from("-");
    }
    // A descriptor is no name: what it leads to is not to be replaced.
    if path.starts_with("/dev") || path.starts_with("/proc") {
        return path.to_owned();
    }
    let below_parent = || {
        let (parent, name) = (path.parent()?, path.file_name()?);
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        Some(parent.canonicalize().ok()?.join(name))
    };
    path.canonicalize().ok().or_else(below_parent).unwrap_or_else(|| path.to_owned())
}

fn open_log(place: &Path) -> std::io::Result<Box<dyn Write + Send>> {
    if is_stdout(place) {
        return Ok(Box::new(Piped(std::io::stdout())));
    }
    if is_special(place) {
        return Ok(Box::new(File::options().append(true).open(place)?));
    }
    make_parent(place)?;
    let file = File::options().write(true).create(true).truncate(false).open(place)?;
    // Two runs that write into each other's log leave none that can be read.
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            return Err(std::io::Error::other("another run is writing to it"));
        }
        // Some file systems know no locks.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    file.set_len(0)?;
    Ok(Box::new(file))
}

fn open_sink(place: &Path) -> std::io::Result<Sink> {
    if is_stdout(place) {
        return Ok(Sink::Stdout);
    }
    if place.is_dir() {
        return Err(std::io::Error::other("it is a directory"));
    }
    if is_special(place) {
        return File::options().append(true).open(place).map(Sink::Special);
    }
    // Whether it can be written is to be known before the run.
    temporary(place)?;
    Ok(Sink::Beside(place.to_owned()))
}

fn temporary(place: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let parent = make_parent(place)?;
    let mut builder = tempfile::Builder::new();
    set_readable(&mut builder);
    builder.prefix(".shakedown-").tempfile_in(parent)
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

fn put(sink: Sink, bytes: &[u8]) -> std::io::Result<()> {
    match sink {
        Sink::Stdout => write_all_stdout(bytes),
        Sink::Special(mut file) => file.write_all(bytes).and_then(|()| file.flush()),
        Sink::Beside(place) => {
            let mut file = temporary(&place)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(place).map_err(|error| error.error)?;
            Ok(())
        }
    }
}

/// Standard output, whose reader may go away (`| head`) without that being an error.
struct Piped<W>(W);

impl<W: Write> Write for Piped<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

/// Writes to standard output; a reader that went away (`| head`) is no error.
///
/// # Errors
/// [`CliError::OutputBroke`] for any other failure.
pub(super) fn write_stdout(bytes: &[u8]) -> Result<(), CliError> {
    write_all_stdout(bytes).map_err(|source| broke(PathBuf::from("-"), source))
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
    let sink = open_sink(&place(path))
        .map_err(|source| CliError::OutputUnwritable { path: path.to_owned(), source })?;
    put(sink, bytes).map_err(|source| broke(path.to_owned(), source))
}

fn write_all_stdout(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = Piped(std::io::stdout().lock());
    stdout.write_all(bytes).and_then(|()| stdout.flush())
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
