//! Who is compared, where, and what is expected of it.

use std::path::Path;
use std::path::PathBuf;

use super::super::bounded;
use super::super::document::Entry;
use super::super::document::Node;
use super::super::document::Value;
use super::super::reader::Fields;
use super::super::reader::Keys;
use super::super::reader::Reader;
use super::super::types::ScanSettings;
use super::file;
use crate::flow::auth::Sessions;
use crate::model::ANONYMOUS;
use crate::model::AccessMatrix;

pub(in crate::plan) const ACCESS: Keys =
    Keys { of: "`access`", known: &["identities", "matrix", "include"], later: &[] };

/// The check that compares.
const CHECK: &str = "access-matrix";

/// A larger file is no matrix.
const MAX_FILE: u64 = 4 << 20;

/// What a scan compares of who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessSettings {
    /// Names in the order in which they are asked: [`ANONYMOUS`] is nobody, others are the plan's.
    pub identities: Vec<String>,
    /// What is expected, where somebody has said it.
    pub expected: Option<AccessMatrix>,
    /// Beginnings of `METHOD path`; without any, every operation is meant.
    pub include: Vec<String>,
}

impl AccessSettings {
    /// Whether an operation is meant.
    pub fn includes(&self, method: &str, path_template: &str) -> bool {
        let name = format!("{method} {path_template}");
        self.include.is_empty() || self.include.iter().any(|start| name.starts_with(start))
    }
}

/// Reads `access` of `scan` into its settings; `known_checks` are those that there are.
pub(in crate::plan) fn access(
    scan: &Fields<'_>,
    (plan, sessions): (&Fields<'_>, &Sessions),
    settings: &mut ScanSettings,
    known_checks: &[String],
    reader: &mut Reader,
) {
    let Some(entry) = scan.entry("access") else { return };
    let Some(fields) = reader.fields(&entry.node, &entry.key_at, &ACCESS) else { return };
    let people = people(plan, sessions);
    if people.iter().any(|name| name == ANONYMOUS) {
        let text = format!("`{ANONYMOUS}` is nobody here, and the plan has somebody of that name");
        reader.problem_with_help(&entry.key_at, text, "give the identity another name");
    }
    let everybody: Vec<String> = std::iter::once(ANONYMOUS.to_owned()).chain(people).collect();
    let identities = match fields.get("identities") {
        Some(node) => identities(node, &everybody, reader),
        None => everybody.clone(),
    };
    let is_read = |node: &Node| matches!(node.value, Value::List(_));
    if identities.len() < 2 && fields.get("identities").is_none_or(is_read) {
        let text = "`access` compares identities: it takes two of them, `anonymous` counts";
        reader.problem_with_help(&fields.at, text, "add `identities` to the plan, or name more");
    }
    let expected = fields.get("matrix").and_then(|node| matrix(node, &everybody, reader));
    let include = fields.get("include").map(|node| include(node, reader)).unwrap_or_default();
    run_check(scan.entries(), entry, settings, known_checks, reader);
    settings.probing.access = Some(AccessSettings { identities, expected, include });
}

/// Everybody with a name as whom a scan can send.
fn people(plan: &Fields<'_>, sessions: &Sessions) -> Vec<String> {
    // By the text: what is wrong with an identity is said where it stands.
    let named: Vec<String> = match plan.get("identities").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| entry.key.clone()).collect(),
        _ => Vec::new(),
    };
    // An auth that nobody has is somebody as long as the site is looked at with it.
    let alone = sessions.scan.filter(|who| who.identity.is_none());
    let alone = alone.and_then(|who| sessions.auths.get(who.auth)).map(|auth| auth.name.clone());
    alone.into_iter().chain(named).collect()
}

fn identities(node: &Node, everybody: &[String], reader: &mut Reader) -> Vec<String> {
    let mut identities: Vec<String> = Vec::new();
    for (name, at) in reader.texts(node, "identities like [ anonymous, member ]") {
        if !everybody.iter().any(|known| known == name) {
            reader.unknown(at, "identity", name, everybody.iter().map(String::as_str));
        }
        if identities.iter().any(|earlier| earlier == name) {
            reader.problem(at, format!("`{name}` is named twice"));
        } else {
            identities.push(name.to_owned());
        }
    }
    identities
}

/// The file that says what is expected, with its mistakes at their places.
fn matrix(node: &Node, everybody: &[String], reader: &mut Reader) -> Option<AccessMatrix> {
    let name = reader.text(node, "a file like access.yml")?;
    let path = reader.beside(&node.at, name);
    let text = match read(&path) {
        Ok(text) => text,
        Err(why) => {
            let text = format!("`{}` {why}", path.display());
            let help = format!(
                "leave `matrix` out until `shakedown scan PLAN --write-access {name}` has \
                 written it"
            );
            reader.problem_with_help(&node.at, text, help);
            return None;
        }
    };
    match file::access_matrix(&text, everybody) {
        Ok(matrix) => Some(matrix),
        Err(problems) => {
            // Only a plan that is refused anyway gets another text: what it is depends on its own.
            let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
            let shown = path.display().to_string();
            let base = reader.sources.add(shown, text, directory, PathBuf::new());
            reader.problems.extend(problems.into_iter().map(|problem| problem.shifted(base)));
            None
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes =
        bounded::read(path, MAX_FILE).map_err(|error| format!("cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Beginnings of operations.
fn include(node: &Node, reader: &mut Reader) -> Vec<String> {
    let mut include = Vec::new();
    for (start, at) in reader.texts(node, "operations like [ GET /api/ ]") {
        let (method, path) = start.split_once(' ').unwrap_or((start, "/"));
        if is_method(method) && path.starts_with('/') {
            include.push(start.to_owned());
        } else {
            let text = format!("no operation begins with `{start}`");
            reader.problem_with_help(at, text, "write a method and a path, like `GET /api/`");
        }
    }
    include
}

/// Whether a word is a method as operations have it.
pub(super) fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// Whoever writes `access` means its check to run, among those that send something.
fn run_check(
    scan: &[Entry],
    access: &Entry,
    settings: &mut ScanSettings,
    known_checks: &[String],
    reader: &mut Reader,
) {
    let chooses = |entry: &Entry| match (entry.key.as_str(), &entry.node.value) {
        ("active", Value::List(checks)) => !checks.is_empty(),
        ("active" | "policy", _) => true,
        _ => false,
    };
    if !scan.iter().any(chooses) {
        let text = "`access` is compared by a check, and the plan runs none";
        let help = format!("add `active: [ {CHECK} ]` to `scan`, or a `policy`");
        reader.problem_with_help(&access.key_at, text, help);
    }
    let is_there = known_checks.iter().any(|check| check == CHECK);
    if is_there && settings.is_active() && !settings.active.iter().any(|check| check == CHECK) {
        settings.active.push(CHECK.to_owned());
    }
}
