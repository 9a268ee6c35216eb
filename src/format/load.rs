//! What the load engine counted: series and scenarios, what they are and what they came to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::exemplar::ExemplarDto;
use super::messages::MessageTallyDto;
use super::name::Name;
use super::number::Count;
use super::number::Millis;
use super::outcomes::Failures;
use super::outcomes::Statuses;
use super::phases::PhaseTrends;
use super::sampled::SampledDto;
use super::trend::Figures;
use super::trend::Trend;
use crate::model::AnswerTally;
use crate::model::CheckCount;
use crate::model::Observed;
use crate::model::ScenarioMeta;
use crate::model::ScenarioTally;
use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;
use crate::model::StageMeta;
use crate::model::Tally;

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
    /// The plan's own tags, of the request and its scenario.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
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
            tags: meta.tags.clone(),
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
            tags: dto.tags,
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
    /// The plan's own tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    /// What it is meant to do, one stretch after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stages: Vec<StageDto>,
}

/// A stretch of a scenario: straight from where the one before ended to the target.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Stage")]
struct StageDto {
    /// When it begins, in milliseconds since the load's start.
    from_ms: Millis,
    /// How long it is meant to take, in milliseconds; 0 is a jump.
    length_ms: Millis,
    /// What is reached at its end: iterations per second in an open model, else virtual users.
    target: f64,
}

impl From<&StageMeta> for StageDto {
    fn from(stage: &StageMeta) -> Self {
        let StageMeta { from, length, target } = *stage;
        Self { from_ms: from.into(), length_ms: length.into(), target }
    }
}

impl From<StageDto> for StageMeta {
    fn from(dto: StageDto) -> Self {
        Self { from: dto.from_ms.into(), length: dto.length_ms.into(), target: dto.target }
    }
}

impl From<&ScenarioMeta> for ScenarioDto {
    fn from(meta: &ScenarioMeta) -> Self {
        Self {
            name: meta.name.clone(),
            executor: meta.executor.clone(),
            open_model: meta.open_model,
            warmup: meta.warmup,
            tags: meta.tags.clone(),
            stages: meta.stages.iter().map(Into::into).collect(),
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
            tags: dto.tags,
            stages: dto.stages.into_iter().map(Into::into).collect(),
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
    /// From the first step of a group to behind its last one, by the group's whole name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<String, Trend>,
}

impl ScenarioTallyDto {
    pub(super) fn new(tally: &ScenarioTally, figures: Figures) -> Self {
        Self {
            iterations: tally.iterations.into(),
            interrupted: tally.interrupted.into(),
            dropped: tally.dropped.into(),
            iteration_duration: Trend::new(&tally.iteration_duration, figures),
            iteration_latency: Trend::new(&tally.iteration_latency, figures),
            groups: tally
                .groups
                .iter()
                .map(|(name, durations)| (name.clone(), Trend::new(durations, figures)))
                .collect(),
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
            groups: dto.groups.into_iter().map(|(name, trend)| (name, trend.into())).collect(),
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
    /// What gates ask about some answers alone, by their tags (`status:2xx`); absent where none does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<String, AnswerTallyDto>,
    /// Single responses, drawn evenly: what the analysis of bottlenecks goes by. CSV.
    #[serde(default, skip_serializing_if = "SampledDto::is_empty")]
    sampled: SampledDto,
}

/// Everything counted about some of a series' answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AnswerTally")]
pub(super) struct AnswerTallyDto {
    /// Exchanges.
    requests: Count,
    /// Of these: no response, or a status that does not count as success.
    failed: Count,
    /// `http_req_latency`.
    latency: Trend,
    /// `http_req_duration`.
    duration: Trend,
    /// By phase; a phase that never happened is absent.
    phases: PhaseTrends,
}

impl AnswerTallyDto {
    fn new(tally: &AnswerTally, figures: Figures) -> Self {
        Self {
            requests: tally.requests.into(),
            failed: tally.failed.into(),
            latency: Trend::new(&tally.latency, figures),
            duration: Trend::new(&tally.duration, figures),
            phases: PhaseTrends::new(&tally.phases, figures),
        }
    }
}

impl From<AnswerTallyDto> for AnswerTally {
    fn from(dto: AnswerTallyDto) -> Self {
        Self {
            requests: dto.requests.into(),
            failed: dto.failed.into(),
            latency: dto.latency.into(),
            duration: dto.duration.into(),
            phases: dto.phases.into(),
        }
    }
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
            answers: tally
                .answers
                .iter()
                .map(|(filter, answers)| (filter.clone(), AnswerTallyDto::new(answers, figures)))
                .collect(),
            sampled: SampledDto(tally.sampled.clone()),
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
            answers: dto.answers.into_iter().map(|(filter, one)| (filter, one.into())).collect(),
            sampled: dto.sampled.0,
        }
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
