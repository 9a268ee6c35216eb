//! Compiled matchers: does a response have this?

use std::ops::Range;

use aho_corasick::AhoCorasick;

use crate::extract::CssSelector;
use crate::extract::Pattern;
use crate::extract::selects;
use crate::model::Match;

use super::dsl::Expression;
use super::passive::Scope;
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
}

/// What decides.
#[derive(Debug)]
pub(super) enum Test {
    Word { words: AhoCorasick },
    Status(Vec<u16>),
    Size(Vec<u64>),
    Regex(Vec<Pattern>),
    Dsl(Vec<Expression>),
    Css(Vec<CssSelector>),
}

/// That a matcher holds, and what to look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) highlight: Option<Match>,
}

impl Matcher {
    /// Whether the matcher holds in `scope`.
    pub(super) fn check(&self, scope: &Scope<'_>) -> Option<Held> {
        let response = scope.view.response();
        let (holds, found) = match &self.test {
            Test::Status(list) => (list.contains(&response.status), None),
            Test::Dsl(expressions) => (self.dsl(expressions, scope), None),
            Test::Css(selectors) => {
                let found = selects(&scope.part(&self.part)?.bytes, selectors);
                (self.combine(found.into_iter()), None)
            }
            Test::Size(list) => {
                (list.contains(&(scope.part(&self.part)?.bytes.len() as u64)), None)
            }
            Test::Word { words } => self.words(words, &scope.part(&self.part)?.bytes),
            Test::Regex(patterns) => self.regex(patterns, &scope.part(&self.part)?.bytes),
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
        self.combine(expressions.iter().map(|expression| {
            expression.holds_always(&|name| scope.variable(name)).unwrap_or(false)
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

    fn regex(&self, patterns: &[Pattern], text: &[u8]) -> (bool, Option<Range<usize>>) {
        let mut first = None;
        for pattern in patterns {
            match (pattern.find(text), self.condition) {
                (None, Condition::And) => return (false, None),
                (Some(range), Condition::Or) => return (true, Some(range)),
                (Some(range), Condition::And) => first = first.or(Some(range)),
                (None, Condition::Or) => {}
            }
        }
        (first.is_some(), first)
    }
}
