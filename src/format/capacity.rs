//! The result of a search for the capacity, as a block of a report and as an event.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::name::Name;
use super::number::Count;
use super::number::Millis;
use crate::model::Capacity;
use crate::model::CapacityModel;
use crate::model::Estimate;
use crate::model::Knee;
use crate::model::Level;
use crate::model::Scalability;
use crate::model::SearchEnd;
use crate::model::SecondInstance;
use crate::model::Steadiness;
use crate::model::Suspect;
use crate::model::SuspectVerdict;
use crate::model::UslFit;

/// How much the target can take.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Capacity")]
pub(super) struct CapacityDto {
    /// What was raised from level to level; levels are iterations per second or users.
    model: Name<CapacityModel>,
    /// What must hold of a level.
    slo: Vec<String>,
    end: Name<EndName>,
    /// Why the search was cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut_short: Option<String>,
    /// The highest level that meets the objective, below every one that does not.
    answer: Option<f64>,
    /// The lowest level that does not meet it.
    failing: Option<f64>,
    /// In the order in which they were measured; a level may be there more than once.
    levels: Vec<LevelDto>,
    /// Where throughput divided by mean duration is greatest; null where that is the highest level.
    knee: Option<KneeDto>,
    /// The universal scalability law; null where it is refused.
    usl: Option<UslDto>,
    /// Why there is no law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usl_refused: Option<String>,
    /// Levels at which the generator was at its limit: the fit does without them.
    saturated_levels: Count,
    /// Share of the answer that is kept free in operation, 0–1.
    reserve: f64,
    /// Derived: the answer less the reserve.
    #[serde(default)]
    in_operation: Option<f64>,
    /// What a second instance would bring; null without an answer.
    second_instance: Option<SecondDto>,
    /// The answer that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    /// The level for which instances were to be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wanted: Option<f64>,
    /// Derived: how many instances that takes with the reserve, as if instances shared nothing; in a
    /// report, where it is known how many were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instances: Option<u32>,
    /// The requests that take most of the time at the answer, measured alone, and the others without
    /// each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    suspects: Vec<SuspectDto>,
    /// Why there is none, or fewer than could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_isolated: Option<String>,
}

/// A request measured by itself at the answer.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CapacitySuspect")]
struct SuspectDto {
    /// The plan's name for it.
    request: String,
    /// Requests per second of it, with all others.
    rate: f64,
    /// Share of the time of all responses that is its own, 0–1.
    share: f64,
    /// `http_req_duration` with all others.
    mix: TimesDto,
    /// The same while nothing else was sent but what it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alone: Option<TimesDto>,
    /// Times as long as with it that the others' responses took without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    others: Option<f64>,
    /// It is faster alone, by more than chance.
    is_faster_alone: bool,
    /// The others are faster without it, by more than chance.
    are_others_faster: bool,
    /// Derived: what the figures say together.
    #[serde(default)]
    verdict: Option<Name<SuspectVerdict>>,
    /// Why something was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear: Option<String>,
}

/// Times of a request.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SuspectTimes")]
struct TimesDto {
    med_ms: Millis,
    p95_ms: Millis,
}

impl From<[Duration; 2]> for TimesDto {
    fn from([med, p95]: [Duration; 2]) -> Self {
        Self { med_ms: med.into(), p95_ms: p95.into() }
    }
}

impl From<TimesDto> for [Duration; 2] {
    fn from(dto: TimesDto) -> Self {
        [dto.med_ms.into(), dto.p95_ms.into()]
    }
}

impl From<&Suspect> for SuspectDto {
    fn from(suspect: &Suspect) -> Self {
        Self {
            request: suspect.request.clone(),
            rate: suspect.rate,
            share: suspect.share,
            mix: suspect.mix.into(),
            alone: suspect.alone.map(Into::into),
            others: suspect.others,
            is_faster_alone: suspect.is_faster_alone,
            are_others_faster: suspect.are_others_faster,
            verdict: Some(Name(suspect.verdict())),
            unclear: suspect.unclear.clone(),
        }
    }
}

impl From<SuspectDto> for Suspect {
    fn from(dto: SuspectDto) -> Self {
        Self {
            request: dto.request,
            rate: dto.rate,
            share: dto.share,
            mix: dto.mix.into(),
            alone: dto.alone.map(Into::into),
            others: dto.others,
            is_faster_alone: dto.is_faster_alone,
            are_others_faster: dto.are_others_faster,
            unclear: dto.unclear,
        }
    }
}

/// How a search ends, without the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndName {
    Found,
    MaxReached,
    NoneMet,
    Generator,
    CutShort,
}

impl EndName {
    pub(super) const ALL: [Self; 5] =
        [Self::Found, Self::MaxReached, Self::NoneMet, Self::Generator, Self::CutShort];

