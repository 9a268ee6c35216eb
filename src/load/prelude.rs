//! What is done once: setup before the scenarios, teardown behind them.
//!
//! One user goes through the flow on the engine that the scenarios use, whatever the protocol, and
//! nothing of it is counted. What setup takes out of responses, every iteration has from the start.

use std::collections::BTreeSet;
use std::io;

use super::collector::Collector;
use super::engine::Engine;
use super::engine::LoadJob;
use super::engine::number_series;
use super::error::LoadError;
use super::live::LiveControl;
use super::login::expand;
use super::program::Program;
use super::program::Purpose;
use super::watch::Watch;
use crate::flow::Op;
use crate::flow::Values;
use crate::flow::Variable;
use crate::flow::auth::Sessions;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::model::Exemplar;
use crate::model::LoadTotals;
use crate::model::StopLevel;
use crate::model::StopToken;
use crate::plan::Data;
use crate::plan::Executor;
use crate::plan::Once;
use crate::plan::Plan;
use crate::plan::Scenario;

/// Values that are there from the start, by variable.
pub(super) type Given = Vec<(Variable, Vec<u8>)>;

/// What the plan calls values of setup.
const NAMESPACE: &str = "setup.";

/// Goes through the plan's setup, if it has one; gives what it has taken, under the names that flows
/// use.
///
/// # Errors
/// [`LoadError::Setup`] where a request of it failed, a check did not hold or time was up: what the
/// scenarios would do then is not what the plan means.
pub(super) fn set_up<R: Reactor>(
    job: &LoadJob,
    start: Nanos,
    unix_start: u64,
    reactor: &(impl Fn(usize) -> io::Result<R> + Sync),
    stop: &StopToken,
) -> Result<Given, LoadError> {
    let Some(setup) = &job.plan.setup else { return Ok(Vec::new()) };
    let values = go_through(job, (setup, &[]), (start, unix_start), reactor, stop)?;
    Ok(given(&job.plan, &values.map_err(LoadError::Setup)?))
}

/// Goes through the plan's teardown, if it has one; the word on why it did not succeed.
pub(super) fn tear_down<R: Reactor>(
    job: &LoadJob,
    given: &[(Variable, Vec<u8>)],
    (start, unix_start): (Nanos, u64),
    reactor: &(impl Fn(usize) -> io::Result<R> + Sync),
    stop: &StopToken,
) -> Result<Result<(), String>, LoadError> {
    let Some(teardown) = &job.plan.teardown else { return Ok(Ok(())) };
    // A run that was stopped leaves the target as it found it all the same; one that was cancelled
    // sends nothing more.
    let own = StopToken::default();
    let stop = match stop.level() {
        StopLevel::Running => stop,
        StopLevel::Stopping => &own,
        StopLevel::Cancelled => return Ok(Err("left out, since the run was cancelled".to_owned())),
    };
    let values = go_through(job, (teardown, given), (start, unix_start), reactor, stop)?;
    Ok(values.map(|_| ()))
}

/// Values that setup has taken as `name`, as values of `setup.name`.
fn given(plan: &Plan, values: &Values) -> Given {
    let variable = |index: usize| Variable(u16::try_from(index).expect("few names"));
    let names = plan.variables.iter().enumerate();
    let taken = names.filter_map(|(index, name)| {
        let name = name.strip_prefix(NAMESPACE)?;
        let own = plan.variables.iter().position(|known| known == name)?;
        Some((variable(index), values.get(variable(own))?.to_vec()))
    });
    taken.collect()
}

fn go_through<R: Reactor>(
    job: &LoadJob,
    (once, given): (&Once, &[(Variable, Vec<u8>)]),
    (start, unix_start): (Nanos, u64),
    reactor: &(impl Fn(usize) -> io::Result<R> + Sync),
    stop: &StopToken,
) -> Result<Result<Values, String>, LoadError> {
    let plan = alone(&job.plan, once);
    let expanded = expand(&plan);
    let mut program = Program::compile(&expanded, given)?;
    program.purpose = Purpose::Capture;
    program.sampling = None;
    let budget = number_series(&mut program, &expanded.plan, 1);
    let control = LiveControl::new(&plan);
    let engine = Engine::quiet(&program, (budget, 1), (start, unix_start), &control, stop);
    let watch = Watch::new(None);
    let mut collector = Collector::new(&program, budget.0.digits, 1, start, watch);
    control.begin(start);
    let mut shards = engine.run_shards(reactor, &[], &mut collector)?;
    let values = shards[0].captured.take().unwrap_or_default();
    let (totals, _) = collector.finish(shards);
    Ok(judge(&program, &totals, once.timeout).map_or(Ok(values), Err))
}

/// The plan whose only scenario is one pass over the flow, with the first row of each file.
fn alone(plan: &Plan, once: &Once) -> Plan {
    let given = once.given.iter().cloned().chain(plan.data.first_rows()).collect();
    let scenario = Scenario {
        name: once.flow.name.clone(),
        flow: 0,
        executor: Executor::PerVuIterations { vus: 1, iterations: 1, max_duration: once.timeout },
        start_time: std::time::Duration::ZERO,
        graceful_stop: std::time::Duration::ZERO,
        warmup: false,
        tags: std::collections::BTreeMap::new(),
        given,
    };
    // What scenarios say of logins is theirs.
    let sessions = Sessions { scenarios: Vec::new(), ..plan.sessions.clone() };
    Plan {
        sessions,
        flows: vec![once.flow.clone()],
        scenarios: vec![scenario],
        setup: None,
        teardown: None,
        data: Data::default(),
        scan: None,
        ..plan.clone()
    }
}

/// What went wrong, if something did.
fn judge(program: &Program, totals: &LoadTotals, timeout: std::time::Duration) -> Option<String> {
    let mut seen = BTreeSet::new();
    let sent = program.flows[0].ops.iter().zip(&program.series_of[0]);
    let sent = sent.filter_map(|(op, series)| match op {
        Op::Use(request) => Some((*request, *series)),
        _ => None,
    });
    for (request, series) in sent.filter(|(_, series)| seen.insert(*series)) {
        let tally = totals.series.iter().find(|window| window.series.0 == series);
        let Some(tally) = tally.map(|window| &window.tally) else { continue };
        let name = &program.names[request];
        if tally.failed > 0 {
            let failed = tally.exemplars.iter().find_map(why).unwrap_or_default();
            return Some(format!("request `{name}` failed{failed}"));
        }
        if let Some(check) = tally.checks.iter().find(|check| check.fails > 0) {
            return Some(format!("check `{}` of request `{name}` did not hold", check.name));
        }
    }
    let was_cut = totals.scenarios.iter().any(|scenario| scenario.iterations == 0);
    was_cut.then(|| {
        let limit = crate::model::format_duration(timeout);
        format!("it was not over after {limit}, or the run was stopped")
    })
}

fn why(exemplar: &Exemplar) -> Option<String> {
    match (&exemplar.failure, exemplar.status) {
        (Some((_, detail)), _) => Some(format!(": {detail}")),
        (None, Some(status)) => Some(format!(" with status {status}")),
        (None, None) => None,
    }
}
