//! A description and the local files that it refers to, and where references lead.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::import::document;
use crate::import::operation::Warning;

/// Files that one description may consist of.
const MAX_FILES: usize = 5_000;
/// Bytes of all of them.
const MAX_BYTES: u64 = 64 << 20;
/// References that lead to references.
const MAX_HOPS: usize = 32;

/// A value and the way to it.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    document: usize,
    pub(super) value: &'a Value,
    /// JSON pointer.
    pub(super) pointer: String,
}

impl<'a> At<'a> {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        Some(self.below(self.value.get(key)?, key))
    }

    /// A text under a key.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    /// `true` under a key.
    pub(super) fn is(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Every entry of a mapping, extensions left out.
    pub(super) fn entries(&self) -> Vec<(&'a str, Self)> {
        let Value::Object(map) = self.value else { return Vec::new() };
        map.iter()
            .filter(|(key, _)| !key.starts_with("x-"))
            .map(|(key, value)| (key.as_str(), self.below(value, key)))
            .collect()
    }

    /// Every item of a list.
    pub(super) fn items(&self) -> Vec<Self> {
        let Value::Array(items) = self.value else { return Vec::new() };
        items.iter().enumerate().map(|(at, item)| self.below(item, &at.to_string())).collect()
    }

    fn below(&self, value: &'a Value, key: &str) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        Self { document: self.document, value, pointer: format!("{}/{key}", self.pointer) }
    }
}

/// The description first.
#[derive(Debug)]
pub(super) struct Documents {
    documents: Vec<Document>,
    by_path: HashMap<PathBuf, usize>,
}

#[derive(Debug)]
struct Document {
    /// As messages call it.
    name: String,
    /// Its folder, below the description's.
    folder: PathBuf,
    value: Value,
}

impl Documents {
    /// Reads every file that is referred to, and those that these refer to. What is not there, not
    /// below the description's folder, or too much is a warning.
    pub(super) fn load(
        name: &str,
        root: Value,
        directory: &Path,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let own = Document { name: name.to_owned(), folder: PathBuf::new(), value: root };
        let mut all = Self { documents: vec![own], by_path: HashMap::new() };
        let mut left = MAX_BYTES;
        let mut done = 0;
        while done < all.documents.len() {
            let mut wanted = Vec::new();
            files(&all.documents[done].value, &mut wanted);
            let (folder, from) =
                (all.documents[done].folder.clone(), all.documents[done].name.clone());
            for file in wanted {
                let Some(path) = within(&folder, &file) else {
                    let text = if file.contains("://") {
                        format!("`$ref: {file}` is on another host, and not fetched")
                    } else {
                        format!(
                            "`$ref: {file}` leads out of the description's folder, and is not read"
                        )
                    };
                    push(warnings, &from, text);
                    continue;
                };
                if all.by_path.contains_key(&path) {
                    continue;
                }
                match all.read(directory, &path, &mut left) {
                    Ok(document) => {
                        all.by_path.insert(path, all.documents.len());
                        all.documents.push(document);
                    }
                    Err(text) => push(warnings, &from, format!("`$ref: {file}`: {text}")),
                }
            }
            done += 1;
        }
        all
    }