    pub(super) fn as_str(self) -> &'static str {
        self.end(String::new()).as_str()
    }

    fn end(self, why: String) -> SearchEnd {
        match self {
            Self::Found => SearchEnd::Found,
            Self::MaxReached => SearchEnd::MaxReached,
            Self::NoneMet => SearchEnd::NoneMet,
            Self::Generator => SearchEnd::Generator,
            Self::CutShort => SearchEnd::CutShort(why),
        }
    }

    fn of(end: &SearchEnd) -> Self {
        match end {
            SearchEnd::Found => Self::Found,
            SearchEnd::MaxReached => Self::MaxReached,
            SearchEnd::NoneMet => Self::NoneMet,
            SearchEnd::Generator => Self::Generator,
            SearchEnd::CutShort(_) => Self::CutShort,
        }
    }
}

/// What came of one level.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CapacityLevel")]
struct LevelDto {
    /// Iterations per second, or users.
    asked: f64,
    /// Where its figures begin, since the run's start.
    from_ms: Millis,
    to_ms: Millis,
    /// Requests answered per second, failed ones left out.
    throughput: f64,
    /// Requests under way on average.
    concurrency: f64,
    /// `http_req_latency`; null where nothing was answered.
    latency: Option<LatencyDto>,
    /// Mean `http_req_duration`.
    mean_ms: Option<Millis>,
    /// Share of requests that failed, 0–1.
    failed: f64,
    /// Share of arrivals that found no free user, 0–1.
    dropped: f64,
    /// Bytes of responses per request.
    bytes_per_request: f64,
    steadiness: Name<Steadiness>,
    /// Derived: everything held, and the figures count.
    #[serde(default)]
    meets: bool,
    /// What did not hold.
    broken: Vec<String>,
    /// Why the level says nothing of the target: the generator was at its limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generator: Option<String>,
}

/// Latency of a level.
#[expect(clippy::struct_field_names, reason = "the unit stands in the name of every figure")]
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CapacityLatency")]
struct LatencyDto {
    med_ms: Millis,
    p95_ms: Millis,
    p99_ms: Millis,
    max_ms: Millis,
}

/// Where more load costs more time than it brings throughput.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Knee")]
struct KneeDto {
    /// The level.
    asked: f64,
    /// Its requests per second.
    throughput: f64,
    mean_ms: Millis,
}

/// `X(N) = λN / (1 + σ(N−1) + κN(N−1))`.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Usl")]
struct UslDto {
    /// λ: requests per second of one request at a time.
    lambda: EstimateDto,
    /// σ: contention, 0–1.
    sigma: EstimateDto,
    /// κ: coherency.
    kappa: EstimateDto,
    r_squared: f64,
    /// Levels of different concurrency that it rests on.
    levels: Count,
    /// Least concurrency that was measured.
    measured_from: f64,
    /// Greatest concurrency that was measured: what is beyond is extrapolated.
    measured_to: f64,
    /// Derived: the concurrency with the greatest throughput; null where throughput never falls.
    #[serde(default)]
    n_max: Option<f64>,
    /// Derived: that throughput.
    #[serde(default)]
    x_max: Option<f64>,
    /// Derived: the greatest throughput lies outside what was measured.
    #[serde(default)]
    peak_is_extrapolated: bool,
}

/// An estimate and its interval of 95 % confidence.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Estimate")]
struct EstimateDto {
    value: f64,
    low: f64,
    high: f64,
}

/// What a second instance would bring: always extrapolated.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SecondInstance")]
struct SecondDto {
    /// If both share nothing.
    separate: f64,
    /// If what holds one back is what both share; null without a law.
    shared: Option<f64>,
    /// Derived: always true.
    #[serde(default)]
    extrapolated: bool,
}

impl From<&Level> for LevelDto {
    fn from(level: &Level) -> Self {
        let latency = level.latency.map(|[med, p95, p99, max]| LatencyDto {
            med_ms: med.into(),
            p95_ms: p95.into(),
            p99_ms: p99.into(),
            max_ms: max.into(),
        });
        Self {
            asked: level.asked,
            from_ms: level.from.into(),
            to_ms: level.to.into(),
            throughput: level.throughput,
            concurrency: level.concurrency,
            latency,
            mean_ms: level.mean.map(Into::into),
            failed: level.failed,
            dropped: level.dropped,
            bytes_per_request: level.bytes_per_request,
            steadiness: Name(level.steadiness),
            meets: level.meets(),
            broken: level.broken.clone(),
            generator: level.generator.clone(),
        }
    }
}

impl From<LevelDto> for Level {
    fn from(dto: LevelDto) -> Self {
        let latency = dto.latency.map(|latency| {
            [latency.med_ms, latency.p95_ms, latency.p99_ms, latency.max_ms].map(Into::into)
        });
        Self {
            asked: dto.asked,
            from: dto.from_ms.into(),
            to: dto.to_ms.into(),
            throughput: dto.throughput,
            concurrency: dto.concurrency,
            latency,
            mean: dto.mean_ms.map(Into::into),
            failed: dto.failed,
            dropped: dto.dropped,
            bytes_per_request: dto.bytes_per_request,
            steadiness: dto.steadiness.0,
            broken: dto.broken,
            generator: dto.generator,
        }
    }
}

