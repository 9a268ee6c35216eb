//! How the generator itself did: how late it was, and what it had left of the machine.

use std::fmt;
use std::time::Duration;

use super::histogram::{Digits, Histogram};
use super::units::{format_bytes, format_duration, format_percent, grouped};

/// Less than this taken by the host is not worth a word.
const NOTABLE: f64 = 0.01;

/// How much of something bounded is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// In use.
    pub used: u64,
    /// All there is.
    pub limit: u64,
}

impl Usage {
    /// 0–1; more where more is in use than there should be, and 1 of nothing.
    pub fn share(self) -> f64 {
        if self.limit == 0 { 1.0 } else { self.used as f64 / self.limit as f64 }
    }

    /// The one of which more is in use.
    fn fuller(self, other: Self) -> Self {
        if other.share() > self.share() { other } else { self }
    }
}

impl fmt::Display for Usage {
    /// `512 of 4,096`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", grouped(self.used), grouped(self.limit))
    }
}

/// What the generator's process has of the machine; what the system does not tell is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MachineUse {
    /// Open files and sockets of the process, against its limit.
    pub descriptors: Option<Usage>,
    /// Local ports of connections to the busiest destination, against those there are for one.
    pub ports: Option<Usage>,
    /// TCP sockets in `TIME_WAIT` on the whole machine: each may keep a local port for a minute.
    pub time_wait: Option<u64>,
    /// Resident memory of the process in bytes.
    pub memory: Option<u64>,
    /// Share of processor time that the host gave to others than this virtual machine, 0–1.
    pub stolen: Option<f64>,
}

impl MachineUse {
    /// The worse of both in everything.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let fuller = |mine: Option<Usage>, theirs: Option<Usage>| match (mine, theirs) {
            (Some(mine), Some(theirs)) => Some(mine.fuller(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        let more = |mine: Option<f64>, theirs: Option<f64>| match (mine, theirs) {
            (Some(mine), Some(theirs)) => Some(mine.max(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        Self {
            descriptors: fuller(self.descriptors, other.descriptors),
            ports: fuller(self.ports, other.ports),
            time_wait: self.time_wait.max(other.time_wait),
            memory: self.memory.max(other.memory),
            stolen: more(self.stolen, other.stolen),
        }
    }
}

/// How the generator itself did over one interval.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratorWindow {
    /// Intended start until the request was really issued (open models only).
    pub schedule_lag: Histogram,
    /// How long one turn of a shard's readiness loop kept others waiting.
    pub loop_delay: Histogram,
    /// CPU of the shard threads: 1.0 is one core fully used by each shard.
    pub cpu: f64,
    /// The same for each of them, in order.
    pub threads: Vec<f64>,
    /// What the process had of the machine when the interval was over.
    pub machine: MachineUse,
}

impl Default for GeneratorWindow {
    fn default() -> Self {
        Self {
            schedule_lag: Histogram::new(Digits::Two),
            loop_delay: Histogram::new(Digits::Two),
            cpu: 0.0,
            threads: Vec::new(),
            machine: MachineUse::default(),
        }
    }
}

/// CPU of one thread over the run, of one core.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ThreadUse {
    /// Over all windows.
    pub mean: f64,
    /// In its busiest window.
    pub max: f64,
}

/// How the generator itself did over the whole run, warm-up included: a fold of its windows.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratorReport {
    /// Time that the windows cover.
    pub elapsed: Duration,
    /// Of all windows.
    pub schedule_lag: Histogram,
    /// Of all windows.
    pub loop_delay: Histogram,
    /// Load threads, in order.
    pub threads: Vec<ThreadUse>,
    /// The worst of all windows in everything.
    pub machine: MachineUse,
}

impl Default for GeneratorReport {
    fn default() -> Self {
        Self {
            elapsed: Duration::ZERO,
            schedule_lag: Histogram::new(Digits::Two),
            loop_delay: Histogram::new(Digits::Two),
            threads: Vec::new(),
            machine: MachineUse::default(),
        }
    }
}

impl GeneratorReport {
    /// Adds a window of `length`.
    pub fn add(&mut self, window: &GeneratorWindow, length: Duration) {
        self.schedule_lag.merge(&window.schedule_lag);
        self.loop_delay.merge(&window.loop_delay);
        self.machine = self.machine.worse(window.machine);
        if self.threads.len() < window.threads.len() {
            self.threads.resize(window.threads.len(), ThreadUse::default());
        }
        let (before, added) = (self.elapsed.as_secs_f64(), length.as_secs_f64());
        for (thread, cpu) in self.threads.iter_mut().zip(&window.threads) {
            thread.max = thread.max.max(*cpu);
            if added > 0.0 {
                thread.mean = (thread.mean * before + cpu * added) / (before + added);
            }
        }
        self.elapsed += length;
    }

