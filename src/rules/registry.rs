//! All rules of a run, by id.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::model::Exchange;
use crate::model::RuleMeta;

use super::compile::OwnTemplate;
use super::compile::{Compiled, Rule, compile};
use super::embedded::EMBEDDED;
use super::error::{Fault, Place, RuleError, RuleErrors};
use super::example::{Example, Expectation};
use super::passive::{PassiveMatch, PassiveRule};
use super::prefilter::Prefilter;
use super::view::ResponseView;

/// A larger file is no rule.
const MAX_FILE: u64 = 1 << 20;

/// Directories are searched this deep.
const MAX_DEPTH: usize = 16;

/// The rules that are built in, and those of the user's directories.
#[derive(Debug)]
pub struct Registry {
    passive: Vec<PassiveRule>,
    native: Vec<RuleMeta>,
    under_load: Vec<RuleMeta>,
    templates: Vec<OwnTemplate>,
    prefilter: Prefilter,
}

/// What the examples of rules came to.
#[derive(Debug, Default)]
pub struct Tested {
    /// Rules that were looked at.
    pub rules: usize,
    /// Examples that were judged.
    pub examples: usize,
    /// Rules that have none, native checks not counted.
    pub without: usize,
    /// Examples that are not judged as they say, in a sentence each.
    pub failures: Vec<String>,
}

impl Registry {
    /// The built-in rules.
    pub fn embedded() -> Self {
        Self::of_sources(&embedded_sources()).expect("a test compiles every built-in rule")
    }

    /// The built-in rules and those in `dirs` (files ending in `.yaml` or `.yml`, directories
    /// below included, symbolic links to directories not followed).
    ///
    /// # Errors
    /// Everything that is wrong with any file or directory, all at once; two rules of one id too.
    pub fn with_dirs(dirs: &[PathBuf]) -> Result<Self, RuleErrors> {
        let mut sources = embedded_sources();
        let mut errors = Vec::new();
        for dir in dirs {
            let mut files = Vec::new();
            let before = errors.len();
            rule_files(dir, 0, &mut files, &mut errors);
            if files.is_empty() && errors.len() == before {
                errors.push(RuleError::NoRules { path: dir.clone() });
            }
            for path in files {
                match read(&path) {
                    Ok(text) => sources.push((path.display().to_string(), text)),
                    Err(source) => errors.push(RuleError::ReadingFile { path, source }),
                }
            }
        }
        match Self::of_sources(&sources) {
            Ok(registry) if errors.is_empty() => Ok(registry),
            Ok(_) => Err(RuleErrors(errors)),
            Err(RuleErrors(more)) => {
                errors.extend(more);
                Err(RuleErrors(errors))
            }
        }
    }

    /// The rules of these files and folders alone.
    ///
    /// # Errors
    /// As [`Registry::with_dirs`].
    pub fn of_paths(paths: &[PathBuf]) -> Result<Self, RuleErrors> {
        let mut sources = Vec::new();
        let mut errors = Vec::new();
        for path in paths {
            let mut files = Vec::new();
            if path.is_file() {
                files.push(path.clone());
            } else {
                rule_files(path, 0, &mut files, &mut errors);
            }
            for path in files {
                match read(&path) {
                    Ok(text) => sources.push((path.display().to_string(), text)),
                    Err(source) => errors.push(RuleError::ReadingFile { path, source }),
                }
            }
        }
        if !errors.is_empty() {
            return Err(RuleErrors(errors));
        }
        Self::of_sources(&sources)
    }

    /// Judges every example.
    pub fn test(&self) -> Tested {
        let mut tested =
            Tested { rules: self.native.len() + self.under_load.len(), ..Tested::default() };
        for rule in &self.passive {
            tested.judge(&rule.meta().id, rule.examples(), |exchange| {
                ResponseView::of(exchange).is_some_and(|view| !rule.evaluate(&view).is_empty())
            });
        }
        for own in &self.templates {
            let template = &own.template;
            tested.judge(&own.meta.id, template.examples(), |exchange| template.matches(exchange));
        }
        tested
    }

    /// Rules that send requests of their own, by id.
    pub fn templates(&self) -> &[OwnTemplate] {
        &self.templates
    }

