//! The plan itself: target, what may be sent, gates and files.

use serde_json::Value as Json;
use serde_json::json;

use super::shape::{
    Object, any_of, boolean, described, duration, example, list, named, object, of, or_substituted,
    pattern, rate, scalar, share, text, users, whole, word,
};
use super::watched;
use crate::model::MetricName;
use crate::model::OutputKind;

/// The object that is the schema itself.
pub(super) const PLAN: &str = "plan";

const URL: &str = r"^(?i:(https?|wss?)://)?[^\s/]+";

pub(super) fn objects() -> Vec<Object> {
    vec![
        plan(),
        authorised(),
        scope(),
        limits(),
        stop_if(),
        secret(),
        data(),
        threshold(),
        baseline(),
        capacity(),
        cost(),
        serverless(),
        egress(),
    ]
}

fn plan() -> Object {
    let object = object!(
        PLAN,
        file::PLAN,
        "A plan of Shakedown: what is sent where, how much of it, and what must hold. Keys that \
         begin with `x-` are free, for anchors."
    )
    .key("version", json!({ "enum": [1, "1"] }), "Version of the format: 1.")
    .key(
        "include",
        any_of(&[text(), list(&text())]),
        "Files with more requests, flows, vars and other sections, relative to this one; `*` stands for \
         parts of a name.",
    )
    .key(
        "target",
        example(pattern(URL), &["http://127.0.0.1:8080", "${env.BASE_URL:-http://127.0.0.1:8080}"]),
        "The service: scheme, host, port. Requests name paths below it.",
    )
    .key(
        "targets",
        values(&example(pattern(URL), &["http://127.0.0.1:8080"])),
        "Services with names, in place of `target`; requests go to `default` unless they name one.",
    )
    .key("authorised", of("authorised"), "Needed for anything but loopback and private addresses.")
    .key("scope", of("scope"), "What may be sent where; without it, the origins of the targets.")
    .key("limits", of("limits"), "Hard caps over everything, and the kill switch.")
    .key(
        "vars",
        described(
            json!({ "type": "object", "additionalProperties": scalar() }),
            "Values with names.",
        ),
        "Values with names, written `${vars.name}` elsewhere.",
    )
    .key(
        "secrets",
        values(&of("secret")),
        "Values that no report shows, written `${secrets.NAME}` in requests, flows, `vars`, \
         `connection`, `auth` and `identities`.",
    )
    .key("auth", named(&of("auth")), "Ways to be logged in, by name: `as: NAME` uses one.")
    .key(
        "identities",
        named(&of("identity")),
        "Users who log in by an auth, by name: `as: NAME` is one of them.",
    )
    .key(
        "data",
        values(&any_of(&[text(), of("data-file")])),
        "Files whose rows iterations are fed with, written `${data.NAME.column}` in requests.",
    )
    .key("requests", named(&of("request")), "Requests by name, for load and scan alike.")
    .key("flows", named(&list(&of("step"))), "What a virtual user does, step by step.")
    .key(
        "scenarios",
        named(&of("scenario")),
        "When iterations of which flow start: k6's executors.",
    )
    .key("scan", of("scan"), "What the scanner does; without it, there is no scan.")
    .key("thresholds", thresholds(), "What must hold for the run to pass, by metric.")
    .key("baseline", of("baseline"), "What the run is compared with.")
    .key("capacity", of("capacity"), "What `capacity` searches for.")
    .key("cost", of("cost"), "What the target costs to run.")
    .key("outputs", list(&output()), "Files to write at the end, by format.")
    .key(
        "export",
        list(&of("export")),
        "Where figures are sent while the run goes on. The scope does not judge these addresses.",
    )
    .key(
        "observe",
        list(&example(text(), &["X-Served-By", "X-Cache"])),
        "Response headers whose values are counted: backend, cache.",
    )
    .key(
        "trace",
        any_of(&[watched::traced_share(), of("trace")]),
        "Which of load's requests carry the id of a trace (W3C Trace Context): a share, or a mapping.",
    )
    .key("under_load", of("under_load"), "What is looked for in load's own traffic.");
    conduct(object)
}

/// How a run is carried out, whatever it sends.
fn conduct(plan: Object) -> Object {
    plan.key(
        "setup",
        list(&of("step")),
        "Done once before the scenarios; its values are ${setup.NAME}.",
    )
    .key_or("setupTimeout", duration(), "60s", "For all of `setup`.")
    .key("teardown", list(&of("step")), "Done once behind the scenarios.")
    .key_or("teardownTimeout", duration(), "60s", "For all of `teardown`.")
    .key_or(
        "cookies",
        word(&["per-iteration", "per-user", "off"]),
        "per-iteration",
        "How long a virtual user keeps the cookies that it is given.",
    )
    .key_or(
        "timeout",
        duration(),
        "60s",
        "Longest wait for a whole response; 30s in a plan that only scans.",
    )
    .key_or(
        "redirects",
        whole(0, 100),
        0,
        "Redirects that are followed, of requests that say nothing else.",
    )
    .key_or(
        "insecure",
        boolean(),
        false,
        "Go on with certificates that cannot be verified; a plan that only scans does.",
    )
    .key(
        "ca_files",
        list(&text()),
        "PEM files with more certificates to trust, relative to the plan.",
    )
    .key("connection", of("connection"), "How connections are made.")
    .required(&["version"])
    .rule("patternProperties", json!({ "^x-": true }))
}

