//! From the shape of a rule file to a rule, with every mistake of the file reported at once.

use std::sync::Arc;
use std::sync::LazyLock;

use serde_saphyr::Location;
use serde_saphyr::Spanned;

use crate::extract::Pattern;
use crate::model::Confidence;
use crate::model::Owasp;
use crate::model::RuleMeta;
use crate::model::Severity;
use crate::model::cvss_base_score;

use super::compile_block::block;
use super::error::Fault;
use super::error::Place;
use super::example::{self, Example, Expectation};
use super::parse;
use super::passive::{OncePer, PassiveRule};
use super::schema::{
    ConfidenceKey, ExampleText, Info, OncePerKey, OneOrMany, RuleFile, SeverityKey,
};
use super::template;
use super::template::Template;

static TOP_10: LazyLock<Pattern> = LazyLock::new(|| form(r"^A(0[1-9]|10):20\d\d$"));
static API_TOP_10: LazyLock<Pattern> = LazyLock::new(|| form(r"^API([1-9]|10):20\d\d$"));

fn form(pattern: &str) -> Pattern {
    Pattern::new(pattern).expect("a valid constant")
}

/// A rule, compiled.
#[derive(Debug)]
pub(super) enum Rule {
    Passive(PassiveRule),
    Native(RuleMeta),
    UnderLoad(RuleMeta),
    Template(Box<OwnTemplate>),
}

/// A rule that sends requests of its own.
#[derive(Debug)]
pub struct OwnTemplate {
    /// What it says about itself.
    pub meta: RuleMeta,
    /// The same as a template.
    pub template: Arc<Template>,
}

impl Rule {
    pub(super) fn meta(&self) -> &RuleMeta {
        match self {
            Self::Passive(rule) => &rule.meta,
            Self::Native(meta) | Self::UnderLoad(meta) => meta,
            Self::Template(own) => &own.meta,
        }
    }
}

/// A compiled file and where its id stands.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) rule: Rule,
    pub(super) id_at: Place,
}

/// The rule in `text`, or everything that is wrong with it.
pub(super) fn compile(file: &str, text: &str) -> Result<Compiled, Vec<Fault>> {
    if template::is_template(text) {
        return own_template(file, text);
    }
    let parsed = parse::rule_file(file, text).map_err(|fault| vec![*fault])?;
    let mut faults = Faults { file, text, found: Vec::new() };
    let id_at = Place::of(parsed.id.referenced);
    let rule = rule(parsed, &mut faults);
    match rule {
        Some(rule) if faults.found.is_empty() => Ok(Compiled { rule, id_at }),
        _ => Err(faults.found),
    }
}

fn own_template(file: &str, text: &str) -> Result<Compiled, Vec<Fault>> {
    match template::compile_one(file, text) {
        Ok(template) => {
            let meta = template.info.meta();
            let rule = Rule::Template(Box::new(OwnTemplate { meta, template: Arc::new(template) }));
            Ok(Compiled { rule, id_at: Place::default() })
        }
        Err(refusals) => {
            let fault = |refusal: template::Refusal| {
                let place =
                    Place { line: refusal.line, column: refusal.column, ..Place::default() };
                Fault::new(file, text, place, refusal.message)
            };
            Err(refusals.into_iter().map(fault).collect())
        }
    }
}

/// Mistakes of one file, collected.
pub(super) struct Faults<'f> {
    file: &'f str,
    text: &'f str,
    found: Vec<Fault>,
}

impl Faults<'_> {
    pub(super) fn add(&mut self, at: Location, message: impl Into<String>) {
        self.found.push(Fault::new(self.file, self.text, Place::of(at), message.into()));
    }

    pub(super) fn add_with_help(&mut self, at: Location, message: impl Into<String>, help: &str) {
        let fault = Fault::new(self.file, self.text, Place::of(at), message.into());
        self.found.push(fault.with_help(Some(help.to_owned())));
    }
}

