//! What people and machines are shown of a run: every format, on whole, cut and hostile runs.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;
use sha2::Sha256;
use shakedown::format;
use shakedown::model::Facts;
use shakedown::model::Validity;
use shakedown::model::Verdict;
use shakedown::model::format_duration;
use shakedown::model::{
    Digits, Headline, LoadChange, LoadChangeKind, OutputKind, Report, Tally, TimeUnit,
};
use shakedown::report::{RenderError, Style, render, summary};

use crate::fixtures::{interrupted_events, rich_events, rich_report, sqli_finding};

const PLAIN: Style = Style { color: false, unicode: true, width: 100, unit: None };

/// Keys whose values are names of a closed set, numbers in disguise or payloads: everything else
/// in a report may hold foreign text.
const CLOSED: [&str; 23] = [
    "access",
    "cause",
    "expected",
    "sampled",
    "schema_version",
    "severity",
    "rule_severity",
    "confidence",
    "status",
    "role",
    "kind",
    "encoding",
    "type",
    "level",
    "source",
    "class",
    "hdr",
    "part",
    "started",
    "headline",
    "phase",
    "reason",
    "figure",
];

/// The rich run with `text` wherever foreign text can stand.
pub(crate) fn poisoned(text: &str) -> Report {
    fn walk(value: &mut serde_json::Value, key: &str, text: &str) {
        match value {
            serde_json::Value::String(string) if !CLOSED.contains(&key) && key != "phases" => {
                text.clone_into(string);
            }
            serde_json::Value::Array(items) => {
                for item in items {
                    walk(item, key, text);
                }
            }
            serde_json::Value::Object(fields)
                if fields.get("encoding") == Some(&"base64".into()) => {}
            serde_json::Value::Object(fields) if key == "phases" => {
                for (key, value) in fields {
                    walk(value, key, "");
                }
            }
            serde_json::Value::Object(fields) => {
                for (key, value) in fields {
                    walk(value, key, text);
                }
            }
            _ => {}
        }
    }
    let mut report: serde_json::Value =
        serde_json::from_slice(&format::report::write(&rich_report())).expect("JSON");
    let phases = report["phases"].clone();
    walk(&mut report, "", text);
    report["phases"] = phases;
    format::report::read(report.to_string().as_bytes()).expect("still a report")
}

fn text_of(kind: OutputKind, report: &Report) -> String {
    String::from_utf8(render(kind, report).expect("this kind renders")).expect("UTF-8")
}

