//! What WebSocket sessions and streams carried.

use std::time::Duration;

use crate::model::Report;
use crate::model::format_duration;
use crate::model::grouped;

use super::super::figures::message_endpoints;
use super::super::figures::per_second;
use super::load::ROWS;
use super::load::more;
use super::load::name_of;
use super::load::right;
use super::style::Ink;
use super::style::Style;
use super::table::Align;
use super::table::Cell;
use super::table::Table;

/// A row for each endpoint whose exchanges carry messages; empty where there is none.
pub(super) fn message_table(report: &Report, style: Style) -> String {
    let mut header = vec![("messages", Align::Left)];
    header.extend(["sessions", "sent", "received", "rate", "med", "p95", "p99", "max"].map(right));
    let mut table = Table::new(&header);
    let time = |value: Option<Duration>| value.map_or_else(|| "-".to_owned(), format_duration);
    for (endpoint, messages) in message_endpoints(report).take(ROWS) {
        let latency = &messages.latency;
        table.row(vec![
            Cell::plain(name_of(endpoint)),
            Cell::plain(grouped(messages.sessions)),
            Cell::plain(grouped(messages.sent)),
            Cell::plain(grouped(messages.received)),
            Cell::plain(per_second(messages.received, report.load_elapsed)),
            Cell::plain(time(latency.quantile(0.5))),
            Cell::new(Ink::Strong, time(latency.quantile(0.95))),
            Cell::plain(time(latency.quantile(0.99))),
            Cell::plain(time(latency.max())),
        ]);
    }
    match message_endpoints(report).count() {
        0 => String::new(),
        count => table.render(style) + &more(count, ROWS, style),
    }
}
