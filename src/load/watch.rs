//! What the generator's process has of the machine, looked at once per window on the collector's
//! thread: the shards do not wait for it.

use std::fs;

use rustix::process::Resource;
use rustix::process::getrlimit;

use crate::model::MachineUse;
use crate::model::Usage;

/// Looks at the system; on one without `/proc`, what it would tell is absent.
#[derive(Debug)]
pub(super) struct Watch {
    /// Local ports for one destination, over all source addresses.
    ports: Option<u64>,
    processors: Option<ProcessorTime>,
}

/// Processor time of the whole machine since it was started, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ProcessorTime {
    total: u64,
    stolen: u64,
}

impl Watch {
    /// `ports` are those there are for one destination.
    pub(super) fn new(ports: Option<u64>) -> Self {
        Self { ports, processors: processor_time() }
    }

    /// The state of things, with `connections` to the destination that has most of them.
    pub(super) fn look(&mut self, connections: u64) -> MachineUse {
        let processors = processor_time();
        let before = std::mem::replace(&mut self.processors, processors);
        MachineUse {
            descriptors: descriptors(),
            ports: self.ports.map(|limit| Usage { used: connections, limit }),
            time_wait: read("/proc/net/sockstat").and_then(|text| time_wait(&text)),
            memory: read("/proc/self/status").and_then(|text| resident(&text)),
            stolen: before.zip(processors).and_then(|(before, now)| stolen(before, now)),
        }
    }
}

/// Local ports for one destination with `sources` addresses to come from.
pub(super) fn local_ports(sources: usize) -> Option<u64> {
    let text = read("/proc/sys/net/ipv4/ip_local_port_range")?;
    Some(port_count(&text)?.saturating_mul(sources as u64))
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn descriptors() -> Option<Usage> {
    let limit = getrlimit(Resource::Nofile).current?;
    // Since Linux 6.2 the directory's size is their number; before, it is 0.
    let told = fs::metadata("/proc/self/fd").ok()?.len();
    let used = if told > 0 { told } else { fs::read_dir("/proc/self/fd").ok()?.count() as u64 };
    Some(Usage { used, limit })
}

/// Ports of a range like `32768 60999`.
fn port_count(text: &str) -> Option<u64> {
    let mut bounds = text.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (bounds.next()?.ok()?, bounds.next()?.ok()?);
    last.checked_sub(first).map(|span| span + 1)
}

/// `TCP: inuse 27 orphan 0 tw 12 alloc 31 mem 3` in a longer text.
fn time_wait(sockstat: &str) -> Option<u64> {
    let line = sockstat.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_whitespace();
    words.find(|word| *word == "tw")?;
    words.next()?.parse().ok()
}

/// `VmRSS: 9876 kB` in a longer text.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn processor_time() -> Option<ProcessorTime> {
    processor_time_of(&read("/proc/stat")?)
}

/// The first line: user, nice, system, idle, iowait, irq, softirq, steal; what follows (guests) is
/// part of user and nice.
fn processor_time_of(stat: &str) -> Option<ProcessorTime> {
    let words = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
    let ticks: Vec<u64> = words.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(ProcessorTime { total: ticks.iter().sum(), stolen: *ticks.get(7)? })
}

/// `None` in so short a time that the system has not counted a tick.
fn stolen(before: ProcessorTime, now: ProcessorTime) -> Option<f64> {
    let total = now.total.checked_sub(before.total).filter(|ticks| *ticks > 0)?;
    Some(now.stolen.saturating_sub(before.stolen) as f64 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_words_are_understood() {
        assert_eq!(port_count("32768\t60999\n"), Some(28_232));
        assert_eq!(port_count("x"), None);
        let sockstat = "sockets: used 9\nTCP: inuse 27 orphan 0 tw 12 alloc 31 mem 3\nUDP: inuse 1";
        assert_eq!(time_wait(sockstat), Some(12));
        assert_eq!(time_wait("TCP6: inuse 2"), None);
        assert_eq!(resident("VmHWM:\t 99 kB\nVmRSS:\t  9876 kB\n"), Some(9876 * 1024));
        assert_eq!(resident(""), None);
    }

    #[test]
    fn stolen_time_is_a_share_of_all_time() {
        let at = |text: &str| processor_time_of(text).expect("a line");
        let before = at("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 1\n");
        assert_eq!(before, ProcessorTime { total: 1000, stolen: 35 });
        let now = at("cpu  150 0 50 830 10 0 5 55 9 0\n");
        assert_eq!(stolen(before, now), Some(0.2));
        assert_eq!(stolen(now, now), None);
        assert_eq!(processor_time_of("cpu  1 2 3"), None);
    }
}
