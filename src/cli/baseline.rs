//! What a run is compared with: read before anything is sent.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;

use crate::model::Threshold;
use crate::plan::Plan;
use crate::run::Baseline;

use super::error::CliError;
use super::history::named_run;
use super::history::read_run_of;
use super::report::read;

/// `--baseline`.
#[derive(Debug, Clone, Args)]
pub(super) struct BaselineArgs {
    /// Compare with this earlier run (a JSON report, an event log, Nuclei's results, or one of the history:
    /// `history:main`, `history:latest`): findings are new or known, and gates on `METRIC|vs(baseline)` are
    /// judged against it. Goes before the plan's `baseline.run`.
    #[arg(long, value_name = "FILE|history:RUN")]
    baseline: Option<PathBuf>,
}

impl BaselineArgs {
    /// Puts the flag before what the plan says.
    pub(super) fn apply(&self, plan: &mut Plan) {
        if let Some(path) = &self.baseline {
            plan.baseline.run = Some(path.clone());
        }
    }

    /// Whether it was given.
    pub(super) fn is_given(&self) -> bool {
        self.baseline.is_some()
    }
}

/// `--accepted`.
#[derive(Debug, Clone, Args)]
pub(super) struct AcceptedArgs {
    /// Findings on this list (see `shakedown accept`) are not held against the run. Goes before the plan's
    /// `baseline.accepted`.
    #[arg(long, value_name = "FILE")]
    accepted: Option<PathBuf>,
}

impl AcceptedArgs {
    /// Puts the flag before what the plan says.
    pub(super) fn apply(&self, plan: &mut Plan) {
        if let Some(path) = &self.accepted {
            plan.baseline.accepted = Some(path.clone());
        }
    }
}

/// Whether the gate is about a change against the baseline.
pub(super) fn is_change(threshold: &Threshold) -> bool {
    threshold.criterion.condition.limit.is_change()
}

/// Reads what the plan and the command line name; `history` is the history that the command line names.
///
/// # Errors
/// A file that cannot be read, and a gate on a change where there is nothing to compare with.
pub(super) fn load(plan: &Plan, history: Option<&Path>) -> Result<Baseline, CliError> {
    let run = |path: &Path| match named_run(path) {
        Some(run) => read_run_of(history, run),
        None => read(path),
    };
    let report = plan.baseline.run.as_deref().map(run).transpose()?;
    if report.is_none()
        && let Some(threshold) = plan.thresholds.iter().find(|threshold| is_change(threshold))
    {
        return Err(CliError::NoBaseline(threshold.criterion.looked_at()));
    }
    let today = super::plans::today();
    let accepted = plan.baseline.accepted.as_deref();
    let accepted = accepted.map(|path| crate::plan::load_accepted(path, today)).transpose();
    let accepted = accepted.map_err(CliError::Plan)?.unwrap_or_default();
    let overrides = plan.scan.iter().flat_map(|scan| scan.probing.overrides.clone()).collect();
    Ok(Baseline { report, accepted, overrides })
}
