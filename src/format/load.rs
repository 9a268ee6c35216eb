//! What the load engine counted.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::CheckCount;
use crate::model::Digits;
use crate::model::Exemplar;
use crate::model::FailureClass;
use crate::model::Histogram;
use crate::model::LoadChange;
use crate::model::LoadChangeKind;
use crate::model::Observed;
use crate::model::PhaseKind;
use crate::model::ScenarioMeta;
use crate::model::ScenarioTally;
use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;
use crate::model::Tally;
use crate::model::Timings;

use super::messages::MessageTallyDto;
use super::name::Name;
use super::name::StableName as _;
use super::name::parse_name;
use super::number::Count;
use super::number::Millis;
use super::trend::Figures;
use super::trend::Trend;

/// What a series counts: one request of one scenario.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Series")]
pub(super) struct SeriesDto {
    /// Index of the series.
    id: u32,
    /// The scenario's name.
    scenario: String,
    /// The request's name in the plan, or its path.
    request: String,
    method: String,
    /// As in `/items/{id}`.
    path_template: String,
    /// Examples.
    urls: Vec<String>,
    /// What an exchange of it is.
    #[serde(default)]
    kind: Name<SeriesKind>,
}

impl From<&SeriesMeta> for SeriesDto {
    fn from(meta: &SeriesMeta) -> Self {
        Self {
            id: meta.id.0,
            scenario: meta.scenario.clone(),
            request: meta.request.clone(),
            method: meta.method.clone(),
            path_template: meta.path_template.clone(),
            urls: vec![meta.url.clone()],
            kind: Name(meta.kind),
        }
    }
}

impl From<SeriesDto> for SeriesMeta {
    fn from(dto: SeriesDto) -> Self {
        Self {
            id: SeriesId(dto.id),
            scenario: dto.scenario,
            request: dto.request,
            method: dto.method,
            path_template: dto.path_template,
            url: dto.urls.into_iter().next().unwrap_or_default(),
            kind: dto.kind.0,
        }
    }
}

/// A scenario.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Scenario")]
pub(super) struct ScenarioDto {
    /// The plan's name for it.
    name: String,
    /// k6's executor name.
    executor: String,
    /// Whether arrivals follow a schedule (open model) or wait for responses (closed).
    open_model: bool,
    /// Excluded from statistics.
    warmup: bool,
}

impl From<&ScenarioMeta> for ScenarioDto {
    fn from(meta: &ScenarioMeta) -> Self {
        Self {
            name: meta.name.clone(),
            executor: meta.executor.clone(),
            open_model: meta.open_model,
            warmup: meta.warmup,
        }
    }
}

impl From<ScenarioDto> for ScenarioMeta {
    fn from(dto: ScenarioDto) -> Self {
        Self {
            name: dto.name,
            executor: dto.executor,
            open_model: dto.open_model,
            warmup: dto.warmup,
        }
    }
}

/// Everything counted about a scenario's iterations.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ScenarioTally")]
pub(super) struct ScenarioTallyDto {
    /// Finished iterations.
    iterations: Count,
    /// Iterations cut off by the end of the run.
    interrupted: Count,
    /// Arrivals for which no virtual user was free, and iterations of a fixed number that time was too
    /// short for.
    dropped: Count,
    /// From the actual start.
    iteration_duration: Trend,
    /// From the intended start.
    iteration_latency: Trend,
}

impl ScenarioTallyDto {
    pub(super) fn new(tally: &ScenarioTally, figures: Figures) -> Self {
        Self {
            iterations: tally.iterations.into(),
            interrupted: tally.interrupted.into(),
            dropped: tally.dropped.into(),
            iteration_duration: Trend::new(&tally.iteration_duration, figures),
            iteration_latency: Trend::new(&tally.iteration_latency, figures),
        }
    }
}

impl From<ScenarioTallyDto> for ScenarioTally {
    fn from(dto: ScenarioTallyDto) -> Self {
        Self {
            iterations: dto.iterations.into(),
            interrupted: dto.interrupted.into(),
            dropped: dto.dropped.into(),
            iteration_duration: dto.iteration_duration.into(),
            iteration_latency: dto.iteration_latency.into(),
        }
    }
}

