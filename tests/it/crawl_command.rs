//! `crawl` as its users see it.

use serde_json::Value;

use crate::program::{Shop, told, write};

fn operation<'a>(report: &'a Value, template: &str) -> &'a Value {
    let operations = report["coverage"]["operations"].as_array().expect("an array");
    operations
        .iter()
        .find(|operation| operation["path_template"] == template)
        .unwrap_or_else(|| panic!("no {template} in {operations:?}"))
}

#[test]
fn a_crawl_finds_operations_and_checks_nothing() {
    let shop = Shop::flawed();
    let (code, stdout, stderr) =
        told(&["crawl", &format!("{}/", shop.url), "--json", "--max-rps", "2000"]);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("JSON and nothing else");
    assert_eq!(report["run"]["command"], "crawl");
    assert_eq!(operation(&report, "/product")["reached"], true);
    assert_eq!(report["coverage"]["complete"], true);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(0));
    assert!(stderr.contains("GET     /product\n"), "{stderr}");
    assert!(stderr.contains("operations reached"), "{stderr}");
    assert!(!stderr.contains("findings"), "{stderr}");
}

#[test]
fn bounds_of_the_command_line_hold_and_are_said() {
    let shop = Shop::flawed();
    let (code, stdout, stderr) =
        told(&["crawl", &format!("{}/", shop.url), "--json", "--max-urls", "3"]);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(report["coverage"]["complete"], false);
    assert!(stderr.contains("stopped after 3 URLs"), "{stderr}");
}

#[test]
fn a_plan_without_a_scan_section_is_crawled_with_the_defaults() {
    let shop = Shop::safe();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "version: 1\ntarget: {}\nscope: {{ include: ['^/search'] }}\nrequests: {{ list: {{ get: '/search?q=a' }} }}\n",
        shop.url
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let (code, stdout, stderr) = told(&["crawl", &plan, "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(operation(&report, "/search")["source"], "plan");
    let outside = report["coverage"]["operations"].as_array().expect("an array").iter();
    let outside = outside
        .filter(|one| !one["path_template"].as_str().is_some_and(|it| it.starts_with("/search")));
    assert!(outside.clone().all(|one| one["reached"] == false), "{report}");
    let (code, _, stderr) = told(&["crawl", &plan, "--depth", "2"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("--depth is for a URL"), "{stderr}");
}