fn authorised() -> Object {
    object!(
        "authorised",
        boundary::AUTHORISED,
        "Who allowed the test; the name stands in the report."
    )
    .key("by", text(), "Who.")
    .key("hosts", list(&text()), "For which hosts; without it, for all.")
    .key("until", example(text(), &["2031-12-31"]), "The last day.")
    .required(&["by"])
}

fn scope() -> Object {
    object!("scope", boundary::SCOPE, "What may be sent where.")
        .key(
            "origins",
            list(&example(text(), &["auto", "http://127.0.0.1:9090"])),
            "Scheme, host and port of each service; `auto` is those of all targets.",
        )
        .key(
            "include",
            list(&example(text(), &["^/api/"])),
            "Regular expressions on path and query, one of which must match.",
        )
        .key(
            "exclude",
            list(&example(text(), &["^/logout"])),
            "Regular expressions on path and query, none of which may match.",
        )
}

fn limits() -> Object {
    object!("limits", boundary::LIMITS, "Hard caps over everything.")
        .key("max_rps", rate(), "Requests per second, of load and scan together.")
        .key("max_vus", users(), "Virtual users at once.")
        .key("max_time", duration(), "The run is stopped after it.")
        .key("stop_if", of("stop_if"), "The kill switch: stops the run for the target's sake.")
}

fn stop_if() -> Object {
    object!("stop_if", boundary::STOP_IF, "Stops the run once one of these holds for a while.")
        .key("error_rate", share(), "Share of failed requests, from 0 to 1.")
        .key("p95", duration(), "95th percentile of the latency.")
        .key_or("for", duration(), "10s", "How long it must hold.")
        .rule("anyOf", json!([{ "required": ["error_rate"] }, { "required": ["p95"] }]))
}

/// Values by names that expressions can have.
fn values(of: &Json) -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,79}$" },
        "additionalProperties": of
    })
}

fn secret() -> Object {
    object!("secret", secrets::SECRET, "Where a secret comes from, read before the first request.")
        .key("env", text(), "The variable of the environment.")
        .key("file", text(), "The file that has it and nothing else, relative to the plan.")
        .key(
            "command",
            any_of(&[list(&text()), text()]),
            "A program with its arguments, or a line for the shell, that prints it within ten \
             seconds.",
        )
        .one_of(&["env", "file", "command"])
}

fn data() -> Object {
    object!("data-file", data::section::DATA, "A file, and which of its rows an iteration gets.")
        .key("file", text(), "The file, relative to the plan.")
        .key("format", word(&["csv", "json", "jsonl"]), "Of a file whose name does not say it.")
        .key_or("delimiter", pattern("^.$"), ",", "What stands between the values of a CSV.")
        .key_or(
            "mode",
            word(&["sequential", "circular", "random", "unique"]),
            "sequential",
            "Which row: the next one of all users, any, or one that nobody else has had.",
        )
        .key(
            "on_end",
            word(&["recycle", "stop"]),
            "What comes after the last row: the first one again, or the end. `unique` stops.",
        )
        .required(&["file"])
}

const CONDITION: &str = r"^\s*(avg|min|max|med|count|rate|value|p\([0-9.]+\))\s*(<=?|>=?|===?|!=)";

fn condition() -> Json {
    example(pattern(CONDITION), &["p(95)<500", "rate<0.01", "count==0"])
}

fn threshold() -> Object {
    object!("threshold", gates::THRESHOLD, "A condition that may end the run.")
        .key("threshold", condition(), "The condition; times are in milliseconds.")
        .key(
            "window",
            duration(),
            "It must hold in every stretch of load of this many seconds; without it, over the whole \
             run.",
        )
        .key_or("abortOnFail", boolean(), false, "Ends the run as soon as it fails.")
        .key_or("delayAbortEval", duration(), "0s", "How long the run may go on before that.")
        .key("window", duration(), "It must hold in every stretch of this length, not only in all.")
        .required(&["threshold"])
}

