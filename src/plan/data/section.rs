//! `data` of a plan: which files there are, and which of their columns are used.

use std::cell::RefCell;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::feeder::{Data, Feeder, Mode, OnEnd, Stamp};
use super::index::{IndexError, Walk, block_bytes, index};
use super::rows::Rows;
use super::split::{Column, Format};
use crate::extract::JsonPath;
use crate::flow::Variable;
use crate::model::did_you_mean;
use crate::plan::document::{Entry, Node, Place};
use crate::plan::error::Problem;
use crate::plan::names::{Names, is_name};
use crate::plan::reader::{Fields, Keys, Reader};
use crate::plan::substitute::Mistake;

pub(in crate::plan) const DATA: Keys = Keys {
    of: "a data file",
    known: &["file", "format", "delimiter", "mode", "on_end"],
    later: &[],
};

const FORMATS: [&str; 3] = ["csv", "json", "jsonl"];

/// Every data file of the plan.
#[derive(Default)]
pub(in crate::plan) struct Feeders(Vec<Source>);

struct Source {
    name: String,
    at: Place,
    /// `None` where something is wrong with it, which was reported.
    opened: Option<Opened>,
    is_used: bool,
}

struct Opened {
    file_at: Place,
    shown: String,
    file: File,
    format: Format,
    mode: Mode,
    on_end: OnEnd,
    /// What the first row, or the line above it, has.
    columns: Vec<String>,
    used: Vec<(String, Variable, Column)>,
}

impl Feeders {
    /// Opens every file that the plan names, and looks at its beginning.
    pub(in crate::plan) fn new(node: Option<&Node>, reader: &mut Reader) -> Self {
        let entries = node.and_then(|node| reader.entries(node, "data")).unwrap_or_default();
        let source = |entry: &Entry| Source {
            name: entry.key.clone(),
            at: entry.key_at.clone(),
            opened: opened(entry, reader),
            is_used: false,
        };
        Self(entries.iter().map(source).collect())
    }

    /// The variable that gets the value of a column: `users.name`.
    pub(in crate::plan) fn column(
        &mut self,
        reference: &str,
        names: &mut Names,
    ) -> Result<Variable, Mistake> {
        let (name, column) = reference.split_once('.').unwrap_or((reference, ""));
        let known = self.0.iter().map(|source| source.name.clone()).collect::<Vec<_>>();
        let Some(source) = self.0.iter_mut().find(|source| source.name == name) else {
            let nearest = nearest(name, "data.", &known);
            return Err((
                format!("`data.{name}` is not defined{nearest}"),
                format!("add it: `data: {{ {name}: {{ file: {name}.csv }} }}`"),
            ));
        };
        source.is_used = true;
        let mut variable = || {
            names.variable(&format!("data.{reference}")).ok_or_else(|| {
                ("the plan names too many values".to_owned(), "1000 are taken".to_owned())
            })
        };
        match &mut source.opened {
            Some(opened) => opened.column(name, column, variable),
            None => variable(),
        }
    }

    /// Goes over every file that is used, and says what is wrong with them.
    pub(in crate::plan) fn into_data(self, reader: &mut Reader) -> Data {
        let mut data = Data::default();
        for Source { name, at, opened, is_used } in self.0 {
            if !is_used {
                let text = format!("the data `{name}` are never used");
                reader.warnings.push(Problem::new(at, text));
                continue;
            }
            let Some(opened) = opened else { continue };
            let (shown, file_at) = (opened.shown.clone(), opened.file_at.clone());
            match opened.into_feeder(name) {
                Ok(feeder) => {
                    let first = Rows::new(&feeder).read(0, |variable, value| {
                        data.first.set(variable, |out| {
                            out.extend_from_slice(value);
                            true
                        });
                    });
                    if let Err(error) = first {
                        reader.problem(&file_at, format!("`{shown}` {error}"));
                    }
                    data.feeders.push(feeder);
                }
                Err(error) => reader.problem(&file_at, format!("`{shown}` {error}")),
            }
        }
        data
    }
}

impl Data {
    /// The feeders that give a value to one of `variables`.
    pub(in crate::plan) fn giving(&self, variables: impl Iterator<Item = Variable>) -> Vec<usize> {
        let variables: Vec<Variable> = variables.collect();
        let gives = |feeder: &Feeder| {
            feeder.columns.iter().any(|(variable, _)| variables.contains(variable))
        };
        let feeders = self.feeders.iter().enumerate();
        feeders.filter(|(_, feeder)| gives(feeder)).map(|(index, _)| index).collect()
    }
}

