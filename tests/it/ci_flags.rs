//! What a service for CI asks for: every format at once, and exit codes in its own numbers.

use std::path::Path;

use crate::exit_codes::{PAGE, RULE};
use crate::program::{OddServer, told, write};

/// A plan that finds something grave, with a gate of its own.
fn plan(dir: &Path, target: &str, gate: &str) -> String {
    let rules = dir.join("rules");
    std::fs::create_dir_all(&rules).expect("writable");
    write(&rules, "marker.yaml", RULE);
    let text = format!(
        "version: 1
target: {target}
scan: {{ crawl: {{ depth: 1, max_urls: 5 }}, rules: [{}] }}
thresholds: {{ '{gate}': [ 'count==0' ] }}
",
        rules.display()
    );
    write(dir, "plan.yml", &text)
}

#[test]
fn other_styles_of_exit_codes_say_the_same_in_other_numbers() {
    let server = OddServer::answering(PAGE);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let strict = dir.path().join("strict");
    std::fs::create_dir_all(&strict).expect("writable");
    let strict = plan(&strict, &server.url(), "findings{severity:>=high}");
    let plan = plan(dir.path(), &server.url(), "findings{severity:critical}");
    let nobody = "http://127.0.0.1:1/";
    let code = |style: &str, args: &[&str]| told(&[args, &["--exit-code-style", style]].concat()).0;
    for (style, found, failed, broken, usage) in
        [("shakedown", 0, 80, 86, 2), ("simple", 0, 1, 2, 2), ("zap", 2, 1, 3, 3)]
    {
        assert_eq!(code(style, &["scan", &plan]), found, "{style}: findings below the gate");
        assert_eq!(code(style, &["scan", &strict]), failed, "{style}: a gate failed");
        assert_eq!(code(style, &["scan", nobody]), broken, "{style}: nobody answers");
        assert_eq!(code(style, &["scan", "--no-such-flag"]), usage, "{style}: usage");
        assert_eq!(code(style, &["--help"]), 0, "{style}: help is no failure");
    }
}

#[test]
fn ci_writes_every_format_that_has_something_to_say() {
    let server = OddServer::answering(PAGE);
    let bed = tempfile::tempdir().expect("a temporary directory");
    let dir = bed.path().join("out");
    let own = bed.path().join("own.sarif").display().to_string();
    let plan = plan(bed.path(), &server.url(), "findings{severity:critical}");
    let at = dir.display().to_string();
    let (code, stdout, stderr) = told(&["scan", &plan, "--ci", "--ci-dir", &at, "--sarif", &own]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.is_empty() && !stderr.contains('\u{1b}'), "{stdout}");
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .expect("it was made")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let wanted =
        ["gl-dast-report.json", "junit.xml", "metrics.txt", "run.html", "run.json", "run.md"];
    assert_eq!(names, wanted, "no load, and SARIF has a file of its own");
    assert!(Path::new(&own).exists());
}