pub(crate) fn sarif_validator() -> jsonschema::Validator {
    let schema = include_str!("../data/schemas/sarif-schema-2.1.0.json");
    // The published pattern for languages has a bracket too many, which strict engines refuse.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema = serde_json::from_str(&schema).expect("JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

fn dast_validator() -> jsonschema::Validator {
    let schema = include_str!("../data/schemas/gitlab-dast-report-15.0.7.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
}

fn assert_valid(validator: &jsonschema::Validator, text: &str) {
    let instance = serde_json::from_str(text).expect("JSON");
    let problems: Vec<String> = validator
        .iter_errors(&instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn junit_of(report: &Report) -> quick_junit::Report {
    let text = text_of(OutputKind::Junit, report);
    quick_junit::Report::deserialize_from_str(&text).expect("JUnit XML")
}

#[test]
fn any_prefix_of_a_run_renders_in_every_format_and_validates() {
    let events = rich_events();
    let schema = format::report::schema();
    let report_schema = jsonschema::validator_for(&schema).expect("a schema");
    let sarif_schema = sarif_validator();
    let dast_schema = dast_validator();
    let mut report = Report::default();
    for taken in 0..=events.len() {
        if let Some(next) = taken.checked_sub(1) {
            report.apply(&events[next]);
        }
        assert_valid(&report_schema, &text_of(OutputKind::Json, &report));
        assert_valid(&sarif_schema, &text_of(OutputKind::Sarif, &report));
        assert_valid(&dast_schema, &text_of(OutputKind::GitlabDast, &report));
        for kind in [OutputKind::GitlabLoad, OutputKind::Har] {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&text_of(kind, &report));
            assert!(read.is_ok(), "{kind:?} after {taken} events");
        }
        assert!(text_of(OutputKind::Html, &report).ends_with("</html>"));
        assert_eq!(junit_of(&report).errors > 0, taken < events.len(), "after {taken} events");
        let csv = text_of(OutputKind::Csv, &report);
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<_> = rows.records().map(|row| row.expect("CSV")).collect();
        assert_eq!(rows.len(), report.endpoints.len());
        let markdown = text_of(OutputKind::Markdown, &report);
        let terminal = summary(&report, PLAIN);
        let whole = taken == events.len();
        assert_eq!(markdown.contains("no verdict"), !whole);
        assert_eq!(terminal.contains("there is no verdict"), !whole);
    }
}

#[test]
fn an_event_log_cannot_be_made_from_a_report() {
    assert_eq!(render(OutputKind::Jsonl, &rich_report()), Err(RenderError::EventLog));
}

#[test]
fn hostile_text_in_html_stays_text() {
    let attack = "</pre></style></title><script>alert(1)</script><img src=x onerror=alert(1)>\
                  \"'><svg/onload=alert(1)><a href=javascript:alert(1)>{{ 7919*7907 }}";
    let page = text_of(OutputKind::Html, &poisoned(attack));
    let parsed = scraper::Html::parse_document(&page);
    assert_eq!(parsed.errors.len(), 0, "{:?}", parsed.errors);
    let select = |css: &str| {
        parsed.select(&scraper::Selector::parse(css).expect("a selector")).collect::<Vec<_>>()
    };
    assert!(select("img, iframe, object, embed, base, link, [style]").is_empty());
    assert_eq!(select("style").len(), 1);
    // The figures of the plots, and the page's own.
    assert_eq!(select("script").len(), 2);
    for element in select("*") {
        for (name, value) in element.value().attrs() {
            assert!(!name.starts_with("on"), "{name}={value}");
            assert!(name != "href" || value.starts_with('#'), "{name}={value}");
        }
    }
    let body = select("body")[0].text().collect::<String>();
    assert!(body.contains("<script>alert(1)</script>"));
    assert!(!body.contains("62615533"), "a template ran in foreign text");
}

#[test]
fn html_allows_its_own_script_and_nothing_else_and_is_small() {
    let page = text_of(OutputKind::Html, &rich_report());
    let parsed = scraper::Html::parse_document(&page);
    let policy =
        scraper::Selector::parse("meta[http-equiv=Content-Security-Policy]").expect("valid");
    let policy = parsed.select(&policy).next().expect("a policy");
    let policy = policy.value().attr("content").expect("with content");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    let select = |css: &str| scraper::Selector::parse(css).expect("valid");
    for (css, directive) in [("script:not([type])", "script-src"), ("style", "style-src")] {
        let text = parsed.select(&select(css)).next().expect("there is one").text();
        let hash = STANDARD.encode(Sha256::digest(text.collect::<String>().as_bytes()));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{policy}");
    }
    let empty = text_of(OutputKind::Html, &Report::default());
    assert!(empty.len() < 300 * 1024, "{} bytes without data", empty.len());
}

/// The page as it is once everything in it is unfolded: with a script that is text until then.
fn unfolded(report: &Report) -> scraper::Html {
    let page = text_of(OutputKind::Html, report);
    let tags = ["<noscript>", "</noscript>"];
    scraper::Html::parse_document(&tags.iter().fold(page, |page, tag| page.replace(tag, "")))
}

/// The figures that the plots are drawn from.
fn plotted(report: &Report) -> serde_json::Value {
    let page = unfolded(report);
    let data = scraper::Selector::parse("#plot-data").expect("valid");
    let text = page.select(&data).next().expect("plots").text().collect::<String>();
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn stages_changes_and_findings_are_marked_where_they_happened() {
    let mut report = rich_report();
    let keys = |report: &Report| -> Vec<(String, f64)> {
        let marks = plotted(report)["marks"].as_array().expect("a list").clone();
        let of = |mark: &serde_json::Value| {
            (mark["key"].as_str().expect("text").to_owned(), mark["at"].as_f64().expect("seconds"))
        };
        marks.iter().map(of).collect()
    };
    let start = report.timeline[0].from.as_secs_f64();
    let stages: Vec<f64> = keys(&report).iter().map(|(_, at)| at - start).collect();
    assert_eq!(stages, [0.0, 5.0, 5.0, 13.0]);
    report.findings[0].found_at = Some(Duration::from_secs(9));
    report.findings[1].found_at = Some(Duration::from_secs(3600));
    let found = keys(&report);
    assert!(found.contains(&("F1".to_owned(), 9.0)), "{found:?}");
    assert!(!found.iter().any(|(key, _)| key == "F2"), "what was found later is on no plot");
    let middle = report.timeline[report.timeline.len() / 2].from;
    let after_the_end = report.timeline.last().expect("windows").to + Duration::from_secs(1);
    for at in [middle, after_the_end] {
        let kind = LoadChangeKind::Rate { factor: 1.5, per_second: 75.0 };
        let by = "<b>the control socket".to_owned();
        report.changes.push(LoadChange { at, by, scenario: None, kind });
    }
    let changes = keys(&report).iter().filter(|(key, _)| key.starts_with('C')).count();
    assert_eq!(changes, 1, "one came after the end");
    let page = unfolded(&report);
    let list = scraper::Selector::parse(".marks li").expect("valid");
    let list: Vec<String> = page.select(&list).map(|item| item.text().collect()).collect();
    let change = list.iter().find(|text| text.contains("C1")).expect("it is in the list");
    assert!(change.contains("rate 150% of the plan"), "{change}");
    assert!(change.contains("by <b>the control socket"), "{change}");
}

#[test]
fn a_reference_that_is_no_web_address_is_no_link() {
    let mut finding = sqli_finding();
    finding.rule.references = vec!["javascript:alert(1)".to_owned(), "https://ok.test/".to_owned()];
    let report = Report { findings: vec![finding], ..rich_report() };
    let parsed = unfolded(&report);
    let links = scraper::Selector::parse("a").expect("valid");
    let links = parsed.select(&links).filter_map(|a| a.value().attr("href"));
    let links: Vec<_> = links.filter(|link| !link.starts_with('#')).collect();
    assert_eq!(links, ["https://ok.test/"]);
}

#[test]
fn evidence_marks_the_match_and_survives_a_place_that_is_not_there() {
    let marked = |report: &Report| -> Vec<String> {
        let parsed = unfolded(report);
        let mark = scraper::Selector::parse("mark").expect("valid");
        let all = parsed.select(&mark).map(|mark| mark.text().collect::<String>());
        all.filter(|text| !text.is_empty()).collect()
    };
    let mut finding = sqli_finding();
    let only = |finding| Report { findings: vec![finding], ..Report::default() };
    assert_eq!(marked(&only(finding.clone())), ["syntax error"]);
    for (offset, length) in [(usize::MAX, 1), (0, usize::MAX), (10_000, 3)] {
        let place = finding.evidence[1].highlight.as_mut().expect("there is one");
        (place.offset, place.length) = (offset, length);
        assert!(marked(&only(finding.clone())).is_empty());
    }
}

#[test]
fn nothing_foreign_reaches_the_terminal_as_a_control() {
    let attack = "a\x1b[2J\x1b]0;title\x07\r\n\u{9b}31m\u{202e}\u{0}b";
    // So wide that no line is wrapped: an added line is a foreign one.
    let wide = Style { width: 10_000, ..PLAIN };
    let harmless = summary(&poisoned("x"), wide);
    for unicode in [true, false] {
        let shown = summary(&poisoned(attack), Style { unicode, ..wide });
        let control = shown.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(control, None);
        assert_eq!(shown.lines().count(), harmless.lines().count(), "foreign text made a line");
        assert!(unicode || shown.is_ascii());
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let painted = summary(&rich_report(), Style { color: true, ..PLAIN });
    let mut bare = String::new();
    let mut rest = painted.as_str();
    while let Some(start) = rest.find("\x1b[") {
        bare.push_str(&rest[..start]);
        let end = start + rest[start..].find('m').expect("an SGR sequence ends in m");
        rest = &rest[end + 1..];
    }
    bare.push_str(rest);
    assert_eq!(bare, summary(&rich_report(), PLAIN));
    assert_ne!(bare, painted);
}

#[test]
fn one_line_of_a_megabyte_is_cut() {
    let long = "A".repeat(1 << 20);
    let mut finding = sqli_finding();
    finding.detail.clone_from(&long);
    finding.url = format!("http://127.0.0.1/{long}");
    finding.rule.title.clone_from(&long);
    finding.evidence[0].request.data = long.clone().into_bytes();
    let report = Report { findings: vec![finding], ..Report::default() };
    let widest = summary(&report, PLAIN).lines().map(|line| line.chars().count()).max();
    assert!(widest < Some(400), "{widest:?}");
    for kind in [OutputKind::Html, OutputKind::Markdown, OutputKind::Junit] {
        let len = text_of(kind, &report).len() - text_of(kind, &Report::default()).len();
        assert!(len < 64 * 1024, "{kind:?} has {len} bytes more than an empty one");
    }
}

#[test]
fn a_pass_on_figures_in_doubt_is_not_called_valid() {
    let mut report = rich_report();
    report.verdict = Some(Verdict::of(&Facts::default()));
    report.validity = Some(Validity {
        problems: vec!["the generator was late".to_owned()],
        ..Validity::default()
    });
    let shown = summary(&report, PLAIN);
    assert!(shown.contains("exit code 0") && !shown.contains("the run is valid"), "{shown}");
    report.validity = Some(Validity::default());
    assert!(summary(&report, PLAIN).contains("the run is valid"));
}

#[test]
fn a_pass_without_a_gate_is_not_called_one_by_gates_in_any_format() {
    let mut report = rich_report();
    report.verdict = Some(Verdict::of(&Facts::default()));
    report.validity = Some(Validity::default());
    let told = |report: &Report| {
        let page = scraper::Html::parse_document(&text_of(OutputKind::Html, report));
        let verdict = scraper::Selector::parse("#verdict").expect("a selector");
        let page: String = page.select(&verdict).flat_map(|it| it.text()).collect();
        let markdown = text_of(OutputKind::Markdown, report);
        [summary(report, Style { width: 200, ..PLAIN }), markdown, page]
    };
    for text in told(&report) {
        assert!(text.contains("every gate passed"), "{text}");
    }
    report.thresholds.clear();
    for text in told(&report) {
        assert!(text.contains("no finding fails the run; no threshold was set"), "{text}");
    }
    report.rules.clear();
    for text in told(&report) {
        assert!(text.contains("the run is valid; no gate was set"), "{text}");
    }
}

#[test]
fn summary_of_a_narrow_terminal_stays_within_it() {
    let report = rich_report();
    let shown = summary(&report, Style { color: false, unicode: true, width: 80, unit: None });
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

#[test]
fn closed_model_has_no_latency_row() {
    let mut report = rich_report();
    report.scenarios.retain(|(meta, _)| !meta.open_model);
    let shown = summary(&report, PLAIN);
    assert!(!shown.contains("\n  latency "), "{shown}");
    assert!(shown.contains("\n  duration "), "{shown}");
}

#[test]
fn the_latency_that_the_user_chose_stands_first() {
    let mut report = rich_report();
    let place =
        |text: &str, what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
    for (headline, first, second) in [
        (Headline::Latency, "latency ", "duration "),
        (Headline::Duration, "duration ", "latency "),
    ] {
        report.run.as_mut().expect("it has begun").headline = headline;
        let shown = summary(&report, PLAIN);
        let (first, second) = (format!("\n  {first}"), format!("\n  {second}"));
        assert!(place(&shown, &first) < place(&shown, &second), "{shown}");
        assert!(shown.contains(&format!("endpoint ({})", headline.as_str())), "{shown}");
        let first_p95 = headline.of(&report.endpoints[0].total).quantile(0.95);
        let first_p95 = format_duration(first_p95.expect("it was requested"));
        let row = shown.lines().find(|line| line.starts_with("  GET ")).expect("an endpoint");
        assert!(row.contains(&first_p95), "{row} has no {first_p95}");
        let page = text_of(OutputKind::Html, &report);
        let charts_latency = page.contains("Latency from the intended start");
        assert_eq!(charts_latency, headline == Headline::Latency);
        let comment = text_of(OutputKind::Markdown, &report);
        assert!(comment.contains(headline.title()), "{comment}");
        let bytes = format::report::write(&report);
        assert_eq!(format::report::read(&bytes).expect("a report").preferred(), headline);
    }
}

#[test]
fn times_are_in_the_unit_that_was_asked_for() {
    let style = Style { unit: Some(TimeUnit::Milliseconds), ..PLAIN };
    let shown = summary(&rich_report(), style);
    let row = shown.lines().find(|line| line.starts_with("  latency ")).expect("an open model");
    let times: Vec<&str> = row.split_whitespace().skip(1).collect();
    assert_eq!(times.len(), 9, "{row}");
    assert!(times.iter().all(|time| time.ends_with("ms") && time.contains('.')), "{row}");
    let text = text_of(OutputKind::Text, &rich_report());
    assert_eq!(text, summary(&rich_report(), PLAIN), "a file takes what fits each");
}

#[test]
fn nothing_found_where_nothing_was_looked_for_is_not_praised() {
    let shown = summary(&Report::of(&interrupted_events()), PLAIN);
    assert!(shown.contains("none: no rule has run"), "{shown}");
    let comment = text_of(OutputKind::Markdown, &Report::of(&interrupted_events()));
    assert!(comment.contains("no rule has run") && !comment.contains("no findings"), "{comment}");
    assert!(shown.contains("interrupted: SIGINT received"), "{shown}");
    assert!(shown.contains("exit code 105"), "{shown}");
}

#[test]
fn hostile_text_in_markdown_is_no_markup() {
    let report = poisoned("a | b `c` <img src=x> @user [x](http://evil.test) **d** \\");
    let shown = text_of(OutputKind::Markdown, &report);
    for forbidden in ["<img", "@user", "[x](", "**d**", " | b `c`"] {
        assert!(!shown.contains(forbidden), "{forbidden} in\n{shown}");
    }
    let columns = |line: &str| line.matches('|').count();
    let tables = shown.lines().filter(|line| line.starts_with('|')).collect::<Vec<_>>();
    let rule = tables.iter().filter(|line| line.starts_with("|--") || line.starts_with("| |"));
    let widths: Vec<usize> = rule.map(|line| columns(line)).collect();
    assert!(tables.iter().all(|line| widths.contains(&columns(line))), "{shown}");
}

#[test]
fn cells_that_look_like_formulas_are_text() {
    for attack in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a,\"b\"\n=1"] {
        let csv = text_of(OutputKind::Csv, &poisoned(attack));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        for row in reader.records() {
            for cell in &row.expect("CSV") {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            }
        }
    }
}

#[test]
fn hostile_text_in_junit_is_well_formed() {
    let report = poisoned("a\u{0}\u{1b}[31m]]><!--&<b>\u{ffff}");
    assert!(junit_of(&report).tests > 0);
}

#[test]
fn junit_fails_for_gating_findings_and_failed_gates_only() {
    let failed: Vec<String> = junit_of(&rich_report())
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases)
        .filter(|case| matches!(case.status, quick_junit::TestCaseStatus::NonSuccess { .. }))
        .map(|case| case.name.to_string())
        .collect();
    assert_eq!(
        failed,
        [
            "http_req_duration{request:checkout}: p(95)<300",
            "http_req_latency: p(99)<600 in every 2s",
            "findings{severity:>=high}: count==0",
            "sqli-error"
        ]
    );
}

#[test]
fn a_run_that_proves_nothing_is_red_in_junit() {
    assert_eq!(junit_of(&Report::of(&interrupted_events())).errors, 1);
    assert_eq!(junit_of(&Report::default()).errors, 1);
}

#[test]
fn sarif_is_valid_whatever_stands_in_it() {
    let validator = sarif_validator();
    for text in ["", "\u{0}", "../../etc/passwd", "javascript:x", "http://127.0.0.1:1/a b/../%zz"] {
        assert_valid(&validator, &text_of(OutputKind::Sarif, &poisoned(text)));
    }
}

#[test]
fn gitlab_takes_the_findings_whatever_stands_in_them() {
    let validator = dast_validator();
    let long = "\u{1b}".repeat(20_000);
    for text in ["", "\u{0}", "ftp://", "https://x\u{7}", "javascript:x", "äöü", long.as_str()] {
        assert_valid(&validator, &text_of(OutputKind::GitlabDast, &poisoned(text)));
    }
}

#[test]
fn sarif_locations_are_paths_and_the_url_stands_beside() {
    let sarif: serde_json::Value =
        serde_json::from_str(&text_of(OutputKind::Sarif, &rich_report())).expect("JSON");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "127.0.0.1/search");
    assert_eq!(result["properties"]["url"], "http://127.0.0.1:8080/search?q=lamp");
    assert_eq!(result["webRequest"]["target"], "/search?q=lamp%27");
    assert_eq!(result["webResponse"]["statusCode"], 500);
    assert_eq!(result["partialFingerprints"]["shakedown/v1"], sqli_finding().fingerprint);
    let rule = run.pointer(&format!("/tool/driver/rules/{}", result["ruleIndex"])).expect("a rule");
    assert_eq!(rule["id"], "sqli-error");
    assert_eq!(rule["properties"]["security-severity"], "9.1");
    let accepted: Vec<_> = run["results"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|result| result["suppressions"] != serde_json::json!([]))
        .map(|result| result["ruleId"].clone())
        .collect();
    assert_eq!(accepted, ["open-redirect"]);
    let suppressed = run["results"].as_array().expect("a list").iter();
    let mut reasons = suppressed.filter_map(|one| one["suppressions"][0]["justification"].as_str());
    assert_eq!(
        reasons.next(),
        Some("only the office can reach it (accepted by web team until 2031-12-31)")
    );
}

#[test]
fn sarif_paths_never_leave_the_repository_nor_name_a_scheme() {
    for url in [
        "http://[::1]:8080/a:b/../c",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "",
        "http://h//x",
    ] {
        let mut finding = sqli_finding();
        finding.url = url.to_owned();
        let report = Report { findings: vec![finding], ..Report::default() };
        let sarif: serde_json::Value =
            serde_json::from_str(&text_of(OutputKind::Sarif, &report)).expect("JSON");
        let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a string");
        assert!(!uri.is_empty() && !uri.contains(':') && !uri.starts_with('/'), "{url}: {uri}");
        assert!(uri.split('/').all(|segment| !matches!(segment, "" | "." | "..")), "{url}: {uri}");
    }
}

#[test]
fn sarif_says_whether_the_tool_did_its_work_not_whether_gates_passed() {
    let successful = |report: &Report| {
        let sarif: serde_json::Value =
            serde_json::from_str(&text_of(OutputKind::Sarif, report)).expect("JSON");
        sarif["runs"][0]["invocations"][0]["executionSuccessful"].clone()
    };
    assert_eq!(successful(&rich_report()), true, "exit code 81 is a result");
    assert_eq!(successful(&Report::of(&interrupted_events())), false);
    assert_eq!(successful(&Report::default()), false);
}

#[test]
fn load_that_never_got_an_answer_says_so_without_empty_tables() {
    let mut report = rich_report();
    for endpoint in &mut report.endpoints {
        endpoint.total = Tally::new(Digits::Three);
    }
    let shown = summary(&report, PLAIN);
    assert!(shown.contains("no request was counted"), "{shown}");
    assert!(!shown.contains("p99.9"), "{shown}");
}
