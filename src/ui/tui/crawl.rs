//! What is known of the site: how much of it was reached, as a tree of its operations.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::detail;
use super::findings;
use super::list;
use super::list::{Branch, Key, Row};
use super::order::CrawlOrder;
use super::pane;
use super::panels;
use super::site_tree;
use super::site_tree::{Below, Place};
use super::state::{Screen, State};
use super::theme;
use super::wrap::wrap;
use crate::model::Operation;
use crate::model::SiteNode;
use crate::model::format_bytes;
use crate::model::format_duration;
use crate::model::inert;
use crate::ui::figures;

/// Characters shown of one text.
const TEXT_MAX: usize = 500;

/// The places that the filter lets through, with their operations.
fn visible(state: &State) -> Vec<(&Place, &Operation)> {
    let filter = &state.view_of(Screen::Crawl).filter;
    let passes = |(place, operation): &(&Place, &Operation)| {
        if filter.is_empty() {
            return true;
        }
        let skipped = operation.skipped.as_deref().unwrap_or_default();
        let name = format!("{} {}", place.method, place.path);
        list::matches(filter, &[&name, operation.source.as_str(), skipped, state_of(operation)])
    };
    state.picture().site.iter().filter(passes).collect()
}

fn state_of(operation: &Operation) -> &'static str {
    match (operation.reached, &operation.skipped) {
        (true, _) => "reached",
        (false, Some(_)) => "left alone",
        (false, None) => "not reached",
    }
}

fn key(place: &Place) -> Key {
    Key::Operation(place.path.clone(), place.method.clone())
}

/// The rows of the tree, or of the list in another order.
pub(super) fn rows(state: &State) -> Vec<Row> {
    let mut found = visible(state);
    match state.orders.crawl {
        CrawlOrder::Tree => return tree(state, &found),
        CrawlOrder::Unreached => found.sort_by_key(|(_, operation)| operation.reached),
        CrawlOrder::Findings => {
            let flaws = flaws(state);
            found.sort_by_key(|(place, _)| Reverse(flaws.get(place.path.as_str()).copied()));
        }
    }
    found.into_iter().map(|(place, _)| Row::leaf(key(place))).collect()
}

fn tree(state: &State, found: &[(&Place, &Operation)]) -> Vec<Row> {
    let view = state.view_of(Screen::Crawl);
    let mut rows = Vec::new();
    let mut open: &[String] = &[];
    for (place, _) in found {
        let directory = place.directory();
        let shared = open.iter().zip(directory).take_while(|(one, other)| one == other).count();
        let mut hidden = false;
        for depth in 0..directory.len() {
            let key = Key::Directory(directory[..=depth].to_vec());
            let branch = view.branch(&key);
            if !hidden && depth >= shared {
                rows.push(Row { key, depth, branch });
            }
            hidden |= branch == Branch::Folded;
        }
        if !hidden {
            rows.push(Row::below(directory.len(), key(place)));
        }
        open = directory;
    }
    rows
}

/// Findings by path.
fn flaws(state: &State) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for finding in &state.report().findings {
        *counts.entry(finding.path_template.as_str()).or_default() += 1;
    }
    counts
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let coverage = coverage(state, width);
    let mut area = area;
    if !state.view().open && area.height >= 6 && !coverage.is_empty() {
        let height = u16::try_from(coverage.len()).unwrap_or(u16::MAX).min(area.height / 3);
        let [top, rest] =
            Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
        frame.render_widget(Paragraph::new(coverage), top);
        area = rest;
    }
    let rows = rows(state);
    if rows.is_empty() {
        return pane::draw_nothing(state, frame, area, "no operation is known");
    }
    let places = visible(state);
    let below = site_tree::below(places.iter().map(|(place, one)| (*place, one.reached)));
    let (flaws, nodes) = (flaws(state), nodes(state));
    pane::draw(state, frame, area, (" Operation ", &rows), |row, _| match &row.key {
        Key::Directory(path) => directory(row, path, below.get(path.as_slice()).copied()),
        Key::Operation(path, method) => {
            let is_flat = state.orders.crawl != CrawlOrder::Tree;
            let found = state.picture().site.get(method, path);
            let node = nodes.get(&(method.as_str(), path.as_str())).copied();
            let flaws = flaws.get(path.as_str()).copied().unwrap_or(0);
            found.map_or(Line::default(), |one| line(row, one, node, (is_flat, flaws)))
        }
        _ => Line::default(),
    });
}

