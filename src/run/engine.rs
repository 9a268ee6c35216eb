//! One run from the first event to the verdict.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::export::Exporters;
use crate::http::clock::Clock;
use crate::load::LiveControl;
use crate::model::ComparisonLimits;
use crate::model::ControlCommand;
use crate::model::Event;
use crate::model::EventSender;
use crate::model::ExitCode;
use crate::model::Export;
use crate::model::Facts;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Report;
use crate::model::RunInfo;
use crate::model::StopReason;
use crate::model::StopToken;
use crate::model::format_duration;
use crate::plan::Plan;
use crate::rules::Registry;
use crate::scan::Addresses;
use crate::scan::CallbackSource;
use crate::scan::Record;
use crate::scan::Templates;
use crate::ui::Consumer;

use super::baseline::Baseline;
use super::collateral::Turns;
use super::derive::derivers;
use super::gate_watch::GateWatch;
use super::gates::Gating;
use super::gates::gate;
use super::parts::Parts;
use super::pump::Pump;
use super::search::Search;
use super::signals::Interrupt;
use super::signals::insist;
use super::signals::obey;
use super::tap::Shared;

/// Events that may wait for the pump.
const CHANNEL: usize = 1024;

/// Which engines take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Load alone.
    Load,
    /// Crawl and checks alone.
    Scan,
    /// Crawl alone.
    Crawl,
    /// Load, then crawl and checks.
    Check,
    /// Templates alone.
    Rules,
    /// Load alone, turned from level to level until its capacity is known.
    Capacity,
}

/// A run, described.
pub struct RunJob {
    /// What to do.
    pub plan: Arc<Plan>,
    /// Rules that take part.
    pub registry: Arc<Registry>,
    /// Which engines.
    pub kind: RunKind,
    /// The first event.
    pub info: RunInfo,
    /// What the run is compared with.
    pub baseline: Arc<Baseline>,
    /// What the verdict rests on.
    pub gating: Gating,
    /// Started with the run.
    pub clock: Clock,
    /// Through which users change the load while it runs.
    pub control: LiveControl,
    /// Generator threads, unless the load engine shall choose.
    pub threads: Option<usize>,
    /// What crawl and scan have done already, and where they keep what they do.
    pub record: Option<Arc<Record>>,
    /// Whether a consumer wants to hear of each address that a crawl learns of.
    pub addresses: Addresses,
    /// The browser's program, where the plan asks for one.
    pub browser: Option<PathBuf>,
    /// Templates that a scan runs.
    pub templates: Option<Arc<Templates>>,
    /// When load is to start, milliseconds since 1970; `None` is at once.
    pub start_at_unix_ms: Option<u64>,
    /// Where calls from outside are waited for; `None` is nowhere.
    pub callbacks: Option<CallbackSource>,
}

/// What a run came to.
pub struct Outcome {
    /// Everything found out, verdict included.
    pub report: Report,
    /// What consumers could not write.
    pub broken: Vec<String>,
    /// Somebody insisted on leaving: the report is empty.
    pub left: bool,
}

/// A bug of ours: everything else is data in the report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The pump or a consumer panicked.
    #[error("a consumer of events broke: {0}")]
    Consumer(String),
}

impl RunError {
    /// Always internal.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Consumer(_) => ExitCode::Internal,
        }
    }
}

