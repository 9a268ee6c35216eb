//! Where a virtual user stands in its flow, and what it has found on the way.

use super::extraction::Extraction;
use super::extraction::Response;
use super::template::Context;
use super::values::Values;
use super::values::Variable;

/// Loops may be nested this deep.
pub const MAX_LOOPS: usize = 8;

/// Where a virtual user stands in its flow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    pub(super) next: u32,
    /// How often this iteration has gone back: a step that is done again draws anew.
    pub(super) turns: u32,
    /// Iterations that ended, or were cut off.
    pub(super) iteration: u64,
    /// Passes that are left of each loop, the outermost first; only where the flow has some.
    pub(super) loops: Option<Box<[u32; MAX_LOOPS]>>,
    /// What this one has taken out of responses; only where the flow takes something.
    pub(super) values: Option<Box<Values>>,
}

impl Session {
    /// What the request under way is rendered with, for the user of that number under that seed.
    #[inline]
    pub fn context(&self, user: u64, seed: u64) -> Context<'_> {
        let (values, iteration) = (self.values.as_deref(), self.iteration);
        // An odd factor: steps of different turns are different numbers for as long as can be.
        let step = self.next.wrapping_add(self.turns.wrapping_mul(0x9e37_79b1));
        Context { values, user, iteration, step, message: 0, seed }
    }

    /// Takes a value out of a message of the session that the request under way has begun.
    pub fn take(&mut self, extraction: &Extraction, message: &Response<'_>) {
        self.set(extraction, |out| extraction.take(message, 0, out));
    }

    /// The instruction that the last step came from.
    pub fn place(&self) -> usize {
        self.next.saturating_sub(1) as usize
    }

    /// Goes on at that instruction.
    pub fn go_on_at(&mut self, place: u32) {
        self.next = place;
    }

    /// Takes over what `other` has found since it was a copy of `base`, and its end of the
    /// iteration.
    pub fn take_over(&mut self, base: &Self, other: &Self) {
        if let Some(values) = &other.values {
            let nothing = Values::default();
            let base = base.values.as_deref().unwrap_or(&nothing);
            self.values.get_or_insert_default().take_over(base, values);
        }
        if other.next == u32::MAX {
            self.abandon();
        }
    }

    /// Leaves out the rest of the iteration: the next step is [`super::Step::Done`].
    pub fn abandon(&mut self) {
        self.next = u32::MAX;
    }

    /// Stands at the start of another iteration, without the values of this one.
    pub fn restart(&mut self) {
        self.next = 0;
        self.turns = 0;
        self.iteration += 1;
        if let Some(values) = &mut self.values {
            values.clear();
        }
    }

    /// Gives the variable a value that no response has.
    pub fn give(&mut self, variable: Variable, value: &[u8]) {
        self.values.get_or_insert_default().set(variable, |out| {
            out.extend_from_slice(value);
            true
        });
    }

    /// What it has until now.
    pub fn values(&self) -> Option<&Values> {
        self.values.as_deref()
    }

    pub(super) fn set(
        &mut self,
        extraction: &Extraction,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) {
        self.values.get_or_insert_default().set(extraction.variable, write);
    }

    /// The loop at that depth is to be gone through so often.
    pub(super) fn begin_loop(&mut self, depth: u8, passes: u32) {
        self.loops.get_or_insert_default()[usize::from(depth)] = passes;
    }

    /// Whether the loop at that depth is to be gone through once more.
    pub(super) fn goes_round(&mut self, depth: u8) -> bool {
        let left = &mut self.loops.get_or_insert_default()[usize::from(depth)];
        *left = left.saturating_sub(1);
        self.turns = self.turns.wrapping_add(1);
        *left > 0
    }
}
