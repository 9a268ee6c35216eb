//! Flags about traces of the service under load.

use clap::Args;

use crate::model::TraceLink;
use crate::model::Tracing;
use crate::plan::TraceFlags;

/// Which requests are traced, and where one looks at a trace.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Traces")]
pub(super) struct TraceArgs {
    /// Send the id of a trace with this share of load's requests (1% without a share), as the header
    /// `traceparent` of W3C Trace Context, so that tracing backends keep them; the ids of the slowest
    /// and of errors are in the report. Ids that answers name (traceresponse, Server-Timing) are read
    /// too; with 0% only these. The seed repeats the ids.
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true, default_missing_value = "1%", value_parser = Tracing::parse_share)]
    trace: Option<f64>,
    /// Where a trace is looked at, with `{trace_id}` in place of its id: the report links there.
    /// Traces 1% unless --trace or the plan says otherwise.
    #[arg(long, value_name = "URL", value_parser = TraceLink::parse)]
    trace_link: Option<TraceLink>,
}

impl TraceArgs {
    /// As a plan takes it.
    pub(super) fn flags(&self) -> TraceFlags {
        TraceFlags { share: self.trace, link: self.trace_link.clone() }
    }

    /// The first of its flags that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let flags =
            [("--trace", self.trace.is_some()), ("--trace-link", self.trace_link.is_some())];
        flags.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}
