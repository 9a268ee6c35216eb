//! Whatever is wrong, it gets a clear word and the documented exit code.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use crate::program::{OddServer, read_head, told, write};

const HEALTHY: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

/// A command line, the code it must end with, and words that standard error must have.
struct Case<'a> {
    name: &'a str,
    args: Vec<&'a str>,
    code: i32,
    says: &'a [&'a str],
}

fn check(cases: &[Case<'_>]) {
    let mut problems = Vec::new();
    for case in cases {
        let (code, stdout, stderr) = told(&case.args);
        if code != case.code {
            problems
                .push(format!("{}: exit {code}, not {}\n{stdout}\n{stderr}", case.name, case.code));
        }
        for word in case.says {
            if !stderr.contains(word) {
                problems.push(format!("{}: nothing of `{word}` in\n{stderr}", case.name));
            }
        }
        if stderr.contains("panicked") {
            problems.push(format!("{}: panicked\n{stderr}", case.name));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[test]
fn command_lines_that_make_no_sense_are_usage_errors() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = write(dir.path(), "report.txt", "not a report\n");
    let below = format!("--json={text}/below.json");
    check(&[
        Case { name: "no command", args: vec![], code: 2, says: &["Usage"] },
        Case { name: "unknown command", args: vec!["laod"], code: 2, says: &["load"] },
        Case {
            name: "unknown flag",
            args: vec!["load", "http://127.0.0.1/", "--conections", "1"],
            code: 2,
            says: &["--connections"],
        },
        Case {
            name: "bad scheme",
            args: vec!["load", "ftp://127.0.0.1/"],
            code: 2,
            says: &["`ftp`", "http"],
        },
        Case { name: "no URL", args: vec!["load", "http://"], code: 2, says: &["http://"] },
        Case {
            name: "bad duration",
            args: vec!["load", "http://127.0.0.1/", "-z", "10x"],
            code: 2,
            says: &["10x", "1m30s"],
        },
        Case {
            name: "bad rate",
            args: vec!["load", "http://127.0.0.1/", "-q", "0"],
            code: 2,
            says: &["greater than 0"],
        },
        Case {
            name: "bad header",
            args: vec!["load", "http://127.0.0.1/", "-H", "nonsense"],
            code: 2,
            says: &["nonsense", "Name: value"],
        },
        Case {
            name: "output below a file",
            args: vec!["load", "http://127.0.0.1/", &below],
            code: 2,
            says: &["opening output"],
        },
        Case {
            name: "two on standard output",
            args: vec!["load", "http://127.0.0.1/", "--json", "--jsonl"],
            code: 2,
            says: &["standard output"],
        },
        Case {
            name: "unknown check",
            args: vec!["scan", "http://127.0.0.1:1/", "--active=sqli-eror"],
            code: 2,
            says: &["sqli-eror", "sqli-error"],
        },
        Case {
            name: "bad scope pattern",
            args: vec!["scan", "http://127.0.0.1:1/", "--exclude", "("],
            code: 2,
            says: &["--exclude"],
        },
        Case {
            name: "load flags for a plan",
            args: vec!["load", "scenarios/smoke.yml", "-c", "5"],
            code: 2,
            says: &["-c", "scenarios"],
        },
        Case {
            name: "no such rule directory",
            args: vec!["scan", "http://127.0.0.1:1/", "--rules", "no-such-dir"],
            code: 2,
            says: &["no-such-dir"],
        },
        Case {
            name: "report of nothing",
            args: vec!["report", "no-such-file.json"],
            code: 2,
            says: &["no-such-file.json"],
        },
        Case {
            name: "report of a text",
            args: vec!["report", &text],
            code: 2,
            says: &["report.txt"],
        },
        Case {
            name: "view without a terminal",
            args: vec!["view", "reports/example.json"],
            code: 2,
            says: &["needs a terminal"],
        },
        Case {
            name: "fetch not allowed",
            args: vec!["check", "http://127.0.0.1:1/plan.yml"],
            code: 2,
            says: &["--fetch"],
        },
    ]);
}

#[test]
fn wrong_plans_and_rules_are_104_with_a_position() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let good = "version: 1\ntarget: http://127.0.0.1:1\nrequests:\n  home: { get: / }\nflows:\n  f: [ { use: home } ]\n";
    let unknown = write(dir.path(), "unknown.yml", &format!("{good}scenaros:\n  s: {{}}\n"));
    let wrong = write(
        dir.path(),
        "wrong.yml",
        &format!(
            "{good}scenarios:\n  s: {{ executor: constant-vus, exec: f, vus: many, duration: 1s }}\n"
        ),
    );
    let later = write(dir.path(), "later.yml", &format!("{good}scan:\n  passive: {{}}\n"));
    let broken = write(dir.path(), "broken.yml", "version: 1\ntarget: [\n");
    let cap = write(
        dir.path(),
        "cap.yml",
        &format!(
            "{good}limits: {{ max_rps: 5 }}\nscenarios:\n  s: {{ executor: constant-arrival-rate, exec: f, rate: 50, duration: 1s, preAllocatedVUs: 2 }}\n"
        ),
    );
    let rules = dir.path().join("rules");
    std::fs::create_dir(&rules).expect("writable");
    write(&rules, "broken.yaml", "id: broken\ninfo: { name: x, severty: high }\n");
    let rules = rules.to_str().expect("UTF-8").to_owned();
    check(&[
        Case {
            name: "unknown key",
            args: vec!["check", &unknown],
            code: 104,
            says: &["scenaros", "scenarios", ":7:"],
        },
        Case {
            name: "wrong type",
            args: vec!["check", &wrong],
            code: 104,
            says: &["vus", "wrong.yml:8:"],
        },
        Case {
            name: "not yet",
            args: vec!["check", &later],
            code: 104,
            says: &["passive", "not yet supported"],
        },
        Case {
            name: "broken YAML",
            args: vec!["check", &broken],
            code: 104,
            says: &["broken.yml"],
        },
        Case {
            name: "a cap below the scenario's rate",
            args: vec!["check", &cap],
            code: 104,
            says: &["max_rps"],
        },
        Case {
            name: "no such plan",
            args: vec!["check", "no-such-plan.yml"],
            code: 104,
            says: &["no-such-plan.yml"],
        },
        Case {
            name: "broken rule",
            args: vec!["scan", "http://127.0.0.1:1/", "--rules", &rules],
            code: 104,
            says: &["broken.yaml", "severty"],
        },
    ]);
}

#[test]
fn targets_that_cannot_be_tested_say_why() {
    let silent = OddServer::start(|mut stream| {
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink);
    });
    let closing = OddServer::start(drop);
    let garbage = OddServer::answering("SSH-2.0-OpenSSH_9.6\r\n\r\n");
    let untrusted = OddServer::start(tls_server());
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}", listener.local_addr().expect("bound"))
    };
    let (silent_url, closing_url, garbage_url) = (silent.url(), closing.url(), garbage.url());
    let tls_url = format!("https://{}", untrusted.address);
    check(&[
        Case {
            name: "unknown host",
            args: vec!["load", "http://no-such-host.invalid/", "-n", "5"],
            code: 86,
            says: &["no-such-host.invalid", "dns"],
        },
        Case {
            name: "closed port, load",
            args: vec!["load", &closed, "-n", "5"],
            code: 86,
            says: &["refused"],
        },
        Case {
            name: "closed port, scan",
            args: vec!["scan", &closed],
            code: 86,
            says: &["refused"],
        },
        Case {
            name: "untrusted certificate",
            args: vec!["load", &tls_url, "-n", "5"],
            code: 86,
            says: &["certificate", "--insecure"],
        },
        Case {
            name: "not local",
            args: vec!["load", "http://203.0.113.7/", "-n", "5"],
            code: 85,
            says: &["--authorised-by"],
        },
        Case {
            name: "never answers",
            args: vec!["load", &silent_url, "-n", "4", "-c", "4", "--timeout", "300ms"],
            code: 86,
            says: &["timeout"],
        },
        Case {
            name: "closes at once",
            args: vec!["load", &closing_url, "-n", "4", "-c", "2"],
            code: 86,
            says: &["valid HTTP response"],
        },
        Case {
            name: "sends garbage",
            args: vec!["load", &garbage_url, "-n", "4", "-c", "2"],
            code: 86,
            says: &["protocol"],
        },
        Case {
            name: "scan of garbage",
            args: vec!["scan", &garbage_url],
            code: 86,
            says: &["valid HTTP response"],
        },
        Case {
            name: "accepted certificate",
            args: vec!["load", &tls_url, "-n", "5", "--insecure"],
            code: 0,
            says: &[],
        },
    ]);
}