/// Carries the job out. `interrupts` stop it: the first gently, the second at once, the third
/// returns without waiting.
///
/// Not cancel safe: dropping the future leaves threads running until they see the stop token.
///
/// # Errors
/// [`RunError`] when a part of ours broke; what the target did is in the report.
pub async fn run(
    job: RunJob,
    consumers: Vec<Box<dyn Consumer>>,
    mut interrupts: mpsc::Receiver<Interrupt>,
) -> Result<Outcome, RunError> {
    let (events, mut receiver) = mpsc::channel(CHANNEL);
    let stop = StopToken::default();
    for secret in job.plan.exports.iter().flat_map(Export::secrets) {
        job.plan.redactor.learn("EXPORT_SECRET", secret);
    }
    let exporters = Exporters::start(&job.plan.exports);
    let shared = Shared::default();
    let mut pump = Pump {
        clock: job.clock,
        redactor: job.plan.redactor.clone(),
        derivers: derivers(&job.plan, &shared),
        baseline: Arc::clone(&job.baseline),
        gates: GateWatch::new(&job.plan.thresholds),
        search: (job.kind == RunKind::Capacity)
            .then(|| Search::of(&job.plan, &job.control, job.clock, &stop))
            .flatten(),
        turns: (job.kind != RunKind::Capacity)
            .then(|| Turns::of(&job.plan, &job.registry, &job.control, job.clock, &stop))
            .flatten(),
        gatherer: exporters.gatherer(),
        consumers,
        stop: stop.clone(),
        report: Report::default(),
        seq: 0,
        look_at: Duration::ZERO,
    };
    pump.take(Event::RunStarted(job.info.clone()));
    for notice in job.baseline.notices() {
        pump.take(Event::Notice(notice));
    }
    let drained = tokio::task::spawn_blocking(move || {
        pump.drain(&mut receiver);
        pump
    });
    let mut seen = 0;
    let facts = tokio::select! {
        facts = engines(&job, &events, &stop, &shared) => facts,
        () = obey(&mut interrupts, &mut seen, &events, &stop) => return Ok(left()),
    };
    drop(events);
    let conclusion = async {
        let pump = drained.await.map_err(|error| RunError::Consumer(error.to_string()))?;
        let (gating, told) = (job.gating, exporters.finish().await);
        tokio::task::spawn_blocking(move || conclude(pump, gating, facts, told))
            .await
            .map_err(|error| RunError::Consumer(error.to_string()))
    };
    tokio::select! {
        outcome = conclusion => outcome,
        () = insist(&mut interrupts, seen) => Ok(left()),
    }
}

fn left() -> Outcome {
    Outcome { report: Report::default(), broken: Vec::new(), left: true }
}

fn conclude(mut pump: Pump, gating: Gating, facts: Facts, told: Vec<Notice>) -> Outcome {
    for notice in told {
        pump.take(Event::Notice(notice));
    }
    let left_out = pump.report.tap_dropped;
    if left_out > 0 {
        let text = format!(
            "under_load: {left_out} answers of the sample were not looked at, which would have taken too \
             much of the processor"
        );
        pump.take(Event::Notice(Notice { level: NoticeLevel::Info, text }));
    }
    // Without a level nothing was searched, and the facts say why.
    if let Some(search) = pump.search.take() {
        let capacity = search.finish(&pump.report);
        if !capacity.levels.is_empty() {
            pump.take(Event::Capacity(Box::new(capacity)));
        }
    }
    if !pump.report.endpoints.is_empty() {
        pump.look_for_bottlenecks();
    }
    if let Some(earlier) = &pump.baseline.report {
        let limits = ComparisonLimits::default();
        let comparison = crate::insight::compare(earlier, &pump.report, limits);
        pump.take(Event::Comparison(Box::new(comparison)));
    }
    let (results, verdict) = gate(&pump.report, pump.gates.finish(), &pump.baseline, gating, facts);
    pump.take(Event::Thresholds(results));
    pump.take(Event::Verdict(verdict));
    let broken = pump.finish();
    Outcome { report: pump.report, broken, left: false }
}

/// Both engines under the plan's time limit; what the report cannot know of it.
async fn engines(job: &RunJob, events: &EventSender, stop: &StopToken, shared: &Shared) -> Facts {
    let parts = Parts { job, events, stop, shared };
    let work = parts.work();
    let Some(max_time) = job.plan.limits.max_time else { return work.await };
    // Time before the start that others wait for too is no time of the run.
    let ahead = job.start_at_unix_ms.map_or(0, |at| at.saturating_sub(job.clock.unix_millis()));
    let ahead = Duration::from_millis(ahead);
    let mut work = std::pin::pin!(work);
    tokio::select! {
        facts = &mut work => return facts,
        () = tokio::time::sleep(max_time + ahead) => {}
    }
    let reason = format!("limits.max_time of {} reached", format_duration(max_time));
    send(events, Event::Stopping(StopReason::Safety(reason))).await;
    stop.apply(ControlCommand::Stop);
    work.await
}

/// Hands an event to the pump, which outlives the engines.
pub(super) async fn send(events: &EventSender, event: Event) {
    // An error means that the pump panicked; joining it reports that.
    let _ = events.send(event).await;
}

/// A sentence for the user.
pub(super) async fn notify(events: &EventSender, level: NoticeLevel, text: String) {
    send(events, Event::Notice(Notice { level, text })).await;
}
