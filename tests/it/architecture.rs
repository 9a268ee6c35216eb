//! The layers hold: every module uses only what the table allows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may use whom. Order is from the bottom to the top.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("extract", &["model"]),
    ("http", &["model"]),
    ("browser", &[]),
    ("insight", &["model"]),
    ("format", &["model"]),
    ("import", &["model"]),
    ("rules", &["model", "extract"]),
    ("flow", &["model", "extract"]),
    ("plan", &["model", "extract", "rules", "flow"]),
    ("load", &["model", "http", "flow", "plan"]),
    ("scan", &["model", "extract", "http", "browser", "import", "rules", "flow", "plan"]),
    ("stress", &["model", "insight", "rules", "plan"]),
    ("report", &["model", "format"]),
    ("ui", &["model", "format"]),
    ("export", &["model"]),
    ("store", &["model"]),
    (
        "run",
        &[
            "model", "extract", "http", "insight", "format", "rules", "flow", "plan", "load",
            "scan", "stress", "ui", "export", "store",
        ],
    ),
    ("demo", &[]),
    (
        "cli",
        &[
            "model", "extract", "http", "browser", "insight", "format", "import", "rules", "flow",
            "plan", "load", "scan", "stress", "report", "ui", "export", "store", "run", "demo",
        ],
    ),
];

fn source_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir)
        .expect("src is readable")
        .map(|entry| entry.expect("src is readable").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Top-level modules named after `crate::` in `text`, with line numbers, comments left out.
fn uses(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for rest in code.split("crate::").skip(1) {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '{')
                .collect();
            found.push((number + 1, name));
        }
    }
    found
}

fn violations(module: &str, file: &str, text: &str) -> Vec<String> {
    let table: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let Some(allowed) = table.get(module) else {
        return vec![format!("{file}: module `{module}` has no row in the table")];
    };
    uses(text)
        .into_iter()
        .filter_map(|(line, used)| {
            if used.starts_with('{') {
                return Some(format!(
                    "{file}:{line}: `use crate::{{…}}` hides edges; one line each"
                ));
            }
            let fine = used == module || allowed.contains(&used.as_str());
            (!fine).then(|| format!("{file}:{line}: `{module}` may not use `{used}`"))
        })
        .collect()
}

#[test]
fn every_module_uses_only_what_stands_below_it() {
    let root = source_dir();
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    let mut problems = Vec::new();
    for path in &files {
        let relative = path.strip_prefix(&root).expect("below src");
        if relative == Path::new("lib.rs") || relative == Path::new("main.rs") {
            continue;
        }
        let first = relative.components().next().expect("not empty").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        let text = fs::read_to_string(path).expect("source is UTF-8");
        problems.extend(violations(module, &relative.display().to_string(), &text));
    }
    assert!(files.len() > 20, "the walk found only {} files", files.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_table_itself_goes_downwards_only() {
    for (index, (module, allowed)) in MAY_USE.iter().enumerate() {
        for used in *allowed {
            let below = MAY_USE[..index].iter().any(|(name, _)| name == used);
            assert!(below, "`{module}` may use `{used}`, which does not stand before it");
        }
    }
}

#[test]
fn a_wrong_edge_and_a_group_are_noticed() {
    assert_eq!(violations("load", "x.rs", "use crate::scan::probe;").len(), 1);
    assert_eq!(violations("load", "x.rs", "use crate::{model, plan};").len(), 1);
    assert_eq!(violations("load", "x.rs", "fn f() { crate::scan::go() }").len(), 1);
    assert_eq!(violations("load", "x.rs", "// crate::scan\nuse crate::plan::Plan;").len(), 0);
    assert_eq!(violations("nobody", "x.rs", "").len(), 1);
}
