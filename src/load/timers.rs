//! What is due when: one heap of deadlines per shard.
//!
//! Entries are never searched or removed: whoever takes one out checks whether it still holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::http::reactor::Nanos;

/// Why a user is woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A pause is over.
    Pause,
    /// An exchange may have taken too long. One entry per user counts, the earliest: an exchange with
    /// a later deadline only writes it down, and the entry moves on to it when it comes up.
    Timeout,
    /// A connection may have taken too long to be made; only where that has a limit of its own.
    Connect,
    /// A pause within a session is over.
    Think,
    /// A message may have taken too long.
    Answer,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Nanos, u32, Timer)>>,
}

impl Timers {
    pub(super) fn set(&mut self, at: Nanos, user: u32, timer: Timer) {
        self.heap.push(Reverse((at, user, timer)));
    }

    /// The earliest, if its time has come.
    pub(super) fn take_due(&mut self, now: Nanos) -> Option<(Nanos, u32, Timer)> {
        let Reverse(first) = *self.heap.peek()?;
        (first.0 <= now).then(|| {
            self.heap.pop();
            first
        })
    }

    pub(super) fn next(&self) -> Option<(Nanos, Timer)> {
        self.heap.peek().map(|Reverse((at, _, timer))| (*at, *timer))
    }
}
