//! The site model as an OpenAPI 3.1 description: what a crawl found, for every tool that reads one.
//!
//! Types are what the examples look like, no more; nothing is called required that one example
//! could have had by chance.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use crate::model::InsertionKind;
use crate::model::Report;
use crate::model::SiteNode;
use crate::model::inert;

/// Longer text is no example.
const EXAMPLE: usize = 500;

#[derive(Serialize)]
struct Document {
    #[serde(rename = "openapi")]
    version: &'static str,
    info: Info,
    servers: Vec<Server>,
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Serialize)]
struct Info {
    title: String,
    description: String,
    version: String,
}

#[derive(Serialize)]
struct Server {
    url: String,
}

#[derive(Serialize)]
struct Operation {
    summary: String,
    #[serde(rename = "operationId")]
    id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    #[serde(rename = "requestBody", skip_serializing_if = "Option::is_none")]
    request_body: Option<Value>,
    responses: BTreeMap<String, Value>,
    #[serde(rename = "x-shakedown")]
    found: Found,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    required: bool,
    schema: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Value>,
}

/// What the crawl knows of it beside its interface.
#[derive(Serialize)]
struct Found {
    reached: bool,
    links: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    how: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<String>,
}

/// The file, as YAML.
pub(super) fn openapi(report: &Report) -> String {
    let origin = report.run.as_ref().and_then(|run| Url::parse(&run.target).ok());
    let server = origin.as_ref().map(|url| url.origin().ascii_serialization());
    let document = Document {
        version: "3.1.0",
        info: Info {
            title: server.clone().unwrap_or_else(|| "crawl".to_owned()),
            description: "What a crawl has found: paths, parameters and examples as seen, not as \
                          promised."
                .to_owned(),
            version: "1".to_owned(),
        },
        servers: server.iter().map(|url| Server { url: url.clone() }).collect(),
        paths: paths(&report.site, server.as_deref()),
    };
    serde_saphyr::to_string(&document).expect("every key is a string")
}

/// Operations by path and method; nodes that differ in their parameters alone are one.
fn paths(site: &[SiteNode], server: Option<&str>) -> BTreeMap<String, BTreeMap<String, Operation>> {
    let mut paths: BTreeMap<String, BTreeMap<String, Operation>> = BTreeMap::new();
    for node in site {
        let Ok(url) = Url::parse(&node.example.url) else { continue };
        // A description is of one server.
        if server.is_some_and(|server| url.origin().ascii_serialization() != server) {
            continue;
        }
        let (path, names) = named(&node.path_template);
        let method = node.method.to_ascii_lowercase();
        let operations = paths.entry(path.clone()).or_default();
        if let Some(known) = operations.get_mut(&method) {
            known.take(node, &url);
        } else {
            let operation = Operation::of(node, &url, &path, &names);
            operations.insert(method, operation);
        }
    }
    paths
}

/// The template with a name of its own for each of its holes, and these names with the index of
/// their segment.
fn named(template: &str) -> (String, Vec<(usize, String)>) {
    let mut names: Vec<(usize, String)> = Vec::new();
    let mut segments = Vec::new();
    for (index, segment) in template.split('/').enumerate() {
        let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            segments.push(segment.to_owned());
            continue;
        };
        let first = if name.is_empty() { "id" } else { name };
        let mut name = first.to_owned();
        let mut number = 2;
        while names.iter().any(|(_, known)| *known == name) {
            name = format!("{first}{number}");
            number += 1;
        }
        segments.push(format!("{{{name}}}"));
        names.push((index, name));
    }
    (segments.join("/"), names)
}

impl Operation {
    fn of(node: &SiteNode, url: &Url, path: &str, names: &[(usize, String)]) -> Self {
        let segments: Vec<&str> = url.path().split('/').collect();
        let parameters = names.iter().map(|(index, name)| {
            let value = segments.get(*index).copied().unwrap_or_default();
            Parameter::new(name, "path", value)
        });
        let mut operation = Self {
            summary: inert(&format!("{} {}", node.method, node.path_template), 200),
            id: operation_id(&node.method, path),
            parameters: parameters.collect(),
            request_body: None,
            responses: BTreeMap::new(),
            found: Found {
                reached: node.reached,
                links: 0,
                on: node.found_on.clone(),
                how: node.found_as.clone(),
                skipped: node.skipped.clone(),
            },
        };
        operation.take(node, url);
        operation
    }

