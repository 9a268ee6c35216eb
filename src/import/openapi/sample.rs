//! A plausible value of a schema: what the description gives as an example if it does, else made.

use serde_json::{Number, Value};

use super::Spec;
use super::documents::At;
use crate::import::operation::Sample;
use crate::import::strings;

/// Values of one sample: more is no example but a load of its own.
const MAX_VALUES: usize = 400;
/// Values of all samples; then each gets only a few, so that no description takes minutes.
const MAX_ALL: usize = 300_000;
const FEW: usize = 20;
/// Schemas inside schemas.
const MAX_DEPTH: usize = 12;
/// Below this only what is required is made.
const OPTIONAL_DEPTH: usize = 3;
/// Properties of one object.
const MAX_PROPERTIES: usize = 40;

/// Makes values; each schema at most once on the way down.
struct Sampler<'a> {
    spec: &'a Spec,
    left: usize,
    open: Vec<*const Value>,
}

/// A value of the schema at `at`, which is used for `name`; `None` where nothing can be said.
pub(super) fn of(spec: &Spec, name: &str, at: &At<'_>) -> Option<Sample> {
    let before = spec.sampled.get();
    let left = if before < MAX_ALL { MAX_VALUES } else { FEW };
    let mut sampler = Sampler { spec, left, open: Vec::new() };
    let sample = sampler.sample(name, at);
    spec.sampled.set(before + left - sampler.left);
    sample
}

/// What a media type, a parameter or a schema gives as an example.
pub(super) fn example(spec: &Spec, at: &At<'_>) -> Option<Sample> {
    if let Some(example) = at.value.get("example").or_else(|| at.value.get("x-example")) {
        return Some(example.into());
    }
    let examples = at.get("examples")?;
    match examples.value {
        // JSON Schema's.
        Value::Array(values) => values.first().map(Sample::from),
        // OpenAPI's, by name.
        Value::Object(_) => examples.entries().iter().find_map(|(_, one)| {
            let one = spec.resolved(one)?;
            one.value.get("value").map(Sample::from)
        }),
        _ => None,
    }
}

impl Sampler<'_> {
    fn sample(&mut self, name: &str, at: &At<'_>) -> Option<Sample> {
        self.left = self.left.checked_sub(1)?;
        let spec = self.spec;
        let at = match spec.documents.resolve(at) {
            Ok(found) => found,
            Err(text) => {
                spec.warn(at, text);
                return None;
            }
        };
        let address = std::ptr::from_ref(at.value);
        if self.open.contains(&address) || self.open.len() >= MAX_DEPTH {
            return None;
        }
        self.open.push(address);
        let sample = self.of_schema(name, &at);
        self.open.pop();
        sample
    }

    fn of_schema(&mut self, name: &str, at: &At<'_>) -> Option<Sample> {
        match at.value {
            Value::Object(_) => {}
            // JSON Schema's word for anything.
            Value::Bool(true) => return Some(Sample::Text(strings::plain(name))),
            _ => {
                self.spec.warn(at, "is no schema, and left out");
                return None;
            }
        }
        if let Some(value) = at.value.get("const") {
            return Some(value.into());
        }
        if let Some(example) = example(self.spec, at) {
            return Some(example);
        }
        if let Some(default) = at.value.get("default").filter(|value| !value.is_null()) {
            return Some(default.into());
        }
        if let Some(values) = at.value.get("enum").and_then(Value::as_array) {
            return values.iter().find(|value| !value.is_null()).map(Sample::from);
        }
        if at.value.get("allOf").is_some() {
            return self.all_of(name, at);
        }
        for key in ["oneOf", "anyOf"] {
            let found = self.spec.items(at, key).iter().find_map(|variant| {
                let is_null = variant.text("type") == Some("null");
                if is_null { None } else { self.sample(name, variant) }
            });
            if let Some(found) = found {
                return Some(match (found, self.object(at)) {
                    (Sample::Map(found), Some(Sample::Map(own))) => Sample::Map(merged(own, found)),
                    (found, _) => found,
                });
            }
        }
        Some(self.of_type(name, at))
    }

    fn of_type(&mut self, name: &str, at: &At<'_>) -> Sample {
        match kind(at.value) {
            Some("object") => self.object(at).unwrap_or(Sample::Map(Vec::new())),
            Some("array") => self.array(name, at),
            Some("boolean") => Sample::Bool(true),
            Some("integer") => Sample::Number(integer(at.value)),
            Some("number") => Sample::Number(number(at.value)),
            Some("null") => Sample::Null,
            Some("file") => Sample::Text("content".into()),
            Some("string") => Sample::Text(strings::of(name, at.value)),
            None => Sample::Text(strings::plain(name)),
            Some(other) => {
                self.spec.warn(at, format!("unknown type `{other}`, taken for a text"));
                Sample::Text(strings::plain(name))
            }
        }
    }

    /// Whatever is an object is put together; else the first that is anything.
    fn all_of(&mut self, name: &str, at: &At<'_>) -> Option<Sample> {
        let mut entries: Option<Vec<(String, Sample)>> = None;
        let mut first = None;
        for part in self.spec.items(at, "allOf") {
            match self.sample(name, &part) {
                Some(Sample::Map(own)) => {
                    entries = Some(merged(entries.unwrap_or_default(), own));
                }
                Some(other) if first.is_none() => first = Some(other),
                _ => {}
            }
        }
        if let Some(Sample::Map(own)) = self.object(at) {
            entries = Some(merged(entries.unwrap_or_default(), own));
        }
        match entries {
            Some(entries) if !entries.is_empty() || first.is_none() => Some(Sample::Map(entries)),
            _ => first,
        }
    }

    fn object(&mut self, at: &At<'_>) -> Option<Sample> {
        let spec = self.spec;
        let properties = spec.get(at, "properties");
        let names = properties.as_ref().and_then(|at| at.value.as_object());
        if let Some(properties) = properties.as_ref().filter(|_| names.is_none()) {
            spec.warn(properties, "`properties` is no mapping, and left out");
        }
        let required: Vec<&str> = match at.value.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut entries = Vec::new();
        for name in names.into_iter().flat_map(serde_json::Map::keys).take(MAX_PROPERTIES) {
            let is_required = required.contains(&name.as_str());
            if self.left == 0 || !is_required && self.open.len() > OPTIONAL_DEPTH {
                continue;
            }
            let Some(schema) = properties.as_ref().and_then(|at| spec.get(at, name)) else {
                continue;
            };
            if schema.is("readOnly") {
                continue;
            }
            if let Some(sample) = self.sample(name, &schema) {
                entries.push((name.clone(), sample));
            }
        }
        if entries.is_empty()
            && let Some(schema) = at.get("additionalProperties").filter(|at| at.value.is_object())
            && self.open.len() <= OPTIONAL_DEPTH
            && let Some(sample) = self.sample("value", &schema)
        {
            entries.push(("key".to_owned(), sample));
        }
        let is_one = at.value.get("properties").is_some() || !entries.is_empty();
        is_one.then_some(Sample::Map(entries))
    }

    fn array(&mut self, name: &str, at: &At<'_>) -> Sample {
        let least = at.value.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 3);
        let items = at.get("items").filter(|items| items.value.is_object());
        let Some(items) = items else { return Sample::List(Vec::new()) };
        let one = singular(name);
        let made = (0..least).filter_map(|_| self.sample(one, &items));
        Sample::List(made.collect())
    }
}

