//! When the next frame is due: often enough to follow a run, seldom enough to cost nothing.

use std::time::{Duration, Instant};

/// Between frames that events ask for: four a second.
const FOR_EVENTS: Duration = Duration::from_millis(250);
/// Between frames that keys ask for: holding a key down scrolls smoothly.
const FOR_KEYS: Duration = Duration::from_millis(33);

/// What made a frame necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The run went on.
    Event,
    /// The user pressed a key or resized the terminal.
    User,
}

/// Nothing is due until something changes; the first frame is due at once.
#[derive(Debug)]
pub(super) struct Pace {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Pace {
    /// A first frame is due at `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self { last: None, due: Some(now) }
    }

    /// Something changed.
    pub(super) fn changed(&mut self, cause: Cause, now: Instant) {
        let gap = match cause {
            Cause::Event => FOR_EVENTS,
            Cause::User => FOR_KEYS,
        };
        let earliest = self.last.map_or(now, |last| now.max(last + gap));
        self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
    }

    /// How long to wait for the next message: forever if nothing is to be drawn.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(now))
    }

    /// Whether to draw now; the caller then does.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.last = Some(now);
            self.due = None;
        }
        due
    }
}

/// The view's clock.
#[expect(clippy::disallowed_methods, reason = "the one clock of the view; the rest is given times")]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_events_is_drawn_four_times_a_second() {
        let start = now();
        let mut pace = Pace::new(start);
        let frames = (0..1000)
            .filter(|millis| {
                let now = start + Duration::from_millis(*millis);
                pace.changed(Cause::Event, now);
                pace.take_due(now)
            })
            .count();
        assert_eq!(frames, 4);
    }

    #[test]
    fn a_key_need_not_wait_for_the_events_turn() {
        let start = now();
        let mut pace = Pace::new(start);
        assert!(pace.take_due(start));
        let later = start + Duration::from_millis(40);
        pace.changed(Cause::Event, later);
        assert!(!pace.take_due(later));
        pace.changed(Cause::User, later);
        assert!(pace.take_due(later));
    }

    #[test]
    fn nothing_is_drawn_when_nothing_changed() {
        let start = now();
        let mut pace = Pace::new(start);
        assert!(pace.take_due(start));
        assert_eq!(pace.wait(start), None);
        assert!(!pace.take_due(start + Duration::from_secs(9)));
    }
}
