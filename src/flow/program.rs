//! A flow is a small program; a session is a program counter over it.

use std::time::Duration;

use rand::{Rng, RngExt as _};

use super::condition::Condition;
use super::extraction::{Extraction, Response};
use super::random;
use super::session::Session;
use super::values::Variable;

/// One instruction of a flow. Places are indices of [`Flow::ops`]; the one behind the last is the
/// end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Send the plan's request of this index.
    Use(usize),
    /// Take a value out of the response to the request before.
    Extract(Extraction),
    /// Pause for a time drawn evenly from the range.
    Think {
        /// Shortest pause.
        min: Duration,
        /// Longest pause.
        max: Duration,
    },
    /// Pause until the iteration has taken a time drawn evenly from the range.
    Pace {
        /// Shortest time since the iteration began.
        min: Duration,
        /// Longest time.
        max: Duration,
    },
    /// Go on at that place.
    Jump(u32),
    /// Go on at `otherwise` if the condition does not hold.
    Unless {
        /// What is asked.
        condition: Condition,
        /// Where it goes on if not.
        otherwise: u32,
    },
    /// Go on at one of several places, drawn anew each time.
    Draw(Draw),
    /// Goes through what follows a number of times drawn evenly from the range.
    Loop {
        /// Which counter: how many loops there are around this one.
        depth: u8,
        /// Fewest passes.
        min: u32,
        /// Most passes.
        max: u32,
        /// Where it goes on without a pass.
        end: u32,
    },
    /// Go on at all of these places at once, each up to its [`Op::Join`].
    Fork {
        /// Where each begins; the first is the next instruction, and each begins behind the end of
        /// the one before: who does one thing after the other just goes on.
        branches: Box<[u32]>,
        /// Where it goes on behind the last.
        join: u32,
    },
    /// The end of a branch.
    Join,
    /// What follows, up to its [`Op::GroupEnd`], is timed together. The whole name, as k6 writes it:
    /// `::outer::inner`.
    Group(Box<str>),
    /// The end of the innermost group.
    GroupEnd,
    /// The end of a pass: goes on at `start` if there is to be another one.
    Again {
        /// Which counter.
        depth: u8,
        /// Where a pass begins.
        start: u32,
    },
}

/// Places drawn by their weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// Each with the sum of the weights up to its own; never empty, and the sums grow.
    places: Box<[(u64, u32)]>,
}

impl Draw {
    /// Draws `(weight, place)` with the chance `weight / sum of weights`; `None` if that is 0.
    pub fn new(weighted: impl IntoIterator<Item = (u64, u32)>) -> Option<Self> {
        let mut sum = 0_u64;
        let weighted = weighted.into_iter().filter(|(weight, _)| *weight > 0);
        let places: Box<[_]> = weighted
            .map(|(weight, place)| {
                sum = sum.saturating_add(weight);
                (sum, place)
            })
            .collect();
        (sum > 0).then_some(Self { places })
    }

    /// Weights and places.
    pub fn weighted(&self) -> impl Iterator<Item = (u64, u32)> {
        let before = std::iter::once(0).chain(self.places.iter().map(|(sum, _)| *sum));
        self.places.iter().zip(before).map(|((sum, place), before)| (sum - before, *place))
    }

    fn sum(&self) -> u64 {
        self.places.last().map_or(0, |(sum, _)| *sum)
    }

    fn at(&self, number: u64) -> u32 {
        self.places[self.places.partition_point(|(sum, _)| *sum <= number)].1
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
    /// Pause until so long after the iteration began, then call [`Flow::next`] again.
    Pace(Duration),
    /// Do all branches of the [`Op::Fork`] of this index at once; who cannot calls [`Flow::next`]
    /// again, and does one after the other.
    Fork(u32),
    /// The branch is over; who does one after the other calls [`Flow::next`] again.
    Join,
    /// The [`Op::Group`] at [`Session::place`] begins.
    Group,
    /// The innermost group that has begun is over.
    GroupEnd,
    /// The iteration is over; the session is at the start again.
    Done,
}

/// So many instructions without a step, and others have their turn: loops may be long, and shards
/// have one thread.
const MOST_AT_ONCE: u32 = 10_000;

impl Flow {
    /// Sends one of `requests` in each iteration; one that stands there twice is drawn twice as
    /// often.
    pub fn one_of(name: String, requests: &[usize]) -> Self {
        let mut weights: Vec<(usize, u64)> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for request in requests {
            let index = *known.entry(*request).or_insert_with(|| {
                weights.push((*request, 0));
                weights.len() - 1
            });
            weights[index].1 += 1;
        }
        if let [(request, _)] = weights[..] {
            return Self { name, ops: vec![Op::Use(request)] };
        }
        let place = |index: usize| u32::try_from(index).expect("fewer requests than 2^31");
        let end = place(2 * weights.len() + 1);
        let places = weights.iter().enumerate();
        let draw = Draw::new(places.map(|(index, (_, weight))| (*weight, place(2 * index + 1))));
        let sent = weights.iter().flat_map(|(request, _)| [Op::Use(*request), Op::Jump(end)]);
        let ops = draw.map(Op::Draw).into_iter().chain(sent).collect();
        Self { name, ops }
    }

