//! Passive rules on sampled load traffic: a bounded queue between the shards and one worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::model::Event;
use crate::model::EventSender;
use crate::model::Exchange;
use crate::model::ExchangeTap;
use crate::model::Finding;
use crate::scan::Passive;

/// Exchanges that may wait for the worker.
const QUEUE: usize = 256;

/// Takes copies without ever blocking. What does not fit is not wanted; the asker counts it.
pub(super) struct PassiveTap {
    queue: SyncSender<Exchange>,
    waiting: Arc<AtomicUsize>,
}

impl ExchangeTap for PassiveTap {
    fn wants(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < QUEUE
    }

    fn offer(&self, exchange: &Exchange) {
        // Another shard may have taken the last place since `wants`: then this one is let go.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(exchange.clone()).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The tap and the worker's thread, which ends when the last tap is dropped.
pub(super) fn passive_tap(
    passive: Passive,
    events: EventSender,
) -> (Arc<PassiveTap>, std::thread::JoinHandle<()>) {
    let (queue, exchanges) = sync_channel(QUEUE);
    let waiting = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&waiting);
    let worker = std::thread::spawn(move || inspect(passive, &exchanges, &counter, &events));
    (Arc::new(PassiveTap { queue, waiting }), worker)
}

fn inspect(
    mut passive: Passive,
    exchanges: &Receiver<Exchange>,
    waiting: &AtomicUsize,
    events: &EventSender,
) {
    while let Ok(exchange) = exchanges.recv() {
        waiting.fetch_sub(1, Ordering::Relaxed);
        tell(passive.inspect(&exchange), events);
    }
    tell(passive.take_updates(), events);
}

fn tell(findings: Vec<Finding>, events: &EventSender) {
    for finding in findings {
        // The pump outlives the engines; if it is gone, so is everybody who would read this.
        let _ = events.blocking_send(Event::Finding(Box::new(finding)));
    }
}
