//! `include`: sections of a plan that stand in files of their own.
//!
//! Files are read before anything is substituted, and their sections added to the plan's: from then
//! on there is one tree, whose nodes know which file they stand in. What is tested, who allowed it
//! and how much may be sent is said by the plan itself alone, so that nobody has to read more than
//! one file to know it.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use globset::Glob;

use super::bounded;
use super::document::{self, Entry, Node, Place, Value};
use super::file::{MAX_FILE, PLAN};
use super::reader::{Keys, Reader};

/// The key.
pub(super) const INCLUDE: &str = "include";

/// Sections that stand in one file alone; of all others, names may stand in one file or another.
const WHOLE: [&str; 2] = ["setup", "teardown"];
/// What an included file may have.
const PARTS: &[&str] = &[
    "version",
    "include",
    "vars",
    "secrets",
    "data",
    "auth",
    "identities",
    "requests",
    "flows",
    "scenarios",
    "thresholds",
    "setup",
    "teardown",
];

/// Files that include files that include files.
const MAX_DEPTH: usize = 8;
/// Files of one plan.
const MAX_FILES: usize = 100;
/// Names that are looked at for a wildcard.
const MAX_NAMES: usize = 10_000;

/// Adds to `tree`, read from the file at `path`, what it includes; says whether all was found.
/// A plan that is no file (`path` is nothing) includes nothing.
pub(super) fn include(tree: &mut Node, path: Option<&Path>, reader: &mut Reader) -> bool {
    let Some(entry) = take(tree) else { return true };
    let Some(path) = path else {
        reader.problem_with_help(
            &entry.key_at,
            "only a plan that is read from a file includes others",
            "save the plan and what it includes, or write it all into one file",
        );
        return false;
    };
    let before = reader.problems.len();
    let text_len = reader.sources.plan().map_or(0, |plan| plan.text.len());
    let mut walk = Walk {
        bytes: text_len as u64,
        nodes: document::count(tree),
        stack: vec![Open { path: path.canonicalize().ok(), shown: path.display().to_string() }],
        seen: BTreeSet::new(),
        found: Vec::new(),
        reader,
    };
    walk.follow(&entry.node);
    let found = walk.found;
    let is_whole = reader.problems.len() == before;
    if let Value::Map(entries) = &mut tree.value {
        for part in found {
            add(entries, part, reader);
        }
    }
    is_whole
}

/// The entry `include`, out of the tree; a second one stays, and is reported.
fn take(tree: &mut Node) -> Option<Entry> {
    let Value::Map(entries) = &mut tree.value else { return None };
    let index = entries.iter().position(|entry| entry.key == INCLUDE)?;
    Some(entries.remove(index))
}

/// A file that is being read.
struct Open {
    /// Its one true path; nothing for a pipe.
    path: Option<PathBuf>,
    shown: String,
}

/// Goes from file to file.
struct Walk<'r> {
    reader: &'r mut Reader,
    /// The plan, and the files that led to where it is.
    stack: Vec<Open>,
    /// A file that is included twice is read once.
    seen: BTreeSet<PathBuf>,
    /// Sections, in the order of the files.
    found: Vec<Entry>,
    bytes: u64,
    nodes: usize,
}

