//! What load has counted, added up from its windows.

use std::time::Duration;

use crate::model::Digits;
use crate::model::Event;
use crate::model::Exemplar;
use crate::model::LoadWindow;
use crate::model::RunInfo;
use crate::model::ScenarioMeta;
use crate::model::ScenarioTally;
use crate::model::SeriesMeta;
use crate::model::Tally;

/// Exemplars that wait to be sent, at most: a place that is gone must not fill the memory.
const WAITING: usize = 2_000;

/// What the figures are about.
#[derive(Debug, Clone, Default)]
pub(super) struct Subject {
    pub(super) run: Option<RunInfo>,
    pub(super) scenarios: Vec<ScenarioMeta>,
    pub(super) series: Vec<SeriesMeta>,
}

/// Figures over some time.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    /// Since the run's start; `None` where there was nothing.
    pub(super) span: Option<(Duration, Duration)>,
    /// By series, once there was something.
    pub(super) series: Vec<Option<Tally>>,
    /// By scenario.
    pub(super) scenarios: Vec<Option<ScenarioTally>>,
    /// By scenario: virtual users at the end.
    pub(super) vus: Vec<u64>,
    /// Exchanges whose trace is known, with their series, that were not told yet.
    pub(super) traced: Vec<(usize, Exemplar)>,
    /// Those for which there was no room.
    pub(super) traced_dropped: u64,
}

impl Subject {
    /// Learns what an event says of it.
    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::RunStarted(info) => self.run = Some(info.clone()),
            Event::LoadDeclared { scenarios, series } => {
                self.scenarios.clone_from(scenarios);
                self.series.clone_from(series);
            }
            _ => {}
        }
    }

    /// Nanoseconds since 1970 of a moment of the run.
    pub(super) fn unix_nanos(&self, at: Duration) -> u64 {
        let zero = self.run.as_ref().map_or(0, |run| {
            run.zero_unix_ms.unwrap_or_else(|| run.started_unix.saturating_mul(1_000))
        });
        let nanos = Duration::from_millis(zero).saturating_add(at).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

impl Figures {
    /// Adds a window. Of a warm-up only its users are told: its requests are in no figure.
    pub(super) fn add(&mut self, window: &LoadWindow) {
        if self.span.is_none_or(|(_, to)| to < window.to) {
            self.vus.fill(0);
        }
        let from = self.span.map_or(window.from, |(from, _)| from.min(window.from));
        self.span = Some((from, window.to));
        for scenario in &window.scenarios {
            *place(&mut self.vus, scenario.scenario) = scenario.vus;
            if !window.warmup {
                place(&mut self.scenarios, scenario.scenario)
                    .get_or_insert_with(|| ScenarioTally::new(Digits::Two))
                    .merge(&scenario.tally);
            }
        }
        if window.warmup {
            return;
        }
        for series in &window.series {
            let index = series.series.0 as usize;
            merge(place(&mut self.series, index), &series.tally);
            let traced = series.tally.exemplars.iter().filter(|it| it.trace_id.is_some());
            self.add_traced(traced.map(|exemplar| (index, exemplar.clone())));
        }
    }

    /// Adds what came behind it.
    pub(super) fn append(&mut self, later: Self) {
        let Some((from, to)) = later.span else { return };
        self.span = Some((self.span.map_or(from, |(from, _)| from), to));
        for (index, theirs) in later.series.iter().enumerate() {
            if let Some(theirs) = theirs {
                merge(place(&mut self.series, index), theirs);
            }
        }
        for (index, theirs) in later.scenarios.iter().enumerate() {
            if let Some(theirs) = theirs {
                place(&mut self.scenarios, index)
                    .get_or_insert_with(|| ScenarioTally::new(Digits::Two))
                    .merge(theirs);
            }
        }
        self.vus = later.vus;
        self.traced_dropped += later.traced_dropped;
        self.add_traced(later.traced.into_iter());
    }

    fn add_traced(&mut self, traced: impl Iterator<Item = (usize, Exemplar)>) {
        for one in traced {
            if self.traced.len() < WAITING {
                self.traced.push(one);
            } else {
                self.traced_dropped += 1;
            }
        }
    }

    /// Series with their figures.
    pub(super) fn of_series<'a>(
        &'a self,
        subject: &'a Subject,
    ) -> impl Iterator<Item = (usize, &'a SeriesMeta, &'a Tally)> {
        let series = subject.series.iter().zip(&self.series).enumerate();
        series.filter_map(|(index, (meta, tally))| Some((index, meta, tally.as_ref()?)))
    }

    /// Scenarios with their figures.
    pub(super) fn of_scenarios<'a>(
        &'a self,
        subject: &'a Subject,
    ) -> impl Iterator<Item = (&'a ScenarioMeta, u64, Option<&'a ScenarioTally>)> {
        subject.scenarios.iter().enumerate().map(|(index, meta)| {
            let tally = self.scenarios.get(index).and_then(Option::as_ref);
            (meta, self.vus.get(index).copied().unwrap_or(0), tally)
        })
    }
}

/// Exemplars are told once, and observed values not at all: they are not gathered.
fn merge(mine: &mut Option<Tally>, theirs: &Tally) {
    let mine = mine.get_or_insert_with(|| Tally::new(Digits::Two));
    mine.merge(theirs);
    mine.exemplars.clear();
    mine.observed.clear();
}

fn place<T: Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if list.len() <= index {
        list.resize_with(index + 1, T::default);
    }
    &mut list[index]
}
