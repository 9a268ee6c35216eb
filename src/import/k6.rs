//! k6's `options` as JSON: scenarios and thresholds. Its scripts are JavaScript and stay k6's.

use serde_json::Value;

use super::error::{Fault, ImportError};
use super::format::Format;
use super::operation::{Condition, Imported, Sample, Scenario};
use crate::model::Threshold;
use crate::model::parse_duration;

/// Keys of scenarios that the plan has too.
const SCENARIO: [&str; 15] = [
    "executor",
    "vus",
    "startVUs",
    "stages",
    "gracefulRampDown",
    "duration",
    "iterations",
    "maxDuration",
    "rate",
    "startRate",
    "timeUnit",
    "preAllocatedVUs",
    "maxVUs",
    "startTime",
    "gracefulStop",
];
/// Among them the ones that are lengths of time.
const DURATIONS: [&str; 6] =
    ["gracefulRampDown", "duration", "maxDuration", "timeUnit", "startTime", "gracefulStop"];
/// Keys that say nothing about what is sent.
const SILENT: [&str; 12] = [
    "summaryTrendStats",
    "summaryTimeUnit",
    "systemTags",
    "discardResponseBodies",
    "cloud",
    "ext",
    "setupTimeout",
    "teardownTimeout",
    "noUsageReport",
    "minIterationDuration",
    "tags",
    "noVUConnectionReuse",
];

/// Reads options: the object itself, or what `k6 inspect` prints.
pub(super) fn import(name: &str, root: &Value) -> Result<Imported, ImportError> {
    let root = root.get("options").filter(|inner| inner.is_object()).unwrap_or(root);
    let Value::Object(map) = root else {
        return Err(Fault::new(name, "k6's options are a JSON object").into());
    };
    let mut imported = Imported::new(Format::K6);
    let at = |key: &str| format!("{name}#/{key}");
    for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "scenarios" => scenarios(&at(key), value, &mut imported),
            // Read below, once the scenarios are known.
            "thresholds" | "vus" | "duration" | "iterations" | "stages" => {}
            "rps" => imported.load.max_rps = value.as_f64().filter(|rate| *rate > 0.0),
            "insecureSkipTLSVerify" => imported.connection.insecure = value.as_bool() == Some(true),
            "noConnectionReuse" if value.as_bool() == Some(true) => {
                imported.connection.settings.push(("keepalive", "false".to_owned()));
            }
            known if SILENT.contains(&known) => {}
            other => imported.warn(at(other), format!("`{other}` is not imported")),
        }
    }
    if imported.load.scenarios.is_empty() {
        short_form(map, &mut imported);
    }
    let flows: Vec<String> =
        imported.load.scenarios.iter().map(|scenario| scenario.name.clone()).collect();
    if let Some(thresholds) = map.get("thresholds") {
        self::thresholds(&at("thresholds"), thresholds, &flows, &mut imported);
    }
    if imported.load.scenarios.is_empty() && imported.load.thresholds.is_empty() {
        return Err(Fault::new(name, "has neither scenarios nor thresholds of k6's options").into());
    }
    imported.load.notes.push(
        "What the scenarios send stands in the k6 script: write it as `requests` and `flows`."
            .to_owned(),
    );
    Ok(imported)
}

/// `vus` with `duration`, `iterations` or `stages`, as k6 reads them.
fn short_form(map: &serde_json::Map<String, Value>, imported: &mut Imported) {
    let given = |key: &str| map.get(key).filter(|value| !value.is_null());
    let mut fields: Vec<(String, Sample)> = Vec::new();
    let executor = match (given("stages"), given("iterations"), given("duration")) {
        (Some(_), _, _) => "ramping-vus",
        (None, Some(_), _) => "shared-iterations",
        (None, None, Some(_)) => "constant-vus",
        (None, None, None) => return,
    };
    fields.push(("executor".to_owned(), executor.into()));
    let one = Sample::Number(1.into());
    match executor {
        "ramping-vus" => {
            let start = given("vus").map_or(one, Sample::from);
            fields.push(("startVUs".to_owned(), start));
            fields.push(("stages".to_owned(), stages(given("stages").unwrap_or(&Value::Null))));
        }
        "shared-iterations" => {
            fields.push(("vus".to_owned(), given("vus").map_or(one, Sample::from)));
            fields.push((
                "iterations".to_owned(),
                given("iterations").map_or(Sample::Null, Sample::from),
            ));
            if let Some(length) = given("duration").and_then(duration) {
                fields.push(("maxDuration".to_owned(), length));
            }
        }
        _ => {
            fields.push(("vus".to_owned(), given("vus").map_or(one, Sample::from)));
            fields.push((
                "duration".to_owned(),
                given("duration").and_then(duration).unwrap_or("10s".into()),
            ));
        }
    }
    imported.load.scenarios.push(Scenario {
        name: "default".to_owned(),
        exec: "default".to_owned(),
        fields,
    });
}

