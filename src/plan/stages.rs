//! Stages and rates on the command line: what shapes the load of a URL.

use std::str::FromStr;
use std::time::Duration;

use super::boundary;
use super::defaults;
use super::executor::{Executor, Late, Spacing, Stage};
use super::flags::{FlagError, LoadFlags};
use crate::model::inert;
use crate::model::parse_duration;

/// `TARGET:TIME,…`, as `--stages` and `--vu-stages` take it.
#[derive(Debug, Clone, PartialEq)]
pub struct StageList<T>(pub Vec<Stage<T>>);

impl<T: FromStr> FromStr for StageList<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').map(stage).collect::<Result<_, _>>().map(Self)
    }
}

fn stage<T: FromStr>(text: &str) -> Result<Stage<T>, String> {
    let shown = inert(text, 40);
    let (target, duration) = text
        .split_once(':')
        .ok_or_else(|| format!("`{shown}` is no stage; write target and time, like 200:1m"))?;
    // k6's own flag has them the other way round.
    let is_swapped = parse_duration(target).is_ok() && target.parse::<f64>().is_err();
    let Ok(target) = target.trim().parse() else {
        let cure = if is_swapped {
            format!("the target comes first, like {duration}:{target}")
        } else {
            "write it like 200:1m".to_owned()
        };
        return Err(format!("`{shown}` does not begin with a target; {}", inert(&cure, 80)));
    };
    let duration = parse_duration(duration).map_err(|error| error.to_string())?;
    Ok(Stage { target, duration })
}

/// The executor that the flags describe.
pub(super) fn executor(flags: &LoadFlags) -> Result<Executor, FlagError> {
    let connections = flags.connections.unwrap_or(defaults::CONNECTIONS);
    let requests = flags.requests.unwrap_or(defaults::REQUESTS);
    values(flags, connections, requests)?;
    combinations(flags)?;
    if let Some(StageList(stages)) = &flags.vu_stages {
        return Ok(Executor::RampingVus {
            start_vus: defaults::START_VUS,
            stages: stages.clone(),
            graceful_ramp_down: defaults::GRACEFUL_RAMP_DOWN,
        });
    }
    if let Some(StageList(stages)) = &flags.stages {
        return Ok(Executor::RampingArrivalRate {
            start_rate: 0.0,
            stages: stages.clone(),
            pre_allocated_vus: connections,
            max_vus: connections,
            late: Late::Queue,
            arrivals: flags.arrivals.unwrap_or(Spacing::Even),
        });
    }
    let scheduled = |rate, duration, arrivals| Executor::ConstantArrivalRate {
        rate,
        duration,
        pre_allocated_vus: connections,
        max_vus: connections,
        late: Late::Queue,
        arrivals,
    };
    Ok(match (flags.burst_delay, flags.rate, flags.duration) {
        (Some(delay), _, duration) => {
            let size = flags.burst_rate.unwrap_or(1);
            let rate = f64::from(size) / delay.as_secs_f64();
            let requests = duration
                .map_or(requests, |duration| bursts(duration, delay).saturating_mul(size.into()));
            scheduled(rate, time_for(requests, rate), Spacing::Bursts(size))
        }
        (None, Some(rate), duration) => {
            let duration = duration.unwrap_or_else(|| time_for(requests, rate));
            scheduled(rate, duration, flags.arrivals.unwrap_or(Spacing::Even))
        }
        (None, None, Some(duration)) => Executor::ConstantVus { vus: connections, duration },
        (None, None, None) => Executor::SharedIterations {
            vus: connections.min(u32::try_from(requests).unwrap_or(u32::MAX)),
            iterations: requests,
            max_duration: defaults::COUNTED_RUN,
        },
    })
}

