//! The seam to whoever listens for calls from outside.

use super::hit::Callback;

/// Gives addresses for calls, and the calls that came.
pub(crate) trait Callbacks: Send + Sync {
    /// An address that nobody has seen, without a scheme: a host, or a host with a path.
    fn new_url(&self) -> String;

    /// The calls that came to an address since it was last asked.
    fn take(&self, url: &str) -> Vec<Callback>;
}
