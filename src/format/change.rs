//! Changes of the load by hand.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::number::Count;
use super::number::Millis;
use crate::model::LoadChange;
use crate::model::LoadChangeKind;

/// A change of the load by hand.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LoadChange")]
pub(super) struct ChangeDto {
    /// From when on it held, since the run's start.
    at_ms: Millis,
    /// Who asked for it.
    by: String,
    /// Of which scenario alone; absent for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scenario: Option<String>,
    #[serde(flatten)]
    kind: ChangeKindDto,
}

/// What changed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
#[schemars(inline)]
enum ChangeKindDto {
    /// The arrival rates: times the plan's, and of all scenarios together at that moment.
    Rate { factor: f64, per_second: f64 },
    /// The users of closed scenarios: times the plan's, and of all scenarios at that moment.
    Vus { factor: f64, vus: Count },
    /// No iteration started from then on.
    Paused,
    /// They started again.
    Resumed,
    /// So many of the plan's requests were sent, and the others left out.
    Requests { sent: u32, of: u32 },
}

impl From<&LoadChange> for ChangeDto {
    fn from(change: &LoadChange) -> Self {
        let kind = match change.kind {
            LoadChangeKind::Rate { factor, per_second } => {
                ChangeKindDto::Rate { factor, per_second }
            }
            LoadChangeKind::Vus { factor, vus } => ChangeKindDto::Vus { factor, vus: vus.into() },
            LoadChangeKind::Paused => ChangeKindDto::Paused,
            LoadChangeKind::Resumed => ChangeKindDto::Resumed,
            LoadChangeKind::Requests { sent, of } => ChangeKindDto::Requests { sent, of },
        };
        let (by, scenario) = (change.by.clone(), change.scenario.clone());
        Self { at_ms: change.at.into(), by, scenario, kind }
    }
}

impl From<ChangeDto> for LoadChange {
    fn from(dto: ChangeDto) -> Self {
        let kind = match dto.kind {
            ChangeKindDto::Rate { factor, per_second } => {
                LoadChangeKind::Rate { factor, per_second }
            }
            ChangeKindDto::Vus { factor, vus } => LoadChangeKind::Vus { factor, vus: vus.into() },
            ChangeKindDto::Paused => LoadChangeKind::Paused,
            ChangeKindDto::Resumed => LoadChangeKind::Resumed,
            ChangeKindDto::Requests { sent, of } => LoadChangeKind::Requests { sent, of },
        };
        Self { at: dto.at_ms.into(), by: dto.by, scenario: dto.scenario, kind }
    }
}
