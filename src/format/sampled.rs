//! Requests that were drawn, as CSV in one string: a thousand objects of twenty keys would be most of
//! a report, and `jq -r '.endpoints[0].sampled'` makes a table for any other tool.

use std::borrow::Cow;
use std::time::Duration;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error as _;

use super::name::Name;
use super::number::Count;
use super::number::Millis;
use crate::model::CacheState;
use crate::model::Quota;
use crate::model::SampledRequest;
use crate::model::SampledRequests;
use crate::model::ServerTime;
use crate::model::Signals;
use crate::model::Storing;

/// One CSV text with a header line.
#[derive(Debug, Default)]
pub(super) struct SampledDto(pub(super) SampledRequests);

impl SampledDto {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A line, by the names of its columns.
#[derive(Serialize, Deserialize)]
struct Row {
    at_ms: Millis,
    latency_ms: Millis,
    weight: f64,
    queued_ms: Millis,
    dns_ms: Millis,
    connect_ms: Millis,
    tls_ms: Millis,
    send_ms: Millis,
    wait_ms: Millis,
    receive_ms: Millis,
    status: u16,
    bytes: Count,
    cache: Option<Name<CacheState>>,
    storing: Name<Storing>,
    closes: bool,
    retry_after: bool,
    #[serde(default)]
    quota: Option<Count>,
    #[serde(default)]
    quota_left: Option<Count>,
    backend: Option<String>,
    /// `db=1.25;app=4`, milliseconds.
    server: String,
}

impl JsonSchema for SampledDto {
    fn schema_name() -> Cow<'static, str> {
        "SampledRequests".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Single responses, drawn evenly, as CSV with a header line: intended start \
                            and latency in milliseconds, how many requests each stands for (weight), \
                            its phases in milliseconds, status, bytes, and what its head told: cache \
                            state, whether a shared cache may keep it, whether the connection was \
                            closed, Retry-After, the limit on requests and what is \
                            left of it, backend, and the server's own times \
                            (`db=1.25;app=4`, milliseconds).",
        })
    }
}

impl Serialize for SampledDto {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for request in &self.0 {
            writer.serialize(Row::from(request)).map_err(serde::ser::Error::custom)?;
        }
        let bytes = writer.into_inner().map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&String::from_utf8_lossy(&bytes))
    }
}

impl<'de> Deserialize<'de> for SampledDto {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows = reader.deserialize::<Row>().map(|row| {
            let row = row.map_err(D::Error::custom)?;
            row.request().ok_or_else(|| D::Error::custom("sampled: a weight or time that is none"))
        });
        rows.collect::<Result<SampledRequests, D::Error>>().map(Self)
    }
}

impl From<&SampledRequest> for Row {
    fn from(request: &SampledRequest) -> Self {
        let [queued, dns, connect, tls, send, wait, receive] = request.phases.map(Millis);
        let signals = &request.signals;
        let server = signals.server.iter();
        let server =
            server.map(|part| format!("{}={}", part.name, part.took.as_nanos() as f64 / 1e6));
        Self {
            at_ms: request.at.into(),
            latency_ms: request.latency.into(),
            weight: request.weight,
            queued_ms: queued,
            dns_ms: dns,
            connect_ms: connect,
            tls_ms: tls,
            send_ms: send,
            wait_ms: wait,
            receive_ms: receive,
            status: request.status,
            bytes: request.bytes.into(),
            cache: signals.cache.map(Name),
            storing: Name(signals.storing),
            closes: signals.closes,
            retry_after: signals.has_retry_after,
            quota: signals.quota.and_then(|quota| quota.limit).map(Into::into),
            quota_left: signals.quota.and_then(|quota| quota.left).map(Into::into),
            backend: signals.backend.clone(),
            server: server.collect::<Vec<_>>().join(";"),
        }
    }
}

impl Row {
    fn request(self) -> Option<SampledRequest> {
        let is_weight = self.weight.is_finite() && self.weight >= 0.0;
        let server = self.server.split(';').filter(|part| !part.is_empty()).map(|part| {
            let (name, took) = part.rsplit_once('=')?;
            let took = Millis::from_number(took.parse().ok()?)?;
            Some(ServerTime { name: name.to_owned(), took: took.into() })
        });
        let quota =
            Quota { limit: self.quota.map(Into::into), left: self.quota_left.map(Into::into) };
        let signals = Signals {
            server: server.collect::<Option<_>>()?,
            backend: self.backend,
            cache: self.cache.map(|name| name.0),
            storing: self.storing.0,
            closes: self.closes,
            has_retry_after: self.retry_after,
            quota: (quota != Quota::default()).then_some(quota),
        };
        let phases = [
            self.queued_ms,
            self.dns_ms,
            self.connect_ms,
            self.tls_ms,
            self.send_ms,
            self.wait_ms,
            self.receive_ms,
        ];
        is_weight.then(|| SampledRequest {
            at: self.at_ms.into(),
            latency: self.latency_ms.into(),
            phases: phases.map(Duration::from),
            status: self.status,
            bytes: self.bytes.into(),
            signals,
            weight: self.weight,
        })
    }
}
