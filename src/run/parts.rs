//! The parts of a run in their order: preflight, load, scan.

use std::sync::Arc;

use crate::http::Client;
use crate::load::LoadError;
use crate::load::LoadJob;
use crate::model::Conversation;
use crate::model::EventSender;
use crate::model::ExchangeTap;
use crate::model::Facts;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::NoticeLevel;
use crate::model::RequestTemplate;
use crate::model::Scheme;
use crate::model::StopToken;
use crate::plan::Protocol;
use crate::scan::Passive;
use crate::scan::ScanJob;

use super::client;
use super::engine::RunJob;
use super::engine::RunKind;
use super::engine::notify;
use super::tap::passive_tap;

/// What every part needs.
pub(super) struct Parts<'a> {
    /// The run.
    pub(super) job: &'a RunJob,
    /// To the pump.
    pub(super) events: &'a EventSender,
    /// Raised when nothing more may be sent.
    pub(super) stop: &'a StopToken,
}

/// Whether load could log in, where it was to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoggedIn {
    Yes,
    No,
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
        let may_load = matches!(self.job.kind, RunKind::Load | RunKind::Check);
        let load = may_load && !self.job.plan.scenarios.is_empty();
        let scan = self.job.kind != RunKind::Load && self.job.plan.scan.is_some();
        if let Err(failure) = self.preflight(&client, load, scan).await {
            self.refuse(&mut facts, &failure).await;
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
            self.scan(client).await;
        }
        facts
    }

    /// Asks the target over whatever the parts will speak.
    async fn preflight(&self, client: &Client, load: bool, scan: bool) -> Result<(), Failure> {
        let plan = &self.job.plan;
        let is_http3 = matches!(plan.connection.protocol, Protocol::Http3 { .. });
        // Requests may go elsewhere than to a target over http://, which QUIC has no form for.
        let is_call =
            |request: &RequestTemplate| matches!(request.conversation, Conversation::Grpc(_));
        let over_quic = load
            && is_http3
            && plan.target.origin.scheme == Scheme::Https
            && !plan.requests.iter().all(is_call);
        if over_quic {
            client.preflight_quic(&plan.target.origin).await?;
        }
        if scan || !over_quic || plan.requests.iter().any(is_call) {
            client.preflight(&plan.target.origin).await?;
        }
        Ok(())
    }

    async fn refuse(&self, facts: &mut Facts, failure: &Failure) {
        let target = &self.job.plan.target.origin;
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
                let text = "passive rules on load traffic broke; their findings are incomplete";
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
        let wanted = self.job.plan.scan.as_ref().is_some_and(|scan| scan.passive_during_load);
        (wanted && self.job.kind == RunKind::Check).then(|| {
            let passive = Passive::new(
                Arc::clone(&self.job.registry),
                self.job.plan.redactor.clone(),
                crate::scan::ORIGIN_ALIAS,
            );
            let (tap, worker) = passive_tap(passive, self.events.clone());
            (tap as Arc<dyn ExchangeTap>, worker)
        })
    }

    async fn scan(&self, client: Client) {
        let job = ScanJob {
            plan: Arc::clone(&self.job.plan),
            registry: Arc::clone(&self.job.registry),
            wire: Arc::new(client),
            clock: self.job.clock,
            redactor: self.job.plan.redactor.clone(),
        };
        let (events, stop) = (self.events.clone(), self.stop.clone());
        if self.job.kind == RunKind::Crawl {
            crate::scan::crawl(job, events, stop).await;
        } else {
            crate::scan::run(job, events, stop).await;
        }
    }
}
