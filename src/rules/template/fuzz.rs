//! `fuzzing`: which places of a known request are changed, and into what.

use serde_saphyr::Spanned;

use super::analyzer::Analyzer;
use super::document;
use super::faults::Faults;
use super::loose::{Text as Raw, Texts};
use super::operators::{Facts, Operators};
use super::operators_read::operators;
use super::refusal::Reason;
use crate::extract::Pattern;
use crate::model::InsertionKind;
use crate::rules::dsl::{Environment, Text};

/// What is put where in requests that are known already.
#[derive(Debug)]
pub struct Fuzzing {
    pub(super) rules: Vec<FuzzRule>,
    /// Which requests are looked at; all where there is nothing.
    pub(super) pre_condition: Option<Operators>,
    /// What is looked for beyond one answer.
    pub analyzer: Option<Analyzer>,
}

/// One entry of `fuzzing`.
#[derive(Debug)]
pub(super) struct FuzzRule {
    parts: Vec<Part>,
    way: Way,
    pub(super) is_multiple: bool,
    keys: Vec<String>,
    key_patterns: Vec<Pattern>,
    value_patterns: Vec<Pattern>,
    pub(super) values: Vec<(Option<String>, Text)>,
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Query,
    Header,
    Path,
    Body,
    Cookie,
    /// Any of them.
    Request,
}

/// What happens to the value that is there.
#[derive(Debug)]
enum Way {
    Replace,
    Prefix,
    Postfix,
    Infix,
    ReplaceRegex(Pattern),
}

impl Fuzzing {
    /// Whether a request is looked at.
    pub(super) fn applies(&self, facts: &dyn Facts, environment: &mut Environment<'_>) -> bool {
        self.pre_condition
            .as_ref()
            .is_none_or(|operators| operators.judge(facts, environment).matched)
    }
}

impl FuzzRule {
    /// Whether a place is changed: its kind, name and value.
    pub(super) fn takes(&self, kind: InsertionKind, name: &str, value: &str) -> bool {
        let is_part = |part: &Part| match part {
            Part::Request => true,
            Part::Query => kind == InsertionKind::Query,
            Part::Header => kind == InsertionKind::Header,
            Part::Path => kind == InsertionKind::Path,
            Part::Cookie => kind == InsertionKind::Cookie,
            Part::Body => matches!(
                kind,
                InsertionKind::Form
                    | InsertionKind::Json
                    | InsertionKind::Xml
                    | InsertionKind::File
            ),
        };
        if !self.parts.iter().any(is_part) {
            return false;
        }
        if self.keys.is_empty() && self.key_patterns.is_empty() && self.value_patterns.is_empty() {
            return true;
        }
        self.keys.iter().any(|key| key.eq_ignore_ascii_case(name))
            || self.key_patterns.iter().any(|pattern| pattern.is_match(name.as_bytes()))
            || self.value_patterns.iter().any(|pattern| pattern.is_match(value.as_bytes()))
    }

    /// The value that is sent for the one that is there.
    pub(super) fn change(&self, value: &[u8], payload: &[u8]) -> Vec<u8> {
        match &self.way {
            Way::Replace => payload.to_vec(),
            Way::Prefix => [payload, value].concat(),
            Way::Postfix => [value, payload].concat(),
            Way::Infix if value.len() <= 1 => [value, payload].concat(),
            Way::Infix => {
                let (before, after) = value.split_at(value.len() / 2);
                [before, payload, after].concat()
            }
            Way::ReplaceRegex(pattern) => {
                let limit = value.len() + payload.len() * 1000;
                pattern.replace_all(value, payload, limit).unwrap_or_else(|| payload.to_vec())
            }
        }
    }
}

pub(super) fn fuzzing(
    entries: Vec<document::Fuzz>,
    analyzer: Option<Spanned<document::Analyzer>>,
    pre_condition: Vec<document::Matcher>,
    pre_condition_operator: Option<&Spanned<Raw>>,
    faults: &mut Faults,
) -> Option<Fuzzing> {
    if entries.is_empty() {
        return None;
    }
    let rules = entries.into_iter().filter_map(|entry| rule(entry, faults)).collect();
    let pre_condition = (!pre_condition.is_empty())
        .then(|| operators(pre_condition, pre_condition_operator, Vec::new(), faults));
    let analyzer = analyzer.and_then(|analyzer| super::analyzer::analyzer(analyzer, faults));
    Some(Fuzzing { rules, pre_condition, analyzer })
}

