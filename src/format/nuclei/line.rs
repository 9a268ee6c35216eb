//! One result as Nuclei writes it, as one JSON object.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde_json::Value;

use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::InteractionRecord;
use crate::model::Severity;
use crate::model::Target;
use crate::model::TemplateClass;
use crate::model::TemplateResult;

/// One result, with Nuclei's names.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
#[schemars(rename = "NucleiResult")]
pub(in crate::format) struct NucleiLineDto {
    /// The template's file.
    template: String,
    template_id: String,
    /// The template's file, as it was read.
    template_path: String,
    info: InfoDto,
    #[serde(skip_serializing_if = "Option::is_none")]
    matcher_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extractor_name: Option<String>,
    /// The protocol.
    r#type: String,
    host: String,
    port: String,
    scheme: String,
    /// What the template was run against.
    url: String,
    path: String,
    /// What was asked.
    matched_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "texts")]
    extracted_results: Vec<String>,
    /// Payloads by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    meta: BTreeMap<String, Value>,
    request: String,
    response: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// RFC 3339.
    timestamp: String,
    curl_command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<InteractionDto>,
    /// What an analyzer says of it.
    #[serde(rename = "analyzer_details", skip_serializing_if = "Option::is_none")]
    analyzer_details: Option<String>,
    /// True of results, which are all that this program writes.
    #[serde(default = "yes")]
    matcher_status: bool,
    /// Why there is no result.
    #[serde(skip_serializing_if = "String::is_empty")]
    error: String,
    /// A known request was changed.
    #[serde(rename = "is_fuzzing_result", skip_serializing_if = "std::ops::Not::not")]
    is_fuzzing: bool,
    /// Of the changed request.
    #[serde(rename = "fuzzing_method", skip_serializing_if = "String::is_empty")]
    fuzzing_method: String,
    /// The name of what was changed.
    #[serde(rename = "fuzzing_parameter", skip_serializing_if = "String::is_empty")]
    fuzzing_parameter: String,
    /// What was changed: `query`, `path`, `header`, `cookie`, `body`.
    #[serde(rename = "fuzzing_position", skip_serializing_if = "String::is_empty")]
    fuzzing_position: String,
}

fn yes() -> bool {
    true
}

/// What the template says about itself.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
#[schemars(rename = "NucleiInfo")]
struct InfoDto {
    name: String,
    #[serde(deserialize_with = "texts")]
    author: Vec<String>,
    #[serde(deserialize_with = "texts")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    impact: String,
    /// Null where there is none.
    #[serde(deserialize_with = "optional_texts")]
    reference: Option<Vec<String>>,
    severity: String,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    metadata: serde_json::Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classification: Option<ClassificationDto>,
    #[serde(skip_serializing_if = "String::is_empty")]
    remediation: String,
}

/// Places in public catalogues.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
#[schemars(rename = "NucleiClassification")]
struct ClassificationDto {
    #[serde(deserialize_with = "optional_texts")]
    cve_id: Option<Vec<String>>,
    #[serde(deserialize_with = "optional_texts")]
    cwe_id: Option<Vec<String>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    cvss_metrics: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cvss_score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epss_score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epss_percentile: Option<f64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    cpe: String,
}

/// The call from outside that proves a result.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
#[schemars(rename = "NucleiInteraction")]
struct InteractionDto {
    protocol: String,
    raw_request: String,
    raw_response: String,
    remote_address: String,
}

/// One result as a line, line feed included.
pub fn line(result: &TemplateResult, without_bodies: bool) -> Vec<u8> {
    let mut dto = NucleiLineDto::from(result);
    if without_bodies {
        dto.request = String::new();
        dto.response = String::new();
    }
    let mut bytes = serde_json::to_vec(&dto).expect("texts and numbers only");
    bytes.push(b'\n');
    bytes
}

impl NucleiLineDto {
    /// Whether it tells of a match; with `-matcher-status`, Nuclei writes of the others too.
    pub(super) fn is_match(&self) -> bool {
        self.matcher_status
    }

