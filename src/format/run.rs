//! The run as a whole: what it was, why it stopped, what the gates said.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::Capacity;
use crate::model::Cost;
use crate::model::Egress;
use crate::model::ExitCode;
use crate::model::GOOD_HIT_RATIO;
use crate::model::Headline;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Reason;
use crate::model::Report;
use crate::model::RunInfo;
use crate::model::RunPart;
use crate::model::Serverless;
use crate::model::StopReason;
use crate::model::ThresholdResult;
use crate::model::TraceLink;
use crate::model::Used;
use crate::model::Validity;
use crate::model::Verdict;
use crate::model::cacheable_share;
use crate::model::hit_ratio;

use super::name::Name;
use super::number::Millis;

/// What a run is, known before anything is sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Run")]
pub(super) struct RunInfoDto {
    /// Shakedown's version.
    version: String,
    /// `load`, `scan`, `check` or `demo`.
    command: String,
    /// The target's URL.
    target: String,
    /// Derived: the start as RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    /// Start, seconds since 1970.
    started_unix: u64,
    /// Every random choice follows from it.
    seed: u64,
    /// SHA-256 of the resolved plan, hexadecimal.
    plan_hash: String,
    /// Name of the machine that ran it; empty when unknown.
    host: String,
    /// Who authorised testing.
    authorised_by: Option<String>,
    /// How long the load part was planned to take, if it was bounded by time.
    planned_ms: Option<Millis>,
    /// Which of the two latencies stands first where load follows a schedule.
    #[serde(default)]
    headline: Name<Headline>,
    /// What the target costs to run, if the plan says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<CostDto>,
    /// Which part of a run that several processes share; absent in a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<PartDto>,
    /// Wall-clock time of the zero of all times in this run, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zero_unix_ms: Option<u64>,
    /// Where a trace of the service is looked at, with `{trace_id}` in place of its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_link: Option<String>,
}

/// One part of a run.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "PartWire", into = "PartWire")]
struct PartDto(RunPart);

/// Part `number` of `of`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Part")]
struct PartWire {
    /// From 1.
    number: u32,
    of: u32,
}

impl From<PartDto> for PartWire {
    fn from(PartDto(part): PartDto) -> Self {
        Self { number: part.number, of: part.of }
    }
}

impl TryFrom<PartWire> for PartDto {
    type Error = String;

    fn try_from(PartWire { number, of }: PartWire) -> Result<Self, String> {
        RunPart::parse(&format!("{number}/{of}")).map(Self)
    }
}

/// What the target costs to run, as the plan says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Price")]
struct CostDto {
    /// Machines, containers or functions that serve the target.
    instances: u32,
    /// Price of one for an hour.
    price_per_hour: f64,
    /// ISO 4217 code.
    currency: String,
    /// Functions that are paid by use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serverless: Option<ServerlessDto>,
    /// Traffic to clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    egress: Option<EgressDto>,
}

/// Functions that are paid by request and by time.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Serverless")]
struct ServerlessDto {
    per_million_requests: f64,
    per_gb_second: f64,
    memory_mib: f64,
}

/// Traffic to clients, through a CDN.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Egress")]
struct EgressDto {
    /// Of 10^9 bytes to clients.
    per_gb: f64,
    /// The same from the origin, of what the cache misses.
    origin_per_gb: f64,
    /// Share that the cache has, as the plan says; null is what was measured.
    hit_ratio: Option<f64>,
}

/// Derived: what the target costs, and what that makes of the requests that were measured.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Cost")]
pub(super) struct CostReportDto {
    /// Of all instances, for an hour.
    per_hour: f64,
    /// Of a million requests that do not fail, at the measured rate; null when there were none.
    per_million_requests: Option<f64>,
    /// The same at the level that is the capacity, as far as that was searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    per_million_at_capacity: Option<f64>,
    /// How much less a million requests would cost with 95 % cache hits, at the capacity or else at the
    /// measured rate; extrapolated, null where there are as many already.
    saved_per_million_with_95_hits: Option<f64>,
    /// Share of the answers that say that a shared cache may keep them, 0–1; null where none were drawn.
    cacheable: Option<f64>,
    /// ISO 4217 code.
    currency: String,
}

