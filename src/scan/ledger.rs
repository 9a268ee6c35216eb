//! Takes in everything the engine's parts learn, in one order: counts traffic, runs the passive
//! rules, and passes events on. Being one task, it never reports an older state after a newer one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::passive::Passive;
use super::traffic::Learnt;
use super::traffic::Progress;
use crate::http::clock::Clock;
use crate::model::Digits;
use crate::model::Event;
use crate::model::EventSender;
use crate::model::Exchange;
use crate::model::Histogram;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::ScanWindow;
use crate::model::inert;

/// Length of a window of figures.
const WINDOW: Duration = Duration::from_secs(1);

/// Failed exchanges that are shown one by one; all are counted.
const MAX_FAILURES: u64 = 50;

/// See the module.
pub(crate) struct Ledger {
    pub(crate) events: EventSender,
    pub(crate) clock: Clock,
    pub(crate) progress: Arc<Progress>,
    pub(crate) passive: Passive,
    window: ScanWindow,
    failures: u64,
    certificates: BTreeSet<String>,
}

impl Ledger {
    pub(crate) fn new(
        events: EventSender,
        clock: Clock,
        progress: Arc<Progress>,
        passive: Passive,
    ) -> Self {
        let window = empty_window(clock.now());
        let certificates = BTreeSet::new();
        Self { events, clock, progress, passive, window, failures: 0, certificates }
    }

    /// Works until every sender is gone; gives the passive rules back with what they counted.
    pub(crate) async fn run(mut self, mut learnt: mpsc::Receiver<Learnt>) -> Passive {
        let mut ticks = tokio::time::interval(WINDOW);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                next = learnt.recv() => match next {
                    Some(Learnt::Event(event)) => self.emit(*event).await,
                    Some(Learnt::Exchange { exchange, stands_for }) => {
                        self.take(&exchange, stands_for.as_deref()).await;
                    }
                    Some(Learnt::Asked { exchange, judges }) => {
                        self.take_asked(&exchange, &judges).await;
                    }
                    None => break,
                },
                _ = ticks.tick() => self.close_window().await,
            }
        }
        self.close_window().await;
        if self.passive.left_out() > 0 {
            let text = format!(
                "scan: {} more observations of passive rules were counted and not kept",
                self.passive.left_out()
            );
            self.emit(Event::Notice(Notice { level: NoticeLevel::Warning, text })).await;
        }
        self.passive
    }

    async fn take(&mut self, exchange: &Exchange, stands_for: Option<&str>) {
        self.count(exchange).await;
        for finding in self.passive.inspect_for(exchange, stands_for) {
            self.emit(Event::Finding(Box::new(finding))).await;
        }
    }

    async fn take_asked(&mut self, exchange: &Exchange, judges: &[String]) {
        self.count(exchange).await;
        for finding in self.passive.inspect_asked(exchange, judges) {
            self.emit(Event::Finding(Box::new(finding))).await;
        }
    }

    async fn count(&mut self, exchange: &Exchange) {
        self.window.requests += 1;
        match &exchange.outcome {
            Ok(_) => self.window.duration.record(exchange.timings.duration()),
            Err(failure) => {
                self.window.failed += 1;
                self.failures += 1;
                if self.failures <= MAX_FAILURES {
                    let url = inert(&exchange.request.url(), 300);
                    self.emit(Event::ScanFailure { url, failure: failure.clone() }).await;
                }
            }
        }
        self.certificate(exchange).await;
    }

    /// A certificate that a verifying client would refuse, once per origin.
    async fn certificate(&mut self, exchange: &Exchange) {
        let fault = exchange.tls.as_ref().and_then(|tls| tls.certificate_fault.as_deref());
        let Some(fault) = fault else { return };
        let origin = exchange.request.origin.to_string();
        if self.certificates.insert(origin.clone()) {
            let text = format!(
                "the certificate of {origin} would be refused by a verifying client: {}",
                inert(fault, 200)
            );
            self.emit(Event::Notice(Notice { level: NoticeLevel::Warning, text })).await;
        }
    }

    async fn close_window(&mut self) {
        let now = self.clock.now();
        let mut window = std::mem::replace(&mut self.window, empty_window(now));
        window.to = now;
        window.progress = self.progress.snapshot();
        self.emit(Event::ScanWindow(window)).await;
        for finding in self.passive.take_updates() {
            self.emit(Event::Finding(Box::new(finding))).await;
        }
    }

    async fn emit(&self, event: Event) {
        // Without a listener the run is being torn down; the engine's own end is near.
        let _gone = self.events.send(event).await;
    }
}

fn empty_window(from: Duration) -> ScanWindow {
    ScanWindow {
        from,
        to: from,
        requests: 0,
        failed: 0,
        duration: Histogram::new(Digits::Two),
        progress: crate::model::CrawlProgress::default(),
    }
}
