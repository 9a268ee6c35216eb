//! `new`: the plans that it writes are right, whole and in part, and run.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use shakedown::model::Seed;
use shakedown::plan::Overrides;
use shakedown::plan::from_text;
use tempfile::TempDir;

use crate::plan::schema::assert_valid;
use crate::program::Shop;
use crate::program::run;
use crate::program::told;

const KINDS: [&str; 4] = ["load", "api", "scan", "check"];

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn starter(kind: &str) -> String {
    let (code, text, errors) = told(&["new", "-", "--kind", kind]);
    assert_eq!(code, 0, "{errors}");
    text
}

/// The lines of each block that is switched off, by their numbers: it begins with a `#` that has no
/// space behind it and goes on as long as comments do.
fn blocks(text: &str) -> Vec<Vec<usize>> {
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    let mut is_within = false;
    for (number, line) in text.lines().enumerate() {
        let comment = line.trim_start().strip_prefix('#');
        let begins = |rest: &str| !rest.starts_with(' ') && !rest.is_empty();
        let is_part = comment.is_some_and(|rest| is_within || begins(rest));
        if is_part && !is_within {
            blocks.push(Vec::new());
        }
        if is_part {
            blocks.last_mut().expect("one was begun").push(number);
        }
        is_within = is_part;
    }
    blocks
}

/// The text with these lines switched on.
fn switched_on(text: &str, lines: &[usize]) -> String {
    let line = |(number, line): (usize, &str)| {
        if lines.contains(&number) { line.replacen('#', "", 1) } else { line.to_owned() }
    };
    text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn assert_right(text: &str) {
    let overrides = Overrides {
        known_checks: vec!["sqli-error".to_owned()],
        ..Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23))
    };
    let env = |name: &str| (name == "ALICE_PASSWORD").then(|| "correct horse".to_owned());
    let plan = from_text("starter.yml", text, &env, &overrides)
        .unwrap_or_else(|errors| panic!("{}\n{text}", errors.render(false)));
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
    assert_valid("a starter", text);
}

#[test]
fn each_kind_is_right_as_it_stands_and_with_what_is_switched_off() {
    for kind in KINDS {
        let text = starter(kind);
        assert!(text.starts_with("# yaml-language-server: $schema=plan.schema.json\n"), "{text}");
        assert_right(&text);
        let blocks = blocks(&text);
        assert!(blocks.len() >= 4, "{kind}: {blocks:?}");
        for block in &blocks {
            assert_right(&switched_on(&text, block));
        }
        let all: Vec<usize> = blocks.concat();
        let text = switched_on(&text, &all);
        assert!(!text.lines().any(|line| {
            line.trim_start()
                .strip_prefix('#')
                .is_some_and(|rest| rest.starts_with(char::is_alphabetic))
        }));
        assert_right(&text);
    }
}

#[test]
fn validate_takes_each_file_and_the_schema_is_the_programs() {
    for kind in KINDS {
        let dir = folder();
        let path = dir.path().join("deep/plan.yml");
        let plan = path.display().to_string();
        let (code, out, errors) = told(&["new", &plan, "-k", kind]);
        assert_eq!((code, out.as_str()), (0, ""), "{errors}");
        assert!(errors.contains(&format!("wrote {plan} and ")), "{errors}");
        assert_eq!(told(&["validate", &plan]).0, 0);
        let schema = fs::read_to_string(dir.path().join("deep/plan.schema.json")).expect("written");
        assert_eq!(schema, told(&["schema"]).1);
    }
}

#[test]
fn the_load_starter_loads_the_shop() {
    let (shop, dir) = (Shop::safe(), folder());
    let plan = dir.path().join("plan.yml").display().to_string();
    let url = format!("{}/products", shop.url);
    assert_eq!(told(&["new", &plan, "--target", &url, "--no-schema"]).0, 0);
    assert!(!dir.path().join("plan.schema.json").exists());
    let text = fs::read_to_string(&plan).expect("written");
    let short = text.replace("duration: 30s", "duration: 2s");
    assert_ne!(short, text);
    fs::write(&plan, short).expect("written");
    let (code, report, errors) = told(&["load", &plan, "--json", "--no-tui"]);
    assert_eq!(code, 0, "{errors}");
    let report: Json = serde_json::from_str(&report).expect("only JSON");
    assert!(report["endpoints"].to_string().contains("/products"), "{report}");
    let passed = report["thresholds"].as_array().expect("a list");
    assert_eq!(passed.len(), 2);
}

#[test]
fn what_is_there_stays_unless_forced() {
    let dir = folder();
    let path = dir.path().join("plan.yml");
    let plan = path.display().to_string();
    fs::write(&path, "mine").expect("written");
    let (code, _, errors) = told(&["new", &plan]);
    assert_eq!(code, 2);
    assert!(errors.contains("is there already; write over it with --force"), "{errors}");
    assert_eq!(fs::read_to_string(&path).expect("there"), "mine");
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1);
    assert_eq!(told(&["new", &plan, "--force"]).0, 0);
    assert_eq!(told(&["validate", &plan]).0, 0);
    // A schema of ours is renewed, and nothing else is touched.
    let schema = dir.path().join("plan.schema.json");
    fs::write(&schema, r#"{"title":"Shakedown plan"}"#).expect("written");
    assert_eq!(told(&["new", &plan, "--force"]).0, 0);
    assert!(fs::read_to_string(&schema).expect("there").len() > 10_000);
    for other in ["{}", "not JSON", "\u{0}"] {
        fs::write(&schema, other).expect("written");
        fs::write(&path, "mine").expect("written");
        let (code, _, errors) = told(&["new", &plan, "--force"]);
        assert_eq!(code, 2, "{other}");
        assert!(errors.contains("--no-schema"), "{errors}");
        assert_eq!(fs::read_to_string(&path).expect("there"), "mine");
        assert_eq!(fs::read_to_string(&schema).expect("there"), other);
    }
}

#[test]
fn a_place_that_cannot_be_written_is_a_usage_error() {
    let dir = folder();
    fs::write(dir.path().join("file"), "").expect("written");
    let (code, _, errors) = told(&["new", &dir.path().join("file/plan.yml").display().to_string()]);
    assert_eq!(code, 2, "{errors}");
    let (code, _, errors) = told(&["new", &dir.path().display().to_string(), "--force"]);
    assert_eq!(code, 2, "{errors}");
    let (code, _, errors) = told(&["new", "-", "--kind", "soak"]);
    assert_eq!(code, 2);
    assert!(errors.contains("load, api, scan, check"), "{errors}");
    let (code, _, errors) = told(&["new", "-", "--target", "ftp://x"]);
    assert_eq!(code, 2, "{errors}");
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1);
}

#[test]
fn without_a_name_it_is_shakedown_yml_here() {
    let dir = folder();
    let mut command = crate::program::shakedown();
    assert!(command.arg("new").current_dir(dir.path()).status().expect("started").success());
    let path = dir.path().join("shakedown.yml");
    assert_right(&fs::read_to_string(&path).expect("written"));
    assert!(Path::new(&path).with_file_name("plan.schema.json").is_file());
    assert!(run(&["new", "-"]).stdout.starts_with(b"# yaml"));
}
