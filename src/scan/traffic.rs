//! Everything the engine sends goes through here: admitted, bounded, stoppable, and seen by the
//! ledger (which counts it and lets the passive rules look at it).

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::Semaphore;
use tokio::sync::mpsc;

use super::wire::Wire;
use crate::model::CrawlProgress;
use crate::model::Event;
use crate::model::Exchange;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::OutOfScope;
use crate::model::Request;
use crate::model::Scope;
use crate::model::StopLevel;
use crate::model::StopToken;

/// What the engine's parts tell the ledger, in order.
#[derive(Debug)]
pub(crate) enum Learnt {
    /// An exchange took place.
    Exchange(Arc<Exchange>),
    /// To be passed on.
    Event(Event),
}

/// Why a request was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    /// Scope does not allow it.
    #[error(transparent)]
    OutOfScope(#[from] OutOfScope),
    /// The run is winding down.
    #[error("the run is being stopped")]
    Stopped,
}

/// How far the engine has come, updated by its parts and read by the ledger.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) fetched: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) nodes: AtomicU64,
    pub(crate) points_done: AtomicU64,
    pub(crate) points: AtomicU64,
}

impl Progress {
    pub(crate) fn snapshot(&self) -> CrawlProgress {
        CrawlProgress {
            fetched: self.fetched.load(Ordering::Relaxed),
            queued: self.queued.load(Ordering::Relaxed),
            nodes: self.nodes.load(Ordering::Relaxed),
            points_done: self.points_done.load(Ordering::Relaxed),
            points: self.points.load(Ordering::Relaxed),
        }
    }
}

/// The way to the target.
pub(crate) struct Traffic {
    wire: Arc<dyn Wire>,
    scope: Scope,
    stop: StopToken,
    permits: Semaphore,
    learnt: mpsc::Sender<Learnt>,
    pub(crate) progress: Progress,
}

impl Traffic {
    /// At most `concurrency` exchanges at once.
    pub(crate) fn new(
        wire: Arc<dyn Wire>,
        scope: Scope,
        stop: StopToken,
        concurrency: usize,
        learnt: mpsc::Sender<Learnt>,
    ) -> Self {
        Self {
            wire,
            scope,
            stop,
            permits: Semaphore::new(concurrency.max(1)),
            learnt,
            progress: Progress::default(),
        }
    }

    /// One exchange. Cancel safe: an exchange that is dropped is not counted.
    ///
    /// # Errors
    /// [`Unsent`]; a failed exchange is no error but an outcome.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Arc<Exchange>, Unsent> {
        let admitted = self.scope.admit(request)?;
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        if self.stop.is_stopping() {
            return Err(Unsent::Stopped);
        }
        let exchange = tokio::select! {
            exchange = self.wire.send(admitted) => Arc::new(exchange),
            () = self.stop.reached(StopLevel::Cancelled) => return Err(Unsent::Stopped),
        };
        self.tell(Learnt::Exchange(Arc::clone(&exchange))).await;
        Ok(exchange)
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_stopping()
    }

    pub(crate) async fn event(&self, event: Event) {
        self.tell(Learnt::Event(event)).await;
    }

    pub(crate) async fn notice(&self, level: NoticeLevel, text: String) {
        self.event(Event::Notice(Notice { level, text })).await;
    }

    async fn tell(&self, learnt: Learnt) {
        // The ledger is gone only after the last sender, or when the run is torn down.
        let _gone = self.learnt.send(learnt).await;
    }
}
