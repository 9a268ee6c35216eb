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
use crate::model::Target;
use crate::model::TemplateClass;
use crate::rules::dsl::{Environment, ParseError, Text};
use crate::rules::example::Example;
use crate::rules::passive::OncePer;

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
    pub info: TemplateClass,
    /// Its entries of `http`.
    pub blocks: Vec<Block>,
    /// Which of them run; `None` is all in their order.
    pub flow: Option<Flow>,
    /// Ends with the first match.
    pub stop_at_first_match: bool,
    /// Its requests go to others than the target.
    pub self_contained: bool,
    /// Of the file's text: another one is another template.
    pub digest: u64,
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

    /// Whether all it asks for is the page that the target's own address names, so that one answer
    /// serves all such templates.
    pub fn asks_for_the_page_alone(&self) -> bool {
        !self.blocks.is_empty() && self.blocks.iter().all(Block::asks_for_the_page_alone)
    }

    /// The names of its matchers.
    pub fn matcher_names(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().flat_map(Block::matcher_names)
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
        let misused = expressions.filter_map(|line| line.misuse());
        let in_texts = blocks().flat_map(Block::texts).chain(self.variables.texts());
        let in_texts = in_texts.flat_map(Text::problems);
        // What is refused is right, and only not done here.
        let reason = |error: &ParseError| {
            if error.is_refusal { Reason::UnsupportedFunction } else { Reason::BadExpression }
        };
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
            .chain(misused.chain(in_texts).map(|error| fault(reason(error), error.to_string())))
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
            let event = Event::new(Some(exchange), None, &bindings, &history, &[]);
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
    pub info: TemplateClass,
    /// Its steps.
    pub steps: Vec<Step>,
}
