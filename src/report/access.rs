//! Who may do what, as a grid of words: what every format shows of it.

use crate::model::Access;
use crate::model::AccessCell;
use crate::model::AccessChange;
use crate::model::AccessMatrix;
use crate::model::AccessRow;
use crate::model::plural;

/// What a cell means to whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it was expected, or nobody has said what is.
    Plain,
    /// Nothing could be told.
    Faint,
    /// Somebody is locked out, or answers have become others.
    Doubtful,
    /// Somebody gets what is not theirs.
    Bad,
}

/// One operation.
pub(super) struct GridRow {
    /// `GET /api/orders/{id}`, as it came.
    pub(super) name: String,
    /// One for each identity.
    pub(super) cells: Vec<(String, Tone)>,
}

/// Operations by identities, those that have changed first.
pub(super) fn grid(matrix: &AccessMatrix) -> Vec<GridRow> {
    let mut rows: Vec<&AccessRow> = matrix.operations.iter().collect();
    rows.sort_by_key(|row| !row.has_changed());
    rows.into_iter().map(|row| grid_row(matrix, row)).collect()
}

fn grid_row(matrix: &AccessMatrix, row: &AccessRow) -> GridRow {
    let cells = row.cells.iter().copied().map(shown);
    // A file that somebody has changed may have fewer, or more.
    let blank = std::iter::repeat_with(|| (String::new(), Tone::Plain));
    let cells = cells.chain(blank).take(matrix.identities.len()).collect();
    let is_new = matrix.is_compared && !row.is_listed;
    let mark = if is_new { " (new)" } else { "" };
    GridRow { name: format!("{}{mark}", row.name()), cells }
}

fn shown(cell: AccessCell) -> (String, Tone) {
    let now = cell.now.as_str();
    let Some(change) = cell.change() else {
        let tone = if cell.now == Access::Error { Tone::Faint } else { Tone::Plain };
        return (now.to_owned(), tone);
    };
    let tone = match change {
        AccessChange::Opened | AccessChange::Shared => Tone::Bad,
        AccessChange::Closed | AccessChange::Parted => Tone::Doubtful,
    };
    let was = cell.expected.map(Access::as_str).unwrap_or_default();
    (format!("{now}, not {was}"), tone)
}

/// What there is to say of it in a few words.
pub(super) fn facts(matrix: &AccessMatrix) -> Vec<String> {
    let count = |count: usize, one: &str, many: &str| plural(count as u64, one, many);
    let mut facts = vec![
        count(matrix.operations.len(), "operation", "operations"),
        count(matrix.identities.len(), "identity", "identities"),
    ];
    if matrix.is_compared {
        let changed = matrix.operations.iter().filter(|row| row.has_changed()).count();
        let new = matrix.operations.iter().filter(|row| !row.is_listed).count();
        facts.push(format!("{changed} changed"));
        facts.push(format!("{new} new"));
        facts.push(format!("{} gone", matrix.vanished.len()));
    } else {
        facts.push("compared with nothing".to_owned());
    }
    if matrix.left_out > 0 {
        facts.push(format!("{} left out", matrix.left_out));
    }
    facts
}
