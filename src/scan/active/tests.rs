//! What becomes of checks that misbehave.

use std::sync::Arc;

use super::run::Active;
use super::run::Selected;
use super::run::run_active;
use crate::http::clock::Clock;
use crate::model::Event;
use crate::model::Exchange;
use crate::model::HttpVersion;
use crate::model::InScope;
use crate::model::OperationSource;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::Response;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;
use crate::model::Scope;
use crate::model::Seed;
use crate::model::Severity;
use crate::model::StopToken;
use crate::model::Target;
use crate::model::Timings;
use crate::plan::Overrides;
use crate::plan::Plan;
use crate::plan::from_text;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Means;
use crate::scan::probe::NativeCheck;
use crate::scan::probe::Outcome;
use crate::scan::probe::Pace;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::Swept;
use crate::scan::site::Found;
use crate::scan::site::Sighting;
use crate::scan::site::Site;
use crate::scan::templates::Templates;
use crate::scan::traffic::Learnt;
use crate::scan::traffic::Traffic;
use crate::scan::traffic::TrafficParts;
use crate::scan::wire::Sending;
use crate::scan::wire::Wire;

/// Answers everything with an empty page.
struct Empty;

impl Wire for Empty {
    fn send(&self, request: InScope) -> Sending<'_> {
        let response = Response {
            status: 200,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: Vec::new(),
            body: Vec::new(),
            wire_len: 0,
            truncated: false,
        };
        let exchange = Exchange {
            request: request.into_request(),
            outcome: Ok(response),
            timings: Timings::default(),
            peer: None,
            tls: None,
        };
        Box::pin(async move { exchange })
    }
}

/// Asks once; then panics, never stops asking, or ends.
struct Odd(&'static str);

impl PointCheck for Odd {
    fn id(&self) -> &'static str {
        self.0
    }

    fn root_cause(&self) -> &'static str {
        self.0
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(async move {
            probe.fire("x").await?;
            assert_ne!(self.0, "panics", "a bug in a check");
            if self.0 == "endless" {
                loop {
                    probe.fire("x").await?;
                }
            }
            Ok(Outcome::Clean)
        })
    }
}

fn site() -> Site {
    let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
    let mut templates = Templates::default();
    let mut site = Site::default();
    let sighting = Sighting {
        path: templates.place("http://127.0.0.1:1", "/p"),
        parameters: Arc::new(std::iter::once("v".to_owned()).collect()),
        path_template: None,
        source: OperationSource::Crawl,
        found: Found::start(),
        request: Request::get(origin, "/p?v=1"),
        answer: None,
        status: Some(200),
        reached: true,
        skipped: None,
        structure: None,
        same_as: None,
    };
    site.see(sighting, &templates);
    site
}

fn meta(id: &str) -> RuleMeta {
    RuleMeta {
        id: id.to_owned(),
        title: String::new(),
        severity: Severity::Info,
        cwe: Vec::new(),
        owasp: Vec::new(),
        api: Vec::new(),
        cvss: None,
        why: String::new(),
        fix: String::new(),
        references: Vec::new(),
        tags: Vec::new(),
    }
}

fn plan() -> Plan {
    let text = "version: 1\ntarget: http://127.0.0.1:1/\nscan: {}\n";
    let overrides = Overrides::new(Seed(1), jiff::civil::date(2026, 12, 1));
    from_text("plan.yml", text, &|_| None, &overrides).expect("a plan")
}

async fn run(ids: &[&'static str]) -> (Vec<RuleOutcome>, Vec<String>) {
    let (learnt, mut received) = tokio::sync::mpsc::channel(8);
    let traffic = Arc::new(Traffic::new(TrafficParts {
        keeper: None,
        others: Vec::new(),
        memory: None,
        wire: Arc::new(Empty),
        scope: Scope::of_origin(Target::parse("http://127.0.0.1:1/").expect("valid").origin),
        stop: StopToken::default(),
        concurrency: 2,
        learnt,
        headers: Vec::new(),
        clock: Clock::start(),
    }));
    let checks = ids
        .iter()
        .map(|id| Selected { check: NativeCheck::Point(Arc::new(Odd(id))), meta: meta(id) });
    let active = Active {
        means: Means {
            traffic,
            callbacks: None,
            probing: Arc::default(),
            plan: Arc::new(plan()),
            seed: Seed(1),
            allow_unsafe: false,
            swept: Swept::default(),
            stage: None,
            pace: Pace::default(),
        },
        checks: checks.collect(),
        redactor: Redactor::default(),
        origin_alias: "default".to_owned(),
        concurrency: 2,
    };
    let listening = tokio::spawn(async move {
        let mut notices = Vec::new();
        while let Some(learnt) = received.recv().await {
            if let Learnt::Event(event) = learnt
                && let Event::Notice(notice) = *event
            {
                notices.push(notice.text);
            }
        }
        notices
    });
    let outcomes = run_active(active, &Arc::new(site())).await;
    (outcomes, listening.await.expect("the listener does not panic"))
}

#[tokio::test]
async fn a_check_that_panics_is_counted_and_the_others_go_on() {
    let (outcomes, notices) = run(&["panics", "quiet"]).await;
    assert_eq!((outcomes[0].requests, outcomes[0].errors), (1, 1));
    assert_eq!((outcomes[1].requests, outcomes[1].errors), (1, 0));
    assert!(notices.iter().any(|text| text.contains("a fault of ours")), "{notices:?}");
}

#[tokio::test]
async fn a_check_that_never_ends_spends_its_budget_and_no_more() {
    let (outcomes, notices) = run(&["endless"]).await;
    assert_eq!(outcomes[0].requests, 120);
    assert!(outcomes[0].skipped.is_some());
    assert!(notices.iter().any(|text| text.contains("budget")), "{notices:?}");
}
