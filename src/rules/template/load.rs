//! Folders of templates: walked, read and compiled on all processors, with an index beside them so
//! that what is not wanted is not read again.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde::Serialize;

use super::compile::{Compiled, compile};
use super::definition::{Template, Workflow};
use super::head::Head;
use super::refusal::{Reason, Refusal};
use super::select::{LeftOut, Selection};
use crate::model::Seed;

/// A larger file is no template.
const MAX_FILE: u64 = 4 << 20;

/// Folders are searched this deep.
const MAX_DEPTH: usize = 24;

/// Of another version, an index is made anew.
const INDEX_VERSION: u32 = 2;

/// What is to be loaded, and how.
#[derive(Debug)]
pub struct Loading<'l> {
    /// Files and folders.
    pub paths: &'l [PathBuf],
    /// Which of the templates.
    pub selection: &'l Selection,
    /// Where the index is kept; `None` for none.
    pub index: Option<&'l Path>,
    /// What random words and values come from.
    pub seed: Seed,
    /// The time, in seconds since 1970.
    pub now_unix: i64,
}

/// Templates, loaded.
#[derive(Debug, Default)]
pub struct Library {
    /// Those that run, by path.
    pub templates: Vec<Arc<Template>>,
    /// Workflows, by path.
    pub workflows: Vec<Workflow>,
    /// What is not run although it was asked for, by path.
    pub refusals: Vec<Refusal>,
    /// How many were left out, by reason.
    pub left_out: BTreeMap<LeftOut, u64>,
    /// Files that were found.
    pub files: u64,
    /// Files that were read, the others being known from the index.
    pub read: u64,
    /// Every file in short, by path.
    pub heads: Vec<Head>,
}

/// The folder's own list of what to leave out unless asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct IgnoreList {
    tags: Vec<String>,
    files: Vec<String>,
}

/// One file's state when it was read.
#[derive(Debug, Deserialize)]
struct Entry {
    modified_ns: u64,
    length: u64,
    head: Head,
}

/// The same to be written.
#[derive(Debug, Serialize)]
struct EntryRef<'e> {
    modified_ns: u64,
    length: u64,
    head: &'e Head,
}

/// The first line of an index; an [`Entry`] in each of the others, so that several can be read at once.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct IndexHead {
    version: u32,
    tool: String,
}

impl IndexHead {
    fn ours() -> Self {
        Self { version: INDEX_VERSION, tool: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// What an index knows, by path.
type Index = HashMap<String, Entry>;

/// A file that was found.
#[derive(Debug, Clone)]
struct Found {
    path: PathBuf,
    root: Option<PathBuf>,
    modified_ns: u64,
    length: u64,
}

/// What became of a file.
struct Outcome {
    head: Head,
    compiled: Option<Compiled>,
    left_out: Option<LeftOut>,
    was_read: bool,
    state: (u64, u64),
}

/// Tags and files that a folder of templates asks to be left out: its `.nuclei-ignore`.
pub fn ignored(paths: &[PathBuf]) -> (Vec<String>, Vec<String>) {
    let (mut tags, mut files) = (Vec::new(), Vec::new());
    for path in paths {
        let Some(text) =
            root_of(path).and_then(|root| fs::read_to_string(root.join(".nuclei-ignore")).ok())
        else {
            continue;
        };
        let options = serde_saphyr::options! { with_snippet: false };
        if let Ok(list) = serde_saphyr::from_str_with_options::<IgnoreList>(&text, options) {
            tags.extend(list.tags);
            files.extend(list.files);
        }
    }
    (tags, files)
}

/// Loads them. What is wrong with one file stops no other.
///
/// # Errors
/// A path that the user named and that cannot be read.
pub fn load(loading: &Loading<'_>) -> Result<Library, Refusal> {
    let (files, known) = std::thread::scope(|scope| {
        let index = loading.index.map(|path| scope.spawn(|| read_index(path)));
        let files = files(loading.paths);
        (files, index.map(|index| index.join().unwrap_or_default()).unwrap_or_default())
    });
    let files = files?;
    let known_count = known.len();
    let outcomes = outcomes(files, loading, known);
    if let Some(path) = loading.index {
        let changed =
            outcomes.iter().any(|outcome| outcome.was_read) || known_count != outcomes.len();
        if changed {
            write_index(path, &outcomes);
        }
    }
    Ok(gather(outcomes))
}

fn files(paths: &[PathBuf]) -> Result<Vec<Found>, Refusal> {
    let mut files = Vec::new();
    for path in paths {
        find(path, &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

fn worker_count(work: usize) -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(work.max(1))
}

fn outcomes(files: Vec<Found>, loading: &Loading<'_>, mut known: Index) -> Vec<Outcome> {
    let workers = worker_count(files.len());
    let with_entry = |file: Found| {
        let path = file.path.display().to_string();
        let entry = known.remove(&path);
        Mutex::new(Some((file, path, entry)))
    };
    let asked: Vec<_> = files.into_iter().map(with_entry).collect();
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<Outcome>>> = asked.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(slot) = asked.get(index) else { return };
                    let taken = slot.lock().expect("no holder panics").take();
                    let Some((file, path, entry)) = taken else { continue };
                    let outcome = outcome(&file, &path, loading, entry);
                    *slots[index].lock().expect("no holder panics") = Some(outcome);
                }
            });
        }
    });
    let taken = |slot: Mutex<Option<Outcome>>| slot.into_inner().expect("no holder panics");
    slots.into_iter().filter_map(taken).collect()
}

