//! Values that name files, by what they look like and what their parameter is called.

use crate::scan::checks::names::promises;
use crate::scan::probe::InsertionPoint;

/// Names of parameters that promise a file or a directory.
const NAMES: [&str; 40] = [
    "file",
    "path",
    "page",
    "doc",
    "document",
    "folder",
    "dir",
    "directory",
    "template",
    "tpl",
    "include",
    "inc",
    "load",
    "read",
    "lang",
    "locale",
    "theme",
    "skin",
    "style",
    "layout",
    "module",
    "mod",
    "img",
    "image",
    "photo",
    "picture",
    "pdf",
    "download",
    "attachment",
    "report",
    "log",
    "conf",
    "config",
    "root",
    "src",
    "resource",
    "content",
    "asset",
    "show",
    "name",
];

/// Letters of an extension at most.
const MAX_EXTENSION: usize = 5;

/// Whether the point may name a file.
pub(super) fn is_file_like(point: &InsertionPoint) -> bool {
    !is_url(&point.value)
        && (promises(&point.reference.name, &NAMES) || looks_like_one(&point.value))
}

/// Whether the value is an address.
pub(super) fn is_url(value: &str) -> bool {
    value.contains("://") || value.starts_with("//")
}

/// `report.pdf`, `pages/start`, `/var/x`; no number, address of a person, or sentence.
fn looks_like_one(value: &str) -> bool {
    let is_plain = !value.contains([' ', '@', '<', '?']) && value.parse::<f64>().is_err();
    is_plain && (extension(value).is_some() || (value.contains('/') && value.len() > 2))
}

/// `.pdf` of `report.pdf`, with its dot.
pub(super) fn extension(value: &str) -> Option<&str> {
    let name = value.rsplit(['/', '\\']).next()?;
    let at = name.rfind('.').filter(|at| *at > 0)?;
    let letters = &name[at + 1..];
    let is_one = !letters.is_empty()
        && letters.len() <= MAX_EXTENSION
        && letters.chars().all(|c| c.is_ascii_alphanumeric())
        && letters.chars().any(|c| c.is_ascii_alphabetic());
    is_one.then(|| &name[at..])
}

/// Directory, with its slash, and name.
pub(super) fn split(value: &str) -> (&str, &str) {
    let at = value.rfind('/').map_or(0, |at| at + 1);
    value.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_told_from_other_values() {
        for value in ["report.pdf", "pages/start", "/var/x", "a.b.tar"] {
            assert!(looks_like_one(value), "{value}");
        }
        for value in ["1.5", "ann@example.com", "/", "kettle", "what is a/b testing", "", ".x"] {
            assert!(!looks_like_one(value), "{value}");
        }
        assert_eq!(split("a/b.txt"), ("a/", "b.txt"));
        assert_eq!(extension("v1.2/readme"), None);
    }
}
