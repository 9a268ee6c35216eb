//! Matchers and extractors of a block of requests: made once, asked about every answer.

use std::borrow::Cow;
use std::sync::OnceLock;

use memchr::memmem;
use serde_saphyr::Spanned;

use super::document;
use super::faults::Faults;
use super::loose::{Text as Raw, Texts};
use super::query::{JsonQuery, PathQuery};
use super::refusal::Reason;
use crate::extract::Pattern;
use crate::model::did_you_mean;
use crate::rules::dsl::{Environment, Expression, Text, Value};
use crate::rules::schema::Condition;

/// Different values that one extractor yields at most.
const MAX_VALUES: usize = 1000;

/// What an answer gives to whoever asks for a name.
pub(super) trait Facts {
    /// The value of a name; nothing for one that there is not.
    fn fact(&self, name: &str) -> Option<Value<'_>>;
}

/// A regular expression that is compiled when it is first needed: most never are.
#[derive(Debug)]
pub(super) struct LazyPattern {
    source: Box<str>,
    compiled: OnceLock<Option<Pattern>>,
}

impl LazyPattern {
    /// Judges the syntax only.
    fn new(source: &str) -> Result<Self, String> {
        Pattern::check(source).map_err(|error| error.to_string())?;
        Ok(Self { source: source.into(), compiled: OnceLock::new() })
    }

    /// As it is written.
    #[cfg(test)]
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    fn get(&self) -> Option<&Pattern> {
        self.compiled.get_or_init(|| Pattern::new(&self.source).ok()).as_ref()
    }

