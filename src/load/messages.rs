//! Counters of messages within exchanges; a series has them from its first message on.

use super::recorder::Recorded;
use super::recorder::Recorder;
use crate::http::reactor::Nanos;
use crate::model::Digits;
use crate::model::MessageTally;

/// One series in the running interval.
#[derive(Debug)]
pub(super) struct MessageCounts {
    sessions: u64,
    sent: u64,
    received: u64,
    latency: Recorder,
    connecting: Recorder,
    session_duration: Recorder,
}

impl Default for MessageCounts {
    fn default() -> Self {
        let empty = || Recorder::new(Digits::Two);
        Self {
            sessions: 0,
            sent: 0,
            received: 0,
            latency: empty(),
            connecting: empty(),
            session_duration: empty(),
        }
    }
}

/// What a series counted in an interval.
#[derive(Debug, Default)]
pub(super) struct MessageSlice {
    sessions: u64,
    sent: u64,
    received: u64,
    latency: Recorded,
    connecting: Recorded,
    session_duration: Recorded,
}

impl MessageCounts {
    /// A session was opened, so long after it was meant to connect.
    pub(super) fn opened(&mut self, connecting: Nanos) {
        self.sessions += 1;
        self.connecting.record_us(connecting / 1000);
    }

    /// An opened session has ended, so long after it was meant to connect.
    pub(super) fn closed(&mut self, duration: Nanos) {
        self.session_duration.record_us(duration / 1000);
    }

    /// A message was handed to the kernel.
    pub(super) fn sent(&mut self) {
        self.sent += 1;
    }

    /// A message came, whoever waits for it.
    pub(super) fn received(&mut self) {
        self.received += 1;
    }

    /// The message that was waited for has come.
    pub(super) fn answered(&mut self, latency: Nanos) {
        self.latency.record_us(latency / 1000);
    }

    /// What was counted since the last call, and `None` if that is nothing; memory is kept.
    pub(super) fn take(&mut self) -> Option<Box<MessageSlice>> {
        let slice = MessageSlice {
            sessions: std::mem::take(&mut self.sessions),
            sent: std::mem::take(&mut self.sent),
            received: std::mem::take(&mut self.received),
            latency: self.latency.take(),
            connecting: self.connecting.take(),
            session_duration: self.session_duration.take(),
        };
        let is_news =
            slice.sessions + slice.sent + slice.received > 0 || !slice.session_duration.is_empty();
        is_news.then(|| Box::new(slice))
    }
}

impl MessageSlice {
    /// Adds the slice of another interval or shard.
    pub(super) fn merge(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.sent += other.sent;
        self.received += other.received;
        self.latency.merge(other.latency);
        self.connecting.merge(other.connecting);
        self.session_duration.merge(other.session_duration);
    }

    /// Adds everything to `tally`.
    pub(super) fn add_to(&self, tally: &mut MessageTally) {
        tally.sessions += self.sessions;
        tally.sent += self.sent;
        tally.received += self.received;
        self.latency.add_to(&mut tally.latency);
        self.connecting.add_to(&mut tally.connecting);
        self.session_duration.add_to(&mut tally.session_duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_leaves_once_and_adds_up_over_intervals() {
        let mut counts = MessageCounts::default();
        assert!(counts.take().is_none(), "nothing was counted yet");
        counts.opened(3_000_000);
        counts.sent();
        let mut all = counts.take().expect("a session was opened");
        counts.received();
        counts.received();
        counts.answered(250_000);
        counts.closed(9_000_000);
        all.merge(*counts.take().expect("messages came"));
        assert!(counts.take().is_none(), "everything was taken");
        let mut tally = MessageTally::default();
        all.add_to(&mut tally);
        assert_eq!((tally.sessions, tally.sent, tally.received), (1, 1, 2));
        let micros = |trend: &crate::model::Histogram| trend.max().map(|max| max.as_micros());
        assert_eq!(micros(&tally.latency), Some(250));
        assert_eq!(micros(&tally.connecting), Some(3_000));
        assert_eq!(micros(&tally.session_duration), Some(9_000));
    }
}
