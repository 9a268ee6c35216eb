//! The lines themselves, one event or one moment each.

use std::time::Duration;

use ratatui::crossterm::style::{Color, Stylize};

use crate::model::Finding;
use crate::model::NoticeLevel;
use crate::model::Phase;
use crate::model::Report;
use crate::model::Severity;
use crate::model::StopReason;
use crate::model::format_duration;
use crate::model::inert;
use crate::ui::figures;
use crate::ui::progress::PartClock;
use crate::ui::progress::Progress;

/// Characters of a foreign text on one line.
const TEXT_MAX: usize = 400;

/// Whether words are coloured; no meaning is carried by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    fn on(self, text: &str, colour: Color) -> String {
        if self.0 { text.with(colour).to_string() } else { text.to_owned() }
    }
}

/// `high: SQL injection, GET http://…, query `q` (firm)`.
pub(super) fn finding(finding: &Finding, paint: Paint) -> String {
    let colour = match finding.severity {
        Severity::Critical | Severity::High => Color::Red,
        Severity::Medium => Color::Yellow,
        Severity::Low | Severity::Info => Color::Cyan,
    };
    let severity = paint.on(finding.severity.as_str(), colour);
    let title = inert(&finding.rule.title, TEXT_MAX);
    let place = inert(&figures::place(finding), TEXT_MAX);
    format!("{severity}: {title}, {place} ({})", finding.confidence)
}

/// `warning: …`; information has no label.
pub(super) fn notice(level: NoticeLevel, text: &str, paint: Paint) -> String {
    let text = inert(text, TEXT_MAX);
    match level {
        NoticeLevel::Info => text,
        NoticeLevel::Warning => format!("{}: {text}", paint.on("warning", Color::Yellow)),
        NoticeLevel::Error => format!("{}: {text}", paint.on("error", Color::Red)),
    }
}

/// The same with when it was: `  7.00s warning: …`.
pub(super) fn timed(at: Duration, level: NoticeLevel, text: &str, paint: Paint) -> String {
    format!("{:>7} {}", format_duration(at), notice(level, text, paint))
}

/// Why the run is being stopped.
pub(super) fn stopping(reason: &StopReason, paint: Paint) -> String {
    let (why, text) = match reason {
        StopReason::Interrupted(text) => ("stopping", text),
        StopReason::Safety(text) => ("stopping for safety", text),
        StopReason::Threshold(text) => ("stopping at a threshold", text),
        StopReason::Blocked(text) => ("stopping, blocked", text),
    };
    notice(NoticeLevel::Warning, &format!("{why}: {text}"), paint)
}

/// Where the run stands: `load 12.0s, 18.0s left, 1,234/s, p95 12.3ms, errors 0.10%, 50 vus`;
/// `None` before the first part has started.
pub(super) fn standing(report: &Report, clock: PartClock) -> Option<String> {
    let progress = Progress::of(report, clock);
    let phase = progress.phase?;
    let mut parts = vec![format!("{} {}", phase.as_str(), format_duration(report.elapsed))];
    if let Some(left) = progress.left {
        parts.push(left.to_string());
    }
    match phase {
        Phase::Load => parts.extend(load(report)),
        Phase::Crawl => parts.extend([
            format!("{} fetched", figures::grouped(report.progress.fetched)),
            format!("{} queued", figures::grouped(report.progress.queued)),
        ]),
        Phase::Scan => parts.extend(checks(report)),
    }
    let failed = report.scan_requests.1;
    if phase != Phase::Load && failed > 0 {
        parts.push(format!("{} failed", figures::grouped(failed)));
    }
    if phase != Phase::Load || !report.findings.is_empty() {
        let count = report.findings.len() as u64;
        parts.push(figures::plural(count, "finding", "findings"));
    }
    Some(parts.join(", "))
}

/// How far the checks are; nothing before their first figures: none of none looks like the end.
fn checks(report: &Report) -> Vec<String> {
    let (done, points) = (report.progress.points_done, report.progress.points);
    let mut parts = Vec::new();
    if points > 0 {
        let (done, points) = (figures::grouped(done), figures::grouped(points));
        parts.push(format!("{done} of {points} insertion points"));
    }
    if report.scan_requests.0 > 0 {
        parts.push(figures::plural(report.scan_requests.0, "request", "requests"));
    }
    parts
}

/// The last interval's figures, but errors of the whole run: a single one must not go by unseen.
fn load(report: &Report) -> Vec<String> {
    let Some(point) = report.timeline.last() else { return Vec::new() };
    let length: Duration = point.to.saturating_sub(point.from);
    let (requests, failed) = report
        .timeline
        .iter()
        .fold((0, 0), |sum, point| (sum.0 + point.requests, sum.1 + point.failed));
    vec![
        figures::rate(point.requests, length),
        format!(
            "p95 {}",
            figures::duration(report.preferred().of_point(point).map(|latency| latency[1]))
        ),
        format!("errors {}", figures::percent(failed, requests)),
        format!("{} vus", point.vus),
    ]
}
