//! The event log as JSON Lines, version 1: one event a line, each line complete in itself.

use std::io::BufRead;
use std::time::Duration;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::Serialize;

use crate::model::Event;
use crate::model::Failure;
use crate::model::LoadTotals;
use crate::model::LoadWindow;
use crate::model::Phase;
use crate::model::ScanWindow;
use crate::model::ScenarioWindow;
use crate::model::SeriesId;
use crate::model::SeriesWindow;
use crate::model::Stamped;

use super::access::AccessDto;
use super::bottleneck::BottleneckDto;
use super::capacity::CapacityDto;
use super::change::ChangeDto;
use super::comparison::ComparisonDto;
use super::error::FormatError;
use super::error::parse;
use super::exemplar::FailureDto;
use super::finding::FindingDto;
use super::generator::GeneratorDto;
use super::load::ScenarioDto;
use super::load::ScenarioTallyDto;
use super::load::SeriesDto;
use super::load::TallyDto;
use super::name::Name;
use super::nuclei::NucleiLineDto;
use super::number::Count;
use super::number::Millis;
use super::run::NoticeDto;
use super::run::RunInfoDto;
use super::run::StopDto;
use super::run::ThresholdDto;
use super::run::ValidityDto;
use super::run::VerdictDto;
use super::scan::OperationDto;
use super::scan::ProgressDto;
use super::scan::RuleDto;
use super::scan::RuleOutcomeDto;
use super::session::SessionDto;
use super::site::GuessedDto;
use super::site::SiteNodeDto;
use super::site::SkippedDto;
use super::templates::LibraryDto;
use super::templates::TrafficDto;
use super::trend::Figures;
use super::trend::Trend;

/// The version in every line.
const VERSION: u64 = 1;

/// An event log as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct EventLog {
    /// In order.
    pub events: Vec<Stamped>,
    /// What followed the last whole line, if the log was cut there: the program was killed while
    /// it wrote.
    pub cut: Option<String>,
}

/// The event as one line of JSON, without the line feed.
pub fn write_line(stamped: &Stamped) -> String {
    let line = LineDto {
        v: VERSION,
        seq: stamped.seq,
        at_ms: stamped.at.into(),
        event: (&stamped.event).into(),
    };
    serde_json::to_string(&line).expect("keys are strings and nothing fails to serialise")
}

/// Reads what [`write_line`] wrote.
///
/// # Errors
/// [`FormatError`] when the line is no such event; it counts as line 1.
pub fn read_line(line: &str) -> Result<Stamped, FormatError> {
    read_numbered(line.as_bytes(), 1)
}

/// Reads a log. A last line that was cut is left out and told of, not an error: what was written
/// before a crash is a partial run.
///
/// # Errors
/// [`FormatError`] for a line that is no event, for a gap in the numbering, and when the source
/// fails.
pub fn read_all(mut source: impl BufRead) -> Result<EventLog, FormatError> {
    let mut log = EventLog { events: Vec::new(), cut: None };
    let mut lines = LineReader::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = source.read_until(b'\n', &mut line).map_err(|error| FormatError::Read {
            line: lines.number + 1,
            problem: error.to_string(),
        })?;
        if read == 0 {
            break;
        }
        match lines.line(&line) {
            Ok(stamped) => log.events.extend(stamped),
            Err(error @ FormatError::Content { .. }) if line.last() != Some(&b'\n') => {
                log.cut = Some(error.to_string());
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(log)
}

/// Reads a log that comes in pieces, cut anywhere.
#[derive(Debug, Default)]
pub struct LineReader {
    /// The line that is not whole yet.
    begun: Vec<u8>,
    /// Lines so far.
    number: usize,
    /// What the next event's number has to be.
    next: u64,
}

impl LineReader {
    /// The events of the lines that `piece` makes whole.
    ///
    /// # Errors
    /// [`FormatError`] for a line that is no event, and for a gap in the numbering; nothing sensible
    /// can be read behind it.
    pub fn take(&mut self, piece: &[u8]) -> Result<Vec<Stamped>, FormatError> {
        let mut events = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if part.last() == Some(&b'\n') {
                let line = std::mem::take(&mut self.begun);
                events.extend(self.line(&line)?);
            }
        }
        Ok(events)
    }

    /// The event of one whole line; an empty one has none.
    fn line(&mut self, line: &[u8]) -> Result<Option<Stamped>, FormatError> {
        self.number += 1;
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let stamped = read_numbered(line.trim_ascii_end(), self.number)?;
        if stamped.seq != self.next {
            let (expected, found) = (self.next, stamped.seq);
            return Err(FormatError::Sequence { line: self.number, expected, found });
        }
        self.next = stamped.seq.saturating_add(1);
        Ok(Some(stamped))
    }
}

/// The JSON Schema of one line.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<LineDto>().into()
}

