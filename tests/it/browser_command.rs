//! `--browser` where there is no browser.

use std::process::Command;

fn shakedown() -> Command {
    Command::new(env!("CARGO_BIN_EXE_shakedown"))
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
