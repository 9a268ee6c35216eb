//! A template, compiled.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::address::Address;
use super::bindings::{Bindings, Variables};
use super::block::Block;
use super::event::Event;
use super::flow::Flow;
use super::fuzz::Fuzzing;
use super::loose::Loose;
use super::refusal::{Reason, Refusal};
use crate::model::Exchange;
use crate::model::Owasp;
use crate::model::RuleMeta;
use crate::model::Severity;
use crate::model::Target;
use crate::rules::dsl::{Environment, Text};
use crate::rules::example::Example;
use crate::rules::passive::OncePer;

/// What a template says about itself.
#[derive(Debug, Clone)]
pub struct TemplateInfo {
    /// Its id.
    pub id: String,
    /// As given on the command line, or below it.
    pub path: String,
    /// What it looks for.
    pub name: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// For selection.
    pub tags: Vec<String>,
    /// `None` where the template says `unknown`, or nothing.
    pub severity: Option<Severity>,
    /// Why it matters.
    pub description: String,
    /// What comes of it.
    pub impact: String,
    /// What to do.
    pub remediation: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// Lower-case.
    pub cve_ids: Vec<String>,
    /// Lower-case, `cwe-79`.
    pub cwe_ids: Vec<String>,
    /// The CVSS vector.
    pub cvss_metrics: String,
    /// The CVSS score.
    pub cvss_score: Option<f64>,
    /// The probability of exploitation, by EPSS.
    pub epss_score: Option<f64>,
    /// Its place among all, by EPSS.
    pub epss_percentile: Option<f64>,
    /// The product's name in the dictionary of products.
    pub cpe: String,
    /// All else, in the order of the file.
    pub metadata: Vec<(String, String)>,
}

impl TemplateInfo {
    /// The severity's word: `unknown` where there is none.
    pub fn severity_word(&self) -> &'static str {
        self.severity.map_or("unknown", Severity::as_str)
    }

    /// Whether a match is a hint rather than a fact, which rules of our own say among their metadata.
    pub fn is_tentative(&self) -> bool {
        self.metadata.iter().any(|(name, value)| name == "confidence" && value == "tentative")
    }

    /// Places in a catalogue, which rules of our own name among their metadata.
    fn places(&self, key: &str) -> Vec<Owasp> {
        let value = self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let names = value.map(String::as_str).unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(|name| Owasp(name.to_owned())).collect()
    }

    /// The same as rules of our own say it. An unknown severity counts as information.
    pub fn meta(&self) -> RuleMeta {
        let number = |text: &String| text.strip_prefix("cwe-").and_then(|id| id.parse().ok());
        let fix = if self.remediation.is_empty() {
            "See the references of the template.".to_owned()
        } else {
            self.remediation.clone()
        };
        let parts = [self.description.trim(), self.impact.trim()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let why = parts.join(" ");
        let has_vector = crate::model::cvss_base_score(&self.cvss_metrics).is_ok();
        RuleMeta {
            id: self.id.clone(),
            title: self.name.clone(),
            severity: self.severity.unwrap_or(Severity::Info),
            cwe: self.cwe_ids.iter().filter_map(number).collect(),
            owasp: self.places("owasp"),
            api: self.places("owasp-api"),
            cvss: has_vector.then(|| self.cvss_metrics.clone()),
            why: if why.is_empty() { self.name.clone() } else { why },
            fix,
            references: self.references.clone(),
            tags: self.tags.clone(),
        }
    }
}

pub(super) fn metadata(pairs: Vec<(String, Loose)>) -> Vec<(String, String)> {
    let known = |value: &Loose| !matches!(value, Loose::Other);
    pairs
        .into_iter()
        .filter(|(_, value)| known(value))
        .map(|(name, value)| {
            let text = match &value {
                Loose::List(items) => items.join(","),
                other => other.text(),
            };
            (name, text)
        })
        .collect()
}

/// A template that sends requests.
#[derive(Debug)]
pub struct Template {
    /// What it says about itself.
    pub info: TemplateInfo,
    /// Its entries of `http`.
    pub blocks: Vec<Block>,
    /// Which of them run; `None` is all in their order.
    pub flow: Option<Flow>,
    /// Ends with the first match.
    pub stop_at_first_match: bool,
    /// Its requests go to others than the target.
    pub self_contained: bool,
    pub(super) variables: Variables,
    pub(super) constants: Bindings,
    pub(super) examples: Vec<Example>,
    pub(super) once_per: OncePer,
}

