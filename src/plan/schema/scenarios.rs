//! Scenarios and their executors.

use serde_json::Value as Json;
use serde_json::json;

use super::shape::{
    Object, boolean, described, duration, list, object, of, rate, scalar, text, users, whole, word,
};
use crate::plan::executor::Executor;

pub(super) fn objects() -> Vec<Object> {
    let each = vec![
        object!(
            "constant-vus",
            scenarios::CONSTANT_VUS,
            "So many users, each at it again and again."
        )
        .required(&["duration"]),
        object!("ramping-vus", scenarios::RAMPING_VUS, "A number of users that changes in stages.")
            .required(&["stages"]),
        object!(
            "shared-iterations",
            scenarios::SHARED_ITERATIONS,
            "A number of iterations, taken by whichever user is free."
        ),
        object!(
            "per-vu-iterations",
            scenarios::PER_VU_ITERATIONS,
            "A number of iterations for each user."
        ),
        object!(
            "constant-arrival-rate",
            scenarios::CONSTANT_ARRIVAL_RATE,
            "Iterations start on schedule, however slow the target is."
        )
        .required(&["rate", "duration", "preAllocatedVUs"]),
        object!(
            "ramping-arrival-rate",
            scenarios::RAMPING_ARRIVAL_RATE,
            "Iterations start on schedule, at a rate that changes in stages."
        )
        .required(&["stages", "preAllocatedVUs"]),
    ];
    let choices: Vec<Json> = Executor::NAMES.iter().map(|name| choice(name)).collect();
    let any = object!("scenario", scenarios::ANY, "When iterations of a flow start.")
        .required(&["executor", "exec"])
        .rule("allOf", json!(choices));
    let mut all: Vec<Object> =
        each.into_iter().chain([any]).map(|object| object.keys(property)).collect();
    all.push(stage());
    all
}

/// The keys of one executor, where it is that one.
fn choice(name: &str) -> Json {
    json!({
        "if": { "properties": { "executor": { "const": name } }, "required": ["executor"] },
        "then": of(name)
    })
}

fn property(key: &str) -> Option<Json> {
    let or = |of: Json, default: Json| {
        let Json::Object(mut of) = of else { return of };
        of.insert("default".to_owned(), default);
        Json::Object(of)
    };
    let (of, text) = match key {
        "executor" => (word(&Executor::NAMES), "How iterations are started."),
        "exec" => (text(), "The name of the flow."),
        "startTime" => (or(duration(), json!("0s")), "Delay after the start of load."),
        "gracefulStop" => {
            (or(duration(), json!("30s")), "How long running iterations may go on after the end.")
        }
        "as" => (
            text(),
            "As whom requests are sent that say nothing else: an identity, or an auth whose identities take turns.",
        ),
        "warmup" => (or(boolean(), json!(false)), "Keeps it out of every figure and gate."),
        "env" => (
            json!({ "type": "object", "additionalProperties": scalar() }),
            "Values of ${env.NAME} in what this scenario does, instead of the environment's.",
        ),
        "tags" => (
            json!({ "type": "object", "additionalProperties": scalar(), "maxProperties": 16 }),
            "Names of your own, by which thresholds select.",
        ),
        "vus" => (or(users(), json!(1)), "Virtual users."),
        "startVUs" => (or(whole(0, 1_000_000), json!(1)), "Virtual users at the beginning."),
        "stages" => (list(&of("stage")), "Straight lines, one after the other."),
        "gracefulRampDown" => {
            (or(duration(), json!("30s")), "How long a user that leaves may finish its iteration.")
        }
        "duration" => (duration(), "How long."),
        "iterations" => (or(whole(1, None), json!(1)), "How many iterations."),
        "maxDuration" => (or(duration(), json!("10m")), "The end, even if iterations are left."),
        "rate" => (rate(), "Iterations per `timeUnit`."),
        "startRate" => {
            (or(whole_or_fraction(), json!(0)), "Iterations per `timeUnit` at the beginning.")
        }
        "timeUnit" => (or(duration(), json!("1s")), "The unit of rates."),
        "preAllocatedVUs" => (users(), "Virtual users that are ready from the start."),
        "maxVUs" => (users(), "Most virtual users; without it, those that are ready."),
        "late" => (
            or(word(&["drop", "queue"]), json!("drop")),
            "What becomes of an arrival that finds no user: dropped as in k6, or started late.",
        ),
        "arrivals" => (
            or(word(&["even", "poisson"]), json!("even")),
            "How arrivals are spread: evenly, or by chance as independent users come.",
        ),
        _ => return None,
    };
    Some(described(of, text))
}

fn whole_or_fraction() -> Json {
    json!({ "anyOf": [{ "type": "number", "minimum": 0, "maximum": 10_000_000 }, of("substitution")] })
}

fn stage() -> Object {
    object!("stage", executors::STAGE, "A straight line to a target; one of no duration is a jump.")
        .key("target", whole_or_fraction(), "Users or rate at its end.")
        .key("duration", duration(), "How long it takes.")
        .required(&["target", "duration"])
}
