//! A crawl or scan that was killed goes on where it was.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::program::{OddServer, read_head_text, shakedown, told, write};

/// Pages of the site, beside its start.
const PAGES: usize = 120;

/// How often each path was asked for.
type Asked = Arc<Mutex<BTreeMap<String, u32>>>;

/// A site that counts; tells on the channel when it was asked for the n-th time.
struct Site {
    server: OddServer,
    asked: Asked,
}

impl Site {
    fn start(tell_at: u32, tell: mpsc::SyncSender<()>) -> Self {
        let asked = Asked::default();
        let (counted, tell) = (Arc::clone(&asked), Mutex::new(tell));
        let server = OddServer::start(move |mut stream| {
            while let Some(head) = read_head_text(&mut stream) {
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let total: u32 = {
                    let mut counted = counted.lock().expect("no panic");
                    *counted.entry(path.clone()).or_insert(0) += 1;
                    counted.values().sum()
                };
                if total == tell_at {
                    let _gone = tell.lock().expect("no panic").send(());
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
    let number =
        path.strip_prefix("/page/").and_then(|n| n.split('?').next()?.parse::<usize>().ok());
    let links: String = match (path, number) {
        ("/", _) => "<a href=/page/0>first</a><a href=/search?q=a>search</a>
            <a href='/search?q=a&lang=en'>en</a><a href='/search?q=a&sort=up'>sorted</a>"
            .to_owned(),
        (_, Some(n)) if n < PAGES => {
            let next = [2 * n + 1, 2 * n + 2].map(|n| format!("<a href=/page/{n}>n</a>"));
            format!("<h1>page {n}</h1>{}", next.concat())
        }
        // Repeats what it was asked for: something to be found.
        (path, _) if path.starts_with("/search?q=") => {
            let sent = path["/search?q=".len()..].replace('+', " ");
            let sent = percent_encoding::percent_decode_str(&sent).decode_utf8_lossy().into_owned();
            format!("<p>nothing about {sent}</p>")
        }
        _ => {
            return stream.write_all(
                b"HTTP/1.1 404 X\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno",
            );
        }
    };
    let body = format!("<html><body>{links}</body></html>");
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + &body).as_bytes())
}

/// What of a report must not depend on when the run was killed.
fn gist(report: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let operations = report["coverage"]["operations"].as_array().expect("an array").iter();
    let operations = operations.map(|one| {
        format!("{} {} {}", text(&one["method"]), text(&one["path_template"]), one["reached"])
    });
    let findings = report["findings"].as_array().expect("an array").iter();
    (operations.collect(), findings.map(|one| text(&one["fingerprint"])).collect())
}

/// Kills a run in the middle and goes on; gives what both have asked for, and the report.
fn killed_and_resumed(args: &[&str], tell_at: u32, dir: &Path) -> (BTreeMap<String, u32>, Value) {
    let (tell, told_of) = mpsc::sync_channel(1);
    let site = Site::start(tell_at, tell);
    let state = dir.join("state.db").to_str().expect("UTF-8").to_owned();
    let url = site.server.url();
    let mut all = args.to_vec();
    all.splice(1..1, [url.as_str(), "--resume", state.as_str()]);
    let mut child = shakedown()
        .args(&all)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary can be started");
    told_of.recv_timeout(Duration::from_secs(60)).expect("the run gets that far");
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
    all.push("--json");
    let (code, stdout, stderr) = told(&all);
    assert!(matches!(code, 0 | 80), "{stderr}");
    assert!(stderr.contains("of the earlier run are used again"), "{stderr}");
    (site.take(), serde_json::from_str(&stdout).expect("JSON"))
}

fn uninterrupted(args: &[&str]) -> (BTreeMap<String, u32>, Value) {
    let (tell, _told_of) = mpsc::sync_channel(1);
    let site = Site::start(u32::MAX, tell);
    let url = site.server.url();
    let mut all = args.to_vec();
    all.splice(1..1, [url.as_str()]);
    all.push("--json");
    let (code, stdout, stderr) = told(&all);
    assert!(matches!(code, 0 | 80), "{stderr}");
    (site.take(), serde_json::from_str(&stdout).expect("JSON"))
}

const CONCURRENCY: usize = 4;

/// What was asked for, but for names that nothing has: they depend on the port.
fn paths(asked: &BTreeMap<String, u32>) -> BTreeSet<&str> {
    let is_made_up = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.len() == 14 && name.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    asked.keys().map(String::as_str).filter(|path| !is_made_up(path)).collect()
}

fn compare(args: &[&str], tell_at: u32) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (asked, report) = killed_and_resumed(args, tell_at, dir.path());
    let (whole, expected) = uninterrupted(args);
    assert_eq!(gist(&report), gist(&expected));
    assert_eq!(paths(&asked), paths(&whole));
    // The preflight opens a connection and asks nothing.
    let more: u32 = asked.values().sum::<u32>() - whole.values().sum::<u32>();
    assert!(more as usize <= CONCURRENCY, "{more} were asked for again: {asked:?}");
}

#[test]
fn a_crawl_that_was_killed_finds_what_a_whole_one_does_and_asks_for_nothing_twice() {
    let args = [
        "crawl",
        "--per-kind",
        "0",
        "--depth",
        "50",
        "--concurrency",
        "4",
        "--max-rps",
        "2000",
        "--no-tui",
        "--seed",
        "7",
    ];
    compare(&args, 60);
}

#[test]
fn a_scan_that_was_killed_among_its_probes_goes_on_with_them() {
    // One at a time: which of several nodes with one insertion point is tested depends on their order.
    let args = [
        "scan",
        "--active=xss-reflected,sqli-error",
        "--max-urls",
        "10",
        "--concurrency",
        "1",
        "--max-rps",
        "2000",
        "--no-tui",
        "--seed",
        "7",
    ];
    compare(&args, 25);
}

#[test]
fn a_file_of_another_target_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (tell, _told_of) = mpsc::sync_channel(1);
    let site = Site::start(u32::MAX, tell);
    let state = dir.path().join("state.db").to_str().expect("UTF-8").to_owned();
    let url = site.server.url();
    let (code, _, stderr) = told(&["crawl", &url, "--resume", &state, "--max-urls", "2"]);
    assert_eq!(code, 0, "{stderr}");
    let (code, _, stderr) = told(&["crawl", "http://127.0.0.1:9/", "--resume", &state]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains(&format!("belongs to {url}")), "{stderr}");
    let text = write(dir.path(), "notes.txt", "some text of the user's own, longer than a header");
    let (code, _, stderr) = told(&["crawl", &url, "--resume", &text]);
    assert_eq!(code, 2, "{stderr}");
    let kept = std::fs::read_to_string(&text).expect("it is there");
    assert!(kept.starts_with("some text"), "nothing of the user's is overwritten");
}
