//! `load`: a URL with oha's flags, or a plan's scenarios.

use crate::import::Format;
use crate::import::Order;
use crate::model::Headline;
use crate::model::HttpVersion;
use crate::model::MetricName;
use crate::plan::Body;
use crate::plan::LoadFlags;
use crate::plan::Plan;
use crate::plan::Spacing;
use crate::run::RunKind;

use super::baseline;
use super::debug;
use super::ended::Ended;
use super::error::CliError;
use super::execute::Execution;
use super::execute::execute;
use super::history::Keeping;
use super::load_args::ArrivalsArg;
use super::load_args::LoadArgs;
use super::load_args::OutputFormatArg;
use super::oha;
use super::plans;
use super::plans::ImportedPlan;
use super::terminal::Terminal;

/// Runs the load test.
pub(super) fn run(args: &LoadArgs, terminal: &Terminal) -> Result<Ended, CliError> {
    if args.debug {
        can_debug(args)?;
        return debug::run(&plan(args)?).map(Ended::from);
    }
    let mut plan = plan(args)?;
    crate::plan::trace_too(&mut plan, &args.run.trace.flags());
    args.run.export.apply(&mut plan)?;
    if args.baseline.is_given() && !plan.thresholds.iter().any(baseline::is_change) {
        let text = "--baseline: nothing is compared; a plan says what may change in its \
                    `thresholds`: 'http_req_latency|vs(baseline)': [ 'p(95)<+10%' ]";
        return Err(CliError::Usage(text.to_owned()));
    }
    args.baseline.apply(&mut plan);
    let output = oha::outputs(args)?;
    let quiet = args.output_format == Some(OutputFormatArg::Quiet);
    let terminal = terminal.telling(args.time_unit, quiet);
    execute(Execution {
        plan,
        kind: RunKind::Load,
        command: "load",
        threads: args.run.threads.map(|threads| threads as usize),
        output: &output,
        control: &args.run.control,
        terminal: &terminal,
        part: Some(&args.run.part),
        headline: headline(args),
        keeping: Some(Keeping {
            args: &args.run.history,
            plan: (!args.urls_from_file && plans::is_plan(&args.target)).then_some(&args.target),
        }),
        discovery: None,
    })
}

/// Both latencies are measured and reported either way.
fn headline(args: &LoadArgs) -> Headline {
    if args.no_latency_correction { Headline::Duration } else { Headline::Latency }
}

fn plan(args: &LoadArgs) -> Result<Plan, CliError> {
    if args.urls_from_file || !plans::is_plan(&args.target) {
        plans::refuse_target(&args.run.send)?;
        return Ok(crate::plan::load_url(&flags(args))?);
    }
    if let Some(format) = plans::foreign(&args.target) {
        return imported(args, format);
    }
    if let Some(flag) = url_only_flag(args) {
        return Err(CliError::Usage(format!(
            "{flag} shapes the load of a URL; a plan's load stands in its `scenarios`"
        )));
    }
    let mut plan = plans::from_file(&args.target, &args.run.send)?;
    if plan.scenarios.is_empty() {
        return Err(CliError::Usage(format!(
            "{} has no `scenarios`, so there is no load to run",
            args.target
        )));
    }
    plans::look(&mut plan, &args.look)?;
    // Its gates over findings belong to `check`: where nothing is looked for they would pass unseen.
    let finds = plan.watches_load();
    plan.thresholds.retain(|threshold| {
        let metric = threshold.metric();
        metric.is_load() || (finds && metric == MetricName::Findings)
    });
    Ok(plan)
}

