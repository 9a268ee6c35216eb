//! A plan's secrets are in no output of a run, whatever the target does with them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::Value;

use crate::program::{OddServer, read_head_text, shakedown, write};

/// Every encoder has something to do with it.
const SECRET: &str = "p&ss \"w<rd'/é+%1";

/// How it may be written; none of these may be anywhere.
fn forms() -> Vec<String> {
    let percent: String =
        percent_encoding::utf8_percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC).collect();
    let form: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let json = serde_json::Value::from(SECRET).to_string();
    let html = SECRET
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('\'', "&#39;");
    vec![
        SECRET.to_owned(),
        percent.to_lowercase(),
        percent,
        form,
        json.trim_matches('"').to_owned(),
        json.trim_matches('"').replace('é', "\\u00e9").replace('/', "\\/"),
        html.clone(),
        html.replace("&#39;", "&#x27;").replace('é', "&#233;"),
        BASE64_STANDARD.encode(SECRET),
        BASE64_URL_SAFE.encode(SECRET),
        BASE64_STANDARD.encode(format!("me:{SECRET}")),
        BASE64_STANDARD.encode(format!("user:{SECRET}")),
        BASE64_STANDARD.encode(format!("admin:{SECRET}")),
    ]
}

/// Answers with all that it was sent and every form of the secret, as a page that is flawed.
fn reflect(mut stream: TcpStream) {
    while let Some(head) = read_head_text(&mut stream) {
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            })
            .unwrap_or(0);
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let query = head.split(' ').nth(1).unwrap_or_default();
        let decoded = percent_encoding::percent_decode_str(query).decode_utf8_lossy();
        let page = format!(
            "<html><body><p>SQL syntax error near {decoded}</p><pre>{head}</pre><p>{}</p>{}</body></html>",
            String::from_utf8_lossy(&body),
            forms().join("</p><p>"),
        );
        let location = if query.starts_with("/moved") { "Location: /else/" } else { "X-Where: /" };
        let status = if query.starts_with("/moved") { "302 Found" } else { "200 OK" };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nSet-Cookie: sid={}\r\nX-Backend: {}\r\n\
             {location}{}\r\nContent-Length: {}\r\n\r\n{page}",
            BASE64_STANDARD.encode(SECRET),
            SECRET.replace('é', "e"),
            forms()[2],
            page.len(),
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn plan(url: &str) -> String {
    format!(
        "\
version: 1
target: {url}
secrets:
  PASSWORD: {{ env: THE_PASSWORD }}
  AGAIN: {{ command: printenv THE_PASSWORD }}
vars: {{ again: 'x${{secrets.AGAIN}}' }}
observe: [ X-Backend ]
redirects: 2
requests:
  page: {{ get: /page, query: {{ q: '${{secrets.PASSWORD}}' }}, headers: {{ X-Custom: 'a ${{secrets.PASSWORD}}', Authorization: 'Bearer ${{secrets.PASSWORD}}' }} }}
  moved: {{ get: /moved, query: {{ q: '${{secrets.PASSWORD}}' }} }}
  login:
    post: /login
    form: {{ user: me, password: '${{vars.again}}' }}
    checks: [ {{ contains: '${{secrets.PASSWORD}}' }}, {{ regex: 'no${{vars.again}}' }} ]
  json: {{ post: /json, json: {{ password: '${{secrets.PASSWORD}}' }} }}
flows: {{ all: [ {{ use: page }}, {{ use: moved }}, {{ use: login }}, {{ use: json }} ] }}
scenarios: {{ one: {{ executor: shared-iterations, exec: all, vus: 1, iterations: 2 }} }}
scan: {{ crawl: {{ depth: 2, max_urls: 40 }}, policy: ci, during_load: [ passive ], allow_unsafe: [ login, json ] }}
thresholds: {{ checks: [ 'rate==1' ] }}
limits: {{ max_time: 60s }}
outputs: [ {{ text: text }} ]
"
    )
}

