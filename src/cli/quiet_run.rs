//! A run whose report is for the caller alone: no files, no summary, no gates of its own.

use std::sync::Arc;

use crate::http::clock::Clock;
use crate::load::LiveControl;
use crate::model::Report;
use crate::run::Baseline;
use crate::run::Gating;
use crate::run::Interrupts;
use crate::run::RunJob;
use crate::scan::Addresses;
use crate::scan::CallbackSource;
use crate::ui::Consumer;

use super::error::CliError;
use super::execute::Execution;
use super::execute::block_on;
use super::execute::browser;
use super::execute::check_certificates;
use super::execute::load_rules;
use super::execute::plain;
use super::execute::run_info;
use super::templates;

/// Carries the run out; progress goes to standard error, unless that is to be quiet.
///
/// # Errors
/// Whatever prevented the run; what the target did is in the report.
pub(super) fn report_of(
    execution: Execution<'_>,
    callbacks: Option<CallbackSource>,
) -> Result<Report, CliError> {
    let terminal = execution.terminal;
    let registry = Arc::new(load_rules(&execution)?);
    let (plan, quiet) = (&execution.plan, terminal.quiet);
    let templates = templates::of_plan(plan, &registry, None, callbacks.as_ref(), quiet)?;
    check_certificates(&execution.plan)?;
    let browser = browser(&execution, &registry)?;
    let consumers: Vec<Box<dyn Consumer>> = vec![Box::new(plain(terminal, execution.output))];
    let (interrupts, interrupted) = Interrupts::channel();
    let clock = Clock::start();
    let job = RunJob {
        info: run_info(&execution, clock),
        gating: Gating::OnlyThresholds,
        addresses: Addresses::Counted,
        kind: execution.kind,
        baseline: Arc::new(Baseline::default()),
        start_at_unix_ms: None,
        clock,
        control: LiveControl::new(&execution.plan),
        threads: execution.threads,
        plan: Arc::new(execution.plan),
        registry,
        record: None,
        browser,
        templates: templates.map(Arc::new),
        callbacks,
    };
    let watched = terminal.is_watched();
    let outcome = block_on(job, consumers, None, &interrupts, interrupted, watched)?;
    if outcome.left {
        return Err(CliError::Left);
    }
    Ok(outcome.report)
}