fn read_numbered(line: &[u8], number: usize) -> Result<Stamped, FormatError> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let Version { v } = parse(line, number - 1)?;
    if v != VERSION {
        return Err(FormatError::Newer { what: "event log", found: v.to_string(), supported: "1" });
    }
    let dto: LineDto = parse(line, number - 1)?;
    Ok(Stamped { seq: dto.seq, at: dto.at_ms.into(), event: dto.event.into() })
}

/// One event of a run of Shakedown.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Shakedown event")]
struct LineDto {
    /// Version of this format.
    v: u64,
    /// 0, 1, 2, … without gaps.
    seq: u64,
    /// Since the run's start.
    at_ms: Millis,
    #[serde(flatten)]
    event: EventDto,
}

/// What happened.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
#[schemars(rename = "Event")]
enum EventDto {
    /// The first event.
    RunStarted(RunInfoDto),
    /// A part begins.
    PhaseStarted(Name<Phase>),
    /// A part ends.
    PhaseFinished(Name<Phase>),
    /// Scenarios and series, before the first window.
    LoadDeclared { scenarios: Vec<ScenarioDto>, series: Vec<SeriesDto> },
    /// One interval of load.
    LoadWindow(LoadWindowDto),
    /// The load was changed by hand.
    LoadChanged(ChangeDto),
    /// Load is over; replaces the sum of the windows.
    LoadFinished(LoadTotalsDto),
    /// One interval of scanner traffic.
    ScanWindow(ScanWindowDto),
    /// An operation was learnt of, or its state changed.
    Operation(OperationDto),
    /// The operation `from` has turned out to be part of `into`, and is no more.
    OperationMerged { method: String, from: String, into: String },
    /// An address in scope that the crawl learnt of, whether it asks for it or not; each once, where
    /// somebody wants to hear of them.
    UrlFound(String),
    /// Which templates take part, and which do not and why.
    TemplatesLoaded(Box<LibraryDto>),
    /// A result of a template, as Nuclei writes its own.
    TemplateResult(Box<NucleiLineDto>),
    /// Templates have ended.
    TemplatesFinished(Box<TrafficDto>),
    /// A node of the site model, as the crawl leaves it.
    SiteNode(Box<SiteNodeDto>),
    /// The crawl is over.
    CrawlFinished {
        /// Nodes of the site model.
        nodes: Count,
        /// Addresses in scope that it learnt of.
        #[serde(default)]
        urls: Count,
        /// Nothing was left to fetch.
        complete: bool,
        /// What was left out, by reason.
        #[serde(default)]
        skipped: Vec<SkippedDto>,
        /// What only looked like an address.
        #[serde(default)]
        guessed: GuessedDto,
    },
    /// A rule takes part.
    RuleDeclared(RuleDto),
    /// What a rule did in the whole run.
    RuleFinished(RuleOutcomeDto),
    /// A flaw; one with a known fingerprint replaces the earlier.
    Finding(Box<FindingDto>),
    /// Who may do what, as checks saw it; the last one holds.
    AccessMatrix(Box<AccessDto>),
    /// An exchange of the scanner failed; sampled.
    ScanFailure {
        url: String,
        #[serde(flatten)]
        failure: FailureDto,
    },
    /// How a login stands; the last one of the same part, auth and identity holds.
    Session(Box<SessionDto>),
    /// A sentence for the user.
    Notice(NoticeDto),
    /// The run is being stopped early.
    Stopping(StopDto),
    /// Whether the load figures can be believed.
    Validity(ValidityDto),
    /// How much the target can take.
    Capacity(Box<CapacityDto>),
    /// What has changed since the baseline.
    Comparison(Box<ComparisonDto>),
    /// What makes requests slow, as far as is known; the last one holds.
    Bottlenecks(Vec<BottleneckDto>),
    /// The gates.
    Thresholds(Vec<ThresholdDto>),
    /// The last event of a whole run.
    Verdict(VerdictDto),
}

