//! The demo's only view of the time.

use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The current monotonic time.
#[expect(clippy::disallowed_methods, reason = "the clock module of the demo shop")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970, for tokens that say when they end.
#[expect(clippy::disallowed_methods, reason = "the clock module of the demo shop")]
pub(super) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
