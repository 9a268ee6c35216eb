//! A site in memory, and scans of it.

use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::flow::auth::Sessions;
use shakedown::http::SendOptions;
use shakedown::http::clock::Clock;
use shakedown::http::tls::own::Offer;
use shakedown::http::tls::own::Reply;
use shakedown::model::Authorisation;
use shakedown::model::CertificateReport;
use shakedown::model::Event;
use shakedown::model::Exchange;
use shakedown::model::Failure;
use shakedown::model::FailureClass;
use shakedown::model::Finding;
use shakedown::model::Header;
use shakedown::model::HttpVersion;
use shakedown::model::InScope;
use shakedown::model::Method;
use shakedown::model::Operation;
use shakedown::model::Origin;
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
use shakedown::plan::Probing;
use shakedown::plan::RobotsPolicy;
use shakedown::plan::ScanSettings;
use shakedown::plan::Strength;
use shakedown::plan::TlsPolicy;
use shakedown::rules::Registry;
use shakedown::scan::Addresses;
use shakedown::scan::CallbackSource;
use shakedown::scan::Record;
use shakedown::scan::ScanJob;
use shakedown::scan::Sending;
use shakedown::scan::Shaking;
use shakedown::scan::Wire;
use shakedown::scan::oob::OobOptions;

/// Header of what stands for no answer.
const ENDLESS: &str = "x-endless";

/// Header with the milliseconds that an answer took; nothing waits for them.
const TOOK: &str = "x-took";

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
    raw: Option<Arc<Raw>>,
    tls: Option<Arc<Shown>>,
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
        let timings = Timings { wait: took(outcome.as_ref().ok()), ..Timings::default() };
        let exchange = Exchange { request, outcome, timings, peer: None, tls };
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

    fn send_with(&self, request: InScope, options: SendOptions) -> Sending<'_> {
        let (Some(raw), Some(bytes)) = (&self.raw, &options.bytes) else {
            return self.send(request);
        };
        let request = request.into_request();
        assert_eq!(*bytes, request.to_wire(), "what is shown is what was sent");
        self.log.lock().expect("no handler panics").push(request.clone());
        let Some(mut response) = raw(bytes) else {
            let patience = options.timeout.unwrap_or_default();
            let timings = Timings { wait: patience, ..Timings::default() };
            return Box::pin(async move { Exchange { timings, ..timed_out(request) } });
        };
        let timings = Timings { wait: took(Some(&response)), ..Timings::default() };
        response.headers.retain(|header| !header.is(TOOK));
        let outcome = Ok(response);
        Box::pin(async move { Exchange { request, outcome, timings, peer: None, tls: None } })
    }

    fn offer<'a>(&'a self, _origin: &'a Origin, offer: &'a Offer) -> Shaking<'a, Reply> {
        let reply = self.tls.as_ref().map(|tls| (tls.offer)(offer));
        Box::pin(async move { reply.ok_or_else(|| Failure::new(FailureClass::Connect, "nobody")) })
    }

    fn certificate<'a>(&'a self, _origin: &'a Origin) -> Shaking<'a, Option<CertificateReport>> {
        let report = self.tls.as_ref().and_then(|tls| tls.certificate.clone());
        Box::pin(async move { Ok(report) })
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

/// The same answer, later by so much: for those who look at times.
pub(super) fn later(mut response: Response, by: Duration) -> Response {
    let took = took(Some(&response)) + by;
    response.headers.retain(|header| !header.is(TOOK));
    response.headers.push(Header::new(TOOK, took.as_millis().to_string().as_bytes()));
    response
}

fn took(response: Option<&Response>) -> Duration {
    let header = response.and_then(|response| response.header(TOOK));
    Duration::from_millis(header.map_or(0, |it| it.text().parse().expect("milliseconds")))
}

/// A request with a body that a scan begins with.
pub(super) fn posted(path: &str, media_type: &str, body: &str) -> RequestTemplate {
    let origin = Target::parse(TARGET).expect("a target").origin;
    let mut request = Request::get(origin, path);
    request.method = Method::new("POST");
    request.headers.push(Header::new("Content-Type", media_type));
    request.body = body.as_bytes().to_vec();
    RequestTemplate {
        name: "posted".to_owned(),
        request,
        path_template: path.to_owned(),
        expected_statuses: Vec::new(),
        redirects: 0,
        conversation: shakedown::model::Conversation::Response,
        enabled: true,
        timeout: None,
        version: None,
        tags: std::collections::BTreeMap::new(),
    }
}

/// Fetches an address as a server would, beside what it answers: whoever listens has its turn later.
pub(super) fn fetch(url: &str) {
    let Ok(url) = url::Url::parse(url) else { return };
    std::thread::spawn(move || {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let Ok(mut stream) = TcpStream::connect((host, port)) else { return };
        let head =
            format!("GET {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", url.path());
        let _sent = stream.write_all(head.as_bytes());
        let mut answer = Vec::new();
        let _cut = stream.read_to_end(&mut answer);
    });
}

/// Whether checks can show pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    None,
    Browser,
}

