//! What makes a run visible elsewhere.

use serde_json::Value as Json;

use super::shape::{Object, any_of, example, object, pattern, share};

pub(super) fn objects() -> Vec<Object> {
    vec![trace()]
}

/// A share of load's requests.
pub(super) fn traced_share() -> Json {
    any_of(&[share(), example(pattern(r"^\s*[0-9.]+\s*%?\s*$"), &["1%"])])
}

fn trace() -> Object {
    object!("trace", tracing::TRACE, "Which of load's requests carry the id of a trace.")
        .key_or(
            "sample",
            traced_share(),
            "1%",
            "The share; with 0% only ids that answers name are read.",
        )
        .key(
            "link",
            example(pattern(r"\{trace_id\}"), &["https://apm.example/trace/{trace_id}"]),
            "Where a trace is looked at.",
        )
}
