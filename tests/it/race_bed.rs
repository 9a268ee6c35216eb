//! A site in memory with a limit, and scans for races.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::http::clock::Clock;
use shakedown::model::Event;
use shakedown::model::Exchange;
use shakedown::model::Finding;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::InScope;
use shakedown::model::Redactor;
use shakedown::model::Report;
use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::RuleOutcome;
use shakedown::model::Seed;
use shakedown::model::Stamped;
use shakedown::model::StopToken;
use shakedown::model::Timings;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::rules::Registry;
use shakedown::scan::Addresses;
use shakedown::scan::ScanJob;
use shakedown::scan::Sending;
use shakedown::scan::SendingAll;
use shakedown::scan::Wire;

pub(crate) const RULE: &str = "race";

/// How the site keeps its limit of one use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Whatever comes how.
    Always,
    /// For what follows each other; of what comes at one instant each looks before any is counted.
    /// So it is that many times.
    UnlessTogether(u32),
    /// Never.
    Never,
}

/// A site in memory.
pub(crate) struct Site {
    pub(crate) keeps: Keeps,
    /// What is told of the uses: status and body, `{}` for their number.
    pub(crate) told: (u16, &'static str),
    pub(crate) used: Mutex<u32>,
    pub(crate) together: Mutex<u32>,
    pub(crate) log: Mutex<Vec<Request>>,
}

impl Site {
    pub(crate) fn new(keeps: Keeps) -> Self {
        let told = (200, "{\"used_count\": {}}");
        let (used, together) = (Mutex::default(), Mutex::default());
        Self { keeps, told, used, together, log: Mutex::default() }
    }

    fn answer(&self, request: &Request, was_good: Option<bool>) -> (u16, String) {
        let mut used = self.used.lock().expect("nobody panics");
        let path = request.path_and_query_text();
        match &*path {
            "/" => (200, "<p>welcome</p>".to_owned()),
            "/new" => {
                *used = 0;
                (200, "{\"id\": 7}".to_owned())
            }
            "/uses" => (self.told.0, self.told.1.replace("{}", &used.to_string())),
            path if path.starts_with("/redeem") => {
                let is_good = was_good.unwrap_or(*used == 0) || self.keeps == Keeps::Never;
                *used += u32::from(is_good);
                (if is_good { 200 } else { 409 }, "{}".to_owned())
            }
            _ => (404, "nothing".to_owned()),
        }
    }

    fn exchange(&self, request: InScope, was_good: Option<bool>) -> Exchange {
        let request = request.into_request();
        let (status, body) = self.answer(&request, was_good);
        self.log.lock().expect("nobody panics").push(request.clone());
        let response = Response {
            status,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: vec![Header::new("Content-Type", "application/json")],
            body: body.into_bytes(),
            wire_len: 0,
            truncated: false,
        };
        let timings = Timings::default();
        Exchange { request, outcome: Ok(response), timings, peer: None, tls: None }
    }
}

impl Wire for Site {
    fn send(&self, request: InScope) -> Sending<'_> {
        Box::pin(std::future::ready(self.exchange(request, None)))
    }

    fn send_together(&self, requests: Vec<InScope>) -> SendingAll<'_> {
        let mut together = self.together.lock().expect("nobody panics");
        let is_good = *self.used.lock().expect("nobody panics") == 0;
        let was_good = match self.keeps {
            Keeps::UnlessTogether(times) if *together < times => Some(is_good),
            Keeps::UnlessTogether(_) | Keeps::Always | Keeps::Never => None,
        };
        *together += 1;
        let exchanges = requests.into_iter().map(|request| self.exchange(request, was_good));
        let exchanges: Vec<Exchange> = exchanges.collect();
        Box::pin(std::future::ready(exchanges))
    }
}

/// What came of a scan.
pub(crate) struct Scanned {
    pub(crate) events: Vec<Event>,
    pub(crate) report: Report,
}

impl Scanned {
    pub(crate) fn found(&self) -> Vec<&Finding> {
        self.report.findings.iter().filter(|finding| finding.rule.id == RULE).collect()
    }

    pub(crate) fn outcome(&self) -> &RuleOutcome {
        let known = self.report.rules.get(RULE);
        known.and_then(|(_, outcome)| outcome.as_ref()).expect("it has finished")
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        let notice = |event: &Event| matches!(event, Event::Notice(it) if it.text.contains(text));
        self.events.iter().any(notice)
    }
}

pub(crate) async fn scan(plan: Plan, wire: Arc<dyn Wire>) -> Scanned {
    let rule = include_str!("../../rules/access/race.yaml").to_owned();
    let registry = Registry::of_sources(&[("race.yaml".to_owned(), rule)]).expect("a rule");
    let clock = Clock::start();
    let job = ScanJob {
        record: None,
        addresses: Addresses::Counted,
        plan: Arc::new(plan),
        registry: Arc::new(registry),
        wire,
        clock,
        redactor: Redactor::default(),
        browser: None,
        templates: None,
        callbacks: None,
        callback_server: None,
    };
    let (sender, mut receiver) = tokio::sync::mpsc::channel(64);
    let running = tokio::spawn(shakedown::scan::run(job, sender, StopToken::default()));
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    running.await.expect("a scan does not panic");
    let stamped = (0..).zip(events.iter().cloned());
    let stamped = stamped.map(|(seq, event)| Stamped { seq, at: Duration::ZERO, event });
    let report = Report::of(&stamped.collect::<Vec<_>>());
    Scanned { events, report }
}

pub(crate) fn overrides() -> Overrides {
    Overrides {
        known_checks: vec![RULE.to_owned()],
        ..Overrides::new(Seed(7), jiff::civil::date(2026, 12, 1))
    }
}
