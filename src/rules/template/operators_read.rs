//! Matchers and extractors as a file has them: what is wrong in them is reported and left out.

use serde_saphyr::Spanned;

use super::document;
use super::faults::Faults;
use super::loose::{Text as Raw, Texts};
use super::operators::{Extractor, Matcher, Operators, Source, Test, Word};
use super::pattern::LazyPattern;
use super::query::{JsonQuery, PathQuery};
use super::refusal::Reason;
use crate::model::did_you_mean;
use crate::rules::dsl::{Expression, Text};
use crate::rules::schema::Condition;

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
