//! The screens by what they have in common: rows, a detail, an order.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::backends;
use super::causes;
use super::crawl;
use super::endpoints;
use super::errors;
use super::findings;
use super::latency;
use super::list::Row;
use super::log;
use super::overview;
use super::state::{Screen, State};

/// Draws the open screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    match state.screen {
        Screen::Overview => overview::draw(state, frame, area),
        Screen::Endpoints => endpoints::draw(state, frame, area),
        Screen::Latency => latency::draw(state, frame, area),
        Screen::Errors => errors::draw(state, frame, area),
        Screen::Findings => findings::draw(state, frame, area),
        Screen::Crawl => crawl::draw(state, frame, area),
        Screen::Backends => backends::draw(state, frame, area),
        Screen::Causes => causes::draw(state, frame, area),
        Screen::Log => log::draw(state, frame, area),
    }
}

/// The rows of the open screen that the filter lets through.
pub(super) fn rows(state: &State) -> Vec<Row> {
    match state.screen {
        Screen::Overview | Screen::Latency => Vec::new(),
        Screen::Endpoints => endpoints::rows(state),
        Screen::Errors => errors::rows(state),
        Screen::Findings => findings::rows(state),
        Screen::Crawl => crawl::rows(state),
        Screen::Backends => backends::rows(state),
        Screen::Causes => causes::rows(state),
        Screen::Log => log::rows(state),
    }
}

/// Everything about the selected row of the open screen.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    match state.screen {
        Screen::Overview | Screen::Latency | Screen::Log => Vec::new(),
        Screen::Endpoints => endpoints::detail_rows(state, width),
        Screen::Errors => errors::detail_rows(state, width),
        Screen::Findings => findings::detail_rows(state, width),
        Screen::Crawl => crawl::detail_rows(state, width),
        Screen::Backends => backends::detail_rows(state, width),
        Screen::Causes => causes::detail_rows(state, width),
    }
}

/// What the open screen is sorted by; `None` where there is nothing to choose.
pub(super) fn order(state: &State) -> Option<&'static str> {
    let orders = &state.orders;
    match state.screen {
        Screen::Overview | Screen::Causes | Screen::Log => None,
        Screen::Endpoints => Some(orders.endpoints.title()),
        Screen::Latency => Some(latency::shown(state).as_str()),
        Screen::Errors => Some(orders.errors.title()),
        Screen::Findings => Some(orders.findings.title()),
        Screen::Crawl => Some(orders.crawl.title()),
        Screen::Backends => Some(orders.backends.title()),
    }
}

/// Sorts the open screen by what comes next.
pub(super) fn next_order(state: &mut State) {
    let shown = latency::shown(state);
    let orders = &mut state.orders;
    match state.screen {
        Screen::Overview | Screen::Causes | Screen::Log => {}
        Screen::Endpoints => orders.endpoints = orders.endpoints.next(),
        Screen::Latency => orders.latency = Some(latency::other(shown)),
        Screen::Errors => orders.errors = orders.errors.next(),
        Screen::Findings => orders.findings = orders.findings.next(),
        Screen::Crawl => orders.crawl = orders.crawl.next(),
        Screen::Backends => orders.backends = orders.backends.next(),
    }
}