impl Walk<'_> {
    /// Every file that an `include` names.
    fn follow(&mut self, node: &Node) {
        for item in node.one_or_many() {
            let Some(name) = self.reader.text(item, "a file name, or a list of them") else {
                continue;
            };
            if let Some(message) = unfit(name) {
                self.reader.problem(&item.at, message);
                continue;
            }
            for name in self.names(name, &item.at) {
                if !self.file(&name, &item.at) {
                    return;
                }
            }
        }
    }

    /// The name, or those that its wildcards stand for.
    fn names(&mut self, name: &str, at: &Place) -> Vec<String> {
        if !name.contains(['*', '?']) {
            return vec![name.to_owned()];
        }
        let (folder, pattern) = name
            .rsplit_once('/')
            .map_or(("", name), |(folder, pattern)| (&name[..=folder.len()], pattern));
        let wanted = match Glob::new(pattern) {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                self.reader.problem(at, format!("`{name}` is no pattern: {}", error.kind()));
                return Vec::new();
            }
        };
        let path = self.reader.sources.beside(at, folder);
        let listed =
            listed(if folder.is_empty() && path == Path::new("") { Path::new(".") } else { &path });
        let names = match listed {
            Ok(names) => names,
            Err(message) => {
                self.reader.problem(at, format!("`{name}`: {message}"));
                return Vec::new();
            }
        };
        let including = self.stack.last().and_then(|open| open.path.clone());
        let is_itself =
            |name: &str| including.is_some() && path.join(name).canonicalize().ok() == including;
        let mut fitting: Vec<String> = names
            .into_iter()
            .filter(|name| wanted.is_match(name) && !is_itself(name))
            .map(|name| format!("{folder}{name}"))
            .collect();
        fitting.sort();
        if fitting.is_empty() {
            let text = format!("no file is called like `{}`", path.join(pattern).display());
            self.reader.problem(at, text);
        }
        fitting
    }

    /// Reads one file, and what it includes; says whether to go on.
    fn file(&mut self, name: &str, at: &Place) -> bool {
        let path = self.reader.sources.beside(at, name);
        let shown = path.display().to_string();
        let real = match plain_file(&path) {
            Ok(real) => real,
            Err(message) => {
                self.reader.problem(at, format!("`{shown}` {message}"));
                return true;
            }
        };
        if let Some(first) = self.stack.iter().position(|open| open.path.as_ref() == Some(&real)) {
            let circle = self.stack[first..].iter().map(|open| open.shown.as_str());
            let circle: Vec<&str> = circle.chain([shown.as_str()]).collect();
            let text = format!("`{shown}` includes itself: {}", circle.join(" → "));
            self.reader.problem(at, text);
            return true;
        }
        if !self.seen.insert(real.clone()) {
            return true;
        }
        if self.seen.len() >= MAX_FILES || self.stack.len() > MAX_DEPTH {
            let text = format!("a plan has at most {MAX_FILES} files, at most {MAX_DEPTH} deep");
            self.reader.problem(at, text);
            return false;
        }
        let text = match bounded::read(&path, MAX_FILE.saturating_sub(self.bytes)) {
            Ok(text) => text,
            Err(error) => {
                self.reader.problem(at, unread(&shown, &error));
                return error.kind() != ErrorKind::FileTooLarge;
            }
        };
        self.bytes += text.len() as u64;
        let below = self.reader.sources.find(at).map(|(source, _)| source.below().join(name));
        let below = below.and_then(|path| path.parent().map(Path::to_owned)).unwrap_or_default();
        self.stack.push(Open { path: Some(real), shown: shown.clone() });
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        let goes_on = self.text(text, &shown, directory, below);
        self.stack.pop();
        goes_on
    }

    fn text(&mut self, bytes: Vec<u8>, shown: &str, directory: PathBuf, below: PathBuf) -> bool {
        let (text, broken) = match String::from_utf8(bytes) {
            Ok(text) => (text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), None),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(valid))
            }
        };
        let base = self.reader.sources.add(shown.to_owned(), text.clone(), directory, below);
        if let Some(valid) = broken {
            let at = base + valid..base + valid;
            let text = "the file is not UTF-8 from here on";
            self.reader.problem_with_help(&at, text, "save it as UTF-8");
            return true;
        }
        let mut tree = match document::parse_named(shown, &text) {
            Ok(tree) => tree,
            Err(problem) => {
                self.reader.problems.push(problem.shifted(base));
                return true;
            }
        };
        document::shift(&mut tree, base);
        self.nodes += document::count(&tree);
        if self.nodes > document::MAX_NODES {
            let text = format!(
                "too much for a plan: all its files together may have {} values, aliases expanded",
                document::MAX_NODES
            );
            self.reader.problem(&(base..base), text);
            return false;
        }
        self.tree(tree);
        true
    }

    /// Takes the sections of an included file, and follows what it includes itself.
    fn tree(&mut self, mut tree: Node) {
        if tree.scalar().is_some_and(|scalar| scalar.typed.is_null()) {
            self.reader.problem(&tree.at, "the included file is empty");
            return;
        }
        let inner = take(&mut tree);
        let Some(entries) = self.reader.entries(&tree, "sections of a plan") else { return };
        let keys = Keys { of: "an included file", known: PARTS, later: PLAN.later };
        for entry in entries {
            let key = entry.key.as_str();
            if key == "version" {
                self.reader.number(&entry.node, "1, the only version there is", |v: u64| v == 1);
            } else if PARTS.contains(&key) {
                self.found.push(entry.clone());
            } else if PLAN.known.contains(&key) {
                self.reader.problem_with_help(
                    &entry.key_at,
                    format!("`{key}` stands in the plan itself, not in a file that it includes"),
                    format!("an included file may have {}", PARTS.join(", ")),
                );
            } else if !key.starts_with("x-") {
                self.reader.check_key(entry, &keys);
            }
        }
        if let Some(inner) = inner {
            self.follow(&inner.node);
        }
    }
}

