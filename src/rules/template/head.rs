//! What selection needs to know of a template, small enough to be kept between runs.

use serde::Deserialize;
use serde::Serialize;

use super::block::Block;
use super::compile::Compiled;
use super::definition::Template;
use super::operators::{Source, Test};
use super::refusal::{Reason, Refusal};
use crate::model::Severity;
use crate::model::TemplateClass;
use crate::rules::dsl::Value;

/// A template in short.
#[expect(clippy::struct_excessive_bools, reason = "each is something to select by")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// Its id; empty for a file that has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// As given on the command line, or below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What it looks for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Lower-case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Lower-case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// `unknown` where it says nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub severity: String,
    /// `http`, `workflow`, or why it is not run.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub protocol: String,
    /// Everything that a condition can name beside these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(String, String)>,
    /// See [`TemplateClass`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cve_ids: Vec<String>,
    /// See [`TemplateClass`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwe_ids: Vec<String>,
    /// See [`TemplateClass`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cvss_metrics: String,
    /// See [`TemplateClass`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss_score: Option<f64>,
    /// See [`TemplateClass`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss_score: Option<f64>,
    /// See [`TemplateClass`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss_percentile: Option<f64>,
    /// See [`TemplateClass`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cpe: String,
    /// Methods of its requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Types of its matchers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matcher_types: Vec<String>,
    /// Types of its extractors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extractor_types: Vec<String>,
    /// Requests that it sends at most.
    #[serde(skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// Its requests go to others than the target.
    #[serde(skip_serializing_if = "is_false")]
    pub self_contained: bool,
    /// It changes requests that are known already.
    #[serde(skip_serializing_if = "is_false")]
    pub fuzzing: bool,
    /// It waits for calls from outside.
    #[serde(skip_serializing_if = "is_false")]
    pub callbacks: bool,
    /// It only looks at the answers to other templates' requests.
    #[serde(skip_serializing_if = "is_false")]
    pub global: bool,
    /// Why it is not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<(Reason, u64, u64, String)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Head {
    /// Of what a file turned out to be.
    pub(super) fn of(compiled: &Result<Compiled, Vec<Refusal>>, path: &str) -> Self {
        match compiled {
            Ok(Compiled::Template(template)) => Self::of_template(template),
            Ok(Compiled::Workflow(workflow)) => {
                Self { protocol: "workflow".to_owned(), ..Self::of_info(&workflow.info) }
            }
            Err(refusals) => Self {
                id: refusals.iter().find_map(|refusal| refusal.id.clone()).unwrap_or_default(),
                path: path.to_owned(),
                severity: "unknown".to_owned(),
                protocol: refusals.first().map_or("", |first| first.reason.code()).to_owned(),
                refusals: refusals
                    .iter()
                    .map(|r| (r.reason, r.line, r.column, r.message.clone()))
                    .collect(),
                ..Self::default()
            },
        }
    }

    /// The refusals that it stands for.
    pub(super) fn refusals(&self) -> impl Iterator<Item = Refusal> + '_ {
        self.refusals.iter().map(|(reason, line, column, message)| Refusal {
            path: self.path.clone(),
            id: Some(self.id.clone()).filter(|id| !id.is_empty()),
            line: *line,
            column: *column,
            reason: *reason,
            message: message.clone(),
        })
    }

    fn of_info(info: &TemplateClass) -> Self {
        Self {
            id: info.id.clone(),
            path: info.path.clone(),
            name: info.name.clone(),
            description: info.description.clone(),
            tags: info.tags.clone(),
            authors: info.authors.clone(),
            severity: info.severity.map_or("unknown", Severity::as_str).to_owned(),
            metadata: info.metadata.clone(),
            cve_ids: info.cve_ids.clone(),
            cwe_ids: info.cwe_ids.clone(),
            cvss_metrics: info.cvss_metrics.clone(),
            cvss_score: info.cvss_score,
            epss_score: info.epss_score,
            epss_percentile: info.epss_percentile,
            cpe: info.cpe.clone(),
            ..Self::default()
        }
    }

    fn of_template(template: &Template) -> Self {
        let blocks = &template.blocks;
        let mut methods: Vec<String> = blocks.iter().flat_map(Block::methods).collect();
        methods.dedup();
        Self {
            protocol: "http".to_owned(),
            methods,
            matcher_types: unique(blocks.iter().flat_map(|block| {
                block.operators.matchers.iter().map(|matcher| matcher_type(&matcher.test))
            })),
            extractor_types: unique(blocks.iter().flat_map(|block| {
                block.operators.extractors.iter().map(|extractor| extractor_type(&extractor.source))
            })),
            requests: template.request_total(),
            self_contained: template.self_contained,
            fuzzing: template.is_fuzzing(),
            callbacks: template.uses_callbacks(),
            global: template.is_global(),
            ..Self::of_info(&template.info)
        }
    }

    /// The value of a name in a condition.
    pub(super) fn fact(&self, name: &str) -> Option<Value<'_>> {
        let list = |items: &[String]| {
            Some(Value::List(
                items.iter().map(|item| Value::owned(item.clone().into_bytes())).collect(),
            ))
        };
        match name {
            "id" => Some(Value::text(&self.id)),
            "name" => Some(Value::text(&self.name)),
            "description" => Some(Value::text(&self.description)),
            "tags" => list(&self.tags),
            "authors" => list(&self.authors),
            "severity" => Some(Value::text(&self.severity)),
            "protocol" => Some(Value::text(&self.protocol)),
            "cvss_metrics" => Some(Value::text(&self.cvss_metrics)),
            "cvss_score" => Some(Value::Number(self.cvss_score.unwrap_or(0.0))),
            "epss_score" => Some(Value::Number(self.epss_score.unwrap_or(0.0))),
            "epss_percentile" => Some(Value::Number(self.epss_percentile.unwrap_or(0.0))),
            "cve_id" => list(&self.cve_ids),
            "cwe_id" => list(&self.cwe_ids),
            "cpe" => Some(Value::text(&self.cpe)),
            "http_method" => list(&self.methods),
            "matcher_type" => list(&self.matcher_types),
            "extractor_type" => list(&self.extractor_types),
            _ => {
                let same = |key: &str| key.replace('-', "_") == name;
                let (_, value) = self.metadata.iter().find(|(key, _)| same(key))?;
                Some(match value.parse::<f64>() {
                    Ok(number) => Value::Number(number),
                    Err(_) if value == "true" => Value::Bool(true),
                    Err(_) if value == "false" => Value::Bool(false),
                    Err(_) => Value::text(value),
                })
            }
        }
    }
}

fn unique(words: impl Iterator<Item = &'static str>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in words {
        if !all.iter().any(|known| known == word) {
            all.push(word.to_owned());
        }
    }
    all
}

fn matcher_type(test: &Test) -> &'static str {
    match test {
        Test::Words(_) => "word",
        Test::Status(_) => "status",
        Test::Size(_) => "size",
        Test::Regex(_) => "regex",
        Test::Binary(_) => "binary",
        Test::Dsl(_) => "dsl",
        Test::XPath(_) => "xpath",
    }
}

fn extractor_type(source: &Source) -> &'static str {
    match source {
        Source::Regex { .. } => "regex",
        Source::Kval(_) => "kval",
        Source::Json(_) => "json",
        Source::XPath { .. } => "xpath",
        Source::Dsl(_) => "dsl",
    }
}
