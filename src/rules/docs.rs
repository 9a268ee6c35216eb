//! What is generated from the rules: the table in `rules/README.md` and the JSON Schema for
//! editors.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use crate::model::Owasp;
use crate::model::RuleMeta;

use super::embedded::EMBEDDED;
use super::registry::Registry;
use super::schema::RuleFile;

const INTRODUCTION: &str = "\
# Rules

Generated from the rule files by `UPDATE_GENERATED=1 cargo nextest run generated_files`; do not edit.

Rules are written in the Nuclei template format, with two additions: `passive:` judges responses
that are there anyway, without a request of its own, and `native:` names a check written in Rust and
gives it its metadata. `rule.schema.json` is the JSON Schema for editors; the names that matchers and
expressions can use are listed in `src/rules/mod.rs`. What nobody has linked to is asked for only in a
scan with `--active`: by rules of the kind `request`, and for passive ones with `ask` (`passive, asks`).
Every rule but the checks carries examples that it must and must not match; a test runs them.
";

/// The page `rules/README.md`: every built-in rule by area.
pub fn readme() -> String {
    let registry = Registry::embedded();
    let mut page = INTRODUCTION.to_owned();
    let mut area = "";
    for (path, _) in EMBEDDED {
        let (folder, file) = path.split_once('/').unwrap_or(("", path));
        let id = file.trim_end_matches(".yaml");
        let meta = registry.meta(id).expect("a test holds file names equal to ids");
        if folder != area {
            area = folder;
            page.push_str(&format_heading(area));
        }
        page.push_str(&row(path, meta, &registry));
    }
    page
}

fn format_heading(area: &str) -> String {
    format!(
        "\n## {area}\n\n| id | finding | severity | kind | CWE | OWASP Top 10 | API Top 10 | CVSS 3.1 |\n\
         |--|--|--|--|--|--|--|--|\n"
    )
}

fn row(path: &str, meta: &RuleMeta, registry: &Registry) -> String {
    let kind = if registry.native_ids().any(|id| id == meta.id) {
        "check"
    } else if registry.templates().iter().any(|own| own.meta.id == meta.id) {
        "request"
    } else if registry
        .passive()
        .iter()
        .any(|rule| rule.meta().id == meta.id && !rule.ask().is_empty())
    {
        "passive, asks"
    } else {
        "passive"
    };
    let cwe: Vec<String> = meta
        .cwe
        .iter()
        .map(|cwe| format!("[{cwe}](https://cwe.mitre.org/data/definitions/{cwe}.html)"))
        .collect();
    let mut row = String::new();
    writeln!(
        row,
        "| [`{}`]({path}) | {} | {} | {kind} | {} | {} | {} | {} |",
        meta.id,
        meta.title,
        meta.severity,
        cwe.join(", "),
        places(&meta.owasp),
        places(&meta.api),
        meta.cvss.as_deref().and_then(|vector| vector.strip_prefix("CVSS:3.1/")).unwrap_or(""),
    )
    .expect("writing to a string cannot fail");
    row
}

fn places(list: &[Owasp]) -> String {
    list.iter().map(|place| place.0.as_str()).collect::<Vec<_>>().join(", ")
}

/// The JSON Schema of a rule file, as it stands in `rules/rule.schema.json`.
pub fn json_schema() -> String {
    let mut schema = schemars::schema_for!(RuleFile);
    schema.insert("title".to_owned(), "Shakedown rule".into());
    let requests = json!({
        "http": {
            "type": "array",
            "items": { "type": "object" },
            "description": "Requests, their matchers and extractors, as in Nuclei's templates; instead of `passive`.",
        },
        "flow": { "type": "string", "description": "Which entries of `http` run: `http(1) && http(2)`." },
        "variables": { "type": "object", "description": "Values by name, each sees those before it." },
        "constants": { "type": "object", "description": "Values by name." },
        "stop-at-first-match": { "type": "boolean", "description": "Ends with the first match." },
    });
    if let (Some(Value::Object(properties)), Value::Object(requests)) =
        (schema.get_mut("properties"), requests)
    {
        properties.extend(requests);
    }
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}
