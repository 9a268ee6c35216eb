//! Matchers and extractors of one block.

use aho_corasick::AhoCorasick;
use serde_saphyr::Location;
use serde_saphyr::Spanned;

use crate::extract::CssSelector;
use crate::extract::Pattern;

use super::compile::Faults;
use super::dsl::Expression;
use super::extractor::{Extractor, Source};
use super::matcher::{Matcher, Test};
use super::passive::Block;
use super::schema;
use super::schema::{ExtractorType, MatcherType};

/// The compiled block, without what is wrong in it and has been reported.
pub(super) fn block(dto: schema::Block, faults: &mut Faults<'_>) -> Block {
    let mut matchers = Vec::new();
    if let Some(list) = dto.matchers {
        if !list.value.is_empty() && list.value.iter().all(|matcher| matcher.internal) {
            faults.add(list.referenced, "all matchers are internal, so nothing is ever reported");
        }
        matchers = list.value.into_iter().filter_map(|dto| matcher(dto, faults)).collect();
    }
    let extractors: Vec<Extractor> =
        dto.extractors.into_iter().filter_map(|dto| extractor(dto, faults)).collect();
    let for_each = dto.for_each.map(|name| {
        if name.value.contains('-') || name.value != name.value.to_lowercase() {
            let text = format!("`{}` is not a header name in lower snake case", name.value);
            faults.add(name.referenced, text);
        }
        name.value
    });
    Block::new(for_each, dto.matchers_condition, matchers, extractors)
}

fn matcher(dto: schema::Matcher, faults: &mut Faults<'_>) -> Option<Matcher> {
    let at = dto.r#type.referenced;
    check_fields(&dto, faults);
    let part = dto.part.map_or_else(|| "body".to_owned(), |part| part.value);
    let insensitive = dto.case_insensitive.is_some_and(|flag| flag.value);
    let test = match dto.r#type.value {
        MatcherType::Word => {
            let words = list(dto.words, "words", at, faults)?;
            refuse_markers(&words, faults);
            let texts: Vec<Vec<u8>> =
                words.into_iter().map(|word| word.value.into_bytes()).collect();
            let words = AhoCorasick::builder().ascii_case_insensitive(insensitive).build(&texts);
            match words {
                Ok(words) => Test::Word { words, texts },
                Err(error) => {
                    faults.add(at, error.to_string());
                    return None;
                }
            }
        }
        MatcherType::Status => Test::Status(plain(list(dto.status, "status", at, faults)?)),
        MatcherType::Size => Test::Size(plain(list(dto.size, "size", at, faults)?)),
        MatcherType::Regex => {
            Test::Regex(compiled(dto.regex, "regex", at, faults, Pattern::deferred)?)
        }
        MatcherType::Dsl => {
            let lines = list(dto.dsl, "dsl", at, faults)?;
            refuse_markers(&lines, faults);
            Test::Dsl(each(lines, faults, deterministic)?)
        }
        MatcherType::Binary => {
            let texts = compiled(dto.binary, "binary", at, faults, bytes)?;
            Test::Word { words: AhoCorasick::new(&texts).ok()?, texts }
        }
        MatcherType::Css => Test::Css(compiled(dto.css, "css", at, faults, CssSelector::new)?),
    };
    let condition = dto.condition.map(|condition| condition.value).unwrap_or_default();
    Some(Matcher {
        test,
        part,
        condition,
        negative: dto.negative,
        internal: dto.internal,
        name: dto.name,
        gates: Vec::new(),
    })
}

