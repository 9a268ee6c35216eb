//! Everything at a glance: the run, its figures, what is slow, what is flawed, how the gates stand.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, LineGauge, Paragraph};

use super::charts;
use super::endpoints;
use super::findings;
use super::panels;
use super::state::State;
use super::theme;
use crate::model::Phase;
use crate::model::inert;
use crate::ui::figures;

/// Rows below which frames and charts give way to figures.
const ROOMY: u16 = 18;
/// Rows from which there is place for charts beside the gates.
const TALL: u16 = 30;

/// Draws the screen, top to bottom, each part with what the ones before it left.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let roomy = area.height >= ROOMY;
    let mut rest = area;
    frame.render_widget(title(state), take(&mut rest, 1));
    draw_progress(state, frame, take(&mut rest, 1));
    let notice = state.picture().log.latest_grave().map(|(level, text)| {
        let (symbol, style) = theme::level_mark(level);
        Line::from(vec![Span::styled(format!(" {symbol} "), style), Span::raw(text.to_owned())])
    });
    if let Some(notice) = notice.filter(|_| rest.height >= 4) {
        let row = Rect { y: rest.bottom() - 1, height: 1, ..rest };
        rest.height -= 1;
        frame.render_widget(notice, row);
    }
    let done = state.report().verdict.is_some() || !state.report().thresholds.is_empty();
    if done {
        draw_gates(state, frame, &mut rest, roomy);
    }
    draw_figures(state, frame, &mut rest, roomy);
    if roomy && has_load(state) && (!done || area.height >= TALL) {
        charts::draw(state, frame, take(&mut rest, 5));
    }
    draw_lists(state, frame, rest, roomy);
}

/// The gates come first once they are known, but leave room for the figures behind them.
fn draw_gates(state: &State, frame: &mut Frame, rest: &mut Rect, roomy: bool) {
    let gates = panels::gates(state, usize::from(rest.width.saturating_sub(2)));
    let wanted = u16::try_from(gates.len()).unwrap_or(u16::MAX).saturating_add(framing(roomy));
    let most = rest.height - rest.height / 2;
    panel(frame, take(rest, wanted.min(most)), " Gates ", gates, roomy);
}

/// Rows of a panel's frame.
fn framing(roomy: bool) -> u16 {
    if roomy { 2 } else { 0 }
}

/// Cuts `height` rows off the top, as far as there are.
fn take(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let top = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    top
}

fn has_load(state: &State) -> bool {
    !state.report().endpoints.is_empty()
}

fn has_scan(state: &State) -> bool {
    let scans = |(phase, _): &(Phase, bool)| matches!(phase, Phase::Crawl | Phase::Scan);
    state.report().phases.iter().any(scans) || state.report().scan_requests.0 > 0
}

fn title(state: &State) -> Line<'static> {
    let Some(run) = &state.report().run else {
        return Line::styled(" waiting for the run to start", theme::dim());
    };
    let mut spans = vec![
        Span::raw(format!(" {} ", inert(&run.command, 20))),
        Span::styled(inert(&run.target, 200), theme::strong()),
        Span::raw(format!("  {}", figures::duration(Some(state.report().elapsed)))),
    ];
    if let Some(name) = &run.authorised_by {
        spans.push(Span::styled(format!("  authorised by {}", inert(name, 60)), theme::dim()));
    }
    Line::from(spans)
}

fn draw_progress(state: &State, frame: &mut Frame, area: Rect) {
    let progress = state.picture().progress();
    let Some(phase) = progress.phase else { return };
    let Some(fraction) = progress.fraction else {
        let text = format!(" {}: the end is not known", phase.as_str());
        frame.render_widget(Line::styled(text, theme::dim()), area);
        return;
    };
    // Rounded down: 100% is said when it is so.
    let percent = (fraction * 100.0).floor();
    let left =
        progress.left.filter(|_| !state.over).map_or(String::new(), |left| format!(", {left}"));
    let label = format!(" {} {percent:.0}%{left}", phase.as_str());
    let gauge = LineGauge::default()
        .ratio(fraction)
        .label(label)
        .filled_symbol("█")
        .unfilled_symbol("░")
        .filled_style(theme::good())
        .unfilled_style(theme::dim());
    frame.render_widget(gauge, area);
}

/// Load's and the scan's figures, side by side where both run and there is room.
fn draw_figures(state: &State, frame: &mut Frame, rest: &mut Rect, roomy: bool) {
    let both = has_load(state) && has_scan(state);
    let beside = both && rest.width >= 72;
    let full = usize::from(rest.width.saturating_sub(2));
    let width = if beside { full / 2 - 1 } else { full };
    let mut parts = Vec::new();
    if has_load(state) {
        parts.push((" Load ", panels::load(state, width)));
    }
    if has_scan(state) {
        parts.push((" Scan ", panels::scan(state, width)));
    }
    if !beside && state.picture().progress().phase != Some(Phase::Load) {
        // Where not everything fits, what is going on comes first.
        parts.reverse();
    }
    let height = |lines: &Vec<Line>| {
        u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(framing(roomy))
    };
    if beside {
        let tallest = parts.iter().map(|part| height(&part.1)).max().unwrap_or(0);
        let row = take(rest, tallest);
        let halves = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).split(row);
        for ((title, lines), half) in parts.into_iter().zip(halves.iter()) {
            panel(frame, *half, title, lines, roomy);
        }
        return;
    }
    let share = if both { rest.height / 2 } else { rest.height };
    for (title, lines) in parts {
        let area = take(rest, height(&lines).min(share.max(1)));
        panel(frame, area, title, lines, roomy);
    }
}

/// What is left: slowest endpoints, gravest findings, or both.
fn draw_lists(state: &State, frame: &mut Frame, area: Rect, roomy: bool) {
    if area.height < 2 {
        return;
    }
    let endpoint_rows = endpoints::visible(state);
    let flaws = state.report().findings.len();
    let (upper, lower) = match (endpoint_rows.is_empty(), flaws == 0) {
        (true, true) => return,
        (true, false) => (Rect { height: 0, ..area }, area),
        (false, true) => (area, Rect { height: 0, ..area }),
        (false, false) => {
            let [upper, lower] =
                Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
            (upper, lower)
        }
    };
    if upper.height >= 2 {
        let inside = framed(frame, upper, " Slowest ", roomy);
        endpoints::table(state, frame, inside, &endpoint_rows, None);
    }
    if lower.height >= 2 {
        let inside = framed(frame, lower, " Gravest ", roomy);
        let lines: Vec<Line<'static>> = state
            .report()
            .findings
            .iter()
            .take(usize::from(inside.height))
            .map(findings::row)
            .collect();
        frame.render_widget(Paragraph::new(lines), inside);
    }
}

fn panel(frame: &mut Frame, area: Rect, title: &str, lines: Vec<Line<'static>>, roomy: bool) {
    let inside = framed(frame, area, title, roomy);
    frame.render_widget(Paragraph::new(lines), inside);
}

/// A frame where there is room for it; a column of air where not.
fn framed(frame: &mut Frame, area: Rect, title: &str, roomy: bool) -> Rect {
    if roomy && area.height >= 3 {
        let block = Block::bordered().title(title.to_owned()).border_style(theme::dim());
        let inside = block.inner(area);
        frame.render_widget(block, area);
        return inside;
    }
    Rect { x: area.x.saturating_add(1), width: area.width.saturating_sub(2), ..area }
}
