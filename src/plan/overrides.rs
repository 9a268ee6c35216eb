//! What a plan says of findings before there are any: another severity here, a false alarm there.

use jiff::civil::Date;
use regex::Regex;

use super::document::Node;
use super::reader::Fields;
use super::reader::Keys;
use super::reader::Reader;
use crate::model::Finding;
use crate::model::InsertionRef;
use crate::model::Severity;

pub(super) const OVERRIDE: Keys = Keys {
    of: "an override",
    known: &["rule", "url", "parameter", "severity", "false_positive", "reason"],
    later: &[],
};
pub(super) const FALSE_POSITIVE: Keys =
    Keys { of: "a false positive", known: &["owner", "expires"], later: &[] };

/// Findings that are judged in another way; the last override that fits a finding decides.
#[derive(Debug, Clone)]
pub struct FindingOverride {
    /// Ids of rules, `*` for any text in them.
    rule: Regex,
    /// Path and query, as sent.
    url: Option<Regex>,
    /// The insertion point's name.
    parameter: Option<String>,
    /// What becomes of them.
    pub what: Judgement,
    /// Why.
    pub reason: String,
}

/// What becomes of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Its severity is another one.
    Severity(Severity),
    /// It is no flaw: it stays in the report, and is held against no release.
    FalsePositive {
        /// Who says so.
        owner: String,
        /// The last day on which it holds.
        expires: Date,
        /// That day is over.
        expired: bool,
    },
}

impl PartialEq for FindingOverride {
    fn eq(&self, other: &Self) -> bool {
        let pattern = |url: &Option<Regex>| url.as_ref().map(|url| url.as_str().to_owned());
        self.rule.as_str() == other.rule.as_str()
            && pattern(&self.url) == pattern(&other.url)
            && self.parameter == other.parameter
            && self.what == other.what
            && self.reason == other.reason
    }
}

impl FindingOverride {
    /// Whether a finding is meant, as far as it is of one of its parameters.
    pub fn covers(&self, finding: &Finding, point: Option<&InsertionRef>) -> bool {
        let target = finding.url.splitn(4, '/').nth(3).unwrap_or_default();
        let point = point.map(|point| point.name.as_str());
        self.rule.is_match(&finding.rule.id)
            && self.url.as_ref().is_none_or(|url| url.is_match(&format!("/{target}")))
            && self.parameter.as_ref().is_none_or(|name| point == Some(name))
    }
}

/// The plan's `scan.overrides`; `today` says what has expired.
pub(super) fn overrides(
    node: Option<&Node>,
    today: Date,
    reader: &mut Reader,
) -> Vec<FindingOverride> {
    let Some(node) = node else { return Vec::new() };
    let items = reader.list(node, "overrides");
    items.iter().filter_map(|item| one(item, today, reader)).collect()
}

fn one(item: &Node, today: Date, reader: &mut Reader) -> Option<FindingOverride> {
    let fields = reader.fields(item, &item.at, &OVERRIDE)?;
    let rule = match fields.get("rule") {
        Some(node) => reader.text(node, "a rule's id like sqli-*").map(glob),
        None => Some(glob("*")),
    };
    let url = match fields.get("url") {
        Some(node) => Some(reader.parsed(node, "a regex on path and query", Regex::new)?),
        None => None,
    };
    let parameter = match fields.get("parameter") {
        Some(node) => Some(reader.text(node, "a parameter's name")?.to_owned()),
        None => None,
    };
    let reason = reader.require(&fields, "reason");
    let reason = reason.and_then(|node| reader.text(node, "a text")).map(str::to_owned);
    let what = judgement(&fields, today, reader);
    Some(FindingOverride { rule: rule?, url, parameter, what: what?, reason: reason? })
}

fn judgement(fields: &Fields<'_>, today: Date, reader: &mut Reader) -> Option<Judgement> {
    match (fields.get("severity"), fields.entry("false_positive")) {
        (Some(node), None) => {
            let name = reader.text(node, "a severity")?.to_owned();
            let severity = Severity::parse(&name);
            if severity.is_none() {
                let known = Severity::ALL.map(Severity::as_str);
                reader.unknown(&node.at, "severity", &name, known);
            }
            severity.map(Judgement::Severity)
        }
        (None, Some(entry)) => {
            let inner = reader.fields(&entry.node, &entry.key_at, &FALSE_POSITIVE)?;
            let owner = reader.require(&inner, "owner");
            let owner = owner.and_then(|node| reader.text(node, "a name")).map(str::to_owned);
            let expires = reader.require(&inner, "expires").and_then(|node| {
                reader.parsed(node, "a day like 2031-12-31", |text| {
                    text.parse::<Date>().map_err(|_| format!("`{text}` is no day like 2031-12-31"))
                })
            })?;
            let expired = expires < today;
            Some(Judgement::FalsePositive { owner: owner?, expires, expired })
        }
        (Some(_), Some(entry)) => {
            let text = "an override has `severity` or `false_positive`, not both";
            reader.problem(&entry.key_at, text);
            None
        }
        (None, None) => {
            reader.problem(&fields.at, "an override needs `severity` or `false_positive`");
            None
        }
    }
}

/// `sqli-*` as a pattern of whole ids.
fn glob(text: &str) -> Regex {
    let pattern = regex::escape(text).replace(r"\*", ".*");
    Regex::new(&format!("^(?:{pattern})$")).expect("what is escaped is a pattern")
}
