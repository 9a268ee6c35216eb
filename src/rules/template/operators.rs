//! Matchers and extractors of a block of requests: made once, asked about every answer.

use std::borrow::Cow;

use memchr::memmem;

use super::pattern::LazyPattern;
use super::query::{JsonQuery, PathQuery};
use crate::rules::dsl::{Environment, Expression, Text, Value};
use crate::rules::schema::Condition;

/// Different values that one extractor yields at most.
const MAX_VALUES: usize = 1000;

/// What an answer gives to whoever asks for a name.
pub(super) trait Facts {
    /// The value of a name; nothing for one that there is not.
    fn fact(&self, name: &str) -> Option<Value<'_>>;
}

/// What decides a matcher.
#[derive(Debug)]
pub(super) enum Test {
    Words(Vec<Word>),
    Status(Vec<u16>),
    Size(Vec<u64>),
    Regex(Vec<LazyPattern>),
    Binary(Vec<Vec<u8>>),
    Dsl(Vec<Expression>),
    XPath(Vec<PathQuery>),
}

/// A word, with expressions in it or without.
#[derive(Debug)]
pub(super) enum Word {
    Plain(Box<[u8]>),
    Rendered(Text),
}

#[expect(clippy::struct_excessive_bools, reason = "each is a key of the format")]
#[derive(Debug)]
pub(super) struct Matcher {
    pub(super) test: Test,
    /// `None` is the body.
    pub(super) part: Option<Box<str>>,
    pub(super) condition: Condition,
    pub(super) match_all: bool,
    pub(super) negative: bool,
    pub(super) case_insensitive: bool,
    pub(super) internal: bool,
    pub(super) name: Option<Box<str>>,
}

#[derive(Debug)]
pub(super) enum Source {
    Regex { patterns: Vec<LazyPattern>, group: usize },
    Kval(Vec<String>),
    Json(Vec<JsonQuery>),
    XPath { queries: Vec<PathQuery>, attribute: Option<String> },
    Dsl(Vec<Expression>),
}

#[derive(Debug)]
pub(super) struct Extractor {
    pub(super) source: Source,
    pub(super) part: Option<Box<str>>,
    pub(super) name: Option<Box<str>>,
    pub(super) internal: bool,
    pub(super) case_insensitive: bool,
}

/// The matchers and extractors of a block.
#[derive(Debug, Default)]
pub(super) struct Operators {
    pub(super) condition: Condition,
    pub(super) matchers: Vec<Matcher>,
    pub(super) extractors: Vec<Extractor>,
}

/// What the operators say about one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The matchers hold.
    pub matched: bool,
    /// Different values for the user, in the order found.
    pub extracted: Vec<Vec<u8>>,
    /// The names of matchers that held, where each one counts for itself.
    pub matcher_names: Vec<String>,
    /// The same by the names of the extractors, where they have names.
    pub by_extractor: Vec<(String, Vec<Vec<u8>>)>,
    /// Values for the requests that follow.
    pub dynamic: Vec<(String, Vec<Vec<u8>>)>,
    /// There is something to report.
    pub reports: bool,
}

impl Operators {
    /// Whether nothing is asked.
    pub(super) fn is_empty(&self) -> bool {
        self.matchers.is_empty() && self.extractors.is_empty()
    }

    /// Asks everything. Extractors come first, so that matchers see what they found.
    pub(super) fn judge(&self, facts: &dyn Facts, environment: &mut Environment<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        let mut found: Vec<(&str, Vec<Vec<u8>>)> = Vec::new();
        for extractor in &self.extractors {
            let scope = Scope { facts, found: &found };
            let values = extractor.extract(&scope, environment);
            if values.is_empty() {
                continue;
            }
            let name = extractor.name.as_deref().unwrap_or_default();
            if extractor.internal {
                merge(&mut verdict.dynamic, name, &values);
            } else {
                for value in &values {
                    if !verdict.extracted.contains(value) {
                        verdict.extracted.push(value.clone());
                    }
                }
                if !name.is_empty() {
                    verdict.by_extractor.push((name.to_owned(), values.clone()));
                }
            }
            found.retain(|(known, _)| *known != name);
            found.push((name, values));
        }
        let scope = Scope { facts, found: &found };
        verdict.matched = self.matches(&scope, environment, &mut verdict.matcher_names);
        let is_silent =
            !self.matchers.is_empty() && self.matchers.iter().all(|matcher| matcher.internal);
        verdict.reports = !is_silent
            && if self.matchers.is_empty() {
                !verdict.extracted.is_empty()
            } else {
                verdict.matched
            };
        verdict
    }

