//! The monotonic clock.

use rustix::time::ClockId;
use rustix::time::clock_gettime;

/// Nanoseconds since some moment that is the same for every process.
pub(crate) fn nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).expect("the clock does not run backwards");
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).expect("nanoseconds are positive")
}
