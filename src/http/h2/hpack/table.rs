//! The dynamic table of a decoder (RFC 7541 §2.3.2, §4).

use std::collections::VecDeque;

use super::ENTRY_OVERHEAD;
use super::Known;
use super::TABLE_SIZE;

/// What the peer has entered, the newest first.
#[derive(Debug)]
pub(super) struct Table {
    entries: VecDeque<Entry>,
    size: usize,
    /// What the peer keeps it to, [`TABLE_SIZE`] at most.
    limit: usize,
    /// Memory of entries that are gone, for the next ones.
    spare: Vec<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// Name and value.
    bytes: Vec<u8>,
    name: usize,
    pub(super) known: Known,
}

impl Entry {
    pub(super) fn name(&self) -> &[u8] {
        &self.bytes[..self.name]
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.bytes[self.name..]
    }

    fn size(&self) -> usize {
        self.bytes.len() + ENTRY_OVERHEAD
    }
}

impl Table {
    pub(super) fn new() -> Self {
        Self { entries: VecDeque::new(), size: 0, limit: TABLE_SIZE, spare: Vec::new() }
    }

    /// The entry at `place`, 0 being the newest.
    pub(super) fn get(&self, place: usize) -> Option<&Entry> {
        self.entries.get(place)
    }

    /// Memory for an entry, empty.
    pub(super) fn memory(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    /// Enters `bytes`, of which the first `name` are the name; older ones make room. One that is
    /// larger than the table only empties it.
    pub(super) fn enter(&mut self, bytes: Vec<u8>, name: usize, known: Known) {
        let entry = Entry { bytes, name, known };
        let size = entry.size();
        self.shrink(self.limit.saturating_sub(size));
        if size > self.limit {
            return self.keep(entry.bytes);
        }
        self.size += size;
        self.entries.push_front(entry);
    }

    /// Sets the size; false if it is more than we allow.
    pub(super) fn resize(&mut self, limit: usize) -> bool {
        self.limit = limit.min(TABLE_SIZE);
        self.shrink(self.limit);
        limit <= TABLE_SIZE
    }

    fn shrink(&mut self, limit: usize) {
        while self.size > limit
            && let Some(entry) = self.entries.pop_back()
        {
            self.size -= entry.size();
            self.keep(entry.bytes);
        }
    }

    /// As much as a full table has.
    fn keep(&mut self, mut bytes: Vec<u8>) {
        if self.spare.len() < TABLE_SIZE / ENTRY_OVERHEAD / 8 && bytes.capacity() <= TABLE_SIZE {
            bytes.clear();
            self.spare.push(bytes);
        }
    }
}
