//! What came by, by its id: bounded, as anybody may come.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use tokio::sync::watch;

use super::conversation::Told;
use super::id::{Ids, OobId, candidates};
use super::interaction::Interaction;
use crate::http::clock::Clock;
use crate::model::Seed;

/// More is not kept for one payload: some targets ask again and again.
const MAX_PER_ID: usize = 16;

/// More bytes are not kept at once.
const MAX_BYTES: usize = 64 << 20;

/// One message is kept for so many of the ids in it.
const MAX_IDS: usize = 4;

#[derive(Debug)]
pub(super) struct Book {
    pages: Mutex<Pages>,
    changed: watch::Sender<()>,
    clock: Clock,
}

#[derive(Debug)]
struct Pages {
    ids: Ids,
    known: HashMap<OobId, Vec<Interaction>>,
    bytes: usize,
    unknown: u64,
    dropped: u64,
}

impl Book {
    pub(super) fn new(seed: Seed, salt: u64) -> Self {
        let pages = Pages {
            ids: Ids::new(seed, salt),
            known: HashMap::new(),
            bytes: 0,
            unknown: 0,
            dropped: 0,
        };
        Self { pages: Mutex::new(pages), changed: watch::Sender::new(()), clock: Clock::start() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().expect("nobody panics with the book open")
    }

    /// A new id.
    pub(super) fn draw(&self) -> OobId {
        let mut pages = self.pages();
        let id = pages.ids.draw();
        pages.known.insert(id, Vec::new());
        id
    }

    pub(super) fn record(&self, remote: SocketAddr, told: &Told) {
        self.pages().record(remote, self.clock.now(), told);
        self.changed.send_replace(());
    }

    /// A connection was not answered, as too many are open.
    pub(super) fn drop_one(&self) {
        self.pages().dropped += 1;
    }

    pub(super) fn take(&self, id: &OobId) -> Vec<Interaction> {
        let mut pages = self.pages();
        let taken = pages.known.get_mut(id).map(std::mem::take).unwrap_or_default();
        pages.bytes -= taken.iter().map(size).sum::<usize>();
        taken
    }

    fn has(&self, ids: &[OobId]) -> bool {
        let pages = self.pages();
        ids.iter().any(|id| pages.known.get(id).is_some_and(|kept| !kept.is_empty()))
    }

    /// Waits until something is there for one of `ids`, at most for `timeout`; whether it is.
    pub(super) async fn wait(&self, ids: &[OobId], timeout: Duration) -> bool {
        let mut changed = self.changed.subscribe();
        let arrival = async { while !self.has(ids) && changed.changed().await.is_ok() {} };
        // What came in the last moment counts.
        _ = tokio::time::timeout(timeout, arrival).await;
        self.has(ids)
    }

    pub(super) fn unknown(&self) -> u64 {
        self.pages().unknown
    }

    pub(super) fn dropped(&self) -> u64 {
        self.pages().dropped
    }
}

impl Pages {
    fn record(&mut self, remote: SocketAddr, at: Duration, told: &Told) {
        // What was asked for counts before what else is said: a body may quote other payloads.
        let mut ids = self.known_ids(told.question.as_bytes());
        if ids.is_empty() {
            ids = self.known_ids(&told.request);
        }
        if ids.is_empty() {
            self.unknown += 1;
        }
        for id in ids {
            let interaction = Interaction {
                protocol: told.protocol,
                id,
                remote,
                at,
                question: told.question.clone(),
                raw_request: told.request.clone(),
                raw_response: told.response.clone(),
            };
            let bytes = size(&interaction);
            let kept = self.known.entry(id).or_default();
            if kept.len() < MAX_PER_ID && self.bytes + bytes <= MAX_BYTES {
                kept.push(interaction);
                self.bytes += bytes;
            } else {
                self.dropped += 1;
            }
        }
    }

    fn known_ids(&self, text: &[u8]) -> Vec<OobId> {
        let mut ids = Vec::new();
        for id in candidates(text).filter(|id| self.known.contains_key(id)) {
            if !ids.contains(&id) && ids.len() < MAX_IDS {
                ids.push(id);
            }
        }
        ids
    }
}

fn size(interaction: &Interaction) -> usize {
    interaction.question.len() + interaction.raw_request.len() + interaction.raw_response.len()
}
