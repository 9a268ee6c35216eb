//! wrk, the peer for what one core can do, and wrk2, its open model.

use std::time::Duration;

use super::peer::Counted;
use super::peer::Peer;
use super::programs::Programs;

/// wrk on one thread, for whole seconds.
pub(crate) fn wrk(programs: &Programs, url: &str, connections: u32, time: Duration) -> Peer {
    Peer::new(&programs.wrk, arguments(connections, time, &[url]), time, counted)
}

/// wrk2 on one thread, at a rate.
pub(crate) fn wrk2(
    programs: &Programs,
    url: &str,
    (rate, connections): (u32, u32),
    time: Duration,
) -> Peer {
    let rest = arguments(connections, time, &["-R", &rate.to_string(), url]);
    Peer::new(&programs.wrk2, rest, time, counted)
}

fn arguments(connections: u32, time: Duration, rest: &[&str]) -> Vec<String> {
    let connections = connections.to_string();
    let time = format!("{}s", time.as_secs());
    let first = ["-t", "1", "-c", &connections, "-d", &time];
    first.iter().chain(rest).map(|&argument| argument.to_owned()).collect()
}

/// `  178213 requests in 2.00s, 14.45MB read`, and no line on errors.
fn counted(stdout: &str) -> Option<Counted> {
    let count = |line: &str| {
        let (count, rest) = line.trim().split_once(' ')?;
        rest.starts_with("requests in").then(|| count.parse().ok())?
    };
    let good = stdout.lines().find_map(count)?;
    let is_error =
        |line: &str| line.trim().starts_with("Socket errors") || line.trim().starts_with("Non-2xx");
    Some(Counted { good, failed: u64::from(stdout.lines().any(is_error)) })
}
