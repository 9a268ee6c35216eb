//! Rules that judge an exchange which has happened anyway.

use crate::model::Confidence;
use crate::model::Match;
use crate::model::RuleMeta;

use super::dsl::Value;
use super::example::Example;
use super::extractor::{Extracted, Extractor};
use super::item::{Item, SetCookie};
use super::matcher::{Held, Matcher};
use super::schema::Condition;
use super::view::{Anchor, Part, ResponseView};

/// One response is judged for at most this many items of `for-each`.
const MAX_ITEMS: usize = 100;

/// Labels and extracted texts are cut to this many characters.
const MAX_TEXT: usize = 200;

/// What counts as the same finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OncePer {
    /// A whole origin has the flaw or has not: server banners.
    Origin,
    /// Method and path shape, the default.
    Path,
    /// Every response counts for itself.
    Response,
}

/// A passive rule, compiled.
#[derive(Debug)]
pub struct PassiveRule {
    pub(super) meta: RuleMeta,
    pub(super) once_per: OncePer,
    pub(super) confidence: Confidence,
    pub(super) blocks: Vec<Block>,
    pub(super) examples: Vec<Example>,
}

/// What a rule saw in one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassiveMatch {
    /// Where to look in [`crate::model::Response::to_wire`]; `None` when what is missing is the
    /// point.
    pub highlight: Option<Match>,
    /// What the match is about within the response (a cookie's name); part of what makes two
    /// findings different.
    pub item: Option<String>,
    /// What the rule took out of the response, without duplicates.
    pub extracted: Vec<String>,
    /// Which of several named matchers it was.
    pub matcher_name: Option<String>,
}

impl PassiveRule {
    /// What the rule says about itself.
    pub fn meta(&self) -> &RuleMeta {
        &self.meta
    }

    /// What counts as the same finding, besides rule, item and matcher name.
    pub fn once_per(&self) -> OncePer {
        self.once_per
    }

    /// How sure a match is.
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// Responses that the rule must or must not match.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// Everything the rule sees in one exchange. Pure; linear in the response's size but for HTML
    /// parsing, which is bounded.
    pub fn evaluate(&self, view: &ResponseView<'_>) -> Vec<PassiveMatch> {
        self.blocks.iter().flat_map(|block| block.evaluate(view)).collect()
    }
}

/// One entry of `passive`.
#[derive(Debug)]
pub(super) struct Block {
    /// Lower snake case.
    pub(super) for_each: Option<String>,
    pub(super) condition: Condition,
    pub(super) matchers: Vec<Matcher>,
    pub(super) extractors: Vec<Extractor>,
}

/// What parts and names mean while a block is judged.
#[derive(Debug)]
pub(super) struct Scope<'s> {
    pub(super) view: &'s ResponseView<'s>,
    item: Option<&'s Item<'s>>,
    named: Vec<(&'s str, Vec<Vec<u8>>)>,
}

impl Scope<'_> {
    pub(super) fn part(&self, name: &str) -> Option<Part<'_>> {
        match self.item {
            Some(item) if name == "item" => {
                let anchor = Anchor::Value(item.offset);
                Some(Part { bytes: item.value.into(), anchor })
            }
            _ => match self.local(name) {
                Some(value) => Some(Part { bytes: value.into_text(), anchor: Anchor::Nowhere }),
                None => self.view.part(name),
            },
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<Value<'_>> {
        self.local(name).or_else(|| self.view.variable(name))
    }

    fn local(&self, name: &str) -> Option<Value<'_>> {
        if let Some(value) = self.item.and_then(|item| item.variable(name)) {
            return Some(value);
        }
        let (_, values) = self.named.iter().find(|(known, _)| *known == name)?;
        match values.as_slice() {
            [one] => Some(Value::bytes(one)),
            many => Some(Value::List(many.iter().map(|value| Value::bytes(value)).collect())),
        }
    }
}

impl Block {
    fn evaluate(&self, view: &ResponseView<'_>) -> Vec<PassiveMatch> {
        let Some(name) = &self.for_each else { return self.judge(view, None) };
        let mut found = Vec::new();
        for (offset, header) in view.header_values(name).take(MAX_ITEMS) {
            let cookie = (name == "set_cookie").then(|| SetCookie::of(&header.value));
            let item = Item { value: &header.value, offset, cookie };
            found.extend(self.judge(view, Some(&item)));
        }
        found
    }

    fn judge(&self, view: &ResponseView<'_>, item: Option<&Item<'_>>) -> Vec<PassiveMatch> {
        let mut scope = Scope { view, item, named: Vec::new() };
        for extractor in &self.extractors {
            if let Some(name) = &extractor.name {
                let values = extractor.extract(&scope).values;
                if !values.is_empty() {
                    scope.named.push((name, values));
                }
            }
        }
        let Some(held) = self.held(&scope) else { return Vec::new() };
        let extracted = self.extracted(&scope);
        if self.matchers.is_empty() && extracted.values.is_empty() {
            return Vec::new();
        }
        self.matches(&held, &extracted, item)
    }

    /// The matchers that hold, if they hold together.
    fn held(&self, scope: &Scope<'_>) -> Option<Vec<(&Matcher, Held)>> {
        let mut all = Vec::new();
        for matcher in &self.matchers {
            match matcher.check(scope) {
                Some(held) => all.push((matcher, held)),
                None if self.condition == Condition::And => return None,
                None => {}
            }
        }
        (self.matchers.is_empty() || !all.is_empty()).then_some(all)
    }

    fn extracted(&self, scope: &Scope<'_>) -> Extracted {
        let mut all = Extracted::default();
        for extractor in self.extractors.iter().filter(|extractor| !extractor.internal) {
            let found = extractor.extract(scope);
            all.first = all.first.or(found.first);
            for value in found.values {
                if !all.values.contains(&value) {
                    all.values.push(value);
                }
            }
        }
        all
    }

    /// One result per name under `or`, else one.
    fn matches(
        &self,
        held: &[(&Matcher, Held)],
        extracted: &Extracted,
        item: Option<&Item<'_>>,
    ) -> Vec<PassiveMatch> {
        let result = |highlight: Option<Match>, name: Option<&String>| PassiveMatch {
            highlight: highlight.or(extracted.first),
            item: item.map(|item| short(item.label().as_bytes())),
            extracted: extracted.values.iter().map(|value| short(value)).collect(),
            matcher_name: name.cloned(),
        };
        let mut results: Vec<PassiveMatch> = Vec::new();
        if self.condition == Condition::Or {
            for (matcher, held) in held.iter().filter(|(matcher, _)| !matcher.internal) {
                let is_new = results.iter().all(|known| known.matcher_name != matcher.name);
                if matcher.name.is_some() && is_new {
                    results.push(result(held.highlight, matcher.name.as_ref()));
                }
            }
        }
        if results.is_empty() {
            let highlight = held.iter().find_map(|(_, held)| held.highlight);
            results.push(result(highlight, None));
        }
        results
    }
}

fn short(value: &[u8]) -> String {
    String::from_utf8_lossy(value).chars().take(MAX_TEXT).collect()
}