impl CostReportDto {
    pub(super) fn of(report: &Report) -> Option<Self> {
        let (cost, per_million_requests) = report.cost()?;
        let currency = cost.currency.clone();
        let level = report.capacity.as_ref().and_then(Capacity::at_answer);
        let total = report.total();
        let used = level.and_then(|level| Used::of_level(level, hit_ratio(&total)));
        let any = used.or_else(|| Used::of(&total, report.load_elapsed.as_secs_f64()));
        Some(Self {
            saved_per_million_with_95_hits: any
                .and_then(|used| cost.saved_by_cache(&used, GOOD_HIT_RATIO)),
            cacheable: cacheable_share(&total),
            per_hour: cost.per_hour(),
            per_million_requests,
            per_million_at_capacity: used.map(|used| cost.per_million(&used)),
            currency,
        })
    }
}

impl From<&RunInfo> for RunInfoDto {
    fn from(info: &RunInfo) -> Self {
        Self {
            version: info.version.clone(),
            command: info.command.clone(),
            target: info.target.clone(),
            started: rfc3339(info.started_unix),
            started_unix: info.started_unix,
            seed: info.seed,
            plan_hash: info.plan_hash.clone(),
            host: info.host.clone(),
            authorised_by: info.authorised_by.clone(),
            planned_ms: info.planned.map(Millis),
            headline: Name(info.headline),
            cost: info.cost.as_ref().map(|cost| CostDto {
                instances: cost.instances,
                price_per_hour: cost.price_per_hour,
                currency: cost.currency.clone(),
                serverless: cost.serverless.map(|one| ServerlessDto {
                    per_million_requests: one.per_million_requests,
                    per_gb_second: one.per_gb_second,
                    memory_mib: one.memory_mib,
                }),
                egress: cost.egress.map(|one| EgressDto {
                    per_gb: one.per_gb,
                    origin_per_gb: one.origin_per_gb,
                    hit_ratio: one.hit_ratio,
                }),
            }),
            part: info.part.map(PartDto),
            zero_unix_ms: info.zero_unix_ms,
            trace_link: info.trace_link.as_ref().map(|link| link.as_str().to_owned()),
        }
    }
}

impl From<RunInfoDto> for RunInfo {
    fn from(dto: RunInfoDto) -> Self {
        Self {
            version: dto.version,
            command: dto.command,
            target: dto.target,
            started_unix: dto.started_unix,
            seed: dto.seed,
            plan_hash: dto.plan_hash,
            host: dto.host,
            authorised_by: dto.authorised_by,
            planned: dto.planned_ms.map(Into::into),
            headline: dto.headline.0,
            cost: dto.cost.map(|cost| Cost {
                instances: cost.instances,
                price_per_hour: cost.price_per_hour,
                currency: cost.currency,
                serverless: cost.serverless.map(|one| Serverless {
                    per_million_requests: one.per_million_requests,
                    per_gb_second: one.per_gb_second,
                    memory_mib: one.memory_mib,
                }),
                egress: cost.egress.map(|one| Egress {
                    per_gb: one.per_gb,
                    origin_per_gb: one.origin_per_gb,
                    hit_ratio: one.hit_ratio,
                }),
            }),
            part: dto.part.map(|PartDto(part)| part),
            zero_unix_ms: dto.zero_unix_ms,
            trace_link: dto.trace_link.and_then(|link| TraceLink::parse(&link).ok()),
        }
    }
}

/// `None` beyond the year 9999.
fn rfc3339(unix: u64) -> Option<String> {
    let seconds = i64::try_from(unix).ok()?;
    jiff::Timestamp::from_second(seconds).ok().map(|timestamp| timestamp.to_string())
}

/// A sentence for the user.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Notice")]
pub(super) struct NoticeDto {
    level: Name<NoticeLevel>,
    text: String,
}

impl From<&Notice> for NoticeDto {
    fn from(notice: &Notice) -> Self {
        Self { level: Name(notice.level), text: notice.text.clone() }
    }
}

impl From<NoticeDto> for Notice {
    fn from(dto: NoticeDto) -> Self {
        Self { level: dto.level.0, text: dto.text }
    }
}

/// Why the run ended before its plan did.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "reason", rename_all = "snake_case")]
#[schemars(rename = "Stop")]
pub(super) enum StopDto {
    /// A signal or the user's key.
    Interrupted(String),
    /// The kill switch, or the limit on time.
    Safety(String),
    /// A threshold with `abortOnFail`.
    Threshold(String),
    /// A firewall or bot wall answered in the target's place.
    Blocked(String),
}

impl From<&StopReason> for StopDto {
    fn from(reason: &StopReason) -> Self {
        match reason {
            StopReason::Interrupted(text) => Self::Interrupted(text.clone()),
            StopReason::Safety(text) => Self::Safety(text.clone()),
            StopReason::Threshold(text) => Self::Threshold(text.clone()),
            StopReason::Blocked(text) => Self::Blocked(text.clone()),
        }
    }
}

