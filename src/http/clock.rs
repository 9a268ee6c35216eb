//! The time: the one place of this layer, and of those above it, that asks the system.

use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use nix::time::ClockId;
use nix::time::clock_gettime;

/// A monotonic clock that began with the run; copies agree with each other.
///
/// It reads nanoseconds and not an `Instant`: the load engine asks twice per request, and turning
/// one pair of seconds and nanoseconds into another costs more instructions than asking.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: u64,
}

impl Clock {
    /// A clock that shows zero now.
    pub fn start() -> Self {
        Self { start: monotonic() }
    }

    /// Time since the start.
    pub fn now(self) -> Duration {
        Duration::from_nanos(self.nanos())
    }

    /// Nanoseconds since the start; they last for 584 years.
    #[inline]
    pub fn nanos(self) -> u64 {
        monotonic().saturating_sub(self.start)
    }

    /// Some moment, for those who count from one of their own: a library that takes moments and
    /// never looks at a clock itself.
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    pub fn anchor() -> Instant {
        Instant::now()
    }

    /// Seconds since 1970 by the system's wall clock, which may be set at any time; 0 before 1970.
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    pub fn unix_seconds(self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// Milliseconds since 1970, likewise.
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    pub fn unix_millis(self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }
}

/// The system's monotonic clock, in nanoseconds.
#[inline]
fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Unix has a monotonic clock");
    now.tv_sec().cast_unsigned() * 1_000_000_000 + now.tv_nsec().cast_unsigned()
}
