//! Wakers that set a bit: whoever polls by hand polls what was woken and nothing else.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Wake;
use std::task::Waker;

/// One bit per lane. Wakers must be `Sync`, hence the atomics; one thread alone touches them.
#[derive(Debug)]
pub(super) struct Woken {
    words: Box<[AtomicU64]>,
}

impl Woken {
    pub(super) fn new(lanes: usize) -> Arc<Self> {
        Arc::new(Self { words: (0..lanes.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() })
    }

    pub(super) fn set(&self, lane: usize) {
        self.words[lane / 64].fetch_or(1 << (lane % 64), Ordering::Relaxed);
    }

    /// Takes the next woken lane at or after `from`.
    pub(super) fn take_from(&self, from: usize) -> Option<usize> {
        for (index, word) in self.words.iter().enumerate().skip(from / 64) {
            let bits = word.load(Ordering::Relaxed);
            let bits = if index == from / 64 { bits & (u64::MAX << (from % 64)) } else { bits };
            if bits != 0 {
                let bit = bits.trailing_zeros() as usize;
                word.fetch_and(!(1 << bit), Ordering::Relaxed);
                return Some(index * 64 + bit);
            }
        }
        None
    }
}

/// The waker of one lane.
pub(super) fn lane_waker(woken: &Arc<Woken>, lane: usize) -> Waker {
    Waker::from(Arc::new(LaneWaker { woken: Arc::clone(woken), lane }))
}

struct LaneWaker {
    woken: Arc<Woken>,
    lane: usize,
}

impl Wake for LaneWaker {
    fn wake(self: Arc<Self>) {
        self.woken.set(self.lane);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.set(self.lane);
    }
}
