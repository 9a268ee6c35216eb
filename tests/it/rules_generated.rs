//! Files generated from the rules are those in the repository.

use std::fs;
use std::path::Path;

use shakedown::rules;

fn check(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name);
    #[expect(clippy::disallowed_methods, reason = "the switch of this test, not of the program")]
    let update = std::env::var("UPDATE_GENERATED").is_ok();
    if update {
        fs::write(&path, wanted).expect("rules/ is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "rules/{name} is stale; refresh it with\n  \
         UPDATE_GENERATED=1 cargo nextest run generated_files"
    );
}

#[test]
fn generated_files_are_fresh() {
    check("README.md", &rules::readme());
    check("rule.schema.json", &rules::json_schema());
}

#[test]
fn the_schema_accepts_every_shipped_rule_and_refuses_a_wrong_one() {
    let schema: serde_json::Value = serde_json::from_str(&rules::json_schema()).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a valid schema");
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut seen = 0;
    for area in ["content", "cookies", "disclosure", "headers", "injection"] {
        for entry in fs::read_dir(dir.join(area)).expect("readable") {
            let path = entry.expect("readable").path();
            let text = fs::read_to_string(&path).expect("readable");
            let rule: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
            let errors: Vec<String> = schema.iter_errors(&rule).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} files");
    let wrong = serde_json::json!({ "id": "x", "info": {}, "pasive": [] });
    assert!(!schema.is_valid(&wrong));
}