#[test]
fn no_output_of_a_run_has_a_secret_in_any_form() {
    let server = OddServer::start(reflect);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = write(dir.path(), "plan.yml", &plan(&server.url()));
    let file = |name: &str| dir.path().join(name).display().to_string();
    let output = shakedown()
        .current_dir(dir.path())
        .env("THE_PASSWORD", SECRET)
        .args(["check", &plan, "--seed", "1", "--fail-on", "info"])
        .args([format!("--json={}", file("json")), format!("--jsonl={}", file("jsonl"))])
        .args(["--html", &file("html"), "--md", &file("md"), "--sarif", &file("sarif")])
        .args(["--junit", &file("junit"), "--csv", &file("csv")])
        .output()
        .expect("the binary can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut outputs = vec![("stdout", output.stdout), ("stderr", output.stderr)];
    for name in ["json", "jsonl", "html", "md", "sarif", "junit", "csv", "text"] {
        let bytes = std::fs::read(dir.path().join(name));
        outputs.push((name, bytes.unwrap_or_else(|error| panic!("{name}: {error}: {said}"))));
    }
    for (name, bytes) in &outputs {
        let text = String::from_utf8_lossy(bytes);
        for form in forms() {
            // As it is, and as JSON and HTML would have it.
            let json = serde_json::Value::from(form.as_str()).to_string();
            let html = form.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            for form in [form.as_str(), json.trim_matches('"'), html.as_str()] {
                assert!(!text.contains(form), "{form} in {name}");
            }
        }
    }
    let json: Value = serde_json::from_slice(&outputs[2].1).expect("a report");
    let text = String::from_utf8_lossy(&outputs[2].1);
    assert!(text.contains("[redacted]"), "what stood there is gone, not everything");
    assert!(text.contains("$PASSWORD") || text.contains("$AGAIN"), "curl has the secret's name");
    assert!(!json["findings"].as_array().expect("a list").is_empty(), "it found something");
    let endpoints = json["endpoints"].as_array().expect("a list");
    assert!(endpoints.iter().any(|one| one["path_template"] == "/page"), "{endpoints:?}");
    // The evidence of the scanner's responses is base64 where it is no UTF-8.
    let evidence = json["findings"].as_array().expect("a list").iter().flat_map(|finding| {
        finding["evidence"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|one| [&one["request"], &one["response"]])
    });
    for recorded in evidence.filter(|recorded| recorded["encoding"] == "base64") {
        let data =
            BASE64_STANDARD.decode(recorded["data"].as_str().expect("a text")).expect("base64");
        let text = String::from_utf8_lossy(&data);
        assert!(forms().iter().all(|form| !text.contains(form)), "{text}");
    }
}

#[test]
fn a_short_secret_is_refused_before_anything_is_sent() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    // Port 1 answers nobody: a run that started would end with 86.
    let plan = write(dir.path(), "plan.yml", &plan("http://127.0.0.1:1"));
    let output = shakedown().env("THE_PASSWORD", "xyz").args(["load", &plan]).output();
    let output = output.expect("the binary can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(104), "{said}");
    assert!(
        said.contains("too short to be kept out of reports") && !said.contains("xyz"),
        "{said}"
    );
}

#[test]
fn a_command_is_run_for_a_file_of_ones_own_and_not_for_one_that_was_fetched() {
    let text = "version: 1\ntarget: http://127.0.0.1:1\nsecrets: { X: { command: echo hunter22 } }\n\
                requests: { a: { get: /, headers: { X: '${secrets.X}' } } }\n\
                flows: { f: [ { use: a } ] }\n\
                scenarios: { s: { executor: shared-iterations, exec: f, vus: 1, iterations: 1 } }\n";
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = write(dir.path(), "plan.yml", text);
    assert_eq!(crate::program::told(&["check", &plan]).0, 86, "it ran, and nobody answered");
    let length = text.len();
    let server =
        OddServer::answering(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}"));
    let (code, _, said) =
        crate::program::told(&["check", "--fetch", &format!("{}/plan.yml", server.url())]);
    assert_eq!(code, 104, "{said}");
    assert!(said.contains("this plan may not run commands"), "{said}");
}
