//! A metric through past runs: a line of bars, and each run's value.

use std::fmt::Write as _;

use crate::model::RunTrend;
use crate::model::inert;

use super::super::summary::Align;
use super::super::summary::Cell;
use super::super::summary::INFALLIBLE;
use super::super::summary::Ink;
use super::super::summary::Style;
use super::super::summary::Table;
use super::list::verdict;

/// Bars from the least to the greatest value.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The same where a terminal has only ASCII.
const ASCII_BARS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// The trend as text that ends in a line feed.
pub fn run_trend(trend: &RunTrend, style: Style) -> String {
    let criterion = &trend.criterion;
    let what = format!("{} {}", criterion.selector, criterion.condition.aggregate);
    let mut out = style.title(&inert(&what, 200));
    let mut values: Vec<f64> = trend.values().collect();
    values.sort_by(f64::total_cmp);
    if let (Some(least), Some(greatest)) = (values.first(), values.last()) {
        let bars = bars(trend, (*least, *greatest), style);
        let runs = format!("{} of {}", trend.points.len(), inert(&trend.of, 300));
        writeln!(out, "  {bars}").expect(INFALLIBLE);
        let parts = [
            runs,
            format!("least {}", trend.figure(*least)),
            format!("median {}", trend.figure(values[(values.len() - 1) / 2])),
            format!("greatest {}", trend.figure(*greatest)),
        ];
        out.push_str(&style.hang("  ", &parts.join(style.dot())));
    }
    out.push('\n');
    out.push_str(&table(trend, style));
    style.finish(out)
}

fn bars(trend: &RunTrend, (least, greatest): (f64, f64), style: Style) -> String {
    let bars = if style.unicode { BARS } else { ASCII_BARS };
    let bar = |value: Option<f64>| {
        let Some(value) = value else { return ' ' };
        let share = if greatest > least { (value - least) / (greatest - least) } else { 0.5 };
        let top = bars.len() - 1;
        let place = (0..top).rev().find(|place| share * top as f64 >= *place as f64 + 0.5);
        bars[place.map_or(0, |place| place + 1)]
    };
    trend.points.iter().map(|(_, value)| bar(*value)).collect()
}

fn table(trend: &RunTrend, style: Style) -> String {
    let mut table = Table::new(&[
        ("run", Align::Right),
        ("began (UTC)", Align::Left),
        ("value", Align::Right),
        ("change", Align::Right),
        ("exit", Align::Right),
        ("names", Align::Left),
    ]);
    for ((run, value), change) in trend.points.iter().zip(trend.changes()) {
        let missing = || "-".to_owned();
        table.row(vec![
            Cell::new(Ink::Strong, run.id.to_string()),
            Cell::new(Ink::Faint, run.started()),
            Cell::plain(value.map_or_else(missing, |value| trend.figure(value))),
            Cell::plain(change.map_or_else(missing, |change| format!("{change:+.1}%"))),
            verdict(run),
            Cell::new(Ink::Good, inert(&run.names.join(" "), 200)),
        ]);
    }
    table.render(style)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Criterion;
    use crate::model::PastRun;

    fn trend(values: &[Option<f64>]) -> RunTrend {
        let run = |id| PastRun {
            id,
            names: vec!["\u{1b}[31mmain".to_owned()],
            started_unix: 0,
            command: "load".to_owned(),
            target: "http://127.0.0.1/".to_owned(),
            plan: None,
            plan_hash: String::new(),
            version: String::new(),
            exit_code: Some(99),
            elapsed: Duration::from_secs(1),
            requests: 1,
            failed: 0,
            findings: 0,
            report_len: 1,
            stored_len: 1,
        };
        RunTrend {
            criterion: Criterion::parse("http_req_latency", "p(95)<0").expect("a criterion"),
            of: "all".to_owned(),
            points: (1..).map(run).zip(values.iter().copied()).collect(),
        }
    }

    #[test]
    fn bars_go_from_the_least_to_the_greatest_and_leave_gaps() {
        let style = Style { color: false, unicode: true, width: 80, unit: None };
        let text = run_trend(&trend(&[Some(10.0), Some(20.0), None, Some(15.0)]), style);
        assert_eq!(text.lines().nth(1), Some("  ▁█ ▅"));
        let ascii = run_trend(&trend(&[Some(1.0), Some(1.0)]), Style { unicode: false, ..style });
        assert_eq!(ascii.lines().nth(1), Some("  ==").or(Some("  --")));
        assert!(ascii.is_ascii());
        assert!(!text.contains('\u{1b}'));
    }
}
