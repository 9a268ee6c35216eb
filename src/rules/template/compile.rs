//! From a file's text to a template.

use std::path::Path;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_saphyr::Spanned;
use sha2::Digest as _;
use sha2::Sha256;

use super::bindings::{Bindings, Variables};
use super::block::block;
use super::definition::{Step, StepSelect, StepWhen, Template, Workflow, metadata};
use super::document::{self, Document};
use super::faults::Faults;
use super::files::PayloadFiles;
use super::flow::{self, FlowFault};
use super::loose::{Loose, Text as Raw};
use super::preprocess;
use super::refusal::{Reason, Refusal};
use crate::model::Seed;
use crate::model::Severity;
use crate::model::TemplateClass;
use crate::rules::dsl::Environment;
use crate::rules::example::{self, Expectation};
use crate::rules::passive::OncePer;
use crate::rules::schema::OncePerKey;

/// What a file turns out to be.
#[derive(Debug)]
pub(super) enum Compiled {
    Template(Box<Template>),
    Workflow(Box<Workflow>),
}

fn digest(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    u64::from_le_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

/// What the file at `path` says; `root` is the folder that its payloads are below.
pub(super) fn compile(
    path: &str,
    text: &str,
    root: Option<&Path>,
    seed: Seed,
    now_unix: i64,
) -> Result<Compiled, Vec<Refusal>> {
    if is_on_traffic(text) {
        return Err(on_traffic(path, text));
    }
    let digest = digest(text);
    let seed = seed.derive(path);
    let (text, markers) = preprocess::randomise(text, &mut ChaCha8Rng::seed_from_u64(seed.0));
    let document = parse(path, &text).map_err(|refusal| vec![*refusal])?;
    let id = document.id.value.0.trim().to_owned();
    let mut faults = Faults::new(path, Some(&id));
    check_id(&id, &document.id, &mut faults);
    let info = info(path, &id, document.info, &mut faults);
    if let Some(steps) = document.workflows {
        let steps = steps.into_iter().filter_map(|step| self::step(step, 0, &mut faults)).collect();
        return finish(Compiled::Workflow(Box::new(Workflow { info, steps })), faults);
    }
    let others = [
        (document.headless.is_some(), Reason::Headless, "it drives a browser"),
        (document.code.is_some(), Reason::Code, "it runs programs on this machine"),
        (document.javascript.is_some(), Reason::Code, "it runs programs on this machine"),
        (document.file.is_some(), Reason::LocalFiles, "it looks at local files, not at a target"),
        (document.dns.is_some(), Reason::OtherProtocol, "it speaks DNS"),
        (document.ssl.is_some(), Reason::OtherProtocol, "it speaks TLS alone"),
        (document.whois.is_some(), Reason::OtherProtocol, "it asks registries of names"),
        (document.websocket.is_some(), Reason::OtherProtocol, "it speaks WebSocket"),
        (
            document.network.is_some() || document.tcp.is_some(),
            Reason::OtherProtocol,
            "it speaks TCP alone",
        ),
    ];
    if let Some((_, reason, message)) = others.into_iter().find(|(is_there, ..)| *is_there) {
        faults.whole(reason, message);
        return Err(faults.found);
    }
    if document.signature.is_some() {
        faults.whole(Reason::Signature, "requests that a cloud's signature covers cannot be sent");
    }
    let blocks = document.http.or(document.requests).unwrap_or_default();
    if blocks.is_empty() {
        faults.whole(Reason::Invalid, "it sends nothing: there is neither `http` nor `workflows`");
        return Err(faults.found);
    }
    let files = PayloadFiles::new(root, Path::new(path));
    let self_contained = blocks.iter().any(|block| block.self_contained);
    let blocks: Vec<_> = blocks.into_iter().map(|dto| block(dto, &files, &mut faults)).collect();
    let ids: Vec<Option<String>> = blocks.iter().map(|block| block.id.clone()).collect();
    let flow = document.flow.and_then(|text| read_flow(&text, &ids, &mut faults));
    let mut random = ChaCha8Rng::seed_from_u64(seed.derive("variables").0);
    let mut environment = Environment::new(&mut random, now_unix);
    let variables = Variables::new(document.variables.0, &mut environment);
    let mut constants = Bindings::default();
    for (name, value) in document.constants.0 {
        match value {
            Loose::List(items) => {
                let items: Vec<Vec<u8>> = items.into_iter().map(String::into_bytes).collect();
                constants.set_list(name, &items);
            }
            other => constants.set(name, other.text()),
        }
    }
    for (marker, word) in &markers {
        constants.set(marker.trim_matches(['{', '}']), word.clone());
    }
    let examples = examples(document.examples, &mut faults);
    let template = Template {
        info,
        self_contained: document.self_contained || self_contained,
        digest,
        blocks,
        flow,
        stop_at_first_match: document.stop_at_first_match,
        variables,
        constants,
        examples,
        once_per: match document.once_per {
            Some(OncePerKey::Origin) => OncePer::Origin,
            Some(OncePerKey::Response) => OncePer::Response,
            Some(OncePerKey::Path) | None => OncePer::Path,
        },
    };
    finish(Compiled::Template(Box::new(template)), faults)
}

/// Whether a file has rules on traffic that is there.
fn is_on_traffic(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("passive:") || line.starts_with("native:"))
}

