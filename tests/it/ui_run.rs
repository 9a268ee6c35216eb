//! A small `check` as a stream of events, for every test of the views: crawl, load with a warm-up,
//! scan, gates. The target is hostile where it can speak.

use std::collections::BTreeMap;
use std::time::Duration;

use shakedown::model::{
    Confidence, CrawlProgress, Digits, Event, Evidence, EvidenceRole, Exemplar, ExitCode, Failure,
    FailureClass, Finding, FindingStatus, GeneratorWindow, Guessed, Headline, InsertionKind,
    InsertionRef, LoadWindow, Match, MatchPart, Notice, NoticeLevel, Operation, OperationSource,
    Owasp, Phase, Reason, Recorded, RuleMeta, RunInfo, ScanWindow, ScenarioMeta, ScenarioTally,
    ScenarioWindow, SeriesId, SeriesKind, SeriesMeta, SeriesWindow, Severity, Stamped, StopReason,
    Tally, ThresholdResult, Timings, Validity, Verdict,
};

fn millis(value: u64) -> Duration {
    Duration::from_millis(value)
}

fn stamp(events: impl IntoIterator<Item = (u64, Event)>) -> Vec<Stamped> {
    (0..)
        .zip(events)
        .map(|(seq, (at_ms, event))| Stamped { seq, at: millis(at_ms), event })
        .collect()
}

fn run_started(command: &str) -> Event {
    Event::RunStarted(RunInfo {
        version: "0.1.0".to_owned(),
        command: command.to_owned(),
        target: "http://127.0.0.1:8080/".to_owned(),
        started_unix: 1_700_000_000,
        seed: 7,
        plan_hash: "00".to_owned(),
        host: "host".to_owned(),
        authorised_by: None,
        planned: Some(millis(10_000)),
        headline: Headline::default(),
        cost: None,
        part: None,
        zero_unix_ms: None,
        trace_link: None,
    })
}

fn declared() -> Event {
    let series = |id, request: &str, method: &str, path: &str| SeriesMeta {
        kind: SeriesKind::Http,
        tags: std::collections::BTreeMap::new(),
        id: SeriesId(id),
        scenario: "shop".to_owned(),
        request: request.to_owned(),
        method: method.to_owned(),
        path_template: path.to_owned(),
        url: format!("http://127.0.0.1:8080{path}"),
    };
    Event::LoadDeclared {
        scenarios: vec![ScenarioMeta {
            name: "shop".to_owned(),
            executor: "constant-arrival-rate".to_owned(),
            open_model: true,
            warmup: false,
            tags: std::collections::BTreeMap::new(),
            stages: Vec::new(),
        }],
        series: vec![
            series(0, "/", "GET", "/"),
            series(1, "search", "GET", "/search"),
            series(2, "checkout", "POST", "/cart/checkout"),
        ],
    }
}

/// `ok` responses between `base_us` and three times that, and `failed` ones with status 500.
fn tally(ok: u64, failed: u64, base_us: u64) -> Tally {
    let mut tally = Tally::new(Digits::Two);
    tally.requests = ok + failed;
    tally.failed = failed;
    tally.bytes_sent = tally.requests * 100;
    tally.bytes_received = tally.requests * 2000;
    tally.statuses = BTreeMap::from([(200, ok), (500, failed)]);
    tally.statuses.retain(|_, count| *count > 0);
    for step in 0..tally.requests {
        let value = base_us + step * 2 * base_us / tally.requests;
        tally.latency.record_us(value);
        tally.duration.record_us(value);
        tally.phases[5].record_us(value / 2);
        tally.phases[6].record_us(value / 4);
    }
    tally
}

