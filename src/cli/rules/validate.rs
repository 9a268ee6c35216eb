//! `rules validate`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::outputs::{write_stderr, write_stdout};
use crate::cli::templates;
use crate::cli::templates::Indexing;
use crate::cli::terminal::Terminal;
use crate::model::ExitCode;
use crate::model::Seed;
use crate::rules::template::{Fuzzed, Refusal, Selection};

use super::args::ValidateArgs;

/// Looks at every file and says what is wrong with it.
pub(super) fn run(args: &ValidateArgs, terminal: &Terminal) -> Result<ExitCode, CliError> {
    let selection = Selection {
        fuzzed: Fuzzed::Too,
        self_contained: true,
        callbacks: true,
        ..Selection::default()
    };
    let library = templates::library(&args.paths, &selection, Indexing::Off, Seed(0))?;
    let mut refusals = library.refusals.clone();
    for template in &library.templates {
        refusals.extend(template.faults());
    }
    refusals.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let is_wrong = |refusal: &&Refusal| args.strict || refusal.reason.is_mistake();
    let mut text = String::new();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for refusal in &refusals {
        *counts.entry(refusal.reason.code()).or_default() += 1;
        if args.json {
            let line = json!({
                "path": refusal.path, "line": refusal.line, "column": refusal.column,
                "id": refusal.id, "reason": refusal.reason.code(), "message": refusal.message,
                "wrong": is_wrong(&refusal),
            });
            let _ = writeln!(text, "{line}");
        } else if is_wrong(&refusal) {
            let _ = writeln!(text, "{refusal}");
        }
    }
    write_stdout(text.as_bytes())?;
    let wrong = refusals.iter().filter(is_wrong).count();
    if !terminal.quiet {
        let counts: Vec<String> =
            counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let summary = format!(
            "{} files: {} would run, {wrong} mistakes{}\n",
            library.files,
            library.files.saturating_sub(
                library.heads.iter().filter(|head| !head.refusals.is_empty()).count() as u64
            ),
            if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) }
        );
        write_stderr(summary.as_bytes());
    }
    Ok(if wrong == 0 { ExitCode::Passed } else { ExitCode::InvalidPlan })
}
