//! Whether the generator was the bottleneck: then its figures say little about the target.

use std::time::Duration;

use super::pressure::Pressure;
use super::pressure::SATURATED;
use super::pressure::loop_delay_warning;
use crate::model::Digits;
use crate::model::GeneratorWindow;
use crate::model::Histogram;
use crate::model::Validity;
use crate::model::format_duration;

/// A lag or loop delay below this is never held against a run.
const TOLERATED_LAG: Duration = Duration::from_millis(1);

/// Turns of the loop below which their p99 rests on fewer than ten values and says nothing.
const ENOUGH_TURNS: u64 = 1_000;

/// Arrivals that a p99 of their lag rests on: seconds with fewer are looked at together, for the p99 of
/// a few is the latest of them, and one hiccup of the machine makes a second of two hundred late.
const ENOUGH_ARRIVALS: u64 = 500;

/// Gathers what the rule needs, window by window.
#[derive(Debug)]
pub(super) struct ValidityRule {
    lateness: Lateness,
    stretch: Stretch,
    starved_while_saturated: u64,
    loop_delay: Histogram,
    closed_duration: Histogram,
    /// The same while arrivals follow a schedule.
    open_delay: Histogram,
    open_duration: Histogram,
    pressure: Pressure,
}

/// Seconds with enough arrivals to say whether they were late.
#[derive(Debug)]
struct Stretch {
    seconds: u64,
    lag: Histogram,
    duration: Histogram,
}

impl Default for Stretch {
    fn default() -> Self {
        let empty = || Histogram::new(Digits::Two);
        Self { seconds: 0, lag: empty(), duration: empty() }
    }
}

/// How much of an open load was late.
#[derive(Debug, Clone, Default)]
struct Lateness {
    seconds: u64,
    late_seconds: u64,
    stretches: u64,
    late_stretches: u64,
    worst: Duration,
}

impl Lateness {
    fn add(&mut self, stretch: &Stretch) {
        let Some(lag) = stretch.lag.quantile(0.99) else { return };
        let median = stretch.duration.quantile(0.5).unwrap_or_default();
        self.seconds += stretch.seconds;
        self.stretches += 1;
        if lag > TOLERATED_LAG.max(median / 10) {
            self.late_seconds += stretch.seconds;
            self.late_stretches += 1;
            self.worst = self.worst.max(lag);
        }
    }
}

/// One window, as the rule sees it.
#[derive(Debug)]
pub(super) struct WindowFacts<'a> {
    /// Lag of arrivals for which a user was free.
    pub(super) own_lag: &'a Histogram,
    pub(super) generator: &'a GeneratorWindow,
    /// `http_req_duration` of the open and of the closed scenarios.
    pub(super) open_duration: &'a Histogram,
    pub(super) closed_duration: &'a Histogram,
    /// Arrivals that found no user when they were due.
    pub(super) starved: u64,
}

impl ValidityRule {
    pub(super) fn new() -> Self {
        Self {
            lateness: Lateness::default(),
            stretch: Stretch::default(),
            starved_while_saturated: 0,
            loop_delay: Histogram::new(Digits::Two),
            closed_duration: Histogram::new(Digits::Two),
            open_delay: Histogram::new(Digits::Two),
            open_duration: Histogram::new(Digits::Two),
            pressure: Pressure::default(),
        }
    }

    pub(super) fn add(&mut self, window: &WindowFacts<'_>) {
        if !window.own_lag.is_empty() {
            self.stretch.seconds += 1;
            self.stretch.lag.merge(window.own_lag);
            self.stretch.duration.merge(window.open_duration);
        }
        if self.stretch.lag.len() >= ENOUGH_ARRIVALS {
            self.lateness.add(&std::mem::take(&mut self.stretch));
        }
        if window.generator.cpu >= SATURATED {
            self.starved_while_saturated += window.starved;
        }
        if !window.closed_duration.is_empty() {
            self.loop_delay.merge(&window.generator.loop_delay);
            self.closed_duration.merge(window.closed_duration);
        }
        if !window.open_duration.is_empty() {
            self.open_delay.merge(&window.generator.loop_delay);
            self.open_duration.merge(window.open_duration);
        }
        self.pressure.add(window.generator);
    }

    /// Adds requests that failed because we had no descriptor, port or memory.
    pub(super) fn add_own_failures(&mut self, failed: u64, sample: Option<&str>) {
        self.pressure.add_failures(failed, sample);
    }