impl Opened {
    fn column(
        &mut self,
        name: &str,
        column: &str,
        variable: impl FnOnce() -> Result<Variable, Mistake>,
    ) -> Result<Variable, Mistake> {
        if column.is_empty() {
            return Err((
                format!("`${{data.{name}}}` names no column"),
                format!("write ${{data.{name}.{}}}", self.columns.first().map_or("…", |c| c)),
            ));
        }
        if let Some((_, variable, _)) = self.used.iter().find(|(used, ..)| used == column) {
            return Ok(*variable);
        }
        let place = self.columns.iter().position(|known| known == column);
        let found = match self.format {
            Format::Csv { .. } => place.map(Column::Place),
            Format::JsonLines | Format::Json => place.and_then(|_| path(column)).map(Column::Path),
        };
        let Some(found) = found else {
            let prefix = format!("data.{name}.");
            return Err((
                format!(
                    "`{}` has no column `{column}`{}",
                    self.shown,
                    nearest(column, &prefix, &self.columns)
                ),
                match self.format {
                    Format::Csv { .. } => {
                        format!("its first line names: {}", listed(&self.columns))
                    }
                    Format::JsonLines | Format::Json => {
                        format!("its first row has: {}", listed(&self.columns))
                    }
                },
            ));
        };
        let variable = variable()?;
        self.used.push((column.to_owned(), variable, found));
        Ok(variable)
    }

    fn into_feeder(self, name: String) -> Result<Feeder, IndexError> {
        let stamp = Stamp::of(&self.file)?;
        let columns: Vec<(String, Column)> =
            self.used.iter().map(|(name, _, column)| (name.clone(), column.clone())).collect();
        let block = block_bytes(self.mode, self.file.metadata()?.len());
        let (rows, index) = index(&self.file, self.format, &columns, block)?;
        let used = self.used.into_iter().map(|(_, variable, column)| (variable, column));
        Ok(Feeder {
            name,
            mode: self.mode,
            on_end: self.on_end,
            rows,
            format: self.format,
            columns: used.collect(),
            file: Arc::new(self.file),
            stamp,
            index: Arc::new(index),
        })
    }
}

