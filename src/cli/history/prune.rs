//! `history prune`: which runs are to go; without `--yes` they are only told.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::outputs::write_stdout;
use crate::http::clock::Clock;
use crate::model::PastRun;
use crate::model::format_bytes;
use crate::model::inert;
use crate::model::plural;
use crate::store::History;

use super::args::PruneArgs;
use super::list;

/// Runs that are told one by one.
const TOLD: usize = 10;

/// Tells or removes them.
pub(super) fn run(args: &PruneArgs, path: &Path) -> Result<(), CliError> {
    let mut history = History::existing(path)?;
    let now = Clock::start().unix_seconds();
    let runs = history.list(&list::filter(&args.filter, None)?)?;
    let going = going(&runs, args, now);
    let bytes: u64 = going.iter().map(|run| run.stored_len).sum();
    let what =
        format!("{} with {}", plural(going.len() as u64, "run", "runs"), format_bytes(bytes));
    let text = match (going.is_empty(), args.yes) {
        (true, _) => "nothing to remove\n".to_owned(),
        (false, true) => {
            let ids: Vec<u64> = going.iter().map(|run| run.id).collect();
            history.remove(&ids)?;
            format!("removed {what}\n")
        }
        (false, false) => {
            format!("{}{what} would go; --yes removes them\n", told(&going))
        }
    };
    write_stdout(text.as_bytes())
}

/// `runs` are the last one first.
fn going<'a>(runs: &'a [PastRun], args: &PruneArgs, now: u64) -> Vec<&'a PastRun> {
    let unnamed = runs.iter().filter(|run| run.names.is_empty());
    let is_old = |run: &&PastRun| {
        let age = now.saturating_sub(run.started_unix);
        args.older_than.is_none_or(|limit| age >= limit.as_secs())
    };
    unnamed.skip(args.keep.unwrap_or(0)).filter(is_old).collect()
}

fn told(runs: &[&PastRun]) -> String {
    let mut text = String::new();
    for run in runs.iter().take(TOLD) {
        let what = run.plan.as_deref().unwrap_or(&run.target);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:>5}  {}  {}", run.id, run.started(), inert(what, 60));
    }
    if runs.len() > TOLD {
        let _ = writeln!(text, "  … and {} more", runs.len() - TOLD);
    }
    text
}