    /// The session's next step, for the user of that number under that seed: where it goes on at
    /// one of several places follows from these and from what it has found, and from nothing that
    /// others do. Only pauses are drawn from `rng`.
    pub fn next<R: Rng>(
        &self,
        session: &mut Session,
        (user, seed): (u64, u64),
        rng: &mut R,
    ) -> Step {
        let mut done = 0;
        loop {
            let Some(op) = self.ops.get(session.next as usize) else {
                session.restart();
                return Step::Done;
            };
            session.next += 1;
            match op {
                Op::Use(request) => return Step::Send(*request),
                Op::Think { min, max } => return Step::Wait(pause(*min, *max, rng)),
                Op::Pace { min, max } => return Step::Pace(pause(*min, *max, rng)),
                Op::Extract(extraction) => {
                    // There was no response: a value of the one before would be a wrong one.
                    session.set(extraction, |out| extraction.take_default(out));
                }
                Op::Fork { .. } => return Step::Fork(session.next - 1),
                Op::Join => return Step::Join,
                Op::Group(_) => return Step::Group,
                Op::GroupEnd => return Step::GroupEnd,
                op => go_on(op, session, (user, seed)),
            }
            done += 1;
            if done == MOST_AT_ONCE {
                return Step::Wait(Duration::ZERO);
            }
        }
    }

    /// The most that a user does at once beside one thing: so many helpers it needs.
    pub fn helpers(&self) -> usize {
        helpers(&self.ops, 0, self.ops.len())
    }

    /// The name of the innermost group that each instruction stands in; a group's own beginning and
    /// end stand in it.
    pub fn groups(&self) -> impl Iterator<Item = Option<&str>> {
        let mut open: Vec<&str> = Vec::new();
        self.ops.iter().map(move |op| match op {
            Op::Group(name) => {
                open.push(name);
                Some(&**name)
            }
            Op::GroupEnd => open.pop(),
            _ => open.last().copied(),
        })
    }

    /// Whether it takes anything out of responses.
    pub fn takes_values(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Extract(_)))
    }

    /// What is taken out of the response that the session waits for.
    pub fn wanted(&self, session: &Session) -> impl Iterator<Item = &Extraction> {
        let behind = self.ops.get(session.next as usize..).unwrap_or_default();
        behind.iter().map_while(|op| {
            let Op::Extract(extraction) = op else { return None };
            Some(extraction)
        })
    }

    /// Takes out of `response` what is wanted of it, for the user of that number under that seed.
    pub fn extract(
        &self,
        session: &mut Session,
        (user, seed): (u64, u64),
        response: &Response<'_>,
    ) {
        while let Some(Op::Extract(extraction)) = self.ops.get(session.next as usize) {
            session.next += 1;
            let drawn = if extraction.from.is_drawn() {
                random::below(u64::MAX, &session.context(user, seed))
            } else {
                0
            };
            session.set(extraction, |out| extraction.take(response, drawn, out));
        }
    }

    /// Where the flow first takes a variable's value from; the request's index with it.
    pub fn origin_of(&self, variable: Variable) -> Option<(usize, &Extraction)> {
        let mut sent = None;
        for op in &self.ops {
            if let Op::Use(request) = op {
                sent = Some(*request);
            } else if let Op::Extract(extraction) = op
                && extraction.variable == variable
            {
                return Some((sent?, extraction));
            }
        }
        None
    }

    /// Indices of the requests it sends or may send, in order, with repetition.
    pub fn requests(&self) -> impl Iterator<Item = usize> + '_ {
        self.ops.iter().filter_map(|op| {
            let Op::Use(request) = op else { return None };
            Some(*request)
        })
    }
}

