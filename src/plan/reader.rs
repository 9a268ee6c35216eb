//! Typed reading of a plan's tree. Mistakes are collected, and reading goes on.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::data::Data;
use super::document::{Entry, Node, Place, Scalar, Value};
use super::error::Problem;
use super::names::Names;
use super::protos::Protos;
use super::slots::Use;
use super::sources::Sources;
use super::targets::Targets;
use crate::flow::Extraction;
use crate::model::Redactor;
use crate::model::did_you_mean;
use crate::model::parse_duration;

/// The keys of a mapping.
pub(super) struct Keys {
    /// What the mapping is, with its article: `a request`.
    pub(super) of: &'static str,
    /// Understood.
    pub(super) known: &'static [&'static str],
    /// Designed, and refused until their engine exists.
    pub(super) later: &'static [&'static str],
}

/// Clocks can be added to and figures stay figures.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A mapping whose keys were checked.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    of: &'static str,
    /// Where to point when something is missing.
    pub(super) at: Place,
    entries: &'a [Entry],
}

impl<'a> Fields<'a> {
    /// A mapping whose keys were checked already.
    pub(super) fn new(of: &'static str, at: Place, entries: &'a [Entry]) -> Self {
        Self { of, at, entries }
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// `key` with its value.
    pub(super) fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Every pair, in order.
    pub(super) fn entries(&self) -> &'a [Entry] {
        self.entries
    }
}

/// A file that the plan names.
#[derive(Debug, Clone)]
pub(super) struct NamedFile {
    pub(super) at: Place,
    pub(super) path: PathBuf,
    /// Its name, seen from the plan's directory; nothing where it is as written.
    pub(super) from_plan: Option<String>,
}

/// Reads nodes and remembers what was wrong with them.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
    /// What is odd and no mistake.
    pub(super) warnings: Vec<Problem>,
    /// By request: values that it needs, and where it says so.
    pub(super) uses: Vec<Vec<Use>>,
    /// By request: what is taken out of its response wherever it is used.
    pub(super) takes: Vec<Vec<Extraction>>,
    /// What the plan's files give.
    pub(super) data: Data,
    /// Knows the secrets that were substituted.
    pub(super) redactor: Redactor,
    /// What the plan calls the values that it takes out of responses.
    pub(super) names: Names,
    pub(super) protos: Protos,
    /// What the plan is made of.
    pub(super) sources: Sources,
    /// What it is aimed at, once that was read.
    pub(super) targets: Option<Targets>,
    /// Files that it names.
    pub(super) files: Vec<NamedFile>,
    /// Variables that some scenario has in its own `env`, and what the others have instead.
    pub(super) scenario_env: BTreeMap<String, Option<String>>,
}

impl Reader {
    /// Remembers that what stands at `at` is wrong.
    pub(super) fn problem(&mut self, at: &Place, message: impl Into<String>) {
        self.problems.push(Problem::new(at.clone(), message));
    }

