//! Metric names, the tags that select a part of one, and the values they resolve to.

use std::fmt;
use std::time::Duration;

use super::histogram::Histogram;
use super::messages::SeriesKind;
use super::timings::PhaseKind;

/// k6's four kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// Sum, and per second.
    Counter,
    /// Last value.
    Gauge,
    /// Share of trues.
    Rate,
    /// Distribution of durations, in milliseconds.
    Trend,
}

impl MetricKind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
            Self::Trend => "trend",
        }
    }
}

/// Every metric of a report; k6's names where k6 has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricName {
    /// Load requests.
    HttpReqs,
    /// Send + wait + receive.
    HttpReqDuration,
    /// From the intended start.
    HttpReqLatency,
    /// Share of failed requests.
    HttpReqFailed,
    /// Share of checks that held.
    Checks,
    /// One phase.
    Phase(PhaseKind),
    /// Finished iterations.
    Iterations,
    /// From the actual start of an iteration.
    IterationDuration,
    /// From the intended start of an iteration.
    IterationLatency,
    /// Arrivals that found no virtual user.
    DroppedIterations,
    /// From the first step of a group to behind its last one.
    GroupDuration,
    /// Bytes sent.
    DataSent,
    /// Bytes received.
    DataReceived,
    /// WebSocket sessions that were opened.
    WsSessions,
    /// WebSocket messages sent.
    WsMsgsSent,
    /// WebSocket messages received.
    WsMsgsReceived,
    /// From connecting to the end of a WebSocket session.
    WsSessionDuration,
    /// From connecting to the accepted handshake of a WebSocket session.
    WsConnecting,
    /// Server-sent events received.
    SseEvent,
    /// Send + wait + receive of gRPC calls; of streams, to the beginning of the response.
    GrpcReqDuration,
    /// Streaming gRPC calls whose response has begun.
    GrpcStreams,
    /// Messages sent in streaming gRPC calls.
    GrpcStreamsMsgsSent,
    /// Messages received in streaming gRPC calls.
    GrpcStreamsMsgsReceived,
    /// From a message to the one that answers it, from an event to the next.
    MessageLatency,
    /// Virtual users at the end.
    Vus,
    /// What speaks against the load figures: problems, and warnings where asked for.
    Validity,
    /// Logins that were lost for good: users of load, and the scan's own.
    AuthLost,
    /// Scanner requests.
    ScanReqs,
    /// Scanner requests' duration.
    ScanReqDuration,
    /// Findings.
    Findings,
    /// Operations reached of those known.
    CoverageOperations,
    /// 1 unless the crawl saw everything it knew of.
    CrawlIncomplete,
    /// What the crawl knew of and left out.
    CrawlSkipped,
}

impl MetricName {
    /// Every metric, in report order.
    pub const ALL: [Self; 39] = [
        Self::HttpReqs,
        Self::HttpReqDuration,
        Self::HttpReqLatency,
        Self::HttpReqFailed,
        Self::Checks,
        Self::Phase(PhaseKind::Queued),
        Self::Phase(PhaseKind::Dns),
        Self::Phase(PhaseKind::Connect),
        Self::Phase(PhaseKind::Tls),
        Self::Phase(PhaseKind::Send),
        Self::Phase(PhaseKind::Wait),
        Self::Phase(PhaseKind::Receive),
        Self::Iterations,
        Self::IterationDuration,
        Self::IterationLatency,
        Self::DroppedIterations,
        Self::GroupDuration,
        Self::DataSent,
        Self::DataReceived,
        Self::WsSessions,
        Self::WsMsgsSent,
        Self::WsMsgsReceived,
        Self::WsSessionDuration,
        Self::WsConnecting,
        Self::SseEvent,
        Self::GrpcReqDuration,
        Self::GrpcStreams,
        Self::GrpcStreamsMsgsSent,
        Self::GrpcStreamsMsgsReceived,
        Self::MessageLatency,
        Self::Vus,
        Self::Validity,
        Self::AuthLost,
        Self::ScanReqs,
        Self::ScanReqDuration,
        Self::Findings,
        Self::CoverageOperations,
        Self::CrawlIncomplete,
        Self::CrawlSkipped,
    ];