/// Carries out an instruction that says where to go on.
fn go_on(op: &Op, session: &mut Session, (user, seed): (u64, u64)) {
    match op {
        Op::Jump(place) => session.next = *place,
        Op::Unless { condition, otherwise } => {
            if !condition.holds(&session.context(user, seed)) {
                session.next = *otherwise;
            }
        }
        Op::Draw(draw) => {
            let number = random::below(draw.sum(), &session.context(user, seed));
            session.next = draw.at(number);
        }
        Op::Loop { depth, min, max, end } => {
            let more = u64::from(max - min) + 1;
            let more = random::below(more, &session.context(user, seed));
            let passes = min + u32::try_from(more).expect("at most max");
            session.begin_loop(*depth, passes);
            if passes == 0 {
                session.next = *end;
            }
        }
        Op::Again { depth, start } => {
            if session.goes_round(*depth) {
                session.next = *start;
            }
        }
        Op::Use(_)
        | Op::Extract(_)
        | Op::Think { .. }
        | Op::Pace { .. }
        | Op::Fork { .. }
        | Op::Join
        | Op::Group(_)
        | Op::GroupEnd => {}
    }
}

/// The most helpers of the users that walk through `ops[from..to]`.
fn helpers(ops: &[Op], from: usize, to: usize) -> usize {
    let (mut most, mut at) = (0, from);
    while at < to {
        at = match &ops[at] {
            Op::Fork { branches, join } => {
                let starts = branches.iter().map(|start| *start as usize);
                let ends = starts.clone().skip(1).chain([*join as usize]);
                let each = starts.zip(ends).map(|(start, end)| 1 + helpers(ops, start, end));
                most = most.max(each.sum());
                *join as usize
            }
            _ => at + 1,
        };
    }
    most
}

