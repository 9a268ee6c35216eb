//! Flaws as a tree: by severity and rule, gravest first; by rule; or by path.

use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::finding_detail;
use super::list;
use super::list::{Branch, Key, ListView, Row};
use super::order::FindingOrder;
use super::pane;
use super::state::{Screen, State};
use super::theme;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::Severity;
use crate::model::inert;

/// The findings that the filter lets through, gravest first.
fn visible(state: &State) -> Vec<&Finding> {
    let filter = &state.view_of(Screen::Findings).filter;
    let passes = |finding: &&Finding| {
        let texts = [
            finding.rule.id.as_str(),
            &finding.rule.title,
            finding.severity.as_str(),
            finding.confidence.as_str(),
            finding.status.as_str(),
            &finding.method,
            &finding.url,
        ];
        list::matches(filter, &texts)
    };
    state.report().findings.iter().filter(passes).collect()
}

/// The rows of the tree.
pub(super) fn rows(state: &State) -> Vec<Row> {
    let found = visible(state);
    let mut tree = Tree { view: state.view_of(Screen::Findings), rows: Vec::new() };
    match state.orders.findings {
        FindingOrder::Severity => {
            for severity in Severity::ALL.into_iter().rev() {
                let group: Vec<&Finding> =
                    found.iter().copied().filter(|one| one.severity == severity).collect();
                if !group.is_empty() && tree.branch(0, Key::Severity(severity)) == Branch::Open {
                    tree.rules(1, Some(severity), &group);
                }
            }
        }
        FindingOrder::Rule => tree.rules(0, None, &found),
        FindingOrder::Place => {
            let mut places: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
            for finding in found {
                places.entry(&finding.path_template).or_default().push(finding);
            }
            for (path, group) in places {
                tree.group(0, Key::Place(path.to_owned()), &group);
            }
        }
    }
    tree.rows
}

/// Rows on their way.
struct Tree<'a> {
    view: &'a ListView,
    rows: Vec<Row>,
}

impl Tree<'_> {
    fn branch(&mut self, depth: usize, key: Key) -> Branch {
        let branch = self.view.branch(&key);
        self.rows.push(Row { key, depth, branch });
        branch
    }

    /// By rule, in the order in which `found` first has each.
    fn rules(&mut self, depth: usize, severity: Option<Severity>, found: &[&Finding]) {
        let mut rules: Vec<(&str, Vec<&Finding>)> = Vec::new();
        for finding in found {
            match rules.iter_mut().find(|(id, _)| *id == finding.rule.id) {
                Some((_, group)) => group.push(finding),
                None => rules.push((&finding.rule.id, vec![finding])),
            }
        }
        for (id, group) in rules {
            self.group(depth, Key::Rule(severity, id.to_owned()), &group);
        }
    }

    /// A branch of several; one alone stands for itself.
    fn group(&mut self, depth: usize, key: Key, group: &[&Finding]) {
        let leaf = |depth: usize, finding: &&Finding| {
            Row::below(depth, Key::Finding(finding.fingerprint.clone()))
        };
        if let [finding] = group {
            self.rows.push(leaf(depth, finding));
        } else if self.branch(depth, key) == Branch::Open {
            self.rows.extend(group.iter().map(|finding| leaf(depth + 1, finding)));
        }
    }
}

/// Draws the screen.
pub(super) fn draw(state: &State, frame: &mut Frame, area: Rect) {
    let rows = rows(state);
    if rows.is_empty() {
        let why = if state.over { "no findings" } else { "no findings yet" };
        return pane::draw_nothing(state, frame, area, why);
    }
    pane::draw(state, frame, area, (" Finding ", &rows), |row, _| line(state, row));
}

