//! Which of load's requests are traced, and where their traces are looked at.

use super::document::Node;
use super::document::Value;
use super::reader::Fields;
use super::reader::Keys;
use super::reader::Reader;
use super::types::Plan;
use crate::model::TRACED_SHARE;
use crate::model::TraceLink;
use crate::model::Tracing;

pub(super) const TRACE: Keys = Keys { of: "the trace", known: &["sample", "link"], later: &[] };

/// What the command line says of it; each part goes before the plan's.
#[derive(Debug, Clone, Default)]
pub struct TraceFlags {
    /// `--trace`: the share.
    pub share: Option<f64>,
    /// `--trace-link`.
    pub link: Option<TraceLink>,
}

/// Lets flags go before what the plan says. A link alone is a wish for traces to look at.
pub fn trace_too(plan: &mut Plan, flags: &TraceFlags) {
    if flags.share.is_none() && flags.link.is_none() {
        return;
    }
    let tracing = plan.trace.get_or_insert(Tracing { share: TRACED_SHARE, link: None });
    if let Some(share) = flags.share {
        tracing.share = share;
    }
    if flags.link.is_some() {
        tracing.link.clone_from(&flags.link);
    }
}

/// The plan's `trace`: a share, or a mapping.
pub(super) fn trace(plan: &Fields<'_>, reader: &mut Reader) -> Option<Tracing> {
    let entry = plan.entry("trace")?;
    if !matches!(entry.node.value, Value::Map(_)) {
        return Some(Tracing { share: share(&entry.node, reader)?, link: None });
    }
    let fields = reader.fields(&entry.node, &entry.key_at, &TRACE)?;
    let sample = fields.get("sample").map(|node| share(node, reader));
    let link = fields
        .get("link")
        .and_then(|node| reader.parsed(node, "an address with {trace_id} in it", TraceLink::parse));
    Some(Tracing { share: sample.unwrap_or(Some(TRACED_SHARE))?, link })
}

fn share(node: &Node, reader: &mut Reader) -> Option<f64> {
    reader.parsed(node, "a share like 1%", Tracing::parse_share)
}
