//! The parts of a run in their order: preflight, load, scan.

use std::sync::Arc;

use crate::http::Client;
use crate::load::LoadError;
use crate::load::LoadJob;
use crate::model::Canaries;
use crate::model::EventSender;
use crate::model::ExchangeTap;
use crate::model::Facts;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::NoticeLevel;
use crate::model::Origin;
use crate::model::RunPart;
use crate::model::Scheme;
use crate::model::StopToken;
use crate::model::plural;
use crate::plan::Plan;
use crate::plan::Protocol;
use crate::plan::ScanSettings;
use crate::scan::CallbackServer;
use crate::scan::CallbackSource;
use crate::scan::Passive;
use crate::scan::ScanJob;
use crate::stress::Watch;

use super::client;
use super::engine::RunJob;
use super::engine::RunKind;
use super::engine::notify;
use super::tap::Shared;
use super::tap::Watchers;
use super::tap::tap;

/// What every part needs.
pub(super) struct Parts<'a> {
    /// The run.
    pub(super) job: &'a RunJob,
    /// To the pump.
    pub(super) events: &'a EventSender,
    /// Raised when nothing more may be sent.
    pub(super) stop: &'a StopToken,
    /// What load has reached.
    pub(super) shared: &'a Shared,
}

/// Whether load could log in, where it was to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoggedIn {
    Yes,
    No,
}

/// What carries that which load sends to an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Tcp,
    Quic,
    Both,
}

impl Over {
    fn of(plan: &Plan, origin: &Origin, load: bool) -> Self {
        // QUIC has no form for http://, and a scan does not speak it.
        if !load || origin.scheme == Scheme::Http {
            return Self::Tcp;
        }
        let is_quic = |protocol| matches!(protocol, Protocol::Http3 { .. });
        let sent = plan.requests.iter().filter(|request| request.request.origin == *origin);
        let mut sent = sent.map(|request| is_quic(plan.connection.protocol_of(request)));
        let first = sent.next().unwrap_or_else(|| is_quic(plan.connection.protocol));
        match (first, sent.all(|other| other == first)) {
            (_, false) => Self::Both,
            (true, true) => Self::Quic,
            (false, true) => Self::Tcp,
        }
    }
}

