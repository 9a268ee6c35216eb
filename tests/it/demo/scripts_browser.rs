//! Flaws of the shop's scripts, by a scan with a browser.

use std::process::Command;

use serde_json::Value as Json;

use super::client::Shop;
use super::client::Twin;
use super::maze_browser::has_browser;

const RULES: [&str; 2] = ["xss-dom", "postmessage-origin"];

/// Where the scan finds one of the rules, with the rule.
async fn found(twin: Twin) -> Vec<(String, String)> {
    let shop = Shop::start(twin).await;
    let url = format!("http://{}/", shop.address);
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    let active = format!("--active={}", RULES.join(","));
    let flags = ["--allow-unsafe", "--max-rps", "2000", "--fail-on", "never", "--json"];
    command.args(["scan", &url, &active]).args(flags).env("SHAKEDOWN_HISTORY", "off");
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("no panic").expect("the program runs");
    shop.stop().await.expect("it stops");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Json = serde_json::from_slice(&output.stdout).expect("only JSON");
    let text = |finding: &Json, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("an array").iter();
    let place = |finding| (text(finding, "rule"), text(finding, "path_template"));
    let mut places: Vec<_> =
        findings.map(place).filter(|(rule, _)| RULES.contains(&rule.as_str())).collect();
    places.sort();
    places
}

#[tokio::test]
async fn every_flaw_of_scripts_is_found_and_the_safe_twin_has_none() {
    if !has_browser() {
        return;
    }
    let expected = [
        ("postmessage-origin", "/contact/chat"),
        ("xss-dom", "/news/finder"),
        ("xss-dom", "/news/offers"),
    ];
    let places = found(Twin::Flawed).await;
    let places: Vec<_> = places.iter().map(|(rule, path)| (&**rule, &**path)).collect();
    assert_eq!(places, expected);
    assert_eq!(found(Twin::Safe).await, []);
}
