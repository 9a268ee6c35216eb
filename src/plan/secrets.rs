//! `secrets`: values that stand in no plan and in no report. Read where something uses them, before
//! anything is sent.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::bounded;
use super::document::{Entry, Node, Place, Value};
use super::error::Problem;
use super::file::{CommandRunner, Overrides};
use super::names::is_name;
use super::reader::{Keys, Reader};
use super::substitute::{Env, Mistake};
use crate::model::Redactor;
use crate::model::did_you_mean;

pub(super) const SECRET: Keys =
    Keys { of: "a secret", known: &["env", "file", "command"], later: &[] };
const HELP: &str = "write `{ env: NAME }`, `{ file: secret.txt }` or `{ command: [ … ] }`";

/// A longer one is a file that was named by mistake.
const MAX_SECRET: u64 = 64 << 10;

/// Every secret of the plan, and those that were read.
pub(super) struct Secrets {
    defined: Vec<Secret>,
    overrides: Overrides,
}

struct Secret {
    name: String,
    at: Place,
    /// `None` where that is wrong, which was reported.
    from: Option<From>,
    /// Whether anything refers to it.
    is_used: bool,
    read: Option<Result<String, Mistake>>,
}

enum From {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

impl Secrets {
    /// What the plan says of secrets, read from `node` of which only the environment was
    /// substituted.
    pub(super) fn new(node: Option<&Node>, overrides: &Overrides, reader: &mut Reader) -> Self {
        let entries = node.and_then(|node| reader.entries(node, "secrets")).unwrap_or_default();
        let defined = entries.iter().map(|entry| Secret {
            name: entry.key.clone(),
            at: entry.key_at.clone(),
            from: from(entry, reader),
            is_used: false,
            read: None,
        });
        Self { defined: defined.collect(), overrides: overrides.clone() }
    }

    /// The value of the secret `name`; an empty one where its definition is wrong, which was
    /// reported, or where it is missing and `is_sent` is false: then no command is run either.
    pub(super) fn value(
        &mut self,
        name: &str,
        env: Env<'_>,
        is_sent: bool,
    ) -> Result<String, Mistake> {
        let Self { defined, overrides } = self;
        let Some(index) = defined.iter().position(|secret| secret.name == name) else {
            return Err(undefined(name, defined));
        };
        let secret = &mut defined[index];
        secret.is_used = true;
        let Some(from) = &secret.from else { return Ok(String::new()) };
        if !is_sent && (matches!(from, From::Command(_)) || secret.read.is_some()) {
            return Ok(secret.read.clone().and_then(Result::ok).unwrap_or_default());
        }
        let read = || from.read(env, overrides).and_then(|value| usable(name, value));
        if is_sent {
            return secret.read.get_or_insert_with(read).clone();
        }
        let value = read().ok();
        secret.read = value.clone().map(Ok);
        Ok(value.unwrap_or_default())
    }

    /// Masks every secret that was read.
    pub(super) fn redactor(&self) -> Redactor {
        let read = |secret: &Secret| {
            let value = secret.read.as_ref()?.as_ref().ok()?;
            Some((secret.name.clone(), value.clone()))
        };
        Redactor::new(self.defined.iter().filter_map(read))
    }

    /// A word on each that nothing refers to.
    pub(super) fn unused(&self) -> impl Iterator<Item = Problem> + '_ {
        let unused = self.defined.iter().filter(|secret| !secret.is_used && secret.from.is_some());
        unused.map(|Secret { name, at, .. }| {
            Problem::new(at.clone(), format!("the secret `{name}` is never used"))
        })
    }
}

fn undefined(name: &str, defined: &[Secret]) -> Mistake {
    let nearest = did_you_mean(name, defined.iter().map(|secret| secret.name.as_str()))
        .map(|nearest| format!(", did you mean `secrets.{nearest}`?"))
        .unwrap_or_default();
    (
        format!("`secrets.{name}` is not defined{nearest}"),
        format!("add it: `secrets: {{ {name}: {{ env: {name} }} }}`"),
    )
}

