//! Logins of the program as a whole: against the demo shop, and against nobody who lets it in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::program::{OddServer, Shop, read_head_text, told, write};

const USERS: &str = "
auth:
  page:
    form: { url: /login, user: '${user}', password: '${pass}' }
    verify: { get: /account, logged_in: 'Alice Amber' }
  api:
    login: [ { post: /api/login, json: { name: '${user}', password: '${pass}' }, extract: { token: { jsonpath: $.token } } } ]
    apply: { header: { Authorization: 'Bearer ${token}' } }
identities:
  alice: { auth: page, vars: { user: alice, pass: lantern-Orchard-58 } }
  bob: { auth: api, vars: { user: bob, pass: Meadow-kettle-93 } }
requests:
  account: { get: /account, as: alice, checks: [ { contains: 'Alice Amber' } ] }
  orders: { get: /api/orders, as: bob, checks: [ { status: 200 } ] }
flows: { f: [ { use: account }, { use: orders } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 3 } }
";

/// Runs a plan and gives the exit code, the report and what was said.
fn checked(command: &str, text: &str) -> (i32, Value, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = write(dir.path(), "plan.yml", text);
    let (code, stdout, stderr) = told(&[command, &plan, "--json", "--no-tui"]);
    let report = serde_json::from_str(&stdout);
    (code, report.unwrap_or_else(|_| panic!("{stdout}{stderr}")), stderr)
}

#[test]
fn the_shop_is_loaded_and_scanned_by_those_who_are_logged_in() {
    // The safe one: what the flawed one shows within so few URLs depends on their order.
    let shop = Shop::safe();
    let text = format!(
        "version: 1\ntarget: {}\n{USERS}scan: {{ as: alice, max_rps: 500, crawl: {{ max_urls: 40 }} }}\n\
         thresholds: {{ checks: [ 'rate==1' ], auth_lost: [ 'count==0' ], 'auth_lost{{auth:api}}': [ 'count==0' ] }}\n",
        shop.url
    );
    let (_, report, stderr) = checked("check", &text);
    let thresholds = report["thresholds"].as_array().expect("an array");
    assert!(thresholds.len() == 4 && thresholds.iter().all(|one| one["pass"] == true), "{stderr}");
    let sessions = report["sessions"].as_array().expect("an array");
    let said: Vec<(&str, &str, u64)> = sessions
        .iter()
        .map(|session| {
            let text = |key: &str| session[key].as_str().unwrap_or_default();
            (text("phase"), text("identity"), session["logins"].as_u64().expect("a number"))
        })
        .collect();
    assert_eq!(said, [("load", "alice", 2), ("load", "bob", 2), ("scan", "alice", 1)], "{stderr}");
    assert!(sessions.iter().all(|session| session["lost"] == 0), "{sessions:?}");
    let operations = report["coverage"]["operations"].as_array().expect("an array");
    let account = operations.iter().find(|one| one["path_template"] == "/account");
    assert_eq!(account.expect("it is in the plan")["reached"], true);
}

#[test]
fn a_load_that_nobody_can_log_in_for_does_not_begin() {
    let shop = Shop::safe();
    for command in ["load", "check"] {
        let text = USERS
            .replace("Meadow-kettle-93", "wrong")
            .replace("    apply:", "    relogin: { max: 1 }\n    apply:");
        let text = format!(
            "version: 1\ntarget: {}\n{text}scan: {{ as: alice }}\nthresholds: {{ http_reqs: [ 'count>0' ] }}\n",
            shop.url
        );
        let (code, report, stderr) = checked(command, &text);
        assert_eq!(code, 83, "{stderr}");
        assert!(stderr.contains("load could not log in as bob (login)"), "{stderr}");
        assert!(stderr.contains("POST /api/login answered 401"), "{stderr}");
        assert!(stderr.contains("nothing was measured"), "{stderr}");
        assert_eq!(stderr.contains("the scan was left out"), command == "check", "{stderr}");
        assert!(report["endpoints"].as_array().is_none_or(Vec::is_empty), "{report}");
        let reasons = report["verdict"]["reasons"].to_string();
        assert!(reasons.contains("could not log in as bob"), "{reasons}");
    }
}

