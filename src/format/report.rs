//! The report as JSON, version 1.
//!
//! Lossless: what is read equals what was written. Fields marked "derived" repeat other fields for
//! people and `jq`; they are ignored when read. Readers ignore fields they do not know, so a newer
//! minor version can be read; a newer major version is refused.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::Serialize;

use super::access::AccessDto;
use super::blocks::BlocksDto;
use super::bottleneck::BottleneckDto;
use super::capacity::CapacityDto;
use super::change::ChangeDto;
use super::comparison::ComparisonDto;
use super::error::FormatError;
use super::error::parse;
use super::finding::FindingDto;
use super::generator::GeneratorReportDto;
use super::load::CheckDto;
use super::load::ScenarioDto;
use super::load::ScenarioTallyDto;
use super::load::SeriesDto;
use super::load::TallyDto;
use super::metrics::MetricDto;
use super::metrics::metrics;
use super::name::Name;
use super::number::Count;
use super::number::Millis;
use super::outcomes::Failures;
use super::outcomes::Statuses;
use super::run::CostReportDto;
use super::run::NoticeDto;
use super::run::RunInfoDto;
use super::run::StopDto;
use super::run::ThresholdDto;
use super::run::ValidityDto;
use super::run::VerdictDto;
use super::scan_report::CoverageDto;
use super::scan_report::RuleReportDto;
use super::scan_report::ScanDto;
use super::scan_report::ScanFailureDto;
use super::scan_report::rule;
use super::scan_report::scan;
use super::session::SessionDto;
use super::site::SiteNodeDto;
use super::templates::TemplatesDto;
use super::timeline::PointDto;
use super::trend::Figures;
use crate::model::Coverage;
use crate::model::EndpointReport;
use crate::model::Failure;
use crate::model::Operation;
use crate::model::Phase;
use crate::model::Report;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;
use crate::model::ScenarioMeta;
use crate::model::ScenarioTally;

/// The version that is written: major for breaks, minor for additions, patch for wording.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// The major version that can be read.
const MAJOR: u64 = 1;

/// The report as indented JSON with keys in a fixed order, ending in a line feed.
pub fn write(report: &Report) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(&ReportDto::from(report))
        .expect("keys are strings and nothing fails to serialise");
    bytes.push(b'\n');
    bytes
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`FormatError::Newer`] for a newer major version; [`FormatError::Content`] with line, column and
/// path for anything else that is no such report.
pub fn read(bytes: &[u8]) -> Result<Report, FormatError> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: String,
    }
    let Version { schema_version } = parse(bytes, 0)?;
    check_version("report", &schema_version, MAJOR, SCHEMA_VERSION)?;
    parse::<ReportDto>(bytes, 0).map(Into::into)
}

/// The JSON Schema of what [`write()`] writes.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<ReportDto>().into()
}

/// Refuses a version whose major number is not `major`.
fn check_version(
    what: &'static str,
    found: &str,
    major: u64,
    supported: &'static str,
) -> Result<(), FormatError> {
    let number = found.split('.').next().and_then(|number| number.parse::<u64>().ok());
    match number {
        Some(number) if number == major => Ok(()),
        Some(number) if number > major => {
            Err(FormatError::Newer { what, found: found.to_owned(), supported })
        }
        _ => Err(FormatError::NotOurs {
            problem: format!("`schema_version` is `{found}`: expected `{supported}`"),
        }),
    }
}

