//! Logins: that they worked, and whether they held.

use crate::model::Report;
use crate::model::inert;

use super::style::Ink;
use super::style::Style;
use super::whole::LINE;

/// Logins listed; the rest stands in the report.
const SESSIONS: usize = 10;

/// The section on logins.
pub(super) fn sessions_section(report: &Report, style: Style) -> String {
    let mut out = style.title("Logins");
    for session in report.sessions.iter().take(SESSIONS) {
        let phase = style.paint(Ink::Faint, &format!("{:<9}", session.phase.as_str()));
        let ink = if session.lost > 0 { Ink::Bad } else { Ink::Plain };
        let text = style.paint(ink, &inert(&session.shown(), LINE));
        out.push_str(&style.hang(&format!("  {phase} "), &text));
    }
    if report.sessions.len() > SESSIONS {
        let text = format!("… and {} more in the report", report.sessions.len() - SESSIONS);
        out.push_str(&style.hang("  ", &text));
    }
    out
}
