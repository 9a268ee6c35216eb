//! Aligned columns of text.

use super::style::Ink;
use super::style::Style;

/// One cell, already harmless.
pub(in crate::report) struct Cell {
    text: String,
    ink: Ink,
}

impl Cell {
    /// A cell in `ink`.
    pub(in crate::report) fn new(ink: Ink, text: impl Into<String>) -> Self {
        Self { text: text.into(), ink }
    }

    /// A plain cell.
    pub(in crate::report) fn plain(text: impl Into<String>) -> Self {
        Self::new(Ink::Plain, text)
    }
}

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Align {
    Left,
    Right,
}

/// Rows under a header; the first column gives way when the terminal is too narrow, or another one.
pub(in crate::report) struct Table {
    header: Vec<String>,
    aligns: Vec<Align>,
    rows: Vec<Vec<Cell>>,
    gives_way: usize,
}

/// Blank columns before a row and between its cells.
const INDENT: usize = 2;
const GAP: usize = 2;
/// The column that gives way is never cut to less.
const MIN_WIDTH: usize = 12;

impl Table {
    /// A table with a header; an empty header cell is allowed.
    pub(in crate::report) fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            header: columns.iter().map(|(name, _)| (*name).to_owned()).collect(),
            aligns: columns.iter().map(|(_, align)| *align).collect(),
            rows: Vec::new(),
            gives_way: 0,
        }
    }

    /// The same where another column than the first gives way.
    pub(in crate::report) fn giving_way(self, column: usize) -> Self {
        Self { gives_way: column, ..self }
    }

    /// Adds a row of as many cells as there are columns.
    pub(in crate::report) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.header.len());
        self.rows.push(cells);
    }

    /// The table's lines.
    pub(in crate::report) fn render(&self, style: Style) -> String {
        let widths = self.widths(style.columns());
        let mut out = String::new();
        if self.header.iter().any(|name| !name.is_empty()) {
            let cells = self.header.iter().map(|name| (Ink::Faint, name.as_str()));
            self.line(&mut out, cells, &widths, style);
        }
        for row in &self.rows {
            let cells = row.iter().map(|cell| (cell.ink, cell.text.as_str()));
            self.line(&mut out, cells, &widths, style);
        }
        out
    }

    fn widths(&self, columns: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.header.iter().map(|name| name.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.chars().count());
            }
        }
        let all: usize = widths.iter().map(|width| width + GAP).sum();
        if let Some(width) = widths.get_mut(self.gives_way) {
            let others = all - (*width + GAP);
            *width = (*width).min(columns.saturating_sub(INDENT + others).max(MIN_WIDTH));
        }
        widths
    }

    fn line<'a>(
        &self,
        out: &mut String,
        cells: impl Iterator<Item = (Ink, &'a str)>,
        widths: &[usize],
        style: Style,
    ) {
        let mut line = " ".repeat(INDENT);
        let last = widths.len().saturating_sub(1);
        for (index, (ink, text)) in cells.enumerate() {
            let text = fit(text, widths[index], style.ellipsis());
            let blank = " ".repeat(widths[index] - text.chars().count());
            let painted = style.paint(ink, &text);
            match self.aligns[index] {
                Align::Left if index == last => line.push_str(&painted),
                Align::Left => line.extend([painted, blank]),
                Align::Right => line.extend([blank, painted]),
            }
            if index < last {
                line.push_str(&" ".repeat(GAP));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// `text` cut to `width` characters; the end says that it was.
fn fit(text: &str, width: usize, ellipsis: char) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push(ellipsis);
    cut
}