fn baseline() -> Object {
    object!("baseline", compare::BASELINE, "What the run is compared with; relative to the plan.")
        .key(
            "run",
            text(),
            "The JSON report or event log of an earlier run, or one of the history: history:main.",
        )
        .key(
            "accepted",
            text(),
            "A YAML list of accepted findings: `fingerprint`, `reason`, `owner`, `expires`.",
        )
        .rule("minProperties", json!(1))
}

/// A pause's pattern, with both ends.
const RANGE: &str = r"^\s*[0-9.]+[a-zµ0-9.\s]*\.\.\s*[0-9.]+[a-zµ0-9.\s]*$";

fn capacity() -> Object {
    let condition = example(
        pattern(r"^\s*[a-z_0-9]+\s*(\{.*\})?\s*:\s*\S+.*$"),
        &["http_req_latency: p(95)<300", "http_req_failed: rate<0.01"],
    );
    object!(
        "capacity",
        capacity::CAPACITY,
        "What `capacity` searches for: the highest level that meets the objective."
    )
    .key("slo", list(&condition), "What must hold of a level; times are in milliseconds.")
    .key_or(
        "model",
        word(&["rate", "users"]),
        "rate",
        "What is raised: arrivals per second, or users who wait for their answers.",
    )
    .key("start", rate(), "The first level: iterations per second, or users (10, 1).")
    .key("max", rate(), "The highest level (10000, 1000).")
    .key_or(
        "settle",
        example(pattern(RANGE), &["10s..60s"]),
        "10s..60s",
        "How long a level is held at least and at most, until its figures have come to rest.",
    )
    .key_or("max_time", duration(), "30m", "For the whole search.")
    .key(
        "max_vus",
        users(),
        "Users at most, where the rate is raised; arrivals that find none free are dropped.",
    )
    .key_or(
        "headroom",
        json!({ "type": "number", "minimum": 0, "maximum": 0.9 }),
        0.3,
        "Share of the answer that is kept free in operation.",
    )
    .key("at_least", rate(), "Less fails the run.")
    .key("for_rate", rate(), "The level for which instances are counted.")
    .key_or(
        "suspects",
        whole(0, 20),
        3,
        "Requests that are also measured alone at the capacity, and the others without them: those that \
         take most of the time.",
    )
}

fn cost() -> Object {
    object!("cost", compare::COST, "What the target costs to run.")
        .key_or("instances", whole(1, 1_000_000), 1, "How many serve it.")
        .key("price_per_hour", price(), "Of one; not needed where all is paid by use.")
        .key("currency", example(pattern("^[A-Z]{3}$"), &["USD"]), "ISO 4217 code.")
        .key("serverless", of("serverless"), "Functions that are paid by use.")
        .key("egress", of("egress"), "Traffic to clients.")
        .required(&["currency"])
        .rule(
            "anyOf",
            json!([
                { "required": ["price_per_hour"] },
                { "required": ["serverless"] },
                { "required": ["egress"] }
            ]),
        )
}

/// An amount of money.
fn price() -> Json {
    or_substituted(json!({ "type": "number", "minimum": 0, "maximum": 1_000_000 }))
}

fn serverless() -> Object {
    object!("serverless", compare::SERVERLESS, "Functions that are paid by request and by time.")
        .key("per_million_requests", price(), "Of a million requests.")
        .key("per_gb_second", price(), "Of one gigabyte of memory for a second.")
        .key(
            "memory_mib",
            or_substituted(json!({ "type": "number", "minimum": 1, "maximum": 1_000_000 })),
            "Memory of a function.",
        )
        .required(&["per_million_requests", "per_gb_second", "memory_mib"])
}

fn egress() -> Object {
    object!("egress", compare::EGRESS, "Traffic to clients, through a CDN.")
        .key("per_gb", price(), "Of 10^9 bytes to clients.")
        .key_or("origin_per_gb", price(), 0, "The same from the origin, of what the cache misses.")
        .key("hit_ratio", share(), "What the cache has; without it, what `observe` measures.")
        .required(&["per_gb"])
}

/// Metrics with their tags, and conditions of each.
fn thresholds() -> Json {
    let names: Vec<&str> = MetricName::ALL.iter().map(|metric| metric.as_str()).collect();
    json!({
        "type": "object",
        "propertyNames": {
            "description": "A metric, perhaps of one tag only: http_req_duration{request:checkout}.",
            "pattern": format!(r"^\s*({})\s*(\{{|\||$)", names.join("|")),
            "examples": ["http_req_latency", "http_req_failed", "findings{severity:>=high}"]
        },
        "additionalProperties": list(&any_of(&[condition(), of("threshold")]))
    })
}

fn output() -> Json {
    let mut properties = serde_json::Map::new();
    for kind in OutputKind::ALL.map(OutputKind::as_str).into_iter().chain(["markdown"]) {
        let file = example(text(), &["reports/run.json"]);
        properties.insert(kind.to_owned(), described(file, "The file; `-` is standard output."));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
