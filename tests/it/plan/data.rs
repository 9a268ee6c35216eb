//! Rows of files: which are there, and that each is found by its number.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use shakedown::plan::Plan;
use shakedown::plan::RowError;
use shakedown::plan::Rows;
use shakedown::plan::from_text;

use super::{env, overrides};

const HEAD: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";

/// A plan that uses these columns of `file`, as they are listed.
fn plan(directory: &Path, data: &str, columns: &[&str]) -> Plan {
    let mut overrides = overrides();
    directory.clone_into(&mut overrides.directory);
    let slots: String = columns.iter().flat_map(|name| ["/${data.d.", *name, "}"]).collect();
    let text = format!(
        "{HEAD}data: {{ d: {data} }}\nrequests: {{ a: {{ get: '/{slots}' }} }}\nflows: {{ f: [ {{ use: a }} ] }}\n"
    );
    from_text("plan.yml", &text, &env, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn row(rows: &mut Rows<'_>, number: u64) -> Vec<String> {
    let mut values = Vec::new();
    rows.read(number, |variable, value| {
        values.push((variable, String::from_utf8(value.to_vec()).expect("UTF-8")));
    })
    .expect("it is there");
    values.into_iter().map(|(_, value)| value).collect()
}

#[test]
fn every_format_gives_its_values_as_text() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let put =
        |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("writable");
    put("a.csv", "\u{feff}name,city\r\n\"a \"\"b\"\"\",\"x\ny\"\r\n\r\nc,\r\n");
    put("a.tsv", "name\tcity\na \"b\"\tx\ny\tz");
    put("semi.txt", "name;city\na;b,c\n");
    put(
        "a.jsonl",
        "\n{\"name\":\"\\u00e9\",\"at\":{\"city\":[1, 2]}}\r\n\n{\"at\":{\"city\":true},\"name\":1.50}",
    );
    put(
        "a.json",
        "\u{feff}[\n {\"name\": \"]}\\\"\", \"at\": {\"city\": \"x\"}},\n{\"at\":{\"city\":2},\"name\":false} ]\n",
    );
    for (data, columns, expected) in [
        ("a.csv", ["city", "name"], [["x\ny", "a \"b\""], ["", "c"]].as_slice()),
        ("a.tsv", ["name", "city"], &[["a \"b\"", "x"], ["y", "z"]]),
        ("{ file: semi.txt, format: csv, delimiter: ';' }", ["name", "city"], &[["a", "b,c"]]),
        ("a.jsonl", ["name", "at.city"], &[["é", "[1, 2]"], ["1.50", "true"]]),
        ("a.json", ["name", "at.city"], &[["]}\"", "x"], ["false", "2"]]),
    ] {
        let plan = plan(dir.path(), data, &columns);
        let [feeder] = plan.data.feeders.as_slice() else { panic!("one is used") };
        assert_eq!(feeder.rows, expected.len() as u64, "{data}");
        let mut rows = Rows::new(feeder);
        for (number, expected) in (0..).zip(expected) {
            assert_eq!(row(&mut rows, number), *expected, "{data}");
        }
        assert_eq!(plan.data.of_flow, [[0]], "{data}");
    }
}

#[test]
fn only_what_is_used_is_looked_at() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("a.jsonl"), "{\"name\":1,\"note\":2}\n{\"name\":1}\n")
        .expect("writable");
    assert_eq!(plan(dir.path(), "a.jsonl", &["name"]).data.feeders[0].rows, 2);
    let plan = plan(dir.path(), "a.jsonl", &[]);
    assert!(plan.data.feeders.is_empty());
    assert_eq!(plan.warnings, ["plan.yml:3:9: the data `d` are never used"]);
}

#[test]
fn a_file_that_changes_is_noticed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("a.csv");
    let text: String = (0..100_000).flat_map(|n: u32| [n.to_string(), format!(",{n}\n")]).collect();
    std::fs::write(&file, format!("id,other\n{text}")).expect("writable");
    let plan = plan(dir.path(), "a.csv", &["id"]);
    let mut rows = Rows::new(&plan.data.feeders[0]);
    assert_eq!(row(&mut rows, 99_999), ["99999"]);
    assert_eq!(row(&mut rows, 0), ["0"]);
    std::fs::write(&file, "id,other\n1,1\n").expect("writable");
    let changed = rows.read(50_000, |_, _| panic!("nothing is given"));
    assert!(matches!(changed, Err(RowError::Changed)), "{changed:?}");
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,6}", "[ -~é]{0,9}", "[\"\n\r,;]{1,4}", "[a-z]{0,900}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_row_is_found_by_its_number(
        table in prop::collection::vec([field(), field()], 1..300),
        repeated in 1..30usize,
        order in prop::collection::vec(any::<prop::sample::Index>(), 20),
        kind in 0..3u8,
    ) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let table: Vec<_> = table.iter().cycle().take(table.len() * repeated).collect();
        let objects = || table.iter().map(|[a, b]| serde_json::json!({ "a": a, "n": { "b": b } }));
        let (name, text, columns) = match kind {
            0 => {
                let mut csv = csv::Writer::from_writer(Vec::new());
                csv.write_record(["a", "b"]).expect("in memory");
                for row in &table {
                    csv.write_record(*row).expect("in memory");
                }
                ("t.csv", csv.into_inner().expect("in memory"), ["b", "a"])
            }
            1 => {
                let lines: String = objects().flat_map(|row| [row.to_string(), "\n".to_owned()]).collect();
                ("t.jsonl", lines.into_bytes(), ["n.b", "a"])
            }
            _ => ("t.json", Value::Array(objects().collect()).to_string().into_bytes(), ["n.b", "a"]),
        };
        std::fs::write(dir.path().join(name), text).expect("writable");
        let plan = plan(dir.path(), name, &columns);
        let feeder = &plan.data.feeders[0];
        prop_assert_eq!(feeder.rows, table.len() as u64);
        let mut rows = Rows::new(feeder);
        let all = 0..table.len();
        for number in order.iter().map(|at| at.index(table.len())).chain(all) {
            let [a, b] = table[number];
            prop_assert_eq!(row(&mut rows, number as u64), [b.clone(), a.clone()]);
        }
    }
}
