//! Ctrl-C, three times: stop, cancel, leave.

use tokio::sync::mpsc;

use crate::model::ControlCommand;
use crate::model::Event;
use crate::model::EventSender;
use crate::model::StopReason;
use crate::model::StopToken;

/// Where interrupts come in: signals, and keys of the TUI.
#[derive(Debug, Clone)]
pub struct Interrupts {
    sender: mpsc::Sender<String>,
}

impl Interrupts {
    /// A channel of interrupts: each is the word for what arrived (`SIGINT`, `q`).
    pub fn channel() -> (Self, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(8);
        (Self { sender }, receiver)
    }

    /// One more interrupt; ignored once the run has ended.
    pub fn interrupt(&self, word: &str) {
        // Full means that several are waiting already: nothing is lost.
        let _ = self.sender.try_send(word.to_owned());
    }

    /// Turns SIGINT and SIGTERM into interrupts for as long as the runtime lives.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub async fn listen(self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        loop {
            tokio::select! {
                _ = interrupt.recv() => self.interrupt("SIGINT"),
                _ = terminate.recv() => self.interrupt("SIGTERM"),
            }
        }
    }
}

/// Carries out interrupts: the first stops, the second cancels, the third returns from here so that
/// the program can be left without waiting for anything.
pub(super) async fn obey(
    interrupts: &mut mpsc::Receiver<String>,
    events: &EventSender,
    stop: &StopToken,
) {
    let mut seen = 0;
    while let Some(word) = interrupts.recv().await {
        seen += 1;
        match seen {
            1 => {
                let reason = StopReason::Interrupted(format!("stopped by {word}"));
                // The pump may be gone already; then the run is over anyway.
                let _ = events.send(Event::Stopping(reason)).await;
                stop.apply(ControlCommand::Stop);
            }
            2 => stop.apply(ControlCommand::Cancel),
            _ => return,
        }
    }
    // Nobody can interrupt any more: stay, so that the run is not left.
    std::future::pending::<()>().await;
}
