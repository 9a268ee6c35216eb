//! The one arrow that goes back: commands from signals, keys and derivers to the engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::watch;

use super::amount::Amount;

/// What a user, a signal or a gate tells the engines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ControlCommand {
    /// Issue nothing new, let what is in flight finish within the grace period.
    Stop,
    /// Drop what is in flight too.
    Cancel,
    /// Change the load.
    Load(LoadCommand),
}

/// How a user changes the load while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadCommand {
    /// The arrival rates of all open scenarios.
    Rate(Amount),
    /// The users of all closed scenarios.
    Vus(Amount),
    /// No iteration starts, and the load's own time stands still: stages and ends move by as long.
    Pause,
    /// Go on.
    Resume,
}

/// How far a run has been told to wind down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopLevel {
    /// Keep going.
    Running,
    /// Issue nothing new.
    Stopping,
    /// Drop everything now.
    Cancelled,
}

/// Shared by everything that sends: read with one atomic load in hot loops, awaited elsewhere.
///
/// The level only ever rises.
#[derive(Debug, Clone)]
pub struct StopToken {
    level: Arc<AtomicU8>,
    changed: Arc<watch::Sender<()>>,
}

impl Default for StopToken {
    fn default() -> Self {
        Self { level: Arc::new(AtomicU8::new(0)), changed: Arc::new(watch::channel(()).0) }
    }
}

impl StopToken {
    /// The current level: one relaxed atomic load.
    pub fn level(&self) -> StopLevel {
        match self.level.load(Ordering::Relaxed) {
            0 => StopLevel::Running,
            1 => StopLevel::Stopping,
            _ => StopLevel::Cancelled,
        }
    }

    /// Whether nothing new may be issued.
    pub fn is_stopping(&self) -> bool {
        self.level() >= StopLevel::Stopping
    }

    /// Carries out a command; a lower level than the present one changes nothing, and neither does
    /// a command that is for the load alone.
    pub fn apply(&self, command: ControlCommand) {
        let level = match command {
            ControlCommand::Stop => 1,
            ControlCommand::Cancel => 2,
            ControlCommand::Load(_) => return,
        };
        self.level.fetch_max(level, Ordering::Relaxed);
        self.changed.send_replace(());
    }

    /// Returns once the level is at least `level`. Cancel safe: waiting again starts anew.
    pub async fn reached(&self, level: StopLevel) {
        let mut changes = self.changed.subscribe();
        while self.level() < level {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_never_falls() {
        let token = StopToken::default();
        token.apply(ControlCommand::Cancel);
        token.apply(ControlCommand::Stop);
        assert_eq!(token.level(), StopLevel::Cancelled);
    }
}