impl Parts<'_> {
    /// Runs what the job asks for; a part that a stop prevents is announced, not silently skipped.
    pub(super) async fn work(&self) -> Facts {
        let mut facts = Facts::default();
        let plan = &self.job.plan;
        let client = match client::client(plan, client::options(plan), self.job.clock) {
            Ok(client) => client,
            Err(error) => {
                facts.internal.push(error.to_string());
                return facts;
            }
        };
        let may_load = matches!(self.job.kind, RunKind::Load | RunKind::Check | RunKind::Capacity);
        let load = may_load && !self.job.plan.scenarios.is_empty();
        let loads_only = matches!(self.job.kind, RunKind::Load | RunKind::Capacity);
        let scan = !loads_only && self.job.plan.scan.is_some();
        if let Err((origin, failure)) = self.preflight(&client, load, scan).await {
            self.refuse(&mut facts, &origin, &failure).await;
            return facts;
        }
        let logged_in = if load { self.load(&mut facts).await } else { LoggedIn::Yes };
        if scan && logged_in == LoggedIn::No {
            let text = "the scan was left out because nobody could log in for load".to_owned();
            notify(self.events, NoticeLevel::Warning, text).await;
        } else if scan && self.stop.is_stopping() && load {
            let text = "the scan was skipped because the run was stopped".to_owned();
            notify(self.events, NoticeLevel::Warning, text).await;
        } else if scan {
            self.scan(client, &mut facts).await;
        }
        facts
    }

    /// Asks every target over whatever the parts will speak with it.
    async fn preflight(
        &self,
        client: &Client,
        load: bool,
        scan: bool,
    ) -> Result<(), (Origin, Failure)> {
        let plan = &self.job.plan;
        let others = plan.other_targets.iter().map(|other| &other.target.origin);
        let mut asked: Vec<&Origin> = Vec::new();
        for origin in std::iter::once(&plan.target.origin).chain(others) {
            if asked.contains(&origin) {
                continue;
            }
            asked.push(origin);
            let over = Over::of(plan, origin, load);
            // A scan speaks HTTP/1.1, whatever load does.
            let reached = async {
                if over != Over::Tcp {
                    client.preflight_quic(origin).await?;
                }
                if scan || over != Over::Quic {
                    client.preflight(origin).await?;
                }
                Ok(())
            };
            reached.await.map_err(|failure| (origin.clone(), failure))?;
        }
        Ok(())
    }

    async fn refuse(&self, facts: &mut Facts, target: &Origin, failure: &Failure) {
        let text = format!("{target}: {failure}");
        notify(self.events, NoticeLevel::Error, text.clone()).await;
        if failure.class == FailureClass::OutOfScope {
            facts.refused.push(text);
        } else {
            facts.unreachable.push(text);
        }
    }

    async fn load(&self, facts: &mut Facts) -> LoggedIn {
        let tap = self.tap();
        let job = LoadJob {
            plan: Arc::clone(&self.job.plan),
            clock: self.job.clock,
            threads: self.job.threads,
            control: self.job.control.clone(),
            tap: tap.as_ref().map(|(tap, _)| Arc::clone(tap)),
            part: self.job.info.part.unwrap_or(RunPart::WHOLE),
            start_at_unix_ms: self.job.start_at_unix_ms,
        };
        let (events, stop) = (self.events.clone(), self.stop.clone());
        let outcome =
            tokio::task::spawn_blocking(move || crate::load::run(&job, &events, &stop)).await;
        let logged_in = match &outcome {
            Ok(Err(LoadError::Login(_))) => LoggedIn::No,
            _ => LoggedIn::Yes,
        };
        match outcome {
            Ok(Ok(())) => {}
            // The sessions of the report say the rest, and what it means.
            Ok(Err(error @ LoadError::Login(_))) => {
                let text = format!("{error}; nothing was measured");
                notify(self.events, NoticeLevel::Error, text).await;
            }
            Ok(Err(error @ LoadError::Setup(_))) => {
                let text = format!("{error}; nothing was measured");
                notify(self.events, NoticeLevel::Error, text.clone()).await;
                facts.incomplete.push(text);
            }
            Ok(Err(error)) => self.load_failed(facts, error.to_string()).await,
            Err(panic) => self.load_failed(facts, panic.to_string()).await,
        }
        if let Some((tap, worker)) = tap {
            drop(tap);
            // The worker ends with the last tap; its events must be in before the verdict.
            let joined = tokio::task::spawn_blocking(move || worker.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                let text = "what looks at load traffic broke; its findings are incomplete";
                notify(self.events, NoticeLevel::Error, text.to_owned()).await;
                facts.internal.push(text.to_owned());
            }
        }
        logged_in
    }

    async fn load_failed(&self, facts: &mut Facts, text: String) {
        let text = format!("the load engine could not run: {text}");
        notify(self.events, NoticeLevel::Error, text.clone()).await;
        facts.internal.push(text);
    }

    fn tap(&self) -> Option<(Arc<dyn ExchangeTap>, std::thread::JoinHandle<()>)> {
        let plan = &self.job.plan;
        let for_scan = plan.scan.as_ref().is_some_and(|scan| scan.passive_during_load);
        let is_passive = plan.watched.passive || (for_scan && self.job.kind == RunKind::Check);
        if !is_passive && !plan.watched.is_any() {
            return None;
        }
        let (registry, redactor) = (|| Arc::clone(&self.job.registry), || plan.redactor.clone());
        let alias = crate::scan::ORIGIN_ALIAS;
        let watchers = Watchers {
            passive: is_passive.then(|| Passive::new(registry(), redactor(), alias)),
            watch: Watch::new(
                (plan.watched, &plan.refused),
                Canaries::of(plan.value_seed()),
                registry(),
                redactor(),
                alias,
            ),
            refused: plan.refused.clone(),
            shared: self.shared.clone(),
        };
        let (tap, worker) =
            tap(watchers, (plan.watched.every, self.job.clock), self.events.clone());
        Some((tap as Arc<dyn ExchangeTap>, worker))
    }

    async fn scan(&self, client: Client, facts: &mut Facts) {
        if let Some(record) = self.job.record.as_ref().filter(|record| record.answers() > 0) {
            let known = plural(record.answers() as u64, "answer", "answers");
            let done = match record.templates() as u64 {
                0 => String::new(),
                done => format!(", {} done", plural(done, "template is", "templates are")),
            };
            let text = format!("going on: {known} of the earlier run are used again{done}");
            notify(self.events, NoticeLevel::Info, text).await;
        }
        let Ok(callback_server) = self.callback_server(facts).await else { return };
        let job = ScanJob {
            plan: Arc::clone(&self.job.plan),
            registry: Arc::clone(&self.job.registry),
            wire: Arc::new(client),
            clock: self.job.clock,
            redactor: self.job.plan.redactor.clone(),
            record: self.job.record.clone(),
            addresses: self.job.addresses,
            browser: self.job.browser.clone(),
            templates: self.job.templates.clone(),
            callbacks: self.job.callbacks.clone(),
            callback_server: callback_server.clone(),
        };
        let (events, stop) = (self.events.clone(), self.stop.clone());
        if self.job.kind == RunKind::Crawl {
            crate::scan::crawl(job, events, stop).await;
        } else {
            crate::scan::run(job, events, stop).await;
        }
        if let Some(server) = callback_server {
            server.end().await;
        }
        if let Some(Err(error)) = self.job.record.as_ref().map(|record| record.close()) {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("{error}: {}", cause.unwrap_or_default());
            notify(self.events, NoticeLevel::Error, text.clone()).await;
            facts.internal.push(text);
        }
    }

    /// A session at the callback server that the user names, if templates or checks need one; without
    /// it nothing is sent. An error stands in the facts.
    async fn callback_server(&self, facts: &mut Facts) -> Result<Option<Arc<CallbackServer>>, ()> {
        let Some(CallbackSource::Server(options)) = &self.job.callbacks else { return Ok(None) };
        let is_active = self.job.plan.scan.as_ref().is_some_and(ScanSettings::is_active);
        let templates = self.job.templates.as_ref();
        if !is_active && !templates.is_some_and(|templates| templates.use_callbacks()) {
            return Ok(None);
        }
        let client = match client::beside(&self.job.plan, options.scope(), self.job.clock) {
            Ok(client) => client,
            Err(error) => {
                facts.internal.push(error.to_string());
                return Err(());
            }
        };
        match CallbackServer::register(Arc::new(client), options, self.events.clone()).await {
            Ok(server) => {
                let text = format!("calls from outside go to {}", server.server());
                notify(self.events, NoticeLevel::Info, text).await;
                Ok(Some(Arc::new(server)))
            }
            Err(error) => {
                let text = format!("{error}; nothing was sent to the target");
                notify(self.events, NoticeLevel::Error, text.clone()).await;
                if error.is_refusal() {
                    facts.refused.push(text);
                } else {
                    facts.unreachable.push(text);
                }
                Err(())
            }
        }
    }
}