fn load_window(second: u64, warmup: bool) -> Event {
    let mut checkout = tally(10, 2, 60_000);
    checkout.requests += 1;
    checkout.failed += 1;
    checkout.failures.insert(FailureClass::WaitTimeout, 1);
    checkout.exemplars.push(Exemplar {
        at: millis(second * 1000),
        latency: millis(900),
        phases: [
            millis(10),
            Duration::ZERO,
            Duration::ZERO,
            Duration::ZERO,
            millis(1),
            millis(880),
            millis(9),
        ],
        status: Some(200),
        failed: false,
        failure: None,
        trace_id: None,
        span_id: None,
    });
    let window = |series, tally| SeriesWindow { series: SeriesId(series), tally };
    Event::LoadWindow(LoadWindow {
        from: millis(second * 1000),
        to: millis(second * 1000 + 1000),
        warmup,
        series: vec![
            window(0, tally(600 + second * 50, 0, 2_000)),
            window(1, tally(200, 0, 20_000)),
            window(2, checkout),
        ],
        scenarios: vec![ScenarioWindow {
            scenario: 0,
            vus: 40 + second,
            tally: ScenarioTally { dropped: 3, ..ScenarioTally::new(Digits::Two) },
        }],
        generator: GeneratorWindow::default(),
    })
}

fn scan_window(at_ms: u64, progress: CrawlProgress) -> Event {
    let mut duration = shakedown::model::Histogram::new(Digits::Two);
    duration.record(millis(4));
    Event::ScanWindow(ScanWindow {
        from: millis(at_ms - 500),
        to: millis(at_ms),
        requests: 60,
        failed: 1,
        duration,
        progress,
    })
}

fn operation(path: &str, reached: bool) -> Event {
    Event::Operation(Operation {
        method: "GET".to_owned(),
        path_template: path.to_owned(),
        source: OperationSource::Crawl,
        reached,
        skipped: None,
    })
}

fn rule(id: &str, title: &str, severity: Severity) -> RuleMeta {
    RuleMeta {
        id: id.to_owned(),
        title: title.to_owned(),
        severity,
        cwe: vec![89],
        owasp: vec![Owasp("A05:2025".to_owned()), Owasp("A03:2021".to_owned())],
        api: Vec::new(),
        cvss: None,
        why: "Whoever can send this parameter can read the whole database.".to_owned(),
        fix: "Bind the value as a parameter of a prepared statement.".to_owned(),
        references: vec!["https://example.com/reference".to_owned()],
        tags: Vec::new(),
    }
}