/// One series over one interval.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SeriesWindow")]
struct SeriesWindowDto {
    /// Index of the series.
    series: u32,
    #[serde(flatten)]
    tally: TallyDto,
}

/// One scenario over one interval.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ScenarioWindow")]
struct ScenarioWindowDto {
    /// Index of the scenario.
    scenario: usize,
    /// Virtual users at the end.
    vus: Count,
    #[serde(flatten)]
    tally: ScenarioTallyDto,
}

/// One interval of load.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LoadWindow")]
struct LoadWindowDto {
    from_ms: Millis,
    to_ms: Millis,
    /// Shown, not counted.
    warmup: bool,
    series: Vec<SeriesWindowDto>,
    scenarios: Vec<ScenarioWindowDto>,
    generator: GeneratorDto,
}

/// Totals of load.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LoadTotals")]
struct LoadTotalsDto {
    /// From the first intended start to the last response, warm-up left out.
    elapsed_ms: Millis,
    series: Vec<SeriesWindowDto>,
    /// By index.
    scenarios: Vec<ScenarioTallyDto>,
    /// Sampled exchanges that passive checks could not take in time.
    tap_dropped: Count,
}

/// One interval of scanner traffic.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ScanWindow")]
struct ScanWindowDto {
    from_ms: Millis,
    to_ms: Millis,
    requests: Count,
    /// Of these without a response.
    failed: Count,
    duration: Trend,
    progress: ProgressDto,
}

impl From<&Event> for EventDto {
    fn from(event: &Event) -> Self {
        match event {
            Event::RunStarted(info) => Self::RunStarted(info.into()),
            Event::PhaseStarted(phase) => Self::PhaseStarted(Name(*phase)),
            Event::PhaseFinished(phase) => Self::PhaseFinished(Name(*phase)),
            Event::LoadDeclared { scenarios, series } => Self::LoadDeclared {
                scenarios: scenarios.iter().map(Into::into).collect(),
                series: series.iter().map(Into::into).collect(),
            },
            Event::LoadWindow(window) => Self::LoadWindow(window.into()),
            Event::LoadFinished(totals) => Self::LoadFinished(totals.into()),
            Event::ScanWindow(window) => Self::ScanWindow(window.into()),
            Event::Operation(operation) => Self::Operation(operation.into()),
            Event::OperationMerged { method, from, into } => Self::OperationMerged {
                method: method.clone(),
                from: from.clone(),
                into: into.clone(),
            },
            Event::UrlFound(url) => Self::UrlFound(url.clone()),
            Event::TemplateResult(result) => Self::TemplateResult(Box::new(result.as_ref().into())),
            Event::TemplatesLoaded(library) => {
                Self::TemplatesLoaded(Box::new(library.as_ref().into()))
            }
            Event::TemplatesFinished(traffic) => {
                Self::TemplatesFinished(Box::new(traffic.as_ref().into()))
            }
            Event::SiteNode(node) => Self::SiteNode(Box::new(node.as_ref().into())),
            Event::CrawlFinished { nodes, urls, complete, skipped, guessed } => {
                Self::CrawlFinished {
                    nodes: (*nodes).into(),
                    urls: (*urls).into(),
                    complete: *complete,
                    skipped: skipped.iter().map(Into::into).collect(),
                    guessed: guessed.into(),
                }
            }
            Event::RuleDeclared(rule) => Self::RuleDeclared(rule.into()),
            Event::RuleFinished(outcome) => Self::RuleFinished(outcome.into()),
            Event::Finding(finding) => Self::Finding(Box::new(finding.as_ref().into())),
            Event::AccessMatrix(matrix) => Self::AccessMatrix(Box::new(matrix.as_ref().into())),
            Event::ScanFailure { url, failure } => Self::ScanFailure {
                url: url.clone(),
                failure: FailureDto { class: Name(failure.class), detail: failure.detail.clone() },
            },
            Event::Session(session) => Self::Session(Box::new(session.as_ref().into())),
            Event::Notice(notice) => Self::Notice(notice.into()),
            Event::Stopping(reason) => Self::Stopping(reason.into()),
            Event::LoadChanged(change) => Self::LoadChanged(change.into()),
            Event::Validity(validity) => Self::Validity(validity.into()),
            Event::Bottlenecks(found) => Self::Bottlenecks(found.iter().map(Into::into).collect()),
            Event::Capacity(capacity) => Self::Capacity(Box::new(capacity.as_ref().into())),
            Event::Comparison(comparison) => Self::Comparison(Box::new(comparison.as_ref().into())),
            Event::Thresholds(results) => {
                Self::Thresholds(results.iter().map(Into::into).collect())
            }
            Event::Verdict(verdict) => Self::Verdict(verdict.into()),
        }
    }
}