/// A foreign file: its requests, loaded as the flags say. What belongs to one user is sent as that
/// user did; what stands each for itself is drawn.
fn imported(args: &LoadArgs, format: Format) -> Result<Plan, CliError> {
    let own = [
        ("-m", args.method.is_some()),
        ("-d", args.body.is_some()),
        ("-D", args.body_file.is_some()),
        ("--messages", args.messages.is_some()),
    ];
    if let Some((flag, _)) = own.into_iter().find(|(_, given)| *given) {
        return Err(CliError::Usage(format!(
            "{flag} is for a URL; {} has requests of its own",
            args.target
        )));
    }
    let ImportedPlan { mut plan, order, has_pace } =
        plans::imported(&args.target, format, &args.run.send)?;
    if plan.flows.is_empty() {
        return Err(CliError::Usage(format!(
            "every request of {0} changes something, so none is sent; to have them sent run \
             `shakedown import {0} --enable-unsafe -o plan.yml`",
            args.target
        )));
    }
    if !has_pace || url_only_flag(args).is_some() {
        plan = crate::plan::load_flow(plan, &flags(args), order == Order::Draw || draws(format))?;
    }
    plan.scan = None;
    plans::look(&mut plan, &args.look)?;
    Ok(plan)
}

/// Operations of a description follow from nothing but its alphabet.
pub(super) fn draws(format: Format) -> bool {
    matches!(format, Format::OpenApi | Format::GraphQl)
}

/// What cannot be shown as one request and one response.
fn can_debug(args: &LoadArgs) -> Result<(), CliError> {
    let scheme = args.target.split("://").next().unwrap_or_default();
    if plans::is_plan(&args.target) {
        let text = "--debug sends the one request of a URL; a plan has its own in `scenarios`";
        return Err(CliError::Usage(text.to_owned()));
    }
    if args.http_version != HttpVersion::Http11 {
        return Err(CliError::Usage("--debug speaks HTTP/1.1 only".to_owned()));
    }
    if scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("wss") {
        return Err(CliError::Usage("--debug has no meaning for a WebSocket".to_owned()));
    }
    if let Some(flag) = args.run.trace.given().or_else(|| args.run.export.given()) {
        return Err(CliError::Usage(format!("--debug sends one request: {flag} is about load")));
    }
    Ok(())
}

fn flags(args: &LoadArgs) -> LoadFlags {
    LoadFlags {
        common: plans::common_flags(&args.target, &args.run.send),
        urls_from_file: args.urls_from_file,
        connections: args.connections,
        http_version: match (args.http2, args.http3) {
            (true, _) => HttpVersion::Http2,
            (false, true) => HttpVersion::Http3,
            (false, false) => args.http_version,
        },
        parallel: args.parallel,
        pipeline: args.pipeline,
        requests: args.requests,
        duration: args.duration,
        rate: args.rate,
        stages: args.stages.clone(),
        vu_stages: args.vu_stages.clone(),
        arrivals: args.arrivals.map(|arrivals| match arrivals {
            ArrivalsArg::Even => Spacing::Even,
            ArrivalsArg::Poisson => Spacing::Poisson,
        }),
        burst_delay: args.burst_delay,
        burst_rate: args.burst_rate,
        method: args.method.clone(),
        body: body(args),
        messages: args.messages,
        expected_statuses: Vec::new(),
        redirects: args.look.redirect.unwrap_or(0),
        observe: args.look.observe.clone(),
    }
}

fn body(args: &LoadArgs) -> Option<Body> {
    let text = args.body.as_deref().map(|text| match text.strip_prefix('@') {
        Some(file) => Body::File(file.into()),
        None => Body::Text(text.to_owned()),
    });
    text.or_else(|| args.body_file.clone().map(Body::File))
}

fn url_only_flag(args: &LoadArgs) -> Option<&'static str> {
    [
        ("-c", args.connections.is_some()),
        ("--http2", args.http2),
        ("--http3", args.http3),
        ("--http-version", args.http_version != HttpVersion::Http11),
        ("-p", args.parallel.is_some()),
        ("--pipeline", args.pipeline.is_some()),
        ("-n", args.requests.is_some()),
        ("-z", args.duration.is_some()),
        ("-q", args.rate.is_some()),
        ("--stages", args.stages.is_some()),
        ("--vu-stages", args.vu_stages.is_some()),
        ("--arrivals", args.arrivals.is_some()),
        ("--burst-delay", args.burst_delay.is_some()),
        ("--burst-rate", args.burst_rate.is_some()),
        ("-m", args.method.is_some()),
        ("-d", args.body.is_some()),
        ("-D", args.body_file.is_some()),
        ("--messages", args.messages.is_some()),
    ]
    .into_iter()
    .find_map(|(flag, given)| given.then_some(flag))
}