    fn matches(
        &self,
        scope: &Scope<'_>,
        environment: &mut Environment<'_>,
        names: &mut Vec<String>,
    ) -> bool {
        let mut any = false;
        for matcher in &self.matchers {
            if matcher.holds(scope, environment) {
                any = true;
                let name = matcher.name.as_deref().filter(|_| self.condition == Condition::Or);
                if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
                    names.push(name.to_owned());
                }
            } else if self.condition == Condition::And {
                return false;
            }
        }
        any
    }

    /// Every expression in it.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let of_matchers = self.matchers.iter().filter_map(|matcher| match &matcher.test {
            Test::Dsl(lines) => Some(lines.as_slice()),
            _ => None,
        });
        let of_extractors =
            self.extractors.iter().filter_map(|extractor| match &extractor.source {
                Source::Dsl(lines) => Some(lines.as_slice()),
                _ => None,
            });
        of_matchers.chain(of_extractors).flatten()
    }

    /// Every name that is asked for, as far as it can be known.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let parts = self.matchers.iter().filter_map(|matcher| matcher.part.as_deref());
        let more = self.extractors.iter().filter_map(|extractor| extractor.part.as_deref());
        let kval = self.extractors.iter().flat_map(|extractor| match &extractor.source {
            Source::Kval(names) => names.as_slice(),
            _ => &[],
        });
        let in_words = self.matchers.iter().flat_map(|matcher| match &matcher.test {
            Test::Words(words) => words.as_slice(),
            _ => &[],
        });
        let in_words = in_words.flat_map(|word| match word {
            Word::Rendered(text) => text.variables().collect::<Vec<_>>(),
            Word::Plain(_) => Vec::new(),
        });
        parts
            .chain(more)
            .chain(kval.map(String::as_str))
            .chain(self.expressions().flat_map(Expression::variables))
            .chain(in_words)
    }

    /// Every regular expression in it.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &LazyPattern> {
        let of_matchers = self.matchers.iter().flat_map(|matcher| match &matcher.test {
            Test::Regex(patterns) => patterns.as_slice(),
            _ => &[],
        });
        let of_extractors = self.extractors.iter().flat_map(|extractor| match &extractor.source {
            Source::Regex { patterns, .. } => patterns.as_slice(),
            _ => &[],
        });
        of_matchers.chain(of_extractors)
    }
}

fn merge(all: &mut Vec<(String, Vec<Vec<u8>>)>, name: &str, values: &[Vec<u8>]) {
    match all.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => known.extend_from_slice(values),
        None => all.push((name.to_owned(), values.to_vec())),
    }
}

/// What an answer gives, and what has been taken out of it.
struct Scope<'s> {
    facts: &'s dyn Facts,
    found: &'s [(&'s str, Vec<Vec<u8>>)],
}

impl Scope<'_> {
    fn fact(&self, name: &str) -> Option<Value<'_>> {
        self.found_value(name).or_else(|| self.facts.fact(name))
    }

    fn found_value(&self, name: &str) -> Option<Value<'_>> {
        if let Some((_, values)) = self.found.iter().find(|(known, _)| *known == name) {
            return Some(match values.as_slice() {
                [one] => Value::bytes(one),
                many => Value::List(many.iter().map(|value| Value::bytes(value)).collect()),
            });
        }
        // Of several values, each has a name of its own as well: `name0`, `name1`.
        let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (stem, number) = name.split_at(name.len() - digits);
        let index: usize = number.parse().ok()?;
        let (_, values) = self.found.iter().find(|(known, _)| *known == stem)?;
        values.get(index).filter(|_| values.len() > 1).map(|value| Value::bytes(value))
    }

    fn part(&self, part: Option<&str>) -> Option<Cow<'_, [u8]>> {
        self.fact(part.unwrap_or("body")).map(Value::into_text)
    }
}