fn scenarios(at: &str, value: &Value, imported: &mut Imported) {
    let Value::Object(map) = value else {
        imported.warn(at, "`scenarios` is no mapping, left out");
        return;
    };
    for (name, scenario) in map {
        let at = format!("{at}/{name}");
        let executor = scenario.get("executor").and_then(Value::as_str).unwrap_or_default();
        if executor == "externally-controlled" || executor.is_empty() {
            imported.warn(at, format!("executor `{executor}` is not known, left out"));
            continue;
        }
        let Value::Object(keys) = scenario else { continue };
        let mut fields = Vec::new();
        for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
            if !SCENARIO.contains(&key.as_str()) {
                if key != "exec" {
                    imported.warn(format!("{at}/{key}"), format!("`{key}` is not imported"));
                }
                continue;
            }
            let sample = match key.as_str() {
                "stages" => stages(value),
                key if DURATIONS.contains(&key) => {
                    let Some(length) = duration(value) else {
                        imported.warn(format!("{at}/{key}"), "is no length of time, left out");
                        continue;
                    };
                    length
                }
                _ => Sample::from(value),
            };
            fields.push((key.clone(), sample));
        }
        let exec = scenario.get("exec").and_then(Value::as_str).unwrap_or("default");
        imported.load.scenarios.push(Scenario { name: fit(name), exec: fit(exec), fields });
    }
}

fn fit(name: &str) -> String {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = name.chars().take(80).map(|c| if is_fine(c) { c } else { '-' }).collect();
    if name.is_empty() { "default".to_owned() } else { name }
}

fn stages(value: &Value) -> Sample {
    let stages = value.as_array().into_iter().flatten().map(|stage| {
        let target = stage.get("target").map_or(Sample::Number(0.into()), Sample::from);
        let length = stage.get("duration").and_then(duration).unwrap_or("0s".into());
        Sample::Map(vec![("target".to_owned(), target), ("duration".to_owned(), length)])
    });
    Sample::List(stages.collect())
}

/// A bare number is milliseconds.
fn duration(value: &Value) -> Option<Sample> {
    let written = match value {
        Value::Number(number) => format!("{number}ms"),
        Value::String(text) if text.parse::<f64>().is_ok() => format!("{text}ms"),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    parse_duration(&written).ok().map(|_| written.as_str().into())
}

fn thresholds(at: &str, value: &Value, scenarios: &[String], imported: &mut Imported) {
    for (selector, conditions) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{selector}");
        let mut kept = Vec::new();
        let conditions = match conditions {
            Value::Array(conditions) => conditions.clone(),
            one => vec![one.clone()],
        };
        for condition in &conditions {
            let written = condition.as_str().or_else(|| condition.get("threshold")?.as_str());
            let Some(written) = written else {
                imported.warn(&at, "a condition that is no text, left out");
                continue;
            };
            // Conditions may be joined in k6, and are two here.
            for part in written.split("&&").map(str::trim) {
                match Threshold::parse(selector, part) {
                    Ok(threshold) if is_possible(&threshold, scenarios) => kept.push(Condition {
                        text: part.to_owned(),
                        abort: condition.get("abortOnFail").and_then(Value::as_bool) == Some(true),
                        delay: delay(condition),
                    }),
                    Ok(_) => imported
                        .warn(&at, format!("`{selector}` selects nothing of this plan, left out")),
                    Err(error) => imported.warn(&at, format!("{error}; left out")),
                }
            }
        }
        if !kept.is_empty() {
            imported.load.thresholds.push((selector.clone(), kept));
        }
    }
}

fn delay(condition: &Value) -> Option<String> {
    match duration(condition.get("delayAbortEval")?)? {
        Sample::Text(text) => text.as_literal().map(str::to_owned),
        _ => None,
    }
}

/// Requests and their tags are only known once somebody writes them.
fn is_possible(threshold: &Threshold, scenarios: &[String]) -> bool {
    threshold.criterion.selector.tags.iter().all(|tag| match tag.tag.as_str() {
        "scenario" => scenarios.contains(&tag.value),
        _ => !threshold.metric().has_own_tags(),
    })
}
