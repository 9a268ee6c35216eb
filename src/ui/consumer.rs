//! What the pump hands every event to.

use crate::model::Report;
use crate::model::Stamped;

/// Takes events in order, one at a time, on the pump's thread. A consumer that is slow slows the
/// collector, never the load threads.
pub trait Consumer: Send {
    /// Takes one event; `report` is the fold up to and including it.
    fn on_event(&mut self, stamped: &Stamped, report: &Report);

    /// The stream is over.
    ///
    /// # Errors
    /// What could not be written, for exit code 1.
    fn finish(&mut self) -> std::io::Result<()>;
}
