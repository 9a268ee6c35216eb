//! `shakedown import`, as it is used.

use crate::program::{Shop, told, write};

const SPEC: &str = "openapi: 3.0.0\nservers: [ { url: 'http://127.0.0.1:1' } ]\npaths:\n  \
                    /a: { get: {}, post: {}, trace: {} }\n";

#[test]
fn a_plan_is_written_once_and_warnings_go_to_standard_error() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let spec = write(dir.path(), "spec.yml", SPEC);
    let plan = dir.path().join("plan.yml").display().to_string();
    let (code, stdout, stderr) = told(&["import", &spec, "-o", &plan]);
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    assert!(stderr.contains("spec.yml#/paths/~1a/trace: TRACE /a"), "{stderr}");
    assert!(stderr.contains("imported 2 requests from OpenAPI, 1 of them not enabled"), "{stderr}");
    let written = std::fs::read_to_string(&plan).expect("written");
    assert!(written.starts_with("# Imported from spec.yml (OpenAPI 3.0.0)."), "{written}");
    let (code, _, stderr) = told(&["import", &spec, "-o", &plan]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--force"), "{stderr}");
    assert_eq!(told(&["import", &spec, "-o", &plan, "--force"]).0, 0);
    let (code, stdout, _) = told(&["import", &spec, "-Q"]);
    assert_eq!((code, stdout), (0, written));
}

#[test]
fn what_cannot_be_imported_has_its_code_and_its_place() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let cut = write(dir.path(), "cut.json", "{\n  \"openapi\": \"3.0.0\",\n  \"paths\": {");
    let (code, _, stderr) = told(&["import", &cut]);
    assert_eq!(code, 104);
    assert!(stderr.contains("cut.json:3:12: not JSON: EOF"), "{stderr}");
    let bytes = dir.path().join("bytes.yml");
    std::fs::write(&bytes, b"openapi: 3.0.0\nx: \xff\n").expect("written");
    let (code, _, stderr) = told(&["import", &bytes.display().to_string()]);
    assert_eq!(code, 104);
    assert!(stderr.contains("bytes.yml:2:4: not UTF-8"), "{stderr}");
    let (code, _, stderr) = told(&["import", "no-such-file.yml"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("reading no-such-file.yml"), "{stderr}");
    let (code, _, stderr) = told(&["import", &cut, "--format", "soap"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("openapi"), "{stderr}");
}

/// A description of a part of the shop at `url`.
fn shop(url: &str) -> String {
    format!(
        "openapi: 3.0.0\nservers: [ {{ url: '{url}' }} ]\npaths:\n  /: {{ get: {{}} }}\n  \
         /products: {{ get: {{}} }}\n  /cart/add: {{ post: {{}} }}\n"
    )
}

#[test]
fn load_and_scan_take_the_same_file_directly() {
    let shop_at = Shop::safe();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let spec = write(dir.path(), "shop.yml", &shop(&shop_at.url));
    let report = dir.path().join("run.json").display().to_string();
    let json = format!("--json={report}");
    let (code, _, stderr) = told(&["load", &spec, "-n", "40", "-c", "2", "--seed", "1", &json]);
    assert_eq!(code, 0, "{stderr}");
    let text = std::fs::read_to_string(&report).expect("written");
    let run: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let paths: Vec<&str> = run["endpoints"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|endpoint| endpoint["path_template"].as_str())
        .collect();
    assert_eq!(paths, ["/", "/products"], "what changes something is not sent");
    let (code, _, stderr) =
        told(&["scan", &spec, "--max-urls", "8", "--depth", "1", "--fail-on", "never", &json]);
    assert_eq!(code, 0, "{stderr}");
    let text = std::fs::read_to_string(&report).expect("written");
    let run: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let operations = run["coverage"]["operations"].as_array().expect("a list");
    let of = |path: &str| {
        operations.iter().find(|operation| operation["path_template"] == path).expect("known")
    };
    assert_eq!(of("/products")["reached"], true);
    assert_eq!(of("/cart/add")["reached"], false);
    let why = of("/cart/add")["skipped"].as_str().expect("a reason");
    assert!(why.contains("enabled: false"), "{why}");
}

#[test]
fn a_file_without_anything_to_send_is_a_usage_error() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let options = write(dir.path(), "k6.json", "{ \"vus\": 1, \"duration\": \"1s\" }");
    let (code, _, stderr) = told(&["load", &options]);
    assert_eq!(code, 2);
    assert!(stderr.contains("`k6 options`, which names no requests"), "{stderr}");
    let only =
        "openapi: 3.0.0\nservers: [ { url: 'http://127.0.0.1:1' } ]\npaths: { /: { post: {} } }\n";
    let only = write(dir.path(), "only.yml", only);
    let (code, _, stderr) = told(&["load", &only, "-n", "1"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--enable-unsafe"), "{stderr}");
    let (code, _, stderr) = told(&["load", &only, "-d", "x"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("-d is for a URL"), "{stderr}");
}

#[test]
fn a_secret_that_is_not_set_is_told_before_anything_is_sent() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let command =
        write(dir.path(), "c.sh", "curl -H 'Authorization: Bearer abc' http://127.0.0.1:1/\n");
    let (code, _, stderr) = told(&["load", &command, "-n", "1"]);
    assert_eq!(code, 104);
    assert!(stderr.contains("`TOKEN` is not set") && !stderr.contains("abc"), "{stderr}");
}

#[test]
fn a_plan_that_is_not_right_yet_is_written_and_told() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let options = "{ \"scenarios\": { \"a\": { \"executor\": \"constant-vus\", \"vus\": \"many\", \"duration\": \"1s\" } } }";
    let options = write(dir.path(), "k6.json", options);
    let plan = dir.path().join("plan.yml").display().to_string();
    let (code, _, stderr) = told(&["import", &options, "-o", &plan]);
    assert_eq!(code, 104, "{stderr}");
    assert!(stderr.contains("expected a whole number") && stderr.contains("plan.yml:"), "{stderr}");
    assert!(std::path::Path::new(&plan).exists());
}
