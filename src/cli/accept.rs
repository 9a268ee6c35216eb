//! `accept`: a finding of a report goes on the list of accepted ones.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::model::ExitCode;
use crate::model::Finding;
use crate::model::Report;
use crate::model::did_you_mean;
use crate::model::inert;
use crate::plan::Accepted;
use crate::plan::Accepting;

use super::error::CliError;
use super::outputs::write_file;
use super::outputs::write_stderr;
use super::plans::today;
use super::report::read;

/// Characters of what is said of a finding.
const ABOUT: usize = 200;

/// `accept`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown accept SD-0e1ee5f65a --reason 'only reachable inside' --owner team-shop \\
      --until 2031-12-31
  shakedown accept SD-0e1ee5f65a SD-77c1bb3d90 --report scan.json --file security/accepted.yml \\
      --reason 'old pages, gone in June' --owner alex --until 2031-06-30

The list is YAML, to be committed and reviewed; comments and the order of other entries stay. A finding
that is on it is accepted anew, with what is said now. Name the list in the plan
(`baseline: { accepted: accepted.yml }`), or with `scan --accepted` and `check --accepted`. It holds to
the end of its last day: after that a run with a gate on findings fails while the finding is there (80),
and names the entry.")]
pub(super) struct AcceptArgs {
    /// The finding's id (SD-…) or fingerprint; several have the same reason.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Why it may be there.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    reason: String,
    /// Who answers for that.
    #[arg(long, value_name = "NAME", value_parser = said)]
    owner: String,
    /// The last day on which it is accepted.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    until: Date,
    /// The report that has the finding.
    #[arg(long, value_name = "FILE", default_value = "reports/run.json")]
    report: PathBuf,
    /// The list; made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "accepted.yml")]
    file: PathBuf,
}

/// Writes the list anew.
pub(super) fn run(args: &AcceptArgs) -> Result<ExitCode, CliError> {
    let today = today();
    if args.until < today {
        return Err(CliError::Usage(format!(
            "--until {}: that day is over (today is {today}); a finding is accepted until a day to come",
            args.until
        )));
    }
    let report = read(&args.report)?;
    let mut new: Vec<Accepting> = Vec::new();
    for id in &args.ids {
        let finding = find(&report, id, &args.report)?;
        for accepting in accepting(finding, args) {
            if !new.contains(&accepting) {
                new.push(accepting);
            }
        }
    }
    let name = args.file.display().to_string();
    let text = match std::fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(CliError::Unreadable { path: args.file.clone(), source }),
    };
    let changed = crate::plan::with_accepted(&name, &text, &new, today).map_err(CliError::Plan)?;
    write_file(&args.file, changed.as_bytes())?;
    for id in &args.ids {
        let line = format!("accepted {} until {} in {name}\n", inert(id, ABOUT), args.until);
        write_stderr(line.as_bytes());
    }
    Ok(ExitCode::Passed)
}

/// The finding that has the id, or the fingerprint at one of its places.
///
/// # Errors
/// [`CliError::Usage`] with the nearest one.
pub(super) fn find<'a>(report: &'a Report, id: &str, path: &Path) -> Result<&'a Finding, CliError> {
    let digits = id.strip_prefix("SD-");
    let is_named = |finding: &&Finding| {
        finding.places().any(|(_, own)| match digits {
            Some(digits) => own.chars().take(10).eq(digits.chars()),
            None => own == id,
        })
    };
    if let Some(finding) = report.findings.iter().find(is_named) {
        return Ok(finding);
    }
    let known: Vec<String> = report.findings.iter().map(Finding::id).collect();
    let help = match did_you_mean(id, known.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "it has no findings".to_owned(),
        None => format!("it has {}", known.join(", ")),
    };
    let text = format!("{} has no finding `{id}`; {}", path.display(), inert(&help, 1000));
    Err(CliError::Usage(text))
}

/// An entry for each place: a finding is accepted when it is at all of its parameters.
fn accepting(finding: &Finding, args: &AcceptArgs) -> Vec<Accepting> {
    let of_place = |(point, fingerprint): (Option<&crate::model::InsertionRef>, &str)| {
        let point = point.map(|point| format!(", {point}")).unwrap_or_default();
        let (rule, method) = (&finding.rule.id, &finding.method);
        let about = format!("{} {rule}: {method} {}{point}", finding.id(), finding.path_template);
        Accepting {
            accepted: Accepted {
                fingerprint: fingerprint.to_owned(),
                reason: args.reason.clone(),
                owner: args.owner.clone(),
                expires: args.until,
                expired: false,
            },
            about: inert(&about, ABOUT),
        }
    };
    finding.places().map(of_place).collect()
}

fn said(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty: somebody will want to know".to_owned()),
        text => Ok(text.to_owned()),
    }
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "no day like 2031-12-31".to_owned())
}