fn outcome(file: &Found, path: &str, loading: &Loading<'_>, entry: Option<Entry>) -> Outcome {
    let state = (file.modified_ns, file.length);
    if let Some(Entry { head, .. }) =
        entry.filter(|entry| (entry.modified_ns, entry.length) == state)
    {
        let left_out = loading.selection.judge(&head).err();
        if left_out.is_some() || !head.refusals.is_empty() {
            return Outcome { head, compiled: None, left_out, was_read: false, state };
        }
    }
    let compiled = match read(file) {
        Ok(text) => compile(path, &text, file.root.as_deref(), loading.seed, loading.now_unix),
        Err(message) => Err(vec![whole(path, Reason::Unreadable, message)]),
    };
    let head = Head::of(&compiled, path);
    let left_out = loading.selection.judge(&head).err();
    let compiled = compiled.ok().filter(|_| left_out.is_none());
    Outcome { head, compiled, left_out, was_read: true, state }
}

fn gather(outcomes: Vec<Outcome>) -> Library {
    let mut library = Library { files: outcomes.len() as u64, ..Library::default() };
    for outcome in outcomes {
        library.read += u64::from(outcome.was_read);
        if let Some(reason) = outcome.left_out {
            *library.left_out.entry(reason).or_default() += 1;
        } else {
            library.refusals.extend(outcome.head.refusals());
        }
        match outcome.compiled {
            Some(Compiled::Template(template)) => {
                library.templates.push(Arc::from(template));
            }
            Some(Compiled::Workflow(workflow)) => library.workflows.push(*workflow),
            None => {}
        }
        library.heads.push(outcome.head);
    }
    library
}

fn whole(path: &str, reason: Reason, message: String) -> Refusal {
    Refusal { path: path.to_owned(), id: None, line: 0, column: 0, reason, message }
}

fn read(file: &Found) -> Result<String, String> {
    if file.length > MAX_FILE {
        return Err(format!("the file is larger than {} MiB", MAX_FILE >> 20));
    }
    let bytes = fs::read(&file.path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| format!("the file is not UTF-8: {error}"))
}

/// The folder that a template's payloads are below: the one that the user named, or the nearest above
/// that looks like the root of a collection.
fn root_of(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    let is_root =
        |folder: &&Path| folder.join("helpers").is_dir() || folder.join(".nuclei-ignore").is_file();
    let absolute = fs::canonicalize(folder).ok()?;
    let above = absolute.ancestors().take(MAX_DEPTH).find(is_root);
    // As the user wrote it where it can be, so that paths in messages are theirs.
    match above {
        Some(root) if root != absolute => {
            let up = absolute.components().count() - root.components().count();
            let written = folder.ancestors().nth(up).filter(|written| {
                !written.as_os_str().is_empty()
                    && fs::canonicalize(written).is_ok_and(|written| written == root)
            });
            Some(written.map_or_else(|| root.to_owned(), Path::to_owned))
        }
        _ => Some(folder.to_owned()),
    }
}