impl Template {
    /// Requests that it sends at most, redirects not counted.
    pub fn request_total(&self) -> u64 {
        self.blocks.iter().map(Block::request_total).fold(0, u64::saturating_add)
    }

    /// Whether it waits for calls from outside: names an address for them, or asks about them.
    pub fn uses_callbacks(&self) -> bool {
        let mut texts = self.blocks.iter().flat_map(Block::texts).chain(self.variables.texts());
        texts.any(|text| text.source().contains("interactsh-url"))
            || self.blocks.iter().any(|block| {
                block.asks_for_callbacks()
                    || block.fuzzing.as_ref().is_some_and(Fuzzing::uses_callbacks)
            })
    }

    /// Whether it does nothing but change requests that are known already.
    pub fn is_only_fuzzing(&self) -> bool {
        !self.blocks.is_empty() && self.blocks.iter().all(|block| block.fuzzing.is_some())
    }

    /// Templates that ask alike have equal keys.
    pub fn sort_key(&self) -> (usize, String) {
        let count = self.blocks.iter().map(Block::request_count).sum::<usize>();
        let first = self.blocks.first().and_then(Block::first_text).unwrap_or_default();
        (count.min(2), first.to_owned())
    }

    /// Whether it changes requests that are known already.
    pub fn is_fuzzing(&self) -> bool {
        self.blocks.iter().any(|block| block.fuzzing.is_some())
    }

    /// Whether it looks at the answers to all templates' requests.
    pub fn is_global(&self) -> bool {
        self.blocks.iter().any(|block| block.global_matchers)
    }

    /// What loads and cannot work: a pattern that is too large, a function with the wrong arguments, an
    /// expression in a text that is none.
    pub fn faults(&self) -> Vec<Refusal> {
        let blocks = || self.blocks.iter();
        let patterns = blocks().flat_map(|block| block.operators.patterns());
        let patterns = patterns.filter_map(|pattern| pattern.force().err());
        let expressions = blocks().flat_map(|block| block.operators.expressions());
        let misused = expressions.filter_map(|line| line.misuse().map(ToString::to_string));
        let in_texts = blocks().flat_map(Block::texts).flat_map(Text::problems);
        let fault = |reason: Reason, message: String| Refusal {
            path: self.info.path.clone(),
            id: Some(self.info.id.clone()),
            line: 0,
            column: 0,
            reason,
            message,
        };
        let missing = self.flow.iter().filter_map(Flow::missing);
        let missing =
            missing.map(|name| format!("`flow` names the block `{name}`, which is not there"));
        patterns
            .map(|message| fault(Reason::BadRegex, message))
            .chain(missing.map(|message| fault(Reason::Invalid, message)))
            .chain(misused.map(|message| fault(Reason::BadExpression, message)))
            .chain(in_texts.map(|error| fault(Reason::BadExpression, error.to_string())))
            .collect()
    }

    /// Whether it would report an answer, whatever it was an answer to.
    pub fn matches(&self, exchange: &Exchange) -> bool {
        let mut bindings = self.constants.clone();
        let target = Target {
            origin: exchange.request.origin.clone(),
            path_and_query: exchange.request.path_and_query_text().into_owned(),
        };
        bindings.extend(&Address::of(&target).bindings(false));
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let mut environment = Environment::new(&mut random, 0);
        self.blocks.iter().any(|block| {
            let history = vec![Some(exchange); block.request_count()];
            let event = Event::new(Some(exchange), &bindings, &history, &[]);
            event.judge(block, &mut environment).reports
        })
    }

    /// What counts as the same finding.
    pub fn once_per(&self) -> OncePer {
        self.once_per
    }

    /// Answers that a test runs it against.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }
}

/// One step of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The templates that it runs.
    pub select: StepSelect,
    /// What follows if anything of it matched.
    pub then: Vec<Step>,
    /// What follows if matchers of these names matched.
    pub when: Vec<StepWhen>,
}

/// Which templates a step runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepSelect {
    /// A file or folder below the root.
    Path(String),
    /// Every template with one of these tags.
    Tags(Vec<String>),
}

/// Steps that depend on a matcher's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepWhen {
    /// The names.
    pub names: Vec<String>,
    /// Whether all must have matched, or one.
    pub all: bool,
    /// What follows.
    pub then: Vec<Step>,
}

/// A workflow: templates in an order.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// What it says about itself.
    pub info: TemplateInfo,
    /// Its steps.
    pub steps: Vec<Step>,
}
