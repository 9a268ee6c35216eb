//! The run of [`ui_run`](crate::ui_run) on a site of which more is known: backends, a cache, logins,
//! checks, a tree of operations, several findings of a rule.

use std::time::Duration;

use shakedown::model::{
    CheckCount, Digits, Event, Finding, Histogram, InsertionKind, InsertionRef, LoadWindow,
    Observed, Operation, OperationSource, Phase, SessionReport, Severity, SiteAnswer, SiteExample,
    SiteNode, SiteParameter, SkipReason, Stamped, Tally,
};

use crate::ui_run;

/// The whole run.
pub(crate) fn whole() -> Vec<Stamped> {
    let mut events: Vec<(Duration, Event)> = Vec::new();
    for stamped in ui_run::whole() {
        let (at, event) = (stamped.at, stamped.event);
        let (before, event) = richer(event);
        events.extend(before.into_iter().map(|event| (at, event)));
        events.push((at, event));
    }
    (0..).zip(events).map(|(seq, (at, event))| Stamped { seq, at, event }).collect()
}

/// What comes before an event here, and what the event itself is.
fn richer(event: Event) -> (Vec<Event>, Event) {
    match event {
        Event::LoadWindow(mut window) => {
            window.series.iter_mut().for_each(|series| observe(&mut series.tally));
            if let Some(checkout) = window.series.last_mut() {
                let checks = [("the order has an id", 10, 1), ("the cart is empty", 11, 0)];
                checkout.tally.checks = checks.map(check).to_vec();
            }
            (Vec::new(), Event::LoadWindow(slower(window)))
        }
        Event::CrawlFinished { nodes, urls, complete: _, skipped: _, guessed } => {
            let skipped = vec![(SkipReason::Depth, 3), (SkipReason::Scope, 12)];
            let finished = Event::CrawlFinished { nodes, urls, complete: false, skipped, guessed };
            (site(), finished)
        }
        Event::PhaseStarted(Phase::Load) => {
            (vec![Event::Session(Box::new(session()))], Event::PhaseStarted(Phase::Load))
        }
        Event::PhaseFinished(Phase::Scan) => (findings(), Event::PhaseFinished(Phase::Scan)),
        other => (Vec::new(), other),
    }
}

fn check((name, passes, fails): (&str, u64, u64)) -> CheckCount {
    CheckCount { name: name.to_owned(), passes, fails }
}

/// Two backends, the second one slow; a cache that mostly helps.
fn observe(tally: &mut Tally) {
    let all = tally.requests;
    let seen = |header: &str, value: &str, count: u64, from_us: u64| {
        let mut duration = Histogram::new(Digits::Two);
        for step in 0..count {
            duration.record_us(from_us + step * from_us / count);
        }
        Observed { header: header.to_owned(), value: value.to_owned(), count, duration }
    };
    tally.observed = vec![
        seen("x-backend", "app-1", all - all / 3, 10_000),
        seen("x-backend", "app-2", all / 3, 45_000),
        seen("x-cache", "HIT", all - all / 5, 3_000),
        seen("x-cache", "MISS", all / 5, 30_000),
    ];
}

/// The database has a bad moment in the seventh second.
fn slower(mut window: LoadWindow) -> LoadWindow {
    if window.from == Duration::from_secs(7) {
        for series in &mut window.series {
            for trend in [&mut series.tally.latency, &mut series.tally.duration] {
                for step in 0..200 {
                    trend.record_us(400_000 + step * 1_000);
                }
            }
        }
    }
    window
}

fn operation(method: &str, path: &str, reached: bool, skipped: Option<&str>) -> Event {
    Event::Operation(Operation {
        method: method.to_owned(),
        path_template: path.to_owned(),
        source: if method == "POST" { OperationSource::Spec } else { OperationSource::Crawl },
        reached,
        skipped: skipped.map(str::to_owned),
    })
}

fn site() -> Vec<Event> {
    let node = |path: &str, found_on: Option<&str>, status: u16| {
        Event::SiteNode(Box::new(SiteNode {
            method: "GET".to_owned(),
            path_template: path.to_owned(),
            parameters: vec![SiteParameter { kind: InsertionKind::Query, name: "q".to_owned() }],
            source: OperationSource::Crawl,
            reached: status < 400,
            skipped: None,
            found_on: found_on.map(str::to_owned),
            found_as: found_on.map(|_| "link".to_owned()),
            links: 4,
            example: SiteExample {
                url: format!("http://127.0.0.1:8080{path}?q=1"),
                headers: Vec::new(),
                body: Vec::new(),
            },
            answer: Some(SiteAnswer {
                status,
                headers: Vec::new(),
                media_type: "text/html".to_owned(),
                body_len: 2_345,
                at: Duration::from_millis(300),
                duration: Duration::from_millis(12),
            }),
        }))
    };
    vec![
        operation("GET", "/blog/", true, None),
        operation("GET", "/blog/{slug}", true, None),
        operation("GET", "/blog/{slug}/comments", true, None),
        operation("POST", "/cart/checkout", false, Some("POST changes something")),
        operation("GET", "/cart", true, None),
        operation("GET", "/admin/users\u{1b}[31m", false, None),
        operation("POST", "/logout", false, Some("it may end the session")),
        node("/", None, 200),
        node("/search", Some("http://127.0.0.1:8080/"), 200),
        node("/admin", Some("http://127.0.0.1:8080/"), 403),
    ]
}

fn session() -> SessionReport {
    SessionReport {
        logged_in: Some(Duration::from_millis(640)),
        verified: Some("GET /me answers 200".to_owned()),
        logins: 1,
        identity: Some("alice".to_owned()),
        ..SessionReport::new(Phase::Load, "member", "form")
    }
}

fn findings() -> Vec<Event> {
    let at = |path: &str, name: &str| -> Event {
        let found = ui_run::finding("header-missing", "Missing security header", Severity::Info);
        Event::Finding(Box::new(Finding {
            path_template: path.to_owned(),
            url: format!("http://127.0.0.1:8080{path}"),
            insertion_point: Some(InsertionRef {
                kind: InsertionKind::Header,
                name: name.to_owned(),
            }),
            fingerprint: format!("{path} {name}"),
            ..found
        }))
    };
    vec![at("/", "content-security-policy"), at("/blog/{slug}", "x-frame-options")]
}