/// What is wrong with such a file; where nothing is, that it sends nothing.
fn on_traffic(path: &str, text: &str) -> Vec<Refusal> {
    let refusal = |line, column, reason, message| Refusal {
        path: path.to_owned(),
        id: None,
        line,
        column,
        reason,
        message,
    };
    match crate::rules::compile::compile(path, text) {
        Ok(_) => {
            let text = "it judges traffic that is there: give its folder to `scan --rules`";
            vec![refusal(0, 0, Reason::Passive, text.to_owned())]
        }
        Err(faults) => faults
            .into_iter()
            .map(|fault| refusal(fault.line, fault.column, Reason::Syntax, fault.message))
            .collect(),
    }
}

/// Whether a file has requests of its own, rather than rules on traffic that is there.
pub fn is_template(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    (has("http:") || has("requests:")) && !is_on_traffic(text)
}

/// A template that stands alone: without a folder for payloads.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile_one(path: &str, text: &str) -> Result<Template, Vec<Refusal>> {
    match compile(path, text, None, Seed(0), 0)? {
        Compiled::Template(template) => Ok(*template),
        Compiled::Workflow(_) => {
            let mut faults = Faults::new(path, None);
            faults.whole(Reason::Workflow, "a rule is no workflow");
            Err(faults.found)
        }
    }
}

fn finish(compiled: Compiled, faults: Faults) -> Result<Compiled, Vec<Refusal>> {
    if faults.found.is_empty() { Ok(compiled) } else { Err(faults.found) }
}

fn parse(path: &str, text: &str) -> Result<Document, Box<Refusal>> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
        let (message, help) = crate::rules::parse::explain(&error);
        let message = match help {
            Some(help) => format!("{message}; {help}"),
            None => message,
        };
        Box::new(Refusal {
            path: path.to_owned(),
            id: None,
            line: at.line(),
            column: at.column(),
            reason: Reason::Syntax,
            message,
        })
    })
}

fn check_id(id: &str, text: &Spanned<Raw>, faults: &mut Faults) {
    let fits = id
        .split(['-', '_'])
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if !fits {
        let message =
            format!("`{id}` is no id: letters and digits, joined by single hyphens or underscores");
        faults.add(text.referenced, Reason::Invalid, message);
    }
}

