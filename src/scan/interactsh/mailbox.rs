//! What came, by the name that was called: bounded, as anybody may call.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::message::Interaction;
use crate::scan::declarative::Callback;

/// More is not kept for one name: some targets ask again and again.
const MAX_PER_NAME: usize = 16;

/// More bytes are not kept at once.
const MAX_BYTES: usize = 64 << 20;

/// Calls by the names that were given out.
#[derive(Default)]
pub(super) struct Mailbox {
    known: HashMap<String, Vec<Callback>>,
    bytes: usize,
    /// Calls for which there was no room.
    pub(super) dropped: u64,
}

impl Mailbox {
    /// From now on, calls to this name are kept.
    pub(super) fn expect(&mut self, name: &str) {
        self.known.entry(name.to_owned()).or_default();
    }

    /// Keeps those calls whose names were given out.
    pub(super) fn put_all(&mut self, interactions: Vec<Interaction>) {
        for interaction in interactions {
            self.put(interaction);
        }
    }

    fn put(&mut self, interaction: Interaction) {
        let name = interaction.unique_id.to_ascii_lowercase();
        let Entry::Occupied(mut known) = self.known.entry(name) else { return };
        let callback = Callback {
            protocol: interaction.protocol.to_ascii_lowercase(),
            request: interaction.raw_request.into_bytes(),
            response: interaction.raw_response.into_bytes(),
            remote: interaction.remote_address,
        };
        let bytes = size(&callback);
        if known.get().len() < MAX_PER_NAME && self.bytes + bytes <= MAX_BYTES {
            known.get_mut().push(callback);
            self.bytes += bytes;
        } else {
            self.dropped += 1;
        }
    }

    /// What came for this name since it was last asked for.
    pub(super) fn take(&mut self, name: &str) -> Vec<Callback> {
        let taken = self.known.get_mut(name).map(std::mem::take).unwrap_or_default();
        self.bytes -= taken.iter().map(size).sum::<usize>();
        taken
    }
}

fn size(callback: &Callback) -> usize {
    callback.request.len() + callback.response.len() + callback.remote.len()
}
