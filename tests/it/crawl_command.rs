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

/// What a crawl of the shop writes there.
fn written(shop: &Shop, outputs: &[&str]) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let url = format!("{}/", shop.url);
    let mut args = vec!["crawl".to_owned(), url, "--max-rps".to_owned(), "2000".to_owned()];
    for output in outputs {
        args.extend(["-o".to_owned(), dir.path().join(output).display().to_string()]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (code, _, stderr) = told(&args);
    assert_eq!(code, 0, "{stderr}");
    (dir, stderr)
}

#[test]
fn what_a_crawl_found_is_loaded_and_scanned_as_it_is() {
    let shop = Shop::flawed();
    let (dir, stderr) = written(&shop, &["plan.yml"]);
    assert!(stderr.contains("plan.yml"), "{stderr}");
    let plan = dir.path().join("plan.yml").display().to_string();
    let text = std::fs::read_to_string(&plan).expect("it was written");
    assert!(text.contains("get: /product"), "{text}");
    assert!(text.contains("# found on /"), "{text}");
    // A form that sends a password in its address is a secret of the plan, which has no value here.
    std::fs::write(&plan, text.replace("${secrets.PASSWORD}", "x")).expect("writable");
    let (code, stdout, stderr) = told(&["load", &plan, "--json", "--no-tui"]);
    assert_eq!(code, 0, "{stderr}\n{text}");
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    let endpoints = report["endpoints"].as_array().expect("an array");
    assert!(endpoints.len() > 5, "{stdout}");
    let failed: Vec<_> = endpoints.iter().filter(|one| one["failed"] != 0).collect();
    assert!(failed.is_empty(), "what answered the crawl answers load: {failed:?}\n{text}");
    let (code, _, stderr) = told(&["scan", &plan, "--json", "--fail-on", "never"]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn unsafe_forms_come_in_with_their_fields_and_are_not_sent() {
    let shop = Shop::flawed();
    let (dir, _) = written(&shop, &["plan.yml"]);
    let text = std::fs::read_to_string(dir.path().join("plan.yml")).expect("written");
    let plan: Value = serde_saphyr::from_str(&text).expect("YAML");
    let requests = plan["requests"].as_object().expect("a mapping");
    let posts: Vec<_> = requests.values().filter(|one| one.get("post").is_some()).collect();
    assert!(!posts.is_empty(), "{text}");
    assert!(posts.iter().all(|one| one["enabled"] == false), "{text}");
    assert!(posts.iter().any(|one| one.get("form").is_some()), "{text}");
    assert!(text.contains("asks for a password"), "{text}");
}

#[test]
fn every_address_that_was_learnt_of_is_listed_once() {
    let shop = Shop::flawed();
    let (dir, _) = written(&shop, &["urls.txt", "site.har", "openapi.yml"]);
    let text = std::fs::read_to_string(dir.path().join("urls.txt")).expect("written");
    let urls: Vec<&str> = text.lines().collect();
    let mut distinct = urls.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(urls.len(), distinct.len(), "{text}");
    assert!(urls.iter().all(|url| url.starts_with(&shop.url)), "{text}");
    // Of a form that is not sent too.
    assert!(urls.iter().any(|url| url.ends_with("/cart/add")), "{text}");
    for file in ["site.har", "openapi.yml"] {
        let path = dir.path().join(file).display().to_string();
        let (code, stdout, stderr) = told(&["import", &path, "-o", "-"]);
        assert_eq!(code, 0, "{file}: {stderr}");
        assert!(stdout.contains("/product"), "{file}: {stdout}");
    }
}

#[test]
fn a_plan_is_written_to_standard_output_and_a_kind_must_be_known() {
    let shop = Shop::safe();
    let url = format!("{}/", shop.url);
    let (code, stdout, stderr) = told(&["crawl", &url, "-o", "plan=-", "--max-rps", "2000"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("# What a crawl found: http://127.0.0.1"), "{stdout}");
    let (code, _, stderr) = told(&["crawl", &url, "-o", "found.dat"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("plan=FILE, openapi=FILE"), "{stderr}");
}

#[test]
fn the_login_of_the_crawl_is_taken_over() {
    let shop = Shop::safe();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        "version: 1\ntarget: {}\nauth: {{ member: {{ form: {{ url: /login, user: alice, password: lantern-Orchard-58 }} }} }}\nscan: {{ as: member }}\n",
        shop.url
    );
    let plan = write(dir.path(), "plan.yml", &text);
    let out = dir.path().join("found.yml").display().to_string();
    let (code, _, stderr) = told(&["crawl", &plan, "-o", &out]);
    let found = std::fs::read_to_string(&out).unwrap_or_default();
    assert_eq!(code, 0, "{stderr}\n{found}");
    assert!(found.contains("as: member"), "{found}");
    let (code, _, stderr) = told(&["load", &out, "--no-tui"]);
    assert_eq!(code, 0, "{stderr}\n{found}");
}
