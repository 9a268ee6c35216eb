//! The demo's only view of the time.

use std::time::Instant;

/// The current monotonic time.
#[expect(clippy::disallowed_methods, reason = "the clock module of the demo shop")]
pub(super) fn now() -> Instant {
    Instant::now()
}
