//! The maze with a browser: what is found there, and what is left behind when it ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value as Json;
use shakedown::demo::Needs;
use shakedown::demo::targets;

use super::client::Shop;
use super::client::Twin;

/// Whether there is a browser; says so if not.
#[expect(clippy::print_stdout, reason = "a test that does nothing says so")]
pub(super) fn has_browser() -> bool {
    let named = std::env::var_os("SHAKEDOWN_BROWSER");
    let path = std::env::var_os("PATH");
    let found = shakedown::browser::locate(named.as_deref(), path.as_deref()).is_ok();
    if !found {
        println!("skipped: no Chromium");
    }
    found
}

/// A crawl of the maze whose temporary files stand in `directory`.
fn command(shop: &Shop, directory: &Path) -> Command {
    let plan = directory.join("plan.yml");
    let text = format!(
        "version: 1\ntarget: http://{}\nrequests: {{ maze: {{ get: /maze }} }}\n\
         scan:\n  max_rps: 2000\n  crawl: {{ browser: {{ max_pages: 300, max_time: 9m }} }}\n",
        shop.address
    );
    fs::write(&plan, text).expect("writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    command.arg("crawl").arg(&plan).arg("--json").env("TMPDIR", directory);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn output(child: Child) -> Output {
    let waiting = tokio::task::spawn_blocking(move || child.wait_with_output());
    waiting.await.expect("no panic").expect("the program runs")
}

/// Processes that were told of `directory`, us left out.
fn processes(directory: &Path) -> usize {
    let directory = directory.as_os_str().as_encoded_bytes();
    let all = fs::read_dir("/proc").expect("Linux").flatten();
    let lines = all.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines
        .filter(|line| {
            line.starts_with(b"/") && line.windows(directory.len()).any(|it| it == directory)
        })
        .filter(|line| !line.windows(10).any(|it| it == b"shakedown\0"))
        .count()
}

/// A browser that is up has more processes than this. One that is killed before is still making its
/// profile, and some of its processes come into being after that.
const STARTING: usize = 5;

/// What the names of profiles begin with.
const PROFILE: &str = "shakedown-browser";

/// What begins like that in `directory`, but for the plan.
fn entries(directory: &Path, prefix: &str) -> BTreeSet<String> {
    let all = fs::read_dir(directory).expect("readable").flatten();
    let names = all.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name != "plan.yml" && name.starts_with(prefix)).collect()
}

/// Profiles of browsers in `directory`.
fn profiles(directory: &Path) -> usize {
    entries(directory, PROFILE).len()
}

/// Waits until it is so; a test that hangs is ended by its runner.
async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_needs_a_browser_is_found_with_one() {
    if !has_browser() {
        return;
    }
    let shop = Shop::start_with(Twin::Safe, true).await;
    let directory = tempfile::tempdir().expect("a place for files");
    let child = command(&shop, directory.path()).spawn().expect("the program runs");
    let run = output(child).await;
    let said = String::from_utf8_lossy(&run.stderr);
    let report: Json = serde_json::from_slice(&run.stdout).expect(&said);
    let operations = report["coverage"]["operations"].as_array().expect("a list");
    let text = |it: &Json, key: &str| it[key].as_str().expect("text").to_owned();
    let known: BTreeSet<(String, String)> =
        operations.iter().map(|it| (text(it, "method"), text(it, "path_template"))).collect();
    let wanted: Vec<_> =
        targets().into_iter().filter(|target| target.needs == Needs::Browser).collect();
    let missed: Vec<_> = wanted
        .iter()
        .filter(|target| !known.iter().any(|(method, path)| target.is(method, path)))
        .map(|target| (target.path, target.kind))
        .collect();
    println!("{} of {} found", wanted.len() - missed.len(), wanted.len());
    assert!(missed.len() * 20 <= wanted.len(), "missed: {missed:#?}\n{said}");
    assert_eq!(profiles(directory.path()), 0, "{said}");
    assert_eq!(processes(directory.path()), 0, "{said}");
}

#[tokio::test]
async fn an_interrupted_crawl_leaves_neither_browser_nor_profile() {
    if !has_browser() {
        return;
    }
    let shop = Shop::start_with(Twin::Safe, true).await;
    let directory = tempfile::tempdir().expect("a place for files");
    let child = command(&shop, directory.path()).spawn().expect("the program runs");
    until(|| processes(directory.path()) > 0).await;
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it runs");
    let run = output(child).await;
    assert_eq!(run.status.code(), Some(105), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(profiles(directory.path()), 0);
    assert_eq!(processes(directory.path()), 0);
}

#[tokio::test]
async fn a_browser_does_not_outlive_a_crawl_that_is_killed() {
    if !has_browser() {
        return;
    }
    let shop = Shop::start_with(Twin::Safe, true).await;
    let directory = tempfile::tempdir().expect("a place for files");
    let mut child = command(&shop, directory.path()).spawn().expect("the program runs");
    until(|| processes(directory.path()) > STARTING).await;
    child.kill().expect("it runs");
    child.wait().expect("it has ended");
    until(|| processes(directory.path()) == 0).await;
    assert_eq!(entries(directory.path(), ""), entries(directory.path(), PROFILE), "nothing else");
    let left = entries(directory.path(), PROFILE);
    assert_eq!(left.len(), 1);

    // The next one tidies up.
    let child = command(&shop, directory.path()).spawn().expect("the program runs");
    until(|| {
        let used = entries(directory.path(), PROFILE);
        used.len() == 1 && used != left && processes(directory.path()) > STARTING
    })
    .await;
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("it runs");
    output(child).await;
    assert_eq!(entries(directory.path(), PROFILE), BTreeSet::new());
}

#[tokio::test]
async fn as_many_pages_are_shown_as_are_asked_for() {
    if !has_browser() {
        return;
    }
    let shop = Shop::start_with(Twin::Safe, true).await;
    let directory = tempfile::tempdir().expect("a place for files");
    let run = Command::new(env!("CARGO_BIN_EXE_shakedown"))
        .args(["crawl", &format!("http://{}/maze", shop.address), "--json", "--max-rps", "2000"])
        .args(["--browser", "--browser-max-pages", "1", "--browser-max-time", "5m"])
        .env("TMPDIR", directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let run = output(run).await;
    let said = String::from_utf8_lossy(&run.stderr);
    // It is broken into lines.
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the browser showed 1 page,"), "{said}");
    assert!(said.contains("whose budget is 1 page and 300 s"), "{said}");
}
