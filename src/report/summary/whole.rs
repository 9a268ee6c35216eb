//! The summary as a whole: head, load, scan, gates, verdict.

use crate::model::Report;
use crate::model::format_duration;
use crate::model::inert;

use super::super::figures::has_load;
use super::super::figures::has_scan;
use super::access::access_section;
use super::bottlenecks::bottlenecks_section;
use super::capacity::capacity_section;
use super::comparison::comparison_section;
use super::load::load_section;
use super::scan::scan_section;
use super::sessions::sessions_section;
use super::style::Ink;
use super::style::Style;
use super::verdict::gates_section;
use super::verdict::verdict_section;

/// Foreign text of one line is cut to this many characters.
pub(super) const LINE: usize = 300;

/// What a user reads on the terminal after a run: text that ends in a line feed, without ANSI
/// escapes unless `style.color`.
pub fn summary(report: &Report, style: Style) -> String {
    let mut out = head(report, style);
    if let Some(capacity) = &report.capacity {
        out.push('\n');
        out.push_str(&capacity_section(report, capacity, style));
    }
    if has_load(report) {
        out.push('\n');
        out.push_str(&load_section(report, style));
    }
    if !report.bottlenecks.is_empty() {
        out.push('\n');
        out.push_str(&bottlenecks_section(&report.bottlenecks, style));
    }
    if has_scan(report) {
        out.push('\n');
        out.push_str(&scan_section(report, style));
    }
    if let Some(matrix) = &report.access {
        out.push('\n');
        out.push_str(&access_section(matrix, style));
    }
    if !report.sessions.is_empty() {
        out.push('\n');
        out.push_str(&sessions_section(report, style));
    }
    if let Some(comparison) = &report.comparison {
        out.push('\n');
        out.push_str(&comparison_section(comparison, style));
    }
    if !report.thresholds.is_empty() {
        out.push('\n');
        out.push_str(&gates_section(report, style));
    }
    out.push('\n');
    out.push_str(&verdict_section(report, style));
    style.finish(out)
}

fn head(report: &Report, style: Style) -> String {
    let Some(run) = &report.run else {
        return "shakedown: the run ended before it began\n".to_owned();
    };
    let mut parts = vec![
        style.paint(Ink::Strong, &format!("shakedown {}", inert(&run.command, 20))),
        style.paint(Ink::Strong, &inert(&run.target, LINE)),
        format_duration(report.elapsed),
    ];
    parts.push(style.paint(Ink::Faint, &format!("seed {}", run.seed)));
    if let Some(name) = &run.authorised_by {
        parts.push(format!("authorised by {}", inert(name, 60)));
    }
    style.hang("", &parts.join(style.dot()))
}
