//! Steering a real run over its socket, by hand and with `shakedown control`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use crate::program::{OddServer, shakedown};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A run with a socket at a place of its own choice, below a directory of the test's.
struct Steered {
    child: Child,
    dir: tempfile::TempDir,
    socket: PathBuf,
    _server: OddServer,
}

impl Steered {
    fn start(flags: &[&str]) -> Self {
        let server = OddServer::answering(OK);
        let dir = tempfile::tempdir().expect("a directory");
        let mut child = shakedown()
            .args(["load", &format!("http://{}/", server.address), "--control"])
            .arg(format!("--json={}", dir.path().join("run.json").display()))
            .args(flags)
            .env("XDG_RUNTIME_DIR", dir.path())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("it says where the socket is");
        // Read on, so that the run does not stop at a full pipe.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let socket = line.strip_prefix("control socket: ").expect("the first line").trim().into();
        Self { child, dir, socket, _server: server }
    }

    fn talk(&self) -> Talk {
        let stream = UnixStream::connect(&self.socket).expect("it listens");
        Talk(BufReader::new(stream))
    }

    fn control(&self, args: &[&str]) -> Output {
        shakedown()
            .arg("control")
            .args(args)
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env("TMPDIR", self.dir.path())
            .output()
            .expect("the binary can be started")
    }

    /// Exit code and report.
    fn end(mut self) -> (Option<i32>, Value) {
        let status = self.child.wait().expect("it was started");
        assert!(!self.socket.exists(), "the socket goes with the run");
        (status.code(), json(&self.dir.path().join("run.json")))
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("written")).expect("JSON")
}

struct Talk(BufReader<UnixStream>);

impl Talk {
    fn ask(&mut self, line: &str) -> Value {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).expect("somebody listens");
        self.next()
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an answer comes");
        serde_json::from_str(&line).expect("one object per line")
    }

    /// Status lines of a watch until one fits; fails when the run is over before.
    fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let status = self.next()["status"].clone();
            if fits(&status) {
                return status;
            }
        }
    }
}

