//! Ctrl-C, three times: stop, cancel, leave.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::model::ControlCommand;
use crate::model::Event;
use crate::model::EventSender;
use crate::model::StopLevel;
use crate::model::StopReason;
use crate::model::StopToken;

/// Somebody's wish that the run wind down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupt {
    /// What arrived: `SIGINT`, `the user`.
    word: String,
    wish: Wish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// One level further than now.
    Further,
    /// This level, however often it is said; nobody leaves a run this way.
    Level(StopLevel),
}

/// Where interrupts come in: signals, keys of the TUI, and the control socket.
#[derive(Debug, Clone)]
pub struct Interrupts {
    sender: mpsc::Sender<Interrupt>,
}

impl Interrupts {
    /// A channel of interrupts.
    pub fn channel() -> (Self, mpsc::Receiver<Interrupt>) {
        let (sender, receiver) = mpsc::channel(8);
        (Self { sender }, receiver)
    }

    /// One more interrupt, by the word for what arrived; ignored once the run has ended.
    pub fn interrupt(&self, word: &str) {
        // Full means that several are waiting already: nothing is lost.
        let _ = self.sender.try_send(Interrupt { word: word.to_owned(), wish: Wish::Further });
    }

    /// The run is to wind down to `level`, by whose wish; whether it could be said.
    pub(super) fn wind_down(&self, level: StopLevel, word: &str) -> bool {
        let wish = Wish::Level(level);
        self.sender.try_send(Interrupt { word: word.to_owned(), wish }).is_ok()
    }

    /// Turns SIGINT and SIGTERM into interrupts for as long as the runtime lives; SIGHUP too where
    /// somebody watches: a run under `nohup` is to outlive its terminal.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub async fn listen(self, watched: bool) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = if watched { Some(signal(SignalKind::hangup())?) } else { None };
        let mut hung_up = std::pin::pin!(async {
            match &mut hangup {
                // Once is enough: nobody is there any more to insist.
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        });
        let mut connected = true;
        loop {
            tokio::select! {
                _ = interrupt.recv() => self.interrupt("SIGINT"),
                _ = terminate.recv() => self.interrupt("SIGTERM"),
                _ = &mut hung_up, if connected => {
                    connected = false;
                    self.interrupt("SIGHUP");
                }
            }
        }
    }
}

/// How long the word that the run is being stopped may take before it is stopped regardless.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

/// Interrupts that are needed to leave a run.
const LEAVES: usize = 3;

/// Carries out interrupts: the first stops, the second cancels, the third returns from here so that
/// the program can be left without waiting for anything. Returns early, with nothing left to do, only
/// then; `seen` counts those of the whole run.
pub(super) async fn obey(
    interrupts: &mut mpsc::Receiver<Interrupt>,
    seen: &mut usize,
    events: &EventSender,
    stop: &StopToken,
) {
    while let Some(Interrupt { word, wish }) = interrupts.recv().await {
        let before = *seen;
        *seen = match wish {
            Wish::Further => before + 1,
            Wish::Level(StopLevel::Running) => before,
            Wish::Level(StopLevel::Stopping) => before.max(1),
            Wish::Level(StopLevel::Cancelled) => before.max(2),
        };
        if *seen >= LEAVES {
            return;
        }
        if *seen > 1 {
            stop.apply(ControlCommand::Cancel);
        }
        if before > 0 || *seen == 0 {
            continue;
        }
        let reason = StopReason::Interrupted(format!("stopped by {word}"));
        let events = events.clone();
        // A task of its own: the pump cannot end before it has the word, and a consumer that blocks
        // the pump cannot keep the next interrupt from being heard.
        let told = tokio::spawn(async move {
            // The pump may be gone already; then the run is over anyway.
            let _ = events.send(Event::Stopping(reason)).await;
        });
        let _ = tokio::time::timeout(TOLD_WITHIN, told).await;
        stop.apply(ControlCommand::Stop);
    }
    // Nobody can interrupt any more: stay, so that the run is not left.
    std::future::pending::<()>().await;
}

/// Returns when interrupts insist on leaving a run that is over and only has to be written down.
/// A single one is for the consumers, and a view that waits for the user ends by it.
pub(super) async fn insist(interrupts: &mut mpsc::Receiver<Interrupt>, seen: usize) {
    let mut more = LEAVES - seen.min(1);
    while more > 0 {
        match interrupts.recv().await {
            Some(Interrupt { wish: Wish::Further, .. }) => more -= 1,
            Some(Interrupt { wish: Wish::Level(_), .. }) => {}
            None => std::future::pending::<()>().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupted(times: usize) -> mpsc::Receiver<Interrupt> {
        let (interrupts, receiver) = Interrupts::channel();
        for _ in 0..times {
            interrupts.interrupt("SIGINT");
        }
        // The sender lives on, as it does in the program.
        std::mem::forget(interrupts);
        receiver
    }

    #[tokio::test]
    async fn the_third_interrupt_leaves_although_nobody_takes_events() {
        let (events, _stuck) = mpsc::channel(1);
        let filler = StopReason::Interrupted(String::new());
        events.try_send(Event::Stopping(filler)).expect("there is one place");
        let stop = StopToken::default();
        let mut seen = 0;
        obey(&mut interrupted(3), &mut seen, &events, &stop).await;
        assert_eq!(seen, 3);
        assert!(stop.is_stopping());
    }

    #[tokio::test]
    async fn an_impatient_second_interrupt_does_not_cost_the_report() {
        let mut impatient = interrupted(1);
        tokio::select! {
            biased;
            () = insist(&mut impatient, 1) => panic!("the report was still being written"),
            () = tokio::task::yield_now() => {}
        }
        insist(&mut interrupted(2), 1).await;
        insist(&mut interrupted(3), 0).await;
    }
}
