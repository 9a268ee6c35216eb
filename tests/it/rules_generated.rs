//! Files generated from the rules are those in the repository.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use shakedown::rules;

/// The start of `src/rules/embedded.rs`.
const EMBEDDED: &str = "\
//! The rules that are built in. Generated from the directory `rules/` by
//! `UPDATE_GENERATED=1 cargo nextest run generated_files`; do not edit.

/// A file below `rules/` with its path there.
macro_rules! embed {
    ($path:literal) => {
        ($path, include_str!(concat!(\"../../rules/\", $path)))
    };
}

/// Path below `rules/` and content.
pub(super) const EMBEDDED: &[(&str, &str)] = &[
";

/// Rule files by area and name.
fn rule_files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).expect("rules is readable");
        entries.map(|entry| entry.expect("rules is readable").path()).collect()
    };
    let areas = entries(&dir).into_iter().filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> = areas.flat_map(|area| entries(&area)).collect();
    files.sort();
    files
}

fn embedded() -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut text = EMBEDDED.to_owned();
    for file in rule_files() {
        let name = file.strip_prefix(&dir).expect("below rules").to_string_lossy();
        writeln!(text, "    embed!(\"{name}\"),").expect("a string takes all");
    }
    text.push_str("];\n");
    text
}

fn check(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    #[expect(clippy::disallowed_methods, reason = "the switch of this test, not of the program")]
    let update = std::env::var("UPDATE_GENERATED").is_ok();
    if update {
        fs::write(&path, wanted).expect("rules/ is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{name} is stale; refresh it with\n  \
         UPDATE_GENERATED=1 cargo nextest run generated_files"
    );
}

#[test]
fn generated_files_are_fresh() {
    // The page is made from what is built in, so a changed list shows in it after a second build.
    check("src/rules/embedded.rs", &embedded());
    check("rules/README.md", &rules::readme());
    check("rules/OWASP.md", &rules::owasp_coverage());
    check("rules/rule.schema.json", &rules::json_schema());
}

#[test]
fn the_schema_accepts_every_shipped_rule_and_refuses_a_wrong_one() {
    let schema: serde_json::Value = serde_json::from_str(&rules::json_schema()).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a valid schema");
    let files = rule_files();
    for path in &files {
        let text = fs::read_to_string(path).expect("readable");
        let rule: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        let errors: Vec<String> = schema.iter_errors(&rule).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
    assert!(files.len() > 100, "only {} files", files.len());
    let wrong = serde_json::json!({ "id": "x", "info": {}, "pasive": [] });
    assert!(!schema.is_valid(&wrong));
}