/// One node of each operation: the first that was answered, else any.
fn nodes(state: &State) -> BTreeMap<(&str, &str), &SiteNode> {
    let mut nodes: BTreeMap<(&str, &str), &SiteNode> = BTreeMap::new();
    for node in &state.report().site {
        let slot = nodes.entry((&node.method, &node.path_template)).or_insert(node);
        if slot.answer.is_none() {
            *slot = node;
        }
    }
    nodes
}

/// Crawl, coverage and what was left out, as the overview has them.
fn coverage(state: &State, width: usize) -> Vec<Line<'static>> {
    let report = state.report();
    let operations = &report.coverage.operations;
    if operations.is_empty() && report.progress.fetched == 0 {
        return Vec::new();
    }
    let reached = operations.iter().filter(|operation| operation.reached).count() as u64;
    let known = operations.len() as u64;
    let text = format!(
        " {} of {} reached ({}), {} fetched, {} queued, {} nodes",
        figures::grouped(reached),
        figures::plural(known, "operation", "operations"),
        figures::percent(reached, known),
        figures::grouped(report.progress.fetched),
        figures::grouped(report.progress.queued),
        figures::grouped(report.progress.nodes.max(report.coverage.nodes)),
    );
    let mut lines = wrap(&Line::styled(text, theme::strong()), width, 1);
    let left_out = panels::left_out(state, width.saturating_sub(1));
    lines.extend(left_out.into_iter().map(|mut line| {
        line.spans.insert(0, Span::raw(" "));
        line
    }));
    lines
}

fn directory(row: &Row, path: &[String], below: Option<Below>) -> Line<'static> {
    let below = below.unwrap_or_default();
    let name = path.last().map_or("", String::as_str);
    Line::from(vec![
        Span::raw(row.indent()),
        Span::styled(format!("{}/", inert(name, 120)), theme::strong()),
        Span::styled(format!("  {} of {}", below.reached, below.known), theme::dim()),
    ])
}

fn mark(operation: &Operation) -> (&'static str, Style) {
    match (operation.reached, &operation.skipped) {
        (true, _) => ("✓", theme::good()),
        (false, Some(_)) => ("–", theme::dim()),
        (false, None) => ("✗", theme::warn()),
    }
}

fn line(
    row: &Row,
    operation: &Operation,
    node: Option<&SiteNode>,
    (is_flat, flaws): (bool, usize),
) -> Line<'static> {
    let (symbol, style) = mark(operation);
    let path = &operation.path_template;
    let place = Place::of(&operation.method, path);
    let name = if is_flat { inert(path, 240) } else { inert(place.name(), 120) };
    let mut spans = vec![
        Span::raw(row.indent()),
        Span::styled(format!("{symbol} "), style),
        Span::raw(format!("{} {name}", inert(&operation.method, 10))),
    ];
    let mut notes = Vec::new();
    if let Some(answer) = node.and_then(|node| node.answer.as_ref()) {
        notes.push(format!("{} {}", answer.status, format_duration(answer.duration)));
    }
    if operation.source.as_str() != "crawl" {
        notes.push(operation.source.as_str().to_owned());
    }
    notes.extend(operation.skipped.as_ref().map(|why| inert(why, 120)));
    if !notes.is_empty() {
        spans.push(Span::styled(format!("  {}", notes.join(", ")), theme::dim()));
    }
    if flaws > 0 {
        let text = figures::plural(flaws as u64, "finding", "findings");
        spans.push(Span::styled(format!("  ▲ {text}"), theme::bad()));
    }
    Line::from(spans)
}

