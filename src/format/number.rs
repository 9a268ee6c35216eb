//! Numbers with a unit and a range: milliseconds and counts.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// Three hundred years: what is larger is no measurement, and sums of it would overflow.
const MAX_MS: f64 = 1e13;

/// Large enough for any run, small enough that sums over a whole file cannot overflow.
const MAX_COUNT: u64 = 1 << 48;

/// A duration as milliseconds, the unit of k6's reports: whole numbers where it is whole.
///
/// Exact to the nanosecond up to 26 days.
#[derive(Debug, Clone, Copy, JsonSchema)]
#[schemars(transparent, inline)]
pub(super) struct Millis(#[schemars(with = "f64", range(min = 0))] pub(super) Duration);

impl From<Duration> for Millis {
    fn from(value: Duration) -> Self {
        Self(value)
    }
}

impl From<Millis> for Duration {
    fn from(value: Millis) -> Self {
        value.0
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = self.0.as_nanos();
        match u64::try_from(nanos / 1_000_000) {
            Ok(whole) if nanos.is_multiple_of(1_000_000) => serializer.serialize_u64(whole),
            _ => serializer.serialize_f64(nanos as f64 / 1e6),
        }
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let millis = f64::deserialize(deserializer)?;
        Self::from_number(millis).ok_or_else(|| {
            let problem = format!("{millis} is no duration: expected milliseconds from 0 to 1e13");
            serde::de::Error::custom(problem)
        })
    }
}

impl Millis {
    /// So many; `None` of what is no duration.
    pub(super) fn from_number(millis: f64) -> Option<Self> {
        if !(0.0..=MAX_MS).contains(&millis) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        let nanos = (millis * 1e6).round() as u64;
        Some(Self(Duration::from_nanos(nanos)))
    }
}

/// A number of things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct Count(pub(super) u64);

impl From<u64> for Count {
    fn from(value: u64) -> Self {
        Self(value)
    }
}

impl From<Count> for u64 {
    fn from(value: Count) -> Self {
        value.0
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = u64::deserialize(deserializer)?;
        if count > MAX_COUNT {
            let problem = format!("{count} is no count: expected at most {MAX_COUNT}");
            return Err(serde::de::Error::custom(problem));
        }
        Ok(Self(count))
    }
}
