//! Results of templates as they are found, one on each line: for people, or as Nuclei's JSON.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use serde_json::json;

use crate::model::Event;
use crate::model::Report;
use crate::model::Severity;
use crate::model::Stamped;
use crate::model::TemplateResult;
use crate::model::inert;
use crate::ui::consumer::Consumer;

/// Characters of one text in a line for people.
const MAX_TEXT: usize = 300;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFormat {
    /// `[id:matcher] [http] [severity] url [values]`.
    Text {
        /// With colours.
        colour: bool,
    },
    /// One JSON object with Nuclei's names.
    Json {
        /// Without what was sent and received.
        omit_raw: bool,
    },
}

/// Writes every result when it is told.
pub struct ResultLines {
    out: BufWriter<Box<dyn Write + Send>>,
    format: ResultFormat,
    silent_ones: SilentOnes,
    error: Option<io::Error>,
}

/// Whether templates that ran and matched nowhere have a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilentOnes {
    /// They have none.
    LeftOut,
    /// They have one.
    Told,
}

impl ResultLines {
    /// Lines that are written to `out`.
    pub fn new(out: Box<dyn Write + Send>, format: ResultFormat, silent_ones: SilentOnes) -> Self {
        Self { out: BufWriter::new(out), format, silent_ones, error: None }
    }

    fn write_silent(&mut self, id: &str) -> io::Result<()> {
        match self.format {
            ResultFormat::Text { .. } => {
                writeln!(self.out, "[{}] [http] [failed]", inert(id, MAX_TEXT))?;
            }
            ResultFormat::Json { .. } => {
                let line = json!({ "template-id": id, "type": "http", "matcher-status": false });
                writeln!(self.out, "{line}")?;
            }
        }
        self.out.flush()
    }

    fn write(&mut self, result: &TemplateResult) -> io::Result<()> {
        match self.format {
            ResultFormat::Text { colour } => writeln!(self.out, "{}", line(result, colour))?,
            ResultFormat::Json { omit_raw } => {
                self.out.write_all(&crate::format::nuclei::line(result, omit_raw))?;
            }
        }
        // Whoever reads along waits for it.
        self.out.flush()
    }
}

impl Consumer for ResultLines {
    fn on_event(&mut self, stamped: &Stamped, _report: &Report) {
        if self.error.is_some() {
            return;
        }
        let written = match &stamped.event {
            Event::TemplateResult(result) => self.write(result),
            Event::RuleFinished(outcome)
                if self.silent_ones == SilentOnes::Told
                    && outcome.matched == 0
                    && outcome.skipped.is_none() =>
            {
                self.write_silent(&outcome.id)
            }
            _ => Ok(()),
        };
        self.error = written.err();
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }
}

fn line(result: &TemplateResult, colour: bool) -> String {
    let template = &result.template;
    let mut id = template.id.clone();
    for name in result.matcher_name.iter().chain(&result.extractor_name) {
        id.push(':');
        id.push_str(name);
    }
    let severity = template.severity.map_or("unknown", Severity::as_str);
    let paint = |text: &str, code: &str| {
        if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let mut line = format!(
        "[{}] [http] [{}] {}",
        paint(&inert(&id, MAX_TEXT), "92"),
        paint(severity, severity_colour(template.severity)),
        inert(&result.matched_at, MAX_TEXT),
    );
    if !result.extracted.is_empty() {
        let values: Vec<String> =
            result.extracted.iter().map(|value| format!("{:?}", inert(value, MAX_TEXT))).collect();
        let _ = write!(line, " [{}]", paint(&values.join(","), "96"));
    }
    if !result.payloads.is_empty() {
        let pairs: Vec<String> = result
            .payloads
            .iter()
            .map(|(name, value)| format!("{name}={:?}", inert(value, MAX_TEXT)))
            .collect();
        let _ = write!(line, " [{}]", paint(&pairs.join(","), "93"));
    }
    if let Some(call) = &result.interaction {
        let _ = write!(line, " [called back over {}]", call.protocol);
    }
    line
}

fn severity_colour(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Critical) => "95",
        Some(Severity::High) => "91",
        Some(Severity::Medium) => "93",
        Some(Severity::Low) => "92",
        Some(Severity::Info) | None => "94",
    }
}