fn line(state: &State, row: &Row) -> Line<'static> {
    let indent = row.indent();
    let counted = |text: String, style| {
        let count = members(state, &row.key).len();
        Line::from(vec![
            Span::raw(indent.clone()),
            Span::styled(text, style),
            Span::styled(format!("  {count}"), theme::dim()),
        ])
    };
    match &row.key {
        Key::Severity(severity) => {
            let symbol = theme::severity_symbol(*severity);
            counted(format!("{symbol} {severity}"), theme::severity_style(*severity))
        }
        Key::Place(path) => counted(inert(path, 120), theme::strong()),
        key @ Key::Rule(_, id) => {
            let title = members(state, key).first().map(|finding| inert(&finding.rule.title, 80));
            counted(title.unwrap_or_else(|| inert(id, 80)), theme::strong())
        }
        key => match members(state, key).first() {
            Some(finding) => leaf(state, row, finding),
            None => Line::default(),
        },
    }
}

/// Below its rule a finding is told by its place, else by everything.
fn leaf(state: &State, row: &Row, finding: &Finding) -> Line<'static> {
    let below_rule = match state.orders.findings {
        FindingOrder::Severity => row.depth == 2,
        FindingOrder::Rule => row.depth == 1,
        FindingOrder::Place => false,
    };
    let mut spans = vec![Span::raw(row.indent())];
    let symbol = theme::severity_symbol(finding.severity);
    spans.push(Span::styled(format!("{symbol} "), theme::severity_style(finding.severity)));
    if below_rule {
        spans.push(Span::raw(place(finding)));
        spans.push(Span::styled(format!("  {}", standing(finding)), theme::dim()));
    } else {
        spans.push(Span::raw(inert(&finding.rule.title, 80)));
        let rest = format!("  {}  {}", place(finding), standing(finding));
        spans.push(Span::styled(rest, theme::dim()));
    }
    Line::from(spans)
}

/// Method, path and parameters.
fn place(finding: &Finding) -> String {
    let path = format!("{} {}", inert(&finding.method, 10), inert(&finding.path_template, 120));
    match finding.points() {
        Some(points) => format!("{path} {}", inert(&points, 120)),
        None => path,
    }
}

fn standing(finding: &Finding) -> String {
    let known = match finding.status {
        FindingStatus::New => "",
        FindingStatus::Known => "known, ",
        FindingStatus::Accepted => "accepted, ",
    };
    format!("{known}{}", finding.confidence)
}

/// One row of a list without branches.
pub(super) fn row(finding: &Finding) -> Line<'static> {
    let style = theme::severity_style(finding.severity);
    let symbol = theme::severity_symbol(finding.severity);
    let path = format!("{} {}", inert(&finding.method, 10), inert(&finding.path_template, 120));
    Line::from(vec![
        Span::styled(format!("{symbol} {:<9}", finding.severity), style),
        Span::raw(inert(&finding.rule.title, 80)),
        Span::styled(format!("  {path}  {}", standing(finding)), theme::dim()),
    ])
}

/// The findings that a row stands for.
fn members<'a>(state: &'a State, key: &Key) -> Vec<&'a Finding> {
    let is_meant = |finding: &&Finding| match key {
        Key::Severity(severity) => finding.severity == *severity,
        Key::Rule(severity, id) => {
            finding.rule.id == *id && severity.is_none_or(|severity| severity == finding.severity)
        }
        Key::Place(path) => finding.path_template == *path,
        Key::Finding(fingerprint) => finding.fingerprint == *fingerprint,
        _ => false,
    };
    visible(state).into_iter().filter(is_meant).collect()
}

/// Everything about the selected row.
pub(super) fn detail_rows(state: &State, width: usize) -> Vec<Line<'static>> {
    let rows = rows(state);
    let Some(row) = state.view_of(Screen::Findings).chosen(&rows) else { return Vec::new() };
    let group = members(state, &row.key);
    match (&row.key, group.as_slice()) {
        (Key::Finding(_), [finding, ..]) => finding_detail::of_finding(finding, width),
        (Key::Severity(severity), group) => {
            finding_detail::of_group(severity.as_str(), group, width)
        }
        (Key::Place(path), group) => finding_detail::of_group(path, group, width),
        (_, group) => {
            let title = group.first().map_or("", |finding| finding.rule.title.as_str());
            finding_detail::of_group(title, group, width)
        }
    }
}
