//! Which templates a scan runs.

use std::path::PathBuf;

use clap::Args;

use super::callback_args::CallbackArgs;
use crate::plan::TemplateSettings;
use crate::rules::template::Fuzzed;

/// `--templates`, and which of them. Names and meaning are those of `rules run`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Templates")]
pub(super) struct TemplateArgs {
    /// Templates in Nuclei's format: files and folders; may be repeated, or separated by commas. They
    /// run after the crawl, with or without --active, in place of a plan's `scan.templates`.
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub(super) templates: Vec<PathBuf>,
    /// Templates with any of these tags.
    #[arg(long, value_name = "TAG", value_delimiter = ',', requires = "templates")]
    tags: Vec<String>,
    /// No template with any of these tags.
    #[arg(long, value_name = "TAG", value_delimiter = ',', requires = "templates")]
    exclude_tags: Vec<String>,
    /// Templates with these tags although they are left out by default (dos, fuzz, local,
    /// bruteforce) or by --exclude-tags.
    #[arg(long, value_name = "TAG", value_delimiter = ',', requires = "templates")]
    include_tags: Vec<String>,
    /// Templates of these severities: info, low, medium, high, critical, unknown.
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',', requires = "templates")]
    severity: Vec<String>,
    /// No template of these severities.
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',', requires = "templates")]
    exclude_severity: Vec<String>,
    /// Templates with these ids; * and ? stand for anything.
    #[arg(long, value_name = "ID", value_delimiter = ',', requires = "templates")]
    id: Vec<String>,
    /// No template with these ids.
    #[arg(long, value_name = "ID", value_delimiter = ',', requires = "templates")]
    exclude_id: Vec<String>,
    /// Templates by these authors.
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "templates")]
    author: Vec<String>,
    /// Files and folders that do not run.
    #[arg(long, value_name = "PATH", value_delimiter = ',', requires = "templates")]
    exclude_templates: Vec<String>,
    /// Templates for which this expression is true, over id, name, tags, severity, `cvss_score`, …; may
    /// be repeated.
    #[arg(long, value_name = "EXPRESSION", requires = "templates")]
    template_condition: Vec<String>,
    /// Run templates that change known requests (`fuzzing`) too, on the operations that the crawl
    /// found.
    #[arg(long, requires = "templates")]
    pub(super) dast: bool,
    #[command(flatten)]
    pub(super) callbacks: CallbackArgs,
}

impl TemplateArgs {
    /// What they say, if they name any templates.
    pub(super) fn settings(&self) -> Option<TemplateSettings> {
        (!self.templates.is_empty()).then(|| TemplateSettings {
            paths: self.templates.clone(),
            tags: self.tags.clone(),
            exclude_tags: self.exclude_tags.clone(),
            include_tags: self.include_tags.clone(),
            severities: self.severity.clone(),
            exclude_severities: self.exclude_severity.clone(),
            ids: self.id.clone(),
            exclude_ids: self.exclude_id.clone(),
            authors: self.author.clone(),
            exclude_paths: self.exclude_templates.clone(),
            conditions: self.template_condition.clone(),
            fuzzed: if self.dast { Fuzzed::Too } else { Fuzzed::No },
            ..TemplateSettings::default()
        })
    }
}
