//! Flags of `capacity`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::args::OutputArgs;
use super::args::SendArgs;
use super::args::duration;
use super::args::rate;
use super::control_args::ControlArgs;
use super::history::HistoryArgs;
use super::load_args::ArrivalsArg;
use super::load_args::LookArgs;
use crate::model::Criterion;
use crate::plan::objective;
use crate::plan::settle;

/// `capacity`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  The highest rate of a URL with a p95 below 300 ms and under 1 % errors, from 10/s up to 10,000/s:
    shakedown capacity http://127.0.0.1:8080/
  Another objective, and where to look:
    shakedown capacity http://127.0.0.1:8080/ --slo 'http_req_latency: p(99)<500' \\
      --slo 'http_req_failed: rate<0.001' --start 50 --max 2000
  What the flows of a plan can take together, as its `capacity` section says:
    shakedown capacity plan.yml --json=capacity.json
  By users who wait for their answers, which shows how the service scales:
    shakedown capacity plan.yml --users --max 200
  A gate: 99 where the service takes less than 400/s:
    shakedown capacity plan.yml --at-least 400 --ci
  How many instances 1,500/s take, if the plan says what one costs:
    shakedown capacity plan.yml --for-rate 1500

Levels rise by half until one fails, then the gap is halved until its ends are 4 % apart; both are
measured again. A level is held until its latency no longer drifts, within --settle. The load rests
after a level that failed. Once the capacity is known, the requests that take most of the time are
measured at it alone, and the others without them: one that is as slow alone is slow by itself, one
that is not waits for the others. Scenarios of a plan give what is sent and their shares of it; their own
rates, warm-ups and gates are left out. With a rate, arrivals come by chance as independent users do,
and one that finds no free user is dropped: a level that drops more than 1 % is not met.

Exit codes: 0 the capacity is known, or --max meets the objective; 99 it is below --at-least; 83 no
level met the objective, or the search was cut short; 84 the generator was the limit (unless --at-least
is met); 85 the kill switch of the plan stopped it; 105 stopped by hand, with what was found until
then.")]
pub(super) struct CapacityArgs {
    /// A URL, or a plan file whose scenarios are driven harder.
    #[arg(value_name = "URL|PLAN")]
    pub(super) target: String,
    /// What must hold of a level, in milliseconds or as a share; may be repeated
    /// (`http_req_latency: p(95)<300` and `http_req_failed: rate<0.01`, unless the plan has its own).
    #[arg(long, value_name = "METRIC: CONDITION", value_parser = objective, help_heading = "Search")]
    pub(super) slo: Vec<Criterion>,
    /// Raise users who wait for their answers (a closed model), not a rate.
    #[arg(long, help_heading = "Search")]
    pub(super) users: bool,
    /// The first level: iterations per second, or users (10, with --users 1).
    #[arg(long, value_name = "LEVEL", value_parser = rate, help_heading = "Search")]
    pub(super) start: Option<f64>,
    /// The highest level (10000, with --users 1000).
    #[arg(long, value_name = "LEVEL", value_parser = rate, help_heading = "Search")]
    pub(super) max: Option<f64>,
    /// How long a level is held at least and at most (10s..60s).
    #[arg(long, value_name = "TIME..TIME", value_parser = settle, help_heading = "Search")]
    pub(super) settle: Option<(Duration, Duration)>,
    /// For the whole search (30m); then what was found until then is told.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Search")]
    pub(super) max_time: Option<Duration>,
    /// Users at most, where a rate is raised (what the objective asks for at --max).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Search")]
    pub(super) max_vus: Option<u32>,
    /// How arrivals are spread: evenly, or by chance as independent users come.
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ArrivalsArg::Poisson, help_heading = "Search")]
    pub(super) arrivals: ArrivalsArg,
    /// The capacity that must be there; less is exit code 99.
    #[arg(long, value_name = "LEVEL", value_parser = rate, help_heading = "Result")]
    pub(super) at_least: Option<f64>,
    /// Share of the capacity that is to stay free in operation (30%).
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Result")]
    pub(super) headroom: Option<f64>,
    /// Say how many instances this level takes with that headroom.
    #[arg(long, value_name = "LEVEL", value_parser = rate, help_heading = "Result")]
    pub(super) for_rate: Option<f64>,
    /// Behind the search, measure so many requests alone, and the others without them (3; 0 none).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=20), help_heading = "Result")]
    pub(super) suspects: Option<u32>,
    /// Request method (GET unless said otherwise).
    #[arg(short = 'm', long = "method", value_name = "METHOD")]
    pub(super) method: Option<String>,
    /// Request body; @FILE reads it from a file.
    #[arg(short = 'd', long = "body", value_name = "TEXT|@FILE")]
    pub(super) body: Option<String>,
    /// Request body from a file.
    #[arg(short = 'D', long = "body-file", value_name = "FILE", conflicts_with = "body")]
    pub(super) body_file: Option<PathBuf>,
    /// Speak HTTP/2, each user on a connection of its own.
    #[arg(long)]
    pub(super) http2: bool,
    /// Speak HTTP/3, likewise.
    #[arg(long, conflicts_with = "http2")]
    pub(super) http3: bool,
    /// How responses are looked at.
    #[command(flatten)]
    pub(super) look: LookArgs,
    /// Generator threads (default: as the load needs, at most one per core).
    #[arg(long, value_name = "N", env = "SHAKEDOWN_THREADS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) threads: Option<u32>,
    /// How requests are sent.
    #[command(flatten)]
    pub(super) send: SendArgs,
    /// Who may steer it.
    #[command(flatten)]
    pub(super) control: ControlArgs,
    /// What is written.
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Whether it is kept.
    #[command(flatten)]
    pub(super) history: HistoryArgs,
}

/// `30%` or `0.3`.
fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    number
        .trim()
        .parse()
        .ok()
        .map(|number: f64| number / scale)
        .filter(|share| (0.0..=0.9).contains(share))
        .ok_or_else(|| "a share from 0 to 90%, like 30% or 0.3".to_owned())
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_a_number_or_a_percentage() {
        assert_eq!(share("30%"), Ok(0.3));
        assert_eq!(share("0.25"), Ok(0.25));
        assert!(share("30").is_err() && share("100%").is_err() && share("-1%").is_err());
    }
}