/// What one run of Shakedown found out.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Shakedown report")]
pub(super) struct ReportDto {
    /// Version of this format: a reader of major version 1 reads every 1.x.
    schema_version: String,
    /// Derived: what wrote this.
    #[serde(default)]
    tool: ToolDto,
    /// Null when the run was cut before it began.
    run: Option<RunInfoDto>,
    /// Derived: a user or a signal cut the run short.
    #[serde(default)]
    interrupted: bool,
    /// Why the run ended before its plan did; null when it did not.
    stopped: Option<StopDto>,
    /// From the run's start to its last event.
    elapsed_ms: Millis,
    /// The parts that were started, in order.
    phases: Vec<PhaseDto>,
    /// The last word; null in a partial report.
    verdict: Option<VerdictDto>,
    /// Whether the load figures can be believed; null without load.
    validity: Option<ValidityDto>,
    /// How the generator itself did; null without load.
    #[serde(default)]
    generator: Option<GeneratorReportDto>,
    /// Derived: every metric under k6's names and value keys.
    #[serde(default)]
    metrics: Vec<MetricDto>,
    /// How much the target can take; absent where nobody searched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capacity: Option<CapacityDto>,
    /// What has changed since the baseline; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comparison: Option<ComparisonDto>,
    /// What makes requests slow, what costs most first; empty where nothing stands out.
    #[serde(default)]
    bottlenecks: Vec<BottleneckDto>,
    /// The gates.
    thresholds: Vec<ThresholdDto>,
    /// Derived: how often each check held, all endpoints together.
    #[serde(default)]
    checks: Vec<CheckDto>,
    /// Load as a whole.
    load: LoadDto,
    scenarios: Vec<ScenarioReportDto>,
    /// One point per interval, all endpoints together, warm-up included.
    timeline: Vec<PointDto>,
    /// Load in blocks of time, for `compare` and `merge`; absent in reports that are older than it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocks: Option<BlocksDto>,
    /// One entry per request of a scenario, warm-up left out.
    endpoints: Vec<EndpointDto>,
    /// Derived: what the target costs to run, if the plan says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<CostReportDto>,
    /// The scanner's own traffic.
    scan: ScanDto,
    coverage: CoverageDto,
    /// The site model, as the crawl left it.
    #[serde(default)]
    site: Vec<SiteNodeDto>,
    /// Rules that took part.
    rules: Vec<RuleReportDto>,
    /// Templates in Nuclei's format; absent where there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    templates: Option<TemplatesDto>,
    /// Gravest first.
    findings: Vec<FindingDto>,
    /// Who may do what; absent where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<AccessDto>,
    /// Logins: that they worked, how it was proven, and whether they held.
    #[serde(default)]
    sessions: Vec<SessionDto>,
    /// Warnings and errors, capped.
    errors: Vec<NoticeDto>,
}

/// What wrote the report.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Tool")]
struct ToolDto {
    name: String,
    version: String,
}

/// A part of the run.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunPhase")]
struct PhaseDto {
    name: Name<Phase>,
    /// It came to its end.
    finished: bool,
}

/// Load as a whole.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Load")]
struct LoadDto {
    /// Time that the counters cover, warm-up left out.
    elapsed_ms: Millis,
    /// Virtual users at the end.
    vus: Count,
    /// Most virtual users.
    vus_max: Count,
    /// Sampled exchanges that passive checks could not take in time.
    tap_dropped: Count,
    /// Changes by hand while it ran, in order.
    #[serde(default)]
    changes: Vec<ChangeDto>,
    /// Derived: responses by status, all endpoints together.
    #[serde(default = "no_statuses")]
    status: Statuses,
    /// Derived: exchanges without a response, all endpoints together.
    #[serde(default = "no_failures")]
    failures: Failures,
}

fn no_statuses() -> Statuses {
    Statuses(std::collections::BTreeMap::new())
}

fn no_failures() -> Failures {
    Failures(std::collections::BTreeMap::new())
}

/// A scenario and what it did.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ScenarioReport")]
struct ScenarioReportDto {
    #[serde(flatten)]
    meta: ScenarioDto,
    #[serde(flatten)]
    tally: ScenarioTallyDto,
}

/// A request of a scenario and what was counted about it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Endpoint")]
struct EndpointDto {
    #[serde(flatten)]
    meta: SeriesDto,
    #[serde(flatten)]
    total: TallyDto,
}

impl From<&Report> for ReportDto {
    fn from(report: &Report) -> Self {
        let version = report.run.as_ref().map_or(env!("CARGO_PKG_VERSION"), |run| &run.version);
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: ToolDto { name: "shakedown".to_owned(), version: version.to_owned() },
            run: report.run.as_ref().map(Into::into),
            interrupted: report.is_interrupted(),
            stopped: report.stopped.as_ref().map(Into::into),
            elapsed_ms: report.elapsed.into(),
            phases: report
                .phases
                .iter()
                .map(|(phase, finished)| PhaseDto { name: Name(*phase), finished: *finished })
                .collect(),
            verdict: report.verdict.as_ref().map(Into::into),
            validity: report.validity.as_ref().map(Into::into),
            generator: report.generator.as_ref().map(Into::into),
            metrics: metrics(report),
            capacity: report.capacity.as_ref().map(|one| CapacityDto::of(one, report.instances())),
            comparison: report.comparison.as_ref().map(Into::into),
            bottlenecks: report.bottlenecks.iter().map(Into::into).collect(),
            thresholds: report.thresholds.iter().map(Into::into).collect(),
            checks: report.total().checks.iter().map(Into::into).collect(),
            load: load(report),
            scenarios: report.scenarios.iter().map(scenario).collect(),
            timeline: report.timeline.iter().map(Into::into).collect(),
            blocks: (!report.blocks.list.is_empty()).then(|| (&report.blocks).into()),
            endpoints: report.endpoints.iter().map(endpoint).collect(),
            cost: CostReportDto::of(report),
            scan: scan(report),
            coverage: CoverageDto {
                operations: report.coverage.operations.iter().map(Into::into).collect(),
                nodes: report.coverage.nodes.into(),
                urls: report.coverage.urls.into(),
                complete: report.coverage.complete,
                skipped: report.coverage.skipped.iter().map(Into::into).collect(),
                guessed: (&report.coverage.guessed).into(),
            },
            site: report.site.iter().map(Into::into).collect(),
            rules: report.rules.values().map(rule).collect(),
            templates: report.templates.as_ref().map(Into::into),
            findings: report.findings.iter().map(Into::into).collect(),
            access: report.access.as_ref().map(Into::into),
            sessions: report.sessions.iter().map(Into::into).collect(),
            errors: report.notices.iter().map(Into::into).collect(),
        }
    }
}