fn rule(file: RuleFile, faults: &mut Faults<'_>) -> Option<Rule> {
    check_id(&file.id, faults);
    let confidence = match file.info.value.metadata.confidence {
        Some(ConfidenceKey::Tentative) => Confidence::Tentative,
        Some(ConfidenceKey::Firm) | None => Confidence::Firm,
    };
    let id = file.id.value.clone();
    let meta = meta(id, file.info.value, faults);
    let is_watched = file.under_load.is_some();
    if let (Some(native), Some(_)) = (&file.native, &file.under_load) {
        faults.add(native.referenced, "a rule is either `native` or `under-load`, not both");
    }
    match (file.passive, file.native.or(file.under_load)) {
        (Some(blocks), None) => {
            if blocks.is_empty() {
                faults.add(file.id.referenced, "`passive` has no block");
            }
            let blocks = blocks.into_iter().map(|dto| block(dto, faults)).collect();
            let examples = file.examples;
            let mut all = examples_of(examples.r#match, Expectation::Match, faults);
            all.extend(examples_of(examples.no_match, Expectation::NoMatch, faults));
            let once_per = once_per(file.once_per.map(|key| key.value));
            let ask = paths(file.ask, faults);
            let rule = PassiveRule { meta, once_per, confidence, blocks, examples: all, ask };
            Some(Rule::Passive(rule))
        }
        (None, Some(native)) => {
            if native.value != meta.id {
                let key = if is_watched { "under-load" } else { "native" };
                let text = format!("`{key}: {}` differs from the id `{}`", native.value, meta.id);
                faults.add(native.referenced, text);
            }
            if let Some(key) = file.once_per {
                faults.add(key.referenced, "`once-per` is for passive rules only");
            }
            if let Some(path) = file.ask.first() {
                faults.add(path.referenced, "`ask` is for passive rules only");
            }
            if !file.examples.r#match.is_empty() || !file.examples.no_match.is_empty() {
                let text = "`examples` are for passive rules only: others are tested in Rust";
                faults.add(native.referenced, text);
            }
            Some(if is_watched { Rule::UnderLoad(meta) } else { Rule::Native(meta) })
        }
        (Some(_), Some(native)) => {
            let key = if is_watched { "under-load" } else { "native" };
            faults
                .add(native.referenced, format!("a rule is either `passive` or `{key}`, not both"));
            None
        }
        (None, None) => {
            faults.add_with_help(
                file.id.referenced,
                "the rule has none of `passive`, `native` and `under-load`",
                "add `passive:` with matchers",
            );
            None
        }
    }
}

/// What is asked for, as it goes into a request.
fn paths(list: Vec<Spanned<String>>, faults: &mut Faults<'_>) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for path in list {
        let text = path.value;
        let fits = text.starts_with('/')
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'{'));
        if !fits {
            let message = format!("`{text}` is no path");
            let help = "begin it with `/` and percent-encode what is not printable ASCII";
            faults.add_with_help(path.referenced, message, help);
        } else if paths.contains(&text) {
            faults.add(path.referenced, format!("`{text}` stands here twice"));
        } else {
            paths.push(text);
        }
    }
    paths
}

fn once_per(key: Option<OncePerKey>) -> OncePer {
    match key {
        Some(OncePerKey::Origin) => OncePer::Origin,
        Some(OncePerKey::Path) | None => OncePer::Path,
        Some(OncePerKey::Response) => OncePer::Response,
    }
}

fn check_id(id: &Spanned<String>, faults: &mut Faults<'_>) {
    let fits = id
        .value
        .split(['-', '_'])
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if !fits {
        let text = format!("`{}` is not a rule id", id.value);
        faults.add_with_help(
            id.referenced,
            text,
            "use letters and digits joined by single hyphens",
        );
    }
}

