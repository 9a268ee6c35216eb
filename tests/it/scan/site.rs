//! A site in memory, and scans of it.

use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::flow::auth::Sessions;
use shakedown::http::clock::Clock;
use shakedown::model::Authorisation;
use shakedown::model::Event;
use shakedown::model::Exchange;
use shakedown::model::Failure;
use shakedown::model::FailureClass;
use shakedown::model::Finding;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::InScope;
use shakedown::model::Operation;
use shakedown::model::Redactor;
use shakedown::model::Report;
use shakedown::model::Request;
use shakedown::model::RequestTemplate;
use shakedown::model::Response;
use shakedown::model::RuleOutcome;
use shakedown::model::ScopeBuilder;
use shakedown::model::Seed;
use shakedown::model::Stamped;
use shakedown::model::StopToken;
use shakedown::model::Target;
use shakedown::model::Timings;
use shakedown::model::TlsInfo;
use shakedown::plan::Browsing;
use shakedown::plan::Connection;
use shakedown::plan::CrawlSettings;
use shakedown::plan::Data;
use shakedown::plan::Limits;
use shakedown::plan::Plan;
use shakedown::plan::RobotsPolicy;
use shakedown::plan::ScanSettings;
use shakedown::plan::TlsPolicy;
use shakedown::rules::Registry;
use shakedown::scan::Addresses;
use shakedown::scan::Record;
use shakedown::scan::ScanJob;
use shakedown::scan::Sending;
use shakedown::scan::Wire;

/// Header of what stands for no answer.
const ENDLESS: &str = "x-endless";

pub(super) const TARGET: &str = "http://127.0.0.1:8080/";

/// A request as handlers like to read it.
pub(super) struct Ask {
    pub path: String,
    pub query: Vec<(String, String)>,
    pub form: Vec<(String, String)>,
    pub cookie: String,
    pub method: String,
    pub authorization: String,
    pub request: Request,
}

impl Ask {
    pub(super) fn of(request: &Request) -> Self {
        let url = url::Url::parse(&request.url()).expect("an absolute URL");
        let form = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let cookie = request.header("cookie").map(|header| header.text().into_owned());
        let authorization =
            request.header("authorization").map(|header| header.text().into_owned());
        let path =
            percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
        Self {
            path,
            query: url.query_pairs().into_owned().collect(),
            form,
            cookie: cookie.unwrap_or_default(),
            method: request.method.as_str().to_owned(),
            authorization: authorization.unwrap_or_default(),
            request: request.clone(),
        }
    }

    /// A query or form parameter, empty when absent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.query
            .iter()
            .chain(&self.form)
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

pub(super) fn respond(status: u16, media_type: &str, body: impl Into<String>) -> Response {
    Response {
        status,
        reason: String::new(),
        version: HttpVersion::Http11,
        headers: vec![Header::new("Content-Type", media_type)],
        body: body.into().into_bytes(),
        wire_len: 0,
        truncated: false,
    }
}

pub(super) fn html(body: impl Into<String>) -> Response {
    respond(200, "text/html; charset=utf-8", body)
}

pub(super) fn not_found() -> Response {
    respond(404, "text/html", "<h1>Not found</h1>")
}

pub(super) fn redirect(location: &str) -> Response {
    let mut response = respond(302, "text/html", "");
    response.headers.push(Header::new("Location", location.as_bytes()));
    response
}

/// As a template engine does it.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#x27;")
}

type Handler = dyn Fn(&Ask) -> Response + Send + Sync;

/// Answers from a function and keeps what it was asked.
struct Memory {
    handler: Box<Handler>,
    log: Mutex<Vec<Request>>,
    certificate_fault: Option<&'static str>,
    disorder: u64,
    killed_after: Option<usize>,
    killed: tokio::sync::Notify,
}