fn load(report: &Report) -> LoadDto {
    let total = report.total();
    LoadDto {
        elapsed_ms: report.load_elapsed.into(),
        vus: report.vus.0.into(),
        vus_max: report.vus.1.into(),
        tap_dropped: report.tap_dropped.into(),
        changes: report.changes.iter().map(Into::into).collect(),
        status: Statuses(total.statuses),
        failures: Failures(total.failures),
    }
}

fn scenario((meta, tally): &(ScenarioMeta, ScenarioTally)) -> ScenarioReportDto {
    ScenarioReportDto { meta: meta.into(), tally: ScenarioTallyDto::new(tally, Figures::Shown) }
}

fn endpoint(endpoint: &EndpointReport) -> EndpointDto {
    EndpointDto {
        meta: (&endpoint.meta).into(),
        total: TallyDto::new(&endpoint.total, Figures::Shown),
    }
}

impl From<ReportDto> for Report {
    fn from(dto: ReportDto) -> Self {
        let failure = |sample: ScanFailureDto| {
            (sample.url, Failure::new(sample.failure.class.0, sample.failure.detail))
        };
        let endpoint = |endpoint: EndpointDto| EndpointReport {
            meta: endpoint.meta.into(),
            total: endpoint.total.into(),
        };
        let rules = dto.rules.into_iter().map(|rule| {
            let rule: (RuleMeta, Option<RuleOutcome>) = rule.into();
            (rule.0.id.clone(), rule)
        });
        let scenario = |scenario: ScenarioReportDto| (scenario.meta.into(), scenario.tally.into());
        Self {
            run: dto.run.map(Into::into),
            phases: dto.phases.into_iter().map(|phase| (phase.name.0, phase.finished)).collect(),
            elapsed: dto.elapsed_ms.into(),
            scenarios: dto.scenarios.into_iter().map(scenario).collect(),
            endpoints: dto.endpoints.into_iter().map(endpoint).collect(),
            timeline: dto.timeline.into_iter().map(Into::into).collect(),
            blocks: dto.blocks.map(Into::into).unwrap_or_default(),
            load_elapsed: dto.load.elapsed_ms.into(),
            vus: (dto.load.vus.into(), dto.load.vus_max.into()),
            tap_dropped: dto.load.tap_dropped.into(),
            changes: dto.load.changes.into_iter().map(Into::into).collect(),
            scan_requests: (dto.scan.requests.into(), dto.scan.failed.into()),
            scan_duration: dto.scan.duration.into(),
            progress: dto.scan.progress.into(),
            coverage: Coverage {
                operations: dto.coverage.operations.into_iter().map(Operation::from).collect(),
                nodes: dto.coverage.nodes.into(),
                urls: dto.coverage.urls.into(),
                complete: dto.coverage.complete,
                skipped: dto.coverage.skipped.into_iter().map(Into::into).collect(),
                guessed: dto.coverage.guessed.into(),
            },
            site: dto.site.into_iter().map(Into::into).collect(),
            rules: rules.collect(),
            templates: dto.templates.map(Into::into),
            findings: dto.findings.into_iter().map(Into::into).collect(),
            access: dto.access.map(Into::into),
            sessions: dto.sessions.into_iter().map(Into::into).collect(),
            notices: dto.errors.into_iter().map(Into::into).collect(),
            scan_failures: dto.scan.failures.into_iter().map(failure).collect(),
            stopped: dto.stopped.map(Into::into),
            validity: dto.validity.map(Into::into),
            generator: dto.generator.map(Into::into),
            capacity: dto.capacity.map(Into::into),
            comparison: dto.comparison.map(Into::into),
            bottlenecks: dto.bottlenecks.into_iter().map(Into::into).collect(),
            thresholds: dto.thresholds.into_iter().map(Into::into).collect(),
            verdict: dto.verdict.map(Into::into),
        }
    }
}