fn find(path: &Path, files: &mut Vec<Found>) -> Result<(), Refusal> {
    let refuse = |message: String| whole(&path.display().to_string(), Reason::Unreadable, message);
    let metadata = fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
    let root = root_of(path);
    if metadata.is_file() {
        files.push(found(path.to_owned(), root, &metadata));
        return Ok(());
    }
    walk(path, root.as_ref(), 0, files).map_err(|error| refuse(error.to_string()))
}

fn found(path: PathBuf, root: Option<PathBuf>, metadata: &fs::Metadata) -> Found {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified_ns = modified.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    Found { path, root, modified_ns, length: metadata.len() }
}

/// Symbolic links to folders are not followed, hidden folders not entered.
fn walk(
    folder: &Path,
    root: Option<&PathBuf>,
    depth: usize,
    files: &mut Vec<Found>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if kind.is_dir() && depth < MAX_DEPTH {
            walk(&path, root, depth + 1, files)?;
        } else if !kind.is_dir()
            && path.extension().is_some_and(|end| end == "yaml" || end == "yml")
        {
            let metadata = fs::metadata(&path)?;
            if metadata.is_file() {
                files.push(found(path, root.cloned(), &metadata));
            }
        }
    }
    Ok(())
}

/// Nothing where there is none, or one of another version. Lines are read on all processors.
fn read_index(path: &Path) -> Index {
    let Ok(bytes) = fs::read(path) else { return Index::default() };
    let Some(end) = memchr::memchr(b'\n', &bytes) else { return Index::default() };
    let (head, lines) = bytes.split_at(end + 1);
    if serde_json::from_slice(head).ok() != Some(IndexHead::ours()) {
        return Index::default();
    }
    let pieces = pieces(lines, worker_count(lines.len()));
    let read = std::thread::scope(|scope| {
        let readers: Vec<_> =
            pieces.into_iter().map(|piece| scope.spawn(move || entries(piece))).collect();
        readers.into_iter().map(|reader| reader.join().ok().flatten()).collect::<Option<Vec<_>>>()
    });
    let entries = read.unwrap_or_default().into_iter().flatten();
    entries.map(|entry| (entry.head.path.clone(), entry)).collect()
}

/// Whole lines, in as many pieces of about the same length.
fn pieces(mut lines: &[u8], count: usize) -> Vec<&[u8]> {
    let length = lines.len() / count.max(1);
    let mut pieces = Vec::with_capacity(count);
    for _ in 1..count {
        let end = memchr::memchr(b'\n', &lines[length.min(lines.len())..]);
        let end = end.map_or(lines.len(), |end| length + end + 1);
        let (piece, rest) = lines.split_at(end);
        pieces.push(piece);
        lines = rest;
    }
    pieces.push(lines);
    pieces
}

/// Nothing if one line is none of ours.
fn entries(lines: &[u8]) -> Option<Vec<Entry>> {
    lines.lines().map(|line| serde_json::from_str(&line.ok()?).ok()).collect()
}

/// Written beside and put in place: a run that is killed leaves the old one. An index that cannot be
/// written is made anew by the next run.
fn write_index(path: &Path, outcomes: &[Outcome]) {
    let written = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut out = std::io::BufWriter::new(file.as_file_mut());
        serde_json::to_writer(&mut out, &IndexHead::ours())?;
        out.write_all(b"\n")?;
        for outcome in outcomes {
            let (modified_ns, length) = outcome.state;
            let entry = EntryRef { modified_ns, length, head: &outcome.head };
            serde_json::to_writer(&mut out, &entry)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        drop(out);
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    let _unwritten = written();
}