    /// Whether it says whose result it is.
    pub(super) fn has_id(&self) -> bool {
        !self.template_id.is_empty()
    }

    /// Whether the template could not run.
    pub(super) fn has_failed(&self) -> bool {
        !self.error.is_empty()
    }
}

/// A list, a text with commas, or nothing.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let all = optional_texts(deserializer)?;
    Ok(all.unwrap_or_default())
}

/// The same, where nothing is not the same as none.
fn optional_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a list of texts, a text or null")]
    enum Loose {
        List(Vec<Value>),
        Text(String),
        Nothing(()),
    }
    let trimmed = |text: &str| text.trim().to_owned();
    Ok(match Loose::deserialize(deserializer)? {
        Loose::List(items) => {
            let shown =
                |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            Some(items.iter().map(shown).collect())
        }
        Loose::Text(text) => {
            Some(text.split(',').map(trimmed).filter(|text| !text.is_empty()).collect())
        }
        Loose::Nothing(()) => None,
    })
}

impl From<&TemplateResult> for NucleiLineDto {
    fn from(result: &TemplateResult) -> Self {
        let template = &result.template;
        let target = Target::parse(&result.target).ok();
        let path = target.map(|target| target.path_and_query).unwrap_or_default();
        let point =
            |of: fn(&InsertionRef) -> String| result.point.as_ref().map(of).unwrap_or_default();
        Self {
            template: template.path.clone(),
            template_id: template.id.clone(),
            template_path: template.path.clone(),
            info: template.into(),
            matcher_name: result.matcher_name.clone(),
            extractor_name: result.extractor_name.clone(),
            r#type: result.protocol.clone(),
            host: result.origin.host.clone(),
            port: result.origin.port.to_string(),
            scheme: result.origin.scheme.as_str().to_owned(),
            url: result.target.clone(),
            path: path.split('?').next().unwrap_or_default().to_owned(),
            matched_at: result.matched_at.clone(),
            extracted_results: result.extracted.clone(),
            meta: result
                .payloads
                .iter()
                .map(|(name, value)| (name.clone(), Value::String(value.clone())))
                .collect(),
            request: result.request.clone(),
            response: result.response.clone(),
            ip: result.ip.map(|ip| ip.to_string()),
            timestamp: timestamp(result.unix_ms),
            curl_command: result.curl.clone(),
            analyzer_details: result.analysis.clone(),
            interaction: result.interaction.as_ref().map(|call| InteractionDto {
                protocol: call.protocol.clone(),
                raw_request: call.request.clone(),
                raw_response: call.response.clone(),
                remote_address: call.remote.clone(),
            }),
            matcher_status: true,
            error: String::new(),
            is_fuzzing: result.point.is_some(),
            fuzzing_method: result.point.as_ref().map(|_| method_of(result)).unwrap_or_default(),
            fuzzing_parameter: point(|point| point.name.clone()),
            fuzzing_position: point(|point| position_of(point.kind).to_owned()),
        }
    }
}

fn method_of(result: &TemplateResult) -> String {
    result.request.split(' ').next().unwrap_or_default().to_owned()
}

/// Nuclei's word for a kind of place.
fn position_of(kind: InsertionKind) -> &'static str {
    match kind {
        InsertionKind::Form | InsertionKind::Json | InsertionKind::Xml => "body",
        other => other.as_str(),
    }
}

/// The place that Nuclei's words stand for; pointers are names of a JSON body's leaves.
fn point_of(position: &str, name: String) -> Option<InsertionRef> {
    let kind = match position {
        "body" if name.starts_with('/') => InsertionKind::Json,
        "body" => InsertionKind::Form,
        other => InsertionKind::parse(other)?,
    };
    (!name.is_empty()).then_some(InsertionRef { kind, name })
}

fn timestamp(unix_ms: u64) -> String {
    let moment =
        i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.unwrap_or_default().to_string()
}

