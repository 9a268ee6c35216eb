//! Merges the shards' intervals into windows, and keeps the run's totals.

use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::budget::OTHER;
use super::message::Interval;
use super::message::Message;
use super::message::ShardTotals;
use super::program::Program;
use super::shard::INTERVAL;
use super::validity::ValidityRule;
use super::validity::WindowFacts;
use super::watch::Watch;
use crate::http::reactor::Nanos;
use crate::model::Digits;
use crate::model::Event;
use crate::model::FailureClass;
use crate::model::GeneratorWindow;
use crate::model::Histogram;
use crate::model::LoadTotals;
use crate::model::LoadWindow;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::SampledRequests;
use crate::model::ScenarioTally;
use crate::model::ScenarioWindow;
use crate::model::SeriesId;
use crate::model::SeriesWindow;
use crate::model::Tally;
use crate::model::Validity;

/// What a shard has sent and what was not made into a window yet.
#[derive(Debug, Default)]
struct Queue {
    intervals: VecDeque<Box<Interval>>,
    done: bool,
}

/// Lives on the thread that called `run`, because its events may have to wait for their taker.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    program: &'a Program,
    queues: Vec<Queue>,
    from: Nanos,
    /// By series; `None` in a warm-up, and none at all where the windows are as fine: then the
    /// report's sum of them is the total.
    totals: Vec<Option<Tally>>,
    /// By scenario.
    iterations: Vec<ScenarioTally>,
    rule: ValidityRule,
    /// By shard, of the last window that was long enough to tell.
    threads: Vec<f64>,
    watch: Watch,
    /// Observed headers of which more values came than are told apart, and which of them were told.
    crowded: Vec<String>,
    notices: Vec<Notice>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        program: &'a Program,
        digits: Digits,
        shards: usize,
        start: Nanos,
        watch: Watch,
    ) -> Self {
        let is_warmup = |scenario: &u32| program.scenarios[*scenario as usize].warmup;
        Self {
            program,
            queues: (0..shards).map(|_| Queue::default()).collect(),
            from: start,
            totals: match digits {
                Digits::Two => Vec::new(),
                Digits::Three => program
                    .scenario_of
                    .iter()
                    .map(|scenario| (!is_warmup(scenario)).then(|| Tally::new(digits)))
                    .collect(),
            },
            iterations: program
                .scenarios
                .iter()
                .map(|_| ScenarioTally::new(Digits::Three))
                .collect(),
            rule: ValidityRule::new(),
            threads: vec![0.0; shards],
            watch,
            crowded: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Takes messages until every shard is done; `emit` gets the windows in order, and what has to be
    /// said about them before each.
    pub(super) fn run(&mut self, messages: &Receiver<Message>, mut emit: impl FnMut(Event)) {
        // Ends with the last sender: a shard that broke says no more either.
        for message in messages {
            match message {
                Message::Interval(shard, interval) => {
                    self.queues[shard].intervals.push_back(interval);
                }
                Message::Done(shard) => self.queues[shard].done = true,
            }
            while self.queues.iter().all(|queue| queue.done || !queue.intervals.is_empty())
                && let Some((interval, busy)) = self.next_interval()
            {
                self.take(&interval, &busy, &mut emit);
            }
        }
        while let Some((interval, busy)) = self.next_interval() {
            self.take(&interval, &busy, &mut emit);
        }
    }

    fn take(&mut self, interval: &Interval, busy: &[Nanos], emit: &mut impl FnMut(Event)) {
        let windows = self.windows(interval, busy);
        self.notices.drain(..).map(Event::Notice).for_each(&mut *emit);
        windows.into_iter().map(Event::LoadWindow).for_each(emit);
    }

    /// The run's figures and whether they can be believed.
    pub(super) fn finish(self, shards: Vec<ShardTotals>) -> (LoadTotals, Validity) {
        let mut span: Option<(Nanos, Nanos)> = None;
        let mut tap_dropped = 0;
        for shard in shards {
            span = match (span, shard.span) {
                (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                (mine, theirs) => mine.or(theirs),
            };
            tap_dropped += shard.tap_dropped;
        }
        let (first, last) = span.unwrap_or_default();
        let totals = LoadTotals {
            elapsed: Duration::from_nanos(last - first),
            series: (0..)
                .zip(self.totals)
                .filter_map(|(id, tally)| {
                    Some(SeriesWindow { series: SeriesId(id), tally: tally? })
                })
                .collect(),
            scenarios: self.iterations,
            tap_dropped,
        };
        (totals, self.rule.judge())
    }

    /// The next window's counts of all shards: as far as the shard that has got furthest, so that
    /// one that skipped a message does not tear the others' apart. Beside it, the processor time of
    /// each shard.
    fn next_interval(&mut self) -> Option<(Interval, Vec<Nanos>)> {
        let fronts = self.queues.iter().filter_map(|queue| queue.intervals.front());
        let to = fronts.map(|interval| interval.to).max()?;
        let mut merged: Option<Interval> = None;
        let mut busy = Vec::with_capacity(self.queues.len());
        for queue in &mut self.queues {
            let mut of_shard: Option<Interval> = None;
            while let Some(next) = queue.intervals.pop_front_if(|interval| interval.to <= to) {
                match &mut of_shard {
                    Some(earlier) => earlier.append(*next),
                    None => of_shard = Some(*next),
                }
            }
            busy.push(of_shard.as_ref().map_or(0, |interval| interval.busy));
            match (&mut merged, of_shard) {
                (_, None) => {}
                (Some(merged), Some(part)) => merged.merge(part),
                (None, part) => merged = part,
            }
        }
        merged.map(|mut interval| {
            interval.from = self.from;
            interval.to = to.max(self.from);
            self.from = interval.to;
            (interval, busy)
        })
    }

    /// Says once of each observed header that not all of its values are told apart.
    fn look_for_crowds(&mut self, interval: &Interval) {
        let observed = interval.series.iter().flat_map(|(_, slice)| &slice.tally.observed);
        for value in observed.filter(|value| value.value == OTHER) {
            if !self.crowded.contains(&value.header) {
                self.crowded.push(value.header.clone());
                let text = format!(
                    "{} has more values than are told apart of one endpoint: the rest is counted \
                     together as `{OTHER}`",
                    value.header
                );
                self.notices.push(Notice { level: NoticeLevel::Warning, text });
            }
        }
    }

    /// One window, or two where a warm-up and measured scenarios run side by side.
    fn windows(&mut self, interval: &Interval, busy: &[Nanos]) -> Vec<LoadWindow> {
        let generator = self.generator(interval, busy);
        self.judge(interval, &generator);
        self.look_for_crowds(interval);
        self.add_totals(interval);
        let mut windows: Vec<_> =
            [false, true].map(|warmup| self.window(interval, warmup, &generator)).into();
        windows.retain(|window| !window.scenarios.is_empty());
        windows
    }

    fn generator(&mut self, interval: &Interval, busy: &[Nanos]) -> GeneratorWindow {
        let length = interval.to - interval.from;
        // The system accounts in ticks: over less than a tenth of a second it says nothing.
        if length >= INTERVAL / 10 {
            let share = |busy: &Nanos| (*busy as f64 / length as f64).min(1.0);
            self.threads = busy.iter().map(share).collect();
        }
        GeneratorWindow {
            schedule_lag: interval.generator.schedule_lag.to_histogram(Digits::Two),
            loop_delay: interval.generator.loop_delay.to_histogram(Digits::Two),
            cpu: self.threads.iter().sum::<f64>() / self.threads.len() as f64,
            threads: self.threads.clone(),
            machine: self.watch.look(self.program.busiest_destination(&interval.connections)),
        }
    }

    fn window(&self, interval: &Interval, warmup: bool, generator: &GeneratorWindow) -> LoadWindow {
        let of_kind = |scenario: usize| self.program.scenarios[scenario].warmup == warmup;
        let scenarios = interval.scenarios.iter().enumerate();
        LoadWindow {
            from: Duration::from_nanos(interval.from),
            to: Duration::from_nanos(interval.to),
            warmup,
            series: interval
                .series
                .iter()
                .filter(|(id, _)| of_kind(self.program.scenario_of[*id as usize] as usize))
                .map(|(id, slice)| {
                    let mut tally = Tally::new(Digits::Two);
                    slice.add_to(&mut tally);
                    SeriesWindow { series: SeriesId(*id), tally }
                })
                .collect(),
            scenarios: scenarios
                .filter(|(scenario, slice)| slice.running && of_kind(*scenario))
                .map(|(scenario, slice)| {
                    let mut tally = ScenarioTally::new(Digits::Two);
                    slice.tally.add_to(&mut tally, &self.program.groups[scenario]);
                    ScenarioWindow { scenario, vus: slice.vus, tally }
                })
                .collect(),
            generator: generator.clone(),
        }
    }

    fn add_totals(&mut self, interval: &Interval) {
        for (id, slice) in &interval.series {
            if let Some(Some(total)) = self.totals.get_mut(*id as usize) {
                slice.add_to(total);
                total.sampled = SampledRequests::default();
            }
        }
        let scenarios = self.iterations.iter_mut().zip(&interval.scenarios);
        let of_plan = self.program.scenarios.iter().zip(&self.program.groups);
        for ((total, slice), (scenario, groups)) in scenarios.zip(of_plan) {
            if !scenario.warmup {
                slice.tally.add_to(total, groups);
            }
        }
    }

    fn judge(&mut self, interval: &Interval, generator: &GeneratorWindow) {
        let mut open = Histogram::new(Digits::Two);
        let mut closed = Histogram::new(Digits::Two);
        for (id, slice) in &interval.series {
            let scenario = self.program.scenario_of[*id as usize];
            let is_open = self.program.scenarios[scenario as usize].executor.is_open();
            slice.times.add_durations_to(if is_open { &mut open } else { &mut closed });
            if let Some(failed) = slice.tally.failures.get(&FailureClass::LocalLimit) {
                self.rule.add_own_failures(*failed, sample_of(&slice.tally));
            }
        }
        self.rule.add(&WindowFacts {
            own_lag: &interval.generator.own_lag.to_histogram(Digits::Two),
            generator,
            open_duration: &open,
            closed_duration: &closed,
            starved: interval.scenarios.iter().map(|slice| slice.starved).sum(),
        });
    }
}

/// What was said of the first request that met a limit of ours.
fn sample_of(tally: &Tally) -> Option<&str> {
    let mut failures = tally.exemplars.iter().filter_map(|exemplar| exemplar.failure.as_ref());
    failures.find(|(class, _)| *class == FailureClass::LocalLimit).map(|(_, said)| said.as_str())
}
