//! Where the generator comes near the limits of what it has: the resource that a verdict names, and
//! a warning where there is no verdict.

use std::time::Duration;

use crate::model::GeneratorWindow;
use crate::model::MachineUse;
use crate::model::Usage;
use crate::model::format_duration;
use crate::model::format_percent;
use crate::model::plural;

/// A thread that uses this much of its core has none left.
pub(super) const SATURATED: f64 = 0.95;

/// Descriptors or ports of which so many are in use may be used up before the next look.
const NEARLY_ALL: f64 = 0.9;

/// A host that takes more than this away changes what is measured.
const MUCH_STOLEN: f64 = 0.1;

/// Windows in twenty that a thread may be saturated, or the host may steal in, without a word.
const TOLERATED: u64 = 1;

/// Gathers it, window by window.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    windows: u64,
    threads: Vec<Thread>,
    stolen_windows: u64,
    worst: MachineUse,
    /// Requests that failed for want of something, and what the first of them said.
    failed: u64,
    first_failure: Option<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Thread {
    most: f64,
    saturated: u64,
}

impl Pressure {
    /// Adds requests that met a limit of ours, with a sample of what was said of them.
    pub(super) fn add_failures(&mut self, failed: u64, sample: Option<&str>) {
        self.failed += failed;
        if self.first_failure.is_none() {
            self.first_failure = sample.map(str::to_owned);
        }
    }

    /// Adds a window.
    pub(super) fn add(&mut self, window: &GeneratorWindow) {
        self.windows += 1;
        self.worst = self.worst.worse(window.machine);
        if window.machine.stolen.is_some_and(|share| share > MUCH_STOLEN) {
            self.stolen_windows += 1;
        }
        if self.threads.len() < window.threads.len() {
            self.threads.resize(window.threads.len(), Thread::default());
        }
        for (thread, cpu) in self.threads.iter_mut().zip(&window.threads) {
            thread.most = thread.most.max(*cpu);
            thread.saturated += u64::from(*cpu >= SATURATED);
        }
    }

    /// The resource that was short, in a few words; `None` where none was.
    pub(super) fn reason(&self) -> Option<String> {
        let ports = nearly_all(self.worst.ports).map(|usage| format!("{usage} local ports in use"));
        let files = nearly_all(self.worst.descriptors)
            .map(|usage| format!("{usage} open files allowed in use"));
        let thread = self.saturated_thread().map(|(number, thread)| {
            format!("thread {number} at {} of its core", format_percent(thread.most))
        });
        let stolen = self.worst.stolen.filter(|share| *share > MUCH_STOLEN).map(|share| {
            format!("the host gave {} of the processor time to others", format_percent(share))
        });
        files.or(ports).or(thread).or(stolen)
    }

    /// What came near its limit, each with its cure.
    pub(super) fn warnings(&self) -> Vec<String> {
        [self.files(), self.ports(), self.failures(), self.processor(), self.steal()]
            .into_iter()
            .flatten()
            .collect()
    }

    fn files(&self) -> Option<String> {
        let usage = nearly_all(self.worst.descriptors)?;
        Some(format!(
            "the generator had {} of its open files in use ({usage}): raise the limit with \
             `ulimit -Hn` or LimitNOFILE, or use fewer virtual users",
            format_percent(usage.share())
        ))
    }

    fn ports(&self) -> Option<String> {
        let usage = nearly_all(self.worst.ports)?;
        Some(format!(
            "the generator had {} of the local ports for one destination in use ({usage}): use \
             more addresses with --local-address, widen net.ipv4.ip_local_port_range, or use fewer \
             virtual users",
            format_percent(usage.share())
        ))
    }

    fn failures(&self) -> Option<String> {
        (self.failed > 0).then(|| {
            let said = self.first_failure.as_deref().unwrap_or("no open file or port left");
            format!(
                "{} failed as local_limit and never reached the target ({said}): raise the limit \
                 of open files with `ulimit -Hn` or LimitNOFILE, use more addresses with \
                 --local-address, or fewer virtual users",
                plural(self.failed, "request", "requests"),
            )
        })
    }

