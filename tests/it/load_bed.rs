//! Plans for the load engine's tests, and what came of running them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use shakedown::flow::Flow;
use shakedown::flow::Op;
use shakedown::http::clock::Clock;
use shakedown::http::reactor::Reactor;
use shakedown::load;
use shakedown::load::LiveControl;
use shakedown::load::LoadError;
use shakedown::load::LoadJob;
use shakedown::model::Conversation;
use shakedown::model::Event;
use shakedown::model::Exchange;
use shakedown::model::ExchangeTap;
use shakedown::model::LoadChange;
use shakedown::model::LoadTotals;
use shakedown::model::LoadWindow;
use shakedown::model::Method;
use shakedown::model::Need;
use shakedown::model::NoticeLevel;
use shakedown::model::Phase;
use shakedown::model::Redactor;
use shakedown::model::Report;
use shakedown::model::Request;
use shakedown::model::RequestTemplate;
use shakedown::model::RunPart;
use shakedown::model::Scope;
use shakedown::model::Seed;
use shakedown::model::Stamped;
use shakedown::model::StopToken;
use shakedown::model::Tally;
use shakedown::model::Tapped;
use shakedown::model::Target;
use shakedown::model::Validity;
use shakedown::plan::Connection;
use shakedown::plan::Data;
use shakedown::plan::Executor;
use shakedown::plan::Limits;
use shakedown::plan::Plan;
use shakedown::plan::Protocol;
use shakedown::plan::Scenario;
use shakedown::plan::TlsPolicy;

/// When load starts on the clock of a simulated network.
pub(crate) const START: u64 = 1_000_000_000;

#[derive(Default)]
struct Taken(Mutex<Vec<Exchange>>);

impl ExchangeTap for Taken {
    fn every(&self) -> u64 {
        64
    }

    fn wants(&self, _need: Need) -> bool {
        true
    }

    fn offer(&self, tapped: Tapped) {
        self.0.lock().expect("not poisoned").push(tapped.exchange);
    }
}

/// One scenario of one request, changed as a test needs it.
pub(crate) struct PlanBuilder {
    plan: Plan,
    threads: usize,
    taken: Option<Arc<Taken>>,
    control: Option<LiveControl>,
    part: RunPart,
}

impl PlanBuilder {
    pub(crate) fn new(executor: Executor) -> Self {
        Self::against("http://127.0.0.1:9/", executor)
    }

    pub(crate) fn against(url: &str, executor: Executor) -> Self {
        let target = Target::parse(url).expect("a valid URL");
        let request = Request::get(target.origin.clone(), target.path_and_query.clone());
        let plan = Plan {
            scope: Scope::of_origin(target.origin.clone()),
            limits: Limits::default(),
            requests: vec![RequestTemplate {
                name: "root".to_owned(),
                request,
                path_template: "/".to_owned(),
                expected_statuses: Vec::new(),
                redirects: 0,
                conversation: Conversation::Response,
                enabled: true,
                timeout: None,
                version: None,
                tags: std::collections::BTreeMap::new(),
            }],
            scripts: Vec::new(),
            variables: Vec::new(),
            sessions: shakedown::flow::auth::Sessions::default(),
            flows: vec![Flow { name: "flow".to_owned(), ops: vec![Op::Use(0)] }],
            scenarios: vec![Scenario {
                name: "main".to_owned(),
                flow: 0,
                executor,
                start_time: Duration::ZERO,
                graceful_stop: Duration::from_secs(30),
                warmup: false,
                tags: std::collections::BTreeMap::new(),
                given: Vec::new(),
            }],
            scan: None,
            thresholds: Vec::new(),
            baseline: shakedown::plan::BaselineFiles::default(),
            capacity: None,
            cost: None,
            outputs: Vec::new(),
            connection: Connection::new(Duration::from_secs(30), TlsPolicy::Verify),
            observe: Vec::new(),
            trace: None,
            watched: shakedown::plan::Watched::default(),
            refused: Vec::new(),
            burden: Vec::new(),
            exports: Vec::new(),
            cookies: shakedown::plan::Cookies::Off,
            setup: None,
            teardown: None,
            seed: Seed(1),
            hash: String::new(),
            data: Data::default(),
            redactor: Redactor::default(),
            warnings: Vec::new(),
            target,
            other_targets: Vec::new(),
        };
        Self::of(plan)
    }

    /// A plan as a file says it.
    pub(crate) fn of(plan: Plan) -> Self {
        Self { plan, threads: 1, taken: None, control: None, part: RunPart::WHOLE }
    }

    pub(crate) fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    pub(crate) fn part(mut self, part: RunPart) -> Self {
        self.part = part;
        self
    }

    pub(crate) fn think(mut self, pause: Duration) -> Self {
        self.plan.flows[0].ops.push(Op::Think { min: pause, max: pause });
        self
    }

    pub(crate) fn conversation(mut self, conversation: Conversation) -> Self {
        self.plan.requests[0].conversation = conversation;
        self
    }

    pub(crate) fn post(mut self, body: &[u8]) -> Self {
        let request = &mut self.plan.requests[0].request;
        request.method = Method::new("POST");
        request.body = body.to_vec();
        self
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.plan.connection.timeout = timeout;
        self
    }

    pub(crate) fn trusting(mut self, policy: TlsPolicy, ca_files: Vec<PathBuf>) -> Self {
        self.plan.connection.tls = policy;
        self.plan.connection.ca_files = ca_files;
        self
    }

    pub(crate) fn speaking(mut self, protocol: Protocol) -> Self {
        self.plan.connection.protocol = protocol;
        self
    }

