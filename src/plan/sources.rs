//! The texts that a plan is made of: its own file's, and those of the files that it includes.
//!
//! A place counts bytes over all of them, one text behind the other, so that it is two numbers
//! wherever a mistake lies.

use std::path::{Path, PathBuf};

use super::document::Place;

/// A text, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// What messages call it.
    pub(super) name: String,
    pub(super) text: String,
    /// The place of its first byte.
    base: usize,
    /// What the files that it names are relative to.
    directory: PathBuf,
    /// That directory, seen from the plan's.
    below: PathBuf,
}

/// Every text, the plan's own first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sources(Vec<Source>);

impl Sources {
    /// The plan's own text.
    pub(super) fn of_plan(name: &str, text: &str, directory: &Path) -> Self {
        let mut sources = Self::default();
        sources.add(name.to_owned(), text.to_owned(), directory.to_owned(), PathBuf::new());
        sources
    }

    /// One more text; gives the place of its first byte. `below` is its directory, seen from the
    /// plan's.
    pub(super) fn add(
        &mut self,
        name: String,
        text: String,
        directory: PathBuf,
        below: PathBuf,
    ) -> usize {
        // A byte between them: the end of one is not the beginning of the next.
        let base = self.0.last().map_or(0, |last| last.base + last.text.len() + 1);
        self.0.push(Source { name, text, base, directory, below });
        base
    }

    /// The same with other names and texts of the same length.
    pub(super) fn map(&self, name: impl Fn(&str) -> String, text: impl Fn(&str) -> String) -> Self {
        let mapped = |source: &Source| Source {
            name: name(&source.name),
            text: text(&source.text),
            ..source.clone()
        };
        Self(self.0.iter().map(mapped).collect())
    }

    /// The plan's own.
    pub(super) fn plan(&self) -> Option<&Source> {
        self.0.first()
    }

    /// Those that the plan includes.
    pub(super) fn included(&self) -> &[Source] {
        self.0.get(1..).unwrap_or_default()
    }

    /// The text that `at` lies in, and where in it.
    pub(super) fn find(&self, at: &Place) -> Option<(&Source, Place)> {
        let source = self.0.iter().rev().find(|source| source.base <= at.start)?;
        let local = |index: usize| (index - source.base).min(source.text.len());
        Some((source, local(at.start)..local(at.end.max(at.start))))
    }

    /// `file.yml:3:7`
    pub(super) fn shown(&self, at: &Place) -> String {
        let Some((source, local)) = self.find(at) else { return String::new() };
        let (line, column) = source.line_and_column(local.start);
        format!("{}:{line}:{column}", source.name)
    }

    /// Whether both lie in one text.
    pub(super) fn are_in_one(&self, one: &Place, other: &Place) -> bool {
        let base = |at| self.find(at).map(|(source, _)| source.base);
        base(one) == base(other)
    }

    /// The path of a file that is named at `at`.
    pub(super) fn beside(&self, at: &Place, name: &str) -> PathBuf {
        match self.find(at) {
            Some((source, _)) => source.directory.join(name),
            None => PathBuf::from(name),
        }
    }

    /// The same, seen from the plan's directory; nothing where it is the name itself.
    pub(super) fn seen_from_plan(&self, at: &Place, name: &str) -> Option<String> {
        let (source, _) = self.find(at)?;
        let is_elsewhere = source.below != Path::new("") && Path::new(name).is_relative();
        is_elsewhere.then(|| source.below.join(name).display().to_string())
    }
}

impl Source {
    /// Of a byte of its text, both from 1; the column counts characters.
    pub(super) fn line_and_column(&self, index: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(index)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// Its directory, seen from the plan's.
    pub(super) fn below(&self) -> &Path {
        &self.below
    }

    /// What it is called, seen from the plan's directory: the same wherever that lies.
    pub(super) fn name_from_plan(&self) -> String {
        let name = Path::new(&self.name).file_name().unwrap_or_default();
        self.below.join(name).display().to_string()
    }
}