/// What comes of bytes as they are; nothing is an answer that stays out.
pub(super) type Raw = dyn Fn(&[u8]) -> Option<Response> + Send + Sync;

/// What is seen in handshakes.
pub(super) struct Shown {
    pub offer: Box<dyn Fn(&Offer) -> Reply + Send + Sync>,
    pub certificate: Option<CertificateReport>,
}

/// What to scan and how.
pub(super) struct Setup {
    /// Where the scan begins.
    pub target: &'static str,
    /// Other origins in scope.
    pub also: Vec<&'static str>,
    /// For whoever shakes hands.
    pub tls: Option<Arc<Shown>>,
    /// For bytes that are no request as others are.
    pub raw: Option<Arc<Raw>>,
    pub active: Vec<&'static str>,
    pub strength: Strength,
    /// How probes are sent beside that.
    pub probing: Probing,
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
    /// What checks have, where the crawl has no browser.
    pub stage: Stage,
    pub addresses: Addresses,
    pub record: Option<Arc<Record>>,
    /// Answers come in another order for each.
    pub disorder: u64,
    /// The run is cut off, as by `kill -9`, after so many answers.
    pub killed_after: Option<usize>,
    /// Somebody waits for calls, on loopback.
    pub callbacks: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            target: TARGET,
            also: Vec::new(),
            tls: None,
            raw: None,
            active: Vec::new(),
            strength: Strength::default(),
            probing: Probing::default(),
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
            stage: Stage::None,
            addresses: Addresses::Counted,
            record: None,
            disorder: 0,
            killed_after: None,
            callbacks: false,
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
        let of = |finding: &Finding| -> Vec<String> {
            let points = finding.places().filter_map(|(point, _)| point);
            let place = format!("{} {}", finding.method, finding.path_template);
            points.map(|point| format!("{place} {point}")).collect()
        };
        let mut points: Vec<String> = self.found(rule).into_iter().flat_map(of).collect();
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
        raw: setup.raw.clone(),
        tls: setup.tls.clone(),
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
    let shows = setup.browser || setup.stage == Stage::Browser;
    let callbacks = setup.callbacks.then(|| CallbackSource::Listener(OobOptions::default()));
    let plan = plan(setup.target, setup);
    ScanJob {
        record,
        addresses,
        plan: Arc::new(plan),
        registry: Arc::new(registry),
        wire,
        clock: Clock::start(),
        redactor: Redactor::default(),
        browser: shows.then(browser).flatten(),
        templates: None,
        callbacks,
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
    let also = setup.also.iter().map(|also| Target::parse(also).expect("a target").origin);
    let scope = ScopeBuilder {
        origins: std::iter::once(target.origin.clone()).chain(also).collect(),
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
            probing: Probing { strength: setup.strength, ..setup.probing },
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
        capacity: None,
        cost: None,
        outputs: Vec::new(),
        connection: Connection {
            headers: setup.headers,
            ..Connection::new(std::time::Duration::from_secs(1), TlsPolicy::Verify)
        },
        observe: Vec::new(),
        trace: None,
        watched: shakedown::plan::Watched::default(),
        refused: Vec::new(),
        burden: Vec::new(),
        exports: Vec::new(),
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
