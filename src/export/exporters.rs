//! A task for each place that figures are sent to, and what the pump hands to all of them.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::delivery::Courier;
use super::delivery::Ledger;
use super::figures::Figures;
use super::figures::Subject;
use super::otlp;
use super::prometheus;
use crate::model::Event;
use crate::model::Export;
use crate::model::Notice;
use crate::model::Temporality;

/// How long the end of a run waits for what is still on its way: the run must not seem to hang for a
/// place that is gone.
const WAY_PATIENCE: Duration = Duration::from_secs(1);

/// And then for the last figures, all of them together.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// Every place that figures are sent to.
pub struct Exporters {
    gatherer: Gatherer,
    is_over: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Option<Notice>>>,
}

/// Takes events for the places; never waits for one.
#[derive(Debug, Clone, Default)]
pub struct Gatherer {
    places: Vec<Arc<Mutex<Gathered>>>,
}

/// What one place was not sent yet.
#[derive(Debug, Default)]
struct Gathered {
    subject: Subject,
    figures: Figures,
}

/// What a task has taken and is not done with: all there is where figures count from the run's start,
/// else what was not delivered.
#[derive(Debug, Default)]
struct Pending {
    figures: Figures,
    is_undelivered: bool,
}

/// What of a sending arrived.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arrived {
    pub(super) metrics: bool,
    pub(super) traces: bool,
    /// Of metrics that go in pieces, the first ones.
    pub(super) some_metrics: bool,
}

impl Exporters {
    /// Starts a task for each; to be called on a tokio runtime.
    pub fn start(exports: &[Export]) -> Self {
        let (is_over, over) = watch::channel(false);
        let mut gatherer = Gatherer::default();
        let mut tasks = Vec::new();
        for export in exports {
            let gathered = Arc::<Mutex<Gathered>>::default();
            gatherer.places.push(Arc::clone(&gathered));
            tasks.push(tokio::spawn(serve(export.clone(), gathered, over.clone())));
        }
        Self { gatherer, is_over, tasks }
    }

    /// What the pump hands events to.
    pub fn gatherer(&self) -> Gatherer {
        self.gatherer.clone()
    }

    /// Sends what is left, and gives the word on each place.
    ///
    /// Cancel safe: the tasks end by themselves then.
    pub async fn finish(self) -> Vec<Notice> {
        // Without tasks nobody listens.
        let _ = self.is_over.send(true);
        let mut notices = Vec::new();
        for task in self.tasks {
            // A task that broke has told why.
            notices.extend(task.await.ok().flatten());
        }
        notices
    }
}

impl Gatherer {
    /// Takes an event.
    pub fn take(&self, event: &Event) {
        for place in &self.places {
            let mut gathered = place.lock().unwrap_or_else(PoisonError::into_inner);
            gathered.subject.take(event);
            if let Event::LoadWindow(window) = event {
                gathered.figures.add(window);
            }
        }
    }
}

/// Sends at each interval what there is, until the run is over.
async fn serve(
    export: Export,
    gathered: Arc<Mutex<Gathered>>,
    mut over: watch::Receiver<bool>,
) -> Option<Notice> {
    let place = shown(&export);
    let delivery = export.delivery();
    let mut courier = match Courier::new(delivery) {
        Ok(courier) => courier,
        Err(why) => {
            let mut ledger = Ledger::default();
            ledger.give_up(why);
            return ledger.notice(&place);
        }
    };
    // What was not delivered is sent again with what has come since.
    let mut pending = Pending::default();
    loop {
        let is_over = *over.borrow();
        let is_last = is_over
            || tokio::select! {
                () = tokio::time::sleep(delivery.interval) => false,
                _ = over.changed() => true,
            };
        let (subject, fresh) = {
            let mut gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
            (gathered.subject.clone(), std::mem::take(&mut gathered.figures))
        };
        if fresh.span.is_some() || (is_last && pending.is_undelivered) {
            pending.figures.append(fresh);
            let patience =
                if is_last { LAST_PATIENCE } else { delivery.interval.max(delivery.timeout) };
            let arrived = tokio::select! {
                arrived = send(&export, &mut courier, (&subject, &pending.figures), patience) => {
                    Some(arrived)
                }
                () = out_of_time(&mut over, is_last) => None,
            };
            if arrived.is_none() {
                courier.ledger.cut_off();
            }
            pending.settle(&export, arrived.unwrap_or_default());
        }
        if is_last {
            courier.ledger.untold = pending.figures.traced_dropped;
            return courier.ledger.notice(&place);
        }
    }
}

/// Ends when a sending has to: a while after the run's end, or after the last one's beginning.
async fn out_of_time(over: &mut watch::Receiver<bool>, is_last: bool) {
    if is_last {
        return tokio::time::sleep(LAST_PATIENCE).await;
    }
    // An error means that nobody waits any more.
    let _ = over.wait_for(|is_over| *is_over).await;
    tokio::time::sleep(WAY_PATIENCE).await;
}

async fn send(
    export: &Export,
    courier: &mut Courier,
    (subject, figures): (&Subject, &Figures),
    patience: Duration,
) -> Arrived {
    match export {
        Export::Otlp(settings) => otlp::send(settings, courier, (subject, figures), patience).await,
        Export::RemoteWrite(settings) => {
            prometheus::send(settings, courier, (subject, figures), patience).await
        }
    }
}

impl Pending {
    /// Forgets what has arrived and is not to be told again.
    fn settle(&mut self, export: &Export, arrived: Arrived) {
        self.is_undelivered = !(arrived.metrics && arrived.traces);
        if arrived.traces {
            self.figures.traced.clear();
        }
        let is_delta = match export {
            Export::Otlp(otlp) => otlp.temporality == Temporality::Delta,
            Export::RemoteWrite(_) => false,
        };
        // What was not told with the rest would be told twice with it.
        if is_delta && (arrived.metrics || arrived.some_metrics) {
            let Figures { vus, traced, traced_dropped, .. } = std::mem::take(&mut self.figures);
            self.figures = Figures { vus, traced, traced_dropped, ..Figures::default() };
        }
    }
}

/// The place, without what may be a secret in its address.
fn shown(export: &Export) -> String {
    let url = export.urls().first().copied().unwrap_or_default();
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => bare.to_owned(),
    }
}