    /// The name as plans and reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HttpReqs => "http_reqs",
            Self::HttpReqDuration => "http_req_duration",
            Self::HttpReqLatency => "http_req_latency",
            Self::HttpReqFailed => "http_req_failed",
            Self::Checks => "checks",
            Self::Phase(kind) => kind.metric(),
            Self::Iterations => "iterations",
            Self::IterationDuration => "iteration_duration",
            Self::IterationLatency => "iteration_latency",
            Self::DroppedIterations => "dropped_iterations",
            Self::GroupDuration => "group_duration",
            Self::DataSent => "data_sent",
            Self::DataReceived => "data_received",
            Self::WsSessions => "ws_sessions",
            Self::WsMsgsSent => "ws_msgs_sent",
            Self::WsMsgsReceived => "ws_msgs_received",
            Self::WsSessionDuration => "ws_session_duration",
            Self::WsConnecting => "ws_connecting",
            Self::SseEvent => "sse_event",
            Self::GrpcReqDuration => "grpc_req_duration",
            Self::GrpcStreams => "grpc_streams",
            Self::GrpcStreamsMsgsSent => "grpc_streams_msgs_sent",
            Self::GrpcStreamsMsgsReceived => "grpc_streams_msgs_received",
            Self::MessageLatency => "message_latency",
            Self::Vus => "vus",
            Self::Validity => "validity",
            Self::AuthLost => "auth_lost",
            Self::ScanReqs => "scan_reqs",
            Self::ScanReqDuration => "scan_req_duration",
            Self::Findings => "findings",
            Self::CoverageOperations => "coverage_operations",
            Self::CrawlIncomplete => "crawl_incomplete",
            Self::CrawlSkipped => "crawl_skipped",
        }
    }

    /// The metric of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }

    /// What kind of value it has.
    pub fn kind(self) -> MetricKind {
        match self {
            Self::HttpReqs
            | Self::Iterations
            | Self::DroppedIterations
            | Self::DataSent
            | Self::DataReceived
            | Self::WsSessions
            | Self::WsMsgsSent
            | Self::WsMsgsReceived
            | Self::SseEvent
            | Self::GrpcStreams
            | Self::GrpcStreamsMsgsSent
            | Self::GrpcStreamsMsgsReceived
            | Self::Validity
            | Self::AuthLost
            | Self::ScanReqs
            | Self::Findings
            | Self::CrawlIncomplete
            | Self::CrawlSkipped => MetricKind::Counter,
            Self::HttpReqFailed | Self::Checks | Self::CoverageOperations => MetricKind::Rate,
            Self::Vus => MetricKind::Gauge,
            Self::HttpReqDuration
            | Self::HttpReqLatency
            | Self::Phase(_)
            | Self::IterationDuration
            | Self::IterationLatency
            | Self::GroupDuration
            | Self::WsSessionDuration
            | Self::WsConnecting
            | Self::GrpcReqDuration
            | Self::MessageLatency
            | Self::ScanReqDuration => MetricKind::Trend,
        }
    }

    /// Whether load alone makes it; the others are the scan's too.
    pub fn is_load(self) -> bool {
        match self {
            Self::HttpReqs
            | Self::HttpReqDuration
            | Self::HttpReqLatency
            | Self::HttpReqFailed
            | Self::Checks
            | Self::Phase(_)
            | Self::Iterations
            | Self::IterationDuration
            | Self::IterationLatency
            | Self::DroppedIterations
            | Self::GroupDuration
            | Self::DataSent
            | Self::DataReceived
            | Self::WsSessions
            | Self::WsMsgsSent
            | Self::WsMsgsReceived
            | Self::WsSessionDuration
            | Self::WsConnecting
            | Self::SseEvent
            | Self::GrpcReqDuration
            | Self::GrpcStreams
            | Self::GrpcStreamsMsgsSent
            | Self::GrpcStreamsMsgsReceived
            | Self::MessageLatency
            | Self::Vus
            | Self::Validity => true,
            Self::AuthLost
            | Self::ScanReqs
            | Self::ScanReqDuration
            | Self::Findings
            | Self::CoverageOperations
            | Self::CrawlIncomplete
            | Self::CrawlSkipped => false,
        }
    }

    /// What kind of exchange makes it; `None` is any.
    pub fn series_kind(self) -> Option<SeriesKind> {
        match self {
            Self::WsSessions
            | Self::WsMsgsSent
            | Self::WsMsgsReceived
            | Self::WsSessionDuration
            | Self::WsConnecting => Some(SeriesKind::WebSocket),
            Self::SseEvent => Some(SeriesKind::ServerSentEvents),
            Self::GrpcReqDuration
            | Self::GrpcStreams
            | Self::GrpcStreamsMsgsSent
            | Self::GrpcStreamsMsgsReceived => Some(SeriesKind::Grpc),
            Self::HttpReqs
            | Self::HttpReqDuration
            | Self::HttpReqLatency
            | Self::HttpReqFailed
            | Self::Checks
            | Self::Phase(_)
            | Self::Iterations
            | Self::IterationDuration
            | Self::IterationLatency
            | Self::DroppedIterations
            | Self::GroupDuration
            | Self::DataSent
            | Self::DataReceived
            | Self::MessageLatency
            | Self::Vus
            | Self::Validity
            | Self::AuthLost
            | Self::ScanReqs
            | Self::ScanReqDuration
            | Self::Findings
            | Self::CoverageOperations
            | Self::CrawlIncomplete
            | Self::CrawlSkipped => None,
        }
    }

    /// Whether tags that the plan gives to requests or scenarios select parts of it.
    pub fn has_own_tags(self) -> bool {
        self.tags().contains(&"scenario")
    }

    /// Tags that thresholds may select by, beside a plan's own.
    pub fn tags(self) -> &'static [&'static str] {
        match self {
            Self::Checks => &["scenario", "request", "method", "path", "group", "check"],
            Self::HttpReqs
            | Self::HttpReqDuration
            | Self::HttpReqLatency
            | Self::HttpReqFailed
            | Self::Phase(_) => {
                &["scenario", "request", "method", "path", "group", "status", "expected_response"]
            }
            Self::DataSent
            | Self::DataReceived
            | Self::WsSessions
            | Self::WsMsgsSent
            | Self::WsMsgsReceived
            | Self::WsSessionDuration
            | Self::WsConnecting
            | Self::SseEvent
            | Self::GrpcReqDuration
            | Self::GrpcStreams
            | Self::GrpcStreamsMsgsSent
            | Self::GrpcStreamsMsgsReceived
            | Self::MessageLatency => &["scenario", "request", "method", "path", "group"],
            Self::GroupDuration => &["scenario", "group"],
            Self::Iterations
            | Self::IterationDuration
            | Self::IterationLatency
            | Self::DroppedIterations => &["scenario"],
            Self::Findings => &["severity", "confidence", "status", "rule"],
            Self::CoverageOperations => &["source", "method"],
            Self::CrawlSkipped => &["reason"],
            Self::Validity => &["level"],
            Self::AuthLost => &["auth", "identity", "phase"],
            Self::Vus | Self::ScanReqs | Self::ScanReqDuration | Self::CrawlIncomplete => &[],
        }
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a tag is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOp {
    /// `tag:value`.
    Equal,
    /// `tag:>=value`, for ordered tags (severity, confidence, source, level).
    AtLeast,
}

/// One tag condition of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMatch {
    /// The tag's name.
    pub tag: String,
    /// Equality or order.
    pub op: TagOp,
    /// The value.
    pub value: String,
}