    /// The thread (counted from 1) that was busiest in any window.
    pub fn busiest(&self) -> Option<(usize, ThreadUse)> {
        let threads = (1..).zip(self.threads.iter().copied());
        threads.max_by(|(_, one), (_, other)| one.max.total_cmp(&other.max))
    }

    /// Everything in a few words each: `CPU 23% (at most 31%)`, `lag p99 90µs`, `24 of 1,024 files`.
    pub fn figures(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if let Some((number, busiest)) = self.busiest() {
            let mean = self.threads.iter().map(|thread| thread.mean).sum::<f64>();
            let mean = format_percent(mean / self.threads.len() as f64);
            let most = format_percent(busiest.max);
            parts.push(match self.threads.len() {
                1 => format!("CPU {mean} (at most {most})"),
                _ => format!("CPU {mean} per thread (thread {number} at most {most})"),
            });
        }
        let p99 = |name: &str, trend: &Histogram| {
            Some(format!("{name} p99 {}", format_duration(trend.quantile(0.99)?)))
        };
        parts.extend(p99("lag", &self.schedule_lag));
        parts.extend(p99("loop delay", &self.loop_delay));
        let machine = self.machine;
        parts.extend(machine.descriptors.map(|usage| format!("{usage} files")));
        parts.extend(machine.ports.map(|usage| format!("{usage} ports")));
        let waiting = machine.time_wait.filter(|count| *count > 0);
        parts.extend(waiting.map(|count| format!("{} in TIME_WAIT", grouped(count))));
        parts.extend(machine.memory.map(format_bytes));
        let stolen = machine.stolen.filter(|share| *share >= NOTABLE);
        parts.extend(stolen.map(|share| format!("{} stolen by the host", format_percent(share))));
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(threads: &[f64], used: u64, limit: u64, memory: Option<u64>) -> GeneratorWindow {
        GeneratorWindow {
            threads: threads.to_vec(),
            machine: MachineUse {
                descriptors: Some(Usage { used, limit }),
                memory,
                ..MachineUse::default()
            },
            ..GeneratorWindow::default()
        }
    }

    #[test]
    fn the_worst_of_each_is_kept_and_the_mean_goes_by_time() {
        let mut report = GeneratorReport::default();
        report.add(&window(&[0.2, 0.9], 50, 100, None), Duration::from_secs(1));
        report.add(&window(&[0.8, 0.1], 60, 1000, Some(7)), Duration::from_secs(3));
        let means: Vec<_> = report.threads.iter().map(|thread| thread.mean).collect();
        assert!((means[0] - 0.65).abs() < 1e-9 && (means[1] - 0.3).abs() < 1e-9, "{means:?}");
        assert_eq!(report.busiest(), Some((2, report.threads[1])));
        // 60 of 1000 are less than 50 of 100.
        assert_eq!(report.machine.descriptors, Some(Usage { used: 50, limit: 100 }));
        assert_eq!(report.machine.memory, Some(7));
        assert_eq!(report.elapsed, Duration::from_secs(4));
    }

    #[test]
    fn nothing_of_nothing_is_all_of_it() {
        assert!((Usage { used: 0, limit: 0 }.share() - 1.0).abs() < f64::EPSILON);
        assert_eq!(Usage { used: 3, limit: 4_096 }.to_string(), "3 of 4,096");
    }
}
