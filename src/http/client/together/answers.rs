//! Responses on a shared connection, gathered for the requests that they came to.

use super::flight::Flight;
use crate::http::h1::Collector;
use crate::http::h1::Head;
use crate::http::h1::ResponseSink as _;
use crate::http::lanes::LaneSink;
use crate::http::lanes::Lost;
use crate::model::PhaseKind;

/// A lane for each flight, of the same number.
#[derive(Debug)]
pub(super) struct Answers<'a> {
    pub(super) flights: &'a mut [Flight],
    lanes: Vec<Lane>,
    /// Lanes whose body is longer than what is kept.
    cut: Vec<u32>,
}

#[derive(Debug)]
struct Lane {
    /// Until the response is whole.
    collector: Option<Collector>,
    body: u64,
}

impl<'a> Answers<'a> {
    /// Bodies are cut at `max_body`.
    pub(super) fn new(flights: &'a mut [Flight], max_body: usize) -> Self {
        let lane = || Lane { collector: Some(Collector::new(max_body)), body: 0 };
        let lanes = flights.iter().map(|_| lane()).collect();
        Self { flights, lanes, cut: Vec::new() }
    }

    /// Lanes of which enough has come, since the last call; each is over.
    pub(super) fn take_cut(&mut self) -> Vec<u32> {
        let cut = std::mem::take(&mut self.cut);
        for lane in &cut {
            self.end(*lane, Ok(()));
        }
        cut
    }
}

impl LaneSink for Answers<'_> {
    fn wants_fields(&self, _lane: u32) -> bool {
        true
    }

    fn head(&mut self, lane: u32, head: &Head<'_>) {
        let index = lane as usize;
        self.flights[index].record.enter(PhaseKind::Receive);
        if let Some(collector) = &mut self.lanes[index].collector {
            collector.head(head);
        }
    }

    fn body(&mut self, lane: u32, data: &[u8]) {
        let Lane { collector, body } = &mut self.lanes[lane as usize];
        let Some(collector) = collector else { return };
        let was_cut = collector.is_truncated();
        *body += data.len() as u64;
        collector.body(data);
        if collector.is_truncated() && !was_cut {
            self.cut.push(lane);
        }
    }

    fn end(&mut self, lane: u32, outcome: Result<(), Lost>) {
        let index = lane as usize;
        let Lane { collector, body } = &mut self.lanes[index];
        let Some(collector) = collector.take() else { return };
        let outcome = match outcome {
            Ok(()) => Ok(collector.finish(*body).expect("a response ends behind its head")),
            Err(lost) => Err(lost.failure),
        };
        self.flights[index].end(outcome);
    }
}