fn merged(mut into: Vec<(String, Sample)>, from: Vec<(String, Sample)>) -> Vec<(String, Sample)> {
    for (key, value) in from {
        match into.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => into.push((key, value)),
        }
    }
    into
}

fn singular(name: &str) -> &str {
    name.strip_suffix('s').filter(|name| !name.is_empty()).unwrap_or(name)
}

/// The schema's type, said or to be guessed.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind),
        // JSON Schema's list of what is allowed.
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null")
        }
        _ if schema.get("properties").is_some() => Some("object"),
        _ if schema.get("additionalProperties").is_some_and(Value::is_object) => Some("object"),
        _ if schema.get("items").is_some() => Some("array"),
        _ if schema.get("format").is_some() || schema.get("pattern").is_some() => Some("string"),
        _ => None,
    }
}

/// The least and the most that are allowed, exclusive bounds by what they leave.
fn bounds(schema: &Value, step: f64) -> (Option<f64>, Option<f64>) {
    let bound = |key: &str, exclusive: &str, step: f64| {
        let of = |key: &str| schema.get(key).and_then(Value::as_f64);
        match schema.get(exclusive) {
            // A boolean in OpenAPI 3.0, the bound itself in 3.1.
            Some(Value::Bool(true)) => of(key).map(|bound| bound + step),
            Some(Value::Number(bound)) => bound.as_f64().map(|bound| bound + step),
            _ => of(key),
        }
    };
    (bound("minimum", "exclusiveMinimum", step), bound("maximum", "exclusiveMaximum", -step))
}

fn within(schema: &Value, step: f64, usual: f64) -> f64 {
    let (least, most) = bounds(schema, step);
    let multiple = schema.get("multipleOf").and_then(Value::as_f64).filter(|of| *of > 0.0);
    let value = match (least, most) {
        (Some(least), _) if usual < least => least,
        (_, Some(most)) if usual > most => most,
        _ => usual,
    };
    multiple.map_or(value, |of| (value / of).ceil() * of)
}

#[expect(clippy::cast_possible_truncation, reason = "beyond i64 the nearest is as good")]
fn integer(schema: &Value) -> Number {
    Number::from(within(schema, 1.0, 1.0).ceil() as i64)
}

fn number(schema: &Value) -> Number {
    let value = within(schema, 0.5, 1.5);
    Number::from_f64(value).unwrap_or_else(|| Number::from(1))
}
