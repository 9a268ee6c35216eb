//! A crawl with a browser that was killed goes on.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::program::{OddServer, read_head_text, told};

type Asked = Arc<Mutex<BTreeMap<String, u32>>>;

/// Pages that scripts lead from and to, one after the other.
const PAGES: [&str; 6] = ["ant", "bee", "cat", "dog", "eel", "fox"];

/// Tells when `/dog/`, which only a browser finds, was asked for.
fn serve(tell: mpsc::SyncSender<()>) -> (OddServer, Asked) {
    let asked = Asked::default();
    let (counted, tell) = (Arc::clone(&asked), Mutex::new(tell));
    let server = OddServer::start(move |mut stream| {
        while let Some(head) = read_head_text(&mut stream) {
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            *counted.lock().expect("no panic").entry(path.clone()).or_insert(0) += 1;
            if path == "/dog/" {
                let _gone = tell.lock().expect("no panic").try_send(());
            }
            let (status, kind, body) = answer(&path);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
            );
            if stream.write_all((head + &body).as_bytes()).is_err() {
                return;
            }
        }
    });
    (server, asked)
}

fn answer(path: &str) -> (&'static str, &'static str, String) {
    let page = PAGES.iter().position(|name| path == format!("/{name}/"));
    if path == "/" || page.is_some() {
        let n = page.map_or(0, |n| n + 1);
        let script = format!(
            "const at = (...p) => ['', ...p, ''].join('/'), n = {n};\
             fetch(at('data', n)).then(r => r.json()).then(d => {{\
             document.body.insertAdjacentHTML('beforeend', `<a href=${{at(d.next)}}>x</a>`); }});"
        );
        return ("200 OK", "text/html", format!("<!doctype html><body><script>{script}</script>"));
    }
    let data = path.strip_prefix("/data/").and_then(|rest| rest.trim_end_matches('/').parse().ok());
    match data.and_then(|n: usize| PAGES.get(n)) {
        Some(name) => ("200 OK", "application/json", format!("{{\"next\":\"{name}\"}}")),
        None => ("404 Not Found", "text/html", "no".to_owned()),
    }
}

fn operations(report: &Value) -> Vec<String> {
    let operations = report["coverage"]["operations"].as_array().expect("an array").iter();
    operations.map(|one| format!("{} {}", one["path_template"], one["reached"])).collect()
}

#[test]
fn a_crawl_in_a_browser_that_was_killed_goes_on_and_asks_for_nothing_twice() {
    let named = std::env::var_os("SHAKEDOWN_BROWSER");
    if shakedown::browser::locate(named.as_deref(), std::env::var_os("PATH").as_deref()).is_err() {
        eprintln!("skipped: no Chromium");
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = dir.path().join("state.db").to_str().expect("UTF-8").to_owned();
    let (tell, told_of) = mpsc::sync_channel(1);
    let (server, asked) = serve(tell);
    let url = server.url();
    let args =
        ["crawl", &url, "--browser", "--per-kind", "0", "--depth", "20", "--no-tui", "--seed", "7"];
    let mut child = crate::program::shakedown()
        .args(args)
        .args(["--resume", &state])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    told_of.recv_timeout(Duration::from_secs(120)).expect("the run gets that far");
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
    let resumed = [args.as_slice(), &["--resume", &state, "--json"]].concat();
    let (code, stdout, stderr) = told(&resumed);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    let asked = std::mem::take(&mut *asked.lock().expect("no panic"));

    let (tell, _told_of) = mpsc::sync_channel(1);
    let (server, whole) = serve(tell);
    let url = server.url();
    let mut args = args.map(str::to_owned).to_vec();
    args[1] = url;
    args.push("--json".to_owned());
    let (code, stdout, stderr) = told(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 0, "{stderr}");
    let expected: Value = serde_json::from_str(&stdout).expect("JSON");
    // In which order a page's own requests come is the browser's business.
    let sorted = |report: &Value| {
        let mut operations = operations(report);
        operations.sort();
        operations
    };
    assert_eq!(sorted(&report), sorted(&expected));
    let whole = whole.lock().expect("no panic");
    let more: u32 = asked
        .iter()
        .map(|(path, count)| count.saturating_sub(whole.get(path).copied().unwrap_or(0)))
        .filter(|more| *more > 0)
        .sum();
    // Those in flight: of the crawl, and of the page that was shown.
    assert!(more <= 4, "{asked:?} instead of {whole:?}");
}