impl Wire for Memory {
    fn send(&self, request: InScope) -> Sending<'_> {
        let request = request.into_request();
        let number = {
            let mut log = self.log.lock().expect("no handler panics");
            log.push(request.clone());
            log.len()
        };
        if self.killed_after.is_some_and(|after| number > after) {
            self.killed.notify_one();
            return Box::pin(std::future::pending());
        }
        let response = (self.handler)(&Ask::of(&request));
        let tls = self.certificate_fault.map(|fault| TlsInfo {
            version: "TLSv1.3".to_owned(),
            cipher_suite: String::new(),
            certificate_fault: Some(fault.to_owned()),
        });
        if response.header(ENDLESS).is_some() {
            return Box::pin(async move { timed_out(request) });
        }
        // Status 0 stands for no answer.
        let outcome = if response.status == 0 {
            Err(Failure::new(FailureClass::Closed, "closed"))
        } else {
            Ok(response)
        };
        let exchange = Exchange { request, outcome, timings: Timings::default(), peer: None, tls };
        let mut hasher = std::hash::DefaultHasher::new();
        (self.disorder, exchange.request.url()).hash(&mut hasher);
        let turns = if self.disorder == 0 { 0 } else { hasher.finish() % 16 };
        Box::pin(async move {
            // A real exchange yields; without it tasks would run one after the other.
            for _ in 0..=turns {
                tokio::task::yield_now().await;
            }
            exchange
        })
    }

    fn send_within(&self, request: InScope, most: Duration) -> Sending<'_> {
        let sent = self.send(request);
        Box::pin(async move {
            let exchange = sent.await;
            let is_endless =
                matches!(&exchange.outcome, Err(it) if it.class == FailureClass::WaitTimeout);
            if is_endless {
                tokio::time::sleep(most).await;
            }
            exchange
        })
    }
}

/// What a client makes of an answer that does not come, once it has waited long enough.
fn timed_out(request: Request) -> Exchange {
    let outcome = Err(Failure::new(FailureClass::WaitTimeout, "no response began"));
    Exchange { request, outcome, timings: Timings::default(), peer: None, tls: None }
}

/// No answer, and no end of it.
pub(super) fn endless() -> Response {
    let mut response = respond(200, "text/plain", "");
    response.headers.push(Header::new(ENDLESS, "1"));
    response
}

/// What to scan and how.
pub(super) struct Setup {
    pub active: Vec<&'static str>,
    pub allow_unsafe: bool,
    pub unsafe_requests: Vec<usize>,
    pub depth: u32,
    pub max_urls: u64,
    pub max_bytes: Option<u64>,
    pub robots: RobotsPolicy,
    pub exclude: Vec<&'static str>,
    pub requests: Vec<RequestTemplate>,
    pub headers: Vec<Header>,
    pub rules: Vec<(&'static str, &'static str)>,
    pub stop: StopToken,
    pub certificate_fault: Option<&'static str>,
    pub sessions: Sessions,
    pub browser: bool,
    pub browser_pages: u64,
    pub addresses: Addresses,
    pub record: Option<Arc<Record>>,
    /// Answers come in another order for each.
    pub disorder: u64,
    /// The run is cut off, as by `kill -9`, after so many answers.
    pub killed_after: Option<usize>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            active: Vec::new(),
            allow_unsafe: false,
            unsafe_requests: Vec::new(),
            depth: 5,
            max_urls: 300,
            max_bytes: None,
            robots: RobotsPolicy::default(),
            exclude: Vec::new(),
            requests: Vec::new(),
            headers: Vec::new(),
            rules: Vec::new(),
            stop: StopToken::default(),
            certificate_fault: None,
            sessions: Sessions::default(),
            browser: false,
            browser_pages: 100,
            addresses: Addresses::Counted,
            record: None,
            disorder: 0,
            killed_after: None,
        }
    }
}

/// What came of a scan.
pub(super) struct Scanned {
    pub events: Vec<Event>,
    pub report: Report,
    pub requests: Vec<Request>,
}

impl Scanned {
    pub(super) fn found(&self, rule: &str) -> Vec<&Finding> {
        self.report.findings.iter().filter(|finding| finding.rule.id == rule).collect()
    }

    /// Names of the insertion points where the rule found something, sorted.
    pub(super) fn points(&self, rule: &str) -> Vec<String> {
        let mut points: Vec<String> = self
            .found(rule)
            .iter()
            .filter_map(|finding| {
                let point = finding.insertion_point.as_ref()?;
                Some(format!("{} {} {point}", finding.method, finding.path_template))
            })
            .collect();
        points.sort();
        points
    }

    pub(super) fn outcome(&self, rule: &str) -> &RuleOutcome {
        let known = self.report.rules.get(rule);
        known.and_then(|(_, outcome)| outcome.as_ref()).expect("the rule has finished")
    }

    pub(super) fn operation(&self, method: &str, template: &str) -> Option<&Operation> {
        let mut operations = self.report.coverage.operations.iter();
        operations.find(|known| known.method == method && known.path_template == template)
    }

    pub(super) fn asked(&self, path_and_query: &str) -> bool {
        self.requests.iter().any(|request| request.path_and_query_text() == path_and_query)
    }