    /// Compiles it now; why it cannot be.
    pub(super) fn force(&self) -> Result<(), String> {
        Pattern::new(&self.source).map(drop).map_err(|error| error.to_string())
    }
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
    part: Option<Box<str>>,
    condition: Condition,
    match_all: bool,
    negative: bool,
    case_insensitive: bool,
    internal: bool,
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
    part: Option<Box<str>>,
    pub(super) name: Option<Box<str>>,
    pub(super) internal: bool,
    case_insensitive: bool,
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

// --- from the file ---

/// The operators of a block, without what is wrong in them and has been reported.
pub(super) fn operators(
    matchers: Vec<document::Matcher>,
    condition: Option<&Spanned<Raw>>,
    extractors: Vec<document::Extractor>,
    faults: &mut Faults,
) -> Operators {
    Operators {
        condition: condition_of(condition, faults),
        matchers: matchers.into_iter().filter_map(|dto| matcher(dto, faults)).collect(),
        extractors: extractors.into_iter().filter_map(|dto| extractor(dto, faults)).collect(),
    }
}

pub(super) fn condition_of(condition: Option<&Spanned<Raw>>, faults: &mut Faults) -> Condition {
    let Some(condition) = condition else { return Condition::Or };
    match condition.value.0.trim() {
        "and" => Condition::And,
        "or" | "" => Condition::Or,
        other => {
            let text = format!("`{other}` is no condition: it is `and` or `or`");
            faults.add(condition.referenced, Reason::Invalid, text);
            Condition::Or
        }
    }
}

const MATCHER_TYPES: [&str; 7] = ["word", "status", "size", "regex", "binary", "dsl", "xpath"];

const EXTRACTOR_TYPES: [&str; 5] = ["regex", "kval", "json", "xpath", "dsl"];

fn matcher(dto: document::Matcher, faults: &mut Faults) -> Option<Matcher> {
    let at = dto.r#type.referenced;
    let kind = dto.r#type.value.0.trim().to_lowercase();
    let kind = kind.as_str();
    let lists = [
        ("words", "word", dto.words.is_some()),
        ("status", "status", dto.status.is_some()),
        ("size", "size", dto.size.is_some()),
        ("regex", "regex", dto.regex.is_some()),
        ("binary", "binary", dto.binary.is_some()),
        ("dsl", "dsl", dto.dsl.is_some()),
        ("xpath", "xpath", dto.xpath.is_some()),
    ];
    if !MATCHER_TYPES.contains(&kind) {
        faults.add(at, Reason::UnknownType, unknown("matcher", kind, &MATCHER_TYPES));
        return None;
    }
    if let Some((name, ..)) = lists.iter().find(|(_, owner, is_there)| *is_there && *owner != kind)
    {
        let text = format!("`{name}` does not belong to a matcher of type `{kind}`");
        faults.add(at, Reason::Invalid, text);
        return None;
    }
    if dto.case_insensitive && kind != "word" {
        let text = "`case-insensitive` is for words; write (?i) at the start of a regex";
        faults.add(at, Reason::Invalid, text);
        return None;
    }
    let test = match kind {
        "word" => {
            let is_hex = dto.encoding.as_ref().is_some_and(|encoding| encoding.0 == "hex");
            Test::Words(words(dto.words, is_hex, dto.case_insensitive))
        }
        "status" => Test::Status(numbers(dto.status, "a status", faults)),
        "size" => Test::Size(numbers(dto.size, "a size", faults)),
        "regex" => Test::Regex(patterns(dto.regex, faults)),
        "binary" => Test::Binary(binaries(dto.binary, faults)),
        "dsl" => Test::Dsl(expressions(dto.dsl, faults)),
        _ => Test::XPath(path_queries(dto.xpath, faults)),
    };
    Some(Matcher {
        test,
        part: part(dto.part),
        condition: condition_of(dto.condition.as_ref(), faults),
        match_all: dto.match_all,
        negative: dto.negative,
        case_insensitive: dto.case_insensitive,
        internal: dto.internal,
        name: name(dto.name),
    })
}

fn extractor(dto: document::Extractor, faults: &mut Faults) -> Option<Extractor> {
    let at = dto.r#type.referenced;
    let kind = dto.r#type.value.0.trim().to_lowercase();
    if dto.case_insensitive && kind != "kval" {
        faults.add(at, Reason::Invalid, "`case-insensitive` is for extractors of type `kval`");
        return None;
    }
    let source = match kind.as_str() {
        "regex" => {
            let group = dto.group.map_or(0, |group| group as usize);
            Source::Regex { patterns: patterns(dto.regex, faults), group }
        }
        "kval" => {
            let names = dto.kval.unwrap_or_default().0;
            Source::Kval(
                names
                    .into_iter()
                    .map(|name| name.value.0.to_lowercase().replace('-', "_"))
                    .collect(),
            )
        }
        "json" => {
            let mut queries = Vec::new();
            for text in dto.json.unwrap_or_default().0 {
                match JsonQuery::new(&text.value.0) {
                    Ok(query) => queries.push(query),
                    Err(fault) => faults.add(text.referenced, Reason::BadQuery, fault),
                }
            }
            Source::Json(queries)
        }
        "xpath" => {
            let attribute = dto.attribute.map(|name| name.0).filter(|name| !name.is_empty());
            Source::XPath { queries: path_queries(dto.xpath, faults), attribute }
        }
        "dsl" => Source::Dsl(expressions(dto.dsl, faults)),
        other => {
            faults.add(at, Reason::UnknownType, unknown("extractor", other, &EXTRACTOR_TYPES));
            return None;
        }
    };
    Some(Extractor {
        source,
        part: part(dto.part),
        name: name(dto.name),
        internal: dto.internal,
        case_insensitive: dto.case_insensitive,
    })
}

fn unknown(what: &str, kind: &str, known: &[&str]) -> String {
    let near = did_you_mean(kind, known.iter().copied());
    let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
    format!("there is no {what} of type `{kind}`{hint}; there are {}", known.join(", "))
}

fn part(part: Option<Raw>) -> Option<Box<str>> {
    part.map(|part| part.0).filter(|part| !part.is_empty() && part != "body").map(Into::into)
}

fn name(name: Option<Raw>) -> Option<Box<str>> {
    name.map(|name| name.0).filter(|name| !name.is_empty()).map(Into::into)
}

fn words(list: Option<Texts>, is_hex: bool, is_lower: bool) -> Vec<Word> {
    let word = |text: Spanned<Raw>| {
        let text = text.value.0;
        let decoded =
            is_hex.then(|| data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok());
        if let Some(bytes) = decoded.flatten().filter(|bytes| !bytes.is_empty()) {
            return Word::Plain(bytes.into());
        }
        let text = if is_lower { text.to_lowercase() } else { text };
        if text.contains("{{") || text.contains('§') {
            return Word::Rendered(Text::compile(&text));
        }
        Word::Plain(text.into_bytes().into())
    };
    list.unwrap_or_default().0.into_iter().map(word).collect()
}

fn numbers<N: std::str::FromStr>(list: Option<Texts>, what: &str, faults: &mut Faults) -> Vec<N> {
    let mut numbers = Vec::new();
    for text in list.unwrap_or_default().0 {
        if let Ok(number) = text.value.0.trim().parse() {
            numbers.push(number);
        } else {
            let message = format!("`{}` is not {what}", text.value.0);
            faults.add(text.referenced, Reason::Invalid, message);
        }
    }
    numbers
}

fn patterns(list: Option<Texts>, faults: &mut Faults) -> Vec<LazyPattern> {
    let mut patterns = Vec::new();
    for text in list.unwrap_or_default().0 {
        match LazyPattern::new(&text.value.0) {
            Ok(pattern) => patterns.push(pattern),
            Err(fault) => faults.add(text.referenced, Reason::BadRegex, fault),
        }
    }
    patterns
}

fn binaries(list: Option<Texts>, faults: &mut Faults) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for text in list.unwrap_or_default().0 {
        match data_encoding::HEXLOWER_PERMISSIVE.decode(text.value.0.as_bytes()) {
            Ok(bytes) => all.push(bytes),
            Err(error) => {
                let message = format!("`{}` is not hexadecimal: {error}", text.value.0);
                faults.add(text.referenced, Reason::BadBinary, message);
            }
        }
    }
    all
}

pub(super) fn expressions(list: Option<Texts>, faults: &mut Faults) -> Vec<Expression> {
    let mut all = Vec::new();
    for text in list.unwrap_or_default().0 {
        match Expression::tolerant(&text.value.0) {
            Ok(expression) => all.push(expression),
            Err(error) => {
                let message = format!("in `{}` at byte {}: {error}", text.value.0, error.at);
                faults.add(text.referenced, Reason::BadExpression, message);
            }
        }
    }
    all
}

fn path_queries(list: Option<Texts>, faults: &mut Faults) -> Vec<PathQuery> {
    let mut all = Vec::new();
    for text in list.unwrap_or_default().0 {
        match PathQuery::new(&text.value.0) {
            Ok(query) => all.push(query),
            Err(fault) => faults.add(text.referenced, Reason::BadQuery, fault),
        }
    }
    all
}
