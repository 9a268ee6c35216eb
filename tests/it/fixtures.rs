//! One rich run, made by hand: every kind of event, figures of a plausible shop on loopback.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use shakedown::model::{
    ANONYMOUS, Acceptance, Access, AccessCell, AccessMatrix, AccessRow, Bottleneck,
    BottleneckCause, CacheState, Certainty, Change, ChangeKind, CheckCount, ComparedFigure,
    ComparedRun, Comparison, ComparisonLimits, Confidence, Cost, CrawlProgress, Digits, Event,
    Evidence, EvidenceRole, Exemplar, Facts, Failure, FailureClass, Finding, FindingChange,
    FindingChangeKind, FindingStatus, GeneratorWindow, Guessed, Headline, Histogram, InsertionKind,
    InsertionRef, InteractionRecord, LeftOut, LoadChange, LoadChangeKind, LoadTotals, LoadWindow,
    MachineUse, Match, MatchPart, MessageTally, Notice, NoticeLevel, Observed, Operation,
    OperationSource, Owasp, Phase, Recorded, RefusedTemplate, Report, RuleMeta, RuleOutcome,
    RunInfo, SampledRequest, ScanWindow, ScenarioMeta, ScenarioTally, ScenarioWindow, SeriesId,
    SeriesKind, SeriesMeta, SeriesWindow, ServerTime, SessionReport, Severity, Signals, Since,
    SiteAnswer, SiteExample, SiteNode, SiteParameter, SkipReason, StageMeta, Stamped, StopReason,
    Subject, Tally, Target, TemplateClass, TemplateLibrary, TemplateResult, TemplateTraffic,
    ThresholdResult, Timings, Usage, Validity, Verdict, fingerprint,
};

const ORIGIN: &str = "http://127.0.0.1:8080";

/// A whole run: crawl, warm-up, load in both models, scan, gates, verdict.
pub(crate) fn rich_events() -> Vec<Stamped> {
    static EVENTS: LazyLock<Vec<Stamped>> = LazyLock::new(whole_run);
    EVENTS.clone()
}

/// A folder of which one file is wrong, and some were not asked for.
fn template_library() -> TemplateLibrary {
    TemplateLibrary {
        files: 12,
        templates: 7,
        workflows: 1,
        left_out: vec![("excluded-tag".to_owned(), 3), ("syntax".to_owned(), 1)],
        refused: vec![RefusedTemplate {
            path: "templates/odd.yaml".to_owned(),
            line: 4,
            column: 5,
            reason: "syntax".to_owned(),
            message: "unknown key `metod`, did you mean `method`?".to_owned(),
            is_wrong: true,
        }],
    }
}

/// What the others sent.
fn template_traffic() -> TemplateTraffic {
    TemplateTraffic {
        requests: 9,
        unanswered: 1,
        shared: 2,
        unsent: vec![("out-of-scope".to_owned(), 1)],
        untold: 0,
    }
}

/// What a template with payloads found, proved by a call.
fn template_result() -> TemplateResult {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    TemplateResult {
        template: TemplateClass {
            id: "status-page".to_owned(),
            called: None,
            path: "templates/status-page.yaml".to_owned(),
            name: "Status page".to_owned(),
            authors: words(&["ann"]),
            tags: words(&["exposure", "status"]),
            description: "It names versions.".to_owned(),
            impact: "Attackers know what to look for.".to_owned(),
            remediation: "Close it.".to_owned(),
            references: words(&["https://www.rfc-editor.org/rfc/rfc9110"]),
            severity: Some(Severity::Low),
            metadata: vec![("max-request".to_owned(), "2".to_owned())],
            cve_ids: Vec::new(),
            cwe_ids: words(&["cwe-200"]),
            cvss_metrics: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N".to_owned(),
            cvss_score: Some(5.3),
            epss_score: None,
            epss_percentile: None,
            cpe: String::new(),
        },
        protocol: "http".to_owned(),
        target: format!("{ORIGIN}/"),
        origin: Target::parse(ORIGIN).expect("a constant").origin,
        matched_at: format!("{ORIGIN}/status?full"),
        matcher_name: Some("full".to_owned()),
        extractor_name: None,
        point: Some(InsertionRef { kind: InsertionKind::Query, name: "full".to_owned() }),
        extracted: words(&["1.2.3"]),
        payloads: vec![("page".to_owned(), "status".to_owned())],
        ip: Some(std::net::Ipv4Addr::LOCALHOST.into()),
        request: "GET /status?full HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n".to_owned(),
        response: "HTTP/1.1 200 OK\r\n\r\nversion 1.2.3".to_owned(),
        curl: format!("curl -i '{ORIGIN}/status?full'"),
        unix_ms: 1_929_000_001_207,
        analysis: Some("xss-reflected in HTMLBody".to_owned()),
        interaction: Some(InteractionRecord {
            protocol: "http".to_owned(),
            request: "GET /c1 HTTP/1.1".to_owned(),
            response: "HTTP/1.1 200 OK".to_owned(),
            remote: "127.0.0.1:50123".to_owned(),
        }),
    }
}

