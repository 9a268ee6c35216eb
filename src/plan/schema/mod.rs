//! The JSON Schema of plans, for editors: `shakedown schema`, and `scenarios/plan.schema.json`.
//!
//! Whoever adds a key to a [`Keys`](super::reader::Keys) of `plan` describes it here: a test
//! compares each table with the properties of its object and names what is missing. In short:
//!
//! * a new key of a table that is there: one line `.key("name", TYPE, "What it does.")` in the
//!   function that describes the table's object (the test names it); types are in [`shape`];
//! * a new table: make it `pub(super)`, write a function
//!   `object!("name", module::TABLE, "What it is.").key(…)` in the file of its subject, add it to
//!   [`objects`], and refer to it with `of("name")`;
//! * then `UPDATE_GENERATED=1 cargo nextest run schema` and read the difference.
//!
//! The schema is what an editor can say while one types. It knows shapes, words and ranges, and
//! takes `${…}` wherever the plan does; whether names exist and parts fit each other is said by
//! `shakedown validate`.

mod auth;
mod connection;
mod flows;
mod requests;
mod scan;
mod scenarios;
mod shape;
mod talk;
mod top;
mod watched;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use shape::Object;

/// Every object of a plan that has fixed keys.
fn objects() -> Vec<Object> {
    [
        top::objects(),
        auth::objects(),
        requests::objects(),
        talk::objects(),
        flows::objects(),
        scenarios::objects(),
        scan::objects(),
        connection::objects(),
        watched::objects(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// JSON Schema 2020-12 of a plan file.
pub fn json_schema() -> Json {
    let mut definitions = shape::definitions();
    let mut root = Map::new();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!("Shakedown plan"));
    for object in objects() {
        if object.name == top::PLAN {
            root.extend(object.schema());
        } else {
            definitions.insert(object.name.to_owned(), Json::Object(object.schema()));
        }
    }
    root.insert("$defs".to_owned(), Json::Object(definitions));
    Json::Object(root)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use regex::Regex;

    use super::*;

    #[test]
    fn each_object_of_the_schema_has_exactly_the_keys_that_the_reader_knows() {
        let mut wrong = Vec::new();
        for object in objects() {
            let known: BTreeSet<&str> = object.keys.known.iter().copied().collect();
            let described: BTreeSet<&str> = object.properties.iter().map(|(key, _)| *key).collect();
            for key in known.difference(&described) {
                wrong.push(format!(
                    "`{key}` of {} ({}) is not in the schema: describe it with \
                     `.key(\"{key}\", …)` where src/plan/schema says \
                     `object!(\"{}\", …)`",
                    object.keys.of, object.table, object.name
                ));
            }
            for key in described.difference(&known) {
                wrong.push(format!(
                    "the schema has `{key}` in `{}`, and {} does not know it",
                    object.name, object.table
                ));
            }
        }
        assert!(
            wrong.is_empty(),
            "{}\nthen run UPDATE_GENERATED=1 cargo nextest run schema",
            wrong.join("\n")
        );
    }

    #[test]
    fn each_table_of_keys_has_an_object_in_the_schema() {
        let described: BTreeSet<String> =
            objects().iter().map(|object| object.table.replace(' ', "")).collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan");
        let mut found = BTreeSet::new();
        tables(&root, "", &mut found);
        assert!(found.len() > 20, "{found:?}");
        let missing: Vec<_> = found.difference(&described).collect();
        assert!(
            missing.is_empty(),
            "these tables of keys have no object in the schema: {missing:?}; \
             src/plan/schema/mod.rs says how to add one"
        );
        assert_eq!(described.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    /// `module::TABLE` of every constant that is a table of keys.
    fn tables(dir: &Path, module: &str, found: &mut BTreeSet<String>) {
        let table = Regex::new(r"(?:const|static)\s+([A-Z0-9_]+):\s*Keys\b").expect("it is one");
        for entry in fs::read_dir(dir).expect("readable") {
            let path = entry.expect("readable").path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8");
            let inner = if stem == "mod" { module.to_owned() } else { format!("{module}{stem}::") };
            if path.is_dir() {
                tables(&path, &inner, found);
                continue;
            }
            let text = fs::read_to_string(&path).expect("UTF-8");
            found.extend(table.captures_iter(&text).map(|found| format!("{inner}{}", &found[1])));
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let schema = json_schema();
        let text = schema.to_string();
        let reference = Regex::new(r##""#/\$defs/([^"]+)""##).expect("it is one");
        for found in reference.captures_iter(&text) {
            assert!(schema["$defs"].get(&found[1]).is_some(), "{}", &found[1]);
        }
    }
}
