//! The pump: one thread that gives every event its place and lets everybody see it in that order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use crate::export::Gatherer;
use crate::http::clock::Clock;
use crate::model::ControlCommand;
use crate::model::Event;
use crate::model::Redactor;
use crate::model::Report;
use crate::model::Stamped;
use crate::model::StopReason;
use crate::model::StopToken;
use crate::ui::Consumer;

use super::baseline::Baseline;
use super::collateral::Turns;
use super::derive::Deriver;
use super::gate_watch::GateWatch;
use super::search::Search;

/// Stamps, folds, derives and hands on, until every sender is gone.
pub(super) struct Pump {
    /// Gives the time of each event.
    pub(super) clock: Clock,
    /// What no consumer may see.
    pub(super) redactor: Redactor,
    /// Looked at after each event.
    pub(super) derivers: Vec<Box<dyn Deriver>>,
    /// Says which findings are new.
    pub(super) baseline: Arc<Baseline>,
    /// Sees every event, and may stop the run too.
    pub(super) gates: GateWatch,
    /// Turns the load from level to level, where the capacity is searched for.
    pub(super) search: Option<Search>,
    /// Turns some requests off and on, where it is measured what they cost all others.
    pub(super) turns: Option<Turns>,
    /// For those that figures are sent to.
    pub(super) gatherer: Gatherer,
    /// In the order in which they see events.
    pub(super) consumers: Vec<Box<dyn Consumer>>,
    /// Raised when a deriver says so.
    pub(super) stop: StopToken,
    /// The fold so far.
    pub(super) report: Report,
    /// The next event's number.
    pub(super) seq: u64,
    /// When it is next looked for what makes requests slow.
    pub(super) look_at: Duration,
}

/// How often it is looked for bottlenecks while load runs, at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Share of the time that looking may take, as its inverse.
const LOOK_SPARES: u32 = 20;

impl Pump {
    /// Runs until every sender is dropped.
    pub(super) fn drain(&mut self, events: &mut Receiver<Event>) {
        while let Some(event) = events.blocking_recv() {
            self.take(event);
        }
    }

    /// One event, and whatever follows from it.
    pub(super) fn take(&mut self, mut event: Event) {
        let is_window = matches!(event, Event::LoadWindow(_));
        self.baseline.mark(&mut event);
        let mut told = Vec::new();
        let mut derived = self.deliver(event, &mut told);
        while let Some(reason) = derived.take() {
            self.stop.apply(ControlCommand::Stop);
            derived = self.deliver(Event::Stopping(reason), &mut told);
        }
        for mut event in std::mem::take(&mut told) {
            self.baseline.mark(&mut event);
            self.deliver(event, &mut told);
        }
        if is_window && self.now() >= self.look_at {
            self.look_for_bottlenecks();
        }
    }

    /// Tells what makes requests slow, if that is something else than before.
    pub(super) fn look_for_bottlenecks(&mut self) {
        let began = self.now();
        let found = crate::insight::bottlenecks(&self.report);
        let took = self.now().saturating_sub(began);
        self.look_at = began + LOOK_EVERY.max(took * LOOK_SPARES);
        if found != self.report.bottlenecks {
            self.take(Event::Bottlenecks(found));
        }
    }

    /// What follows from the event: a reason to stop, and what is told of it.
    fn deliver(&mut self, mut event: Event, told: &mut Vec<Event>) -> Option<StopReason> {
        // A second reason changes nothing: the first one stopped the run.
        if matches!(event, Event::Stopping(_)) && self.report.stopped.is_some() {
            return None;
        }
        event.mask(&self.redactor);
        let at = self.now();
        let stamped = Stamped { seq: self.seq, at, event };
        self.seq += 1;
        self.report.apply(&stamped);
        self.gatherer.take(&stamped.event);
        for consumer in &mut self.consumers {
            consumer.on_event(&stamped, &self.report);
        }
        self.gates.take(&stamped);
        told.extend(self.search.iter_mut().flat_map(|search| search.take(&stamped)));
        told.extend(self.turns.iter_mut().flat_map(|turns| turns.take(&stamped)));
        if self.report.stopped.is_some() {
            return None;
        }
        let report = &self.report;
        let derived = self.derivers.iter_mut().find_map(|deriver| deriver.look(&stamped, report));
        derived.or_else(|| self.gates.look(&stamped, report))
    }

    /// Closes the consumers; the sentences of those that failed.
    pub(super) fn finish(&mut self) -> Vec<String> {
        self.consumers
            .iter_mut()
            .filter_map(|consumer| consumer.finish().err())
            .map(|error| error.to_string())
            .collect()
    }

    /// Never before the last event.
    fn now(&self) -> Duration {
        self.clock.now().max(self.report.elapsed)
    }
}