#[test]
fn a_run_is_steered_over_its_socket_and_says_so_in_its_report() {
    let run = Steered::start(&["-z", "60s", "-q", "20"]);
    let mut watcher = run.talk();
    watcher.ask(r#"{"cmd":"watch"}"#);
    watcher.until(|status| status["requests"].as_u64() > Some(0));
    let mut talk = run.talk();
    let faster = talk.ask(r#"{"v":1,"cmd":"rate","to":"150%"}"#);
    assert_eq!((&faster["ok"], &faster["change"]["per_second"]), (&true.into(), &30.0.into()));
    watcher.until(|status| status["rate"] == 30.0);

    talk.ask(r#"{"cmd":"pause"}"#);
    let paused = watcher.until(|status| status["paused"] == true);
    // What was under way may still come in, then nothing more.
    let stands = |status: &Value, before: &Value| status["requests"] == before["requests"];
    let mut before = paused;
    loop {
        let status = watcher.next()["status"].clone();
        if stands(&status, &before) {
            break;
        }
        before = status;
    }
    talk.ask(r#"{"cmd":"resume"}"#);
    watcher.until(|status| !stands(status, &before));
    assert_eq!(talk.ask(r#"{"cmd":"stop"}"#)["level"], "stopping");

    let (code, report) = run.end();
    assert_eq!(code, Some(105));
    assert_eq!(report["stopped"]["reason"], "stopped by the control socket");
    let changes = report["load"]["changes"].as_array().expect("listed");
    let told: Vec<_> = changes.iter().map(|change| (&change["change"], &change["by"])).collect();
    let by = Value::from("the control socket");
    let expected = ["rate", "paused", "resumed"].map(Value::from);
    assert_eq!(told, expected.iter().map(|kind| (kind, &by)).collect::<Vec<_>>());
}

#[test]
fn the_command_finds_the_only_run_and_shows_it() {
    let run = Steered::start(&["-z", "60s", "-c", "2"]);
    let mut talk = run.talk();
    talk.ask(r#"{"cmd":"watch"}"#);
    talk.until(|status| status["requests"].as_u64() > Some(0));
    let out = run.control(&["vus", "4"]);
    assert!(out.status.success(), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("users 200% of the plan (4) from "));
    let status = run.control(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).expect("one line of JSON");
    assert_eq!(status["status"]["scenarios"][0]["vus"], 4);

    let refused = run.control(&["rate", "+10%"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("no running scenario has an arrival")
    );

    let file = run.dir.path().join("so-far.json");
    let snapshot = run.control(&["snapshot", "-o", &file.display().to_string()]);
    assert!(snapshot.status.success(), "{snapshot:?}");
    assert!(shakedown::format::read_run(&std::fs::read(&file).expect("written")).is_ok());
    assert!(run.control(&["cancel"]).status.success());
    let (code, _) = run.end();
    assert_eq!(code, Some(105));
}

#[test]
fn nonsense_is_answered_and_the_connection_goes_on() {
    let run = Steered::start(&["-z", "60s", "-q", "10"]);
    let mut talk = run.talk();
    let long = "x".repeat(100_000);
    for line in [
        "not JSON",
        "{}",
        r#"{"cmd":"explode"}"#,
        r#"{"cmd":"rate"}"#,
        r#"{"cmd":"rate","to":"0%"}"#,
        r#"{"cmd":"rate","to":1e400}"#,
        r#"{"cmd":"pause","to":3}"#,
        r#"{"v":9,"cmd":"pause"}"#,
        r#"{"cmd":"status","and":"more"}"#,
        &long,
    ] {
        let answer = talk.ask(line);
        assert_eq!(answer["ok"], false, "{line}");
        assert!(answer["error"].is_string(), "{line}");
    }
    assert_eq!(talk.ask(r#"{"cmd":"status"}"#)["ok"], true);
    talk.ask(r#"{"cmd":"cancel"}"#);
    let (_, report) = run.end();
    assert_eq!(report["load"]["changes"], Value::from(Vec::<Value>::new()));
}

#[test]
fn a_crowd_of_silent_clients_does_not_hold_up_the_run() {
    let run = Steered::start(&["-n", "200", "-q", "200"]);
    let crowd: Vec<_> = (0..40).filter_map(|_| UnixStream::connect(&run.socket).ok()).collect();
    for mut client in &crowd {
        // Half a line, or a closed connection for who came too late.
        let _ = client.write_all(b"{\"cmd\":");
    }
    let (code, report) = run.end();
    assert_eq!(code, Some(0), "{report}");
}

#[test]
fn a_living_socket_is_refused_before_anything_is_sent() {
    let run = Steered::start(&["-z", "60s", "-q", "10"]);
    let taken = shakedown()
        .args(["load", "http://127.0.0.1:9/", &format!("--control={}", run.socket.display())])
        .output()
        .expect("the binary can be started");
    assert_eq!(taken.status.code(), Some(2));
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(said.contains("control socket of a run that is still going on"), "{said}");
    run.talk().ask(r#"{"cmd":"cancel"}"#);
    run.end();
}

#[test]
fn without_a_run_the_command_says_how_to_get_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = shakedown()
        .args(["control", "status"])
        .env("XDG_RUNTIME_DIR", dir.path())
        .env("TMPDIR", dir.path())
        .output()
        .expect("the binary can be started");
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("start one with --control"));
}

#[test]
fn one_scenario_of_a_url_s_load_is_called_load() {
    let run = Steered::start(&["-z", "60s", "-q", "20"]);
    let mut talk = run.talk();
    talk.ask(r#"{"cmd":"watch"}"#);
    talk.until(|status| status["requests"].as_u64() > Some(0));
    let out = run.control(&["rate", "40", "--scenario", "load"]);
    let told = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(told.starts_with("load: rate 200% of the plan (40/s) from "), "{told}");
    let out = run.control(&["rate", "40", "--scenario", "lode"]);
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2));
    assert!(told.contains("there is no scenario `lode`, did you mean `load`?"), "{told}");
    let mut other = run.talk();
    let refused = other.ask(r#"{"cmd":"pause","scenario":"load"}"#);
    assert!(refused["error"].to_string().contains("for all scenarios"), "{refused}");
    assert!(run.control(&["cancel"]).status.success());
    let (_, report) = run.end();
    assert_eq!(report["load"]["changes"][0]["scenario"], "load");
}