fn whole_run() -> Vec<Stamped> {
    let mut log = Log::default();
    log.at(0, Event::RunStarted(run_info()));
    crawl(&mut log);
    load(&mut log);
    scan(&mut log);
    log.at(31_480, Event::Validity(Validity::default()));
    log.at(31_481, Event::Bottlenecks(bottlenecks()));
    log.at(31_481, Event::Comparison(Box::new(comparison())));
    log.at(31_481, Event::Thresholds(thresholds()));
    log.at(31_482, Event::Verdict(verdict()));
    log.0
}

/// The fold of [`rich_events`].
pub(crate) fn rich_report() -> Report {
    Report::of(&rich_events())
}

/// [`rich_events`] stopped by the user in the middle of load, as the pump would end it.
pub(crate) fn interrupted_events() -> Vec<Stamped> {
    let mut log = Log(rich_events());
    let windows = log.0.iter().filter(|stamped| matches!(stamped.event, Event::LoadWindow(_)));
    let last = windows.map(|stamped| stamped.seq).nth(9).expect("twenty windows");
    log.0.truncate(usize::try_from(last).expect("small") + 1);
    let at = u64::try_from(log.0.last().expect("not empty").at.as_millis()).expect("small");
    for (after, kind) in [
        (1, LoadChangeKind::Rate { factor: 1.5, per_second: 75.0 }),
        (2, LoadChangeKind::Vus { factor: 0.5, vus: 4 }),
        (3, LoadChangeKind::Paused),
        (4, LoadChangeKind::Resumed),
    ] {
        let by = "the user".to_owned();
        // One of them is of one scenario alone.
        let scenario = (after == 2).then(|| "browse".to_owned());
        let at_time = Duration::from_millis(at + after + 100);
        let change = LoadChange { at: at_time, by, scenario, kind };
        log.at(at + after, Event::LoadChanged(change));
    }
    let reason = "SIGINT received".to_owned();
    log.at(at + 10, Event::Stopping(StopReason::Interrupted(reason.clone())));
    let facts = Facts { interrupted: vec![reason], ..Facts::default() };
    log.at(at + 400, Event::Verdict(Verdict::of(&facts)));
    log.0
}

#[derive(Default)]
struct Log(Vec<Stamped>);

impl Log {
    fn at(&mut self, millis: u64, event: Event) {
        let seq = self.0.len() as u64;
        self.0.push(Stamped { seq, at: Duration::from_millis(millis), event });
    }
}

pub(crate) fn run_info() -> RunInfo {
    RunInfo {
        version: "0.1.0".to_owned(),
        command: "check".to_owned(),
        target: format!("{ORIGIN}/"),
        started_unix: 1_767_268_800,
        seed: 42,
        plan_hash: "9f2c4a61d0b7e35886aa1f0c5d3e7b9264f80e1d2c3b4a5968778695a4b3c2d1".to_owned(),
        host: "build-7".to_owned(),
        authorised_by: None,
        planned: Some(Duration::from_secs(25)),
        headline: Headline::default(),
        cost: Some(Cost {
            instances: 4,
            price_per_hour: 0.17,
            currency: "USD".to_owned(),
            serverless: None,
            egress: None,
        }),
        part: None,
        zero_unix_ms: None,
        trace_link: None,
    }
}

/// Latencies around `typical_us` with a long tail: the same for every run.
struct Draw(u64);

impl Draw {
    fn next(&mut self, typical_us: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let share = (self.0 >> 33) % 1000;
        let tail = if share > 985 { typical_us * (share - 980) } else { 0 };
        typical_us * (600 + share) / 1000 + tail / 4
    }
}

/// What a series looks like: name, method, template, url, typical latency, requests per window.
const SERIES: [(&str, &str, &str, &str, &str, u64, u64); 5] = [
    ("browse", "home", "GET", "/", "/", 3_200, 60),
    ("browse", "search", "GET", "/search", "/search?q=lamp", 41_000, 60),
    ("browse", "item", "GET", "/items/{id}", "/items/42", 6_900, 50),
    ("buy", "checkout", "POST", "/cart/checkout", "/cart/checkout", 118_000, 18),
    ("browse", "prices", "GET", "/prices", "/prices", 2_400, 4),
];

fn series_meta() -> Vec<SeriesMeta> {
    SERIES
        .iter()
        .zip(0..)
        .map(|((scenario, request, method, template, url, ..), id)| SeriesMeta {
            id: SeriesId(id),
            scenario: (*scenario).to_owned(),
            request: (*request).to_owned(),
            method: (*method).to_owned(),
            path_template: (*template).to_owned(),
            url: format!("{ORIGIN}{url}"),
            tags: std::collections::BTreeMap::from([("tier".to_owned(), "critical".to_owned())]),
            kind: if *request == "prices" { SeriesKind::WebSocket } else { SeriesKind::Http },
        })
        .collect()
}

