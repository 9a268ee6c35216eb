//! A browser that is killed amid a page.

use std::fs;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use super::browser::json;
use super::browser::page;
use super::browser::shown;
use super::site::Setup;
use super::site::html;
use super::site::not_found;

/// Kills the browsers that this process has started.
fn kill_browsers() {
    let own = std::process::id().to_string();
    for process in fs::read_dir("/proc").expect("Linux").flatten() {
        let Ok(line) = fs::read(process.path().join("cmdline")) else { continue };
        let status = fs::read_to_string(process.path().join("status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        let is_browser = line.windows(23).any(|it| it == b"--remote-debugging-pipe");
        if !is_browser || parent.map(str::trim) != Some(&own) {
            continue;
        }
        let id = process.file_name().to_string_lossy().parse().ok();
        let id = id.and_then(rustix::process::Pid::from_raw).expect("a process has a number");
        // It may have ended by itself in between.
        let _gone = rustix::process::kill_process(id, rustix::process::Signal::KILL);
    }
}

/// A page that asks for `bomb` by a click on its only button, and for `after` when it is answered.
fn bomb(after: &str) -> String {
    format!(
        "<button id=b>go</button><script>document.getElementById('b').onclick = () =>
             fetch(['', 'bomb'].join('/')).then(() => fetch(['', 'made', '{after}'].join('/')))</script>"
    )
}

#[tokio::test]
async fn a_browser_that_dies_is_started_again_and_the_page_is_shown_again() {
    let asked = AtomicU32::new(0);
    let Some(scanned) = shown(Setup::default(), move |ask| match &*ask.path {
        "/" => html(bomb("after")),
        "/bomb" => {
            if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                kill_browsers();
            }
            json("{}")
        }
        "/made/after" => json("{}"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    let told = scanned.notices();
    assert!(scanned.asked("/made/after"), "{told:?}");
    assert!(told.iter().any(|text| text.contains("it is started once more")), "{told:?}");
    assert_eq!(scanned.report.coverage.complete, Some(true), "{told:?}");
}

#[tokio::test]
async fn a_page_that_kills_it_is_left_and_the_others_are_shown() {
    let Some(scanned) = shown(Setup::default(), |ask| match &*ask.path {
        "/" => html("<a href=/deadly>d</a><a href=/fine>f</a>"),
        "/deadly" => html(bomb("never")),
        "/fine" => page("fetch(['', 'made', 'fine'].join('/'))"),
        "/bomb" => {
            kill_browsers();
            json("{}")
        }
        "/made/fine" | "/made/never" => json("{}"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    let told = scanned.notices();
    assert!(scanned.asked("/made/fine"), "{told:?}");
    assert!(told.iter().any(|text| text.contains("1 page kept the browser")), "{told:?}");
    assert_eq!(scanned.report.coverage.complete, Some(false));
}

#[tokio::test]
async fn a_browser_that_stays_dead_is_given_up_and_the_crawl_goes_on() {
    let Some(scanned) = shown(Setup::default(), |ask| match &*ask.path {
        "/" => html(
            "<a href=/a>a</a><a href=/b>b</a><a href=/c>c</a><a href=/d>d</a><a href=/last>l</a>",
        ),
        "/a" | "/b" | "/c" | "/d" => html(format!("{}{}", ask.path, bomb("never"))),
        "/last" => html("<p>read</p>"),
        "/bomb" => {
            kill_browsers();
            json("{}")
        }
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    let told = scanned.notices();
    assert!(told.iter().any(|text| text.contains("is given up")), "{told:?}");
    assert!(told.iter().any(|text| text.contains("because the browser was given up")), "{told:?}");
    assert!(scanned.operation("GET", "/last").expect("known").reached);
    assert_eq!(scanned.report.coverage.complete, Some(false));
}
