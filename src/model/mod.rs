//! Pure data and pure functions that every other layer speaks.
//!
//! Nothing here reads a file, a clock, an environment variable or a socket, and nothing here
//! derives a public file format: `format` owns those, so that a rename is not a format break.

mod access;
mod address;
mod amount;
mod answers;
mod block;
mod bottleneck;
mod canary;
mod capacity;
mod certificate;
mod comparison;
mod condition;
mod control;
mod conversation;
mod cost;
mod curl;
mod cvss;
mod disguise;
mod event;
mod evidence;
mod exchange;
mod exemplars;
mod exit;
mod exit_cure;
mod export;
mod failure;
mod figure;
mod finding;
mod fold;
mod generator;
mod glossary;
mod grpc;
mod headline;
mod histogram;
mod http_version;
mod load;
mod load_change;
mod masking;
mod messages;
mod metric;
mod metric_meaning;
mod operations;
mod output;
mod past_run;
mod proxy;
mod redact;
mod redirect;
mod report;
mod report_metrics;
mod request;
mod retest;
mod route;
mod rule;
mod run_part;
mod run_status;
mod sampled;
mod scan;
mod scope;
mod seed;
mod session;
mod signals;
mod site;
mod suspect;
mod template;
mod template_finding;
mod template_run;
mod text;
mod threshold;
mod threshold_result;
mod timings;
mod tls;
mod trace;
mod units;
mod url_shape;
mod verdict;
mod wall;

pub use access::{ANONYMOUS, Access, AccessCell, AccessChange, AccessMatrix, AccessRow, shortlist};
pub use address::{Origin, OriginError, Scheme, Target};
pub use amount::Amount;
pub use answers::{AnswerFilter, AnswerTally};
pub use block::{Block, BlockTally, Blocks};
pub use bottleneck::{Bottleneck, BottleneckCause, Certainty, Since};
pub use canary::Canaries;
pub use capacity::{
    Capacity, CapacityAim, CapacityModel, Estimate, Knee, Level, PRECISION, Scalability, SearchEnd,
    SecondInstance, Steadiness, UslFit, same,
};
pub use certificate::{CertificateReport, ShownCertificate, Trust};
pub use comparison::{
    Change, ChangeKind, ComparedFigure, ComparedRun, Comparison, ComparisonLimits, FindingChange,
    FindingChangeKind, LeftOut, Subject,
};
pub use condition::{Aggregate, Condition, ConditionError, Limit, Operator};
pub use control::{ControlCommand, LoadCommand, StopLevel, StopToken};
pub use conversation::{Conversation, EventStream, Expectation, MessageStep, WebSocketSession};
pub use cost::{Cost, Egress, GOOD_HIT_RATIO, Serverless, Used, cacheable_share, hit_ratio};
pub use curl::curl;
pub use cvss::cvss_base_score;
pub use event::{Event, EventSender, Notice, NoticeLevel, Phase, RunInfo, Stamped, StopReason};
pub use evidence::{evidence, evidence_of};
pub use exchange::{Exchange, ExchangeTap, Need, Response, Tapped, TlsInfo};
pub use exit::ExitCode;
pub use export::{
    Compression, Delivery, Export, HistogramForm, OtlpEncoding, OtlpExport, RemoteWriteExport,
    Temporality,
};
pub use failure::{Failure, FailureClass};
pub use finding::{
    Acceptance, Affected, Confidence, Evidence, EvidenceRole, Finding, FindingStatus,
    InsertionKind, InsertionRef, Match, MatchPart, Recorded, Severity, fingerprint,
};
pub use generator::{GeneratorReport, GeneratorWindow, MachineUse, ThreadUse, Usage};
pub use glossary::{GLOSSARY, Term};
pub use grpc::{CallKind, GrpcCall, GrpcCode};
pub use headline::Headline;
pub use histogram::{Digits, Histogram, HistogramError, Scale};
pub use http_version::HttpVersion;
pub use load::{
    CheckCount, Exemplar, LoadTotals, LoadWindow, Observed, ScenarioMeta, ScenarioTally,
    ScenarioWindow, SeriesId, SeriesMeta, SeriesWindow, StageMeta, Tally, Validity,
};
pub use load_change::{LoadChange, LoadChangeKind};
pub use messages::{MessageTally, SeriesKind};
pub use metric::{MetricData, MetricKind, MetricName, MetricSelector, TagMatch, TagOp};
pub use operations::Operations;
pub use output::{OutputKind, SiteKind};
pub use past_run::{PastRun, RunTrend};
pub use proxy::{Proxy, ProxyKind};
pub use redact::{Disguise, Piece, Redactor, Removed};
pub use redirect::redirected;
pub use report::{EndpointReport, Report, TimelinePoint};
pub use report_metrics::{Tagged, is_group};
pub use request::{Header, Method, Request, RequestTemplate};
pub use retest::{Retest, RetestReport, Retested};
pub use route::{ConnectTo, ConnectionReuse, Family, Resolve, Route, parse_sources};
pub use rule::{Owasp, RuleMeta};
pub use run_part::RunPart;
pub use run_status::{RunStatus, ScenarioPace};
pub use sampled::{SampledRequest, SampledRequests};
pub use scan::{
    Coverage, CrawlProgress, Guessed, Operation, OperationSource, RuleOutcome, ScanWindow,
};
pub use scope::{Authorisation, InScope, OutOfScope, Scope, ScopeBuilder, is_local_address};
pub use seed::Seed;
pub use session::SessionReport;
pub use signals::{CacheState, Quota, ServerTime, Signals, Storing};
pub use site::{
    LeftAlone, SiteAnswer, SiteExample, SiteNode, SiteParameter, SkipReason, nodes_by_status,
};
pub use suspect::{Suspect, SuspectVerdict};
pub use template::{InteractionRecord, TemplateClass, TemplateResult};
pub use template_finding::{FindingBook, Sighting};
pub use template_run::{
    REFUSED_NAMED, RefusedTemplate, TemplateLibrary, TemplateRun, TemplateTraffic,
};
pub use text::{did_you_mean, inert, near_words};
pub use threshold::{Criterion, Threshold, ThresholdError};
pub use threshold_result::ThresholdResult;
pub use timings::{PhaseKind, Timings};
pub use tls::{ClientIdentity, SessionReuse, TlsOptions, TlsVersion, TlsVersions};
pub use trace::{SpanId, TRACED_SHARE, TRACEPARENT_LEN, TraceContext, TraceId, TraceLink, Tracing};
pub use units::{
    TimeUnit, UnitError, format_bytes, format_duration, format_number, format_percent, format_rate,
    grouped, parse_duration, parse_rate, plural,
};
pub use url_shape::{stateless_shape, stateless_template, value_kind};
pub use verdict::{Facts, Reason, Verdict};
pub use wall::Wall;
