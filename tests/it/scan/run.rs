//! What a scan tells while it runs: events, rules, passive findings, stops.

use shakedown::model::ControlCommand;
use shakedown::model::Event;
use shakedown::model::Header;
use shakedown::model::Phase;
use shakedown::model::StopToken;
use shakedown::plan::Strength;
use shakedown::scan::Addresses;

use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

/// A rule on responses without a certain header, once per path.
const MISSING: (&str, &str) = (
    "no-x-frame.yaml",
    "id: no-x-frame\ninfo:\n  name: n\n  author: t\n  severity: low\n  description: d\n  \
     remediation: r\n  classification:\n    cwe-id: CWE-1021\npassive:\n  - matchers:\n      - \
     type: dsl\n        dsl: ['is_html && status_code == 200 && !contains(all_headers, \
     \"X-Frame-Options\")']\n",
);

fn with_rule() -> Setup {
    Setup { rules: vec![MISSING], ..Setup::default() }
}

fn place(events: &[Event], wanted: impl Fn(&Event) -> bool) -> usize {
    events.iter().position(wanted).expect("the event is there")
}

#[tokio::test]
async fn phases_come_in_order_and_every_rule_is_declared_and_finished() {
    let scanned =
        scan(with_rule(), |ask| if ask.path == "/" { html("<p>x</p>") } else { not_found() }).await;
    let events = &scanned.events;
    let order = [
        place(events, |it| matches!(it, Event::RuleDeclared(_))),
        place(events, |it| *it == Event::PhaseStarted(Phase::Crawl)),
        place(events, |it| matches!(it, Event::CrawlFinished { .. })),
        place(events, |it| *it == Event::PhaseFinished(Phase::Crawl)),
        place(events, |it| *it == Event::PhaseStarted(Phase::Scan)),
        place(events, |it| matches!(it, Event::RuleFinished(_))),
        place(events, |it| *it == Event::PhaseFinished(Phase::Scan)),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert!(scanned.report.rules.values().all(|(_, outcome)| outcome.is_some()));
    // And the one of its own.
    let checks = shakedown::scan::native_check_ids().len();
    assert_eq!(scanned.report.rules.len(), checks + 1);
    let counted: u64 = scanned.report.scan_requests.0;
    assert_eq!(counted, scanned.requests.len() as u64, "windows count every request once");
}

#[tokio::test]
async fn addresses_are_counted_and_told_to_who_wants_to_hear_of_them() {
    for addresses in [Addresses::Counted, Addresses::Listed] {
        let scanned = scan(Setup { addresses, ..Setup::default() }, |ask| match &*ask.path {
            "/" => html("<a href=/a>a</a><a href=/b>b</a><a href=/a>a</a>"),
            "/a" | "/b" => html("<p>x</p>"),
            _ => not_found(),
        })
        .await;
        let told = scanned.events.iter().filter(|it| matches!(it, Event::UrlFound(_))).count();
        let expected = if addresses == Addresses::Listed { 3 } else { 0 };
        assert_eq!((told, scanned.report.coverage.urls), (expected, 3));
    }
}

#[tokio::test]
async fn safe_mode_sends_no_probe_and_says_so() {
    let scanned = scan(Setup::default(), |ask| match &*ask.path {
        "/" => html("<a href='/p?v=7'>x</a>"),
        _ => html(format!("<p>{}</p>", ask.get("v"))),
    })
    .await;
    assert_eq!(scanned.report.findings, []);
    let outcome = scanned.outcome("xss-reflected");
    assert_eq!(outcome.skipped.as_deref(), Some("safe mode: pass --active"));
    assert_eq!(outcome.requests, 0);
}

#[tokio::test]
async fn a_passive_finding_is_told_once_and_counted_up() {
    let scanned = scan(with_rule(), |ask| match &*ask.path {
        "/" => html("<a href=/items/1>1</a><a href=/items/2>2</a><a href=/safe>s</a>"),
        "/items/1" | "/items/2" => html("<p>item</p>"),
        "/safe" => {
            let mut response = html("<p>safe</p>");
            response.headers.push(Header::new("X-Frame-Options", "DENY"));
            response
        }
        _ => not_found(),
    })
    .await;
    let mut found: Vec<_> = scanned
        .found("no-x-frame")
        .iter()
        .map(|finding| (finding.path_template.clone(), finding.occurrences))
        .collect();
    found.sort();
    assert_eq!(found, [("/".to_owned(), 1), ("/items/{id}".to_owned(), 2)]);
    assert_eq!(scanned.outcome("no-x-frame").matched, 3);
    let finding = scanned.found("no-x-frame")[0];
    assert_eq!(finding.evidence.len(), 1);
    assert!(finding.reproduce.starts_with("curl -i "));
}

#[tokio::test]
async fn payloads_in_the_path_do_not_multiply_passive_findings() {
    let setup =
        Setup { active: vec!["sqli-error", "sqli-boolean", "xss-reflected"], ..with_rule() };
    let scanned = scan(setup, |ask| match &*ask.path {
        "/" => html("<a href=/items/1>1</a>"),
        // Unknown words are refused, numbers and what begins with one are not.
        path if path.starts_with("/items/1") => html("<p>item</p>"),
        _ => not_found(),
    })
    .await;
    let mut places: Vec<_> =
        scanned.found("no-x-frame").iter().map(|it| it.path_template.clone()).collect();
    places.sort();
    assert_eq!(places, ["/", "/items/{id}"]);
}

#[tokio::test]
async fn credentials_do_not_reach_findings() {
    let headers = vec![Header::new("Authorization", "Bearer very-secret")];
    let setup = Setup { active: vec!["xss-reflected"], headers, ..with_rule() };
    let scanned = scan(setup, |ask| match &*ask.path {
        "/" => html("<a href='/p?v=7'>x</a>"),
        "/p" => html(format!("<p>{}</p>", ask.get("v"))),
        _ => not_found(),
    })
    .await;
    assert_eq!(scanned.found("xss-reflected").len(), 1);
    assert!(!format!("{:?}", scanned.report.findings).contains("very-secret"));
    let reproduce = &scanned.found("xss-reflected")[0].reproduce;
    assert!(reproduce.contains("\"$AUTHORIZATION\""), "{reproduce}");
}

#[tokio::test]
async fn the_same_seed_sends_the_same_payloads() {
    let run = || async {
        let setup = Setup { active: vec!["xss-reflected"], ..Setup::default() };
        let scanned = scan(setup, |ask| match &*ask.path {
            "/" => html("<a href='/p?v=7'>x</a>"),
            "/p" => html(format!("<p>{}</p>", ask.get("v"))),
            _ => not_found(),
        })
        .await;
        scanned.found("xss-reflected")[0].payloads.clone()
    };
    assert_eq!(run().await, run().await);
}

#[tokio::test]
async fn a_stop_ends_the_scan_with_what_is_known() {
    let stop = StopToken::default();
    let trigger = stop.clone();
    let setup = Setup { stop, active: vec!["sqli-boolean"], ..with_rule() };
    let scanned = scan(setup, move |ask| {
        if ask.path == "/stop" {
            trigger.apply(ControlCommand::Stop);
        }
        html("<a href=/stop>s</a><a href='/a?x=1'>a</a><a href='/b?x=1'>b</a>")
    })
    .await;
    assert_eq!(scanned.report.coverage.complete, Some(false));
    assert!(scanned.report.phases.iter().all(|(_, finished)| *finished));
    assert!(scanned.requests.len() < 30, "{}", scanned.requests.len());
    assert!(!scanned.found("no-x-frame").is_empty());
}

#[tokio::test]
async fn an_unknown_check_and_failed_probes_are_told() {
    let setup = Setup { active: vec!["sqli-error", "no-such-check"], ..Setup::default() };
    let scanned = scan(setup, |ask| match &*ask.path {
        "/" => html("<a href='/p?v=7'>x</a>"),
        "/p" if ask.get("v").contains('\'') => respond(0, "", ""),
        "/p" => html("<p>x</p>"),
        _ => not_found(),
    })
    .await;
    assert!(scanned.notices().iter().any(|text| text.contains("no-such-check")));
    assert_eq!(scanned.outcome("sqli-error").errors, 1);
}

#[tokio::test]
async fn a_bad_certificate_is_told_once() {
    let setup = Setup { certificate_fault: Some("self-signed"), ..Setup::default() };
    let scanned = scan(setup, |_| html("<a href=/a>a</a>")).await;
    let told = scanned.notices().into_iter().filter(|text| text.contains("self-signed")).count();
    assert_eq!(told, 1, "{:?}", scanned.notices());
}

#[tokio::test]
async fn cookies_that_a_payload_made_are_not_sent_on() {
    let strength = Strength::Low;
    let setup = Setup { active: vec!["xss-reflected"], strength, ..Setup::default() };
    let scanned = scan(setup, |ask| match &*ask.path {
        "/" => html("<a href='/language?code=en'>en</a>"),
        "/language" => {
            let mut response = html("<p>set</p>");
            let cookie = format!("lang={}", ask.get("code"));
            response.headers.push(Header::new("Set-Cookie", cookie));
            response
        }
        _ => not_found(),
    })
    .await;
    assert!(scanned.outcome("xss-reflected").requests > 1);
    let cookies = scanned.requests.iter().filter_map(|request| request.header("cookie"));
    let mut cookies: Vec<_> = cookies.map(|header| header.text().into_owned()).collect();
    cookies.dedup();
    assert_eq!(cookies, ["lang=en"]);
}

/// Two rules that want to see the same file, one of them another that the crawl finds too.
const ASKING: [(&str, &str); 2] = [
    (
        "left-behind.yaml",
        "id: left-behind\ninfo:\n  name: n\n  author: t\n  severity: low\n  description: d\n  \
         remediation: r\n  classification:\n    cwe-id: CWE-527\nask: [/left.txt, /linked.txt]\n\
         passive:\n  - matchers:\n      - type: word\n        words: [forgotten]\n",
    ),
    (
        "left-too.yaml",
        "id: left-too\ninfo:\n  name: n\n  author: t\n  severity: low\n  description: d\n  \
         remediation: r\n  classification:\n    cwe-id: CWE-527\nask: [/left.txt]\n\
         passive:\n  - matchers:\n      - type: word\n        words: [by all]\n",
    ),
];

async fn scan_with_asking(active: Vec<&'static str>) -> super::site::Scanned {
    let mut rules = vec![MISSING];
    rules.extend(ASKING);
    let strength = Strength::Low;
    scan(Setup { active, strength, rules, ..Setup::default() }, |ask| match &*ask.path {
        "/" => html("<a href=/linked.txt>x</a>"),
        "/left.txt" => html("<p>forgotten by all</p>"),
        "/linked.txt" => respond(200, "text/plain", "forgotten"),
        _ => not_found(),
    })
    .await
}

#[tokio::test]
async fn what_rules_want_to_see_is_asked_for_once_and_judged_by_them_alone() {
    let scanned = scan_with_asking(vec!["xss-reflected"]).await;
    let asked = |path: &str| {
        scanned.requests.iter().filter(|request| request.path_and_query == path.as_bytes()).count()
    };
    assert_eq!((asked("/left.txt"), asked("/linked.txt")), (1, 1));
    let places = |rule: &str| {
        let found = scanned.found(rule);
        found.iter().map(|finding| finding.path_template.clone()).collect::<Vec<_>>()
    };
    assert_eq!(places("left-behind"), ["/linked.txt", "/left.txt"]);
    assert_eq!(places("left-too"), ["/left.txt"]);
    assert_eq!(places("no-x-frame"), ["/"], "nobody else looks at what was asked for");
    assert_eq!(scanned.outcome("left-behind").requests, 1);
    assert_eq!(scanned.outcome("left-too").requests, 1);
    assert_eq!(scanned.report.scan_requests.0, scanned.requests.len() as u64);
}

#[tokio::test]
async fn safe_mode_asks_for_nothing_that_nobody_links_to() {
    let scanned = scan_with_asking(Vec::new()).await;
    assert!(scanned.requests.iter().all(|request| request.path_and_query != b"/left.txt"));
    assert_eq!(scanned.found("left-behind").len(), 1, "what is linked is judged all the same");
}