/// Adds a section to those that are there.
fn add(entries: &mut Vec<Entry>, part: Entry, reader: &mut Reader) {
    let Some(own) = entries.iter_mut().find(|entry| entry.key == part.key) else {
        entries.push(part);
        return;
    };
    let is_named = !WHOLE.contains(&part.key.as_str());
    match (&mut own.node.value, part.node.value) {
        (Value::Map(own), Value::Map(more)) if is_named => own.extend(more),
        // Where its own is no mapping, that is said when it is read.
        (_, Value::Map(_)) if is_named => {}
        (_, value) if is_named => {
            let node = Node { value, at: part.node.at };
            reader.wrong_type(&node, &format!("{}: a mapping `{{ key: value }}`", part.key));
        }
        _ => reader.twice(&part.key, &part.key_at, &own.key_at),
    }
}

/// Why a text names no file to include.
fn unfit(name: &str) -> Option<String> {
    if name.contains("${") {
        return Some("files are included before anything is substituted: name the file".to_owned());
    }
    if name.contains("://") {
        return Some(format!("`{name}` is a URL; only files are included"));
    }
    if Path::new(name).is_absolute() || name.starts_with('~') {
        return Some(format!(
            "`{name}` is a path of this machine; write one relative to this file"
        ));
    }
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder.contains(['*', '?']) || name.contains("**") {
        return Some(format!(
            "`{name}`: `*` and `?` stand for parts of a file's name, not of its folder"
        ));
    }
    (name.is_empty() || name.ends_with('/')).then(|| format!("`{name}` is no file"))
}

/// The one true path of a file that can be read to its end.
fn plain_file(path: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("cannot be read: {error}");
    let real = path.canonicalize().map_err(failed)?;
    let metadata = std::fs::metadata(&real).map_err(failed)?;
    if metadata.is_dir() {
        return Err("is a directory; name its files, or write `/*.yml` behind it".to_owned());
    }
    if metadata.is_file() { Ok(real) } else { Err("is no plain file".to_owned()) }
}

fn unread(shown: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::FileTooLarge => format!(
            "`{shown}` is too large: all files of a plan together may have {} MiB",
            MAX_FILE >> 20
        ),
        _ => format!("`{shown}` cannot be read: {error}"),
    }
}

/// Names of the plain files in a folder that are not hidden.
fn listed(folder: &Path) -> Result<Vec<String>, String> {
    let failed =
        |error: std::io::Error| format!("`{}` cannot be listed: {error}", folder.display());
    let mut names = Vec::new();
    for (index, entry) in std::fs::read_dir(folder).map_err(failed)?.enumerate() {
        if index == MAX_NAMES {
            return Err(format!("`{}` has more than {MAX_NAMES} files", folder.display()));
        }
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with('.') && entry.path().is_file() {
            names.push(name);
        }
    }
    Ok(names)
}
