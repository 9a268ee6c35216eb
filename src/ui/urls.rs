//! Addresses as a crawl learns of them, one on each line.

use std::io::{self, BufWriter, Write};

use crate::model::Event;
use crate::model::Report;
use crate::model::Stamped;
use crate::ui::consumer::Consumer;

/// Writes every address in scope that the crawl learns of.
pub struct UrlList {
    out: BufWriter<Box<dyn Write + Send>>,
    error: Option<io::Error>,
}

impl UrlList {
    /// A list that is written to `out`.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: BufWriter::new(out), error: None }
    }
}

impl Consumer for UrlList {
    fn on_event(&mut self, stamped: &Stamped, _report: &Report) {
        if let (Event::UrlFound(url), None) = (&stamped.event, &self.error) {
            self.error = writeln!(self.out, "{url}").err();
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}
