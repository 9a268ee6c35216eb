//! OpenAPI 3.0 and 3.1 and Swagger 2, read leniently: a node that makes no sense is a warning.
//!
//! Read from plain values and not by derived types, because real descriptions break their own
//! schema all over, and because one path for three versions is shorter than three.

mod body;
mod documents;
mod operations;
mod parameters;
mod sample;
mod security;
mod servers;
mod xml;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use super::error::{Fault, ImportError};
use super::format::Format;
use super::operation::{Imported, Warning};
use super::options::Options;
use documents::{At, Documents};

/// A description with the files that it refers to.
struct Spec {
    documents: Documents,
    version: Version,
    warnings: RefCell<Warnings>,
    /// Values made so far.
    sampled: Cell<usize>,
}

/// Told once each.
#[derive(Default)]
struct Warnings {
    list: Vec<Warning>,
    known: HashSet<(String, String)>,
}

/// What differs between versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Swagger2,
    OpenApi3,
}

impl Spec {
    fn root(&self) -> At<'_> {
        self.documents.root()
    }

    fn warn(&self, at: &At<'_>, text: impl Into<String>) {
        let (place, text) = (self.documents.shown(at), text.into());
        let mut warnings = self.warnings.borrow_mut();
        if warnings.known.insert((place.clone(), text.clone())) {
            warnings.list.push(Warning { at: place, text });
        }
    }

    /// Where a reference leads, or itself; a broken one is a warning.
    fn resolved<'a>(&'a self, at: &At<'a>) -> Option<At<'a>> {
        match self.documents.resolve(at) {
            Ok(found) => Some(found),
            Err(text) => {
                self.warn(at, text);
                None
            }
        }
    }

    /// What stands under `key`, references followed.
    fn get<'a>(&'a self, at: &At<'a>, key: &str) -> Option<At<'a>> {
        self.resolved(&at.get(key)?)
    }

    /// Every entry of the mapping under `key`, not yet resolved; another shape is a warning.
    fn entries<'a>(&'a self, at: &At<'a>, key: &str) -> Vec<(&'a str, At<'a>)> {
        let Some(found) = self.get(at, key) else { return Vec::new() };
        if !found.value.is_object() {
            self.warn(&found, format!("`{key}` is no mapping, and left out"));
        }
        found.entries()
    }

    /// Every item of the list under `key`, references followed.
    fn items<'a>(&'a self, at: &At<'a>, key: &str) -> Vec<At<'a>> {
        let Some(found) = at.get(key) else { return Vec::new() };
        if !found.value.is_array() {
            self.warn(&found, format!("`{key}` is no list, and left out"));
        }
        found.items().iter().filter_map(|item| self.resolved(item)).collect()
    }
}

/// Reads a description whose text is `text`; `directory` is where other files are.
pub(super) fn import(
    name: &str,
    root: Value,
    directory: &Path,
    options: &Options,
) -> Result<Imported, ImportError> {
    let said = |key: &str| {
        root.get(key).map(|value| value.as_str().map_or(value.to_string(), str::to_owned))
    };
    let (version, number) = match (said("openapi"), said("swagger")) {
        (Some(number), _) => (Version::OpenApi3, number),
        (None, Some(number)) if number.starts_with('2') => (Version::Swagger2, number),
        (None, Some(number)) => {
            return Err(Fault::new(name, format!("Swagger {number} is not read"))
                .cure("convert it to OpenAPI 3")
                .into());
        }
        (None, None) => {
            return Err(Fault::new(
                name,
                "neither `openapi` nor `swagger` says which version it is",
            )
            .cure("add `openapi: 3.0.0`")
            .into());
        }
    };
    let mut imported = Imported::new(Format::OpenApi);
    imported.title = root.pointer("/info/title").and_then(Value::as_str).map(str::to_owned);
    imported.version = Some(number);
    let documents = Documents::load(name, root, directory, &mut imported.warnings);
    let spec = Spec { documents, version, warnings: RefCell::default(), sampled: Cell::new(0) };
    operations::read(&spec, options, &mut imported);
    imported.warnings.extend(spec.warnings.into_inner().list);
    Ok(imported)
}
