//! One frame: tab bar, the open screen, the hints, and what lies above them.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::endpoints;
use super::findings;
use super::log;
use super::overview;
use super::popup;
use super::state::{Screen, State};
use super::theme;
use crate::model::LoadChangeKind;
use crate::model::StopLevel;
use crate::model::inert;

/// Draws the state; reads it and nothing else.
pub fn draw(state: &State, frame: &mut Frame) {
    let area = frame.area();
    let [header, body, footer] = regions(area);
    frame.render_widget(tabs(state, header.width), header);
    match state.screen {
        Screen::Overview => overview::draw(state, frame, body),
        Screen::Endpoints => endpoints::draw(state, frame, body),
        Screen::Findings => findings::draw(state, frame, body),
        Screen::Log => log::draw(state, frame, body),
    }
    frame.render_widget(hints(state), footer);
    popup::draw(state, frame, area);
    state.theme.finish(frame.buffer_mut());
}

/// Tab bar, screen, hints.
pub(super) fn regions(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)])
        .areas(area)
}

/// The screens with their keys and counts, and how the run stands; on a narrow terminal only the
/// open screen has its name.
fn tabs(state: &State, width: u16) -> Line<'static> {
    let mut spans = Vec::new();
    for (index, screen) in Screen::ALL.into_iter().enumerate() {
        let count = match screen {
            Screen::Overview => 0,
            Screen::Endpoints => state.report.endpoints.len(),
            Screen::Findings => state.report.findings.len(),
            Screen::Log => state.log.grave(),
        };
        let open = screen == state.screen;
        let mut text = format!(" {}", index + 1);
        if open || width >= 72 {
            text.push(' ');
            text.push_str(screen.title());
        }
        if count > 0 && width >= 40 {
            text = format!("{text} {count}");
        }
        text.push(' ');
        spans.push(Span::styled(text, if open { theme::chosen() } else { Style::new() }));
    }
    let (text, style) = standing(state, width);
    spans.push(Span::raw(" "));
    spans.push(Span::styled(text, style));
    Line::from(spans)
}

/// How the run stands, in a word or two.
fn standing(state: &State, width: u16) -> (String, Style) {
    match (&state.report.verdict, state.level) {
        (Some(verdict), _) if verdict.pass => ("✓ passed".to_owned(), theme::good()),
        (Some(verdict), _) => {
            let failed = if width < 48 { "" } else { "failed, " };
            (format!("✗ {failed}exit {}", verdict.exit_code.code()), theme::bad())
        }
        (None, _) if state.over => ("✗ cut short".to_owned(), theme::warn()),
        (None, StopLevel::Running) => load_standing(state),
        (None, StopLevel::Stopping) => ("● stopping".to_owned(), theme::warn()),
        (None, StopLevel::Cancelled) => ("● cancelling".to_owned(), theme::warn()),
    }
}

/// Running as planned, or as somebody changed it.
fn load_standing(state: &State) -> (String, Style) {
    if state.report.paused(state.report.elapsed).1 {
        return ("‖ paused".to_owned(), theme::warn());
    }
    let factor = state.report.changes.iter().rev().find_map(|change| match change.kind {
        LoadChangeKind::Rate { factor, .. } | LoadChangeKind::Vus { factor, .. } => Some(factor),
        LoadChangeKind::Paused | LoadChangeKind::Resumed => None,
    });
    match factor {
        Some(factor) if (factor - 1.0).abs() > 1e-3 => {
            (format!("● running at {:.0}%", factor * 100.0), theme::warn())
        }
        _ => ("● running".to_owned(), theme::good()),
    }
}

/// What can be done here; the filter while it is written or in force.
fn hints(state: &State) -> Line<'static> {
    let (filter, list, open) = match state.screen {
        Screen::Endpoints => (state.endpoints.filter.as_str(), true, state.endpoints.open),
        Screen::Findings => (state.findings.filter.as_str(), true, state.findings.open),
        Screen::Overview | Screen::Log => ("", false, false),
    };
    if state.editing {
        let text = format!(" /{}", inert(filter, 60));
        return Line::from(vec![
            Span::styled(text, theme::strong()),
            Span::styled(" ", theme::chosen()),
            Span::styled("  Enter keep  Esc drop", theme::dim()),
        ]);
    }
    if let Some(said) = &state.said {
        return Line::from(Span::styled(format!(" {}", inert(said, 200)), theme::warn()));
    }
    let quit = if state.over { " q leave" } else { " q stop" };
    let here = match (state.screen, list, open) {
        (_, true, true) => "  j k scroll  Esc back".to_owned(),
        (Screen::Endpoints, ..) => {
            format!("  Enter open  / filter  s sort, now by {}", state.sort.title())
        }
        (Screen::Findings, ..) => "  Enter open  / filter".to_owned(),
        (Screen::Log, ..) => "  j k scroll".to_owned(),
        (Screen::Overview, ..) => String::new(),
    };
    let text = format!("{quit}  ? keys  Tab next{here}");
    let mut spans = Vec::new();
    if !filter.is_empty() {
        spans.push(Span::styled(format!(" /{}", inert(filter, 60)), theme::strong()));
    }
    spans.push(Span::styled(text, theme::dim()));
    Line::from(spans)
}