/// A finding whose evidence carries terminal escapes.
pub(crate) fn finding(id: &str, title: &str, severity: Severity) -> Finding {
    let response = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n\r\n\
        <p>\x1b[2Jnear \"x\": syntax error in query</p>\n";
    let needle = b"syntax error";
    let offset = response
        .windows(needle.len())
        .position(|window| window == needle)
        .expect("the response has it");
    Finding {
        rule: rule(id, title, severity),
        severity,
        confidence: Confidence::Firm,
        status: FindingStatus::New,
        acceptance: None,
        method: "GET".to_owned(),
        url: "http://127.0.0.1:8080/search?q=shoe".to_owned(),
        path_template: "/search".to_owned(),
        insertion_point: Some(InsertionRef { kind: InsertionKind::Query, name: "q".to_owned() }),
        detail: "A quote made the database complain; two quotes did not.".to_owned(),
        evidence: vec![Evidence {
            role: EvidenceRole::Attack,
            identity: Some("alice".to_owned()),
            request: Recorded {
                data: b"GET /search?q=' HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n".to_vec(),
                truncated: false,
            },
            response: Some(Recorded { data: response.to_vec(), truncated: true }),
            timings: Timings { wait: millis(12), ..Timings::default() },
            highlight: Some(Match { part: MatchPart::Body, offset, length: needle.len() }),
        }],
        payloads: vec!["'".to_owned()],
        reproduce: "curl -i 'http://127.0.0.1:8080/search?q=%27'".to_owned(),
        fingerprint: format!("{id}0123456789abcdef"),
        also: Vec::new(),
        occurrences: 3,
        found_at: None,
    }
}

fn found(id: &str, title: &str, severity: Severity) -> Event {
    Event::Finding(Box::new(finding(id, title, severity)))
}

/// Up to the middle of the load.
pub(crate) fn loading() -> Vec<Stamped> {
    let mut events = vec![
        (0, run_started("check")),
        (1, Event::PhaseStarted(Phase::Crawl)),
        (400, operation("/", true)),
        (401, operation("/search", true)),
        (402, operation("/admin", false)),
        (
            500,
            scan_window(
                500,
                CrawlProgress { fetched: 12, queued: 4, nodes: 9, points_done: 0, points: 0 },
            ),
        ),
        (
            510,
            Event::CrawlFinished {
                nodes: 9,
                urls: 12,
                complete: true,
                skipped: Vec::new(),
                guessed: Guessed::default(),
            },
        ),
        (511, Event::PhaseFinished(Phase::Crawl)),
        (1000, Event::PhaseStarted(Phase::Load)),
        (1000, declared()),
    ];
    events.extend((1..7).map(|second| (second * 1000 + 1000, load_window(second, second == 1))));
    events.push((
        7001,
        Event::Notice(Notice {
            level: NoticeLevel::Warning,
            text: "the target closes connections \u{1b}]0;owned\u{7}after 100 requests".to_owned(),
        }),
    ));
    stamp(events)
}

/// The whole run; a gate of each kind failed.
pub(crate) fn whole() -> Vec<Stamped> {
    let mut events: Vec<(u64, Event)> = loading()
        .into_iter()
        .map(|stamped| (u64::try_from(stamped.at.as_millis()).expect("short"), stamped.event))
        .collect();
    events.extend((7..11).map(|second| (second * 1000 + 1000, load_window(second, false))));
    let gate = |selector: &str, condition: &str, value, pass| ThresholdResult {
        value,
        pass,
        ..ThresholdResult::written(selector, condition, None)
    };
    let reason = |code, text: &str| Reason { code, text: text.to_owned() };
    events.extend([
        (11_001, Event::PhaseFinished(Phase::Load)),
        (11_002, Event::PhaseStarted(Phase::Scan)),
        (11_500, found("header-missing", "Missing security header", Severity::Info)),
        (11_600, found("sqli-error", "SQL injection", Severity::High)),
        (11_700, found("open-redirect", "Open redirect", Severity::Medium)),
        (11_701, found("open-redirect", "Open redirect", Severity::Medium)),
        (
            11_800,
            Event::ScanFailure {
                url: "http://127.0.0.1:8080/slow".to_owned(),
                failure: Failure::new(FailureClass::WaitTimeout, "no response within 30s"),
            },
        ),
        (
            12_000,
            scan_window(
                12_000,
                CrawlProgress { fetched: 16, queued: 0, nodes: 9, points_done: 14, points: 14 },
            ),
        ),
        (12_001, Event::PhaseFinished(Phase::Scan)),
        (12_002, Event::Validity(Validity::default())),
        (
            12_003,
            Event::Thresholds(vec![
                gate("http_req_latency", "p(95)<50", Some(57.5), false),
                gate("http_req_failed", "rate<0.01", Some(0.0025), true),
                gate("findings{severity:>=high}", "count==0", Some(1.0), false),
            ]),
        ),
        (
            12_004,
            Event::Verdict(Verdict {
                pass: false,
                exit_code: ExitCode::FindingsAndThresholds,
                reasons: vec![
                    reason(
                        ExitCode::Findings,
                        "findings{severity:>=high}: count==0 wanted, count is 1",
                    ),
                    reason(
                        ExitCode::Thresholds,
                        "http_req_latency: p(95)<50 wanted, p(95) is 57.5ms",
                    ),
                ],
            }),
        ),
    ]);
    stamp(events)
}

/// A run that somebody stopped while it loaded.
pub(crate) fn interrupted() -> Vec<Stamped> {
    let mut events = loading();
    let seq = events.len() as u64;
    events.push(Stamped {
        seq,
        at: millis(7100),
        event: Event::Stopping(StopReason::Interrupted("SIGINT".to_owned())),
    });
    events
}