fn scenario_meta() -> Vec<ScenarioMeta> {
    let seconds = Duration::from_secs;
    let meta = |name: &str, executor: &str, open_model, stages: &[(u64, u64, f64)]| {
        let stage = |(from, length, target): &(u64, u64, f64)| StageMeta {
            from: seconds(*from),
            length: seconds(*length),
            target: *target,
        };
        ScenarioMeta {
            name: name.to_owned(),
            executor: executor.to_owned(),
            open_model,
            warmup: name == "warm",
            tags: std::collections::BTreeMap::new(),
            stages: stages.iter().map(stage).collect(),
        }
    };
    vec![
        meta("warm", "constant-arrival-rate", true, &[(0, 5, 20.0)]),
        meta("browse", "ramping-arrival-rate", true, &[(5, 8, 50.0), (13, 12, 50.0)]),
        meta("buy", "constant-vus", false, &[(5, 20, 4.0)]),
    ]
}

fn crawl(log: &mut Log) {
    log.at(2, Event::PhaseStarted(Phase::Crawl));
    let operations = [
        ("GET", "/", true, None),
        ("GET", "/search", true, None),
        ("GET", "/items/{id}", true, None),
        ("POST", "/cart/checkout", true, None),
        ("GET", "/admin", false, None),
        ("POST", "/account/delete", false, Some("unsafe method, not in `allow_unsafe`")),
    ];
    for (step, (method, template, reached, skipped)) in (0..).zip(operations) {
        let operation = Operation {
            method: method.to_owned(),
            path_template: template.to_owned(),
            source: if step < 4 { OperationSource::Plan } else { OperationSource::Crawl },
            reached,
            skipped: skipped.map(str::to_owned),
        };
        log.at(20 + step * 15, Event::Operation(operation));
    }
    let [method, from, into] = ["GET", "/items/lamp", "/items/{id}"].map(str::to_owned);
    log.at(120, Event::OperationMerged { method, from, into });
    log.at(1_000, Event::ScanWindow(scan_window(0, 48, 0, 7)));
    for path in ["/", "/search?q=tea", "/items/7", "/items/9", "/cart/checkout"] {
        log.at(1_205, Event::UrlFound(format!("{ORIGIN}{path}")));
    }
    log.at(1_206, Event::TemplatesLoaded(Box::new(template_library())));
    log.at(1_207, Event::TemplateResult(Box::new(template_result())));
    log.at(1_208, Event::TemplatesFinished(Box::new(template_traffic())));
    for node in crawled_nodes(ORIGIN) {
        log.at(1_209, Event::SiteNode(Box::new(node)));
    }
    let skipped = vec![(SkipReason::Scope, 4), (SkipReason::Unsafe, 1)];
    let guessed = Guessed { asked: 5, right: 3 };
    log.at(1_210, Event::CrawlFinished { nodes: 31, urls: 5, complete: true, skipped, guessed });
    log.at(1_211, Event::PhaseFinished(Phase::Crawl));
}

