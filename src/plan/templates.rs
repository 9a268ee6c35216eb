//! `scan.templates`: templates in Nuclei's format that a scan runs, and which of them.

use std::path::{Path, PathBuf};

use super::document::{Node, Place, Value};
use super::reader::{Fields, Keys, Reader};
use crate::model::Severity;
use crate::rules::Expression;
use crate::rules::template::{DEFAULT_EXCLUDED_TAGS, Fuzzed, Patterns, Selection, ignored};

pub(super) const TEMPLATES: Keys = Keys {
    of: "templates",
    known: &[
        "paths",
        "tags",
        "exclude_tags",
        "include_tags",
        "severity",
        "exclude_severity",
        "ids",
        "exclude_ids",
        "authors",
        "exclude_paths",
        "condition",
        "dast",
    ],
    later: &[],
};

/// The word for templates that say nothing of their severity.
const UNKNOWN: &str = "unknown";

/// Where templates are, and which of them are wanted. Different kinds of condition must all hold,
/// within one kind any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateSettings {
    /// Files and folders; none is no templates.
    pub paths: Vec<PathBuf>,
    /// Any of these tags.
    pub tags: Vec<String>,
    /// None of these tags.
    pub exclude_tags: Vec<String>,
    /// These tags although they are left out by default or excluded.
    pub include_tags: Vec<String>,
    /// Any of these severities, by their words.
    pub severities: Vec<String>,
    /// None of these severities.
    pub exclude_severities: Vec<String>,
    /// Ids, with `*` and `?`.
    pub ids: Vec<String>,
    /// No such id.
    pub exclude_ids: Vec<String>,
    /// Any of these authors.
    pub authors: Vec<String>,
    /// `http` or `workflow`.
    pub kinds: Vec<String>,
    /// Not these.
    pub exclude_kinds: Vec<String>,
    /// Files and folders that run whatever is excluded.
    pub include_paths: Vec<String>,
    /// Files and folders that do not run.
    pub exclude_paths: Vec<String>,
    /// Expressions that all hold.
    pub conditions: Vec<String>,
    /// What of those that change known requests.
    pub fuzzed: Fuzzed,
    /// Also those that address others than the target.
    pub self_contained: bool,
}

/// A condition that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Of ids.
    #[error("`{text}` is no pattern of ids: {problem}")]
    Pattern {
        /// What was given.
        text: String,
        /// Why.
        problem: String,
    },
    /// Over what templates say of themselves.
    #[error("`{text}` is no expression, at byte {at}: {problem}")]
    Expression {
        /// What was given.
        text: String,
        /// From 0.
        at: usize,
        /// Why.
        problem: String,
    },
    /// Of severities.
    #[error("`{0}` is no severity: info, low, medium, high, critical, unknown")]
    Severity(String),
}

impl TemplateSettings {
    /// What runs. Reads the list of exceptions (`.nuclei-ignore`) beside the templates, if there is
    /// one; what the user asks for by tag or by file is not left out by default.
    ///
    /// # Errors
    /// The first condition that is none.
    pub fn selection(&self, callbacks: bool) -> Result<Selection, ChoiceError> {
        for word in self.severities.iter().chain(&self.exclude_severities) {
            severity(word)?;
        }
        let (tags, files) = ignored(&self.paths);
        let named: Vec<&PathBuf> = self.paths.iter().filter(|path| path.is_file()).collect();
        let asked = |path: &String| named.iter().any(|named| named.ends_with(Path::new(path)));
        let mut exclude_tags = self.exclude_tags.clone();
        let by_default = DEFAULT_EXCLUDED_TAGS.iter().map(|tag| (*tag).to_owned()).chain(tags);
        exclude_tags.extend(by_default.filter(|tag| !self.tags.contains(tag)));
        let mut exclude_paths = self.exclude_paths.clone();
        exclude_paths.extend(files.into_iter().filter(|path| !asked(path)));
        let conditions = self.conditions.iter().map(|text| expression(text));
        Ok(Selection {
            tags: self.tags.clone(),
            exclude_tags,
            include_tags: self.include_tags.clone(),
            severities: self.severities.clone(),
            exclude_severities: self.exclude_severities.clone(),
            ids: patterns(&self.ids)?,
            exclude_ids: patterns(&self.exclude_ids)?,
            authors: self.authors.clone(),
            protocols: self.kinds.clone(),
            exclude_protocols: self.exclude_kinds.clone(),
            exclude_paths,
            include_paths: self.include_paths.clone(),
            conditions: conditions.collect::<Result<_, _>>()?,
            fuzzed: self.fuzzed,
            self_contained: self.self_contained,
            callbacks,
        })
    }
}