impl From<EventDto> for Event {
    fn from(dto: EventDto) -> Self {
        match dto {
            EventDto::RunStarted(info) => Self::RunStarted(info.into()),
            EventDto::PhaseStarted(phase) => Self::PhaseStarted(phase.0),
            EventDto::PhaseFinished(phase) => Self::PhaseFinished(phase.0),
            EventDto::LoadDeclared { scenarios, series } => Self::LoadDeclared {
                scenarios: scenarios.into_iter().map(Into::into).collect(),
                series: series.into_iter().map(Into::into).collect(),
            },
            EventDto::LoadWindow(window) => Self::LoadWindow(window.into()),
            EventDto::LoadFinished(totals) => Self::LoadFinished(totals.into()),
            EventDto::ScanWindow(window) => Self::ScanWindow(window.into()),
            EventDto::Operation(operation) => Self::Operation(operation.into()),
            EventDto::OperationMerged { method, from, into } => {
                Self::OperationMerged { method, from, into }
            }
            EventDto::UrlFound(url) => Self::UrlFound(url),
            EventDto::TemplateResult(line) => Self::TemplateResult(Box::new((*line).into())),
            EventDto::TemplatesLoaded(library) => {
                Self::TemplatesLoaded(Box::new((*library).into()))
            }
            EventDto::TemplatesFinished(traffic) => {
                Self::TemplatesFinished(Box::new((*traffic).into()))
            }
            EventDto::SiteNode(node) => Self::SiteNode(Box::new((*node).into())),
            EventDto::CrawlFinished { nodes, urls, complete, skipped, guessed } => {
                Self::CrawlFinished {
                    nodes: nodes.into(),
                    urls: urls.into(),
                    complete,
                    skipped: skipped.into_iter().map(Into::into).collect(),
                    guessed: guessed.into(),
                }
            }
            EventDto::RuleDeclared(rule) => Self::RuleDeclared(rule.into()),
            EventDto::RuleFinished(outcome) => Self::RuleFinished(outcome.into()),
            EventDto::Finding(finding) => Self::Finding(Box::new((*finding).into())),
            EventDto::AccessMatrix(matrix) => Self::AccessMatrix(Box::new((*matrix).into())),
            EventDto::ScanFailure { url, failure } => {
                Self::ScanFailure { url, failure: Failure::new(failure.class.0, failure.detail) }
            }
            EventDto::Session(session) => Self::Session(Box::new((*session).into())),
            EventDto::Notice(notice) => Self::Notice(notice.into()),
            EventDto::Stopping(reason) => Self::Stopping(reason.into()),
            EventDto::LoadChanged(change) => Self::LoadChanged(change.into()),
            EventDto::Validity(validity) => Self::Validity(validity.into()),
            EventDto::Bottlenecks(found) => {
                Self::Bottlenecks(found.into_iter().map(Into::into).collect())
            }
            EventDto::Capacity(capacity) => Self::Capacity(Box::new((*capacity).into())),
            EventDto::Comparison(comparison) => Self::Comparison(Box::new((*comparison).into())),
            EventDto::Thresholds(results) => {
                Self::Thresholds(results.into_iter().map(Into::into).collect())
            }
            EventDto::Verdict(verdict) => Self::Verdict(verdict.into()),
        }
    }
}