impl From<&TemplateClass> for InfoDto {
    fn from(template: &TemplateClass) -> Self {
        let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        let classification = ClassificationDto {
            cve_id: some(&template.cve_ids),
            cwe_id: some(&template.cwe_ids),
            cvss_metrics: template.cvss_metrics.clone(),
            cvss_score: template.cvss_score,
            epss_score: template.epss_score,
            epss_percentile: template.epss_percentile,
            cpe: template.cpe.clone(),
        };
        Self {
            name: template.name.clone(),
            author: template.authors.clone(),
            tags: template.tags.clone(),
            description: template.description.clone(),
            impact: template.impact.clone(),
            reference: some(&template.references),
            severity: template.severity.map_or("unknown", Severity::as_str).to_owned(),
            metadata: template
                .metadata
                .iter()
                .map(|(name, value)| (name.clone(), typed(value)))
                .collect(),
            classification: (classification != ClassificationDto::default())
                .then_some(classification),
            remediation: template.remediation.clone(),
        }
    }
}

/// A number or a boolean where the text is exactly what one would be written as.
fn typed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) if same(&value, text) => value,
        _ => Value::String(text.to_owned()),
    }
}

fn same(value: &Value, text: &str) -> bool {
    let written = value.to_string();
    written == text
}

impl From<NucleiLineDto> for TemplateResult {
    fn from(dto: NucleiLineDto) -> Self {
        let severity = Severity::parse(&dto.info.severity);
        let named = format!("{}://{}:{}/", dto.scheme, bracketed(&dto.host), dto.port);
        let places = [named.as_str(), dto.matched_at.as_str(), dto.url.as_str(), dto.host.as_str()];
        let origin = places.iter().find_map(|text| Target::parse(text).ok()).map_or_else(
            || Target::parse("http://unknown.invalid/").expect("a constant").origin,
            |target| target.origin,
        );
        let info = dto.info;
        let classification = info.classification.unwrap_or_default();
        let text = |value: Value| match value {
            Value::String(text) => text,
            Value::Array(items) => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                    .collect();
                items.join(",")
            }
            other => other.to_string(),
        };
        let moment: Option<jiff::Timestamp> = dto.timestamp.parse().ok();
        let unix_ms = moment.map_or(0, jiff::Timestamp::as_millisecond);
        Self {
            template: TemplateClass {
                id: dto.template_id,
                called: None,
                path: if dto.template_path.is_empty() { dto.template } else { dto.template_path },
                name: info.name,
                authors: info.author,
                tags: info.tags,
                description: info.description,
                impact: info.impact,
                remediation: info.remediation,
                references: info.reference.unwrap_or_default(),
                severity,
                metadata: info.metadata.into_iter().map(|(name, v)| (name, text(v))).collect(),
                cve_ids: lower(classification.cve_id),
                cwe_ids: lower(classification.cwe_id),
                cvss_metrics: classification.cvss_metrics,
                cvss_score: classification.cvss_score,
                epss_score: classification.epss_score,
                epss_percentile: classification.epss_percentile,
                cpe: classification.cpe,
            },
            protocol: if dto.r#type.is_empty() { "http".to_owned() } else { dto.r#type },
            point: point_of(&dto.fuzzing_position, dto.fuzzing_parameter),
            target: if dto.url.is_empty() { dto.host } else { dto.url },
            origin,
            matched_at: dto.matched_at,
            matcher_name: dto.matcher_name,
            extractor_name: dto.extractor_name,
            extracted: dto.extracted_results,
            payloads: dto.meta.into_iter().map(|(name, value)| (name, text(value))).collect(),
            ip: dto.ip.and_then(|ip| ip.parse().ok()),
            request: dto.request,
            response: dto.response,
            curl: dto.curl_command,
            unix_ms: u64::try_from(unix_ms).unwrap_or(0),
            analysis: dto.analyzer_details,
            interaction: dto.interaction.map(|call| InteractionRecord {
                protocol: call.protocol,
                request: call.raw_request,
                response: call.raw_response,
                remote: call.remote_address,
            }),
        }
    }
}