    pub(super) fn judge(&self) -> Validity {
        let problems = [self.lag(), self.saturation(), self.loop_delay()];
        let problems: Vec<String> = problems.into_iter().flatten().collect();
        let mut warnings = self.pressure.warnings();
        // In an open model responses that wait for us are no reason by themselves.
        let delay = slow_loop(&self.open_delay, &self.open_duration);
        warnings.extend(
            delay.filter(|_| problems.is_empty()).map(|(delay, of)| loop_delay_warning(delay, of)),
        );
        Validity { problems, warnings }
    }

    /// The resource that was short, to be put into a sentence.
    fn because(&self) -> String {
        let reason = self.pressure.reason().or_else(|| {
            let (delay, _) = slow_loop(&self.open_delay, &self.open_duration)?;
            Some(format!("its loop delay had a p99 of {}", format_duration(delay)))
        });
        reason.map(|reason| format!(" ({reason})")).unwrap_or_default()
    }

    /// More than 5 % of the seconds were late; a single stretch of many is a hiccup of the machine.
    fn lag(&self) -> Option<String> {
        let mut lateness = self.lateness.clone();
        lateness.add(&self.stretch);
        let (late, all) = (lateness.late_seconds, lateness.seconds);
        let is_hiccup = lateness.late_stretches == 1 && lateness.stretches > 1;
        (late * 20 > all && !is_hiccup).then(|| {
            format!(
                "the generator was late: in {late} of {all} seconds its schedule lag (p99, up to \
                 {}) was above 1ms and a tenth of the median response time{}; lower the rate, \
                 or give it more threads or a machine of its own",
                format_duration(lateness.worst),
                self.because()
            )
        })
    }

    fn saturation(&self) -> Option<String> {
        (self.starved_while_saturated > 0).then(|| {
            format!(
                "{} arrivals found no free virtual user while the generator's processor was \
                 saturated{}; lower the rate, or give it more threads or a machine of its own",
                self.starved_while_saturated,
                self.because()
            )
        })
    }

    fn loop_delay(&self) -> Option<String> {
        let (delay, median) = slow_loop(&self.loop_delay, &self.closed_duration)?;
        Some(format!(
            "the generator kept responses waiting: its loop delay (p99 {}) is more than a \
             fifth of the median response time ({}){}; use fewer virtual users per thread",
            format_duration(delay),
            format_duration(median),
            self.because()
        ))
    }
}

