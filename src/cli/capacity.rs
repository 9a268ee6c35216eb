//! `capacity`: the highest rate or number of users that meets an objective.

use crate::model::CapacityAim;
use crate::model::CapacityModel;
use crate::model::Headline;
use crate::model::HttpVersion;
use crate::plan::Body;
use crate::plan::LoadFlags;
use crate::plan::Plan;
use crate::plan::Spacing;
use crate::run::RunKind;

use super::capacity_args::CapacityArgs;
use super::ended::Ended;
use super::error::CliError;
use super::execute::Execution;
use super::execute::execute;
use super::history::Keeping;
use super::load_args::ArrivalsArg;
use super::plans;
use super::terminal::Terminal;

/// Searches for the capacity.
pub(super) fn run(args: &CapacityArgs, terminal: &Terminal) -> Result<Ended, CliError> {
    let plan = plan(args)?;
    let aim = aim(args, plan.capacity.as_ref())?;
    let spacing = match args.arrivals {
        ArrivalsArg::Even => Spacing::Even,
        ArrivalsArg::Poisson => Spacing::Poisson,
    };
    execute(Execution {
        plan: plan.at_levels(aim, spacing)?,
        kind: RunKind::Capacity,
        command: "capacity",
        threads: args.threads.map(|threads| threads as usize),
        output: &args.output,
        control: &args.control,
        terminal,
        part: None,
        headline: Headline::default(),
        keeping: Some(Keeping {
            args: &args.history,
            plan: plans::is_plan(&args.target).then_some(&args.target),
        }),
        discovery: None,
    })
}

/// What is sent.
fn plan(args: &CapacityArgs) -> Result<Plan, CliError> {
    if plans::is_plan(&args.target) {
        if let Some(flag) = url_only_flag(args) {
            return Err(CliError::Usage(format!(
                "{flag} is for a URL; a plan has requests of its own"
            )));
        }
        let mut plan = plans::from_file(&args.target, &args.send)?;
        plans::look(&mut plan, &args.look)?;
        return Ok(plan);
    }
    plans::refuse_target(&args.send)?;
    Ok(crate::plan::load_url(&flags(args))?)
}

/// The plan's aim, or the usual one, with what the command line says instead.
fn aim(args: &CapacityArgs, planned: Option<&CapacityAim>) -> Result<CapacityAim, CliError> {
    let model = match planned {
        _ if args.users => CapacityModel::Users,
        Some(planned) => planned.model,
        None => CapacityModel::Rate,
    };
    let usual = CapacityAim::usual(model);
    // Levels of a rate are none of users.
    let mut aim = match planned {
        Some(planned) if planned.model == model => planned.clone(),
        Some(planned) => CapacityAim {
            slo: planned.slo.clone(),
            settle: planned.settle,
            max_time: planned.max_time,
            reserve: planned.reserve,
            suspects: planned.suspects,
            ..usual
        },
        None => usual,
    };
    if !args.slo.is_empty() {
        aim.slo.clone_from(&args.slo);
    }
    aim.start = args.start.unwrap_or(aim.start);
    aim.max = args.max.unwrap_or(aim.max.max(args.start.unwrap_or(0.0)));
    aim.settle = args.settle.unwrap_or(aim.settle);
    aim.max_time = args.max_time.unwrap_or(aim.max_time);
    aim.max_vus = args.max_vus.or(aim.max_vus);
    aim.reserve = args.headroom.unwrap_or(aim.reserve);
    aim.at_least = args.at_least.or(aim.at_least);
    aim.wanted = args.for_rate.or(aim.wanted);
    aim.suspects = args.suspects.unwrap_or(aim.suspects);
    // Whoever only says where to stop does not mean to begin above it.
    if args.start.is_none() {
        aim.start = aim.start.min(aim.max);
    }
    if aim.model == CapacityModel::Users && (aim.start.fract() > 0.0 || aim.max.fract() > 0.0) {
        return Err(CliError::Usage("users are whole: --start and --max".to_owned()));
    }
    Ok(aim)
}

fn url_only_flag(args: &CapacityArgs) -> Option<&'static str> {
    let given = [
        ("-m", args.method.is_some()),
        ("-d", args.body.is_some()),
        ("-D", args.body_file.is_some()),
        ("--http2", args.http2),
        ("--http3", args.http3),
    ];
    given.into_iter().find_map(|(flag, given)| given.then_some(flag))
}

/// As `load URL` has them; how much of it is the search's to say.
fn flags(args: &CapacityArgs) -> LoadFlags {
    let text = args.body.as_deref().map(|text| match text.strip_prefix('@') {
        Some(file) => Body::File(file.into()),
        None => Body::Text(text.to_owned()),
    });
    LoadFlags {
        common: plans::common_flags(&args.target, &args.send),
        urls_from_file: false,
        connections: None,
        http_version: match (args.http2, args.http3) {
            (true, _) => HttpVersion::Http2,
            (false, true) => HttpVersion::Http3,
            (false, false) => HttpVersion::Http11,
        },
        parallel: None,
        pipeline: None,
        requests: None,
        duration: None,
        rate: Some(1.0),
        stages: None,
        vu_stages: None,
        arrivals: None,
        burst_delay: None,
        burst_rate: None,
        method: args.method.clone(),
        body: text.or_else(|| args.body_file.clone().map(Body::File)),
        messages: None,
        expected_statuses: Vec::new(),
        redirects: args.look.redirect.unwrap_or(0),
        observe: args.look.observe.clone(),
    }
}
