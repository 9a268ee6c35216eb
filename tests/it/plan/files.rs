//! Reading plan files: relative paths, and files that are no plans.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use shakedown::model::ExitCode;
use shakedown::plan::Plan;
use shakedown::plan::PlanErrors;
use shakedown::plan::load_file;

use super::env;
use super::overrides;

const BASE: &str = "version: 1\ntarget: http://127.0.0.1:8080\n";

fn load(path: &Path) -> Result<Plan, PlanErrors> {
    load_file(path, &env, &overrides())
}

/// What is said about a file with `bytes` in it, its folder left out.
fn said(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("plan.yml");
    fs::write(&path, bytes).expect("written");
    let errors = load(&path).expect_err("refused");
    assert_eq!(errors.exit_code(), ExitCode::InvalidPlan);
    errors.render(false).replace(&format!("{}/", dir.path().display()), "")
}

#[test]
fn a_file_that_is_not_there() {
    let errors = load(Path::new("no/such/plan.yml")).expect_err("refused");
    assert_eq!(errors.exit_code(), ExitCode::InvalidPlan);
    insta::assert_snapshot!(errors.render(false), @r#"  × no/such/plan.yml: cannot be read: No such file or directory (os error 2)"#);
}

#[test]
fn a_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = load(dir.path()).expect_err("refused").render(false);
    assert!(text.contains("is a directory, not a plan"), "{text}");
}

#[test]
fn a_file_beyond_the_cap() {
    insta::assert_snapshot!(said(&vec![b'#'; (4 << 20) + 1]), @r#"  × plan.yml: is larger than 4 MiB"#);
}

#[test]
fn a_file_that_is_not_utf8() {
    insta::assert_snapshot!(said(b"version: 1\ntarget: \xff\xfe\n"), @r#"
     × the plan is not UTF-8 from here on
      ╭─[plan.yml:2:9]
    1 │ version: 1
    2 │ target: ��
      ·         ▲
      ╰────
     help: save it as UTF-8
    "#);
}

#[test]
fn a_bomb_of_aliases() {
    let mut bomb = "x-0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(bomb, "x-{level}: &a{level} [{aliases}]").expect("a string takes everything");
    }
    insta::assert_snapshot!(said(bomb.as_bytes()), @r#"
     × too much for a plan: it may have 100000 values, aliases expanded, nested 32 deep
      ╭─[plan.yml:6:11]
    5 │ x-4: &a4 [*a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3]
    6 │ x-5: &a5 [*a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4]
      ·           ───
    7 │ x-6: &a6 [*a5, *a5, *a5, *a5, *a5, *a5, *a5, *a5, *a5]
      ╰────
    "#);
}

#[test]
fn deep_nesting() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let text = format!("{BASE}x-deep: {}{}\n", open.repeat(50_000), close.repeat(50_000));
        assert!(!said(text.as_bytes()).is_empty());
    }
    let blocks = (0..40).map(|depth| [" ".repeat(depth), "a:\n".to_owned()].concat());
    let blocks = blocks.collect::<String>();
    insta::assert_snapshot!(said(blocks.as_bytes()), @r#"
     × too much for a plan: it may have 100000 values, aliases expanded, nested 32 deep
       ╭─[plan.yml:33:33]
    32 │                                a:
    33 │                                 a:
       ·                                 ▲
    34 │                                  a:
       ╰────
    "#);
}

#[test]
fn rules_and_certificates_are_relative_to_the_plan() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir(dir.path().join("ours")).expect("created");
    fs::write(dir.path().join("root.pem"), "").expect("written");
    let path = dir.path().join("plan.yml");
    fs::write(&path, format!("{BASE}ca_files: [ root.pem ]\nscan: {{ rules: [ ours ] }}\n"))
        .expect("written");
    let plan = load(&path).expect("a valid plan");
    assert_eq!(plan.connection.ca_files, [dir.path().join("root.pem")]);
    assert_eq!(plan.scan.expect("asked for").rule_dirs, [dir.path().join("ours")]);
}

#[test]
fn flags_win_over_the_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("plan.yml");
    fs::write(&path, "version: 1\nauthorised: { by: A. Person, until: 2020-01-01 }\n")
        .expect("written");
    let mut overrides = overrides();
    overrides.targets = vec![shakedown::plan::TargetOverride {
        name: shakedown::plan::TargetName::Default,
        target: shakedown::model::Target::parse("http://8.8.8.8/").expect("valid"),
    }];
    let refused = load_file(&path, &env, &overrides).expect_err("the authorisation ended");
    assert_eq!(refused.exit_code(), ExitCode::Refused);
    overrides.authorised_by = Some("B. Person".to_owned());
    let plan = load_file(&path, &env, &overrides).expect("authorised anew");
    assert_eq!(plan.target.url(), "http://8.8.8.8/");
    assert_eq!(plan.scope.authorised_by(), Some("B. Person"));
}
