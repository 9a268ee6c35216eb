//! `rules run`: templates in Nuclei's format, as their users run them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::program::{OddServer, told, write};

/// What a server was sent, each request with its body.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

/// A server that answers each request as `answer` says: status, header lines, body.
pub(crate) fn server(answer: fn(&str) -> (u16, String, String)) -> (OddServer, Log) {
    let log: Log = Arc::default();
    let kept = Arc::clone(&log);
    let server = OddServer::start(move |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let (status, headers, body) = answer(&request);
            kept.lock().expect("not poisoned").push(request);
            let head =
                format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
            if stream.write_all((head + &body).as_bytes()).is_err() {
                return;
            }
        }
    });
    (server, log)
}

/// A head and as much body as it announces.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.and_then(|text| text.trim().parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}

pub(crate) fn lines(log: &Log) -> Vec<String> {
    let log = log.lock().expect("not poisoned");
    log.iter().map(|request| request.lines().next().unwrap_or_default().to_owned()).collect()
}

pub(crate) fn ok(body: &str) -> (u16, String, String) {
    (200, String::new(), body.to_owned())
}

/// Runs templates, given as their bodies behind `info`; gives the results.
fn run(url: &str, templates: &[&str], flags: &[&str]) -> Vec<Value> {
    let dir = tempfile::tempdir().expect("a directory");
    for (index, body) in templates.iter().enumerate() {
        let text = format!(
            "id: test-{index}\ninfo:\n  name: Test {index}\n  author: us\n  severity: low\n{body}"
        );
        write(dir.path(), &format!("t{index}.yaml"), &text);
    }
    let folder = dir.path().display().to_string();
    let mut arguments =
        vec!["rules", "run", "-t", &folder, "-u", url, "-jsonl", "-silent", "-no-index"];
    arguments.extend(flags);
    let (code, out, stderr) = told(&arguments);
    // 84: everything was out of scope, so nothing was sent.
    assert!(code == 0 || (code == 84 && out.is_empty()), "{code}: {stderr}");
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn paths_are_asked_in_order_until_the_first_match() {
    let (server, log) = server(|request| {
        ok(if request.starts_with("GET /app/b") { "Admin v1.2 here" } else { "nothing" })
    });
    let template = r#"
http:
  - method: GET
    path: ["{{BaseURL}}/a", "{{BaseURL}}/b?x={{to_upper('y z')}}", "{{BaseURL}}/c"]
    stop-at-first-match: true
    matchers-condition: and
    matchers:
      - { type: word, words: ["admin"], case-insensitive: true }
      - { type: status, status: [200] }
      - { type: dsl, dsl: ["len(body) > 3 && !contains(body, 'x')"] }
    extractors:
      - { type: regex, regex: ["v([0-9.]+)"], group: 1 }
"#;
    let results = run(&format!("{}/app/", server.url()), &[template], &[]);
    assert_eq!(lines(&log), ["GET /app/a HTTP/1.1", "GET /app/b?x=Y+Z HTTP/1.1"]);
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(results[0]["template-id"], "test-0");
    assert_eq!(results[0]["extracted-results"], serde_json::json!(["1.2"]));
    assert!(results[0]["matched-at"].as_str().expect("text").contains("/app/b"));
}

#[test]
fn values_of_one_answer_go_into_the_next_request() {
    let (server, log) = server(|request| {
        if request.starts_with("GET /login") {
            let cookie = "Set-Cookie: sid=abc; Path=/\r\n".to_owned();
            return (200, cookie, r#"<input name="token" value="t0k">"#.to_owned());
        }
        let is_in =
            request.contains("Cookie: sid=abc") && request.ends_with("user=admin&token=t0k");
        ok(if is_in { "welcome" } else { "denied" })
    });
    let template = r#"
http:
  - raw:
      - |
        GET /login HTTP/1.1
        Host: {{Hostname}}

      - |
        POST /in HTTP/1.1
        Host: {{Hostname}}
        Content-Type: application/x-www-form-urlencoded

        user={{name}}&token={{token}}
    payloads:
      name: [guest, admin, root]
    stop-at-first-match: true
    extractors:
      - { type: xpath, name: token, internal: true, attribute: value, xpath: ["//input[@name='token']"] }
    matchers:
      - { type: dsl, dsl: ["status_code_1 == 200 && contains(body_2, 'welcome')"] }
"#;
    let results = run(&server.url(), &[template], &[]);
    assert_eq!(results.len(), 1, "{results:?} {:?}", log.lock());
    assert_eq!(results[0]["meta"]["name"], "admin");
    assert_eq!(
        lines(&log),
        ["GET /login HTTP/1.1", "POST /in HTTP/1.1", "GET /login HTTP/1.1", "POST /in HTTP/1.1"]
    );
}

#[test]
fn a_flow_decides_which_blocks_run() {
    let (server, log) =
        server(|request| ok(if request.starts_with("GET /one") { "yes" } else { "no" }));
    let block = |path: &str| {
        format!(
            "  - method: GET\n    path: ['{{{{BaseURL}}}}{path}']\n    matchers:\n      - {{ type: word, words: [yes], internal: {} }}\n",
            path == "/one"
        )
    };
    let both = format!("flow: http(1) && http(2)\nhttp:\n{}{}", block("/one"), block("/two"));
    let either =
        format!("flow: http(2) || http(1) || http(2)\nhttp:\n{}{}", block("/one"), block("/three"));
    let results = run(&server.url(), &[&both, &either], &["-c", "1"]);
    assert!(results.is_empty(), "{results:?}");
    let mut lines = lines(&log);
    lines.sort();
    assert_eq!(lines, ["GET /one HTTP/1.1", "GET /three HTTP/1.1", "GET /two HTTP/1.1"]);
}

/// A block without matchers holds when it has found what it looks for, for later requests alone too.
#[test]
fn a_flow_goes_on_where_a_value_was_found() {
    let (server, log) =
        server(|request| ok(if request.starts_with("GET /page") { "key=k7" } else { "opened" }));
    let template = |key: &str| {
        format!(
            r#"flow: http(1) && http(2)
http:
  - method: GET
    path: ["{{{{BaseURL}}}}/page"]
    extractors:
      - {{ type: regex, name: key, group: 1, internal: true, regex: ['{key}=(\w+)'] }}
  - method: GET
    path: ["{{{{BaseURL}}}}/open?{key}={{{{key}}}}"]
    matchers:
      - {{ type: word, words: [opened] }}
"#
        )
    };
    let results = run(&server.url(), &[&template("key"), &template("lock")], &["-c", "1"]);
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(lines(&log), ["GET /page HTTP/1.1", "GET /open?key=k7 HTTP/1.1"]);
}

/// The length of a body is what is sent, whatever the template says: else the target waits for more.
#[test]
fn a_length_that_is_wrong_is_not_sent() {
    let (server, log) = server(|_| ok("OK"));
    let template = r#"
http:
  - raw:
      - |
        GET /bare HTTP/1.1
        Host: {{Hostname}}
        Content-Length: 2

      - |
        POST /full HTTP/1.1
        Host: {{Hostname}}
        Content-Length: 200

        a={{to_upper("b")}}
    matchers:
      - { type: dsl, dsl: ["body_1 == 'OK' && body_2 == 'OK'"] }
"#;
    assert_eq!(run(&server.url(), &[template], &[]).len(), 1);
    let log = log.lock().expect("not poisoned");
    assert!(!log[0].to_lowercase().contains("content-length"), "{}", log[0]);
    assert!(log[1].contains("Content-Length: 3\r\n") && log[1].ends_with("a=B"), "{}", log[1]);
}

#[test]
fn what_several_ask_alike_is_sent_once_and_found_by_all() {
    let (server, log) = server(|_| ok("alpha beta"));
    let template = |word: &str| {
        format!(
            "http:\n  - method: GET\n    path: ['{{{{BaseURL}}}}/']\n    matchers:\n      - {{ type: word, words: [{word}] }}\n"
        )
    };
    let (a, b, c) = (template("alpha"), template("beta"), template("gamma"));
    assert_eq!(run(&server.url(), &[&a, &b, &c], &[]).len(), 2);
    assert_eq!(lines(&log).len(), 1);
    assert_eq!(run(&server.url(), &[&a, &b, &c], &["-disable-clustering"]).len(), 2);
    assert_eq!(lines(&log).len(), 4);
}

#[test]
fn redirects_are_followed_as_the_template_says() {
    let (server, log) = server(|request| match request {
        request if request.starts_with("GET /from") => {
            (302, "Location: /to\r\n".to_owned(), "moved".to_owned())
        }
        _ => ok("arrived"),
    });
    let template = |policy: &str, word: &str| {
        format!(
            "http:\n  - method: GET\n    path: ['{{{{BaseURL}}}}/from']\n{policy}    matchers:\n      - {{ type: word, words: [{word}] }}\n"
        )
    };
    let (follows, stays) =
        (template("    host-redirects: true\n", "arrived"), template("", "arrived"));
    let results = run(&server.url(), &[&follows, &stays], &["-c", "1"]);
    let ids: Vec<_> = results.iter().map(|result| result["template-id"].clone()).collect();
    assert_eq!(ids, ["test-0"]);
    assert_eq!(lines(&log).len(), 3, "{:?}", lines(&log));
    assert_eq!(run(&server.url(), &[&follows], &["-dr"]).len(), 0);
}

#[test]
fn unsafe_requests_go_out_byte_for_byte() {
    let (server, log) = server(|_| ok("seen"));
    let template = r"
http:
  - raw:
      - |+
        GET /a/../%zz HTTP/1.1
        Host: {{Hostname}}
        x-Odd : 1

    unsafe: true
    matchers:
      - { type: word, words: [seen] }
";
    assert_eq!(run(&server.url(), &[template], &[]).len(), 1);
    let log = log.lock().expect("not poisoned");
    assert!(log[0].starts_with("GET /a/../%zz HTTP/1.1\r\nHost: "), "{}", log[0]);
    assert!(log[0].contains("\r\nx-Odd : 1\r\n") && !log[0].contains("User-Agent"), "{}", log[0]);
}

#[test]
fn nothing_leaves_the_scope() {
    let (server, log) = server(|_| ok("here"));
    let (other, other_log) = server_elsewhere();
    let other_host = other.url().trim_start_matches("http://").to_owned();
    let absolute = format!(
        "http:\n  - method: GET\n    path: ['{}/x']\n    matchers:\n      - {{ type: word, words: [here] }}\n",
        other.url()
    );
    let dialled = format!(
        "http:\n  - raw:\n      - |\n        @Host: {other_host}\n        GET /y HTTP/1.1\n        Host: z\n\n    matchers:\n      - {{ type: word, words: [here] }}\n"
    );
    let results = run(&server.url(), &[&absolute, &dialled], &[]);
    assert!(results.is_empty(), "{results:?}");
    assert!(lines(&log).is_empty() && lines(&other_log).is_empty());
}

fn server_elsewhere() -> (OddServer, Log) {
    server(|_| ok("here"))
}

#[test]
fn parameters_of_the_target_are_changed_by_templates_that_fuzz() {
    let (server, log) =
        server(|request| ok(if request.contains("%27") { "syntax error near" } else { "fine" }));
    let template = r#"
http:
  - pre-condition:
      - { type: dsl, dsl: ['method == "GET"'] }
    payloads:
      mark: ["'", '"']
    fuzzing:
      - { part: query, type: postfix, mode: single, fuzz: ["{{mark}}"] }
    stop-at-first-match: true
    matchers:
      - { type: word, words: ["syntax error"] }
"#;
    let url = format!("{}/s?a=1&b=2", server.url());
    assert!(run(&url, &[template, TRIVIAL], &[]).len() == 1, "only the other one runs");
    log.lock().expect("not poisoned").clear();
    let results = run(&url, &[template, TRIVIAL], &["-dast"]);
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(lines(&log), ["GET /s?a=1%27&b=2 HTTP/1.1"]);
}

const TRIVIAL: &str = "http:\n  - method: GET\n    path: ['{{BaseURL}}']\n    matchers:\n      - { type: status, status: [200] }\n";

#[test]
fn what_is_not_asked_for_does_not_run() {
    let (server, log) = server(|_| ok("x"));
    let dir = tempfile::tempdir().expect("a directory");
    for (name, tags, more) in [
        ("plain", "a", ""),
        ("noisy", "a,dos", ""),
        ("elsewhere", "a", "self-contained: true\n"),
        ("script", "a", "flow: |\n  let x = 1;\n"),
    ] {
        let text = format!(
            "id: {name}\ninfo: {{ name: n, author: us, severity: info, tags: '{tags}' }}\n{more}{}",
            TRIVIAL.replace("{{BaseURL}}", &format!("{{{{BaseURL}}}}/{name}"))
        );
        write(dir.path(), &format!("{name}.yaml"), &text);
    }
    write(
        dir.path(),
        "broken.yaml",
        "id: broken\ninfo: { name: n, author: us }\nhttp:\n  - metod: GET\n",
    );
    let folder = dir.path().display().to_string();
    let url = server.url();
    let common = ["rules", "run", "-t", &folder, "-u", &url, "-no-index"];
    let (code, out, stderr) = told(&common);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(out.lines().count(), 1, "{out}");
    assert_eq!(lines(&log), ["GET /plain HTTP/1.1"]);
    assert!(
        stderr.contains("broken.yaml:4:5") && stderr.contains("did you mean `method`"),
        "{stderr}"
    );
    for reason in ["1 excluded-tag", "1 self-contained", "1 flow-script", "1 syntax"] {
        assert!(stderr.contains(reason), "{reason}: {stderr}");
    }
    let (_, out, _) = told(&[&common[..], &["-itags", "dos"]].concat());
    assert_eq!(out.lines().count(), 2, "{out}");
    let (code, _, stderr) = told(&[&common[..], &["-strict"]].concat());
    assert_eq!(code, 104, "{stderr}");
    let (code, out, _) = told(&["rules", "validate", &folder]);
    assert_eq!(code, 104);
    assert!(out.contains("broken.yaml:4:5"), "{out}");
}

#[test]
fn the_index_spares_reading_and_notices_changes() {
    let (server, _) = server(|_| ok("x"));
    let dir = tempfile::tempdir().expect("a directory");
    let cache = dir.path().join("cache");
    let templates = dir.path().join("t");
    std::fs::create_dir(&templates).expect("a directory");
    let template = |tag: &str| {
        format!(
            "id: a-{tag}\ninfo: {{ name: n, author: us, severity: info, tags: {tag} }}\n{TRIVIAL}"
        )
    };
    write(&templates, "one.yaml", &template("one"));
    write(&templates, "two.yaml", &template("two"));
    let listed = |tag: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_shakedown"));
        command.args(["rules", "run", "-tags", tag, "-u", &server.url(), "-silent", "-t"]);
        let output =
            command.arg(&templates).env("XDG_CACHE_HOME", &cache).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(listed("one").contains("[a-one]"));
    assert_eq!(std::fs::read_dir(cache.join("shakedown")).expect("a cache").count(), 1);
    assert!(listed("two").contains("[a-two]"));
    write(&templates, "two.yaml", &template("three").replace("name: n", "name: other"));
    assert!(listed("two").is_empty());
    assert!(listed("three").contains("[a-three]"));
}

#[test]
fn a_call_from_outside_proves_what_no_answer_shows() {
    let (server, _) = server(|request| {
        // As a flawed service does it: it fetches what it is told to.
        if let Some(at) = request.find("url=http://") {
            let url = request[at + 11..].split_whitespace().next().unwrap_or_default();
            let (host, path) = url.split_once('/').unwrap_or((url, ""));
            if let Ok(mut stream) = TcpStream::connect(host) {
                let text =
                    format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
                let _unsent = stream.write_all(text.as_bytes());
                let _unread = stream.read(&mut [0; 64]);
            }
        }
        ok("done")
    });
    let template = r#"
http:
  - method: GET
    path: ["{{BaseURL}}/fetch?url=http://{{interactsh-url}}"]
    matchers-condition: and
    matchers:
      - { type: word, part: interactsh_protocol, words: [http] }
      - { type: word, words: [done] }
"#;
    let quiet = template.replace("fetch?url=", "ignore?u=");
    let results = run(&server.url(), &[template, &quiet], &[]);
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(results[0]["interaction"]["protocol"], "http");
    assert_eq!(results[0]["template-id"], "test-0");
    assert!(run(&server.url(), &[template, TRIVIAL], &["-ni"]).len() == 1);
}

const ANALYZER: &str = r#"
http:
  - fuzzing:
      - part: query
        type: postfix
        mode: single
        fuzz: ["' AND SLEEP([SLEEPTIME]) AND [INFERENCE] AND '[RANDSTR]"]
    analyzer:
      name: time_delay
      parameters: { sleep_duration: 2, requests_limit: 2 }
    matchers:
      - { type: word, part: analyzer, words: ["true"] }
"#;

/// How long a request asks to be waited for, in seconds.
fn asked_to_sleep(request: &str) -> Option<u64> {
    let (_, rest) = request.split_once("SLEEP(").or_else(|| request.split_once("SLEEP%28"))?;
    rest.split([')', '%']).next()?.parse().ok()
}

fn sleep(seconds: f64) {
    std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
}

#[test]
fn a_target_that_waits_as_long_as_it_is_told_is_proven() {
    let (server, log) = server(|request| {
        sleep(asked_to_sleep(request).unwrap_or(0) as f64);
        ok("done")
    });
    let results = run(&format!("{}/?q=1", server.url()), &[ANALYZER], &["-dast"]);
    assert_eq!(results.len(), 1, "{results:?}");
    let details = results[0]["analyzer_details"].as_str().expect("the figures");
    assert!(details.starts_with("waits as long as it is told: 0.0"), "{details}");
    let log = log.lock().expect("not poisoned");
    let asked: Vec<u64> = log.iter().filter_map(|request| asked_to_sleep(request)).collect();
    assert_eq!((asked.len(), asked[0], &asked[1..4], asked[6]), (7, 2, &[0, 0, 0][..], 0));
    assert_eq!(asked[4] + asked[5], 3, "long and short, in any order");
}

/// How often a server was asked to wait.
static ASKED: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_target_that_is_slow_anyway_is_no_alarm() {
    // Whatever it is asked, and only the first time that it is asked something.
    let (always, _) = server(|request| {
        sleep(if asked_to_sleep(request).is_some() { 2.1 } else { 0.0 });
        ok("done")
    });
    assert!(run(&format!("{}/?q=1", always.url()), &[ANALYZER], &["-dast"]).is_empty());
    let (once, log) = server(|request| {
        let is_first =
            asked_to_sleep(request).is_some() && ASKED.fetch_add(1, Ordering::SeqCst) == 0;
        sleep(if is_first { 2.1 } else { 0.0 });
        ok("done")
    });
    assert!(run(&format!("{}/?q=1", once.url()), &[ANALYZER], &["-dast"]).is_empty());
    let asked = lines(&log).iter().filter(|line| line.contains("SLEEP")).count();
    assert_eq!(asked, 5, "it is over with the first wait that does not come");
}

#[test]
fn where_a_value_comes_back_is_told_in_words() {
    let (server, _) = server(|request| {
        let line = request.lines().next().unwrap_or_default();
        let value = line.split_once("q=").map_or("", |(_, rest)| rest);
        let value = value.split([' ', '&']).next().unwrap_or_default();
        ok(&format!("<html><script>var q = '{value}';</script></html>"))
    });
    let template = r#"
http:
  - fuzzing:
      - { part: query, type: replace, mode: single, fuzz: ["mark[RANDNUM]"] }
    analyzer: { name: xss_context }
    matchers:
      - { type: word, part: analyzer_details, words: ["in Script"] }
"#;
    let unknown = template.replace("xss_context", "heuristics");
    let results = run(&format!("{}/?q=1", server.url()), &[template, &unknown], &["-dast"]);
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(results[0]["analyzer_details"], "xss-reflected in Script");
}

#[test]
fn technologies_that_are_not_seen_spare_their_templates_and_nothing_else() {
    let (server, log) = server(|request| {
        let headers = "Server: nginx/1.2\r\n".to_owned();
        let is_page = request.starts_with("GET / ");
        (if is_page { 200 } else { 404 }, headers, "Welcome".to_owned())
    });
    let detector = r#"  tags: tech
http:
  - path: ["{{BaseURL}}"]
    method: GET
    matchers:
      - { type: word, part: header, name: nginx, words: ["Server: nginx"] }
      - { type: word, part: header, name: apache-tomcat, words: ["Server: Tomcat"] }
"#;
    let asks = |tags: &str, path: &str| {
        format!(
            "  tags: {tags}\nhttp:\n  - method: GET\n    path: [\"{{{{BaseURL}}}}/{path}\"]\n    \
             matchers:\n      - {{ type: status, status: [404] }}\n"
        )
    };
    let templates = [
        detector.to_owned(),
        asks("exposure,Nginx", "fits"),
        asks("cve,cve2020,apache-tomcat,tech", "fits-not"),
        asks("exposure,generic", "for-none"),
        asks("apache-tomcat,nginx", "for-both"),
    ];
    let templates: Vec<&str> = templates.iter().map(String::as_str).collect();
    let found = |results: Vec<Value>| {
        let id = |result: &Value| result["template-id"].as_str().unwrap_or_default().to_owned();
        let mut ids: Vec<String> = results.iter().map(id).collect();
        ids.sort();
        ids
    };
    let all = found(run(&server.url(), &templates, &[]));
    assert_eq!(all, ["test-0", "test-1", "test-2", "test-3", "test-4"]);
    log.lock().expect("not poisoned").clear();
    assert_eq!(
        found(run(&server.url(), &templates, &["-as"])),
        ["test-0", "test-1", "test-3", "test-4"]
    );
    assert!(!lines(&log).iter().any(|line| line.contains("fits-not")), "{:?}", lines(&log));
    // Detectors help although they were not asked for, and do not report then.
    assert_eq!(found(run(&server.url(), &templates, &["-as", "-id", "test-1,test-2"])), ["test-1"]);

    let dir = tempfile::tempdir().expect("a directory");
    let info = "id: a\ninfo:\n  name: A\n  author: us\n  severity: low\n";
    write(dir.path(), "a.yaml", &format!("{info}{}", asks("apache-tomcat", "x")));
    let folder = dir.path().display().to_string();
    let url = server.url();
    let (code, _, said) = told(&["rules", "run", "-t", &folder, "-u", &url, "-as", "-no-index"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("none of the templates of -t is tagged `tech`"), "{said}");
    write(dir.path(), "d.yaml", &format!("{}{detector}", info.replace("id: a", "id: d")));
    let (_, _, said) = told(&["rules", "run", "-t", &folder, "-u", &url, "-as", "-no-index"]);
    assert!(said.contains("is built with nginx; 1 templates for other technologies"), "{said}");
    assert!(said.contains("requests that were not sent: 1 other-technology"), "{said}");
}

#[test]
fn what_is_not_there_is_not_asked_for_again_and_again() {
    let (server, log) = server(|request| {
        let line = request.lines().next().unwrap_or_default();
        let path = line.split(' ').nth(1).unwrap_or_default();
        let is_there = line.starts_with("POST /there?") || line.starts_with("GET /only-post");
        if is_there {
            return (404, String::new(), format!("no user {}", path.len()));
        }
        (404, String::new(), format!("There is no {path} here"))
    });
    let asks = |method: &str, path: &str| {
        format!(
            "http:\n  - method: {method}\n    path: [\"{{{{BaseURL}}}}/{path}?u={{{{u}}}}\"]\n    \
             payloads:\n      u: [a, b, c, d, e, f, g, h, i, j]\n    matchers:\n      \
             - {{ type: word, words: [\"no user\"] }}\n"
        )
    };
    let few = asks("GET", "few").replace("[a, b, c, d, e, f, g, h, i, j]", "[a, b]");
    let (gone, there) = (asks("POST", "gone"), asks("POST", "there"));
    let other = asks("GET", "only-post");
    let templates = [few.as_str(), &gone, &there, &other];
    let count =
        |log: &Log, start: &str| lines(log).iter().filter(|line| line.starts_with(start)).count();
    let without = run(&server.url(), &templates, &[]).len();
    assert_eq!(count(&log, "POST /gone"), 10);
    log.lock().expect("not poisoned").clear();
    let with = run(&server.url(), &templates, &["-skip-not-found"]).len();
    assert_eq!(with, without);
    for (start, expected) in [
        ("POST /gone?u=a ", 1),
        ("POST /gone", 1),
        ("POST /there", 10),
        ("GET /only-post", 10),
        ("GET /few", 1),
    ] {
        assert_eq!(count(&log, start), expected, "{start}: {:?}", lines(&log));
    }
    // Two random names for each method that was asked about.
    assert_eq!(lines(&log).len(), 1 + 10 + 10 + 1 + 4, "{:?}", lines(&log));
}

/// Whether a server was given its file.
static HAS_IT: AtomicU32 = AtomicU32::new(0);

#[test]
fn what_was_not_there_may_have_been_put_there() {
    let (server, log) = server(|request| {
        if request.starts_with("POST /upload") {
            HAS_IT.store(1, Ordering::SeqCst);
            return ok("thanks");
        }
        let is_there = request.starts_with("GET /file") && HAS_IT.load(Ordering::SeqCst) == 1;
        if is_there { ok("the file") } else { (404, String::new(), "nothing".to_owned()) }
    });
    let template = r#"
http:
  - raw:
      - "GET /file HTTP/1.1\nHost: {{Hostname}}\n\n"
      - "GET /file HTTP/1.1\nHost: {{Hostname}}\n\n"
      - "POST /upload HTTP/1.1\nHost: {{Hostname}}\n\nx"
      - "GET /file HTTP/1.1\nHost: {{Hostname}}\n\n"
    matchers:
      - { type: dsl, dsl: ["contains(body_4, 'the file')"] }
"#;
    assert_eq!(run(&server.url(), &[template], &["-skip-not-found"]).len(), 1);
    let asked = lines(&log).iter().filter(|line| line.starts_with("GET /file")).count();
    assert_eq!(asked, 2, "{:?}", lines(&log));
}