impl From<Estimate> for EstimateDto {
    fn from(estimate: Estimate) -> Self {
        Self { value: estimate.value, low: estimate.low, high: estimate.high }
    }
}

impl From<EstimateDto> for Estimate {
    fn from(dto: EstimateDto) -> Self {
        Self { value: dto.value, low: dto.low, high: dto.high }
    }
}

impl From<&UslFit> for UslDto {
    fn from(fit: &UslFit) -> Self {
        let peak = fit.peak();
        Self {
            lambda: fit.lambda.into(),
            sigma: fit.sigma.into(),
            kappa: fit.kappa.into(),
            r_squared: fit.r_squared,
            levels: (fit.levels as u64).into(),
            measured_from: fit.measured.0,
            measured_to: fit.measured.1,
            n_max: peak.map(|(n, _)| n),
            x_max: peak.map(|(_, x)| x),
            peak_is_extrapolated: peak.is_some_and(|(n, _)| fit.is_extrapolated(n)),
        }
    }
}

impl From<UslDto> for UslFit {
    fn from(dto: UslDto) -> Self {
        Self {
            lambda: dto.lambda.into(),
            sigma: dto.sigma.into(),
            kappa: dto.kappa.into(),
            r_squared: dto.r_squared,
            levels: number(dto.levels),
            measured: (dto.measured_from, dto.measured_to),
        }
    }
}

/// Counts are far below what a `usize` holds.
fn number(count: Count) -> usize {
    usize::try_from(u64::from(count)).unwrap_or(usize::MAX)
}

impl CapacityDto {
    /// Of a target of so many instances.
    pub(super) fn of(capacity: &Capacity, present: u32) -> Self {
        let instances = capacity.wanted.and_then(|wanted| capacity.instances_for(wanted, present));
        Self { instances, ..capacity.into() }
    }
}

impl From<&Capacity> for CapacityDto {
    fn from(capacity: &Capacity) -> Self {
        let (usl, usl_refused) = match &capacity.scalability {
            Scalability::Fitted(fit) => (Some(fit.into()), None),
            Scalability::Refused(why) => (None, Some(why.clone())),
        };
        let cut_short = match &capacity.end {
            SearchEnd::CutShort(why) => Some(why.clone()),
            SearchEnd::Found
            | SearchEnd::MaxReached
            | SearchEnd::NoneMet
            | SearchEnd::Generator => None,
        };
        Self {
            model: Name(capacity.model),
            slo: capacity.slo.clone(),
            end: Name(EndName::of(&capacity.end)),
            cut_short,
            answer: capacity.answer,
            failing: capacity.failing,
            levels: capacity.levels.iter().map(Into::into).collect(),
            knee: capacity.knee.map(|knee| KneeDto {
                asked: knee.asked,
                throughput: knee.throughput,
                mean_ms: knee.mean.into(),
            }),
            usl,
            usl_refused,
            saturated_levels: (capacity.saturated_levels as u64).into(),
            reserve: capacity.reserve,
            in_operation: capacity.in_operation(),
            second_instance: capacity.second.map(|second| SecondDto {
                separate: second.separate,
                shared: second.shared,
                extrapolated: true,
            }),
            at_least: capacity.at_least,
            wanted: capacity.wanted,
            instances: None,
            suspects: capacity.suspects.iter().map(Into::into).collect(),
            not_isolated: capacity.not_isolated.clone(),
        }
    }
}

impl From<CapacityDto> for Capacity {
    fn from(dto: CapacityDto) -> Self {
        Self {
            model: dto.model.0,
            slo: dto.slo,
            levels: dto.levels.into_iter().map(Into::into).collect(),
            end: dto.end.0.end(dto.cut_short.unwrap_or_default()),
            answer: dto.answer,
            failing: dto.failing,
            knee: dto.knee.map(|knee| Knee {
                asked: knee.asked,
                throughput: knee.throughput,
                mean: knee.mean_ms.into(),
            }),
            scalability: match dto.usl {
                Some(usl) => Scalability::Fitted(usl.into()),
                None => Scalability::Refused(dto.usl_refused.unwrap_or_default()),
            },
            saturated_levels: number(dto.saturated_levels),
            reserve: dto.reserve,
            second: dto
                .second_instance
                .map(|second| SecondInstance { separate: second.separate, shared: second.shared }),
            at_least: dto.at_least,
            wanted: dto.wanted,
            suspects: dto.suspects.into_iter().map(Into::into).collect(),
            not_isolated: dto.not_isolated,
        }
    }
}