fn severity(word: &str) -> Result<(), ChoiceError> {
    let plain = word.trim().to_lowercase();
    if plain == UNKNOWN || Severity::parse(&plain).is_some() {
        return Ok(());
    }
    Err(ChoiceError::Severity(word.to_owned()))
}

fn patterns(texts: &[String]) -> Result<Patterns, ChoiceError> {
    for text in texts {
        pattern(text)?;
    }
    Ok(Patterns::new(texts.iter().map(String::as_str)).expect("each of them is one"))
}

fn pattern(text: &str) -> Result<(), ChoiceError> {
    let made = Patterns::new([text]);
    made.map(drop).map_err(|problem| ChoiceError::Pattern { text: text.to_owned(), problem })
}

fn expression(text: &str) -> Result<Expression, ChoiceError> {
    Expression::parse(text).map_err(|error| ChoiceError::Expression {
        text: text.to_owned(),
        at: error.at,
        problem: error.to_string(),
    })
}

/// A list of paths, or a mapping that has one and says which templates of them.
pub(super) fn templates(node: Option<&Node>, reader: &mut Reader) -> TemplateSettings {
    let Some(node) = node else { return TemplateSettings::default() };
    if let Value::List(_) = &node.value {
        return TemplateSettings { paths: paths(node, reader), ..TemplateSettings::default() };
    }
    let Some(fields) = reader.fields(node, &node.at, &TEMPLATES) else {
        return TemplateSettings::default();
    };
    let paths =
        reader.require(&fields, "paths").map(|node| paths(node, reader)).unwrap_or_default();
    let any = |_: &str| Ok(());
    TemplateSettings {
        paths,
        tags: words(&fields, "tags", any, reader),
        exclude_tags: words(&fields, "exclude_tags", any, reader),
        include_tags: words(&fields, "include_tags", any, reader),
        severities: words(&fields, "severity", severity, reader),
        exclude_severities: words(&fields, "exclude_severity", severity, reader),
        ids: words(&fields, "ids", pattern, reader),
        exclude_ids: words(&fields, "exclude_ids", pattern, reader),
        authors: words(&fields, "authors", any, reader),
        exclude_paths: words(&fields, "exclude_paths", any, reader),
        conditions: words(&fields, "condition", |text| expression(text).map(drop), reader),
        fuzzed: match fields.get("dast").and_then(|node| reader.boolean(node)) {
            Some(true) => Fuzzed::Too,
            Some(false) | None => Fuzzed::No,
        },
        ..TemplateSettings::default()
    }
}

fn paths(node: &Node, reader: &mut Reader) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (text, at) in reader.texts(node, "files and folders of templates") {
        let path = reader.beside(at, text);
        if !path.exists() {
            let text = format!("`{}` is not there", path.display());
            reader.problem_with_help(at, text, "a path is relative to the file that names it");
        }
        paths.push(path);
    }
    paths
}

/// One text or a list of them, each as `check` takes it.
fn words(
    fields: &Fields<'_>,
    key: &str,
    check: impl Fn(&str) -> Result<(), ChoiceError>,
    reader: &mut Reader,
) -> Vec<String> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let texts: Vec<(&str, &Place)> = match &node.value {
        Value::Scalar(_) => {
            reader.text(node, "a text").map(|text| (text, &node.at)).into_iter().collect()
        }
        Value::List(_) | Value::Map(_) | Value::Unsubstituted => reader.texts(node, "texts"),
    };
    for (text, at) in &texts {
        if let Err(error) = check(text) {
            reader.problem(at, error.to_string());
        }
    }
    texts.into_iter().map(|(text, _)| text.to_owned()).collect()
}