/// A metric, or the part of it that matches every tag: `http_req_duration{request:checkout}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSelector {
    /// Which metric.
    pub metric: MetricName,
    /// All must match; empty for the whole run.
    pub tags: Vec<TagMatch>,
}

impl fmt::Display for MetricSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric.as_str())?;
        if self.tags.is_empty() {
            return Ok(());
        }
        let tags: Vec<String> = self
            .tags
            .iter()
            .map(|tag| {
                let op = match tag.op {
                    TagOp::Equal => "",
                    TagOp::AtLeast => ">=",
                };
                format!("{}:{op}{}", tag.tag, tag.value)
            })
            .collect();
        write!(f, "{{{}}}", tags.join(","))
    }
}

/// A metric's data at one moment, ready for an aggregate.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricData {
    /// Sum and the time it was gathered in.
    Counter {
        /// The sum.
        count: u64,
        /// Over this time.
        elapsed: Duration,
    },
    /// Last value.
    Gauge(f64),
    /// Share of trues.
    Rate {
        /// Trues.
        hits: u64,
        /// All.
        total: u64,
    },
    /// Durations.
    Trend(Histogram),
}

impl MetricData {
    /// Adds what was measured later; of gauges the later value stands.
    pub fn merge(&mut self, later: &Self) {
        match (self, later) {
            (Self::Counter { count, elapsed }, Self::Counter { count: more, elapsed: longer }) => {
                *count += more;
                *elapsed += *longer;
            }
            (Self::Gauge(value), Self::Gauge(later)) => *value = *later,
            (Self::Rate { hits, total }, Self::Rate { hits: more, total: all }) => {
                *hits += more;
                *total += all;
            }
            (Self::Trend(trend), Self::Trend(more)) => trend.merge(more),
            _ => unreachable!("both are of one metric"),
        }
    }
}
