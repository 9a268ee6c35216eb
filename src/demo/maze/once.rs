//! What the maze remembers: tokens that are good once, and orders that are half given.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use sha2::Digest as _;
use sha2::Sha256;

use crate::demo::accounts::hex;

/// Older ones are forgotten.
const KEPT: usize = 256;

/// Values that were handed out, each with what it is good for.
#[derive(Debug, Default)]
pub(super) struct Once {
    issued: AtomicU64,
    open: Mutex<VecDeque<(String, Step)>>,
}

/// What a value is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// One form.
    Token,
    /// The second form of an order.
    Payment,
    /// The last form of an order.
    Confirm,
}

impl Once {
    /// A value that is good for one use.
    pub(super) fn issue(&self, step: Step) -> String {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        // No secret: it only has to be another one each time.
        let value = hex(&Sha256::digest(format!("maze {number}"))[..16]);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() == KEPT {
            open.pop_front();
        }
        open.push_back((value.clone(), step));
        value
    }

    /// Uses a value up; whether it was good.
    pub(super) fn spend(&self, value: &str, step: Step) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let found = open.iter().position(|(known, good_for)| known == value && *good_for == step);
        found.is_some_and(|index| open.remove(index).is_some())
    }
}