fn info(path: &str, id: &str, info: document::Info, faults: &mut Faults) -> TemplateClass {
    let name = info.name.value.0.trim().to_owned();
    if name.is_empty() {
        faults.add(info.name.referenced, Reason::Invalid, "`info.name` is empty");
    }
    if info.author.0.is_empty() {
        faults.add(info.name.referenced, Reason::Invalid, "`info.author` is missing");
    }
    let classification = info.classification.unwrap_or_default();
    TemplateClass {
        id: id.to_owned(),
        called: None,
        path: path.to_owned(),
        name,
        authors: info.author.0,
        tags: info.tags.0,
        severity: info.severity.and_then(|severity| read_severity(&severity, faults)),
        description: info.description.0,
        impact: info.impact.0,
        remediation: info.remediation.0,
        references: info.reference.0,
        cve_ids: classification.cve_id.0,
        cwe_ids: classification.cwe_id.0,
        cvss_metrics: classification.cvss_metrics.0,
        cvss_score: classification.cvss_score,
        epss_score: classification.epss_score,
        epss_percentile: classification.epss_percentile,
        cpe: classification.cpe.0,
        metadata: metadata(info.metadata.0),
    }
}

fn read_severity(severity: &Spanned<Raw>, faults: &mut Faults) -> Option<Severity> {
    let word = severity.value.0.trim().to_lowercase();
    if word.is_empty() || word == "unknown" || word == "undefined" {
        return None;
    }
    let found = Severity::parse(&word);
    if found.is_none() {
        let message =
            format!("`{word}` is no severity: it is info, low, medium, high, critical or unknown");
        faults.add(severity.referenced, Reason::Invalid, message);
    }
    found
}

fn read_flow(
    text: &Spanned<Raw>,
    ids: &[Option<String>],
    faults: &mut Faults,
) -> Option<flow::Flow> {
    match flow::parse(&text.value.0, ids) {
        Ok(flow) => Some(flow),
        Err(FlowFault::Script) => {
            let message = "`flow` is a program in JavaScript; only `http(1) && http(2)` and the \
                           like are run";
            faults.add(text.referenced, Reason::FlowScript, message);
            None
        }
    }
}

fn examples(
    examples: crate::rules::schema::Examples,
    faults: &mut Faults,
) -> Vec<example::Example> {
    let of_kind = |texts: Vec<crate::rules::schema::ExampleText>, expectation: Expectation| {
        texts.into_iter().map(move |text| (text, expectation))
    };
    let all = of_kind(examples.r#match, Expectation::Match)
        .chain(of_kind(examples.no_match, Expectation::NoMatch));
    let mut found = Vec::new();
    for (text, expectation) in all {
        let url = text.url.as_ref().map(|url| url.value.as_str());
        let at = text.response.referenced;
        match example::parse(url, &text.response.value) {
            Ok(exchange) => {
                found.push(example::Example { expectation, exchange, line: at.line() });
            }
            Err(message) => faults.add(at, Reason::Invalid, message),
        }
    }
    found
}

/// Steps may be nested this deep.
const MAX_STEPS: usize = 8;

fn step(step: document::Step, depth: usize, faults: &mut Faults) -> Option<Step> {
    if depth == MAX_STEPS {
        faults.whole(Reason::Workflow, format!("steps are nested more than {MAX_STEPS} deep"));
        return None;
    }
    let select = match (step.template, step.tags.0) {
        (Some(path), _) => StepSelect::Path(path.value.0.trim().to_owned()),
        (None, tags) if !tags.is_empty() => StepSelect::Tags(tags),
        (None, _) => {
            faults.whole(Reason::Workflow, "a step names neither `template` nor `tags`");
            return None;
        }
    };
    let mut steps = |list: Vec<document::Step>| {
        list.into_iter().filter_map(|next| self::step(next, depth + 1, faults)).collect::<Vec<_>>()
    };
    let then = steps(step.subtemplates);
    let when = step
        .matchers
        .into_iter()
        .map(|matcher| StepWhen {
            names: matcher.name.0,
            all: matcher.condition.is_some_and(|condition| condition.value.0.trim() == "and"),
            then: steps(matcher.subtemplates),
        })
        .collect();
    Some(Step { select, then, when })
}