    pub(super) fn notices(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Notice(notice) => Some(notice.text.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// Scans a site that `handler` plays.
pub(super) async fn scan(
    setup: Setup,
    handler: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let wire = Arc::new(Memory {
        handler: Box::new(handler),
        log: Mutex::new(Vec::new()),
        certificate_fault: setup.certificate_fault,
        disorder: setup.disorder,
        killed_after: setup.killed_after,
        killed: tokio::sync::Notify::new(),
    });
    let stop = setup.stop.clone();
    let job = job(setup, wire.clone());
    let (sender, mut receiver) = tokio::sync::mpsc::channel(64);
    let running = tokio::spawn(shakedown::scan::run(job, sender, stop));
    let mut events = Vec::new();
    loop {
        tokio::select! {
            event = receiver.recv() => match event {
                Some(event) => events.push(event),
                None => break,
            },
            () = wire.killed.notified() => break,
        }
    }
    if is_killed(&wire) {
        running.abort();
        let _cancelled = running.await;
    } else {
        running.await.expect("a scan does not panic");
    }
    let stamped = (0..).zip(events.iter().cloned()).map(|(seq, event)| Stamped {
        seq,
        at: std::time::Duration::ZERO,
        event,
    });
    let report = Report::of(&stamped.collect::<Vec<_>>());
    let requests = std::mem::take(&mut *wire.log.lock().expect("no handler panics"));
    Scanned { events, report, requests }
}

fn is_killed(wire: &Memory) -> bool {
    let sent = wire.log.lock().expect("no handler panics").len();
    wire.killed_after.is_some_and(|after| sent > after)
}

fn job(setup: Setup, wire: Arc<dyn Wire>) -> ScanJob {
    let mut sources: Vec<(String, String)> = shakedown::scan::native_check_ids()
        .into_iter()
        .map(|id| {
            let text = format!(
                "id: {id}\nnative: {id}\ninfo:\n  name: {id}\n  author: test\n  severity: high\n  \
                 description: d\n  remediation: r\n  classification:\n    cwe-id: CWE-1\n"
            );
            (format!("{id}.yaml"), text)
        })
        .collect();
    let own = setup.rules.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    sources.extend(own);
    let registry = Registry::of_sources(&sources).expect("valid rules");
    let record = setup.record.clone();
    let addresses = setup.addresses;
    let plan = plan(TARGET, setup);
    ScanJob {
        record,
        addresses,
        plan: Arc::new(plan),
        registry: Arc::new(registry),
        wire,
        clock: Clock::start(),
        redactor: Redactor::default(),
        browser: browser(),
        templates: None,
        callback_server: None,
    }
}

/// The browser's program, where there is one.
pub(super) fn browser() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("SHAKEDOWN_BROWSER");
    shakedown::browser::locate(named.as_deref(), std::env::var_os("PATH").as_deref()).ok()
}

/// A plan that scans `target`.
pub(super) fn plan(target: &str, setup: Setup) -> Plan {
    let target = Target::parse(target).expect("a target");
    let scope = ScopeBuilder {
        origins: vec![target.origin.clone()],
        include: Vec::new(),
        exclude: setup.exclude.iter().map(ToString::to_string).collect(),
        authorisation: Authorisation::LocalOnly,
    };
    Plan {
        other_targets: Vec::new(),
        target,
        scope: scope.build().expect("valid patterns"),
        limits: Limits::default(),
        requests: setup.requests,
        scripts: Vec::new(),
        variables: Vec::new(),
        sessions: setup.sessions,
        flows: Vec::new(),
        scenarios: Vec::new(),
        scan: Some(ScanSettings {
            crawl: CrawlSettings {
                depth: setup.depth,
                max_urls: setup.max_urls,
                max_bytes: setup.max_bytes,
                robots: setup.robots,
                browser: setup
                    .browser
                    .then(|| Browsing { max_pages: setup.browser_pages, ..Browsing::default() }),
                ..CrawlSettings::default()
            },
            active: setup.active.iter().map(ToString::to_string).collect(),
            max_rps: 1e6,
            concurrency: 4,
            allow_unsafe: setup.allow_unsafe,
            unsafe_requests: setup.unsafe_requests,
            passive_during_load: false,
            rule_dirs: Vec::new(),
            templates: shakedown::plan::TemplateSettings::default(),
            imported: Vec::new(),
        }),
        thresholds: Vec::new(),
        baseline: shakedown::plan::BaselineFiles::default(),
        cost: None,
        outputs: Vec::new(),
        connection: Connection {
            headers: setup.headers,
            ..Connection::new(std::time::Duration::from_secs(1), TlsPolicy::Verify)
        },
        observe: Vec::new(),
        cookies: shakedown::plan::Cookies::Off,
        setup: None,
        teardown: None,
        seed: Seed(7),
        hash: String::new(),
        data: Data::default(),
        redactor: Redactor::default(),
        warnings: Vec::new(),
    }
}