#[test]
fn gates_on_lost_logins_need_somebody_who_logs_in() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let head = "version: 1\ntarget: http://127.0.0.1:9\n";
    for (plan, expected) in [
        (
            format!(
                "{head}requests: {{ a: {{ get: / }} }}\nscan: {{}}\nthresholds: {{ auth_lost: [ 'count==0' ] }}\n"
            ),
            "nobody logs in",
        ),
        (
            format!(
                "{head}{USERS}thresholds: {{ 'auth_lost{{identity:alise}}': [ 'count==0' ] }}\n"
            ),
            "did you mean `alice`?",
        ),
        (
            format!("{head}{USERS}thresholds: {{ 'auth_lost{{phase:crawl}}': [ 'count==0' ] }}\n"),
            "part of a run that logs in",
        ),
    ] {
        let path = write(dir.path(), "plan.yml", &plan);
        let (code, _, stderr) = told(&["validate", &path]);
        assert_eq!(code, 104, "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}

/// A token is only known when the run goes on, and may stand anywhere: here in addresses and in
/// what the server says.
fn chatty(logins: &AtomicU32, mut stream: TcpStream) {
    while let Some(head) = read_head_text(&mut stream) {
        let line = head.lines().next().unwrap_or_default().to_owned();
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
        });
        let mut body = vec![0; length.unwrap_or(0)];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let (status, body) = if line.starts_with("POST /token") {
            let number = logins.fetch_add(1, Ordering::Relaxed);
            (200, format!("{{\"token\":\"run-time/secret+{number}\"}}"))
        } else {
            let page = format!("<p>SQL syntax error near {line}</p><pre>{head}</pre>");
            (if line.contains("/fail") { 500 } else { 200 }, page)
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nX-Echo: {}\r\nContent-Length: {}\r\n\r\n{body}",
            line.replace('\r', ""),
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn tokens_that_logins_give_are_in_no_output() {
    let logins = AtomicU32::new(0);
    let server = OddServer::start(move |stream| chatty(&logins, stream));
    let text = format!(
        "version: 1
target: {}
auth:
  api:
    login: [ {{ post: /token, json: {{ user: me }}, extract: {{ token: {{ jsonpath: $.token }} }} }} ]
    apply: {{ query: {{ key: '${{token}}' }}, header: {{ X-Odd: '${{token}}' }} }}
requests: {{ a: {{ get: /a, as: api, redirects: 3 }}, fail: {{ get: /fail, as: api }} }}
flows: {{ f: [ {{ use: a }}, {{ use: fail }} ] }}
scenarios: {{ s: {{ executor: per-vu-iterations, exec: f, vus: 3, iterations: 5 }} }}
scan: {{ as: api, during_load: [passive], max_rps: 500, crawl: {{ max_urls: 20 }} }}
observe: [ X-Echo ]
",
        server.url()
    );
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = write(dir.path(), "plan.yml", &text);
    let out = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let (json, jsonl) =
        (format!("--json={}", out("r.json")), format!("--jsonl={}", out("r.jsonl")));
    let html = out("r.html");
    let (_, stdout, stderr) = told(&["check", &plan, "--no-tui", &json, &jsonl, "--html", &html]);
    let mut outputs = vec![stdout, stderr];
    for name in ["r.json", "r.jsonl", "r.html"] {
        outputs.push(std::fs::read_to_string(out(name)).expect("it was written"));
    }
    let report: Value = serde_json::from_str(&outputs[2]).expect("JSON");
    assert!(!report["findings"].as_array().expect("an array").is_empty());
    for output in &outputs {
        for form in ["run-time/secret", "run-time%2Fsecret", "run-time\\/secret", "run-time&#x2F;"]
        {
            let at = output.find(form);
            let around = at.map(|at| output.get(at.saturating_sub(80)..at + 40));
            assert!(at.is_none(), "{form}: {around:?}");
        }
    }
}