    /// Adds what another example of it shows.
    fn take(&mut self, node: &SiteNode, url: &Url) {
        self.found.links += node.links;
        self.found.reached |= node.reached;
        if self.found.reached {
            self.found.skipped = None;
        }
        for (name, value) in url.query_pairs() {
            if !self.parameters.iter().any(|known| known.place == "query" && known.name == name) {
                self.parameters.push(Parameter::new(&name, "query", &value));
            }
        }
        let headers = node.parameters.iter().filter(|one| one.kind == InsertionKind::Header);
        for parameter in headers {
            let value = node.example.header(&parameter.name).unwrap_or_default();
            self.parameters.push(Parameter::new(&parameter.name, "header", value));
        }
        if self.request_body.is_none() {
            self.request_body = body(node);
        }
        if let Some(answer) = &node.answer {
            let content = (!answer.media_type.is_empty())
                .then(|| json!({ inert(&answer.media_type, 100): {} }));
            let mut said = Map::new();
            said.insert("description".to_owned(), "seen by the crawl".into());
            said.extend(content.map(|content| ("content".to_owned(), content)));
            self.responses.entry(answer.status.to_string()).or_insert(Value::Object(said));
        }
        if self.responses.is_empty() {
            let text = "not asked for by the crawl";
            self.responses.insert("default".to_owned(), json!({ "description": text }));
        } else if self.responses.len() > 1 {
            self.responses.remove("default");
        }
    }
}

impl Parameter {
    fn new(name: &str, place: &'static str, value: &str) -> Self {
        let example = (!value.is_empty()).then(|| typed(value));
        Self {
            name: name.to_owned(),
            place,
            required: place == "path",
            schema: schema_of(example.as_ref().unwrap_or(&Value::Null)),
            example,
        }
    }
}

fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    let method = method.to_ascii_lowercase();
    if words.is_empty() {
        format!("{method}_root")
    } else {
        format!("{method}_{}", words.join("_"))
    }
}

/// A value as what it looks like; what does not read back the same stays a text.
fn typed(text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let is_plain = matches!(value, Value::Bool(_) | Value::Number(_));
    if is_plain && value.to_string().as_str() == text { value } else { inert(text, EXAMPLE).into() }
}

/// What a value is, in JSON Schema's words.
fn schema_of(value: &Value) -> Value {
    match value {
        Value::Null | Value::String(_) => json!({ "type": "string" }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::Array(items) => {
            json!({ "type": "array", "items": schema_of(items.first().unwrap_or(&Value::Null)) })
        }
        Value::Object(entries) => {
            let properties: Map<String, Value> =
                entries.iter().map(|(name, value)| (name.clone(), schema_of(value))).collect();
            json!({ "type": "object", "properties": properties })
        }
    }
}

/// The body of the example, as its media type says.
fn body(node: &SiteNode) -> Option<Value> {
    if node.example.body.is_empty() {
        return None;
    }
    let media_type = node.example.header("content-type").unwrap_or_default();
    let plain = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let value = if plain == "application/x-www-form-urlencoded" {
        let pairs = url::form_urlencoded::parse(&node.example.body);
        Value::Object(pairs.map(|(name, value)| (name.into_owned(), typed(&value))).collect())
    } else if plain == "application/json" || plain.ends_with("+json") {
        serde_json::from_slice(&node.example.body).ok()?
    } else {
        let names = node.parameters.iter().filter(|one| one.kind == InsertionKind::Form);
        let fields: Map<String, Value> =
            names.map(|one| (one.name.clone(), json!({ "type": "string" }))).collect();
        let schema = json!({ "type": "object", "properties": fields });
        let plain = if plain.is_empty() { "application/octet-stream".to_owned() } else { plain };
        return Some(json!({ "content": { plain: { "schema": schema } } }));
    };
    Some(json!({ "content": { plain: { "schema": schema_of(&value), "example": value } } }))
}
