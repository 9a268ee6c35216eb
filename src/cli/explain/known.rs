//! Every word that can be explained, and what is near to one that cannot.

use crate::model::BottleneckCause;
use crate::model::ExitCode;
use crate::model::GLOSSARY;
use crate::model::MetricName;
use crate::model::Term;
use crate::model::near_words;
use crate::rules::Registry;

use super::entry::Entry;

/// Suggestions for a word that nobody knows.
const NEAR: usize = 6;

/// What a word means: all that it means, a metric first.
pub(super) fn meanings(word: &str) -> Vec<Entry> {
    let word = word.trim();
    let mut found = Vec::new();
    found.extend(metric(word).map(Entry::metric));
    found.extend(exit(word).map(Entry::exit));
    found.extend(bottleneck(word).map(Entry::bottleneck));
    found.extend(Registry::embedded().meta(word).map(Entry::rule));
    found.extend(Term::of(word).map(Entry::term));
    found
}

/// Alone, or as a gate has it: with tags, a condition, or against a baseline.
fn metric(word: &str) -> Option<MetricName> {
    let name = word.split(['{', '|', ':', ' ']).next().unwrap_or_default();
    MetricName::parse(name)
}

/// As reports have it, or with a space.
fn bottleneck(word: &str) -> Option<BottleneckCause> {
    let word = word.replace([' ', '-'], "_").to_ascii_lowercase();
    BottleneckCause::ALL.into_iter().find(|cause| cause.as_str() == word)
}

/// `82`, `exit 82`, `exit code 82`.
fn exit(word: &str) -> Option<ExitCode> {
    let word = word.strip_prefix("exit").unwrap_or(word).trim_start();
    let word = word.strip_prefix("code").unwrap_or(word).trim_start();
    word.parse().ok().and_then(ExitCode::from_code)
}

/// Metrics, exit codes, causes of slowness, terms, rules, each in its order.
pub(super) fn every_word() -> Vec<String> {
    let registry = Registry::embedded();
    let metrics = MetricName::ALL.iter().map(|metric| metric.as_str().to_owned());
    let codes = ExitCode::ALL.iter().map(|exit| exit.code().to_string());
    let causes = BottleneckCause::ALL.iter().map(|cause| cause.as_str().to_owned());
    let terms = GLOSSARY.iter().map(|term| term.name.to_owned());
    let rules = registry.metas().map(|meta| meta.id.clone());
    metrics.chain(codes).chain(causes).chain(terms).chain(rules).collect()
}

/// What is nearest to a word.
pub(super) fn near(word: &str) -> Vec<String> {
    let words = every_word();
    let also = GLOSSARY.iter().flat_map(|term| term.also).copied();
    let candidates = words.iter().map(String::as_str).chain(also);
    near_words(word.trim(), candidates, NEAR).into_iter().map(str::to_owned).collect()
}

/// Everything, by kind: what `explain` alone says.
pub(super) fn contents() -> Vec<(&'static str, Vec<String>)> {
    let registry = Registry::embedded();
    vec![
        ("metrics", MetricName::ALL.iter().map(|metric| metric.as_str().to_owned()).collect()),
        ("exit codes", ExitCode::ALL.iter().map(|exit| exit.code().to_string()).collect()),
        ("bottlenecks", BottleneckCause::ALL.iter().map(|it| it.as_str().to_owned()).collect()),
        ("terms", GLOSSARY.iter().map(|term| term.name.to_owned()).collect()),
        ("rules", registry.metas().map(|meta| meta.id.clone()).collect()),
    ]
}
