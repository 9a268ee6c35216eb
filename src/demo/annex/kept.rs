//! Lists that forget their oldest entries: what visitors leave behind must not fill the memory.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// A list of at most so many entries.
#[derive(Debug)]
pub(in crate::demo) struct Kept<T> {
    limit: usize,
    entries: Mutex<VecDeque<T>>,
}

impl<T: Clone> Kept<T> {
    /// An empty list for `limit` entries.
    pub(in crate::demo) fn new(limit: usize) -> Self {
        Self { limit, entries: Mutex::default() }
    }

    /// Adds an entry and forgets the oldest one if there are too many.
    pub(in crate::demo) fn push(&self, entry: T) {
        let mut entries = self.lock();
        entries.push_back(entry);
        if entries.len() > self.limit {
            entries.pop_front();
        }
    }

    /// The entries that `wanted` picks, newest first.
    pub(in crate::demo) fn all(&self, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        self.lock().iter().rev().filter(|entry| wanted(entry)).cloned().collect()
    }

    /// The newest entry that `wanted` picks.
    pub(in crate::demo) fn latest(&self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        self.lock().iter().rev().find(|entry| wanted(entry)).cloned()
    }

    /// Forgets the entries that `unwanted` picks.
    pub(in crate::demo) fn forget(&self, unwanted: impl Fn(&T) -> bool) {
        self.lock().retain(|entry| !unwanted(entry));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
