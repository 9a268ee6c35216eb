//! `targets`: requests name the service that they go to; flags and the environment move them.

use std::fs;

use serde_json::Value as Json;

use super::resolve;
use crate::program::Shop;
use crate::program::shakedown;
use crate::program::told;

const PLAN: &str = "\
version: 1
targets: { default: 'http://127.0.0.1:8080', auth: 'http://127.0.0.1:9090', log-in: 'http://127.0.0.1:9091' }
requests:
  home: { get: / }
  token: { post: '/token/${id}', target: auth }
  other: { get: /, target: log-in }
flows: { f: [ { use: home, extract: { id: { jsonpath: $.id } } }, { use: token }, { use: other } ] }
scenarios: { s: { executor: shared-iterations, exec: f, vus: 1, iterations: 1 } }
";

fn said(text: &str) -> String {
    resolve(text).expect_err("refused").render(false)
}

#[test]
fn requests_go_where_they_say_and_all_targets_are_in_scope() {
    let plan = resolve(PLAN).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let origins: Vec<_> =
        plan.requests.iter().map(|request| request.request.origin.to_string()).collect();
    assert_eq!(
        origins,
        ["http://127.0.0.1:8080", "http://127.0.0.1:9090", "http://127.0.0.1:9091"]
    );
    assert_eq!(plan.target.origin.to_string(), origins[0]);
    assert_eq!(plan.scope.origins().len(), 3);
    let auto = format!("{PLAN}scope: {{ origins: [ auto, 'http://127.0.0.1:1' ] }}\n");
    assert_eq!(resolve(&auto).expect("right").scope.origins().len(), 4);
}

#[test]
fn without_auto_a_target_that_is_not_named_is_out_of_scope() {
    let text = said(&format!(
        "{PLAN}scope: {{ origins: [ 'http://127.0.0.1:8080', 'http://127.0.0.1:9090' ] }}\n"
    ));
    assert!(text.contains("out of scope: http://127.0.0.1:9091"), "{text}");
    assert_eq!(text.matches('×').count(), 1, "{text}");
}

