//! How long exchanges took: latency, duration and phases, recorded together.

use super::counts::Ending;
use super::recorder::Recorded;
use super::recorder::Recorder;
use crate::http::reactor::Nanos;
use crate::model::Digits;
use crate::model::Histogram;
use crate::model::PhaseKind;

/// The times of one interval on one shard.
#[derive(Debug)]
pub(super) struct Times {
    latency: Recorder,
    duration: Recorder,
    /// In [`PhaseKind::ALL`]'s order.
    phases: [Recorder; 7],
}

/// What [`Times`] held.
#[derive(Debug)]
pub(super) struct TimesSlice {
    latency: Recorded,
    duration: Recorded,
    phases: [Recorded; 7],
}

impl Times {
    /// Latency and duration as fine as `digits`; phases with two.
    pub(super) fn new(digits: Digits) -> Self {
        Self {
            latency: Recorder::new(digits),
            duration: Recorder::new(digits),
            phases: PhaseKind::ALL.map(|_| Recorder::new(Digits::Two)),
        }
    }

    pub(super) fn record(&mut self, ending: &Ending<'_>) {
        let moments = ending.moments;
        self.latency.record_us(ending.latency() / 1000);
        if ending.has_queue {
            let queued = moments.began.saturating_sub(moments.intended);
            self.phases[PhaseKind::Queued as usize].record_us(queued / 1000);
        }
        if moments.connected != 0 {
            self.record_set_up(ending);
        }
        if moments.sending != 0 {
            let (sent, first_byte) = moments.sent_and_first_byte(ending.end);
            let mut record = |kind: PhaseKind, nanos: Nanos| {
                self.phases[kind as usize].record_us(nanos / 1000);
            };
            record(PhaseKind::Send, sent - moments.sending);
            record(PhaseKind::Wait, first_byte - sent);
            if moments.first_byte != 0 {
                record(PhaseKind::Receive, ending.end - first_byte);
            }
            self.duration.record_us((ending.end - moments.sending) / 1000);
        }
    }

    /// What was recorded since the last call; memory is kept.
    pub(super) fn take(&mut self) -> TimesSlice {
        TimesSlice {
            latency: self.latency.take(),
            duration: self.duration.take(),
            phases: self.phases.each_mut().map(Recorder::take),
        }
    }

    /// Connections are few: kept apart from what every response costs.
    #[cold]
    fn record_set_up(&mut self, ending: &Ending<'_>) {
        let phases = ending.moments.phases(ending.end);
        for kind in [PhaseKind::Connect, PhaseKind::Tls] {
            if kind == PhaseKind::Connect || ending.moments.secured != 0 {
                self.phases[kind as usize].record_us(phases[kind as usize] / 1000);
            }
        }
    }
}

impl TimesSlice {
    /// Adds the slice of another interval or shard.
    pub(super) fn merge(&mut self, other: Self) {
        self.latency.merge(other.latency);
        self.duration.merge(other.duration);
        for (mine, theirs) in self.phases.iter_mut().zip(other.phases) {
            mine.merge(theirs);
        }
    }

    /// Adds all durations.
    pub(super) fn add_durations_to(&self, durations: &mut Histogram) {
        self.duration.add_to(durations);
    }

    /// Adds everything; the histograms keep their own digits.
    pub(super) fn add_to(
        &self,
        (latency, duration): (&mut Histogram, &mut Histogram),
        phases: &mut [Histogram; 7],
    ) {
        self.latency.add_to(latency);
        self.duration.add_to(duration);
        for (theirs, mine) in phases.iter_mut().zip(&self.phases) {
            mine.add_to(theirs);
        }
    }
}