/// Everything about the selected row.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    let rows = rows(state);
    let view = state.view_of(Screen::Crawl);
    match view.chosen(&rows).map(|row| &row.key) {
        Some(Key::Directory(path)) => of_directory(state, path, width),
        Some(Key::Operation(path, method)) => of_operation(state, (method, path), width),
        Some(_) | None => Vec::new(),
    }
}

fn of_directory(state: &State, path: &[String], width: usize) -> Vec<Line<'static>> {
    let places = visible(state);
    let below = site_tree::below(places.iter().map(|(place, one)| (*place, one.reached)));
    let below = below.get(path).copied().unwrap_or_default();
    let name = inert(&format!("/{}/", path.join("/")), TEXT_MAX);
    let mut lines = wrap(&Line::styled(name, theme::strong()), width, 0);
    let reached = format!("{} of {}", below.reached, below.known);
    lines.extend(detail::text_field("reached", &reached, width));
    let inside: Vec<&(&Place, &Operation)> = places
        .iter()
        .filter(|(place, operation)| place.directory().starts_with(path) && !operation.reached)
        .collect();
    for (place, operation) in inside {
        let why = operation.skipped.as_deref().unwrap_or("not reached");
        let text = format!("{} {}: {}", place.method, place.path, why);
        lines.extend(detail::text_field("", &inert(&text, TEXT_MAX), width));
    }
    lines
}

fn of_operation(state: &State, (method, path): (&str, &str), width: usize) -> Vec<Line<'static>> {
    let Some(operation) = state.picture().site.get(method, path) else {
        return Vec::new();
    };
    let (symbol, style) = mark(operation);
    let title = inert(&format!("{method} {path}"), TEXT_MAX);
    let mut lines = wrap(&Line::styled(title, theme::strong()), width, 0);
    let stands = Span::styled(format!("{symbol} {}", state_of(operation)), style);
    lines.extend(detail::field("state", vec![stands], width));
    if let Some(why) = &operation.skipped {
        lines.extend(detail::text_field("why", &inert(why, TEXT_MAX), width));
    }
    lines.extend(detail::text_field("known from", operation.source.as_str(), width));
    let same = |node: &&SiteNode| node.method == method && node.path_template == path;
    for node in state.report().site.iter().filter(same) {
        lines.extend(of_node(node, width));
    }
    let flaws = state.report().findings.iter();
    let mut flaws = flaws.filter(|finding| finding.path_template == path).peekable();
    if flaws.peek().is_some() {
        lines.extend(detail::heading("findings", theme::strong(), width));
        lines.extend(flaws.map(findings::row));
    }
    lines
}

/// One parameter set of an operation.
fn of_node(node: &SiteNode, width: usize) -> Vec<Line<'static>> {
    let mut fields = vec![("example", node.example.url.clone())];
    let parameters = node.parameters.iter().map(|it| format!("{} {}", it.kind.as_str(), it.name));
    fields.push(("parameters", parameters.collect::<Vec<_>>().join(", ")));
    if let Some(page) = &node.found_on {
        let how = node.found_as.as_ref().map(|how| format!(", as {how}")).unwrap_or_default();
        fields.push(("found on", format!("{page}{how}")));
    }
    if node.links > 0 {
        fields.push(("links", figures::plural(node.links, "page", "pages")));
    }
    if let Some(answer) = &node.answer {
        let text = format!(
            "{} {}, {}, in {} at {}",
            answer.status,
            answer.media_type,
            format_bytes(answer.body_len),
            format_duration(answer.duration),
            format_duration(answer.at)
        );
        fields.push(("answer", text));
    }
    let mut lines = vec![Line::default()];
    for (label, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
        lines.extend(detail::text_field(label, &inert(&text, TEXT_MAX), width));
    }
    lines
}