fn pause<R: Rng>(min: Duration, max: Duration, rng: &mut R) -> Duration {
    if min == max { min } else { rng.random_range(min..=max) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::flow::Bound;
    use crate::flow::ConditionTest;
    use crate::flow::Place;
    use crate::flow::Source;
    use crate::flow::Template;

    fn flow(ops: Vec<Op>) -> Flow {
        Flow { name: "f".to_owned(), ops }
    }

    fn straight() -> impl Strategy<Value = Op> {
        let think = (0..5_000u64, 0..5_000u64).prop_map(|(min, more)| Op::Think {
            min: Duration::from_millis(min),
            max: Duration::from_millis(min + more),
        });
        prop_oneof![(0..9usize).prop_map(Op::Use), think]
    }

    /// The steps of one pass, `Done` left out.
    fn pass(flow: &Flow, session: &mut Session, rng: &mut StdRng) -> Vec<Step> {
        std::iter::from_fn(|| match flow.next(session, (1, 1), rng) {
            Step::Done => None,
            step => Some(step),
        })
        .collect()
    }

    /// The requests of so many passes.
    fn sent(flow: &Flow, passes: usize, (user, seed): (u64, u64), chance: u64) -> Vec<usize> {
        let (mut session, mut rng) = (Session::default(), StdRng::seed_from_u64(chance));
        let (mut done, mut requests) = (0, Vec::new());
        while done < passes {
            match flow.next(&mut session, (user, seed), &mut rng) {
                Step::Send(request) => requests.push(request),
                Step::Done => done += 1,
                Step::Wait(_)
                | Step::Pace(_)
                | Step::Fork(_)
                | Step::Join
                | Step::Group
                | Step::GroupEnd => {}
            }
        }
        requests
    }

    fn counts(requests: &[usize]) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        for request in requests {
            *counts.entry(*request).or_default() += 1;
        }
        counts
    }

    proptest! {
        #[test]
        fn a_pass_walks_every_op_in_order_and_ends_at_the_start(
            ops in prop::collection::vec(straight(), 1..20), seed in any::<u64>(),
        ) {
            let flow = flow(ops);
            let mut session = Session::default();
            let mut rng = StdRng::seed_from_u64(seed);
            for iteration in 1..3 {
                let steps = pass(&flow, &mut session, &mut rng);
                prop_assert_eq!(&session, &Session { iteration, ..Session::default() });
                prop_assert_eq!(steps.len(), flow.ops.len());
                for (op, step) in flow.ops.iter().zip(steps) {
                    match (op, step) {
                        (Op::Use(request), Step::Send(sent)) => prop_assert_eq!(*request, sent),
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
            ops in prop::collection::vec(straight(), 1..20), seed in any::<u64>(),
        ) {
            let flow = flow(ops);
            let walk = || {
                pass(&flow, &mut Session::default(), &mut StdRng::seed_from_u64(seed))
            };
            prop_assert_eq!(walk(), walk());
        }
    }

    #[test]
    fn pauses_are_spread_over_the_whole_range() {
        let (min, max) = (Duration::from_millis(1000), Duration::from_millis(3000));
        let flow = flow(vec![Op::Think { min, max }]);
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
        let flow = Flow::one_of("f".to_owned(), &[4, 5, 5, 6]);
        let drawn = sent(&flow, 400, (1, 7), 1);
        assert_eq!(drawn.len(), 400);
        assert_eq!(drawn, sent(&flow, 400, (1, 7), 2), "what others draw changes nothing");
        assert!(drawn != sent(&flow, 400, (2, 7), 1) && drawn != sent(&flow, 400, (1, 8), 1));
        let counts = counts(&drawn);
        assert!((70..130).contains(&counts[&4]) && (70..130).contains(&counts[&6]), "{counts:?}");
        assert_eq!(counts.values().sum::<usize>(), 400);
        assert_eq!(flow.requests().collect::<Vec<_>>(), [4, 5, 6]);
        let Op::Draw(draw) = &flow.ops[0] else { panic!("it draws") };
        assert_eq!(draw.weighted().collect::<Vec<_>>(), [(1, 1), (2, 3), (1, 5)]);
        assert_eq!(Flow::one_of("f".to_owned(), &[3, 3]).ops, [Op::Use(3)]);
    }

    #[test]
    fn a_loop_draws_its_passes_and_each_pass_draws_anew() {
        let places = Draw::new([(1, 2), (1, 4)]).expect("weights");
        let flow = flow(vec![
            Op::Loop { depth: 0, min: 0, max: 3, end: 6 },
            Op::Draw(places),
            Op::Use(1),
            Op::Jump(5),
            Op::Use(2),
            Op::Again { depth: 0, start: 1 },
            Op::Use(9),
        ]);
        let (mut lengths, mut mixed) = (BTreeMap::new(), 0);
        for user in 1..=400 {
            let sent = sent(&flow, 1, (user, 1), 1);
            assert_eq!(sent.last(), Some(&9));
            *lengths.entry(sent.len() - 1).or_insert(0) += 1;
            mixed += usize::from(sent.contains(&1) && sent.contains(&2));
        }
        assert_eq!(lengths.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(lengths.values().all(|count| (60..140).contains(count)), "{lengths:?}");
        assert!((70..180).contains(&mixed), "passes are not all alike: {mixed}");
    }

    #[test]
    fn loops_within_loops_count_on_their_own() {
        let flow = flow(vec![
            Op::Loop { depth: 0, min: 3, max: 3, end: 6 },
            Op::Use(1),
            Op::Loop { depth: 1, min: 2, max: 2, end: 5 },
            Op::Use(2),
            Op::Again { depth: 1, start: 3 },
            Op::Again { depth: 0, start: 1 },
        ]);
        assert_eq!(sent(&flow, 1, (1, 1), 1), [1, 2, 2, 1, 2, 2, 1, 2, 2]);
    }

    #[test]
    fn a_long_loop_without_a_step_lets_others_have_their_turn() {
        let flow = flow(vec![
            Op::Loop { depth: 0, min: 50_000, max: 50_000, end: 3 },
            Op::Jump(2),
            Op::Again { depth: 0, start: 1 },
            Op::Use(1),
        ]);
        let mut rng = StdRng::seed_from_u64(1);
        let steps = pass(&flow, &mut Session::default(), &mut rng);
        let (last, waits) = steps.split_last().expect("it sends");
        assert_eq!(*last, Step::Send(1));
        assert_eq!(waits, [Step::Wait(Duration::ZERO); 10]);
    }

    #[test]
    fn a_condition_decides_where_it_goes_on() {
        let mut left = Template::default();
        left.push_slot(Source::User, Place::Raw);
        let mut right = Template::default();
        right.push_literal(b"2");
        let condition = Condition { left, test: ConditionTest::Compares(Bound::AtLeast, right) };
        let flow =
            flow(vec![Op::Unless { condition, otherwise: 3 }, Op::Use(1), Op::Jump(4), Op::Use(2)]);
        assert_eq!(sent(&flow, 1, (1, 1), 1), [2]);
        assert_eq!(sent(&flow, 1, (2, 1), 1), [1]);
    }

    #[test]
    fn branches_are_done_one_after_the_other_where_nobody_helps() {
        let flow = flow(vec![
            Op::Fork { branches: [1, 3].into(), join: 8 },
            Op::Use(1),
            Op::Join,
            Op::Fork { branches: [4, 5, 6].into(), join: 7 },
            Op::Join,
            Op::Join,
            Op::Join,
            Op::Join,
            Op::Use(2),
        ]);
        assert_eq!(sent(&flow, 1, (1, 1), 1), [1, 2]);
        assert_eq!(flow.helpers(), 5, "two, and three of the second");
    }

    #[test]
    fn requests_are_listed_in_order_with_repetition() {
        let pause = Op::Think { min: Duration::ZERO, max: Duration::ZERO };
        let flow = flow(vec![Op::Use(2), pause, Op::Use(0), Op::Use(2)]);
        assert_eq!(flow.requests().collect::<Vec<_>>(), [2, 0, 2]);
    }
}
