//! Lets clients in, and keeps for them what the run has found out so far.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::format::control::ControlReply;
use crate::format::control::write_reply;
use crate::model::Report;
use crate::model::RunStatus;
use crate::model::Stamped;
use crate::run::steer::Steering;
use crate::ui::Consumer;

use super::client::attend;
use super::file::SocketFile;

/// Clients at once.
const MOST_CLIENTS: usize = 32;
/// How long to wait when nobody can be let in: for want of descriptors it seldom is at once.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// What clients are told from.
pub(super) struct Shared {
    pub(super) steering: Steering,
    report: Mutex<Report>,
    file: Mutex<Option<SocketFile>>,
    over: watch::Sender<bool>,
    /// Reports are large, and one being written at a time is enough.
    pub(super) snapshots: Semaphore,
}

impl Shared {
    /// The report so far, for as short as possible: the pump waits for it.
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of it.
    pub(super) fn snapshot(&self) -> Report {
        self.report().clone()
    }

    /// How the run stands.
    pub(super) fn status(&self) -> RunStatus {
        let load = self.steering.status();
        let elapsed = self.steering.clock.now();
        let report = self.report();
        let total = report.total();
        RunStatus {
            elapsed,
            load_elapsed: load.elapsed,
            planned: report.run.as_ref().and_then(|run| run.planned),
            phase: report.phases.last().map(|(phase, _)| *phase),
            stopping: report.stopped.is_some(),
            loading: load.running,
            paused: load.paused,
            per_second: load.per_second,
            rate_factor: load.rate_factor,
            vus: load.vus,
            vus_factor: load.vus_factor,
            scenarios: load.scenarios,
            requests: total.requests,
            failed: total.failed,
            p95: total.latency.quantile(0.95),
        }
    }

    fn listener(&self) -> io::Result<UnixListener> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = file.as_ref().ok_or_else(|| io::Error::other("it is closed already"))?;
        UnixListener::from_std(file.listener()?)
    }

    /// Lets nobody in any more, and removes the file.
    fn close(&self) {
        self.over.send_replace(true);
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Returns when the run is over. Cancel safe.
    pub(super) async fn over(&self) {
        let mut over = self.over.subscribe();
        // The sender lives here: this cannot fail.
        let _ = over.wait_for(|over| *over).await;
    }
}

/// The socket of one run: closed when its feed has seen the last event, at the latest when this is
/// dropped.
pub struct ControlSocket(Arc<Shared>);

impl ControlSocket {
    /// For the run that `steering` steers.
    pub fn new(file: SocketFile, steering: Steering) -> Self {
        Self(Arc::new(Shared {
            steering,
            report: Mutex::new(Report::default()),
            file: Mutex::new(Some(file)),
            over: watch::channel(false).0,
            snapshots: Semaphore::new(1),
        }))
    }

    /// Must see every event of the run, before consumers that wait for a user: the socket closes
    /// when this finishes.
    pub fn feed(&self) -> SocketFeed {
        SocketFeed(Arc::clone(&self.0))
    }

    /// Serves clients until the socket is closed.
    pub fn serve(&self) -> impl Future<Output = io::Result<()>> + Send + 'static {
        serve(Arc::clone(&self.0))
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn serve(shared: Arc<Shared>) -> io::Result<()> {
    let listener = shared.listener()?;
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shared.over() => break,
            Some(_) = clients.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if clients.len() < MOST_CLIENTS => {
                clients.spawn(attend(stream, Arc::clone(&shared)));
            }
            Ok((stream, _)) => {
                let why = format!("there are {MOST_CLIENTS} clients already");
                // A new stream has room for a line; whoever is gone does not miss it.
                let _ = stream.try_write(&write_reply(&ControlReply::Refused(why)));
            }
            Err(_) => tokio::time::sleep(AFTER_FAILURE).await,
        }
    }
    // Each sees by itself that the run is over.
    while clients.join_next().await.is_some() {}
    Ok(())
}

/// Keeps the report for clients; the end of the run is the socket's.
pub struct SocketFeed(Arc<Shared>);

impl Consumer for SocketFeed {
    fn on_event(&mut self, stamped: &Stamped, _report: &Report) {
        // A fold of its own: copying the whole report with every event would cost far more.
        self.0.report().apply(stamped);
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.close();
        Ok(())
    }
}