/// The p99 of the loop's turns and the median duration, where the one spoils the other.
fn slow_loop(turns: &Histogram, durations: &Histogram) -> Option<(Duration, Duration)> {
    let delay = turns.quantile(0.99)?;
    let median = durations.quantile(0.5)?;
    let matters = turns.len() >= ENOUGH_TURNS;
    (matters && delay > TOLERATED_LAG.max(median / 5)).then_some((delay, median))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(values_us: &[u64]) -> Histogram {
        let mut histogram = Histogram::new(Digits::Two);
        for value in values_us {
            histogram.record_us(*value);
        }
        histogram
    }

    fn generator(cpu: f64, delays_us: &[u64]) -> GeneratorWindow {
        GeneratorWindow {
            loop_delay: histogram(delays_us),
            cpu,
            threads: vec![cpu],
            ..GeneratorWindow::default()
        }
    }

    fn judge(windows: &[(u64, u64, f64, u64)]) -> Validity {
        let mut rule = ValidityRule::new();
        for (lag_us, median_us, cpu, starved) in windows {
            let lags = vec![*lag_us; usize::try_from(ENOUGH_ARRIVALS).expect("small")];
            rule.add(&WindowFacts {
                own_lag: &histogram(&lags),
                generator: &generator(*cpu, &[]),
                open_duration: &histogram(&[*median_us]),
                closed_duration: &histogram(&[]),
                starved: *starved,
            });
        }
        rule.judge()
    }

    #[test]
    fn lag_counts_above_a_millisecond_and_a_tenth_of_the_median() {
        assert!(judge(&[(900, 100, 0.1, 0); 10]).is_valid());
        assert!(judge(&[(4_000, 50_000, 0.1, 0); 10]).is_valid());
        assert!(!judge(&[(4_000, 10_000, 0.1, 0); 10]).is_valid());
    }

    #[test]
    fn late_windows_matter_above_one_in_twenty() {
        let mut windows = vec![(100, 1_000, 0.1, 0); 60];
        windows[..3].fill((9_000, 1_000, 0.1, 0));
        assert!(judge(&windows).is_valid());
        windows[3] = (9_000, 1_000, 0.1, 0);
        assert!(!judge(&windows).is_valid());
        assert!(judge(&[(9_000, 1_000, 0.1, 0), (100, 1_000, 0.1, 0)]).is_valid());
        assert!(!judge(&[(9_000, 1_000, 0.1, 0)]).is_valid());
    }

    #[test]
    fn hiccups_of_a_slow_load_are_looked_at_together() {
        // A hundred arrivals a second; in every third second two of them are late.
        let judged = |late_in_a_second: usize| {
            let mut rule = ValidityRule::new();
            for second in 0..30 {
                let late = if second % 3 == 0 { late_in_a_second } else { 0 };
                let lags: Vec<u64> =
                    (0..100).map(|at| if at < late { 6_000 } else { 50 }).collect();
                rule.add(&WindowFacts {
                    own_lag: &histogram(&lags),
                    generator: &generator(0.1, &[]),
                    open_duration: &histogram(&[2_000; 100]),
                    closed_duration: &histogram(&[]),
                    starved: 0,
                });
            }
            rule.judge()
        };
        assert!(judged(2).is_valid(), "six in a thousand");
        let late = judged(10);
        assert!(late.problems[0].contains("in 30 of 30 seconds"), "{late:?}");
        // As many as there are must do where the whole load has no more.
        assert!(!judge_few(&[9_000; 20]).is_valid());
        assert!(judge_few(&[90; 20]).is_valid());
    }

    fn judge_few(lags: &[u64]) -> Validity {
        let mut rule = ValidityRule::new();
        rule.add(&WindowFacts {
            own_lag: &histogram(lags),
            generator: &generator(0.1, &[]),
            open_duration: &histogram(&[2_000]),
            closed_duration: &histogram(&[]),
            starved: 0,
        });
        rule.judge()
    }

    #[test]
    fn the_resource_that_was_short_is_named() {
        let late = judge(&[(4_000, 10_000, 0.97, 0); 10]);
        let [problem] = late.problems.try_into().expect("one");
        assert!(problem.contains("(thread 1 at 97.0% of its core); lower"), "{problem}");
        // A thread without a rest is worth a word where nothing was late, too.
        let busy = judge(&[(100, 10_000, 0.97, 0); 10]);
        assert!(busy.is_valid() && busy.warnings.len() == 1, "{busy:?}");
        assert_eq!(judge(&[(100, 10_000, 0.5, 0); 10]), Validity::default());
    }

    #[test]
    fn a_slow_loop_is_no_more_than_a_warning_in_an_open_model() {
        let mut rule = ValidityRule::new();
        let delays: Vec<_> = (0..ENOUGH_TURNS).map(|_| 2_100).collect();
        rule.add(&WindowFacts {
            own_lag: &histogram(&[100]),
            generator: &generator(0.5, &delays),
            open_duration: &histogram(&[10_000]),
            closed_duration: &histogram(&[]),
            starved: 0,
        });
        let validity = rule.judge();
        assert!(validity.is_valid(), "{validity:?}");
        assert!(validity.warnings[0].contains("loop delay (p99 2.10ms)"), "{validity:?}");
    }

    #[test]
    fn too_few_users_are_no_fault_of_an_idle_generator() {
        assert!(judge(&[(100, 1_000, 0.5, 70)]).is_valid());
        assert!(!judge(&[(100, 1_000, 0.99, 70)]).is_valid());
    }

    #[test]
    fn a_closed_model_is_judged_by_its_loop_delay() {
        let cases = [
            (1_900, 10_000, ENOUGH_TURNS, true),
            (2_100, 10_000, ENOUGH_TURNS, false),
            (900, 1_000, ENOUGH_TURNS, true),
            (2_100, 10_000, ENOUGH_TURNS - 1, true),
        ];
        for (delay_us, median_us, turns, valid) in cases {
            let mut rule = ValidityRule::new();
            let delays: Vec<_> = (0..turns).map(|_| delay_us).collect();
            rule.add(&WindowFacts {
                own_lag: &histogram(&[]),
                generator: &generator(1.0, &delays),
                open_duration: &histogram(&[]),
                closed_duration: &histogram(&[median_us]),
                starved: 0,
            });
            assert_eq!(rule.judge().is_valid(), valid, "{delay_us} {median_us} {turns}");
        }
    }
}