/// `address.city` in an object.
fn path(column: &str) -> Option<JsonPath> {
    let names = column.split('.');
    let steps =
        names.map(|name| format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")));
    JsonPath::parse(&format!("${}", steps.collect::<String>())).ok()
}

fn nearest(name: &str, prefix: &str, known: &[String]) -> String {
    did_you_mean(name, known.iter().map(String::as_str))
        .map(|nearest| format!(", did you mean `{prefix}{nearest}`?"))
        .unwrap_or_default()
}

/// As many names as a line has room for.
fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(12).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn opened(entry: &Entry, reader: &mut Reader) -> Option<Opened> {
    if !is_name(&entry.key) {
        let text = format!("`{}` cannot be the name of data", entry.key);
        reader.problem_with_help(&entry.key_at, text, "a name has letters, digits, `_` and `-`");
        return None;
    }
    let short;
    let fields = if entry.node.scalar().is_some() {
        // `users: users.csv`
        short = [Entry {
            key: "file".to_owned(),
            key_at: entry.key_at.clone(),
            node: entry.node.clone(),
        }];
        Fields::new(DATA.of, entry.key_at.clone(), &short)
    } else {
        reader.fields(&entry.node, &entry.key_at, &DATA)?
    };
    let node = reader.require(&fields, "file")?;
    let name = reader.text(node, "a file name")?;
    let format = format(name, &fields, node, reader)?;
    let (mode, on_end) = mode(&fields, reader);
    let path = reader.beside(&node.at, name);
    let shown = path.display().to_string();
    let file_at = node.at.clone();
    let opened = File::open(&path).and_then(|file| {
        let is_file = file.metadata()?.is_file();
        // Rows are read where they stand.
        if is_file { Ok(file) } else { Err(std::io::Error::other("it is no plain file")) }
    });
    let read = opened.map_err(IndexError::Io).and_then(|file| {
        let columns = columns(&file, format)?;
        Ok((file, columns))
    });
    let (file, columns) = match read {
        Ok(read) => read,
        Err(error) => {
            reader.problem(&file_at, format!("`{shown}` {error}"));
            return None;
        }
    };
    if matches!(format, Format::Csv { .. }) && !are_columns(&columns, &shown, &file_at, reader) {
        return None;
    }
    Some(Opened { file_at, shown, file, format, mode, on_end, columns, used: Vec::new() })
}

/// By what the plan says, or by the file's name.
fn format(name: &str, fields: &Fields<'_>, file: &Node, reader: &mut Reader) -> Option<Format> {
    let delimiter = fields.entry("delimiter");
    let byte = delimiter.and_then(|entry| {
        reader.parsed(&entry.node, "one character", |text| match text.as_bytes() {
            [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => Ok(*byte),
            _ => Err(format!("`{text}` is no delimiter: one ASCII character is, such as `;`")),
        })
    });
    let extension = Path::new(name).extension().and_then(|text| text.to_str()).unwrap_or_default();
    let extension = extension.to_ascii_lowercase();
    let said = fields.get("format").map(|node| (reader.text(node, "a format"), node));
    let word = match &said {
        Some((text, _)) => (*text)?,
        None => extension.as_str(),
    };
    let format = match word {
        "csv" => Format::Csv { delimiter: byte.unwrap_or(b',') },
        "tsv" if said.is_none() => Format::Csv { delimiter: byte.unwrap_or(b'\t') },
        "json" => Format::Json,
        "jsonl" => Format::JsonLines,
        "ndjson" if said.is_none() => Format::JsonLines,
        _ => {
            match said {
                Some((_, node)) => reader.unknown(&node.at, "format", word, FORMATS),
                None => reader.problem_with_help(
                    &file.at,
                    format!("the name of `{name}` does not say which format it has"),
                    format!("add `format`: {}", FORMATS.join(", ")),
                ),
            }
            return None;
        }
    };
    if let Some(entry) = delimiter.filter(|_| !matches!(format, Format::Csv { .. })) {
        reader.problem(&entry.key_at, "only a CSV has a delimiter");
    }
    Some(format)
}

fn mode(fields: &Fields<'_>, reader: &mut Reader) -> (Mode, OnEnd) {
    let mode = fields.get("mode").and_then(|node| {
        let word = reader.text(node, "a mode")?;
        let known = Mode::ALL.iter().find(|(name, _)| *name == word);
        if known.is_none() {
            reader.unknown(&node.at, "mode", word, Mode::ALL.map(|(name, _)| name));
        }
        known.map(|(_, mode)| *mode)
    });
    let mode = mode.unwrap_or(Mode::Sequential);
    let words = [("recycle", OnEnd::Recycle), ("stop", OnEnd::Stop)];
    let said = fields.entry("on_end");
    let on_end = said.and_then(|entry| reader.choice(&entry.node, "end", words));
    if let Some(entry) = said.filter(|_| !mode.has_end()) {
        reader.problem_with_help(
            &entry.key_at,
            "rows that are taken over and over again have no end",
            "`on_end` belongs to the modes `sequential` and `unique`",
        );
    }
    (mode, on_end.unwrap_or_else(|| mode.usual_end()))
}

/// What the columns are called.
fn columns(file: &File, format: Format) -> Result<Vec<String>, IndexError> {
    let mut walk = Walk::new(file, format);
    if walk.step()?.is_none() {
        return Err(match format {
            Format::Csv { .. } => IndexError::Empty,
            Format::JsonLines | Format::Json => IndexError::NoElements,
        });
    }
    if matches!(format, Format::Csv { .. }) {
        let names = (0..walk.splitter().columns()).map(|place| {
            let name = walk.splitter().value(place).unwrap_or_default();
            String::from_utf8(name.to_vec())
        });
        return names
            .collect::<Result<_, _>>()
            .map_err(|_| IndexError::Text { what: "line", number: 1 });
    }
    let names = RefCell::new(Vec::new());
    if let Ok(row) = serde_json::from_slice(walk.row()) {
        leaves(&row, "", &names);
    }
    Ok(names.into_inner())
}

/// Every name in an object, those of objects within it after a dot.
fn leaves(value: &serde_json::Value, prefix: &str, names: &RefCell<Vec<String>>) {
    let serde_json::Value::Object(entries) = value else { return };
    for (key, value) in entries {
        let name = format!("{prefix}{key}");
        if names.borrow().len() < super::split::MAX_COLUMNS {
            names.borrow_mut().push(name.clone());
            leaves(value, &format!("{name}."), names);
        }
    }
}

/// Whether each column of a CSV has a name of its own.
fn are_columns(columns: &[String], shown: &str, at: &Place, reader: &mut Reader) -> bool {
    let help = "the first line of a CSV names its columns";
    if columns.iter().any(|name| name.trim().is_empty()) {
        reader.problem_with_help(at, format!("`{shown}` has a column without a name"), help);
        return false;
    }
    let twice = columns.iter().enumerate().find(|(index, name)| columns[..*index].contains(name));
    if let Some((_, name)) = twice {
        reader.problem_with_help(at, format!("`{shown}` has two columns `{name}`"), help);
        return false;
    }
    true
}
