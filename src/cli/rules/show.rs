//! `rules show`.

use crate::cli::error::CliError;
use crate::cli::outputs::write_stdout;
use crate::cli::templates;
use crate::cli::templates::Indexing;
use crate::model::ExitCode;
use crate::model::RuleMeta;
use crate::model::Seed;
use crate::model::did_you_mean;
use crate::model::inert;
use crate::rules::Registry;
use crate::rules::template::{Fuzzed, Library, Selection};
use std::fmt::Write as _;

use super::args::ShowArgs;

/// Characters of one text.
const MAX_TEXT: usize = 4000;

/// Shows one.
pub(super) fn run(args: &ShowArgs) -> Result<ExitCode, CliError> {
    let library = if args.templates.is_empty() {
        Library::default()
    } else {
        let everything = Selection {
            fuzzed: Fuzzed::Too,
            self_contained: true,
            callbacks: true,
            ..Selection::default()
        };
        templates::library(&args.templates, &everything, Indexing::Kept, Seed(0))?
    };
    let registry = Registry::embedded();
    let found = registry.meta(&args.id).cloned().map(|meta| (meta, None)).or_else(|| {
        let template = library.templates.iter().find(|template| template.info.id == args.id)?;
        let more = format!(
            "requests  at most {}\nfile      {}\n",
            template.request_total(),
            template.info.path
        );
        Some((template.info.meta(), Some(more)))
    });
    let Some((meta, more)) = found else {
        let ids = registry.metas().map(|meta| meta.id.as_str());
        let ids = ids.chain(library.templates.iter().map(|template| template.info.id.as_str()));
        let hint = match did_you_mean(&args.id, ids) {
            Some(near) => format!("; did you mean `{near}`?"),
            None if args.templates.is_empty() => "; name its folder with -t".to_owned(),
            None => String::new(),
        };
        return Err(CliError::Usage(format!("there is no rule `{}`{hint}", args.id)));
    };
    write_stdout(text(&meta, more.as_deref()).as_bytes())?;
    Ok(ExitCode::Passed)
}

fn text(meta: &RuleMeta, more: Option<&str>) -> String {
    let shown = |text: &str| inert(text, MAX_TEXT);
    let mut out = format!("{}  {}\n\n", shown(&meta.id), shown(&meta.title));
    let _ = writeln!(out, "severity  {}", meta.severity.as_str());
    let mut line = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            let _ = writeln!(out, "{name:<9} {}", shown(&values.join(", ")));
        }
    };
    line("cwe", meta.cwe.iter().map(|id| format!("CWE-{id}")).collect());
    line("owasp", meta.owasp.iter().chain(&meta.api).map(|place| place.0.clone()).collect());
    line("cvss", meta.cvss.iter().cloned().collect());
    line("tags", meta.tags.clone());
    out.push_str(more.unwrap_or_default());
    let _ = writeln!(out, "\n{}\n\nFix: {}", shown(&meta.why), shown(&meta.fix));
    for reference in &meta.references {
        let _ = writeln!(out, "  {}", shown(reference));
    }
    out
}