/// Everything counted about one series.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tally")]
pub(super) struct TallyDto {
    /// Responses and failures together.
    requests: Count,
    /// Of these: no response, or a status that does not count as success.
    failed: Count,
    /// Request bytes, head and body.
    bytes_sent: Count,
    /// Response bytes, head and body.
    bytes_received: Count,
    /// Connections that were opened for it.
    connections: Count,
    /// TLS handshakes that resumed an earlier session.
    #[serde(default)]
    tls_resumed: Count,
    /// Responses by status.
    status: Statuses,
    /// Exchanges without a response, by class.
    failures: Failures,
    /// `http_req_latency`: from the intended start.
    latency: Trend,
    /// `http_req_duration`: send + wait + receive.
    duration: Trend,
    /// By phase; a phase that never happened is absent.
    phases: PhaseTrends,
    /// Responses by the value of an observed header (backend, cache state).
    observed: Vec<ObservedDto>,
    /// The slowest requests and the first errors.
    exemplars: Vec<ExemplarDto>,
    /// Messages within exchanges; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    messages: Option<MessageTallyDto>,
    /// How often each check held; absent where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckDto>,
}

impl TallyDto {
    pub(super) fn new(tally: &Tally, figures: Figures) -> Self {
        let observed = |observed: &Observed| ObservedDto {
            header: observed.header.clone(),
            value: observed.value.clone(),
            count: observed.count.into(),
            duration: Trend::new(&observed.duration, figures),
        };
        Self {
            requests: tally.requests.into(),
            failed: tally.failed.into(),
            bytes_sent: tally.bytes_sent.into(),
            bytes_received: tally.bytes_received.into(),
            connections: tally.connections.into(),
            tls_resumed: tally.tls_resumed.into(),
            status: Statuses(tally.statuses.clone()),
            failures: Failures(tally.failures.clone()),
            latency: Trend::new(&tally.latency, figures),
            duration: Trend::new(&tally.duration, figures),
            phases: PhaseTrends::new(&tally.phases, figures),
            observed: tally.observed.iter().map(observed).collect(),
            exemplars: tally.exemplars.iter().map(Into::into).collect(),
            messages: tally
                .messages
                .as_deref()
                .map(|messages| MessageTallyDto::new(messages, figures)),
            checks: tally.checks.iter().map(Into::into).collect(),
        }
    }
}

impl From<TallyDto> for Tally {
    fn from(dto: TallyDto) -> Self {
        let observed = |observed: ObservedDto| Observed {
            header: observed.header,
            value: observed.value,
            count: observed.count.into(),
            duration: observed.duration.into(),
        };
        Self {
            requests: dto.requests.into(),
            failed: dto.failed.into(),
            bytes_sent: dto.bytes_sent.into(),
            bytes_received: dto.bytes_received.into(),
            connections: dto.connections.into(),
            tls_resumed: dto.tls_resumed.into(),
            statuses: dto.status.0,
            failures: dto.failures.0,
            latency: dto.latency.into(),
            duration: dto.duration.into(),
            phases: dto.phases.into(),
            exemplars: dto.exemplars.into_iter().map(Into::into).collect(),
            observed: dto.observed.into_iter().map(observed).collect(),
            messages: dto.messages.map(|messages| Box::new(messages.into())),
            checks: dto.checks.into_iter().map(Into::into).collect(),
        }
    }
}

/// How often a check held.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Check")]
pub(super) struct CheckDto {
    /// The plan's name for it, or its text.
    name: String,
    passes: Count,
    /// It did not hold, or there was no response.
    fails: Count,
}

impl From<&CheckCount> for CheckDto {
    fn from(check: &CheckCount) -> Self {
        let CheckCount { name, passes, fails } = check;
        Self { name: name.clone(), passes: (*passes).into(), fails: (*fails).into() }
    }
}

impl From<CheckDto> for CheckCount {
    fn from(dto: CheckDto) -> Self {
        Self { name: dto.name, passes: dto.passes.into(), fails: dto.fails.into() }
    }
}

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

/// Distributions of the phases of a request; a phase that never happened is absent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct PhaseTrends {
    /// From the intended start until a connection was free or being made.
    #[serde(skip_serializing_if = "Option::is_none")]
    queued: Option<Trend>,
    /// Name resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<Trend>,
    /// TCP connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<Trend>,
    /// TLS handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Trend>,
    /// First byte of the request until the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    send: Option<Trend>,
    /// Last request byte until the first response byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<Trend>,
    /// First response byte until the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    receive: Option<Trend>,
}

