//! How the generator did: per window in the event log, over the run in the report.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::GeneratorReport;
use crate::model::GeneratorWindow;
use crate::model::MachineUse;
use crate::model::ThreadUse;
use crate::model::Usage;

use super::number::Count;
use super::number::Millis;
use super::trend::Figures;
use super::trend::Trend;

/// How the generator itself did.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Generator")]
pub(super) struct GeneratorDto {
    /// Intended start until the request was really issued (open models only).
    schedule_lag: Trend,
    /// How long one turn of a readiness loop kept others waiting.
    loop_delay: Trend,
    /// 1.0 is one core fully used by each load thread.
    cpu: f64,
    /// The same for each load thread, in order.
    #[serde(default)]
    threads: Vec<f64>,
    #[serde(flatten)]
    machine: MachineDto,
}

/// How the generator itself did over the whole run, warm-up included.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GeneratorReport")]
pub(super) struct GeneratorReportDto {
    /// Time that was looked at.
    elapsed_ms: Millis,
    /// Intended start until the request was really issued (open models only).
    schedule_lag: Trend,
    /// How long one turn of a readiness loop kept others waiting.
    loop_delay: Trend,
    /// Load threads, in order.
    threads: Vec<ThreadDto>,
    #[serde(flatten)]
    machine: MachineDto,
}

/// CPU of one load thread; 1.0 is one core.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Thread")]
struct ThreadDto {
    cpu: f64,
    /// Of its busiest window.
    cpu_max: f64,
}

/// What the generator's process had of the machine (in the report: at worst); absent where the
/// system does not tell.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Machine")]
struct MachineDto {
    /// Open files and sockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    descriptors: Option<UsageDto>,
    /// Local ports of connections to the busiest destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ports: Option<UsageDto>,
    /// TCP sockets of the whole machine in `TIME_WAIT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_wait: Option<Count>,
    /// Resident memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<Count>,
    /// Share of processor time that the host gave to others than this virtual machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stolen: Option<f64>,
}

/// How much of something bounded is in use.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Usage")]
struct UsageDto {
    used: Count,
    limit: Count,
}

impl From<&GeneratorWindow> for GeneratorDto {
    fn from(window: &GeneratorWindow) -> Self {
        Self {
            schedule_lag: Trend::new(&window.schedule_lag, Figures::Left),
            loop_delay: Trend::new(&window.loop_delay, Figures::Left),
            cpu: share(window.cpu),
            threads: window.threads.iter().copied().map(share).collect(),
            machine: window.machine.into(),
        }
    }
}

impl From<GeneratorDto> for GeneratorWindow {
    fn from(dto: GeneratorDto) -> Self {
        Self {
            schedule_lag: dto.schedule_lag.into(),
            loop_delay: dto.loop_delay.into(),
            cpu: dto.cpu,
            threads: dto.threads,
            machine: dto.machine.into(),
        }
    }
}

impl From<&GeneratorReport> for GeneratorReportDto {
    fn from(report: &GeneratorReport) -> Self {
        let thread =
            |thread: &ThreadUse| ThreadDto { cpu: share(thread.mean), cpu_max: share(thread.max) };
        Self {
            elapsed_ms: report.elapsed.into(),
            schedule_lag: Trend::new(&report.schedule_lag, Figures::Shown),
            loop_delay: Trend::new(&report.loop_delay, Figures::Shown),
            threads: report.threads.iter().map(thread).collect(),
            machine: report.machine.into(),
        }
    }
}

impl From<GeneratorReportDto> for GeneratorReport {
    fn from(dto: GeneratorReportDto) -> Self {
        let thread = |thread: ThreadDto| ThreadUse { mean: thread.cpu, max: thread.cpu_max };
        Self {
            elapsed: dto.elapsed_ms.into(),
            schedule_lag: dto.schedule_lag.into(),
            loop_delay: dto.loop_delay.into(),
            threads: dto.threads.into_iter().map(thread).collect(),
            machine: dto.machine.into(),
        }
    }
}

impl From<MachineUse> for MachineDto {
    fn from(machine: MachineUse) -> Self {
        let usage = |usage: Usage| UsageDto { used: usage.used.into(), limit: usage.limit.into() };
        Self {
            descriptors: machine.descriptors.map(usage),
            ports: machine.ports.map(usage),
            time_wait: machine.time_wait.map(Into::into),
            memory_bytes: machine.memory.map(Into::into),
            stolen: machine.stolen.map(share),
        }
    }
}

impl From<MachineDto> for MachineUse {
    fn from(dto: MachineDto) -> Self {
        let usage = |dto: UsageDto| Usage { used: dto.used.into(), limit: dto.limit.into() };
        Self {
            descriptors: dto.descriptors.map(usage),
            ports: dto.ports.map(usage),
            time_wait: dto.time_wait.map(Into::into),
            memory: dto.memory_bytes.map(Into::into),
            stolen: dto.stolen,
        }
    }
}

/// JSON has no NaN; a share that could not be computed is none.
fn share(share: f64) -> f64 {
    if share.is_finite() { share } else { 0.0 }
}