#[test]
fn a_target_that_answers_now_and_then_is_counted_by_class_and_passes() {
    let moody = OddServer::start(|mut stream| {
        if read_head(&mut stream) {
            let _ = stream.write_all(HEALTHY.as_bytes());
        }
        // The second answer of every connection ends in its middle.
        if read_head(&mut stream) {
            let _ = stream.write_all(&HEALTHY.as_bytes()[..30]);
        }
    });
    let (code, stdout, stderr) = told(&["load", &moody.url(), "-n", "50", "-c", "5", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("only JSON");
    let text = report["endpoints"].to_string();
    assert!(text.contains("closed") || text.contains("reset"), "{text}");
}

/// A TLS server with a certificate of its own making that answers everything with 200.
fn tls_server() -> impl Fn(std::net::TcpStream) + Send + Sync + 'static {
    let certified =
        rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("generated");
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der())
        .expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a fitting pair");
    let config = Arc::new(config);
    move |mut tcp| {
        let mut session =
            rustls::ServerConnection::new(Arc::clone(&config)).expect("a valid configuration");
        let mut stream = rustls::Stream::new(&mut session, &mut tcp);
        let mut head = Vec::new();
        let mut byte = [0];
        while let Ok(1) = stream.read(&mut byte) {
            head.push(byte[0]);
            if head.ends_with(b"\r\n\r\n") {
                head.clear();
                if stream.write_all(HEALTHY.as_bytes()).is_err() {
                    return;
                }
            }
        }
    }
}

#[test]
fn a_shop_that_cannot_listen_says_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    check(&[
        Case {
            name: "port taken",
            args: vec!["demo", "--serve", "--port", &port],
            code: 2,
            says: &[&port, "in use"],
        },
        Case {
            name: "address for all",
            args: vec!["demo", "--serve", "--address", "0.0.0.0"],
            code: 2,
            says: &["loopback only"],
        },
    ]);
}