impl PhaseTrends {
    fn new(phases: &[Histogram; 7], figures: Figures) -> Self {
        let of = |kind: PhaseKind| {
            let phase = &phases[kind as usize];
            (!phase.is_empty()).then(|| Trend::new(phase, figures))
        };
        Self {
            queued: of(PhaseKind::Queued),
            dns: of(PhaseKind::Dns),
            connect: of(PhaseKind::Connect),
            tls: of(PhaseKind::Tls),
            send: of(PhaseKind::Send),
            wait: of(PhaseKind::Wait),
            receive: of(PhaseKind::Receive),
        }
    }
}

impl From<PhaseTrends> for [Histogram; 7] {
    fn from(dto: PhaseTrends) -> Self {
        [dto.queued, dto.dns, dto.connect, dto.tls, dto.send, dto.wait, dto.receive]
            .map(|phase| phase.map_or_else(|| Histogram::new(Digits::Two), Into::into))
    }
}

/// Phases of one exchange; one that did not happen is 0.
#[expect(clippy::struct_field_names, reason = "the unit belongs into the format's names")]
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Timings")]
pub(super) struct TimingsDto {
    queued_ms: Millis,
    dns_ms: Millis,
    connect_ms: Millis,
    tls_ms: Millis,
    send_ms: Millis,
    wait_ms: Millis,
    receive_ms: Millis,
}

impl From<[Duration; 7]> for TimingsDto {
    fn from(phases: [Duration; 7]) -> Self {
        let [queued_ms, dns_ms, connect_ms, tls_ms, send_ms, wait_ms, receive_ms] =
            phases.map(Millis);
        Self { queued_ms, dns_ms, connect_ms, tls_ms, send_ms, wait_ms, receive_ms }
    }
}

impl From<TimingsDto> for [Duration; 7] {
    fn from(dto: TimingsDto) -> Self {
        [
            dto.queued_ms,
            dto.dns_ms,
            dto.connect_ms,
            dto.tls_ms,
            dto.send_ms,
            dto.wait_ms,
            dto.receive_ms,
        ]
        .map(Into::into)
    }
}

impl From<TimingsDto> for Timings {
    fn from(dto: TimingsDto) -> Self {
        let [queued, dns, connect, tls, send, wait, receive] = dto.into();
        Self { queued, dns, connect, tls, send, wait, receive }
    }
}

/// Responses with one value of an observed header.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Observed")]
struct ObservedDto {
    header: String,
    /// `(other)` where there were too many values to tell apart.
    value: String,
    count: Count,
    /// `http_req_duration` of these.
    duration: Trend,
}

/// One request worth keeping.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Exemplar")]
struct ExemplarDto {
    /// Intended start, since the run's start.
    at_ms: Millis,
    /// From the intended start to the last byte.
    latency_ms: Millis,
    timings: TimingsDto,
    /// Null when there was no response.
    status: Option<u16>,
    /// Null when there was a response.
    failure: Option<FailureDto>,
    /// Trace id that was sent along.
    trace_id: Option<String>,
}

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
        };
        Self { at: dto.at_ms.into(), by: dto.by, scenario: dto.scenario, kind }
    }
}

/// Why there was no response.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Failure")]
pub(super) struct FailureDto {
    pub(super) class: Name<FailureClass>,
    /// What was attempted and what happened.
    pub(super) detail: String,
}

impl From<&Exemplar> for ExemplarDto {
    fn from(exemplar: &Exemplar) -> Self {
        let failure = exemplar.failure.as_ref();
        Self {
            at_ms: exemplar.at.into(),
            latency_ms: exemplar.latency.into(),
            timings: exemplar.phases.into(),
            status: exemplar.status,
            failure: failure
                .map(|(class, detail)| FailureDto { class: Name(*class), detail: detail.clone() }),
            trace_id: exemplar.trace_id.clone(),
        }
    }
}

impl From<ExemplarDto> for Exemplar {
    fn from(dto: ExemplarDto) -> Self {
        Self {
            at: dto.at_ms.into(),
            latency: dto.latency_ms.into(),
            phases: dto.timings.into(),
            status: dto.status,
            failure: dto.failure.map(|failure| (failure.class.0, failure.detail)),
            trace_id: dto.trace_id,
        }
    }
}
