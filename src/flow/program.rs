//! A flow is a small program; a session is a program counter over it.

use std::time::Duration;

use rand::{Rng, RngExt as _};

use super::extraction::{Extraction, Response};
use super::random;
use super::template::Context;
use super::values::{Values, Variable};

/// One instruction of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Send the plan's request of this index.
    Use(usize),
    /// Send one of these, drawn anew each time; never empty, and one that stands there twice is
    /// drawn twice as often.
    UseOneOf(Box<[usize]>),
    /// Take a value out of the response to the request before.
    Extract(Extraction),
    /// Pause for a time drawn evenly from the range.
    Think {
        /// Shortest pause.
        min: Duration,
        /// Longest pause.
        max: Duration,
    },
}

impl Op {
    /// The requests one of which it sends; none if it sends nothing.
    pub fn sends(&self) -> &[usize] {
        match self {
            Self::Use(request) => std::slice::from_ref(request),
            Self::UseOneOf(requests) => requests,
            Self::Extract(_) | Self::Think { .. } => &[],
        }
    }
}

/// A named list of instructions; one pass over it is an iteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The plan's name for it.
    pub name: String,
    /// Never empty, at least one that sends.
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
    /// Iterations that ended, or were cut off.
    iteration: u64,
    /// What this one has taken out of responses; only where the flow takes something.
    values: Option<Box<Values>>,
}

impl Flow {
    /// The session's next step, for the user of that number under that seed: which of several
    /// requests it sends follows from these, and from nothing that others do.
    pub fn next<R: Rng>(
        &self,
        session: &mut Session,
        (user, seed): (u64, u64),
        rng: &mut R,
    ) -> Step {
        loop {
            let Some(op) = self.ops.get(session.next as usize) else {
                session.restart();
                return Step::Done;
            };
            session.next += 1;
            return match op {
                Op::Use(request) => Step::Send(*request),
                Op::UseOneOf(requests) => {
                    Step::Send(random::one_of(requests, &session.context(user, seed)))
                }
                Op::Extract(extraction) => {
                    // There was no response: a value of the one before would be a wrong one.
                    session.set(extraction, |out| extraction.take_default(out));
                    continue;
                }
                Op::Think { min, max } if min == max => Step::Wait(*min),
                Op::Think { min, max } => Step::Wait(rng.random_range(*min..=*max)),
            };
        }
    }

    /// Whether it takes anything out of responses.
    pub fn takes_values(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Extract(_)))
    }

    /// What is taken out of the response that the session waits for.
    pub fn wanted(&self, session: &Session) -> impl Iterator<Item = &Extraction> {
        self.ops.get(session.next as usize..).unwrap_or_default().iter().map_while(|op| match op {
            Op::Extract(extraction) => Some(extraction),
            Op::Use(_) | Op::UseOneOf(_) | Op::Think { .. } => None,
        })
    }

    /// Takes out of `response` what is wanted of it.
    pub fn extract(&self, session: &mut Session, response: &Response<'_>) {
        while let Some(Op::Extract(extraction)) = self.ops.get(session.next as usize) {
            session.next += 1;
            session.set(extraction, |out| extraction.take(response, out));
        }
    }

    /// Where the flow takes a variable's value from; the request's index with it.
    pub fn origin_of(&self, variable: Variable) -> Option<(usize, &Extraction)> {
        let mut sent = None;
        for op in &self.ops {
            match op {
                Op::Use(request) => sent = Some(*request),
                // Each of them may have been it.
                Op::UseOneOf(_) => sent = None,
                Op::Extract(extraction) if extraction.variable == variable => {
                    return Some((sent?, extraction));
                }
                Op::Extract(_) | Op::Think { .. } => {}
            }
        }
        None
    }

    /// Indices of the requests it sends or may send, in order, with repetition.
    pub fn requests(&self) -> impl Iterator<Item = usize> + '_ {
        self.ops.iter().flat_map(Op::sends).copied()
    }
}

