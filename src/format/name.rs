//! Closed sets of stable names, written as strings and listed in the schema.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use super::capacity::EndName;
use crate::model::Access;
use crate::model::BottleneckCause;
use crate::model::CacheState;
use crate::model::CapacityModel;
use crate::model::Certainty;
use crate::model::ChangeKind;
use crate::model::ComparedFigure;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::FailureClass;
use crate::model::FindingChangeKind;
use crate::model::FindingStatus;
use crate::model::Headline;
use crate::model::InsertionKind;
use crate::model::MatchPart;
use crate::model::MetricKind;
use crate::model::NoticeLevel;
use crate::model::OperationSource;
use crate::model::Phase;
use crate::model::SeriesKind;
use crate::model::Severity;
use crate::model::SkipReason;
use crate::model::Steadiness;
use crate::model::Storing;
use crate::model::SuspectVerdict;

/// A value of a closed set that has a stable name in files.
pub(super) trait StableName: Copy + 'static {
    /// What the set is called, for errors and the schema.
    const SET: &'static str;
    /// Every value.
    const ALL: &'static [Self];
    /// The name in files.
    fn name(self) -> &'static str;
}

macro_rules! stable_names {
    ($($type:ty, $set:literal, $all:expr;)*) => {$(
        impl StableName for $type {
            const SET: &'static str = $set;
            const ALL: &'static [Self] = $all;
            fn name(self) -> &'static str {
                self.as_str()
            }
        }
    )*};
}

stable_names! {
    Access, "Access", &Self::ALL;
    BottleneckCause, "BottleneckCause", &Self::ALL;
    CacheState, "CacheState", &Self::ALL;
    Certainty, "Certainty", &Self::ALL;
    CapacityModel, "CapacityModel", &Self::ALL;
    ChangeKind, "ChangeKind", &Self::ALL;
    ComparedFigure, "ComparedFigure", &Self::ALL;
    Confidence, "Confidence", &Self::ALL;
    EndName, "CapacityEnd", &Self::ALL;
    EvidenceRole, "EvidenceRole", &Self::ALL;
    FailureClass, "FailureClass", &Self::ALL;
    FindingChangeKind, "FindingChangeKind", &Self::ALL;
    FindingStatus, "FindingStatus", &Self::ALL;
    Headline, "Headline", &Self::ALL;
    InsertionKind, "InsertionKind", &Self::ALL;
    MatchPart, "MatchPart", &[Self::Header, Self::Body];
    MetricKind, "MetricKind", &[Self::Counter, Self::Gauge, Self::Rate, Self::Trend];
    NoticeLevel, "NoticeLevel", &Self::ALL;
    OperationSource, "OperationSource", &Self::ALL;
    Phase, "Phase", &Self::ALL;
    SeriesKind, "SeriesKind", &Self::ALL;
    Severity, "Severity", &Self::ALL;
    SkipReason, "SkipReason", &Self::ALL;
    Storing, "Storing", &Self::ALL;
    Steadiness, "Steadiness", &Self::ALL;
    SuspectVerdict, "SuspectVerdict", &Self::ALL;
}

/// A value written as its stable name.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Name<T>(pub(super) T);

impl<T: StableName> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de, T: StableName> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        parse_name(&name).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The value of a stable name, or a sentence that lists the names there are.
pub(super) fn parse_name<T: StableName>(name: &str) -> Result<T, String> {
    T::ALL.iter().copied().find(|value| value.name() == name).ok_or_else(|| {
        let known: Vec<&str> = T::ALL.iter().map(|value| value.name()).collect();
        format!("`{name}` is no {}: expected one of {}", T::SET, known.join(", "))
    })
}

impl<T: StableName> JsonSchema for Name<T> {
    fn schema_name() -> Cow<'static, str> {
        T::SET.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = T::ALL.iter().map(|value| value.name()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}
