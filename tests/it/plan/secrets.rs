//! Secrets in plans that are right.

use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::from_text;

use super::{env, overrides, resolve};

/// What `SECRET` of the tests' environment is.
const SECRET: &str = "hunter/22 é";

fn wire(plan: &Plan, request: usize) -> String {
    String::from_utf8_lossy(&plan.requests[request].request.to_wire()).replace("\r\n", "\n")
}

#[test]
fn reports_have_names_where_requests_have_secrets() {
    let plan = resolve(
        "\
version: 1
target: http://127.0.0.1:8080
secrets: { PASSWORD: { env: SECRET }, TOKEN: { env: TOKEN } }
vars: { both: 'a-${secrets.TOKEN}' }
requests:
  a:
    post: '/a/${vars.both}/${secrets.TOKEN}?x=1'
    query: { p: '${secrets.PASSWORD}' }
    headers: { X: 'Bearer ${secrets.PASSWORD}' }
    json: { p: '${secrets.PASSWORD}', q: '${secrets.TOKEN}' }
    checks:
      - { contains: '${secrets.PASSWORD}' }
      - { jsonpath: $.a, equals: '${secrets.PASSWORD}' }
      - { name: 'it is ${secrets.TOKEN}', contains: x }
  b: { get: '${vars.whole:-}/${secrets.TOKEN}' }
",
    )
    .expect("a plan");
    let text = wire(&plan, 0);
    assert!(text.starts_with("POST /a/a-12345678/12345678?x=1&p=hunter%2F22+%C3%A9 "), "{text}");
    assert!(text.contains("X: Bearer hunter/22 é\n"), "{text}");
    assert!(
        text.ends_with("{\"p\":\"hunter/22 é\",\"q\":\"12345678\"}"),
        "digits are a text: {text}"
    );
    assert_eq!(plan.requests[0].path_template, "/a/{both}/{secrets.TOKEN}");
    assert_eq!(plan.requests[1].path_template, "/{secrets.TOKEN}");
    let names: Vec<&str> = plan.scripts[0].checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(
        names,
        ["contains [redacted]", "$.a equals \"[redacted]\"", "it is [redacted]"],
        "checks are looked at with the secret and called without"
    );
    assert_eq!(
        plan.redactor.text(&format!("<{SECRET}> hunter%2F22+%c3%a9")),
        "<[redacted]> [redacted]"
    );
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn a_path_that_is_all_secret_is_not_shown() {
    let plan = resolve(
        "\
version: 1
target: http://127.0.0.1:8080
secrets: { PATH: { env: PATH_SECRET } }
requests: { a: { get: '${secrets.PATH}' } }
",
    )
    .expect("a plan");
    assert!(wire(&plan, 0).starts_with("GET /very/secret "));
    assert_eq!(plan.requests[0].path_template, "[redacted]");
}

#[test]
fn what_is_never_sent_needs_no_secret_and_what_nobody_uses_is_said() {
    let plan = resolve(
        "\
version: 1
target: http://127.0.0.1:8080
secrets:
  A: { env: NOBODY }
  B: { command: 'exit 1' }
requests: { a: { get: /, headers: { X: '${secrets.A}' }, enabled: false } }
",
    )
    .expect("a plan");
    assert_eq!(plan.warnings, ["plan.yml:5:3: the secret `B` is never used"]);
}

#[test]
fn files_and_commands_lose_the_end_of_their_line() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("key.txt"), "key of a file\r\n").expect("writable");
    let overrides = Overrides {
        directory: dir.path().to_owned(),
        secret_command: Some(|words| Ok(format!("{}\n\n", words.join("|")))),
        ..overrides()
    };
    let text = "\
version: 1
target: http://127.0.0.1:8080
secrets:
  KEY: { file: key.txt }
  TOKEN: { command: [vault, read, x y] }
  LINE: { command: vault read | head -1 }
requests:
  a: { post: /, body: '${secrets.KEY}, ${secrets.TOKEN}, ${secrets.LINE}, ${secrets.TOKEN}' }
";
    let plan = from_text("plan.yml", text, &env, &overrides).expect("a plan");
    let body = String::from_utf8_lossy(&plan.requests[0].request.body).into_owned();
    assert_eq!(
        body,
        "key of a file, vault|read|x y\n, sh|-c|vault read | head -1\n, vault|read|x y\n"
    );
}

#[test]
fn a_command_that_fails_says_why_and_a_file_that_is_no_text_too() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("binary"), b"\xff\xfe").expect("writable");
    std::fs::write(dir.path().join("large"), vec![b'x'; 70_000]).expect("writable");
    let overrides = Overrides {
        directory: dir.path().to_owned(),
        secret_command: Some(|_| Err("ended with 3: sealed".to_owned())),
        ..overrides()
    };
    let text = "\
version: 1
target: http://127.0.0.1:8080
secrets: { A: { command: vault }, B: { file: binary }, C: { file: large } }
requests: { a: { post: /, form: { a: '${secrets.A}', b: '${secrets.B}', c: '${secrets.C}' } } }
";
    let said = from_text("plan.yml", text, &env, &overrides).expect_err("no plan").to_string();
    assert!(said.contains("the command `sh` ended with 3: sealed"), "{said}");
    assert!(said.contains("binary` is not UTF-8"), "{said}");
    assert!(said.contains("large` is larger than 64 KiB"), "{said}");
}
