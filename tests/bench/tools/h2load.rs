//! h2load: nghttp2's own load tool.

use std::time::Duration;

use super::peer::Counted;
use super::peer::Peer;
use super::programs::Programs;

/// h2load on one thread, for whole seconds.
pub(crate) fn h2load(
    programs: &Programs,
    url: &str,
    (connections, streams): (u32, u32),
    time: Duration,
) -> Peer {
    let arguments = vec![
        format!("--clients={connections}"),
        format!("--max-concurrent-streams={streams}"),
        format!("--duration={}", time.as_secs()),
        url.to_owned(),
    ];
    Peer::new(&programs.h2load, arguments, time, counted)
}

/// `requests: 98304 total, 98368 started, 98304 done, 98304 succeeded, 0 failed, 0 errored, …`
fn counted(stdout: &str) -> Option<Counted> {
    let line = stdout.lines().find_map(|line| line.strip_prefix("requests: "))?;
    let of = |what| {
        let part = line.split(", ").find_map(|part| part.strip_suffix(what))?;
        part.trim().parse::<u64>().ok()
    };
    Some(Counted { good: of("succeeded")?, failed: of("failed")? })
}
