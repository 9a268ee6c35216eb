//! What each metric counts, in words: for `explain`.

use super::metric::{MetricKind, MetricName};
use super::timings::PhaseKind;

impl MetricName {
    /// What it counts, and how to read it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::HttpReqs => {
                "Requests of load that came to an end, failed ones too; warm-up, setup and \
                 logins are left out."
            }
            Self::HttpReqDuration => {
                "How long a request took: send + wait + receive, as k6 counts it. Time that it \
                 waited for its turn is not in it, so a target that stands still can hide \
                 here; http_req_latency shows it."
            }
            Self::HttpReqLatency => {
                "From the moment at which a request was meant to start until its last byte: \
                 what a user would have waited. On a schedule (open model) a stall of the \
                 target delays what comes behind it, and that is counted here. In a closed \
                 model it is nearly http_req_duration."
            }
            Self::HttpReqFailed => {
                "Share of requests that failed: no response, or a status outside 200-399, \
                 unless the plan expects another."
            }
            Self::Checks => {
                "Share of checks on responses (`checks` of requests) that held. A check that \
                 does not hold fails no request and no run by itself; a gate on this metric \
                 does."
            }
            Self::Phase(phase) => phase_meaning(phase),
            Self::Iterations => "Passes of virtual users through their flow that came to an end.",
            Self::IterationDuration => {
                "How long a pass through the flow took, thinking included, from its actual \
                 start."
            }
            Self::IterationLatency => {
                "The same from the moment at which the pass was meant to start."
            }
            Self::DroppedIterations => {
                "Arrivals that found no free virtual user and were left out: more than 0 means \
                 that the rate of the plan was not reached. Raise maxVUs, or the target is too \
                 slow for the rate."
            }
            Self::GroupDuration => {
                "From the first step of a group to behind its last one, thinking included."
            }
            Self::DataSent => "Bytes that load sent, heads included.",
            Self::DataReceived => "Bytes that load received, heads included.",
            Self::WsSessions => "WebSocket sessions that were opened.",
            Self::WsMsgsSent => "WebSocket messages sent.",
            Self::WsMsgsReceived => "WebSocket messages received.",
            Self::WsSessionDuration => "From connecting to the end of a WebSocket session.",
            Self::WsConnecting => {
                "From connecting to the accepted handshake of a WebSocket session."
            }
            Self::SseEvent => "Server-sent events received.",
            Self::GrpcReqDuration => {
                "How long a gRPC call took: send + wait + receive; of streams, to the \
                 beginning of the response."
            }
            Self::GrpcStreams => "Streaming gRPC calls whose response has begun.",
            Self::GrpcStreamsMsgsSent => "Messages sent in streaming gRPC calls.",
            Self::GrpcStreamsMsgsReceived => "Messages received in streaming gRPC calls.",
            Self::MessageLatency => {
                "From a message to the one that answers it; of server-sent events and streams, \
                 from one to the next."
            }
            Self::Vus => "Virtual users at the end of load.",
            Self::Validity => {
                "What speaks against the load figures: problems, and with `level:warning` or \
                 `level:>=warning` what came near one. A gate on it makes the run invalid \
                 (84)."
            }
            Self::AuthLost => {
                "Logins that were lost for good: sessions of load's users, and the scan's own. \
                 A gate on it makes the run incomplete (83)."
            }
            Self::ScanReqs => "Requests of crawl, checks and templates.",
            Self::ScanReqDuration => "How long those requests took.",
            Self::Findings => {
                "Flaws that were found. Unless the gate says otherwise, those count that are \
                 new and at least firm. A gate on it that fails is 80."
            }
            Self::CoverageOperations => {
                "Share of the operations known from description, plan and crawl that gave an \
                 answer that is no error. What was skipped counts as not reached; what is out \
                 of scope does not count. A gate on it that fails is 83."
            }
            Self::CrawlIncomplete => {
                "1 unless the crawl saw everything that it knew of. A gate on it that fails is \
                 83."
            }
            Self::CrawlSkipped => {
                "What the crawl knew of and left out, by `reason` (scope, unsafe, robots, \
                 depth, urls, time, …)."
            }
        }
    }

    /// What its values are in.
    pub fn unit(self) -> &'static str {
        match (self, self.kind()) {
            (Self::DataSent | Self::DataReceived, _) => "bytes",
            (_, MetricKind::Trend) => "ms",
            (_, MetricKind::Rate) => "share, 0 to 1",
            (_, MetricKind::Counter | MetricKind::Gauge) => "number",
        }
    }

    /// What thresholds may take of it.
    pub fn aggregates(self) -> &'static [&'static str] {
        match self.kind() {
            MetricKind::Counter => &["count", "rate"],
            MetricKind::Gauge => &["value"],
            MetricKind::Rate => &["rate", "count"],
            MetricKind::Trend => &["avg", "min", "med", "max", "p(N)"],
        }
    }

    /// A gate on it: what is looked at, and what must hold.
    pub fn example(self) -> (&'static str, &'static str) {
        match (self, self.kind()) {
            (Self::Findings, _) => ("findings{severity:>=high}", "count==0"),
            (Self::CoverageOperations, _) => ("coverage_operations", "rate>0.9"),
            (Self::HttpReqFailed, _) => ("http_req_failed", "rate<0.01"),
            (Self::HttpReqs | Self::Iterations, _) => (self.as_str(), "rate>50"),
            (_, MetricKind::Trend) => (self.as_str(), "p(95)<500"),
            (_, MetricKind::Rate) => (self.as_str(), "rate>0.99"),
            (_, MetricKind::Gauge) => (self.as_str(), "value>0"),
            (_, MetricKind::Counter) => (self.as_str(), "count==0"),
        }
    }
}

fn phase_meaning(phase: PhaseKind) -> &'static str {
    match phase {
        PhaseKind::Queued => {
            "From the moment at which a request was meant to start until there was a \
             connection for it, or one was being made. Much of it: too few connections or \
             users, or the target holds them."
        }
        PhaseKind::Dns => {
            "Resolving the name. Load resolves once before it starts, so there it is 0."
        }
        PhaseKind::Connect => {
            "Making the TCP connection; over QUIC until the server's first answer. 0 where a \
             connection is used again."
        }
        PhaseKind::Tls => {
            "The TLS handshake. 0 where a connection is used again; much of it means that \
             connections are not."
        }
        PhaseKind::Send => "From the first byte of the request handed to the system to the last.",
        PhaseKind::Wait => {
            "From the last byte of the request to the first byte of the response: the time in \
             which the server works (time to first byte)."
        }
        PhaseKind::Receive => {
            "From the first byte of the response to the last: large bodies, or a server that \
             writes slowly."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Criterion;

    #[test]
    fn every_example_is_a_gate_and_every_aggregate_fits() {
        for metric in MetricName::ALL {
            let (selector, condition) = metric.example();
            let parsed = Criterion::parse(selector, condition);
            assert_eq!(parsed.map(|one| one.selector.metric), Ok(metric));
            for aggregate in metric.aggregates() {
                let condition = format!("{}<1", aggregate.replace('N', "95"));
                assert!(Criterion::parse(metric.as_str(), &condition).is_ok(), "{metric}");
            }
        }
    }
}
