//! A flow is a small program; a session is a program counter over it.

use std::time::Duration;

use rand::{Rng, RngExt as _};

/// One instruction of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Send the plan's request of this index.
    Use(usize),
    /// Pause for a time drawn evenly from the range.
    Think {
        /// Shortest pause.
        min: Duration,
        /// Longest pause.
        max: Duration,
    },
}

/// A named list of instructions; one pass over it is an iteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The plan's name for it.
    pub name: String,
    /// Never empty, at least one [`Op::Use`].
    pub ops: Vec<Op>,
}

/// What a virtual user has to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send the plan's request of this index, then call [`Flow::next`] again.
    Send(usize),
    /// Pause, then call [`Flow::next`] again.
    Wait(Duration),
    /// The iteration is over; the session is at the start again.
    Done,
}

/// Where a virtual user stands in its flow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    next: u32,
}

impl Flow {
    /// The session's next step.
    pub fn next<R: Rng>(&self, session: &mut Session, rng: &mut R) -> Step {
        let Some(op) = self.ops.get(session.next as usize) else {
            session.next = 0;
            return Step::Done;
        };
        session.next += 1;
        match op {
            Op::Use(request) => Step::Send(*request),
            Op::Think { min, max } if min == max => Step::Wait(*min),
            Op::Think { min, max } => Step::Wait(rng.random_range(*min..=*max)),
        }
    }

    /// Indices of the requests it sends, in order, with repetition.
    pub fn requests(&self) -> impl Iterator<Item = usize> + '_ {
        self.ops.iter().filter_map(|op| match op {
            Op::Use(request) => Some(*request),
            Op::Think { .. } => None,
        })
    }
}
