//! What is generated from the rules: the table in `rules/README.md` and the JSON Schema for
//! editors.

use std::fmt::Write as _;

use serde_json::Value;

use crate::model::Owasp;
use crate::model::RuleMeta;

use super::embedded::EMBEDDED;
use super::registry::Registry;
use super::schema::RuleFile;

/// What a rule can have beside the keys of [`RuleFile`]: those of templates that send requests.
const REQUESTS: &str = include_str!("http.schema.json");

const INTRODUCTION: &str = "\
# Rules

Generated from the rule files by `UPDATE_GENERATED=1 cargo nextest run generated_files`; do not edit.

Rules are written in the Nuclei template format, with two additions: `passive:` judges responses
that are there anyway, without a request of its own, and `native:` names a check written in Rust and
gives it its metadata; so does `under-load:` for what is looked for in load's own traffic.
`rule.schema.json` is the JSON Schema for editors; the names that matchers and expressions can use are
listed in `src/rules/mod.rs`. What nobody has linked to is asked for only in a
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
    } else if registry.under_load().iter().any(|watched| watched.id == meta.id) {
        "under load"
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
    let requests: Value = serde_json::from_str(REQUESTS).expect("a test reads it");
    for section in ["$defs", "properties"] {
        let known = schema.get_mut(section).and_then(Value::as_object_mut);
        let (Some(known), Some(more)) = (known, requests[section].as_object()) else { continue };
        known.extend(more.clone());
    }
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rules::template::compile_one;

    /// The keys that the parser would have taken in place of an unknown one.
    fn taken(place: &str) -> BTreeSet<String> {
        let text = format!("id: x\ninfo: {{ name: x }}\nhttp:\n  - path: /\n    {place}\n");
        let refusals = compile_one("x.yaml", &text).expect_err("there is no key `zzz`");
        let (_, keys) = refusals[0].message.split_once("one of: ").expect("the keys are named");
        keys.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_the_parser_takes() {
        let schema: Value = serde_json::from_str(&json_schema()).expect("JSON");
        for (name, place) in [
            ("HttpBlock", "zzz: 1"),
            ("HttpMatcher", "matchers: [ { type: word, zzz: 1 } ]"),
            ("HttpExtractor", "extractors: [ { type: regex, zzz: 1 } ]"),
            ("HttpFuzz", "fuzzing: [ { zzz: 1 } ]"),
        ] {
            let properties = schema["$defs"][name]["properties"].as_object().expect("an object");
            let described: BTreeSet<String> = properties.keys().cloned().collect();
            assert_eq!(described, taken(place), "{name}");
        }
    }
}
