//! How exchanges ended, counted: by status, and by class of failure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::name::StableName as _;
use super::name::parse_name;
use super::number::Count;
use crate::model::FailureClass;

/// Responses by status.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<String, Count>", into = "BTreeMap<String, Count>")]
#[schemars(inline)]
pub(super) struct Statuses(pub(super) BTreeMap<u16, u64>);

impl From<Statuses> for BTreeMap<String, Count> {
    fn from(statuses: Statuses) -> Self {
        statuses.0.into_iter().map(|(code, count)| (code.to_string(), count.into())).collect()
    }
}

impl TryFrom<BTreeMap<String, Count>> for Statuses {
    type Error = String;

    fn try_from(wire: BTreeMap<String, Count>) -> Result<Self, String> {
        wire.into_iter()
            .map(|(code, count)| match code.parse() {
                Ok(code) => Ok((code, count.into())),
                Err(_) => Err(format!("`{code}` is no status: expected a number")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Exchanges without a response, by class.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BTreeMap<String, Count>", into = "BTreeMap<String, Count>")]
#[schemars(inline)]
pub(super) struct Failures(pub(super) BTreeMap<FailureClass, u64>);

impl From<Failures> for BTreeMap<String, Count> {
    fn from(failures: Failures) -> Self {
        failures.0.into_iter().map(|(class, n)| (class.name().to_owned(), n.into())).collect()
    }
}

impl TryFrom<BTreeMap<String, Count>> for Failures {
    type Error = String;

    fn try_from(wire: BTreeMap<String, Count>) -> Result<Self, String> {
        wire.into_iter()
            .map(|(class, count)| Ok((parse_name(&class)?, count.into())))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}
