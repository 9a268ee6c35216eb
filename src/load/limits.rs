//! Limits of the system that would end a run early: looked at before anything is sent.

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;

use super::watch::local_ports;
use crate::model::Notice;
use crate::model::NoticeLevel;

/// Descriptors that are no connections: epoll, files, the event log, a terminal.
const OTHER_DESCRIPTORS: u64 = 64;

/// Raises the descriptor limit as far as `connections` need and the system lets us, and warns
/// about what will not be enough. Each of the `sources` addresses has ports of its own.
pub(super) fn check(connections: u64, sources: usize) -> Vec<Notice> {
    let descriptors = descriptors_after_raising(connections + OTHER_DESCRIPTORS);
    let ports = local_ports(sources);
    [descriptor_notice(connections, descriptors), port_notice(connections, ports)]
        .into_iter()
        .flatten()
        .collect()
}

/// The soft limit is a default for programs that use `select`; up to the hard one it is ours.
fn descriptors_after_raising(needed: u64) -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    if current >= needed {
        return Some(current);
    }
    let raised = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }) {
        Ok(()) => Some(raised),
        Err(_) => Some(current),
    }
}

fn descriptor_notice(connections: u64, limit: Option<u64>) -> Option<Notice> {
    let limit = limit.filter(|limit| *limit < connections + OTHER_DESCRIPTORS)?;
    Some(warning(format!(
        "{connections} connections do not fit the limit of {limit} open files: the rest will fail \
         to connect; raise it with `ulimit -Hn` or LimitNOFILE, or use fewer virtual users"
    )))
}

fn port_notice(connections: u64, ports: Option<u64>) -> Option<Notice> {
    let ports = ports.filter(|ports| *ports < connections)?;
    Some(warning(format!(
        "{connections} connections do not fit the {ports} local ports there are for one target \
         address: the rest will fail to connect; use more addresses with --local-address, widen \
         net.ipv4.ip_local_port_range, or use fewer virtual users"
    )))
}

fn warning(text: String) -> Notice {
    Notice { level: NoticeLevel::Warning, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_warned_about_with_the_cure() {
        let notice = descriptor_notice(1000, Some(1024)).expect("64 are needed besides");
        assert!(notice.text.contains("ulimit"), "{}", notice.text);
        assert_eq!(descriptor_notice(900, Some(1024)), None);
        assert_eq!(descriptor_notice(1_000_000, None), None);
        assert!(port_notice(30_000, Some(28_232)).is_some());
        assert_eq!(port_notice(28_000, Some(28_232)), None);
    }
}
