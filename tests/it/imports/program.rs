//! `shakedown import`, as it is used.

use crate::program::{told, write};

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
