//! The load's own time.

use crate::http::reactor::Nanos;

/// The load's own time: it stands still during a pause.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::load) struct LoadClock {
    behind: Nanos,
    stands_at: Option<Nanos>,
}

impl LoadClock {
    /// The load's time at `now` of the run's clock.
    pub(in crate::load) fn load_time(&self, now: Nanos) -> Nanos {
        self.stands_at.unwrap_or_else(|| now.saturating_sub(self.behind))
    }

    /// When the load's time is `at`, unless there is another pause before.
    pub(in crate::load) fn run_time(&self, at: Nanos) -> Nanos {
        at.saturating_add(self.behind)
    }

    pub(in crate::load) fn is_paused(&self) -> bool {
        self.stands_at.is_some()
    }

    pub(in crate::load) fn pause(&mut self, now: Nanos) {
        self.stands_at = Some(self.load_time(now));
    }

    pub(in crate::load) fn resume(&mut self, now: Nanos) {
        if let Some(stood_at) = self.stands_at.take() {
            self.behind = now.saturating_sub(stood_at);
        }
    }
}
