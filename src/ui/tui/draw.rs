//! One frame: tab bar, the open screen, the hints, and what lies above them.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::backends;
use super::causes;
use super::errors;
use super::list::Branch;
use super::popup;
use super::screens;
use super::state::{Owner, Screen, State};
use super::theme;
use crate::model::LoadChangeKind;
use crate::model::StopLevel;
use crate::model::format_duration;
use crate::model::inert;

/// Draws the state; reads it and nothing else.
pub fn draw(state: &State, frame: &mut Frame) {
    let area = frame.area();
    let [header, body, footer] = regions(area);
    frame.render_widget(tabs(state, header.width), header);
    screens::draw(state, frame, body);
    frame.render_widget(hints(state), footer);
    popup::draw(state, frame, area);
    state.theme.finish(frame.buffer_mut());
}

/// Tab bar, screen, hints.
pub(super) fn regions(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)])
        .areas(area)
}

/// How much a tab bar says, from most to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tabs {
    Named {
        counts: bool,
    },
    Short {
        counts: bool,
    },
    /// The open one too.
    Shortest,
    Numbered {
        counts: bool,
    },
}

impl Tabs {
    const ALL: [Self; 7] = [
        Self::Named { counts: true },
        Self::Named { counts: false },
        Self::Short { counts: true },
        Self::Short { counts: false },
        Self::Shortest,
        Self::Numbered { counts: true },
        Self::Numbered { counts: false },
    ];

    fn text(self, (number, screen): (usize, Screen), is_open: bool, count: usize) -> String {
        let (name, counts) = match self {
            Self::Named { counts } => (Some(screen.title()), counts),
            Self::Short { counts } if is_open => (Some(screen.title()), counts),
            Self::Short { counts } => (Some(screen.short()), counts),
            Self::Shortest => (Some(screen.short()), false),
            Self::Numbered { counts } => (is_open.then(|| screen.title()), counts),
        };
        let mut text = format!(" {number}");
        if let Some(name) = name {
            text = format!("{text} {name}");
        }
        if counts && count > 0 {
            text = format!("{text} {count}");
        }
        if is_open || counts { text + " " } else { text }
    }
}

/// The screens with their keys and counts, and how the run stands; as much of it as fits.
fn tabs(state: &State, width: u16) -> Line<'static> {
    let counts = Screen::ALL.map(|screen| count(state, screen));
    let (standing, style) = standing(state, width);
    let room = usize::from(width).saturating_sub(Span::raw(standing.as_str()).width() + 1);
    let texts = |tabs: Tabs| -> Vec<String> {
        let screens = (1..).zip(Screen::ALL).zip(counts);
        screens.map(|(it, count)| tabs.text(it, it.1 == state.screen, count)).collect()
    };
    let fits =
        |texts: &Vec<String>| texts.iter().map(|text| text.chars().count()).sum::<usize>() <= room;
    let least = || texts(Tabs::Numbered { counts: false });
    let texts = Tabs::ALL.into_iter().map(texts).find(fits).unwrap_or_else(least);
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (screen, text) in Screen::ALL.into_iter().zip(texts) {
        let look = if screen == state.screen { theme::chosen() } else { Style::new() };
        spans.push(Span::styled(text, look));
    }
    spans.push(Span::raw(" "));
    spans.push(Span::styled(standing, style));
    Line::from(spans)
}

/// What stands behind a screen's name.
fn count(state: &State, screen: Screen) -> usize {
    match screen {
        Screen::Overview | Screen::Latency => 0,
        Screen::Endpoints => state.report().endpoints.len(),
        Screen::Errors => errors::count(state),
        Screen::Findings => state.report().findings.len(),
        Screen::Crawl => state.report().coverage.operations.len(),
        Screen::Backends => backends::count(state),
        Screen::Causes => causes::count(state),
        Screen::Log => state.picture().log.grave(),
    }
}

/// How the run stands, in a word or two; the run itself, whatever picture is shown.
fn standing(state: &State, width: u16) -> (String, Style) {
    match (&state.live.report.verdict, state.level) {
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
    let report = &state.live.report;
    if report.paused(report.elapsed).1 {
        return ("‖ paused".to_owned(), theme::warn());
    }
    let factor = report.changes.iter().rev().find_map(|change| match change.kind {
        LoadChangeKind::Rate { factor, .. } | LoadChangeKind::Vus { factor, .. } => Some(factor),
        LoadChangeKind::Paused | LoadChangeKind::Resumed | LoadChangeKind::Requests { .. } => None,
    });
    let verb = match state.owner {
        Owner::Us => "running",
        Owner::Another => "following",
    };
    match factor {
        Some(factor) if (factor - 1.0).abs() > 1e-3 => {
            (format!("● {verb} at {:.0}%", factor * 100.0), theme::warn())
        }
        _ => (format!("● {verb}"), theme::good()),
    }
}

/// What can be done here; the filter while it is written or in force.
fn hints(state: &State) -> Line<'static> {
    let filter = state.view().filter.as_str();
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
    let mut spans = Vec::new();
    if state.is_frozen() {
        let text = format!(" ‖ frozen at {} (f)", format_duration(state.report().elapsed));
        spans.push(Span::styled(text, theme::warn()));
    }
    if !filter.is_empty() {
        spans.push(Span::styled(format!(" /{}", inert(filter, 60)), theme::strong()));
    }
    spans.push(Span::styled(keys(state), theme::dim()));
    Line::from(spans)
}

/// The keys that do something here.
fn keys(state: &State) -> String {
    let leaves = state.over || state.owner == Owner::Another;
    let mut text = format!("{}  ? keys  Tab next", if leaves { " q leave" } else { " q stop" });
    if state.view().open {
        return text + "  j k scroll  Esc back";
    }
    let rows = screens::rows(state);
    if state.screen == Screen::Log {
        text += "  j k scroll  / filter";
    } else if let Some(row) = state.view().chosen(&rows) {
        text += match row.branch {
            Branch::Leaf => "  Enter open  / filter",
            Branch::Open => "  Enter fold  / filter",
            Branch::Folded => "  Enter unfold  / filter",
        };
    }
    if let Some(order) = screens::order(state) {
        text = format!("{text}  s by {order}");
    }
    text
}
