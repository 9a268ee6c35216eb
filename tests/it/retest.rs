//! `retest`: what was found is looked for again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::exit_codes::{PAGE, RULE};
use crate::program::{OddServer, Shop, shakedown, told, write};

/// Without a browser, so that a machine that has one finds the same.
fn json_of(args: &[&str]) -> (i32, Value, String) {
    let output = shakedown()
        .env("SHAKEDOWN_BROWSER", "none")
        .args(args)
        .output()
        .expect("it can be started");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap_or(-1), json, stderr)
}

/// What became of each finding, by fingerprint.
fn results(retest: &Value) -> BTreeMap<&str, &str> {
    let findings = retest["findings"].as_array().expect("an array");
    findings
        .iter()
        .map(|it| {
            let fingerprint = it["fingerprint"].as_str().expect("a text");
            (fingerprint, it["result"].as_str().expect("a text"))
        })
        .collect()
}

/// What has one of these results, a line each.
fn lines(retest: &Value, result: &str) -> Vec<String> {
    let findings = retest["findings"].as_array().expect("an array").iter();
    let meant = findings.filter(|it| it["result"] == result);
    meant
        .map(|it| {
            format!(
                "{} {} {} {} {}",
                it["rule"], it["method"], it["url"], it["insertion_point"], it["why"]
            )
        })
        .collect()
}

fn port_of(shop: &Shop) -> u16 {
    shop.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

/// Checks of points, requests and of the whole site, of every way to prove a flaw; all of them would take
/// minutes.
const ACTIVE: &str = "--active=xss-reflected,xss-stored,sqli-error,sqli-union,path-traversal,open-redirect,\
                      crlf-injection,cors-misconfigured,template-injection,upload-unrestricted,backup-files,\
                      access-bypass,trace-method,cache-poisoning,graphql-authorization,host-header";

fn scan(url: &str) -> Value {
    let (code, report, stderr) = json_of(&[
        "scan",
        url,
        ACTIVE,
        "--allow-unsafe",
        "--max-rps",
        "2000",
        "--fail-on",
        "never",
        "--json",
    ]);
    assert_eq!(code, 0, "{stderr}");
    report
}

fn retest_all(report: &str) -> (i32, Value, String) {
    json_of(&["retest", report, "--all", "--allow-unsafe", "--max-rps", "2000", "--json"])
}

/// Checks that cannot tell anything of the safe twin, and say so: it does not show what was uploaded, and
/// its schema names no query that is worth asking.
const UNSURE: [&str; 2] = ["upload-unrestricted", "graphql-authorization"];

#[test]
fn every_finding_is_still_there_on_the_flawed_shop_and_gone_on_its_safe_twin() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let shop = Shop::flawed();
    let report = scan(&shop.url);
    let found = report["findings"].as_array().expect("an array");
    assert!(found.len() > 30, "{}", found.len());
    let file = write(dir.path(), "run.json", &report.to_string());

    let (code, again, stderr) = retest_all(&file);
    assert_eq!(code, 80, "{stderr}");
    let (gone, unknown) = (lines(&again, "gone"), lines(&again, "not-replayed"));
    assert!(gone.is_empty() && unknown.is_empty(), "gone {gone:#?}, not replayed {unknown:#?}");
    assert_eq!(again["counts"]["still_there"], found.len());

    let port = port_of(&shop);
    drop(shop);
    let twin = Shop::safe_on_port(port);
    let safe = scan(&twin.url);
    let (_, after, stderr) = retest_all(&file);
    let unknown = lines(&after, "not-replayed");
    let there = lines(&after, "still-there");
    let is_unsure = |line: &String| UNSURE.iter().any(|id| line.contains(&format!("\"{id}\"")));
    assert!(unknown.iter().all(is_unsure), "{unknown:#?}\n{stderr}");
    assert!(unknown.len() <= UNSURE.len(), "{unknown:#?}");
    // The twin has some mild ones too, and a scan of it says so.
    let in_twin: Vec<&str> = safe["findings"]
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|it| it["fingerprint"].as_str())
        .collect();
    let judged = results(&after).into_iter().filter(|(_, result)| *result != "not-replayed");
    for (fingerprint, result) in judged {
        let expected = if in_twin.contains(&fingerprint) { "still-there" } else { "gone" };
        assert_eq!(result, expected, "{fingerprint}: {there:#?}");
    }
}

/// A report of a page with a marker, and the rules that see it.
fn marked(dir: &Path, url: &str) -> (String, String, String) {
    let rules = dir.join("rules");
    std::fs::create_dir_all(&rules).expect("writable");
    write(&rules, "marker.yaml", RULE);
    let rules = rules.display().to_string();
    let (_, report, stderr) = json_of(&["scan", url, "--rules", &rules, "--json"]);
    let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{stderr}"));
    let marker = findings.iter().find(|it| it["rule"] == "marker-seen").expect("the marker");
    let id = marker["id"].as_str().expect("a text").to_owned();
    (write(dir, "run.json", &report.to_string()), rules, id)
}

#[test]
fn one_finding_of_a_rule_that_only_looks_takes_the_same_request_again() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = OddServer::answering(PAGE);
    let (report, rules, id) = marked(dir.path(), &server.url());
    let (code, stdout, stderr) = told(&["retest", &report, &id, "--rules", &rules]);
    assert_eq!(code, 80, "{stderr}");
    assert!(stdout.starts_with("still-there"), "{stdout}");
    assert!(stdout.ends_with("0 gone, 1 still there, 0 could not be replayed\n"), "{stdout}");

    let mended = OddServer::answering(PAGE.replace("Marker", "Quiet."));
    let target = mended.url();
    let elsewhere = ["retest", &report, &id, "--rules", &rules, "--target", &target];
    let (code, stdout, stderr) = told(&elsewhere);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let (code, json, _) = json_of(&[&elsewhere[..], &["--json"]].concat());
    assert_eq!((code, &json["findings"][0]["result"]), (0, &Value::from("gone")));
    let schema = shakedown::format::retest::schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.is_valid(&json), "{json}");
    let read = shakedown::format::retest::read(json.to_string().as_bytes()).expect("its own");
    let written: Value =
        serde_json::from_slice(&shakedown::format::retest::write(&read)).expect("JSON");
    assert_eq!(written, json);
}

#[test]
fn what_cannot_be_looked_for_is_83_and_says_why() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = OddServer::answering(PAGE);
    let (report, rules, id) = marked(dir.path(), &server.url());
    let why = |args: &[&str]| {
        let (code, json, stderr) = json_of(&[&["retest", &report, &id, "--json"], args].concat());
        assert_eq!(code, 83, "{json} {stderr}");
        json["findings"][0]["why"].as_str().unwrap_or_default().to_owned()
    };
    assert!(why(&[]).contains("no rule `marker-seen`"), "{}", why(&[]));
    let gone = why(&["--rules", &rules, "--target", "http://127.0.0.1:1/"]);
    assert!(gone.contains("connect_refused"), "{gone}");
}

#[test]
fn a_retest_keeps_to_scope_and_to_what_is_in_the_report() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let server = OddServer::answering(PAGE);
    let (report, _, id) = marked(dir.path(), &server.url());
    let (code, _, stderr) = told(&["retest", &report, &id, "--target", "http://192.0.2.1/"]);
    assert_eq!(code, 85, "{stderr}");
    let (code, _, stderr) = told(&["retest", &report, "SD-nothing"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("has no finding `SD-nothing`"), "{stderr}");
    let (code, _, stderr) = told(&["retest", &report]);
    assert_eq!(code, 2, "{stderr}");
}
