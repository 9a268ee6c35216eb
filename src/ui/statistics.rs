//! How far a run of templates has come, a line every few seconds: for people, or as JSON with Nuclei's
//! names.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::json;

use crate::model::Event;
use crate::model::Report;
use crate::model::Stamped;
use crate::ui::consumer::Consumer;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatisticsFormat {
    /// `[0:00:05] | Templates: 10 | …`.
    Text,
    /// One JSON object, its figures as texts.
    Json,
}

/// What is known before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Templates.
    pub templates: usize,
    /// Targets.
    pub hosts: usize,
    /// Requests at most.
    pub requests: u64,
}

/// Writes a line whenever so much time has passed, and one at the end.
pub struct StatisticsLines {
    out: Box<dyn Write + Send>,
    format: StatisticsFormat,
    every: Duration,
    extent: Extent,
    next: Duration,
    now: Duration,
    matched: u64,
    sent: u64,
    failed: u64,
    started: String,
    error: Option<io::Error>,
}

impl StatisticsLines {
    /// Lines that are written to `out`, `every` so often.
    pub fn new(
        out: Box<dyn Write + Send>,
        format: StatisticsFormat,
        every: Duration,
        extent: Extent,
    ) -> Self {
        let every = every.max(Duration::from_secs(1));
        Self {
            out,
            format,
            every,
            extent,
            next: every,
            now: Duration::ZERO,
            matched: 0,
            sent: 0,
            failed: 0,
            started: String::new(),
            error: None,
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let seconds = self.now.as_secs();
        let time = format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let Extent { templates, hosts, requests } = self.extent;
        let Self { matched, sent, failed, .. } = *self;
        let per_second = (sent as f64 / self.now.as_secs_f64().max(1.0)).round();
        // What several templates ask alike is sent once, so the end is reached sooner.
        let percent = sent.saturating_mul(100).checked_div(requests).unwrap_or(0).min(100);
        let line = match self.format {
            StatisticsFormat::Text => format!(
                "[{time}] | Templates: {templates} | Hosts: {hosts} | RPS: {per_second} | Matched: \
                 {matched} | Errors: {failed} | Requests: {sent}/{requests} ({percent}%)"
            ),
            StatisticsFormat::Json => json!({
                "duration": time,
                "errors": failed.to_string(),
                "hosts": hosts.to_string(),
                "matched": matched.to_string(),
                "percent": percent.to_string(),
                "requests": sent.to_string(),
                "rps": per_second.to_string(),
                "startedAt": self.started,
                "templates": templates.to_string(),
                "total": requests.to_string(),
            })
            .to_string(),
        };
        writeln!(self.out, "{line}")
    }
}

impl Consumer for StatisticsLines {
    fn on_event(&mut self, stamped: &Stamped, report: &Report) {
        self.now = stamped.at;
        (self.sent, self.failed) = report.scan_requests;
        match &stamped.event {
            Event::TemplateResult(_) => self.matched += 1,
            Event::RunStarted(info) => {
                let started = i64::try_from(info.started_unix).ok();
                let moment = started.and_then(|at| jiff::Timestamp::from_second(at).ok());
                self.started = moment.unwrap_or_default().to_string();
            }
            _ => {}
        }
        if self.now >= self.next && self.error.is_none() {
            self.next = self.now + self.every;
            self.error = self.write().err();
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.write(),
        }
    }
}