    /// Remembers that what stands at `at` is wrong, and what to do.
    pub(super) fn problem_with_help(
        &mut self,
        at: &Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::new(at.clone(), message).help(help));
    }

    /// A mapping with fixed keys. Missing keys are reported at `at`, the key it stands under.
    pub(super) fn fields<'a>(
        &mut self,
        node: &'a Node,
        at: &Place,
        keys: &Keys,
    ) -> Option<Fields<'a>> {
        let entries = self.entries(node, keys.of)?;
        for entry in entries {
            self.check_key(entry, keys);
        }
        Some(Fields { of: keys.of, at: at.clone(), entries })
    }

    /// A mapping with free keys: names of requests, headers.
    pub(super) fn entries<'a>(&mut self, node: &'a Node, expected: &str) -> Option<&'a [Entry]> {
        let Value::Map(entries) = &node.value else {
            self.wrong_type(node, &format!("{expected}: a mapping `{{ key: value }}`"));
            return None;
        };
        for (index, entry) in entries.iter().enumerate() {
            if let Some(earlier) = entries[..index].iter().find(|earlier| earlier.key == entry.key)
            {
                self.twice(&entry.key, &entry.key_at, &earlier.key_at);
            }
        }
        Some(entries)
    }

    /// `key` stands at `at` and stood at `first` already.
    pub(super) fn twice(&mut self, key: &str, at: &Place, first: &Place) {
        let text = if self.sources.are_in_one(at, first) {
            format!("`{key}` is given twice")
        } else {
            format!("`{key}` is given twice, first at {}", self.sources.shown(first))
        };
        self.problem(at, text);
    }

    /// The path of a file that is named at `at`: relative to the file in which that stands.
    pub(super) fn beside(&mut self, at: &Place, name: &str) -> PathBuf {
        let path = self.sources.beside(at, name);
        // A `.proto` may stand in an import path instead.
        let from_plan = self.sources.seen_from_plan(at, name).filter(|_| path.exists());
        self.files.push(NamedFile { at: at.clone(), path: path.clone(), from_plan });
        path
    }

    /// The value of a key that must be there.
    pub(super) fn require<'a>(&mut self, fields: &Fields<'a>, key: &str) -> Option<&'a Node> {
        let node = fields.get(key);
        if node.is_none() {
            self.problem(&fields.at, format!("{} needs `{key}`", fields.of));
        }
        node
    }

    /// The items of a list.
    pub(super) fn list<'a>(&mut self, node: &'a Node, of: &str) -> &'a [Node] {
        if let Value::List(items) = &node.value {
            return items;
        }
        self.wrong_type(node, &format!("a list `[ … ]` of {of}"));
        &[]
    }

    /// Any scalar but nothing.
    pub(super) fn scalar<'a>(&mut self, node: &'a Node, expected: &str) -> Option<&'a Scalar> {
        match &node.value {
            Value::Scalar(scalar) if !scalar.pieces.is_empty() => {
                self.problem_with_help(
                    &node.at,
                    format!("`{}` is only known while the load runs", scalar.text),
                    "it can stand in a request's path, query, headers, json, form and body, in messages \
                     that are sent and in a call's metadata; everywhere else use ${env.NAME} or \
                     ${vars.name}",
                );
                None
            }
            Value::Scalar(scalar) if !scalar.typed.is_null() => Some(scalar),
            _ => {
                self.wrong_type(node, expected);
                None
            }
        }
    }

    /// The characters of a scalar.
    pub(super) fn text<'a>(&mut self, node: &'a Node, expected: &str) -> Option<&'a str> {
        self.scalar(node, expected).map(|scalar| scalar.text.as_str())
    }

    /// Every item of a list of texts, with its place.
    pub(super) fn texts<'a>(&mut self, node: &'a Node, of: &str) -> Vec<(&'a str, &'a Place)> {
        let items = self.list(node, of);
        items.iter().filter_map(|item| Some((self.text(item, of)?, &item.at))).collect()
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        let scalar = self.scalar(node, "true or false")?;
        let value = scalar.typed.as_bool().or_else(|| scalar.text.parse().ok());
        if value.is_none() {
            self.wrong_value(node, "true or false");
        }
        value
    }

    /// A number that `accept` takes; `expected` says which ones.
    pub(super) fn number<T: FromStr + Copy>(
        &mut self,
        node: &Node,
        expected: &str,
        accept: impl Fn(T) -> bool,
    ) -> Option<T> {
        let scalar = self.scalar(node, expected)?;
        // YAML writes numbers in more ways (0x10) than `FromStr` reads.
        let text =
            if scalar.typed.is_number() { scalar.typed.to_string() } else { scalar.text.clone() };
        let value = text.parse().ok().filter(|value| accept(*value));
        if value.is_none() {
            self.wrong_value(node, expected);
        }
        value
    }

    /// A duration with its unit.
    pub(super) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = self.text(node, "a duration like 300ms, 10s or 1m30s")?;
        match duration_with_unit(text) {
            Ok(duration) if duration <= LONGEST => Some(duration),
            Ok(_) => {
                self.problem(&node.at, format!("`{text}` is longer than a year"));
                None
            }
            Err(message) => {
                self.problem(&node.at, message);
                None
            }
        }
    }

    /// A duration above zero.
    pub(super) fn positive_duration(&mut self, node: &Node) -> Option<Duration> {
        let duration = self.duration(node)?;
        if duration.is_zero() {
            self.wrong_value(node, "a duration above 0");
            return None;
        }
        Some(duration)
    }

    /// What `parse` makes of a text.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        node: &Node,
        expected: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.text(node, expected)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(&node.at, error.to_string());
                None
            }
        }
    }

    /// What a word stands for, of `all` that there are; `what` says what they are.
    pub(super) fn named<T: Copy>(
        &mut self,
        node: &Node,
        expected: &str,
        what: &str,
        (all, as_str): (&[T], fn(T) -> &'static str),
    ) -> Option<T> {
        let name = self.text(node, expected)?;
        let named = all.iter().copied().find(|one| as_str(*one) == name);
        if named.is_none() {
            self.unknown(&node.at, what, name, all.iter().map(|one| as_str(*one)));
        }
        named
    }

    /// What one of two words stands for; `what` says what they are.
    pub(super) fn choice<T>(
        &mut self,
        node: &Node,
        what: &str,
        [(first, one), (second, other)]: [(&str, T); 2],
    ) -> Option<T> {
        let word = self.text(node, &format!("`{first}` or `{second}`"))?;
        if word == first {
            return Some(one);
        }
        if word == second {
            return Some(other);
        }
        self.unknown(&node.at, what, word, [first, second]);
        None
    }

    /// A name that reports and threshold selectors can carry.
    pub(super) fn name(&mut self, entry: &Entry, of: &str) -> bool {
        let fine = !entry.key.is_empty()
            && entry.key.len() <= 80
            && entry.key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if !fine {
            self.problem_with_help(
                &entry.key_at,
                format!("`{}` cannot be the name of {of}", entry.key),
                "a name has 1 to 80 letters, digits, `_`, `-` and `.`",
            );
        }
        fine
    }

    /// `word` is none of `candidates`, the `what`s that there are.
    pub(super) fn unknown<'c>(
        &mut self,
        at: &Place,
        what: &str,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) {
        self.none_of(at, format!("unknown {what} `{word}`"), word, candidates);
    }

    /// As [`Reader::unknown`], in words of one's own.
    pub(super) fn none_of<'c>(
        &mut self,
        at: &Place,
        message: String,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) {
        let known: Vec<&str> = candidates.into_iter().collect();
        match did_you_mean(word, known.iter().copied()) {
            Some(nearest) => self.problem(at, format!("{message}, did you mean `{nearest}`?")),
            None if known.is_empty() => self.problem(at, format!("{message}; there is none")),
            None => self.problem_with_help(at, message, format!("known: {}", known.join(", "))),
        }
    }

    /// `what` is designed, and its engine does not exist yet.
    pub(super) fn not_yet(&mut self, at: &Place, what: &str) {
        self.problem(at, format!("{what} is not yet supported"));
    }

    /// The node's shape is not what was expected.
    pub(super) fn wrong_type(&mut self, node: &Node, expected: &str) {
        if !matches!(node.value, Value::Unsubstituted) {
            self.problem(&node.at, format!("expected {expected}; found {}", node.kind()));
        }
    }

    fn wrong_value(&mut self, node: &Node, expected: &str) {
        let found = node.scalar().map_or("", |scalar| scalar.text.as_str());
        self.problem(&node.at, format!("expected {expected}; found `{found}`"));
    }

    /// Reports a key that the mapping does not have.
    pub(super) fn check_key(&mut self, entry: &Entry, keys: &Keys) {
        let key = entry.key.as_str();
        if keys.known.contains(&key) {
            return;
        }
        if keys.later.contains(&key) {
            self.not_yet(&entry.key_at, &format!("`{key}` in {}", keys.of));
            return;
        }
        let message = format!("unknown key `{key}` in {}", keys.of);
        self.none_of(&entry.key_at, message, key, keys.known.iter().copied());
    }
}

/// Parses a duration; a bare number is refused, because k6 reads it as milliseconds and everybody
/// else as seconds.
pub(super) fn duration_with_unit(text: &str) -> Result<Duration, String> {
    let is_bare = text.trim().parse::<f64>().is_ok_and(|number| number != 0.0);
    if is_bare {
        return Err(format!("`{text}` has no unit; write `{text}s` or `{text}ms`"));
    }
    parse_duration(text).map_err(|error| error.to_string())
}
