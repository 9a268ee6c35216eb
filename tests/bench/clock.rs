//! The clocks.

use rustix::time::ClockId;
use rustix::time::clock_gettime;

/// Nanoseconds since some moment that is the same for every process.
pub(crate) fn nanos() -> u64 {
    of(ClockId::Monotonic)
}

/// Nanoseconds that this thread has had a processor.
pub(crate) fn thread_nanos() -> u64 {
    of(ClockId::ThreadCPUTime)
}

fn of(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    let seconds = u64::try_from(now.tv_sec).expect("the clock does not run backwards");
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).expect("nanoseconds are positive")
}
