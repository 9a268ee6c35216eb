//! Whether a firewall or bot wall answers in the target's place while load runs.
//!
//! The tap sees single answers with the wall's marks, and windows say how many answers have their status:
//! where nearly all do for some time, the load measures the wall.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::derive::Deriver;
use crate::model::Event;
use crate::model::LoadWindow;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::StopReason;
use crate::model::Tapped;
use crate::model::Wall;
use crate::model::format_duration;
use crate::model::format_percent;

/// Share of the answers, and for how long.
const NEARLY_ALL: f64 = 0.9;
const HELD: Duration = Duration::from_secs(3);

/// A wall, the status that it gave, and when.
type Seen = (Wall, u16, Duration);

/// The last wall that was seen and the status that it gave; shared by who sees it and who counts.
#[derive(Debug, Default, Clone)]
pub(super) struct Blocked {
    seen: Arc<Mutex<Option<Seen>>>,
    since: Option<Duration>,
}

impl Blocked {
    /// Looks at an answer.
    pub(super) fn note(&self, tapped: &Tapped) {
        let Some(response) = tapped.exchange.response() else { return };
        let Some(wall) = Wall::of(response) else { return };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((wall, response.status, tapped.at));
    }

    fn judge(&mut self, window: &LoadWindow) -> Option<StopReason> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (wall, status, seen_at) = seen?;
        let requests: u64 = window.series.iter().map(|series| series.tally.requests).sum();
        if requests == 0 {
            return None;
        }
        let of_wall = window.series.iter().map(|series| series.tally.statuses.get(&status));
        let share = of_wall.flatten().sum::<u64>() as f64 / requests as f64;
        // Of such answers one in a few is looked at: who has seen none for long is not before a wall.
        let is_fresh = window.to.saturating_sub(seen_at) <= HELD;
        if share < NEARLY_ALL || !is_fresh {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(window.from);
        let held = window.to.saturating_sub(since);
        (held >= HELD).then(|| {
            StopReason::Blocked(format!(
                "{} answers in the target's place: {} of the answers are {status} since {}, and what \
                 was measured since then is the wall; let the load's addresses through",
                wall.named(),
                format_percent(share),
                format_duration(since),
            ))
        })
    }
}

impl Deriver for Blocked {
    fn look(&mut self, stamped: &Stamped, _report: &Report) -> Option<StopReason> {
        match &stamped.event {
            Event::LoadWindow(window) => self.judge(window),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bed;
    use super::*;
    use crate::model::Digits;
    use crate::model::Tally;

    fn window(second: u64, requests: u64, refused: u64) -> LoadWindow {
        let mut tally = Tally::new(Digits::Two);
        tally.requests = requests;
        tally.statuses.insert(200, requests - refused);
        tally.statuses.insert(403, refused);
        bed::window(second, tally)
    }

    fn stopped_at(blocked: &mut Blocked, shares: &[u64]) -> Option<u64> {
        let mut windows = (0..).zip(shares);
        windows.find_map(|(second, refused)| {
            if let Some(seen) = &mut *blocked.seen.lock().expect("no holder panics")
                && *refused > 0
            {
                seen.2 = Duration::from_secs(second);
            }
            blocked.judge(&window(second, 100, *refused)).map(|_| second)
        })
    }

    #[test]
    fn a_wall_before_nearly_everything_for_some_time_stops_the_load() {
        let wall = Wall { by: "Cloudflare", id: None };
        let seen = || Blocked {
            seen: Arc::new(Mutex::new(Some((wall.clone(), 403, Duration::ZERO)))),
            since: None,
        };
        assert_eq!(stopped_at(&mut seen(), &[0, 20, 95, 100, 100, 100]), Some(4));
        assert_eq!(stopped_at(&mut seen(), &[95, 95, 0, 95, 95, 0]), None, "it comes and goes");
        assert_eq!(stopped_at(&mut seen(), &[50; 9]), None, "half of it is the target's");
        // One that was seen long ago is no wall now.
        let mut old = seen();
        assert!((9..20).all(|second| old.judge(&window(second, 100, 100)).is_none()));
        // Without a wall's marks it is the target that refuses.
        assert_eq!(stopped_at(&mut Blocked::default(), &[100; 9]), None);
    }
}
