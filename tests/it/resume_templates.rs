//! A scan with templates that was killed goes on: those that were done are not asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::Value;

use crate::program::{OddServer, read_head_text, shakedown, write};

/// Templates that send one request.
const SINGLE: usize = 12;

/// The last path that is asked for before the run is killed.
const LAST: &str = "/half/2";

type Asked = Arc<Mutex<BTreeMap<String, u32>>>;

/// A site that counts, and that says when it is asked for [`LAST`] the first time; the answer waits
/// until somebody lets it go.
struct Site {
    server: OddServer,
    asked: Asked,
}

impl Site {
    fn start(tell: mpsc::SyncSender<()>, go_on: mpsc::Receiver<()>) -> Self {
        let asked = Asked::default();
        let (counted, channels) = (Arc::clone(&asked), Mutex::new(Some((tell, go_on))));
        let server = OddServer::start(move |mut stream| {
            while let Some(head) = read_head_text(&mut stream) {
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                *counted.lock().expect("no panic").entry(path.clone()).or_insert(0) += 1;
                let first = channels.lock().expect("no panic").take_if(|_| path == LAST);
                if let Some((tell, go_on)) = first {
                    let _gone = tell.send(());
                    let _gone = go_on.recv_timeout(Duration::from_secs(60));
                }
                if answer(&mut stream, &path).is_err() {
                    return;
                }
            }
        });
        Self { server, asked }
    }

    fn take(&self) -> BTreeMap<String, u32> {
        std::mem::take(&mut self.asked.lock().expect("no panic"))
    }
}

fn answer(stream: &mut TcpStream, path: &str) -> std::io::Result<()> {
    if let Some(url) = path.strip_prefix("/fetch?url=http://") {
        // As a flawed service does it: it fetches what it is told to.
        let (host, path) = url.split_once('/').unwrap_or((url, ""));
        let mut other = TcpStream::connect(host)?;
        write!(other, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let _unread = other.read(&mut [0; 64]);
    }
    // The address for calls is another one in each run.
    let path = path.split('?').next().unwrap_or_default();
    let body = if path == "/" { "<p>start</p>".to_owned() } else { format!("here is {path}") };
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b\r\n";
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

fn template(id: &str, paths: &[String], matchers: &str) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("'{{{{BaseURL}}}}{path}'")).collect();
    format!(
        "id: {id}\ninfo: {{ name: n, author: us, severity: medium }}\nhttp:\n  - method: GET\n    path: [{}]\n    matchers:\n      - {matchers}\n    extractors:\n      - {{ type: regex, regex: ['is .*'] }}\n",
        paths.join(", ")
    )
}

const HERE: &str = "{ type: word, words: [here] }";

/// Single requests come first, then those with two, by their first path.
fn templates(dir: &Path) -> String {
    let folder = dir.join("t");
    std::fs::create_dir(&folder).expect("a directory");
    let mut all: Vec<(String, String)> = (0..SINGLE)
        .map(|n| (format!("t{n}"), template(&format!("t{n}"), &[format!("/t/{n}")], HERE)))
        .collect();
    let two = |name: &str| [1, 2].map(|n| format!("/{name}/{n}"));
    for name in ["half", "other"] {
        all.push((name.to_owned(), template(name, &two(name), HERE)));
    }
    let calls = "/fetch?url=http://{{interactsh-url}}".to_owned();
    let called = "{ type: word, part: interactsh_protocol, words: [http] }";
    all.push(("calls".to_owned(), template("calls", &[calls], called)));
    for (name, text) in all {
        write(&folder, &format!("{name}.yaml"), &text);
    }
    folder.display().to_string()
}

fn command(dir: &Path, url: &str, folder: &str, state: Option<&Path>) -> Command {
    let mut command = shakedown();
    command
        .args(["scan", url, "--templates", folder, "--concurrency", "1", "--seed", "7", "--json"])
        .env("XDG_CACHE_HOME", dir.join("cache"));
    if let Some(state) = state {
        command.arg("--resume").arg(state);
    }
    command
}

