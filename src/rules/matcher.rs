//! Compiled matchers: does a response have this?

use std::ops::Range;

use aho_corasick::AhoCorasick;

use crate::extract::CssSelector;
use crate::extract::Pattern;
use crate::model::Match;

use super::dsl::Expression;
use super::passive::Scope;
use super::prefilter::Gate;
use super::schema::Condition;

/// One matcher of a block.
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) test: Test,
    pub(super) part: String,
    pub(super) condition: Condition,
    pub(super) negative: bool,
    pub(super) internal: bool,
    pub(super) name: Option<String>,
    /// Of each entry of the list, of words together; empty until they are known.
    pub(super) gates: Vec<Gate>,
}

/// What decides.
#[derive(Debug)]
pub(super) enum Test {
    Word { words: AhoCorasick, texts: Vec<Vec<u8>> },
    Status(Vec<u16>),
    Size(Vec<u64>),
    Regex(Vec<Pattern>),
    Dsl(Vec<Expression>),
    Css(Vec<CssSelector>),
}

/// Whether a name means a text as long as a page, or one that has to be found in the page.
fn is_long_name(name: &str) -> bool {
    matches!(name, "body" | "all" | "response" | "csp" | "csp_script_src" | "csp_frame_ancestors")
}

/// That a matcher holds, and what to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) highlight: Option<Match>,
}

impl Matcher {
    /// About what it costs to ask it: texts as long as a page cost more than a header's line, and
    /// a document's tree more than any text.
    pub(super) fn cost(&self) -> u8 {
        let is_long = is_long_name(&self.part);
        match &self.test {
            Test::Status(_) => 0,
            Test::Dsl(lines) if lines.iter().any(|line| line.mentions(&is_long_name)) => 4,
            Test::Size(_) | Test::Dsl(_) => 1,
            Test::Word { .. } | Test::Regex(_) if is_long => 3,
            Test::Word { .. } | Test::Regex(_) => 2,
            Test::Css(_) => 5,
        }
    }

    /// Whether it asks for what extractors of these names have found.
    pub(super) fn asks_for(&self, names: &[&str]) -> bool {
        let asked = |name: &str| names.contains(&name);
        match &self.test {
            Test::Dsl(lines) => lines.iter().any(|line| line.mentions(&asked)),
            Test::Status(_) => false,
            Test::Size(_) | Test::Word { .. } | Test::Regex(_) | Test::Css(_) => asked(&self.part),
        }
    }

    /// Whether the matcher holds in `scope`.
    pub(super) fn check(&self, scope: &Scope<'_>) -> Option<Held> {
        let response = scope.view.response();
        let (holds, found) = match &self.test {
            Test::Status(list) => (list.contains(&response.status), None),
            Test::Dsl(expressions) => (self.dsl(expressions, scope), None),
            Test::Css(selectors) => {
                (self.combine(scope.selects(&self.part, selectors)?.into_iter()), None)
            }
            Test::Size(list) => {
                (list.contains(&(scope.part(&self.part)?.bytes.len() as u64)), None)
            }
            Test::Word { words, .. } => {
                let part = scope.part(&self.part)?;
                if scope.may_hold(self.gates.first()) {
                    self.words(words, &part.bytes)
                } else {
                    (false, None)
                }
            }
            Test::Regex(patterns) => self.regex(patterns, scope)?,
        };
        if holds == self.negative {
            return None;
        }
        let range = found.filter(|_| !self.negative && !self.internal);
        let highlight = range.and_then(|range| {
            let anchor = scope.part(&self.part)?.anchor;
            scope.view.locate(anchor, &range)
        });
        Some(Held { highlight })
    }

    fn combine(&self, mut found: impl Iterator<Item = bool>) -> bool {
        match self.condition {
            Condition::And => found.all(|holds| holds),
            Condition::Or => found.any(|holds| holds),
        }
    }

    /// With `and` an error makes the matcher false; with `or` the next line has its turn.
    fn dsl(&self, expressions: &[Expression], scope: &Scope<'_>) -> bool {
        self.combine(expressions.iter().enumerate().map(|(index, expression)| {
            scope.may_hold(self.gates.get(index))
                && expression.holds_always(&|name| scope.variable(name)).unwrap_or(false)
        }))
    }

    fn words(&self, words: &AhoCorasick, text: &[u8]) -> (bool, Option<Range<usize>>) {
        let first = words.find(text).map(|found| found.range());
        if self.condition == Condition::Or || first.is_none() {
            return (first.is_some(), first);
        }
        let mut missing = vec![true; words.patterns_len()];
        let mut count = missing.len();
        for found in words.find_overlapping_iter(text) {
            let is_missing = &mut missing[found.pattern().as_usize()];
            count -= usize::from(*is_missing);
            *is_missing = false;
            if count == 0 {
                return (true, first);
            }
        }
        (false, None)
    }

    /// `None` when there is no such part.
    fn regex(
        &self,
        patterns: &[Pattern],
        scope: &Scope<'_>,
    ) -> Option<(bool, Option<Range<usize>>)> {
        let mut first = None;
        let part = scope.part(&self.part)?;
        for (index, pattern) in patterns.iter().enumerate() {
            let gate = self.gates.get(index);
            let find = || match scope.windows(gate, &part) {
                Some(windows) => pattern.find_within(&part.bytes, &windows),
                None => pattern.find(&part.bytes),
            };
            let found = scope.may_hold(gate).then(find).flatten();
            match (found, self.condition) {
                (None, Condition::And) => return Some((false, None)),
                (Some(range), Condition::Or) => return Some((true, Some(range))),
                (Some(range), Condition::And) => first = first.or(Some(range)),
                (None, Condition::Or) => {}
            }
        }
        Some((first.is_some(), first))
    }
}