/// Where a secret comes from.
fn from(entry: &Entry, reader: &mut Reader) -> Option<From> {
    if !is_name(&entry.key) {
        let text = format!("`{}` cannot be the name of a secret", entry.key);
        reader.problem_with_help(&entry.key_at, text, "a name has letters, digits, `_` and `-`");
        return None;
    }
    if entry.node.scalar().is_some() {
        // What was written is not shown: it may be the secret itself.
        let text = format!("a secret is not written into the plan: `{}` is a value", entry.key);
        reader.problem_with_help(&entry.key_at, text, HELP);
        return None;
    }
    let fields = reader.fields(&entry.node, &entry.key_at, &SECRET)?;
    let mut given = SECRET.known.iter().filter_map(|key| fields.entry(key));
    let Some(first) = given.next() else {
        reader.problem_with_help(&entry.key_at, "a secret needs a place to come from", HELP);
        return None;
    };
    if let Some(second) = given.next() {
        let text = format!("a secret comes from one place: `{}` or `{}`", first.key, second.key);
        reader.problem(&second.key_at, text);
        return None;
    }
    let node = &first.node;
    match first.key.as_str() {
        "env" => reader.text(node, "the name of a variable").map(|name| From::Env(name.to_owned())),
        "file" => {
            let name = reader.text(node, "a file name")?;
            Some(From::File(reader.beside(&node.at, name)))
        }
        _ => command(node, reader).map(From::Command),
    }
}

/// A program with its arguments, or a line for the shell.
fn command(node: &Node, reader: &mut Reader) -> Option<Vec<String>> {
    let words = if matches!(node.value, Value::List(_)) {
        let words = reader.texts(node, "words: the program and its arguments");
        words.into_iter().map(|(word, _)| word.to_owned()).collect()
    } else {
        let line = reader.text(node, "a line for the shell, or a list of words")?;
        vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()]
    };
    if words.first().is_none_or(String::is_empty) {
        reader.problem(&node.at, "a command has a program");
        return None;
    }
    Some(words)
}

impl From {
    fn read(&self, env: Env<'_>, overrides: &Overrides) -> Result<String, Mistake> {
        match self {
            Self::Env(name) => env(name).ok_or_else(|| {
                (format!("the environment variable `{name}` is not set"), "set it".to_owned())
            }),
            Self::File(path) => {
                let bytes = bounded::read(path, MAX_SECRET).map_err(|error| {
                    let reason = match error.kind() {
                        ErrorKind::FileTooLarge => {
                            format!("is larger than {} KiB", MAX_SECRET >> 10)
                        }
                        _ => format!("cannot be read: {error}"),
                    };
                    (
                        format!("`{}` {reason}", path.display()),
                        "it holds the secret and nothing else".to_owned(),
                    )
                })?;
                let text = String::from_utf8(bytes).map_err(|_| {
                    (format!("`{}` is not UTF-8", path.display()), "a secret is a text".to_owned())
                })?;
                Ok(without_newline(text))
            }
            Self::Command(words) => {
                let run = overrides.secret_command.ok_or_else(|| {
                    (
                        "this plan may not run commands".to_owned(),
                        "take the secret from `env`".to_owned(),
                    )
                })?;
                ran(run, words)
            }
        }
    }
}

fn ran(run: CommandRunner, words: &[String]) -> Result<String, Mistake> {
    run(words).map(without_newline).map_err(|reason| {
        // Arguments may be secrets themselves.
        (
            format!("the command `{}` {reason}", words[0]),
            "run it by hand to see what is wrong".to_owned(),
        )
    })
}

/// Files and commands end their last line.
fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// A value that can be told apart from what is no secret.
fn usable(name: &str, value: String) -> Result<String, Mistake> {
    match value.len() {
        0 => Err((format!("the secret `{name}` is empty"), "set it".to_owned())),
        length if length < Redactor::MIN_SECRET => Err((
            format!("the secret `{name}` is too short to be kept out of reports"),
            format!(
                "it has {length} of at least {} bytes: whatever it happens to be part of would be \
                 masked too; if it is no secret, use ${{env.{name}}}",
                Redactor::MIN_SECRET
            ),
        )),
        length if length as u64 > MAX_SECRET => Err((
            format!("the secret `{name}` is larger than {} KiB", MAX_SECRET >> 10),
            "it is the secret and nothing else".to_owned(),
        )),
        _ => Ok(value),
    }
}

/// Where secrets may stand: what is sent, and how it gets there. Everything else is shown.
pub(super) const SECTIONS: [&str; 9] = [
    "vars",
    "requests",
    "flows",
    "connection",
    "auth",
    "identities",
    "setup",
    "teardown",
    "export",
];

/// By name.
pub(super) type Vars = BTreeMap<String, Var>;

/// One of `vars`.
pub(super) struct Var {
    pub(super) value: String,
    /// Whether a secret is part of it.
    pub(super) is_secret: bool,
}
