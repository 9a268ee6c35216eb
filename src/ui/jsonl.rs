//! The event log as it happens: what a run learnt can be replayed, whatever ends it.

use std::io::{self, BufWriter, Write};

use crate::format::events::write_line;
use crate::model::Event;
use crate::model::Report;
use crate::model::Stamped;
use crate::ui::consumer::Consumer;

/// Writes every event as a line of JSON.
///
/// The lines reach the writer at every interval and whenever somebody waits for the event, so a
/// killed process loses less than an interval.
pub struct EventLog {
    out: BufWriter<Box<dyn Write + Send>>,
    error: Option<io::Error>,
}

impl EventLog {
    /// A log that is written to `out`.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: BufWriter::new(out), error: None }
    }

    fn write(&mut self, stamped: &Stamped) -> io::Result<()> {
        writeln!(self.out, "{}", write_line(stamped))?;
        if ends_a_batch(&stamped.event) { self.out.flush() } else { Ok(()) }
    }
}

impl Consumer for EventLog {
    fn on_event(&mut self, stamped: &Stamped, _report: &Report) {
        // A log with a hole cannot be replayed: after the first error it ends.
        if self.error.is_none() {
            self.error = self.write(stamped).err();
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

/// Whether a reader may be waiting for it. Operations, rules and failures come in floods.
fn ends_a_batch(event: &Event) -> bool {
    match event {
        Event::RunStarted(_)
        | Event::PhaseStarted(_)
        | Event::PhaseFinished(_)
        | Event::LoadWindow(_)
        | Event::LoadFinished(_)
        | Event::ScanWindow(_)
        | Event::CrawlFinished { .. }
        | Event::Finding(_)
        | Event::Session(_)
        | Event::Notice(_)
        | Event::Stopping(_)
        | Event::LoadChanged(_)
        | Event::Verdict(_) => true,
        Event::LoadDeclared { .. }
        | Event::Operation(_)
        | Event::OperationMerged { .. }
        | Event::UrlFound(_)
        | Event::TemplateResult(_)
        | Event::TemplatesLoaded(_)
        | Event::TemplatesFinished(_)
        | Event::SiteNode(_)
        | Event::RuleDeclared(_)
        | Event::RuleFinished(_)
        | Event::AccessMatrix(_)
        | Event::ScanFailure { .. }
        | Event::Validity(_)
        | Event::Capacity(_)
        | Event::Comparison(_)
        | Event::Bottlenecks(_)
        | Event::Thresholds(_) => false,
    }
}