    fn processor(&self) -> Option<String> {
        let (number, thread) = self.saturated_thread()?;
        Some(format!(
            "thread {number} of {} used up its core (up to {} in {} of {} windows): the generator \
             could not have sent more; give it more threads or a machine of its own",
            self.threads.len(),
            format_percent(thread.most),
            thread.saturated,
            self.windows
        ))
    }

    fn steal(&self) -> Option<String> {
        let share = self.worst.stolen?;
        self.is_often(self.stolen_windows).then(|| {
            format!(
                "the host gave up to {} of this machine's processor time to others, in {} of {} \
                 windows: latencies contain waiting for it; use a machine of its own",
                format_percent(share),
                self.stolen_windows,
                self.windows
            )
        })
    }

    /// Counted from 1.
    fn saturated_thread(&self) -> Option<(usize, Thread)> {
        let threads = (1..).zip(self.threads.iter().copied());
        let often = threads.filter(|(_, thread)| self.is_often(thread.saturated));
        often.max_by_key(|(_, thread)| thread.saturated)
    }

    fn is_often(&self, windows: u64) -> bool {
        windows * 20 > self.windows * TOLERATED
    }
}

fn nearly_all(usage: Option<Usage>) -> Option<Usage> {
    usage.filter(|usage| usage.share() >= NEARLY_ALL)
}

/// In an open model responses that wait for us show in the latency, but the rule goes by the lag.
pub(super) fn loop_delay_warning(delay: Duration, median: Duration) -> String {
    format!(
        "the generator kept responses waiting: its loop delay (p99 {}) is more than a fifth of the \
         median response time ({}); give it more threads, or a lower rate",
        format_duration(delay),
        format_duration(median)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressure(windows: &[(f64, u64, u64, f64)]) -> Pressure {
        let mut pressure = Pressure::default();
        for (cpu, files, ports, stolen) in windows {
            let machine = MachineUse {
                descriptors: Some(Usage { used: *files, limit: 1000 }),
                ports: Some(Usage { used: *ports, limit: 28_232 }),
                stolen: Some(*stolen),
                ..MachineUse::default()
            };
            let threads = vec![0.1, *cpu];
            pressure.add(&GeneratorWindow { threads, machine, ..GeneratorWindow::default() });
        }
        pressure
    }

    #[test]
    fn an_easy_run_has_nothing_to_say() {
        let easy = pressure(&[(0.94, 890, 25_000, 0.1); 20]);
        assert_eq!((easy.reason(), easy.warnings()), (None, Vec::new()));
        // One busy second in twenty is a hiccup.
        let mut windows = vec![(0.5, 10, 10, 0.0); 20];
        windows[3] = (1.0, 10, 10, 0.5);
        let hiccup = pressure(&windows);
        assert_eq!(hiccup.warnings(), Vec::<String>::new());
    }

    #[test]
    fn each_resource_is_named_with_its_cure() {
        let cases = [
            (
                (0.97, 10, 10, 0.0),
                "thread 2 of 2 used up its core (up to 97.0% in 2 of 2",
                "threads",
            ),
            ((0.5, 980, 10, 0.0), "98.0% of its open files in use (980 of 1,000)", "ulimit"),
            ((0.5, 10, 28_000, 0.0), "99.18% of the local ports", "--local-address"),
            (
                (0.5, 10, 10, 0.3),
                "up to 30.0% of this machine's processor time",
                "machine of its own",
            ),
        ];
        for (window, says, cure) in cases {
            let pressure = pressure(&[window; 2]);
            let [warning] = pressure.warnings().try_into().expect("one");
            assert!(warning.contains(says) && warning.contains(cure), "{warning}");
            assert!(pressure.reason().is_some());
        }
    }

    #[test]
    fn requests_that_met_a_limit_are_told_apart_from_the_targets_failures() {
        let mut pressure = pressure(&[(0.1, 10, 10, 0.0)]);
        pressure.add_failures(11, Some("Too many open files"));
        pressure.add_failures(1, Some("another"));
        let [warning] = pressure.warnings().try_into().expect("one");
        let text = "12 requests failed as local_limit and never reached the target (Too many open";
        assert!(warning.starts_with(text) && warning.contains("ulimit"), "{warning}");
    }
}
