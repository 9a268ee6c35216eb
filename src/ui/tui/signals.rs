//! Signals that end a program, so that a view that only waits for `q` gives the terminal back.
//!
//! During a run they belong to the run; it sees them as well.

use std::io;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::thread::JoinHandle;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::live::Message;

/// The thread; told to end and joined when dropped.
pub(super) struct Signals {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Signals {
    /// Starts waiting for hang-up, interrupt and termination.
    ///
    /// # Errors
    /// The thread or its handlers cannot be set up.
    pub(super) fn start(messages: SyncSender<Message>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let kinds = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()];
        let [mut hangup, mut interrupt, mut terminate] = {
            let _context = runtime.enter();
            let [a, b, c] = kinds.map(signal);
            [a?, b?, c?]
        };
        let (end, mut ended) = oneshot::channel();
        let thread = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = &mut ended => return,
                        _ = hangup.recv() => {}
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                    }
                    if messages.send(Message::Signal).is_err() {
                        return;
                    }
                }
            });
        })?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Dropping the sender ends the wait.
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}
