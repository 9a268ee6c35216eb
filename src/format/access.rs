//! Who may do what, as a block of a report and as an event.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::name::Name;
use super::number::Count;
use crate::model::Access;
use crate::model::AccessCell;
use crate::model::AccessMatrix;
use crate::model::AccessRow;

/// Who may do what: operations by identities.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AccessMatrix")]
pub(super) struct AccessDto {
    /// In the order in which they are asked; `anonymous` is nobody.
    identities: Vec<String>,
    /// By path, then by method.
    operations: Vec<AccessRowDto>,
    /// Operations that were not asked for, because of the limit of requests.
    #[serde(default)]
    left_out: Count,
    /// The plan says what is expected.
    #[serde(default)]
    compared: bool,
    /// Operations of which something is expected, and that were not reached.
    #[serde(default)]
    vanished: Vec<String>,
}

/// One operation.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AccessRow")]
struct AccessRowDto {
    method: String,
    /// As in `/items/{id}`.
    path_template: String,
    /// What is expected has it too.
    #[serde(default)]
    listed: bool,
    /// One for each identity, in their order.
    cells: Vec<AccessCellDto>,
}

/// What one identity gets of one operation.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AccessCell")]
struct AccessCellDto {
    /// Derived: the identity.
    #[serde(default)]
    identity: String,
    /// `deny`, `allow` (an answer of their own), `same` (that of the first who is let in), or
    /// `error`: it cannot be told.
    access: Name<Access>,
    /// As it should be; null where nobody has said it.
    #[serde(default)]
    expected: Option<Name<Access>>,
}

impl From<&AccessMatrix> for AccessDto {
    fn from(matrix: &AccessMatrix) -> Self {
        let cell = |(index, cell): (usize, &AccessCell)| AccessCellDto {
            identity: matrix.identities.get(index).cloned().unwrap_or_default(),
            access: Name(cell.now),
            expected: cell.expected.map(Name),
        };
        let row = |row: &AccessRow| AccessRowDto {
            method: row.method.clone(),
            path_template: row.path_template.clone(),
            listed: row.is_listed,
            cells: row.cells.iter().enumerate().map(cell).collect(),
        };
        Self {
            identities: matrix.identities.clone(),
            operations: matrix.operations.iter().map(row).collect(),
            left_out: matrix.left_out.into(),
            compared: matrix.is_compared,
            vanished: matrix.vanished.clone(),
        }
    }
}

impl From<AccessDto> for AccessMatrix {
    fn from(dto: AccessDto) -> Self {
        let cell = |cell: AccessCellDto| AccessCell {
            now: cell.access.0,
            expected: cell.expected.map(|expected| expected.0),
        };
        let row = |row: AccessRowDto| AccessRow {
            method: row.method,
            path_template: row.path_template,
            cells: row.cells.into_iter().map(cell).collect(),
            is_listed: row.listed,
        };
        Self {
            identities: dto.identities,
            operations: dto.operations.into_iter().map(row).collect(),
            left_out: dto.left_out.into(),
            is_compared: dto.compared,
            vanished: dto.vanished,
        }
    }
}