fn meta(id: String, info: Info, faults: &mut Faults<'_>) -> RuleMeta {
    for (name, text) in [
        ("name", &info.name),
        ("description", &info.description),
        ("remediation", &info.remediation),
    ] {
        if text.value.trim().is_empty() {
            faults.add(text.referenced, format!("`{name}` is empty"));
        }
    }
    if info.author.value.0.is_empty() {
        faults.add(info.author.referenced, "`author` is empty");
    }
    let classification = info.classification;
    let cvss = classification.cvss_metrics;
    check_cvss(cvss.as_ref(), classification.cvss_score.as_ref(), faults);
    RuleMeta {
        id,
        title: info.name.value.trim().to_owned(),
        severity: severity(info.severity),
        cwe: classification.cwe_id.map(|list| cwe(&list, faults)).unwrap_or_default(),
        owasp: places(info.metadata.owasp, &TOP_10, "A05:2025", faults),
        api: places(info.metadata.owasp_api, &API_TOP_10, "API8:2023", faults),
        cvss: cvss.map(|vector| vector.value),
        why: info.description.value.trim().to_owned(),
        fix: info.remediation.value.trim().to_owned(),
        references: info.reference.0,
        tags: info.tags.0.into_iter().map(|tag| tag.to_lowercase()).collect(),
    }
}

fn severity(key: SeverityKey) -> Severity {
    match key {
        SeverityKey::Info => Severity::Info,
        SeverityKey::Low => Severity::Low,
        SeverityKey::Medium => Severity::Medium,
        SeverityKey::High => Severity::High,
        SeverityKey::Critical => Severity::Critical,
    }
}

fn check_cvss(
    vector: Option<&Spanned<String>>,
    score: Option<&Spanned<f64>>,
    faults: &mut Faults<'_>,
) {
    let computed = vector.and_then(|vector| match cvss_base_score(&vector.value) {
        Ok(computed) => Some(computed),
        Err(text) => {
            faults.add(vector.referenced, text);
            None
        }
    });
    let Some(score) = score else { return };
    match (vector, computed) {
        (None, _) => faults.add(score.referenced, "`cvss-score` without `cvss-metrics`"),
        (Some(_), Some(computed)) if (computed - score.value).abs() > 0.01 => {
            faults.add(score.referenced, format!("the vector gives {computed:.1}"));
        }
        (Some(_), _) => {}
    }
}

fn cwe(list: &Spanned<OneOrMany>, faults: &mut Faults<'_>) -> Vec<u32> {
    let number = |text: &String| {
        let upper = text.to_ascii_uppercase();
        upper.strip_prefix("CWE-").and_then(|digits| digits.parse().ok())
    };
    let found: Option<Vec<u32>> = list.value.0.iter().map(number).collect();
    found.unwrap_or_else(|| {
        faults.add(list.referenced, "`cwe-id` takes entries like CWE-79");
        Vec::new()
    })
}

fn places(
    list: Option<Spanned<OneOrMany>>,
    form: &Pattern,
    example: &str,
    faults: &mut Faults<'_>,
) -> Vec<Owasp> {
    let Some(list) = list else { return Vec::new() };
    if let Some(wrong) = list.value.0.iter().find(|place| !form.is_match(place.as_bytes())) {
        faults.add(list.referenced, format!("`{wrong}` is not written like {example}"));
    }
    list.value.0.into_iter().map(Owasp).collect()
}

fn examples_of(
    texts: Vec<ExampleText>,
    expectation: Expectation,
    faults: &mut Faults<'_>,
) -> Vec<Example> {
    let mut examples = Vec::new();
    for text in texts {
        let url = text.url.as_ref().map(|url| url.value.as_str());
        match example::parse(url, &text.response.value) {
            Ok(exchange) => {
                let line = text.response.referenced.line();
                examples.push(Example { expectation, exchange, line });
            }
            Err(message) => faults.add(text.response.referenced, message),
        }
    }
    examples
}