    pub(crate) fn expect_status(mut self, status: u16) -> Self {
        self.plan.requests[0].expected_statuses = vec![status];
        self
    }

    pub(crate) fn grace(mut self, grace: Duration) -> Self {
        self.plan.scenarios[0].graceful_stop = grace;
        self
    }

    pub(crate) fn max_rps(mut self, max_rps: f64) -> Self {
        self.plan.limits.max_rps = Some(max_rps);
        self
    }

    pub(crate) fn observe(mut self, header: &str) -> Self {
        self.plan.observe.push(header.to_owned());
        self
    }

    /// The same scenario once before, as a warm-up of that length.
    pub(crate) fn warmup_before(mut self, length: Duration) -> Self {
        let mut warm = self.plan.scenarios[0].clone();
        "warm".clone_into(&mut warm.name);
        warm.warmup = true;
        self.plan.scenarios[0].start_time = length;
        self.plan.scenarios.insert(0, warm);
        self
    }

    pub(crate) fn tap(mut self) -> Self {
        self.taken = Some(Arc::default());
        self
    }

    pub(crate) fn taken(&self) -> Vec<Exchange> {
        let taken = self.taken.as_ref().expect("the plan has a tap");
        taken.0.lock().expect("not poisoned").clone()
    }

    /// Runs it on simulated networks.
    pub(crate) fn run_on<R: Reactor>(
        &self,
        stop: &StopToken,
        reactor: impl Fn(usize) -> io::Result<R> + Sync,
    ) -> Outcome {
        self.try_run_on(stop, reactor).unwrap_or_else(|(error, _)| panic!("{error}"))
    }

    /// The same where it may not start; then with what was told.
    pub(crate) fn try_run_on<R: Reactor>(
        &self,
        stop: &StopToken,
        reactor: impl Fn(usize) -> io::Result<R> + Sync,
    ) -> Result<Outcome, (LoadError, Vec<Event>)> {
        let (events, mut taken) = tokio::sync::mpsc::channel(100_000);
        let outcome = load::run_on(&self.job(), START, reactor, &events, stop);
        drop(events);
        match outcome {
            Ok(()) => Ok(Outcome::of(taken)),
            Err(error) => Err((error, std::iter::from_fn(|| taken.try_recv().ok()).collect())),
        }
    }

    /// Runs it for real.
    pub(crate) fn run(&self) -> Outcome {
        let (events, taken) = tokio::sync::mpsc::channel(100_000);
        load::run(&self.job(), &events, &StopToken::default()).expect("it can start");
        drop(events);
        Outcome::of(taken)
    }

    pub(crate) fn job(&self) -> LoadJob {
        LoadJob {
            part: self.part,
            start_at_unix_ms: None,
            plan: Arc::new(self.plan.clone()),
            clock: Clock::start(),
            threads: Some(self.threads),
            control: self.control.clone().unwrap_or_else(|| LiveControl::new(&self.plan)),
            tap: self.taken.clone().map(|taken| taken as Arc<dyn ExchangeTap>),
        }
    }

    /// What the load will be changed through.
    pub(crate) fn control(&mut self) -> LiveControl {
        self.control.get_or_insert_with(|| LiveControl::new(&self.plan)).clone()
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.plan.scenarios[0].executor
    }

    pub(crate) fn plan_mut(&mut self) -> &mut Plan {
        &mut self.plan
    }
}

/// Everything that a run told.
pub(crate) struct Outcome(Vec<Event>);

impl Outcome {
    fn of(mut taken: tokio::sync::mpsc::Receiver<Event>) -> Self {
        let mut events = Vec::new();
        while let Ok(event) = taken.try_recv() {
            events.push(event);
        }
        assert_eq!(events.first(), Some(&Event::PhaseStarted(Phase::Load)));
        assert!(matches!(events[1], Event::LoadDeclared { .. }));
        assert_eq!(events.last(), Some(&Event::PhaseFinished(Phase::Load)));
        Self(events)
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.0
    }

    /// The report that a run of load alone makes.
    pub(crate) fn report(&self) -> Report {
        let mut report = Report::default();
        for (seq, event) in (0..).zip(&self.0) {
            report.apply(&Stamped { seq, at: Duration::ZERO, event: event.clone() });
        }
        report
    }

    pub(crate) fn totals(&self) -> &LoadTotals {
        let totals = self.0.iter().find_map(|event| match event {
            Event::LoadFinished(totals) => Some(totals),
            _ => None,
        });
        totals.expect("a run ends with its totals")
    }

    /// The tally of the only series there is.
    pub(crate) fn only_series(&self) -> &Tally {
        assert_eq!(self.totals().series.len(), 1);
        &self.totals().series[0].tally
    }

    pub(crate) fn validity(&self) -> &Validity {
        let validity = self.0.iter().find_map(|event| match event {
            Event::Validity(validity) => Some(validity),
            _ => None,
        });
        validity.expect("a run ends with its validity")
    }

    pub(crate) fn warnings(&self) -> Vec<&str> {
        let warnings = self.0.iter().filter_map(|event| match event {
            Event::Notice(notice) if notice.level > NoticeLevel::Info => Some(notice.text.as_str()),
            _ => None,
        });
        warnings.collect()
    }

    pub(crate) fn changes(&self) -> Vec<&LoadChange> {
        let changes = self.0.iter().filter_map(|event| match event {
            Event::LoadChanged(change) => Some(change),
            _ => None,
        });
        changes.collect()
    }

    pub(crate) fn windows(&self) -> impl Iterator<Item = &LoadWindow> {
        self.0.iter().filter_map(|event| match event {
            Event::LoadWindow(window) => Some(window),
            _ => None,
        })
    }
}