fn report(mut command: Command) -> (Value, String) {
    let output = command.output().expect("the binary can be started");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    (serde_json::from_slice(&output.stdout).expect("JSON"), stderr)
}

/// What templates did and found, whichever run they did it in; ports and times are left out.
fn gist(report: &Value) -> BTreeSet<String> {
    let rules = report["rules"].as_array().expect("an array").iter();
    let ours = |rule: &&Value| rule["title"] == "n";
    let rules = rules.filter(ours).map(|rule| {
        format!("{} {} {} {}", rule["id"], rule["requests"], rule["matched"], rule["skipped"])
    });
    let findings = report["findings"].as_array().expect("an array").iter();
    let findings = findings.filter(|finding| finding["title"] == "n").map(|finding| {
        let evidence = &finding["evidence"][0]["response"];
        format!("{} {} {evidence}", finding["fingerprint"], finding["confidence"])
    });
    rules.chain(findings).collect()
}

/// Waits until the file knows so many templates to be done.
fn wait_until_kept(state: &Path, wanted: usize) {
    let connection = rusqlite::Connection::open(state).expect("a file of ours");
    connection.busy_timeout(Duration::from_secs(5)).expect("a time");
    for _ in 0..10_000_000 {
        let kept: i64 = connection
            .query_row("SELECT count(*) FROM templates", [], |row| row.get(0))
            .expect("a number");
        if kept >= i64::try_from(wanted).expect("small") {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{wanted} templates were never kept");
}

#[test]
fn after_kill_9_only_what_was_not_done_is_asked_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let folder = templates(dir.path());
    let state = dir.path().join("state.db");
    let (tell, told_of) = mpsc::sync_channel(1);
    let (go_on, wait) = mpsc::sync_channel(1);
    let site = Site::start(tell, wait);
    let url = site.server.url();
    let mut child = command(dir.path(), &url, &folder, Some(&state))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary can be started");
    told_of.recv_timeout(Duration::from_secs(60)).expect("the run gets that far");
    let is_single = |path: &&String| path.starts_with("/t/");
    let done = site.asked.lock().expect("no panic").keys().filter(is_single).count();
    wait_until_kept(&state, done);
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
    go_on.send(()).expect("the site waits");

    let (resumed, stderr) = report(command(dir.path(), &url, &folder, Some(&state)));
    assert!(stderr.contains("templates were done in the earlier run"), "{stderr}");
    let asked = site.take();
    for n in 0..SINGLE {
        assert_eq!(asked[&format!("/t/{n}")], 1, "{asked:?}");
    }
    assert_eq!((asked["/half/1"], asked["/half/2"]), (2, 2), "begun again");
    assert!((1..=2).contains(&asked["/other/1"]) && asked["/other/2"] == 1, "{asked:?}");

    let (whole, _) = report(command(dir.path(), &url, &folder, None));
    assert_eq!(gist(&resumed), gist(&whole));
    assert!(gist(&whole).len() > 2 * SINGLE, "{:?}", gist(&whole));

    // Calls from outside are results like others: the run is over, and nothing is asked again.
    site.take();
    let (again, _) = report(command(dir.path(), &url, &folder, Some(&state)));
    assert_eq!(gist(&again), gist(&whole));
    let asked = site.take();
    let ours = ["/t/", "/half/", "/other/", "/fetch"];
    assert!(asked.keys().all(|path| ours.iter().all(|own| !path.starts_with(own))), "{asked:?}");

    // Another text is another template.
    let changed = template("t3", &["/t/changed".to_owned()], HERE);
    write(Path::new(&folder), "t3.yaml", &changed);
    report(command(dir.path(), &url, &folder, Some(&state)));
    let asked = site.take();
    assert!(asked.contains_key("/t/changed") && !asked.contains_key("/t/4"), "{asked:?}");
}