/// What a crawl leaves of a small shop: a start, a search, items, a form that was not sent, a page
/// for others.
pub(crate) fn crawled_nodes(origin: &str) -> Vec<SiteNode> {
    let node = |method: &str, template: &str, path: &str, status: Option<u16>| SiteNode {
        method: method.to_owned(),
        path_template: template.to_owned(),
        parameters: Vec::new(),
        source: OperationSource::Crawl,
        reached: status == Some(200),
        skipped: None,
        found_on: Some(format!("{origin}/")),
        found_as: Some("link".to_owned()),
        links: 1,
        example: SiteExample {
            url: format!("{origin}{path}"),
            headers: Vec::new(),
            body: Vec::new(),
        },
        answer: status.map(|status| SiteAnswer {
            status,
            headers: vec![("Content-Type".to_owned(), "text/html; charset=utf-8".to_owned())],
            media_type: "text/html".to_owned(),
            body_len: 512,
            at: Duration::from_millis(40),
            duration: Duration::from_micros(1_500),
        }),
    };
    let parameter = |kind, name: &str| SiteParameter { kind, name: name.to_owned() };
    let mut checkout = node("POST", "/cart/checkout", "/cart/checkout", None);
    checkout.skipped = Some("POST may change something".to_owned());
    checkout.found_on = Some(format!("{origin}/items/7"));
    checkout.found_as = Some("form".to_owned());
    checkout.example.headers =
        vec![("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    checkout.example.body = b"item=7&count=2".to_vec();
    checkout.parameters =
        vec![parameter(InsertionKind::Form, "item"), parameter(InsertionKind::Form, "count")];
    let mut search = node("GET", "/search", "/search?q=tea&page=2", Some(200));
    search.links = 12;
    search.parameters =
        vec![parameter(InsertionKind::Query, "q"), parameter(InsertionKind::Query, "page")];
    let mut home = node("GET", "/", "/", Some(200));
    (home.found_on, home.found_as, home.links) = (None, None, 30);
    let mut item = node("GET", "/items/{id}", "/items/7", Some(200));
    item.links = 40;
    vec![home, search, item, checkout, node("GET", "/admin", "/admin", Some(403))]
}

fn scan_window(from_s: u64, requests: u64, failed: u64, points_done: u64) -> ScanWindow {
    let mut draw = Draw(from_s + 9);
    let mut duration = Histogram::new(Digits::Three);
    for _ in 0..requests - failed {
        duration.record_us(draw.next(5_200));
    }
    let progress = CrawlProgress { fetched: 48, queued: 0, nodes: 31, points_done, points: 19 };
    ScanWindow {
        from: Duration::from_secs(from_s),
        to: Duration::from_secs(from_s + 1),
        requests,
        failed,
        duration,
        progress,
    }
}

fn load(log: &mut Log) {
    log.at(1_220, Event::PhaseStarted(Phase::Load));
    log.at(1_221, Event::LoadDeclared { scenarios: scenario_meta(), series: series_meta() });
    let mut totals = LoadTotals {
        elapsed: Duration::from_millis(20_031),
        series: (0..5)
            .map(|id| SeriesWindow { series: SeriesId(id), tally: Tally::new(Digits::Three) })
            .collect(),
        scenarios: (0..3).map(|_| ScenarioTally::new(Digits::Three)).collect(),
        tap_dropped: 3,
    };
    for second in 0..25 {
        let window = window(second, second < 5);
        if !window.warmup {
            for part in &window.series {
                totals.series[part.series.0 as usize].tally.merge(&part.tally);
            }
            for part in &window.scenarios {
                totals.scenarios[part.scenario].merge(&part.tally);
            }
        }
        log.at(2_230 + second * 1_000, Event::LoadWindow(window));
    }
    log.at(
        26_300,
        Event::Notice(Notice {
            level: NoticeLevel::Warning,
            text: "1 of 3 backends is 3 times slower than the others".to_owned(),
        }),
    );
    log.at(
        26_309,
        Event::Session(Box::new(SessionReport {
            identity: Some("alice".to_owned()),
            role: Some("customer".to_owned()),
            logged_in: Some(Duration::from_millis(120)),
            verified: Some("GET /me answered 200".to_owned()),
            last_verified: Some(Duration::from_millis(24_000)),
            logins: 3,
            relogins: 1,
            failed: 1,
            ..SessionReport::new(Phase::Load, "member", "form")
        })),
    );
    log.at(26_310, Event::LoadFinished(totals));
    log.at(26_311, Event::PhaseFinished(Phase::Load));
}

fn window(second: u64, warmup: bool) -> LoadWindow {
    let mut draw = Draw(second * 7 + 1);
    // A slow spell in the middle: what the charts are for.
    let slow = if (12..16).contains(&second) { 3 } else { 1 };
    let from = Duration::from_millis(1_230 + second * 1_000);
    let series: Vec<SeriesWindow> = SERIES
        .iter()
        .zip(0..)
        .map(|(series, id)| {
            let mut tally = tally(&mut draw, series.5 * slow, series.6, from, id == 3);
            if series.1 == "prices" {
                tally.messages = Some(Box::new(messages(second, series.6)));
            }
            SeriesWindow { series: SeriesId(id), tally }
        })
        .collect();
    let mut scenarios = Vec::new();
    for (index, typical, count, vus) in [(1, 52_000 * slow, 50, 24), (2, 118_000 * slow, 18, 6)] {
        let index = if warmup && index == 1 { 0 } else { index };
        let mut tally = ScenarioTally::new(Digits::Two);
        for _ in 0..count {
            let value = draw.next(typical);
            tally.iterations += 1;
            tally.iteration_duration.record_us(value);
            tally.iteration_latency.record_us(value + 400);
            if index == 1 {
                tally.group("::search").record_us(value / 2);
            }
        }
        tally.dropped = u64::from(slow > 1 && index == 1) * 2;
        tally.interrupted = u64::from(second == 24);
        scenarios.push(ScenarioWindow { scenario: index, vus: vus + second % 3, tally });
    }
    let mut generator = GeneratorWindow {
        cpu: 0.23,
        threads: vec![0.21, 0.25],
        machine: MachineUse {
            descriptors: Some(Usage { used: 80 + second, limit: 1024 }),
            ports: Some(Usage { used: 30, limit: 28_232 }),
            time_wait: Some(3),
            memory: Some(21 << 20),
            stolen: Some(0.004),
        },
        ..GeneratorWindow::default()
    };
    for _ in 0..40 {
        generator.schedule_lag.record_us(draw.next(90));
        generator.loop_delay.record_us(draw.next(25));
    }
    LoadWindow { from, to: from + Duration::from_secs(1), warmup, series, scenarios, generator }
}

/// Each session asks ten times, and hears twice as much as it waits for.
fn messages(second: u64, sessions: u64) -> MessageTally {
    let mut draw = Draw(second + 5);
    let mut messages = MessageTally {
        sessions,
        sent: sessions * 10,
        received: sessions * 20,
        ..MessageTally::default()
    };
    for _ in 0..sessions {
        let connecting = draw.next(2_400);
        messages.connecting.record_us(connecting);
        messages.session_duration.record_us(connecting + 900_000);
        for _ in 0..10 {
            messages.latency.record_us(draw.next(850));
        }
    }
    messages
}

fn check(tally: &mut Tally, name: &str, passed: bool) {
    let (passes, fails) = (u64::from(passed), u64::from(!passed));
    let mut part = Tally::new(Digits::Two);
    part.checks.push(CheckCount { name: name.to_owned(), passes, fails });
    tally.merge(&part);
}

fn tally(draw: &mut Draw, typical: u64, count: u64, from: Duration, slow_path: bool) -> Tally {
    let mut tally = Tally::new(Digits::Two);
    let mut all = Tally::new(Digits::Two);
    let mut backends: BTreeMap<&str, Histogram> = BTreeMap::new();
    for step in 0..count {
        let backend = ["app-1", "app-2", "app-3"][usize::try_from(step % 3).expect("under 3")];
        let slower = if backend == "app-3" { 3 } else { 1 };
        let duration = draw.next(typical * slower);
        let timings = timings_of(duration, step == 0);
        let at = from + Duration::from_millis(step * 15);
        tally.requests += 1;
        tally.bytes_sent += 214;
        if slow_path && step == count - 1 {
            add_failure(&mut tally, at, timings);
            continue;
        }
        let status = if slow_path && step % 9 == 8 { 503 } else { 200 };
        if slow_path {
            check(&mut tally, "has an order", status == 200);
            check(&mut tally, "status 200", status == 200);
        }
        tally.failed += u64::from(status == 503);
        *tally.statuses.entry(status).or_default() += 1;
        tally.bytes_received += 3_120 + step;
        tally.connections += u64::from(step == 0);
        tally.duration.record_us(duration);
        if slow_path && status == 200 {
            let answers = tally.answer("status:2xx");
            answers.requests += 1;
            answers.duration.record_us(duration);
        }
        tally.latency.record(timings.total());
        for (trend, value) in tally.phases.iter_mut().zip(timings.phases()) {
            if !value.is_zero() {
                trend.record(value);
            }
        }
        let seen = backends.entry(backend).or_insert_with(|| Histogram::new(Digits::Two));
        seen.record_us(duration);
        tally.sampled.push(SampledRequest {
            at,
            latency: timings.total(),
            phases: timings.phases(),
            status,
            bytes: 3_120 + step,
            signals: Signals {
                server: vec![ServerTime { name: "db".to_owned(), took: timings.wait / 2 }],
                backend: Some(backend.to_owned()),
                cache: (step % 2 == 0).then_some(CacheState::Miss),
                ..Signals::default()
            },
            weight: 1.0,
        });
        all.exemplars.push(Exemplar {
            at,
            latency: timings.total(),
            phases: timings.phases(),
            status: Some(status),
            failed: !(200..400).contains(&status),
            failure: None,
            span_id: None,
            trace_id: Some(format!("4bf92f3577b34da6a3ce{:08}{step:04}", at.as_millis())),
        });
    }
    // Merging keeps the slowest, as it does between shards.
    tally.merge(&all);
    tally.observed = backends
        .into_iter()
        .map(|(value, duration)| Observed {
            header: "x-served-by".to_owned(),
            value: value.to_owned(),
            count: duration.len(),
            duration,
        })
        .collect();
    tally
}

fn timings_of(duration_us: u64, opened: bool) -> Timings {
    let micros = Duration::from_micros;
    let (send, receive) = (12, duration_us / 20);
    Timings {
        queued: micros(40 + duration_us % 160),
        dns: Duration::ZERO,
        connect: if opened { micros(180) } else { Duration::ZERO },
        tls: Duration::ZERO,
        send: micros(send),
        wait: micros(duration_us - send - receive),
        receive: micros(receive),
    }
}

fn add_failure(tally: &mut Tally, at: Duration, timings: Timings) {
    let detail = "no complete response within 5s".to_owned();
    tally.failed += 1;
    *tally.failures.entry(FailureClass::WaitTimeout).or_default() += 1;
    tally.exemplars.push(Exemplar {
        at,
        latency: Duration::from_secs(5),
        phases: timings.phases(),
        status: None,
        failed: true,
        failure: Some((FailureClass::WaitTimeout, detail)),
        trace_id: None,
        span_id: None,
    });
}

fn scan(log: &mut Log) {
    log.at(26_320, Event::PhaseStarted(Phase::Scan));
    for rule in [sqli_rule(), xss_rule(), csp_rule(), redirect_rule()] {
        log.at(26_321, Event::RuleDeclared(rule));
    }
    log.at(27_320, Event::ScanWindow(scan_window(26, 140, 1, 11)));
    log.at(
        27_400,
        Event::ScanFailure {
            url: format!("{ORIGIN}/preview?url=x"),
            failure: Failure::new(FailureClass::WaitTimeout, "no complete response within 30s"),
        },
    );
    for finding in [csp_finding(), sqli_finding(), xss_finding(), redirect_finding()] {
        log.at(28_000, Event::Finding(Box::new(finding)));
    }
    log.at(30_320, Event::ScanWindow(scan_window(29, 96, 0, 19)));
    for (id, requests, matched) in
        [("sqli-error", 120, 2), ("xss-reflected", 88, 1), ("missing-csp", 0, 29)]
    {
        let outcome =
            RuleOutcome { id: id.to_owned(), requests, matched, errors: 0, skipped: None };
        log.at(31_470, Event::RuleFinished(outcome));
    }
    log.at(
        31_471,
        Event::RuleFinished(RuleOutcome {
            id: "open-redirect".to_owned(),
            requests: 0,
            matched: 0,
            errors: 0,
            skipped: Some("the request budget was used up".to_owned()),
        }),
    );
    log.at(31_472, Event::AccessMatrix(Box::new(access_matrix())));
    log.at(31_472, Event::PhaseFinished(Phase::Scan));
}

/// Who may do what: somebody is let in who is to be refused; something is new, and something gone.
fn access_matrix() -> AccessMatrix {
    let row = |path: &str, cells: [(Access, Option<Access>); 3]| AccessRow {
        method: "GET".to_owned(),
        path_template: path.to_owned(),
        cells: cells.map(|(now, expected)| AccessCell { now, expected }).to_vec(),
        is_listed: cells[0].1.is_some(),
    };
    let (deny, allow, same) = (Access::Deny, Access::Allow, Access::Same);
    let as_expected = |access: Access| (access, Some(access));
    AccessMatrix {
        identities: [ANONYMOUS, "alice", "bob"].map(str::to_owned).to_vec(),
        operations: vec![
            row("/export", [(deny, None), (Access::Error, None), (deny, None)]),
            row("/items/{id}", [as_expected(allow), as_expected(same), as_expected(same)]),
            row("/orders/{id}", [as_expected(deny), as_expected(allow), (same, Some(deny))]),
        ],
        left_out: 2,
        is_compared: true,
        vanished: vec!["GET /orders".to_owned()],
    }
}

/// A rule with everything a rule can have.
fn sqli_rule() -> RuleMeta {
    RuleMeta {
        id: "sqli-error".to_owned(),
        title: "SQL injection".to_owned(),
        severity: Severity::High,
        cwe: vec![89],
        owasp: vec![Owasp("A05:2025".to_owned()), Owasp("A03:2021".to_owned())],
        api: vec![Owasp("API8:2023".to_owned())],
        cvss: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N".to_owned()),
        why: "Whoever can change the query reads and writes what the database holds.".to_owned(),
        fix: "Bind values as parameters; never build SQL out of strings.".to_owned(),
        references: vec![
            "https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html"
                .to_owned(),
        ],
        tags: vec!["active".to_owned(), "injection".to_owned()],
    }
}

fn rule(id: &str, title: &str, severity: Severity, cwe: u32) -> RuleMeta {
    RuleMeta {
        id: id.to_owned(),
        title: title.to_owned(),
        severity,
        cwe: vec![cwe],
        owasp: Vec::new(),
        api: Vec::new(),
        cvss: None,
        why: String::new(),
        fix: String::new(),
        references: Vec::new(),
        tags: Vec::new(),
    }
}

fn xss_rule() -> RuleMeta {
    RuleMeta {
        owasp: vec![Owasp("A05:2025".to_owned())],
        cvss: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N".to_owned()),
        why: "Script that an attacker chose runs in the visitor's session.".to_owned(),
        fix: "Escape for the context in which the value stands.".to_owned(),
        ..rule("xss-reflected", "Reflected cross-site scripting", Severity::Medium, 79)
    }
}

fn csp_rule() -> RuleMeta {
    RuleMeta {
        why: "Without a policy every injected script runs.".to_owned(),
        fix: "Send a Content-Security-Policy without `unsafe-inline`.".to_owned(),
        ..rule("missing-csp", "Content-Security-Policy missing", Severity::Low, 693)
    }
}

fn redirect_rule() -> RuleMeta {
    RuleMeta {
        why: "A link to this site can lead anywhere.".to_owned(),
        fix: "Redirect only to paths of this site.".to_owned(),
        ..rule("open-redirect", "Open redirect", Severity::Medium, 601)
    }
}

fn recorded(data: impl Into<Vec<u8>>) -> Recorded {
    Recorded { data: data.into(), truncated: false }
}

fn finding(rule: RuleMeta, confidence: Confidence, path: &str, point: Option<&str>) -> Finding {
    let insertion_point =
        point.map(|name| InsertionRef { kind: InsertionKind::Query, name: name.to_owned() });
    let severity = rule.severity;
    let print = fingerprint(&rule.id, "default", "GET", path, insertion_point.as_ref());
    Finding {
        rule,
        severity,
        confidence,
        status: FindingStatus::New,
        acceptance: None,
        method: "GET".to_owned(),
        url: format!("{ORIGIN}{path}"),
        path_template: path.split('?').next().unwrap_or_default().to_owned(),
        insertion_point,
        detail: String::new(),
        evidence: Vec::new(),
        payloads: Vec::new(),
        reproduce: format!("curl -i '{ORIGIN}{path}'"),
        fingerprint: print,
        also: Vec::new(),
        occurrences: 1,
        found_at: None,
    }
}

/// A finding with everything a finding can have, a response that is no UTF-8 among it.
pub(crate) fn sqli_finding() -> Finding {
    let head = "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n\r\n";
    let body = "<p>near \"'\": syntax error in SELECT name FROM products</p>";
    let response = format!("{head}{body}");
    let offset = response.find("syntax error").expect("it stands there");
    let timings = timings_of(6_100, true);
    let exchange = |role, request: &str, response: Recorded, highlight| Evidence {
        role,
        identity: None,
        request: recorded(request),
        response: Some(response),
        timings,
        highlight,
    };
    let latin1 = b"HTTP/1.1 200 OK\r\n\r\nCaf\xe9".to_vec();
    Finding {
        detail: "A single quote gives a database error, two of them do not.".to_owned(),
        evidence: vec![
            exchange(
                EvidenceRole::Baseline,
                "GET /search?q=lamp HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nCookie: sid=[redacted]\r\n\r\n",
                recorded(latin1),
                None,
            ),
            exchange(
                EvidenceRole::Attack,
                "GET /search?q=lamp%27 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
                Recorded { data: response.into_bytes(), truncated: true },
                Some(Match { part: MatchPart::Body, offset, length: 12 }),
            ),
            Evidence {
                identity: Some("alice".to_owned()),
                response: None,
                ..exchange(
                    EvidenceRole::Replay,
                    "GET /search?q=lamp%27%27 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
                    Recorded::default(),
                    None,
                )
            },
        ],
        payloads: vec!["lamp'".to_owned(), "lamp''".to_owned()],
        reproduce: format!("curl -i -H 'Cookie: sid=$SID' '{ORIGIN}/search?q=lamp%27'"),
        also: Vec::new(),
        occurrences: 2,
        ..finding(sqli_rule(), Confidence::Confirmed, "/search?q=lamp", Some("q"))
    }
}

fn xss_finding() -> Finding {
    let request =
        "GET /search?q=%3Csvg%2Fonload%3Dalert(1)%3E HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
    let response = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>Results for <svg/onload=alert(1)></h1>";
    Finding {
        detail: "The value stands unescaped in element content.".to_owned(),
        evidence: vec![Evidence {
            role: EvidenceRole::Attack,
            identity: None,
            request: recorded(request),
            response: Some(recorded(response)),
            timings: timings_of(5_400, false),
            highlight: Some(Match { part: MatchPart::Body, offset: 61, length: 21 }),
        }],
        payloads: vec!["<svg/onload=alert(1)>".to_owned()],
        ..finding(xss_rule(), Confidence::Firm, "/search?q=lamp", Some("q"))
    }
}

fn csp_finding() -> Finding {
    Finding {
        detail: "29 of 31 pages come without the header.".to_owned(),
        also: Vec::new(),
        occurrences: 29,
        ..finding(csp_rule(), Confidence::Firm, "/", None)
    }
}

fn redirect_finding() -> Finding {
    Finding {
        status: FindingStatus::Accepted,
        acceptance: Some(Acceptance {
            reason: "only the office can reach it".to_owned(),
            owner: "web team".to_owned(),
            expires: "2031-12-31".to_owned(),
        }),
        detail: "`next` decides the Location header.".to_owned(),
        ..finding(redirect_rule(), Confidence::Tentative, "/go?next=%2F", Some("next"))
    }
}

/// One at an endpoint and one at a backend, the latter from the first request on.
fn bottlenecks() -> Vec<Bottleneck> {
    let endpoint = Subject::Endpoint {
        scenario: "load".to_owned(),
        request: "checkout".to_owned(),
        method: "POST".to_owned(),
        path_template: "/cart/checkout".to_owned(),
        group: Some("buy".to_owned()),
    };
    vec![
        Bottleneck {
            cause: BottleneckCause::Contention,
            subject: endpoint,
            backend: None,
            explains_p95: 0.62,
            explains_p99: 0.71,
            since: Some(Since { at: Duration::from_secs(12), rate: 84.5 }),
            certainty: Certainty::High,
            numbers: vec!["the server says that it waited for a lock: 1.2s at its p95".to_owned()],
            advice: "Hold the lock for less.".to_owned(),
        },
        Bottleneck {
            cause: BottleneckCause::Backend,
            subject: Subject::Whole,
            backend: Some("app-3".to_owned()),
            explains_p95: 0.4,
            explains_p99: 0.38,
            since: None,
            certainty: Certainty::Medium,
            numbers: vec!["app-3 answers 33% of the requests".to_owned()],
            advice: "Look at app-3 alone.".to_owned(),
        },
    ]
}

/// A figure of each kind, and something of everything else.
fn comparison() -> Comparison {
    let endpoint = Subject::Endpoint {
        scenario: "load".to_owned(),
        request: "checkout".to_owned(),
        method: "POST".to_owned(),
        path_template: "/cart/checkout".to_owned(),
        group: Some("buy".to_owned()),
    };
    let change = |subject: &Subject, figure, (old, new): (f64, f64), p, kind| Change {
        subject: subject.clone(),
        figure,
        old,
        new,
        change: new / old - 1.0,
        interval: Some((new / old - 1.1, new / old - 0.9)),
        p,
        kind,
    };
    let whole = Subject::Whole;
    let run = |started_unix, requests| ComparedRun {
        target: format!("{ORIGIN}/"),
        started_unix,
        plan_hash: "9f2c4a61".to_owned(),
        requests,
        blocks: 20,
        problems: Vec::new(),
    };
    Comparison {
        old: run(1_767_182_400, 1_910),
        new: run(1_767_268_800, 1_928),
        limits: ComparisonLimits::default(),
        changes: vec![
            change(&whole, ComparedFigure::Median, (39.9, 41.3), 1.0, ChangeKind::Same),
            change(&whole, ComparedFigure::P95, (331.2, 355.3), 0.31, ChangeKind::Noise),
            Change {
                change: 0.021_3,
                interval: None,
                ..change(
                    &whole,
                    ComparedFigure::ErrorRate,
                    (0.0, 0.021_3),
                    0.002,
                    ChangeKind::Worse,
                )
            },
            change(&endpoint, ComparedFigure::P95, (1_655.0, 1_203.2), 0.004, ChangeKind::Better),
        ],
        left_out: vec![LeftOut {
            subject: endpoint,
            figure: Some(ComparedFigure::Throughput),
            reason:
                "too few requests: 18 in the old run and 21 in the new one, 20 are needed in each"
                    .to_owned(),
        }],
        caveats: vec!["the runs came from different machines".to_owned()],
        findings: vec![FindingChange {
            kind: FindingChangeKind::Changed,
            id: "SD-5b1c7f02aa".to_owned(),
            fingerprint: "5b1c7f02aa94d6e3815f0c2b7d9a4e61".to_owned(),
            rule: "header-missing".to_owned(),
            title: "Missing security header".to_owned(),
            severity: Severity::Low,
            confidence: Confidence::Firm,
            status: FindingStatus::Known,
            method: "GET".to_owned(),
            path_template: "/".to_owned(),
            detail: "severity info → low".to_owned(),
        }],
    }
}

fn thresholds() -> Vec<ThresholdResult> {
    let result = |selector: &str, condition: &str, value, pass| ThresholdResult {
        value,
        pass,
        ..ThresholdResult::written(selector, condition, None)
    };
    vec![
        result("http_req_latency", "p(95)<500", Some(355.327), true),
        result("http_req_duration{request:checkout}", "p(95)<300", Some(1_203.2), false),
        ThresholdResult {
            value: Some(733.184),
            worst_from: Some(Duration::from_secs(2)),
            aborted_at: Some(702.463),
            ..ThresholdResult::written(
                "http_req_latency",
                "p(99)<600",
                Some(Duration::from_secs(2)),
            )
        },
        ThresholdResult {
            value: Some(41.3),
            baseline: Some(39.9),
            chance: Some(0.31),
            pass: true,
            ..ThresholdResult::written("http_req_duration|vs(baseline)", "med<+10%", None)
        },
        result("http_req_failed", "rate<0.05", Some(0.021_276_595_744_680_85), true),
        result("findings{severity:>=high}", "count==0", Some(1.0), false),
        result("coverage_operations", "rate>0.6", Some(0.666_666_666_666_666_6), true),
    ]
}

fn verdict() -> Verdict {
    Verdict::of(&Facts {
        findings: vec!["findings{severity:>=high}: count==0 failed: 1".to_owned()],
        thresholds: vec![
            "http_req_duration{request:checkout}: p(95)<300 failed: 1203.2 ms".to_owned(),
        ],
        ..Facts::default()
    })
}