/// Refuses lists that another type of matcher has: they would silently do nothing.
fn check_fields(dto: &schema::Matcher, faults: &mut Faults<'_>) {
    let own = dto.r#type.value;
    let lists = [
        ("words", MatcherType::Word, dto.words.is_some()),
        ("status", MatcherType::Status, dto.status.is_some()),
        ("size", MatcherType::Size, dto.size.is_some()),
        ("regex", MatcherType::Regex, dto.regex.is_some()),
        ("dsl", MatcherType::Dsl, dto.dsl.is_some()),
        ("binary", MatcherType::Binary, dto.binary.is_some()),
        ("css", MatcherType::Css, dto.css.is_some()),
    ];
    for (name, kind, present) in lists {
        if present && kind != own {
            let text = format!("`{name}` does not belong to a matcher of this type");
            faults.add(dto.r#type.referenced, text);
        }
    }
    if let Some(flag) = dto.case_insensitive.as_ref().filter(|_| own != MatcherType::Word) {
        let help = "write (?i) at the start of a regex";
        faults.add_with_help(flag.referenced, "`case-insensitive` is for words only", help);
    }
    let ignored = matches!(own, MatcherType::Status | MatcherType::Size);
    if let Some(condition) = dto.condition.as_ref().filter(|_| ignored) {
        faults.add(condition.referenced, "`condition` means nothing for status and size");
    }
    let ignored = matches!(own, MatcherType::Status | MatcherType::Dsl);
    if let Some(part) = dto.part.as_ref().filter(|_| ignored) {
        faults.add(part.referenced, "`part` means nothing for status and dsl");
    }
}

fn extractor(dto: schema::Extractor, faults: &mut Faults<'_>) -> Option<Extractor> {
    let at = dto.r#type.referenced;
    let part = dto.part.map_or_else(|| "body".to_owned(), |part| part.value);
    let source = match dto.r#type.value {
        ExtractorType::Regex => {
            if dto.kval.is_some() {
                faults.add(at, "`kval` does not belong to an extractor of this type");
            }
            let patterns = compiled(dto.regex, "regex", at, faults, Pattern::deferred)?;
            let group = dto.group.map_or(0, |group| usize::from(group.value));
            Source::Regex { patterns, group }
        }
        ExtractorType::Kval => {
            if dto.regex.is_some() || dto.group.is_some() {
                faults.add(at, "`regex` and `group` do not belong to an extractor of this type");
            }
            Source::Kval(plain(list(dto.kval, "kval", at, faults)?))
        }
    };
    if dto.internal && dto.name.is_none() {
        faults.add(at, "an internal extractor without a name does nothing");
    }
    let gates = Vec::new();
    Some(Extractor { source, part, name: dto.name, internal: dto.internal, gates })
}

/// The list that the type needs.
fn list<T>(
    list: Option<Vec<Spanned<T>>>,
    name: &str,
    at: Location,
    faults: &mut Faults<'_>,
) -> Option<Vec<Spanned<T>>> {
    let list = list.filter(|list| !list.is_empty());
    if list.is_none() {
        faults.add(at, format!("this type needs a list `{name}`"));
    }
    list
}

fn plain<T>(list: Vec<Spanned<T>>) -> Vec<T> {
    list.into_iter().map(|entry| entry.value).collect()
}

fn compiled<T, E: ToString>(
    entries: Option<Vec<Spanned<String>>>,
    name: &str,
    at: Location,
    faults: &mut Faults<'_>,
    compile: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    each(list(entries, name, at, faults)?, faults, compile)
}

/// Compiles every entry and reports every mistake.
fn each<T, E: ToString>(
    entries: Vec<Spanned<String>>,
    faults: &mut Faults<'_>,
    compile: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    let mut done = Vec::with_capacity(entries.len());
    let mut wrong = false;
    for entry in entries {
        match compile(&entry.value) {
            Ok(value) => done.push(value),
            Err(error) => {
                faults.add(entry.referenced, error.to_string());
                wrong = true;
            }
        }
    }
    (!wrong).then_some(done)
}

/// `{{name}}` is filled in from a request's variables, which a passive rule does not have.
fn refuse_markers(entries: &[Spanned<String>], faults: &mut Faults<'_>) {
    for entry in entries {
        let text = &entry.value;
        if text.find("{{").is_some_and(|start| text[start..].contains("}}")) {
            let help = "use a regex to look for braces in a response";
            faults.add_with_help(entry.referenced, "`{{…}}` has no value in a passive rule", help);
        }
    }
}

/// An expression that knows neither chance nor time: the same exchange is always judged the same.
fn deterministic(text: &str) -> Result<Expression, String> {
    let expression = Expression::parse(text).map_err(|error| error.to_string())?;
    if expression.is_deterministic() {
        return Ok(expression);
    }
    Err("a passive rule knows neither chance nor time".to_owned())
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let error = || format!("`{text}` is not a sequence of hexadecimal pairs");
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(error());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| error()))
        .collect()
}
