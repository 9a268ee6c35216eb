//! Rules that judge an exchange which has happened anyway.

use std::ops::Range;

use crate::extract::CssSelector;
use crate::extract::selects;
use crate::model::Confidence;
use crate::model::Match;
use crate::model::RuleMeta;

use super::dsl::Value;
use super::example::Example;
use super::extractor::{Extracted, Extractor};
use super::item::Item;
use super::matcher::{Held, Matcher};
use super::prefilter::{Gate, Hits};
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
    pub(super) ask: Vec<String>,
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

    /// Paths below the target that are asked for so that the rule can judge what comes back; with a
    /// slash before each.
    pub fn ask(&self) -> &[String] {
        &self.ask
    }

    /// Responses that the rule must or must not match.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// Everything the rule sees in one exchange. Pure; linear in the response's size but for HTML
    /// parsing, which is bounded.
    pub fn evaluate(&self, view: &ResponseView<'_>) -> Vec<PassiveMatch> {
        self.evaluate_with(view, None)
    }

    /// The same, faster where it is known what of all that rules ask for is there.
    pub(super) fn evaluate_with(
        &self,
        view: &ResponseView<'_>,
        hits: Option<&Hits>,
    ) -> Vec<PassiveMatch> {
        self.blocks.iter().flat_map(|block| block.evaluate(view, hits)).collect()
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
    /// Places of matchers, the cheapest first.
    order: Vec<usize>,
    /// As many of them, from the first, ask for nothing that extractors find.
    before_extractors: usize,
}

/// What parts and names mean while a block is judged.
#[derive(Debug)]
pub(super) struct Scope<'s> {
    pub(super) view: &'s ResponseView<'s>,
    item: Option<&'s Item<'s>>,
    named: Vec<(&'s str, Vec<Vec<u8>>)>,
    hits: Option<&'s Hits>,
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

    /// Whether each selector selects something in a part; `None` when there is no such part.
    pub(super) fn selects(&self, part: &str, selectors: &[CssSelector]) -> Option<Vec<bool>> {
        let part = self.part(part)?;
        let is_body = part.anchor == Anchor::Body;
        Some(if is_body { self.view.selects(selectors) } else { selects(&part.bytes, selectors) })
    }

    /// False if it is known that what is behind the gate does not hold.
    pub(super) fn may_hold(&self, gate: Option<&Gate>) -> bool {
        self.hits.zip(gate).is_none_or(|(hits, gate)| gate.need.is_met(hits))
    }

    /// Where in a part what is behind the gate can match; `None` for anywhere.
    pub(super) fn windows(
        &self,
        gate: Option<&Gate>,
        part: &Part<'_>,
    ) -> Option<Vec<Range<usize>>> {
        let (hits, gate) = self.hits.zip(gate)?;
        gate.windows(hits, part.anchor, &part.bytes)
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
    pub(super) fn new(
        for_each: Option<String>,
        condition: Condition,
        matchers: Vec<Matcher>,
        extractors: Vec<Extractor>,
    ) -> Self {
        let names = extractors.iter().filter_map(|extractor| extractor.name.as_deref());
        let names: Vec<&str> = names.collect();
        let mut order: Vec<usize> = (0..matchers.len()).collect();
        order.sort_by_key(|index| (matchers[*index].asks_for(&names), matchers[*index].cost()));
        let ahead = order.iter().filter(|index| !matchers[**index].asks_for(&names)).count();
        let before_extractors = if condition == Condition::And { ahead } else { 0 };
        Self { for_each, condition, matchers, extractors, order, before_extractors }
    }

    /// What is known of its matchers' and extractors' expressions.
    pub(super) fn gates_mut(&mut self) -> impl Iterator<Item = &mut Gate> {
        let of_matchers = self.matchers.iter_mut().flat_map(|matcher| &mut matcher.gates);
        of_matchers.chain(self.extractors.iter_mut().flat_map(|extractor| &mut extractor.gates))
    }

    fn evaluate(&self, view: &ResponseView<'_>, hits: Option<&Hits>) -> Vec<PassiveMatch> {
        let Some(name) = &self.for_each else { return self.judge(view, None, hits) };
        let mut found = Vec::new();
        if name == "set_cookie" {
            for (offset, header, cookie) in view.cookies().take(MAX_ITEMS) {
                let item = Item { value: &header.value, offset, cookie: Some(cookie) };
                found.extend(self.judge(view, Some(&item), hits));
            }
            return found;
        }
        for (offset, header) in view.header_values(name).take(MAX_ITEMS) {
            let item = Item { value: &header.value, offset, cookie: None };
            found.extend(self.judge(view, Some(&item), hits));
        }
        found
    }

    fn judge(
        &self,
        view: &ResponseView<'_>,
        item: Option<&Item<'_>>,
        hits: Option<&Hits>,
    ) -> Vec<PassiveMatch> {
        let mut scope = Scope { view, item, named: Vec::new(), hits };
        let (ahead, behind) = self.order.split_at(self.before_extractors);
        let mut held = Vec::new();
        if !self.check(ahead, &scope, &mut held) {
            return Vec::new();
        }
        for extractor in &self.extractors {
            if let Some(name) = &extractor.name {
                let values = extractor.extract(&scope).values;
                if !values.is_empty() {
                    scope.named.push((name, values));
                }
            }
        }
        if !self.check(behind, &scope, &mut held) || held.is_empty() && !self.matchers.is_empty() {
            return Vec::new();
        }
        held.sort_by_key(|(index, _)| *index);
        let extracted = self.extracted(&scope);
        if self.matchers.is_empty() && extracted.values.is_empty() {
            return Vec::new();
        }
        self.matches(&held, &extracted, item)
    }

    /// Adds those of the matchers that hold; false as soon as it is known that the block does not.
    fn check(&self, some: &[usize], scope: &Scope<'_>, all: &mut Vec<(usize, Held)>) -> bool {
        for index in some {
            match self.matchers[*index].check(scope) {
                Some(held) => all.push((*index, held)),
                None if self.condition == Condition::And => return false,
                None => {}
            }
        }
        true
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
        held: &[(usize, Held)],
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
            let held = held.iter().map(|(index, held)| (&self.matchers[*index], held));
            for (matcher, held) in held.filter(|(matcher, _)| !matcher.internal) {
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