    /// Compiles rule files given as (name, text).
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn of_sources(sources: &[(String, String)]) -> Result<Self, RuleErrors> {
        let mut errors: Vec<RuleError> = Vec::new();
        let mut places: HashMap<String, String> = HashMap::new();
        let mut passive = Vec::new();
        let mut native = Vec::new();
        let mut under_load = Vec::new();
        let mut templates = Vec::new();
        for (file, text) in sources {
            match compile(file, text) {
                Ok(Compiled { rule, id_at }) => {
                    let id = rule.meta().id.clone();
                    if let Some(first) = places.get(&id) {
                        errors.push(duplicate(file, text, id_at, &id, first).into());
                        continue;
                    }
                    places.insert(id, format!("{file}:{}", id_at.line));
                    match rule {
                        Rule::Passive(rule) => passive.push(rule),
                        Rule::Native(meta) => native.push(meta),
                        Rule::UnderLoad(meta) => under_load.push(meta),
                        Rule::Template(own) => templates.push(*own),
                    }
                }
                Err(faults) => errors.extend(faults.into_iter().map(RuleError::from)),
            }
        }
        if !errors.is_empty() {
            return Err(RuleErrors(errors));
        }
        passive.sort_by(|a, b| a.meta().id.cmp(&b.meta().id));
        native.sort_by(|a, b| a.id.cmp(&b.id));
        under_load.sort_by(|a: &RuleMeta, b| a.id.cmp(&b.id));
        templates.sort_by(|a: &OwnTemplate, b| a.meta.id.cmp(&b.meta.id));
        let prefilter = Prefilter::of(&mut passive);
        Ok(Self { passive, native, under_load, templates, prefilter })
    }

    /// What every rule says about itself: passive rules by id, then native checks, then what is looked
    /// for under load.
    pub fn metas(&self) -> impl Iterator<Item = &RuleMeta> {
        let own = self.templates.iter().map(|own| &own.meta);
        let passive = self.passive.iter().map(PassiveRule::meta);
        passive.chain(&self.native).chain(&self.under_load).chain(own)
    }

    /// The same of those that a scan runs.
    pub fn scanned(&self) -> impl Iterator<Item = &RuleMeta> {
        let is_watched = |meta: &&RuleMeta| self.under_load.iter().any(|other| other.id == meta.id);
        self.metas().filter(move |meta| !is_watched(meta))
    }

    /// What the rule of that id says about itself.
    pub fn meta(&self, id: &str) -> Option<&RuleMeta> {
        self.metas().find(|meta| meta.id == id)
    }

    /// The passive rules, by id.
    pub fn passive(&self) -> &[PassiveRule] {
        &self.passive
    }

    /// What every passive rule that matches sees in an exchange, by rule id: the same as
    /// [`PassiveRule::evaluate`] of each, in one pass over the response for all their literals.
    pub fn evaluate(&self, view: &ResponseView<'_>) -> Vec<(&PassiveRule, Vec<PassiveMatch>)> {
        let hits = self.prefilter.look(view);
        let rules = self.prefilter.candidates(&hits).map(|index| &self.passive[index]);
        let found = rules.map(|rule| (rule, rule.evaluate_with(view, Some(&hits))));
        found.filter(|(_, matches)| !matches.is_empty()).collect()
    }

    /// What is looked for in load's own traffic, by id.
    pub fn under_load(&self) -> &[RuleMeta] {
        &self.under_load
    }

    /// The ids that need a check written in Rust, sorted.
    pub fn native_ids(&self) -> impl Iterator<Item = &str> {
        self.native.iter().map(|meta| meta.id.as_str())
    }
}

impl Tested {
    fn judge(&mut self, id: &str, examples: &[Example], matches: impl Fn(&Exchange) -> bool) {
        self.rules += 1;
        self.examples += examples.len();
        self.without += usize::from(examples.is_empty());
        for example in examples {
            let wanted = example.expectation == Expectation::Match;
            if matches(&example.exchange) != wanted {
                let what = if wanted { "is not matched" } else { "is matched" };
                self.failures.push(format!("{id}: the example at line {} {what}", example.line));
            }
        }
    }
}

fn embedded_sources() -> Vec<(String, String)> {
    EMBEDDED.iter().map(|(name, text)| (format!("rules/{name}"), (*text).to_owned())).collect()
}

fn duplicate(file: &str, text: &str, at: Place, id: &str, first: &str) -> Fault {
    Fault::new(file, text, at, format!("the id `{id}` is taken by {first}"))
        .with_help(Some("give the rule an id of its own".to_owned()))
}

fn read(path: &Path) -> std::io::Result<String> {
    if fs::metadata(path)?.len() > MAX_FILE {
        return Err(std::io::Error::other("larger than 1 MiB"));
    }
    fs::read_to_string(path)
}

/// Rule files in and below `dir`, sorted by path.
fn rule_files(dir: &Path, depth: usize, files: &mut Vec<PathBuf>, errors: &mut Vec<RuleError>) {
    let entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(source) => {
            errors.push(RuleError::ReadingDirectory { path: dir.to_owned(), source });
            return;
        }
    };
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && depth < MAX_DEPTH {
            rule_files(&path, depth + 1, files, errors);
        } else if !is_dir && path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
    }
}
