//! Where a scan begins beside the target: requests of the plan with their values, and of files that
//! it imports.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::Value;

use crate::program::{OddServer, read_head_text, told, write};

/// Knows one item with one part, pages, and carts once they are made.
fn serve(mut stream: TcpStream) {
    while let Some(head) = read_head_text(&mut stream) {
        let line = head.split(" HTTP/").next().unwrap_or_default();
        let (status, body) = match line {
            "GET /" => (200, "<p>home</p>"),
            "GET /items" => (200, r#"{"items":[{"id":"i/7"}]}"#),
            "GET /items/i%2F7" => (200, r#"{"part":"p9"}"#),
            "GET /items/i%2F7/parts/p9"
            | "GET /pages/1"
            | "GET /extra"
            | "GET /me/u1"
            | "GET /carts/c1" => (200, "{}"),
            "POST /carts" => (200, r#"{"cart":"c1"}"#),
            _ => (404, ""),
        };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

const PLAN: &str = "
requests:
  list: { get: /items, extract: { item: { jsonpath: '$.items[0].id' } } }
  item: { get: '/items/${item}', extract: { part: { jsonpath: $.part } } }
  part: { get: '/items/${item}/parts/${part}', examples: { part: p0 } }
  page: { get: '/pages/${page}', examples: { page: 1 } }
  ghost: { get: '/ghosts/${ghost}' }
  create: { post: /carts, extract: { cart: { jsonpath: $.cart } } }
  cart: { get: '/carts/${cart}' }
  broken: { get: /nothing, extract: { lost: { jsonpath: $.lost } } }
  found: { get: '/found/${lost}' }
flows:
  long: [ { use: broken }, { use: list }, { use: item }, { use: part } ]
  browse: [ { use: list }, { use: item }, { use: part } ]
  buy: [ { use: create }, { use: cart } ]
  lose: [ { use: broken }, { use: found } ]
";

fn scanned(dir: &std::path::Path, url: &str, rest: &str) -> (i32, Value, String) {
    let plan = write(dir, "plan.yml", &format!("version: 1\ntarget: {url}\n{rest}"));
    let (code, stdout, stderr) = told(&["scan", &plan, "--json", "--no-tui"]);
    let report = serde_json::from_str(&stdout);
    (code, report.unwrap_or_else(|_| panic!("{stdout}{stderr}")), stderr)
}

/// Whether it was reached, or why not; and who has named it.
fn operation(report: &Value, method: &str, path: &str) -> (String, String) {
    let operations = report["coverage"]["operations"].as_array().expect("an array");
    let same = |one: &&Value| one["method"] == method && one["path_template"] == path;
    let one = operations.iter().find(same);
    let one = one.unwrap_or_else(|| panic!("{method} {path} in {operations:#?}"));
    let outcome = match (&one["reached"], one["skipped"].as_str()) {
        (Value::Bool(true), None) => "reached".to_owned(),
        (_, reason) => reason.unwrap_or("missed").to_owned(),
    };
    (outcome, one["source"].as_str().expect("a text").to_owned())
}

#[test]
fn values_come_from_the_shortest_flow_else_from_examples_else_it_is_said() {
    let server = OddServer::start(serve);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_, report, stderr) =
        scanned(dir.path(), &server.url(), &format!("{PLAN}scan: {{ max_rps: 1000 }}\n"));
    let outcome = |method: &str, path: &str| operation(&report, method, path).0;
    for path in ["/items/{item}", "/items/{item}/parts/{part}", "/pages/{page}"] {
        assert_eq!(outcome("GET", path), "reached", "{stderr}");
    }
    let ghost = "unbound variable ghost: nothing extracts it, and the request has no example";
    assert_eq!(outcome("GET", "/ghosts/{ghost}"), ghost);
    let cart = outcome("GET", "/carts/{cart}");
    assert_eq!(
        cart,
        "unbound variable cart: flow `buy`: `create` is not sent: POST may change something; pass \
         --allow-unsafe to send it"
    );
    let lost = outcome("GET", "/found/{lost}");
    assert!(lost.starts_with("unbound variable lost: flow `lose`: the answer to GET /nothing"));

    let allowed = format!("{PLAN}scan: {{ max_rps: 1000, allow_unsafe: [create] }}\n");
    let (_, report, stderr) = scanned(dir.path(), &server.url(), &allowed);
    assert_eq!(operation(&report, "GET", "/carts/{cart}").0, "reached", "{stderr}");
}

#[test]
fn what_is_known_of_who_scans_needs_no_flow() {
    let server = OddServer::start(serve);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let rest = "
auth: { key: { api_key: { header: X-Key, value: '${key}' } } }
identities: { u: { auth: key, vars: { key: abcd, user: u1 } } }
requests: { me: { get: '/me/${user}' } }
scan: { as: u, max_rps: 1000 }
";
    let (_, report, stderr) = scanned(dir.path(), &server.url(), rest);
    assert_eq!(operation(&report, "GET", "/me/{user}").0, "reached", "{stderr}");
}

#[test]
fn imported_files_are_where_a_scan_begins_too() {
    let server = OddServer::start(serve);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let openapi = "openapi: 3.0.0
info: { title: t, version: '1' }
servers: [ { url: 'https://elsewhere.example' } ]
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-Odd-Key } } }
security: [ { key: [] } ]
paths:
  /extra: { get: { responses: { '200': { description: ok } } }, post: { responses: { '200': { description: ok } } } }
  /pages/{page}: { get: { parameters: [ { name: page, in: path, required: true, schema: { type: integer }, example: 1 } ], responses: { '200': { description: ok } } } }
";
    write(dir.path(), "api.yml", openapi);
    let rest = "
auth: { member: { api_key: { header: X-Key, value: abcd } } }
scan: { as: member, max_rps: 1000, crawl: { import: [api.yml], max_urls: 50 } }
";
    let (_, report, stderr) = scanned(dir.path(), &server.url(), rest);
    let spec = |outcome: &str| (outcome.to_owned(), "spec".to_owned());
    assert_eq!(operation(&report, "GET", "/extra"), spec("reached"), "{stderr}");
    let (skipped, source) = operation(&report, "POST", "/extra");
    assert!(source == "spec" && skipped.contains("enabled: false"), "{skipped}");
    let operations = report["coverage"]["operations"].to_string();
    assert!(operations.contains("/pages/"), "{operations}");

    let plan = dir.path().join("plan.yml");
    let (code, _, stderr) = told(&["validate", plan.to_str().expect("UTF-8")]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("3 requests out of"), "{stderr}");

    write(dir.path(), "api.yml", "openapi: 3.0.0\npaths: [\n");
    let (code, _, stderr) = told(&["validate", plan.to_str().expect("UTF-8")]);
    assert_eq!(code, 104, "{stderr}");
}

#[test]
fn secrets_of_an_imported_file_cost_what_needs_them_and_no_more() {
    let server = OddServer::start(serve);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let openapi = "openapi: 3.0.0
info: { title: t, version: '1' }
paths:
  /extra:
    get: { responses: { '200': { description: ok } } }
    post: { requestBody: { content: { application/json: { schema: { type: object, properties: { password: { type: string, example: hunter2 } } } } } }, responses: { '200': { description: ok } } }
  /pages/1: { get: { parameters: [ { name: api_key, in: query, required: true, schema: { type: string }, example: abcdefgh } ], responses: { '200': { description: ok } } } }
";
    write(dir.path(), "api.yml", openapi);
    for who in ["", "as: member, "] {
        let rest = format!(
            "
auth: {{ member: {{ api_key: {{ header: X-Key, value: abcd }} }} }}
scan: {{ {who}max_rps: 1000, crawl: {{ import: [api.yml], max_urls: 50 }} }}
"
        );
        let (_, report, stderr) = scanned(dir.path(), &server.url(), &rest);
        assert_eq!(operation(&report, "GET", "/extra").0, "reached", "{stderr}");
        let (skipped, _) = operation(&report, "POST", "/extra");
        assert!(skipped.contains("enabled: false"), "{skipped}");
        if who.is_empty() {
            let (skipped, _) = operation(&report, "GET", "/pages/1");
            assert!(skipped.contains("which is not set"), "{skipped}");
        }
        let sent = report["site"].as_array().expect("a list").iter();
        let mut sent = sent.filter(|node| !node["answer"].is_null());
        assert!(sent.all(|node| !node.to_string().contains("not-set-")), "a stand-in was sent");
    }
}

#[test]
fn examples_are_of_values_that_the_request_has() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = "version: 1
target: http://127.0.0.1:9
requests: { a: { get: '/a/${item}', examples: { itm: 1 } } }
scan: { crawl: { import: [none.yml] } }
";
    let plan = write(dir.path(), "plan.yml", text);
    let (code, _, stderr) = told(&["validate", &plan]);
    assert_eq!(code, 104, "{stderr}");
    assert!(
        stderr.contains("has no `${itm}`") && stderr.contains("did you mean `item`?"),
        "{stderr}"
    );
    assert!(stderr.contains("none.yml` is not a file"), "{stderr}");
}