#[test]
fn mistakes_in_targets() {
    for (text, words) in [
        ("targets: { auth: 'http://127.0.0.1' }\n", "`targets` needs `default`"),
        (
            "target: http://127.0.0.1\ntargets: { default: 'http://127.0.0.1' }\n",
            "a plan has `target` or `targets`",
        ),
        (
            "targets: { default: 'http://127.0.0.1', 'a b': 'http://127.0.0.1' }\n",
            "`a b` cannot be the name of a target",
        ),
        ("targets: { default: 'ftp://127.0.0.1' }\n", "ftp"),
        ("targets: { default: '127.0.0.1', auth: { } }\n", "expected a URL; found a mapping"),
        ("targets: 'http://127.0.0.1'\n", "expected targets: a mapping"),
        (
            "targets: { default: 'http://127.0.0.1', auth: 'http://127.0.0.1:2' }\nrequests: { a: { get: /, target: aut } }\n",
            "unknown target `aut`, did you mean `auth`?",
        ),
        (
            "targets: { default: 'http://127.0.0.1', auth: 'http://127.0.0.1:2' }\nrequests: { a: { get: 'http://127.0.0.1/', target: auth } }\n",
            "its URL says where it goes",
        ),
        (
            "target: http://127.0.0.1\nrequests: { a: { get: /, target: auth } }\n",
            "unknown target `auth`",
        ),
        (
            "targets: { default: 'http://127.0.0.1', auth: 'http://8.8.8.8' }\n",
            "8.8.8.8 (8.8.8.8) is neither loopback nor private",
        ),
    ] {
        let text = said(&format!("version: 1\n{text}"));
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// Where the requests of `PLAN` go, by what `validate` says with these flags and variables.
fn origins(flags: &[&str], variables: &[(&str, &str)]) -> Result<Vec<String>, (i32, String)> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("plan.yml");
    fs::write(&path, PLAN).expect("written");
    let mut command = shakedown();
    command.arg("validate").arg(&path).arg("--json").args(flags);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().expect("started");
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err((output.status.code().unwrap_or(-1), text));
    }
    let said: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let requests = said["would_send"]["requests"].as_array().expect("a list");
    let origins = requests.iter().map(|one| one["origin"].as_str().expect("a text").to_owned());
    let origins: Vec<String> = origins.collect();
    // The resolved plan says the same.
    let target = &said["plan"]["targets"]["default"];
    assert!(target.as_str().expect("a text").starts_with(&origins[0]), "{target}");
    Ok(origins)
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_plan() {
    let all = |one: &str, two: &str, three: &str| {
        Ok([one, two, three].map(|port| format!("http://127.0.0.1:{port}")).to_vec())
    };
    let (one, two) = ("http://127.0.0.1:1", "http://127.0.0.1:2");
    assert_eq!(origins(&[], &[]), all("8080", "9090", "9091"));
    assert_eq!(origins(&[], &[("SHAKEDOWN_TARGET", one)]), all("1", "9090", "9091"));
    assert_eq!(
        origins(&[], &[("SHAKEDOWN_TARGET_LOG_IN", one), ("SHAKEDOWN_TARGET_ELSE", one)]),
        all("8080", "9090", "1")
    );
    assert_eq!(origins(&["--target", two], &[("SHAKEDOWN_TARGET", one)]), all("2", "9090", "9091"));
    let auth = format!("auth={two}");
    assert_eq!(
        origins(&["--target", one, "--target", &auth], &[("SHAKEDOWN_TARGET_AUTH", one)]),
        all("1", "2", "9091")
    );
    assert_eq!(origins(&[], &[("SHAKEDOWN_TARGET", "")]), all("8080", "9090", "9091"));
}

#[test]
fn what_names_no_target_is_refused() {
    let (code, text) = origins(&["--target", "aut=http://127.0.0.1:1"], &[]).expect_err("refused");
    assert_eq!(code, 104);
    assert!(
        text.contains("--target: the plan has no target `aut`, did you mean `auth`?"),
        "{text}"
    );
    let (code, text) = origins(&["--target", "auth=ftp://x"], &[]).expect_err("refused");
    assert_eq!(code, 2, "{text}");
    let (code, text) = origins(&[], &[("SHAKEDOWN_TARGET_AUTH", "ftp://x")]).expect_err("refused");
    assert_eq!(code, 2);
    assert!(text.contains("SHAKEDOWN_TARGET_AUTH"), "{text}");
    let (code, _, text) = told(&["load", "http://127.0.0.1:1/", "--target", "http://127.0.0.1:2"]);
    assert_eq!(code, 2);
    assert!(text.contains("--target"), "{text}");
}

#[test]
fn one_iteration_visits_two_shops() {
    let (one, other) = (Shop::safe(), Shop::safe());
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("plan.yml");
    fs::write(
        &path,
        "version: 1\ntargets: { default: 'http://127.0.0.1:1', second: 'http://127.0.0.1:1' }\n\
         requests: { home: { get: /, checks: [ { status: 200 } ] }, api: { get: /api/products, target: second, checks: [ { status: 200 } ] } }\n\
         flows: { f: [ { use: home }, { use: api } ] }\n\
         scenarios: { s: { executor: shared-iterations, exec: f, vus: 2, iterations: 6 } }\n\
         thresholds: { checks: [ 'rate==1' ], 'http_reqs{request:api}': [ 'count==6' ] }\n",
    )
    .expect("written");
    let second = format!("second={}", other.url);
    let plan = path.display().to_string();
    let (code, _, text) =
        told(&["load", &plan, "--target", &one.url, "--target", &second, "--no-tui"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_target_that_is_not_there_is_found_before_anything_is_sent() {
    let shop = Shop::safe();
    let (code, log, text) = {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("plan.yml");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let nobody = format!("http://{}", free.local_addr().expect("bound"));
        drop(free);
        fs::write(
            &path,
            format!(
                "version: 1\ntargets: {{ default: '{}', second: '{nobody}' }}\n\
                 requests: {{ home: {{ get: / }}, late: {{ get: /, target: second }} }}\n\
                 flows: {{ f: [ {{ use: home }}, {{ use: late }} ] }}\n\
                 scenarios: {{ s: {{ executor: shared-iterations, exec: f }} }}\n",
                shop.url
            ),
        )
        .expect("written");
        told(&["load", &path.display().to_string(), "--json"])
    };
    assert_eq!(code, 86, "{text}");
    assert!(text.contains("refused"), "{text}");
    let report: Json = serde_json::from_str(&log).expect("a report");
    assert!(report["endpoints"].as_array().is_none_or(Vec::is_empty), "{report}");
}