impl Session {
    /// What the request under way is rendered with, for the user of that number under that seed.
    #[inline]
    pub fn context(&self, user: u64, seed: u64) -> Context<'_> {
        let (values, iteration) = (self.values.as_deref(), self.iteration);
        Context { values, user, iteration, step: self.next, message: 0, seed }
    }

    /// Takes a value out of a message of the session that the request under way has begun.
    pub fn take(&mut self, extraction: &Extraction, message: &Response<'_>) {
        self.set(extraction, |out| extraction.take(message, out));
    }

    /// Leaves out the rest of the iteration: the next step is [`Step::Done`].
    pub fn abandon(&mut self) {
        self.next = u32::MAX;
    }

    /// Stands at the start of another iteration, without the values of this one.
    pub fn restart(&mut self) {
        self.next = 0;
        self.iteration += 1;
        if let Some(values) = &mut self.values {
            values.clear();
        }
    }

    fn set(&mut self, extraction: &Extraction, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        self.values.get_or_insert_default().set(extraction.variable, write);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    fn op() -> impl Strategy<Value = Op> {
        let think = (0..5_000u64, 0..5_000u64).prop_map(|(min, more)| Op::Think {
            min: Duration::from_millis(min),
            max: Duration::from_millis(min + more),
        });
        let one_of = prop::collection::vec(0..9usize, 1..5)
            .prop_map(|requests| Op::UseOneOf(requests.into()));
        prop_oneof![(0..9usize).prop_map(Op::Use), one_of, think]
    }

    /// The steps of one pass, `Done` left out.
    fn pass(flow: &Flow, session: &mut Session, rng: &mut StdRng) -> Vec<Step> {
        std::iter::from_fn(|| match flow.next(session, (1, 1), rng) {
            Step::Done => None,
            step => Some(step),
        })
        .collect()
    }

    proptest! {
        #[test]
        fn a_pass_walks_every_op_in_order_and_ends_at_the_start(
            ops in prop::collection::vec(op(), 1..20), seed in any::<u64>(),
        ) {
            let flow = Flow { name: "f".to_owned(), ops };
            let mut session = Session::default();
            let mut rng = StdRng::seed_from_u64(seed);
            for iteration in 1..3 {
                let steps = pass(&flow, &mut session, &mut rng);
                prop_assert_eq!(&session, &Session { iteration, ..Session::default() });
                prop_assert_eq!(steps.len(), flow.ops.len());
                for (op, step) in flow.ops.iter().zip(steps) {
                    match (op, step) {
                        (Op::Use(request), Step::Send(sent)) => prop_assert_eq!(*request, sent),
                        (Op::UseOneOf(requests), Step::Send(sent)) => {
                            prop_assert!(requests.contains(&sent));
                        }
                        (Op::Think { min, max }, Step::Wait(pause)) => {
                            prop_assert!((*min..=*max).contains(&pause), "{pause:?}");
                        }
                        (op, step) => prop_assert!(false, "{op:?} gave {step:?}"),
                    }
                }
            }
        }

        #[test]
        fn the_same_seed_gives_the_same_pauses(
            ops in prop::collection::vec(op(), 1..20), seed in any::<u64>(),
        ) {
            let flow = Flow { name: "f".to_owned(), ops };
            let walk = || {
                pass(&flow, &mut Session::default(), &mut StdRng::seed_from_u64(seed))
            };
            prop_assert_eq!(walk(), walk());
        }
    }

    #[test]
    fn pauses_are_spread_over_the_whole_range() {
        let (min, max) = (Duration::from_millis(1000), Duration::from_millis(3000));
        let flow = Flow { name: "f".to_owned(), ops: vec![Op::Think { min, max }] };
        let mut rng = StdRng::seed_from_u64(1);
        let mut thirds = [0; 3];
        for _ in 0..300 {
            let [Step::Wait(pause)] = pass(&flow, &mut Session::default(), &mut rng)[..] else {
                panic!("one pause")
            };
            let third = usize::try_from((pause.as_millis() - 1000) * 3 / 2001).expect("small");
            thirds[third] += 1;
        }
        assert!(thirds.iter().all(|count| *count > 60), "{thirds:?}");
    }

    #[test]
    fn one_of_several_follows_from_seed_user_and_iteration_alone() {
        let ops = vec![Op::UseOneOf([4, 5, 5, 6].into())];
        let flow = Flow { name: "f".to_owned(), ops };
        let sent = |user: u64, seed: u64, chance: u64| -> Vec<usize> {
            let (mut session, mut rng) = (Session::default(), StdRng::seed_from_u64(chance));
            let steps = (0..800).map(|_| flow.next(&mut session, (user, seed), &mut rng));
            steps
                .filter_map(|step| match step {
                    Step::Send(request) => Some(request),
                    Step::Wait(_) | Step::Done => None,
                })
                .collect()
        };
        let drawn = sent(1, 7, 1);
        assert_eq!(drawn.len(), 400);
        assert_eq!(drawn, sent(1, 7, 2), "what others draw changes nothing");
        assert!(drawn != sent(2, 7, 1) && drawn != sent(1, 8, 1));
        let count = |request| drawn.iter().filter(|sent| **sent == request).count();
        assert!((70..130).contains(&count(4)) && (70..130).contains(&count(6)), "{drawn:?}");
        assert_eq!(count(4) + count(5) + count(6), 400);
        assert_eq!(flow.requests().collect::<Vec<_>>(), [4, 5, 5, 6]);
    }

    #[test]
    fn requests_are_listed_in_order_with_repetition() {
        let pause = Op::Think { min: Duration::ZERO, max: Duration::ZERO };
        let ops = vec![Op::Use(2), pause, Op::Use(0), Op::Use(2)];
        let flow = Flow { name: "f".to_owned(), ops };
        assert_eq!(flow.requests().collect::<Vec<_>>(), [2, 0, 2]);
    }
}
