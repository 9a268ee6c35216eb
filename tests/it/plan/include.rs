//! `include`: a plan in several files is the same plan, and every mistake has its file.

use std::fmt::Write as _;
use std::fs;

use shakedown::plan::Plan;
use shakedown::plan::PlanErrors;
use shakedown::plan::Resolved;
use shakedown::plan::from_text;
use shakedown::plan::resolve_file;
use tempfile::TempDir;

use super::assert_resolved;
use super::env;
use super::overrides;

const HEAD: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";
const REQUESTS: &str = "requests: { home: { get: / } }\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        write(&dir, name, text.as_bytes());
    }
    dir
}

fn write(dir: &TempDir, name: &str, bytes: &[u8]) {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, bytes).expect("written");
}

fn resolve(dir: &TempDir) -> Result<(Plan, Resolved), PlanErrors> {
    resolve_file(&dir.path().join("plan.yml"), &env, &overrides())
}

fn right(dir: &TempDir) -> (Plan, Resolved) {
    resolve(dir).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

/// What is said about a plan in files, the folder left out.
fn said(files: &[(&str, &str)]) -> String {
    said_of(&folder(files))
}

fn said_of(dir: &TempDir) -> String {
    let errors = resolve(dir).expect_err("refused");
    assert_eq!(errors.exit_code().code(), 104);
    errors.render(false).replace(&format!("{}/", dir.path().display()), "")
}

fn plan(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

#[test]
fn a_plan_in_files_is_the_plan_in_one() {
    let dir = folder(&[
        (
            "plan.yml",
            &plan("include: [ auth.yml, requests/*.yml, 'flows?.yml' ]\nvars: { own: a }\n"),
        ),
        (
            "auth.yml",
            "version: 1\nsecrets: { PW: { env: SECRET } }\nauth: { m: { basic: { user: a, password: '${secrets.PW}' } } }\n",
        ),
        (
            "requests/b.yml",
            "x-h: &h { Accept: a/b }\nrequests: { b: { get: '/${vars.own}', headers: *h } }\n",
        ),
        ("requests/a.yml", "requests: { a: { get: / } }\n"),
        ("requests/.hidden.yml", "nonsense: 1\n"),
        ("requests/notes.txt", "nonsense\n"),
        ("flows1.yml", "include: deep/scenarios.yml\nflows: { f: [ { use: a }, { use: b } ] }\n"),
        (
            "deep/scenarios.yml",
            "include: more.yml\nscenarios: { s: { executor: constant-vus, exec: f, vus: 1, duration: 1s } }\n",
        ),
        (
            "deep/more.yml",
            "thresholds: { http_req_failed: [ 'rate<0.1' ] }\nsetup: [ { use: a } ]\n",
        ),
    ]);
    let (read, resolved) = right(&dir);
    let names: Vec<_> = read.requests.iter().map(|request| request.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(read.requests[1].path_template, "/{own}");
    assert!(read.setup.is_some() && read.thresholds.len() == 1 && read.scenarios.len() == 1);
    assert!(!read.sessions.auths.is_empty());
    let included: Vec<_> = resolved.included().iter().map(|path| path.file_name()).collect();
    let wanted = ["auth.yml", "a.yml", "b.yml", "flows1.yml", "scenarios.yml", "more.yml"];
    assert_eq!(included, wanted.map(|name| Some(name.as_ref())));
    let text = resolved.yaml();
    assert!(!text.contains("include"), "{text}");
}

#[test]
fn the_resolved_plan_needs_no_included_file() {
    let dir = folder(&[
        ("plan.yml", &plan("include: sub/part.yml\n")),
        (
            "sub/part.yml",
            "include: ../other/body.yml\ndata: { users: users.csv }\nrequests: { a: { get: '/${data.users.id}' } }\nflows: { f: [ { use: a }, { use: b } ] }\n",
        ),
        ("sub/users.csv", "id\n1\n"),
        ("other/body.yml", "requests: { b: { post: /b, file: body.bin } }\n"),
        ("other/body.bin", "bytes"),
    ]);
    let (plan, resolved) = right(&dir);
    assert_eq!(plan.data.feeders.len(), 1);
    let named: Vec<_> = resolved.named().iter().map(|path| path.file_name()).collect();
    assert_eq!(named, [Some("users.csv".as_ref()), Some("body.bin".as_ref())]);
    let text = resolved.yaml();
    assert!(text.contains("sub/users.csv"), "{text}");
    let overrides = shakedown::plan::Overrides { directory: dir.path().to_owned(), ..overrides() };
    let again = from_text("resolved.yml", &text, &env, &overrides)
        .unwrap_or_else(|errors| panic!("{}\n{text}", errors.render(false)));
    assert_eq!(again.requests[1].request, plan.requests[1].request);
    assert_eq!(again.data.feeders.len(), 1);
}

#[test]
fn the_hash_is_of_all_files_and_of_nothing_else() {
    let files = [("plan.yml", plan("include: a/r.yml\n")), ("a/r.yml", REQUESTS.to_owned())];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (one, other) = (folder(&files), folder(&files));
    assert_eq!(right(&one).0.hash, right(&other).0.hash);
    let before = right(&one).0.hash;
    write(&one, "a/r.yml", b"requests: { home: { get: /other } }\n");
    assert_ne!(right(&one).0.hash, before);
    let alone = folder(&[("plan.yml", &plan(REQUESTS))]);
    let text = from_text("x", &plan(REQUESTS), &env, &overrides()).expect("right");
    assert_eq!(right(&alone).0.hash, text.hash);
}

#[test]
fn a_file_that_two_others_include_is_read_once() {
    let dir = folder(&[
        ("plan.yml", &plan("include: [ a.yml, b.yml ]\n")),
        ("a.yml", "include: requests.yml\nvars: { a: 1 }\n"),
        ("b.yml", "include: ./sub/../requests.yml\nvars: { b: 1 }\n"),
        ("sub/x", ""),
        ("requests.yml", REQUESTS),
    ]);
    let (plan, resolved) = right(&dir);
    assert_eq!((plan.requests.len(), resolved.included().len()), (1, 3));
    assert_resolved(&plan, &resolved);
}

#[test]
fn a_name_in_two_files_is_refused_and_both_are_named() {
    insta::assert_snapshot!(said(&[
        ("plan.yml", &plan("include: [ a.yml, b.yml ]\nvars: { x: 1 }\nsetup: [ { use: home } ]\n")),
        ("a.yml", "requests:\n  home: { get: / }\nsetup: [ { use: home } ]\n"),
        ("b.yml", "vars: { x: 2 }\nrequests:\n  other: { get: / }\n  home: { get: /b }\n"),
    ]), @r#"
     × `setup` is done once for all scenarios, and there is none
      ╭─[plan.yml:5:1]
    4 │ vars: { x: 1 }
    5 │ setup: [ { use: home } ]
      · ─────
      ╰────
     × `setup` is given twice, first at plan.yml:5:1
      ╭─[a.yml:3:1]
    2 │   home: { get: / }
    3 │ setup: [ { use: home } ]
      · ─────
      ╰────
     × `x` is given twice, first at plan.yml:4:9
      ╭─[b.yml:1:9]
    1 │ vars: { x: 2 }
      ·         ─
    2 │ requests:
      ╰────
     × `home` is given twice, first at a.yml:2:3
      ╭─[b.yml:4:3]
    3 │   other: { get: / }
    4 │   home: { get: /b }
      ·   ────
      ╰────
    "#);
}

#[test]
fn mistakes_have_the_file_in_which_they_stand() {
    insta::assert_snapshot!(said(&[
        ("plan.yml", &plan("include: [ a.yml, b.yml ]\nrequests: { home: { gett: / } }\n")),
        ("a.yml", "requests:\n  ä: { get: /x, hedaers: {} }\n"),
        ("b.yml", "data: { u: users.csv }\nflows:\n  f: [ { use: hom } ]\n"),
    ]), @r#"
     × a request needs a method and its path
      ╭─[plan.yml:4:13]
    3 │ include: [ a.yml, b.yml ]
    4 │ requests: { home: { gett: / } }
      ·             ────
      ╰────
     help: write `get: /path`, or one of get, post, put, patch, delete, head, options, ws, sse, grpc
     × unknown key `gett` in a request, did you mean `get`?
      ╭─[plan.yml:4:21]
    3 │ include: [ a.yml, b.yml ]
    4 │ requests: { home: { gett: / } }
      ·                     ────
      ╰────
     × unknown key `hedaers` in a request, did you mean `headers`?
      ╭─[a.yml:2:18]
    1 │ requests:
    2 │   ä: { get: /x, hedaers: {} }
      ·                 ───────
      ╰────
     × `users.csv` cannot be read: No such file or directory (os error 2)
      ╭─[b.yml:1:12]
    1 │ data: { u: users.csv }
      ·            ─────────
    2 │ flows:
      ╰────
     × unknown request `hom`, did you mean `home`?
      ╭─[b.yml:3:15]
    2 │ flows:
    3 │   f: [ { use: hom } ]
      ·               ───
      ╰────
    "#);
}

#[test]
fn names_that_cannot_be_included() {
    let names = [
        "missing.yml",
        "folder",
        "no*.yml",
        "'*/a.yml'",
        "/etc/hosts",
        "'~/a.yml'",
        "'${env.SET}.yml'",
        "http://127.0.0.1/a.yml",
        "''",
        "[ a ]",
        "1.yml/",
    ];
    let list = names.map(|name| format!("  - {name}\n")).concat();
    insta::assert_snapshot!(said(&[
        ("plan.yml", &plan(&format!("include:\n{list}"))),
        ("folder/a.yml", ""),
    ]), @r#"
     × `missing.yml` cannot be read: No such file or directory (os error 2)
      ╭─[plan.yml:4:5]
    3 │ include:
    4 │   - missing.yml
      ·     ───────────
    5 │   - folder
      ╰────
     × `folder` is a directory; name its files, or write `/*.yml` behind it
      ╭─[plan.yml:5:5]
    4 │   - missing.yml
    5 │   - folder
      ·     ──────
    6 │   - no*.yml
      ╰────
     × no file is called like `no*.yml`
      ╭─[plan.yml:6:5]
    5 │   - folder
    6 │   - no*.yml
      ·     ───────
    7 │   - '*/a.yml'
      ╰────
     × `*/a.yml`: `*` and `?` stand for parts of a file's name, not of its folder
      ╭─[plan.yml:7:5]
    6 │   - no*.yml
    7 │   - '*/a.yml'
      ·     ─────────
    8 │   - /etc/hosts
      ╰────
     × `/etc/hosts` is a path of this machine; write one relative to this file
      ╭─[plan.yml:8:5]
    7 │   - '*/a.yml'
    8 │   - /etc/hosts
      ·     ──────────
    9 │   - '~/a.yml'
      ╰────
     × `~/a.yml` is a path of this machine; write one relative to this file
       ╭─[plan.yml:9:5]
     8 │   - /etc/hosts
     9 │   - '~/a.yml'
       ·     ─────────
    10 │   - '${env.SET}.yml'
       ╰────
     × files are included before anything is substituted: name the file
       ╭─[plan.yml:10:5]
     9 │   - '~/a.yml'
    10 │   - '${env.SET}.yml'
       ·     ────────────────
    11 │   - http://127.0.0.1/a.yml
       ╰────
     × `http://127.0.0.1/a.yml` is a URL; only files are included
       ╭─[plan.yml:11:5]
    10 │   - '${env.SET}.yml'
    11 │   - http://127.0.0.1/a.yml
       ·     ──────────────────────
    12 │   - ''
       ╰────
     × `` is no file
       ╭─[plan.yml:12:5]
    11 │   - http://127.0.0.1/a.yml
    12 │   - ''
       ·     ──
    13 │   - [ a ]
       ╰────
     × expected a file name, or a list of them; found a list
       ╭─[plan.yml:13:5]
    12 │   - ''
    13 │   - [ a ]
       ·     ─
    14 │   - 1.yml/
       ╰────
     × `1.yml/` is no file
       ╭─[plan.yml:14:5]
    13 │   - [ a ]
    14 │   - 1.yml/
       ·     ──────
       ╰────
    "#);
}

#[test]
fn texts_that_cannot_be_included() {
    let dir = folder(&[
        (
            "plan.yml",
            &plan(
                "include: [ empty.yml, list.yml, broken.yml, latin1.yml, bytes.yml, other.yml ]\n",
            ),
        ),
        ("empty.yml", "# nothing\n"),
        ("list.yml", "- a\n"),
        ("broken.yml", "vars: { a: 1\nb: ]\n"),
        ("other.yml", "target: http://127.0.0.1:1\nscan: {}\nreqests: {}\nversion: 2\n"),
    ]);
    write(&dir, "latin1.yml", b"vars:\n  a: \xe4\n");
    write(&dir, "bytes.yml", b"vars: \0\n");
    insta::assert_snapshot!(said_of(&dir), @r#"
     × the included file is empty
      ╭─[empty.yml:2:1]
    1 │ # nothing
      ╰────
     × expected sections of a plan: a mapping `{ key: value }`; found a list
      ╭─[list.yml:1:1]
    1 │ - a
      · ▲
      ╰────
     × while parsing a flow mapping, did not find expected ',' or '}'
      ╭─[broken.yml:2:2]
    1 │ vars: { a: 1
    2 │ b: ]
      ·  ▲
      ╰────
     × the file is not UTF-8 from here on
      ╭─[latin1.yml:2:6]
    1 │ vars:
    2 │   a: �
      ·      ▲
      ╰────
     help: save it as UTF-8
     × unexpected character: `\u{0}'
      ╭─[bytes.yml:1:7]
    1 │ vars: ?
      ·       ▲
      ╰────
     × `target` stands in the plan itself, not in a file that it includes
      ╭─[other.yml:1:1]
    1 │ target: http://127.0.0.1:1
      · ──────
    2 │ scan: {}
      ╰────
     help: an included file may have version, include, vars, secrets, data, auth, identities,
           requests, flows, scenarios, thresholds, setup, teardown
     × `scan` stands in the plan itself, not in a file that it includes
      ╭─[other.yml:2:1]
    1 │ target: http://127.0.0.1:1
    2 │ scan: {}
      · ────
    3 │ reqests: {}
      ╰────
     help: an included file may have version, include, vars, secrets, data, auth, identities,
           requests, flows, scenarios, thresholds, setup, teardown
     × unknown key `reqests` in an included file, did you mean `requests`?
      ╭─[other.yml:3:1]
    2 │ scan: {}
    3 │ reqests: {}
      · ───────
    4 │ version: 2
      ╰────
     × expected 1, the only version there is; found `2`
      ╭─[other.yml:4:10]
    3 │ reqests: {}
    4 │ version: 2
      ·          ─
      ╰────
    "#);
}

#[test]
fn circles_are_named() {
    let dir = folder(&[
        ("plan.yml", &plan("include: [ a.yml, plan.yml ]\n")),
        ("a.yml", "include: sub/b.yml\n"),
        ("sub/b.yml", "include: ../a.yml\n"),
    ]);
    let said = resolve(&dir).expect_err("refused").to_string();
    let said = said.replace(&format!("{}/", dir.path().display()), "");
    let wanted = "`plan.yml` includes itself: plan.yml → plan.yml; \
                  `sub/../a.yml` includes itself: a.yml → sub/b.yml → sub/../a.yml";
    assert_eq!(said, format!("plan plan.yml: {wanted}"));
}

#[test]
fn a_wildcard_leaves_out_the_file_that_it_stands_in() {
    let dir = folder(&[("plan.yml", &plan("include: '*.yml'\n")), ("r.yml", REQUESTS)]);
    assert_eq!(right(&dir).0.requests.len(), 1);
    // Where it is asked for, the plan is read from its own folder.
    let text = said(&[("plan.yml", &plan("include: '*.yml'\n"))]);
    assert!(text.contains("no file is called like `*.yml`"), "{text}");
}

#[test]
fn files_are_bounded_in_depth_number_bytes_and_values() {
    let mut chain = vec![("plan.yml".to_owned(), plan("include: 0.yml\n"))];
    for level in 0..12 {
        chain.push((format!("{level}.yml"), format!("include: {}.yml\n", level + 1)));
    }
    let mut many = vec![("plan.yml".to_owned(), plan("include: 'n*.yml'\n"))];
    for number in 0..120 {
        many.push((format!("n{number}.yml"), format!("vars: {{ v{number}: 1 }}\n")));
    }
    let long = format!("# {}\n{REQUESTS}", "x".repeat(3 << 20));
    let large: Vec<_> = [
        ("plan.yml", plan("include: [ a.yml, b.yml ]\n")),
        ("a.yml", long.clone()),
        ("b.yml", long),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec();
    let mut bomb = "x-0: &a0 [ 1, 2, 3, 4, 5, 6, 7, 8, 9 ]\n".to_owned();
    for level in 1..5 {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "x-{level}: &a{level} [ {below} ]").expect("a string");
    }
    let mut bombs = vec![("plan.yml".to_owned(), plan("include: 'b*.yml'\n"))];
    bombs.extend((0..50).map(|number| (format!("b{number}.yml"), bomb.clone())));
    for (files, words) in [
        (chain, "at most 100 files, at most 8 deep"),
        (many, "at most 100 files, at most 8 deep"),
        (large, "all files of a plan together may have 4 MiB"),
        (bombs, "too much for a plan"),
    ] {
        let files: Vec<_> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let text = said(&files);
        assert!(text.contains(words), "{words}: {text}");
        assert_eq!(text.matches('×').count(), 1, "{text}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_not_waited_for() {
    let dir = folder(&[("plan.yml", &plan("include: socket\n"))]);
    let _listener =
        std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("bound");
    assert!(said_of(&dir).contains("`socket` is no plain file"));
    let dir = folder(&[("plan.yml", &plan("include: loop.yml\n"))]);
    std::os::unix::fs::symlink("loop.yml", dir.path().join("loop.yml")).expect("linked");
    assert!(said_of(&dir).contains("cannot be read"));
}

#[test]
fn a_text_that_is_no_file_includes_nothing() {
    let text = plan("include: a.yml\n");
    let said = from_text("http://127.0.0.1/plan.yml", &text, &env, &overrides());
    let said = said.expect_err("refused").render(false);
    assert!(said.contains("only a plan that is read from a file includes others"), "{said}");
}

#[test]
fn a_plan_is_read_from_the_working_directory_too() {
    let dir = folder(&[("plan.yml", &plan("include: '*.yaml'\n")), ("r.yaml", REQUESTS)]);
    let mut command = crate::program::shakedown();
    let output = command.args(["validate", "plan.yml", "--json"]).current_dir(dir.path()).output();
    let output = output.expect("started");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["would_send"]["included"], serde_json::json!(["r.yaml"]));
    let output = crate::program::shakedown()
        .args(["validate", "plan.yml"])
        .current_dir(dir.path())
        .output()
        .expect("started");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("\nRead\n  r.yaml  included\n"), "{told}");
}