/// Each flag by itself.
fn values(flags: &LoadFlags, connections: u32, requests: u64) -> Result<(), FlagError> {
    let error = |text: String| Err(FlagError::Usage(text));
    if !boundary::is_users(connections) {
        return error(format!("-c {connections}: expected {}", boundary::USERS));
    }
    if requests == 0 {
        return error("-n 0 sends nothing".to_owned());
    }
    if flags.duration.is_some_and(|duration| duration.is_zero()) {
        return error("-z 0 sends nothing".to_owned());
    }
    if let Some(rate) = flags.rate.filter(|rate| !boundary::is_rate(*rate)) {
        return error(format!("-q {rate}: expected {}", boundary::RATE));
    }
    if let Some(delay) = flags.burst_delay {
        let rate = f64::from(flags.burst_rate.unwrap_or(1)) / delay.as_secs_f64();
        if !boundary::is_rate(rate) {
            return error(format!(
                "--burst-delay and --burst-rate make {rate} requests per second: expected {}",
                boundary::RATE
            ));
        }
    }
    if let Some(StageList(stages)) = &flags.stages {
        let is_target = |rate: f64| rate == 0.0 || boundary::is_rate(rate);
        let bad = stages.iter().find(|stage| !is_target(stage.target)).map(|stage| stage.target);
        whole_ramp("--stages", bad, boundary::RATE, stages, |target| *target > 0.0)?;
    }
    if let Some(StageList(stages)) = &flags.vu_stages {
        let is_target = |users: u32| users == 0 || boundary::is_users(users);
        let bad = stages.iter().find(|stage| !is_target(stage.target));
        let bad = bad.map(|stage| f64::from(stage.target));
        whole_ramp("--vu-stages", bad, boundary::USERS, stages, |target| *target > 0)?;
    }
    Ok(())
}

fn whole_ramp<T>(
    flag: &str,
    bad: Option<f64>,
    expected: &str,
    stages: &[Stage<T>],
    sends: impl Fn(&T) -> bool,
) -> Result<(), FlagError> {
    if let Some(bad) = bad {
        return Err(FlagError::Usage(format!("{flag}: target {bad}: expected 0 or {expected}")));
    }
    if stages.iter().all(|stage| stage.duration.is_zero()) {
        return Err(FlagError::Usage(format!("{flag}: the stages take no time at all")));
    }
    if !stages.iter().any(|stage| sends(&stage.target)) {
        return Err(FlagError::Usage(format!("{flag}: no target is above 0, so nothing is sent")));
    }
    Ok(())
}

/// Flags that contradict each other.
fn combinations(flags: &LoadFlags) -> Result<(), FlagError> {
    let given = [
        ("--stages", flags.stages.is_some()),
        ("--vu-stages", flags.vu_stages.is_some()),
        ("-q", flags.rate.is_some()),
        ("-z", flags.duration.is_some()),
        ("-n", flags.requests.is_some()),
        ("-c", flags.connections.is_some()),
        ("--burst-delay", flags.burst_delay.is_some()),
        ("--burst-rate", flags.burst_rate.is_some()),
        ("--arrivals", flags.arrivals.is_some()),
    ];
    let is_given = |name: &str| given.iter().any(|(flag, given)| *flag == name && *given);
    let rules: [(&str, &[&str], &str); 3] = [
        (
            "--stages",
            &["--vu-stages", "-q", "-z", "-n", "--burst-delay", "--burst-rate"],
            "the stages say how fast and how long",
        ),
        (
            "--vu-stages",
            &["-q", "-z", "-n", "-c", "--burst-delay", "--burst-rate", "--arrivals"],
            "the stages say how many users and how long, and users do not keep to a schedule",
        ),
        ("--burst-delay", &["-q", "--arrivals"], "bursts are a schedule of their own"),
    ];
    for (flag, others, why) in rules {
        let other = others.iter().find(|other| is_given(flag) && is_given(other));
        if let Some(other) = other {
            return Err(FlagError::Usage(format!("{flag} and {other} exclude each other: {why}")));
        }
    }
    if is_given("--burst-rate") && !is_given("--burst-delay") {
        let text = "--burst-rate is the number of requests every --burst-delay: give both";
        return Err(FlagError::Usage(text.to_owned()));
    }
    if is_given("--arrivals") && !is_given("-q") && !is_given("--stages") {
        let text = "--arrivals spreads a schedule: it needs -q or --stages";
        return Err(FlagError::Usage(text.to_owned()));
    }
    Ok(())
}

/// Bursts that begin within `duration`.
fn bursts(duration: Duration, delay: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(delay.as_nanos().max(1))).unwrap_or(u64::MAX)
}

/// How long a schedule runs to start exactly `requests`: arrival k is due at k / rate, so the last
/// one is due half an interval before the end, and rounding cannot add or lose one.
fn time_for(requests: u64, rate: f64) -> Duration {
    Duration::try_from_secs_f64((requests as f64 - 0.5) / rate).unwrap_or(defaults::COUNTED_RUN)
}
