//! Results of templates as Nuclei writes them, one JSON object a line, in both directions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::error::FormatError;
use super::error::parse;
use crate::model::InteractionRecord;
use crate::model::Severity;
use crate::model::Target;
use crate::model::TemplateClass;
use crate::model::TemplateResult;

/// One result, with Nuclei's names.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
#[schemars(rename = "NucleiResult")]
pub(super) struct NucleiLineDto {
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
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
    /// Always true: only results are written.
    matcher_status: bool,
}

/// What the template says about itself.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default)]
#[schemars(rename = "NucleiInfo")]
struct InfoDto {
    name: String,
    author: Vec<String>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    impact: String,
    /// Null where there is none.
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
    cve_id: Option<Vec<String>>,
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

/// Whether bytes begin like Nuclei's results rather than like anything of ours.
pub fn is_results(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let Some(Ok(Value::Object(line))) = first.map(serde_json::from_slice) else { return false };
    line.contains_key("template-id") && line.contains_key("info")
}

/// Nuclei's results, one a line.
///
/// # Errors
/// The first line that is none.
pub fn read(bytes: &[u8]) -> Result<Vec<TemplateResult>, FormatError> {
    let mut results = Vec::new();
    for (index, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if !text.trim_ascii().is_empty() {
            let dto: NucleiLineDto = parse(text, index)?;
            results.push(dto.into());
        }
    }
    Ok(results)
}

impl From<&TemplateResult> for NucleiLineDto {
    fn from(result: &TemplateResult) -> Self {
        let template = &result.template;
        let target = Target::parse(&result.target).ok();
        let path = target.map(|target| target.path_and_query).unwrap_or_default();
        Self {
            template: template.path.clone(),
            template_id: template.id.clone(),
            template_path: template.path.clone(),
            info: template.into(),
            matcher_name: result.matcher_name.clone(),
            extractor_name: result.extractor_name.clone(),
            r#type: "http".to_owned(),
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
        }
    }
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
                cve_ids: classification.cve_id.unwrap_or_default(),
                cwe_ids: classification.cwe_id.unwrap_or_default(),
                cvss_metrics: classification.cvss_metrics,
                cvss_score: classification.cvss_score,
                epss_score: classification.epss_score,
                epss_percentile: classification.epss_percentile,
                cpe: classification.cpe,
            },
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

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"template":"http/a.yaml","template-id":"a-panel","template-path":"/t/http/a.yaml","info":{"name":"A panel","author":["ann"],"tags":["panel"],"reference":null,"severity":"info","metadata":{"max-request":2,"verified":true,"vendor":"x"},"classification":{"cve-id":null,"cwe-id":["cwe-200"],"cvss-score":5.3}},"matcher-name":"v2","type":"http","host":"127.0.0.1","port":"8080","scheme":"http","url":"http://127.0.0.1:8080/app","path":"/app","matched-at":"http://127.0.0.1:8080/app/a","extracted-results":["1.2"],"meta":{"user":"admin"},"request":"GET","response":"HTTP","ip":"127.0.0.1","timestamp":"2031-02-03T04:05:06.789Z","curl-command":"curl x","matcher-status":true}"#;

    #[test]
    fn a_line_comes_back_as_it_was() {
        let results = read(LINE.as_bytes()).expect("a line");
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
    fn what_is_no_line_is_named_by_its_number() {
        let text = format!("{LINE}\n\n{{\"template-id\": 7}}\n");
        let error = read(text.as_bytes()).expect_err("a number is no id");
        assert!(error.to_string().contains('3'), "{error}");
    }
}
