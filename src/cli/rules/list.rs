//! `rules list`.

use serde_json::json;
use std::fmt::Write as _;

use crate::cli::error::CliError;
use crate::cli::outputs::write_stdout;
use crate::cli::templates;
use crate::model::ExitCode;
use crate::model::Seed;
use crate::model::inert;
use crate::rules::Registry;
use crate::rules::template::Head;

use super::args::ListArgs;

/// Characters of a name that are shown.
const MAX_NAME: usize = 100;

/// Lists the built-in rules, or the templates that are asked for.
pub(super) fn run(args: &ListArgs) -> Result<ExitCode, CliError> {
    let mut text = String::new();
    if args.choose.templates.is_empty() {
        for meta in Registry::embedded().metas() {
            if args.json {
                let line = json!({
                    "id": meta.id, "name": meta.title, "severity": meta.severity.as_str(),
                    "tags": meta.tags, "kind": "built-in",
                });
                let _ = writeln!(text, "{line}");
            } else {
                text.push_str(&line(&meta.id, meta.severity.as_str(), &meta.title, &meta.tags));
            }
        }
    } else {
        let selection = templates::selection(&args.choose.settings(), true)?;
        let (paths, indexing) = (&args.choose.templates, args.choose.indexing());
        let library = templates::library(paths, &selection, indexing, Seed(0))?;
        let is_chosen = |head: &&Head| head.refusals.is_empty() && selection.judge(head).is_ok();
        for head in library.heads.iter().filter(is_chosen) {
            if args.json {
                let line = json!({
                    "id": head.id, "name": head.name, "severity": head.severity,
                    "tags": head.tags, "kind": head.protocol, "path": head.path,
                    "requests": head.requests,
                });
                let _ = writeln!(text, "{line}");
            } else {
                text.push_str(&line(&head.id, &head.severity, &head.name, &head.tags));
            }
        }
    }
    write_stdout(text.as_bytes())?;
    Ok(ExitCode::Passed)
}

fn line(id: &str, severity: &str, name: &str, tags: &[String]) -> String {
    let name = inert(name, MAX_NAME);
    format!(
        "{severity:<8} {:<40} {name} [{}]\n",
        inert(id, MAX_NAME),
        inert(&tags.join(","), MAX_NAME)
    )
}