impl From<StopDto> for StopReason {
    fn from(dto: StopDto) -> Self {
        match dto {
            StopDto::Interrupted(text) => Self::Interrupted(text),
            StopDto::Safety(text) => Self::Safety(text),
            StopDto::Threshold(text) => Self::Threshold(text),
            StopDto::Blocked(text) => Self::Blocked(text),
        }
    }
}

/// Whether the load figures can be believed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Validity")]
pub(super) struct ValidityDto {
    /// Derived: there is no problem.
    #[serde(default)]
    valid: bool,
    /// Why the figures cannot be believed.
    problems: Vec<String>,
    /// Where the generator came near its limits without being judged by it.
    #[serde(default)]
    warnings: Vec<String>,
}

impl From<&Validity> for ValidityDto {
    fn from(validity: &Validity) -> Self {
        Self {
            valid: validity.is_valid(),
            problems: validity.problems.clone(),
            warnings: validity.warnings.clone(),
        }
    }
}

impl From<ValidityDto> for Validity {
    fn from(dto: ValidityDto) -> Self {
        Self { problems: dto.problems, warnings: dto.warnings }
    }
}

/// A gate and what was measured.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Threshold")]
pub(super) struct ThresholdDto {
    /// The metric and its tags as written in the plan.
    selector: String,
    /// The condition as written in the plan.
    condition: String,
    /// What was measured (milliseconds for durations), in the worst window where there are windows;
    /// null when there was nothing to measure.
    value: Option<f64>,
    /// The same in the baseline, where a change is judged; null when it was not measured there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<f64>,
    /// How often chance alone makes such a change, 0–1, where that can be said; above 0.05 it passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chance: Option<f64>,
    /// It must hold in every stretch of load of this length, not over the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window_ms: Option<Millis>,
    /// When the worst window began, since the run's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worst_from_ms: Option<Millis>,
    /// What was measured when it stopped the run (`abortOnFail`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aborted_at: Option<f64>,
    /// Whether the gate passed. Nothing measured does not pass, nor does what stopped the run.
    pass: bool,
}

impl From<&ThresholdResult> for ThresholdDto {
    fn from(result: &ThresholdResult) -> Self {
        Self {
            selector: result.selector.clone(),
            condition: result.condition.clone(),
            value: result.value,
            baseline: result.baseline,
            chance: result.chance,
            window_ms: result.window.map(Millis),
            worst_from_ms: result.worst_from.map(Millis),
            aborted_at: result.aborted_at,
            pass: result.pass,
        }
    }
}

impl From<ThresholdDto> for ThresholdResult {
    fn from(dto: ThresholdDto) -> Self {
        let window = dto.window_ms.map(Into::into);
        Self {
            value: dto.value,
            baseline: dto.baseline,
            chance: dto.chance,
            worst_from: dto.worst_from_ms.map(Into::into),
            aborted_at: dto.aborted_at,
            pass: dto.pass,
            ..Self::written(&dto.selector, &dto.condition, window)
        }
    }
}

/// An exit code of the documented table.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schemars(inline)]
struct Code(ExitCode);

impl From<Code> for u8 {
    fn from(code: Code) -> Self {
        code.0.code()
    }
}

impl TryFrom<u8> for Code {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        ExitCode::from_code(code).map(Self).ok_or_else(|| format!("{code} is no exit code"))
    }
}

/// The last word.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Verdict")]
pub(super) struct VerdictDto {
    /// Whether the exit code is 0.
    pass: bool,
    /// What the process ended with.
    exit_code: Code,
    /// Everything that held, the deciding kind first.
    reasons: Vec<ReasonDto>,
}

/// One reason of a verdict.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Reason")]
struct ReasonDto {
    /// The exit code that this reason alone would give.
    code: Code,
    /// The sentence, with the number that decided.
    text: String,
}

impl From<&Verdict> for VerdictDto {
    fn from(verdict: &Verdict) -> Self {
        let reason =
            |reason: &Reason| ReasonDto { code: Code(reason.code), text: reason.text.clone() };
        Self {
            pass: verdict.pass,
            exit_code: Code(verdict.exit_code),
            reasons: verdict.reasons.iter().map(reason).collect(),
        }
    }
}

impl From<VerdictDto> for Verdict {
    fn from(dto: VerdictDto) -> Self {
        let reason = |reason: ReasonDto| Reason { code: reason.code.0, text: reason.text };
        Self {
            pass: dto.pass,
            exit_code: dto.exit_code.0,
            reasons: dto.reasons.into_iter().map(reason).collect(),
        }
    }
}
