//! Traces that are worth a look, and where one looks at them.

use std::fmt::Write as _;

use crate::model::Report;
use crate::model::format_duration;
use crate::model::inert;

use super::super::figures::outcome;
use super::super::figures::traced;
use super::load::name_of;
use super::style::INFALLIBLE;
use super::style::Ink;
use super::style::Style;

/// Traces of errors listed, and as many of the slowest.
const TRACES: usize = 3;

/// A line for each; nothing where the user has not said where traces are looked at: ids alone stand
/// beside the slowest requests, and all of them in the report.
pub(super) fn trace_list(report: &Report, style: Style) -> String {
    let link = report.run.as_ref().and_then(|run| run.trace_link.as_ref());
    let traces = traced(report, TRACES);
    let (Some(link), false) = (link, traces.is_empty()) else { return String::new() };
    let mut out =
        format!("  {}\n", style.paint(Ink::Strong, "traces of errors, and of the slowest"));
    for (endpoint, exemplar) in traces {
        let ink = if exemplar.failed { Ink::Bad } else { Ink::Plain };
        let what = format!(
            "{} {} in {} at {}",
            outcome(exemplar),
            name_of(endpoint),
            style.time(exemplar.latency),
            format_duration(exemplar.at)
        );
        let address = link.of(exemplar.trace_id.as_deref().unwrap_or_default());
        let what = style.paint(ink, &inert(&what, style.columns() - 2));
        let address = style.paint(Ink::Faint, &inert(&address, 500));
        writeln!(out, "  {what}\n    {address}").expect(INFALLIBLE);
    }
    out
}
