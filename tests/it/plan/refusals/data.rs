//! Data from files.

use insta::assert_snapshot;
use shakedown::plan::from_text;

use super::BASE;
use crate::plan::{env, overrides};

/// What is said of a plan beside which these files are; their folder is left out of it.
fn said(files: &[(&str, &[u8])], rest: &str) -> String {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("writable");
    }
    let mut overrides = overrides();
    dir.path().clone_into(&mut overrides.directory);
    let errors = from_text("plan.yml", &format!("{BASE}{rest}"), &env, &overrides);
    let errors = errors.map(|_| ()).expect_err("the plan is refused");
    let folder = dir.path().display().to_string();
    errors.to_string().replace("; ", "\n").replace(&format!("{folder}/"), "")
}

#[test]
fn a_section_that_makes_no_sense() {
    let files: [(&str, &[u8]); 2] =
        [("users.csv", b"name\na\n"), ("users.json", b"[{\"name\":1}]")];
    assert_snapshot!(said(&files, "\
data:
  'a b': users.csv
  b: { flie: users.csv }
  c: { file: no-such.csv }
  d: { file: users.txt }
  e: { file: users.csv, format: xml }
  f: { file: users.csv, delimiter: ';;' }
  g: { file: users.json, delimiter: ';' }
  h: { file: users.csv, mode: random, on_end: stop }
  i: { file: users.csv, on_end: halt }
  j: { file: users.csv, mode: uniqe }
"), @r###"
    plan plan.yml: `a b` cannot be the name of data
    a data file needs `file`
    unknown key `flie` in a data file, did you mean `file`?
    `no-such.csv` cannot be read: No such file or directory (os error 2)
    the name of `users.txt` does not say which format it has
    unknown format `xml`
    `;;` is no delimiter: one ASCII character is, such as `;`
    only a CSV has a delimiter
    rows that are taken over and over again have no end
    unknown end `halt`
    unknown mode `uniqe`, did you mean `unique`?
    "###);
}

#[test]
fn what_is_not_there() {
    let files: [(&str, &[u8]); 2] =
        [("users.csv", b"name,pass\na,b\n"), ("items.json", b"[{\"id\":1,\"at\":{\"city\":2}}]")];
    assert_snapshot!(said(&files, "\
data: { users: users.csv, items: items.json }
requests:
  a: { get: '/${data.users.nmae}' }
  b: { get: '/${data.user.name}' }
  c: { get: '/${data.users}' }
  d: { get: '/${data.items.at.ctiy}' }
  e: { get: '/${data.users.name:-x}' }
  f: { get: '/${dat.users.name}' }
timeout: ${data.users.name}
"), @r###"
    plan plan.yml: `users.csv` has no column `nmae`, did you mean `data.users.name`?
    `data.user` is not defined, did you mean `data.users`?
    `${data.users}` names no column
    `items.json` has no column `at.ctiy`, did you mean `data.items.at.city`?
    `${data.users.name}` takes no default here
    `${dat.users.name}`: unknown namespace `dat`, did you mean `data.users.name`?
    `${data.users.name}` is only known while the load runs
    "###);
}

#[test]
fn files_that_are_wrong() {
    let long = format!("name\n{}\n", "x".repeat(70_000));
    let quote = format!("name\n\"{}\n", "x\n".repeat(70_000));
    let files: [(&str, &[u8]); 13] = [
        ("empty.csv", b""),
        ("none.csv", b"name,pass\n"),
        ("ragged.csv", b"name,pass\n\"a\nb\",c\n\nd\n"),
        ("binary.csv", b"name\na\n\xff\n"),
        ("twice.csv", b"name,name\na,b\n"),
        ("unnamed.csv", b"name,\na,b\n"),
        ("long.csv", long.as_bytes()),
        ("quote.csv", quote.as_bytes()),
        ("empty.json", b"[]"),
        ("open.json", b"[{\"name\":1},"),
        ("other.json", b"{\"name\":1}, 7"),
        ("missing.jsonl", b"{\"name\":1}\n\n{\"name\":null}\n"),
        ("broken.jsonl", b"{\"name\":1}\n{\"name\":}\n"),
    ];
    let entries = files.map(|(name, _)| {
        let key = name.replace('.', "_");
        (format!("  {key}: {name}\n"), format!("  {key}: {{ get: '/${{data.{key}.name}}' }}\n"))
    });
    let (data, requests): (String, String) = entries.into_iter().unzip();
    assert_snapshot!(said(&files, &format!("data:\n{data}requests:\n{requests}")), @r###"
    plan plan.yml: `empty.csv` is empty
    `none.csv` has no row behind the line that names the columns
    `ragged.csv` line 5 has 1 values, and 2 columns are named
    `binary.csv` line 3 is not UTF-8
    `twice.csv` has two columns `name`
    `unnamed.csv` has a column without a name
    `long.csv` line 2 is longer than 64 KiB
    `quote.csv` line 2 is longer than 64 KiB
    `empty.json` has no rows
    `open.json` element 2 is the last one, and `]` is missing behind it
    `other.json` element 2 is no JSON object
    `missing.jsonl` line 3 has no `name`
    `broken.jsonl` line 2 is no JSON object: expected value at line 1 column 9
    "###);
}