impl From<&SeriesWindow> for SeriesWindowDto {
    fn from(window: &SeriesWindow) -> Self {
        Self { series: window.series.0, tally: TallyDto::new(&window.tally, Figures::Left) }
    }
}

impl From<SeriesWindowDto> for SeriesWindow {
    fn from(dto: SeriesWindowDto) -> Self {
        Self { series: SeriesId(dto.series), tally: dto.tally.into() }
    }
}

impl From<&LoadWindow> for LoadWindowDto {
    fn from(window: &LoadWindow) -> Self {
        let scenario = |scenario: &ScenarioWindow| ScenarioWindowDto {
            scenario: scenario.scenario,
            vus: scenario.vus.into(),
            tally: ScenarioTallyDto::new(&scenario.tally, Figures::Left),
        };
        Self {
            from_ms: window.from.into(),
            to_ms: window.to.into(),
            warmup: window.warmup,
            series: window.series.iter().map(Into::into).collect(),
            scenarios: window.scenarios.iter().map(scenario).collect(),
            generator: (&window.generator).into(),
        }
    }
}

impl From<LoadWindowDto> for LoadWindow {
    fn from(dto: LoadWindowDto) -> Self {
        let scenario = |scenario: ScenarioWindowDto| ScenarioWindow {
            scenario: scenario.scenario,
            vus: scenario.vus.into(),
            tally: scenario.tally.into(),
        };
        Self {
            from: dto.from_ms.into(),
            to: dto.to_ms.into(),
            warmup: dto.warmup,
            series: dto.series.into_iter().map(Into::into).collect(),
            scenarios: dto.scenarios.into_iter().map(scenario).collect(),
            generator: dto.generator.into(),
        }
    }
}

impl From<&LoadTotals> for LoadTotalsDto {
    fn from(totals: &LoadTotals) -> Self {
        Self {
            elapsed_ms: totals.elapsed.into(),
            series: totals.series.iter().map(Into::into).collect(),
            scenarios: totals
                .scenarios
                .iter()
                .map(|tally| ScenarioTallyDto::new(tally, Figures::Left))
                .collect(),
            tap_dropped: totals.tap_dropped.into(),
        }
    }
}

impl From<LoadTotalsDto> for LoadTotals {
    fn from(dto: LoadTotalsDto) -> Self {
        Self {
            elapsed: Duration::from(dto.elapsed_ms),
            series: dto.series.into_iter().map(Into::into).collect(),
            scenarios: dto.scenarios.into_iter().map(Into::into).collect(),
            tap_dropped: dto.tap_dropped.into(),
        }
    }
}

impl From<&ScanWindow> for ScanWindowDto {
    fn from(window: &ScanWindow) -> Self {
        Self {
            from_ms: window.from.into(),
            to_ms: window.to.into(),
            requests: window.requests.into(),
            failed: window.failed.into(),
            duration: Trend::new(&window.duration, Figures::Left),
            progress: window.progress.into(),
        }
    }
}

impl From<ScanWindowDto> for ScanWindow {
    fn from(dto: ScanWindowDto) -> Self {
        Self {
            from: dto.from_ms.into(),
            to: dto.to_ms.into(),
            requests: dto.requests.into(),
            failed: dto.failed.into(),
            duration: dto.duration.into(),
            progress: dto.progress.into(),
        }
    }
}