impl Matcher {
    fn holds(&self, scope: &Scope<'_>, environment: &mut Environment<'_>) -> bool {
        let holds = match &self.test {
            Test::Dsl(lines) => self.dsl(lines, scope, environment),
            Test::Status(codes) => {
                let Some(Value::Number(status)) = scope.fact("status_code") else { return false };
                codes.iter().any(|code| (f64::from(*code) - status).abs() < 0.5)
            }
            test => {
                // What is not there does not match, and its negation neither.
                let Some(text) = scope.part(self.part.as_deref()) else { return false };
                match test {
                    Test::Words(words) => self.words(words, &text, scope, environment),
                    Test::Size(sizes) => sizes.contains(&(text.len() as u64)),
                    Test::Regex(patterns) => self.all_or_any(patterns.iter().map(|pattern| {
                        pattern.get().is_some_and(|pattern| pattern.is_match(&text))
                    })),
                    Test::Binary(sequences) => self.all_or_any(
                        sequences.iter().map(|bytes| memmem::find(&text, bytes).is_some()),
                    ),
                    Test::XPath(queries) => self.all_or_any(
                        queries.iter().map(|query| !query.values(&text, None, 1).is_empty()),
                    ),
                    Test::Dsl(_) | Test::Status(_) => false,
                }
            }
        };
        holds != self.negative
    }

    fn all_or_any(&self, mut each: impl Iterator<Item = bool>) -> bool {
        match self.condition {
            Condition::And if !self.match_all => each.all(|holds| holds),
            Condition::And | Condition::Or => each.any(|holds| holds),
        }
    }

    fn words(
        &self,
        words: &[Word],
        text: &[u8],
        scope: &Scope<'_>,
        environment: &mut Environment<'_>,
    ) -> bool {
        let text = if self.case_insensitive {
            Cow::Owned(String::from_utf8_lossy(text).to_lowercase().into_bytes())
        } else {
            Cow::Borrowed(text)
        };
        let mut any = false;
        for word in words {
            let holds = match word {
                Word::Plain(word) => memmem::find(&text, word).is_some(),
                Word::Rendered(word) => {
                    match word.render(&|name| scope.fact(name), environment) {
                        Ok(word) => memmem::find(&text, &word).is_some(),
                        Err(_) if self.condition == Condition::And => return false,
                        // As the engine that the format comes from: the text as it is written.
                        Err(_) => memmem::find(&text, word.source().as_bytes()).is_some(),
                    }
                }
            };
            match (holds, self.condition) {
                (true, Condition::Or) => return true,
                (false, Condition::And) => return false,
                _ => any |= holds,
            }
        }
        any
    }

    /// With `and` an error makes the matcher false; with `or` the next line has its turn.
    fn dsl(
        &self,
        lines: &[Expression],
        scope: &Scope<'_>,
        environment: &mut Environment<'_>,
    ) -> bool {
        for line in lines {
            let holds = line.holds(&|name| scope.fact(name), environment).unwrap_or(false);
            match (holds, self.condition) {
                (true, Condition::Or) => return true,
                (false, Condition::And) => return false,
                _ => {}
            }
        }
        self.condition == Condition::And && !lines.is_empty()
    }
}

impl Extractor {
    /// Different values in the order found.
    fn extract(&self, scope: &Scope<'_>, environment: &mut Environment<'_>) -> Vec<Vec<u8>> {
        let mut values: Vec<Vec<u8>> = Vec::new();
        let mut add = |value: Vec<u8>| {
            if values.len() < MAX_VALUES && !values.contains(&value) {
                values.push(value);
            }
        };
        match &self.source {
            Source::Regex { patterns, group } => {
                let Some(text) = scope.part(self.part.as_deref()) else { return values };
                for pattern in patterns.iter().filter_map(LazyPattern::get) {
                    for range in pattern.groups(&text, *group).take(MAX_VALUES) {
                        add(text[range].to_vec());
                    }
                }
            }
            Source::Kval(names) => {
                for name in names {
                    if let Some(value) = scope.fact(name) {
                        let value = value.into_text().into_owned();
                        let lower = |value: Vec<u8>| {
                            String::from_utf8_lossy(&value).to_lowercase().into_bytes()
                        };
                        add(if self.case_insensitive { lower(value) } else { value });
                    }
                }
            }
            Source::Json(queries) => {
                let Some(text) = scope.part(self.part.as_deref()) else { return values };
                for value in super::query::json_values(queries, &text, MAX_VALUES) {
                    add(value);
                }
            }
            Source::XPath { queries, attribute } => {
                let Some(text) = scope.part(self.part.as_deref()) else { return values };
                for query in queries {
                    for value in query.values(&text, attribute.as_deref(), MAX_VALUES) {
                        add(value);
                    }
                }
            }
            Source::Dsl(lines) => {
                for line in lines {
                    let value = line.evaluate(&|name| scope.fact(name), environment);
                    if let Ok(value) = value {
                        let value = value.into_text().into_owned();
                        if !value.is_empty() {
                            add(value);
                        }
                    }
                }
            }
        }
        values
    }
}