fn lower(ids: Option<Vec<String>>) -> Vec<String> {
    ids.unwrap_or_default().iter().map(|id| id.trim().to_lowercase()).collect()
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::read::{is_results, read};
    use super::*;

    const LINE: &str = r#"{"template":"http/a.yaml","template-id":"a-panel","template-path":"/t/http/a.yaml","info":{"name":"A panel","author":["ann"],"tags":["panel"],"reference":null,"severity":"info","metadata":{"max-request":2,"verified":true,"vendor":"x"},"classification":{"cve-id":null,"cwe-id":["cwe-200"],"cvss-score":5.3}},"matcher-name":"v2","type":"http","host":"127.0.0.1","port":"8080","scheme":"http","url":"http://127.0.0.1:8080/app","path":"/app","matched-at":"http://127.0.0.1:8080/app/a","extracted-results":["1.2"],"meta":{"user":"admin"},"request":"GET","response":"HTTP","ip":"127.0.0.1","timestamp":"2031-02-03T04:05:06.789Z","curl-command":"curl x","matcher-status":true}"#;

    #[test]
    fn a_line_comes_back_as_it_was() {
        let results = read(LINE.as_bytes()).expect("a line").results;
        assert_eq!(results.len(), 1);
        let again = line(&results[0], false);
        let wanted: Value = serde_json::from_str(LINE).expect("JSON");
        let mut wanted = wanted;
        // The file stands under both names here.
        wanted["template"] = "/t/http/a.yaml".into();
        assert_eq!(serde_json::from_slice::<Value>(&again).expect("JSON"), wanted);
        assert!(is_results(LINE.as_bytes()) && !is_results(b"{\"v\":1}\n"));
    }

    #[test]
    fn what_is_no_line_is_named_by_its_number_with_a_cure() {
        let text = format!("{LINE}\n\n{{\"template-id\": 7}}\n");
        let error = read(text.as_bytes()).expect_err("a number is no id").to_string();
        assert!(error.contains("line 3") && error.contains("template-id"), "{error}");
        assert!(error.contains("remove it"), "{error}");
    }

    #[test]
    fn an_array_is_the_same_as_lines() {
        let array = format!(" [{LINE},\n{LINE}]");
        assert!(is_results(array.as_bytes()));
        assert!(
            !is_results(b"[]") && !is_results(b"[1]") && !is_results(b"[{\"template-id\": \"x\"}]")
        );
        let lines = read(format!("{LINE}\n{LINE}\n").as_bytes()).expect("lines");
        assert_eq!(read(array.as_bytes()).expect("an array"), lines);
        let error = read(format!("[{LINE},\n{{\"info\": 1}}]").as_bytes()).expect_err("no info");
        let error = error.to_string();
        assert!(error.contains("line 2") && error.contains("[1].info"), "{error}");
    }

    #[test]
    fn a_line_that_was_cut_is_told_and_those_without_a_match_are_no_results() {
        let file = read(format!("{LINE}\n{}", &LINE[..40]).as_bytes()).expect("one line");
        assert_eq!(file.results.len(), 1);
        assert!(file.cut.expect("told").contains("line 2"));
        let quiet = LINE.replace(r#""matcher-status":true"#, r#""matcher-status":false"#);
        let file = read(quiet.as_bytes()).expect("a line");
        assert_eq!((file.results.len(), &*file.quiet[0].id), (0, "a-panel"));
    }

    #[test]
    fn lists_may_be_texts_and_places_have_their_words() {
        let text = LINE
            .replace(r#""author":["ann"]"#, r#""author":"ann, bob""#)
            .replace(r#"["cwe-200"]"#, r#""CWE-200""#)
            .replace(
                r#""matcher-status""#,
                r#""is_fuzzing_result":true,"fuzzing_parameter":"q","fuzzing_position":"query","matcher-status""#,
            );
        let result = read(text.as_bytes()).expect("a line").results.remove(0);
        assert_eq!(result.template.authors, ["ann", "bob"]);
        assert_eq!(result.template.cwe_ids, ["cwe-200"]);
        let point = result.point.expect("a place");
        assert_eq!((point.kind, &*point.name), (InsertionKind::Query, "q"));
    }
}
