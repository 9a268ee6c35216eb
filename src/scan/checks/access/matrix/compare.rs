//! What was seen beside what is expected: rows of the matrix, and what is a flaw of them.

use super::ask::Seen;
use crate::model::Access;
use crate::model::AccessCell;
use crate::model::AccessChange;
use crate::model::AccessMatrix;
use crate::model::AccessRow;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::AccessSettings;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Proof;

/// The row of an operation.
pub(super) fn row(node: &Node, cells: &[Access], settings: &AccessSettings) -> AccessRow {
    let matrix = settings.expected.as_ref();
    let listed =
        matrix.and_then(|matrix| Some((matrix, matrix.row(&node.method, &node.path_template)?)));
    let expected = |identity: &str| {
        let (matrix, row) = listed?;
        Some(matrix.cell(row, identity)?.now)
    };
    let pairs = settings.identities.iter().zip(cells);
    AccessRow {
        method: node.method.clone(),
        path_template: node.path_template.clone(),
        cells: pairs
            .map(|(identity, now)| AccessCell { now: *now, expected: expected(identity) })
            .collect(),
        is_listed: listed.is_some(),
    }
}

/// The row once its changes were looked at again.
pub(super) fn settled(row: &AccessRow, again: &[Access]) -> AccessRow {
    let mut row = row.clone();
    for (cell, again) in row.cells.iter_mut().zip(again) {
        if let (Some(_), Some(expected)) = (cell.change(), cell.expected) {
            cell.now = confirmed(cell.now, *again, expected);
        }
    }
    row
}

/// What two looks come to of which the first differs from what is expected.
fn confirmed(first: Access, again: Access, expected: Access) -> Access {
    let agree = first.is_granted() == again.is_granted() && again != Access::Error;
    // Now this and now that is no change, and nothing to rely on either.
    if agree || again == expected { again } else { Access::Error }
}

/// Operations of which something is expected and that are not among `known`.
pub(super) fn vanished(settings: &AccessSettings, known: &[String]) -> Vec<String> {
    let rows = settings.expected.iter().flat_map(|matrix| &matrix.operations);
    let meant = rows.filter(|row| settings.includes(&row.method, &row.path_template));
    meant.map(AccessRow::name).filter(|name| !known.contains(name)).collect()
}

/// Identities that only one of the two has, a sentence each.
pub(super) fn strangers(identities: &[String], expected: &AccessMatrix) -> Vec<String> {
    let mut told = Vec::new();
    for name in identities.iter().filter(|name| !expected.identities.contains(name)) {
        told.push(format!("access matrix: it says nothing of `{name}`: write it anew"));
    }
    for name in expected.identities.iter().filter(|name| !identities.contains(name)) {
        told.push(format!("access matrix: `{name}` of it is not among the `identities`"));
    }
    told
}

/// The flaw of an operation, if what has changed is one: somebody is let in, or gets what is
/// another's.
pub(super) fn proof(
    row: &AccessRow,
    identities: &[String],
    (first, again): (&Seen, &Seen),
) -> Option<Proof> {
    let changes: Vec<(usize, AccessChange)> = row.changes().collect();
    let of = |wanted: AccessChange| {
        let found = changes.iter().filter(move |(_, change)| *change == wanted);
        found.map(|(index, _)| *index).collect::<Vec<usize>>()
    };
    // Two lists without anything in them are nobody's data.
    let says_something = |index: &usize| {
        let shot = first.shots.get(*index).and_then(Option::as_ref);
        shot.is_some_and(|shot| {
            !matches!(shot.response().body_text().trim(), "" | "[]" | "{}" | "null")
        })
    };
    let opened = of(AccessChange::Opened);
    let shared: Vec<usize> = of(AccessChange::Shared).into_iter().filter(says_something).collect();
    let lead = *opened.first().or(shared.first())?;
    let owner = first.cells.iter().position(|access| access.is_granted());
    let status = |seen: &Seen, index: usize| {
        let shot = seen.shots.get(index).and_then(Option::as_ref);
        shot.map_or_else(String::new, |shot| format!(" ({})", shot.response().status))
    };
    let name = |index: usize| identities.get(index).map(String::as_str).unwrap_or_default();
    let told = |index: &usize| {
        let gets = match (row.cells[*index].now, owner) {
            (Access::Same, Some(owner)) => format!("the same data as `{}`", name(owner)),
            _ => "an answer of their own".to_owned(),
        };
        let wanted = row.cells[*index].expected.unwrap_or(Access::Deny).as_str();
        let (name, status) = (name(*index), status(again, *index));
        format!("`{name}` gets {gets}{status}, twice, where `{wanted}` is expected")
    };
    let mut detail: Vec<String> = opened.iter().chain(&shared).map(told).collect();
    let refused = (0..row.cells.len()).filter(|index| row.cells[*index].now == Access::Deny);
    let refused: Vec<usize> = refused.collect();
    if !refused.is_empty() {
        let shown = |index: &usize| format!("`{}`{}", name(*index), status(first, *index));
        let names: Vec<String> = refused.iter().map(shown).collect();
        detail.push(format!("refused: {}", names.join(", ")));
    }
    let exhibit = |role: EvidenceRole, seen: &Seen, index: usize| {
        let shot = seen.shots.get(index).and_then(Option::as_ref)?;
        Some(Exhibit::new(role, shot.clone()))
    };
    let owner = owner.filter(|owner| *owner != lead);
    let exhibits = [
        owner.and_then(|owner| exhibit(EvidenceRole::Baseline, first, owner)),
        exhibit(EvidenceRole::Attack, first, lead),
        exhibit(EvidenceRole::Replay, again, lead),
        refused.first().and_then(|index| exhibit(EvidenceRole::Control, first, *index)),
    ];
    Some(Proof {
        // Whose data it is, nobody has said; that somebody gets in who must not, somebody has.
        confidence: if opened.is_empty() { Confidence::Tentative } else { Confidence::Firm },
        detail: format!("{}: {}", row.name(), detail.join("; ")),
        exhibits: exhibits.into_iter().flatten().collect(),
        payloads: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_holds_if_two_looks_agree() {
        use Access::{Allow, Deny, Error, Same};
        for (first, again, expected, held) in [
            (Allow, Allow, Deny, Allow),
            (Allow, Same, Deny, Same),
            (Allow, Deny, Deny, Deny),
            (Allow, Error, Deny, Error),
            (Deny, Allow, Same, Error),
            (Deny, Same, Same, Same),
            (Deny, Deny, Allow, Deny),
            (Same, Allow, Allow, Allow),
        ] {
            assert_eq!(confirmed(first, again, expected), held, "{first:?} {again:?} {expected:?}");
        }
    }
}