fn rule(entry: document::Fuzz, faults: &mut Faults) -> Option<FuzzRule> {
    let way = match entry.r#type.as_ref().map_or("replace", |kind| kind.value.0.as_str()) {
        "replace" => Way::Replace,
        "prefix" => Way::Prefix,
        "postfix" => Way::Postfix,
        "infix" => Way::Infix,
        "replace-regex" => {
            let text = entry.replace_regex.as_ref().map_or("", |text| text.value.0.as_str());
            match Pattern::new(text) {
                Ok(pattern) => Way::ReplaceRegex(pattern),
                Err(error) => {
                    let at = entry.replace_regex.as_ref().map(|text| text.referenced);
                    let at = at.unwrap_or(serde_saphyr::Location::UNKNOWN);
                    faults.add(at, Reason::BadRegex, error.to_string());
                    return None;
                }
            }
        }
        other => {
            let at = entry.r#type.as_ref().map(|kind| kind.referenced);
            let text = format!(
                "`{other}` is no way to change a value: it is replace, prefix, postfix, infix or \
                 replace-regex"
            );
            faults.add(at.unwrap_or(serde_saphyr::Location::UNKNOWN), Reason::Invalid, text);
            return None;
        }
    };
    let mode = entry.mode.as_ref().map_or("multiple", |mode| mode.value.0.as_str());
    if !matches!(mode, "single" | "multiple") {
        let at = entry.mode.as_ref().map(|mode| mode.referenced);
        let text = format!("`{mode}` is no mode: it is single or multiple");
        faults.add(at.unwrap_or(serde_saphyr::Location::UNKNOWN), Reason::Invalid, text);
    }
    let mut parts = Vec::new();
    let one = entry.part.into_iter();
    for part in one.chain(entry.parts.unwrap_or_default().0) {
        if let Some(part) = part_of(&part.value.0) {
            parts.push(part);
        } else {
            let text = format!(
                "`{}` is no part of a request: query, header, path, body, cookie, request",
                part.value.0
            );
            faults.add(part.referenced, Reason::Invalid, text);
        }
    }
    if parts.is_empty() {
        parts.push(Part::Query);
    }
    let values = match entry.put {
        Some(document::FuzzValues::Every(values)) => {
            values.0.into_iter().map(|value| (None, Text::compile(&value.value.0))).collect()
        }
        Some(document::FuzzValues::Named(values)) => {
            values.into_iter().map(|(name, value)| (Some(name), Text::compile(&value.0))).collect()
        }
        None => Vec::new(),
    };
    let keys = entry.keys.unwrap_or_default().0.into_iter().map(|key| key.value.0).collect();
    Some(FuzzRule {
        parts,
        way,
        is_multiple: mode == "multiple",
        keys,
        key_patterns: compiled(entry.keys_regex, faults),
        value_patterns: compiled(entry.values, faults),
        values,
    })
}

fn part_of(name: &str) -> Option<Part> {
    Some(match name.trim() {
        "query" => Part::Query,
        "header" | "headers" => Part::Header,
        "path" => Part::Path,
        "body" => Part::Body,
        "cookie" => Part::Cookie,
        "request" => Part::Request,
        _ => return None,
    })
}

fn compiled(list: Option<Texts>, faults: &mut Faults) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for text in list.unwrap_or_default().0 {
        match Pattern::new(&text.value.0) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => faults.add(text.referenced, Reason::BadRegex, error.to_string()),
        }
    }
    patterns
}

impl Fuzzing {
    /// Whether a value names an address for calls from outside.
    pub fn uses_callbacks(&self) -> bool {
        let mut values = self.rules.iter().flat_map(|rule| &rule.values);
        values.any(|(_, value)| value.source().contains("interactsh-url"))
    }
}
