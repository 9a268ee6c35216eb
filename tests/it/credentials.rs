//! Credentials that a scan may try, from the command line and from plans.

use serde_json::Value;

use crate::program::Shop;
use crate::program::told;
use crate::program::write;

const LIST: &str = "# as vendors ship them\nroot:root\nadmin:admin\n";

fn found(arguments: &[&str]) -> usize {
    let (_, stdout, stderr) = told(arguments);
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("JSON: {stderr}"));
    let findings = report["findings"].as_array().expect("an array");
    findings.iter().filter(|finding| finding["rule"] == "default-credentials").count()
}

#[test]
fn a_list_is_tried_where_it_is_given_and_nothing_without_one() {
    let shop = Shop::flawed();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let list = write(dir.path(), "list.txt", LIST);
    let url = format!("{}/console", shop.url.trim_end_matches('/'));
    let only = ["--active=default-credentials", "--max-urls", "5", "--json"];
    assert_eq!(found(&[&["scan", &url][..], &only].concat()), 0);
    assert_eq!(found(&[&["scan", &url, "--credentials", &list][..], &only].concat()), 1);
    for (given, count) in [("list.txt", 1), ("[ 'admin:admin' ]", 1), ("[ 'admin:other' ]", 0)] {
        let text = format!(
            "version: 1\ntarget: {url}\nscan:\n  crawl: {{ max_urls: 5 }}\n  \
             active: [default-credentials]\n  credentials: {given}\n"
        );
        let plan = write(dir.path(), "plan.yml", &text);
        assert_eq!(found(&["scan", &plan, "--json"]), count, "{given}");
        assert_eq!(found(&["scan", &plan, "--credentials", &list, "--json"]), 1, "{given}");
    }
}

#[test]
fn a_list_that_cannot_be_used_is_told_before_anything_is_sent() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let list = write(dir.path(), "list.txt", LIST);
    let wrong = write(dir.path(), "wrong.txt", "admin:admin\nadmin\n");
    let url = "http://127.0.0.1:9/";
    let active = "--active=default-credentials";
    for (arguments, code, words) in [
        (vec!["scan", url, "--credentials", &list], 2, "it needs --active"),
        (vec!["scan", url, active, "--credentials", "/nowhere"], 2, "/nowhere"),
        (vec!["scan", url, active, "--credentials", &wrong], 2, "wrong.txt:2:"),
    ] {
        let (ended, _, stderr) = told(&arguments);
        assert_eq!(ended, code, "{stderr}");
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    for (given, words) in [
        ("[ admin ]", "a pair is `user:password`"),
        ("nowhere.txt", "nowhere.txt"),
        ("{ a: b }", "list"),
    ] {
        let text = format!("version: 1\ntarget: {url}\nscan: {{ credentials: {given} }}\n");
        let plan = write(dir.path(), "plan.yml", &text);
        let (ended, _, stderr) = told(&["validate", &plan]);
        assert_eq!(ended, 104, "{given} {stderr}");
        assert!(stderr.contains(words), "{given} {stderr}");
    }
}
