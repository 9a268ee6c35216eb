//! `--browser` where there is no browser, and its bounds.

use std::fs;
use std::path::Path;
use std::process::Command;

fn shakedown() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    command.env("SHAKEDOWN_HISTORY", "off");
    command
}

#[test]
fn without_a_browser_nothing_is_sent_and_the_cure_is_said() {
    for command in ["crawl", "scan"] {
        let run = shakedown()
            .args([command, "http://127.0.0.1:9/", "--browser"])
            .env("PATH", "/nowhere")
            .env_remove("SHAKEDOWN_BROWSER")
            .env_remove("CHROME")
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(said.contains("apt-get install chromium"), "{said}");
    }
}

#[test]
fn a_browser_that_is_not_where_it_was_said_to_be_is_named() {
    let run = shakedown()
        .args(["crawl", "http://127.0.0.1:9/", "--browser"])
        .env("SHAKEDOWN_BROWSER", "/nowhere/chromium")
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{said}");
    assert!(said.contains("/nowhere/chromium"), "{said}");
}

#[test]
fn bounds_of_a_browser_need_one_and_have_to_be_some() {
    for (flags, words) in [
        (&["--browser-max-pages", "3"][..], "--browser"),
        (&["--browser-max-time", "1m"][..], "--browser"),
        (&["--browser", "--browser-max-pages", "0"][..], "--browser-max-pages"),
        (&["--browser", "--browser-max-time", "0s"][..], "greater than 0"),
    ] {
        let run = shakedown()
            .args(["crawl", "http://127.0.0.1:9/"])
            .args(flags)
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{flags:?}: {said}");
        assert!(said.contains(words), "{flags:?}: {said}");
    }
}

/// Modules below `directory` whose tests do nothing without a browser, as the runner names them.
fn skipped(directory: &Path, module: &str, all: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("readable").flatten() {
        let path = entry.path();
        let stem = path.file_stem().and_then(|it| it.to_str()).expect("UTF-8").to_owned();
        if path.is_dir() {
            skipped(&path, &format!("{module}{stem}::"), all);
            continue;
        }
        let text = fs::read_to_string(&path).expect("text");
        let needs_one = text.contains("shown(") || text.contains("has_browser()");
        if needs_one && text.contains("::test]") && stem != "browser_command" {
            all.push(format!("{module}{stem}::*"));
        }
    }
}

#[test]
fn the_runner_names_all_that_is_skipped_without_a_browser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let runner = fs::read_to_string(root.join("tests/run")).expect("readable");
    let mut all = Vec::new();
    skipped(&root.join("tests/it"), "", &mut all);
    assert!(all.len() >= 6, "{all:?}");
    for module in all {
        assert!(runner.contains(&module), "tests/run does not name {module}");
    }
}