    fn read(&self, directory: &Path, path: &Path, left: &mut u64) -> Result<Document, String> {
        if self.documents.len() >= MAX_FILES {
            return Err(format!("a description may have {MAX_FILES} files"));
        }
        let full = directory.join(path);
        let top = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        // A link may lead anywhere.
        let inside = match (full.canonicalize(), top.canonicalize()) {
            (Ok(full), Ok(top)) => full.starts_with(top) && full.is_file(),
            (Err(error), _) | (_, Err(error)) => return Err(error.to_string()),
        };
        if !inside {
            return Err("is no file of the description's folder".to_owned());
        }
        let mut bytes = Vec::new();
        File::open(&full)
            .and_then(|file| file.take(*left + 1).read_to_end(&mut bytes))
            .map_err(|error| error.to_string())?;
        *left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| format!("all files together may have {} MiB", MAX_BYTES >> 20))?;
        let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
        let name = path.display().to_string();
        let value = document::parse(&name, &text).map_err(|fault| fault.to_string())?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Document { name, folder, value })
    }

    /// The whole description.
    pub(super) fn root(&self) -> At<'_> {
        At { document: 0, value: &self.documents[0].value, pointer: String::new() }
    }

    /// `file#/pointer`.
    pub(super) fn shown(&self, at: &At<'_>) -> String {
        let name = &self.documents[at.document].name;
        // A message is no place for a pointer of any length.
        format!("{name}#{}", crate::model::inert(&at.pointer, 300))
    }

    /// Follows `$ref` to where there is none.
    pub(super) fn resolve<'a>(&'a self, at: &At<'a>) -> Result<At<'a>, String> {
        let mut at = at.clone();
        for _ in 0..MAX_HOPS {
            let Some(reference) = at.text("$ref") else { return Ok(at) };
            at = self
                .find(at.document, reference)
                .ok_or_else(|| format!("`$ref: {reference}` leads nowhere, and is left out"))?;
        }
        Err("`$ref` goes in a circle, and is left out".to_owned())
    }

    fn find(&self, from: usize, reference: &str) -> Option<At<'_>> {
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let document = if file.is_empty() {
            from
        } else {
            *self.by_path.get(&within(&self.documents[from].folder, file)?)?
        };
        let pointer = percent_decode_str(pointer).decode_utf8().ok()?;
        let value = &self.documents[document].value;
        let found = match value.pointer(&pointer) {
            Some(found) => found,
            // Swagger's early files wrote names without a path.
            None => value.get("definitions")?.get(pointer.as_ref())?,
        };
        Some(At { document, value: found, pointer: pointer.into_owned() })
    }
}

fn push(warnings: &mut Vec<Warning>, at: &str, text: String) {
    let warning = Warning { at: at.to_owned(), text };
    if !warnings.contains(&warning) {
        warnings.push(warning);
    }
}

/// A relative path below the description's folder; `None` for anything else.
fn within(folder: &Path, file: &str) -> Option<PathBuf> {
    let file = percent_decode_str(file).decode_utf8().ok()?;
    if file.contains("://") || file.starts_with(['/', '\\']) || file.contains('\0') {
        return None;
    }
    let mut path = folder.to_path_buf();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if !path.pop() {
                    return None;
                }
            }
            part => path.push(part),
        }
    }
    Some(path)
}

/// Files named in references, each once.
fn files(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| files(item, found)),
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                let file = reference.split('#').next().unwrap_or_default();
                if !file.is_empty() && !found.iter().any(|known| known == file) {
                    found.push(file.to_owned());
                }
            }
            map.values().for_each(|value| files(value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_followed_across_files_and_circles_end() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("parts")).expect("made");
        std::fs::write(dir.path().join("parts/a.yml"), "x: { $ref: '../b.json#/deep~1er' }\n")
            .expect("written");
        std::fs::write(dir.path().join("b.json"), r#"{"deep/er": {"is": 1}}"#).expect("written");
        let root = json!({
            "a": { "$ref": "parts/a.yml#/x" },
            "circle": { "$ref": "#/circle" },
            "out": { "$ref": "../../etc/passwd" },
            "far": { "$ref": "https://example.com/x.json#/a" },
        });
        let mut warnings = Vec::new();
        let documents = Documents::load("root.yml", root, dir.path(), &mut warnings);
        let at = |key: &str| documents.root().get(key).expect("there");
        let found = documents.resolve(&at("a")).expect("leads somewhere");
        assert_eq!(found.value["is"], json!(1));
        assert_eq!(documents.shown(&found), "b.json#/deep~1er");
        assert!(documents.resolve(&at("circle")).expect_err("a circle").contains("circle"));
        assert!(documents.resolve(&at("out")).is_err() && documents.resolve(&at("far")).is_err());
        let texts: Vec<_> = warnings.iter().map(|warning| warning.text.as_str()).collect();
        assert!(texts[0].contains("leads out of") && texts[1].contains("not fetched"), "{texts:?}");
    }
}
