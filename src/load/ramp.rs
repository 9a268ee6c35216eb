//! How many users are planned when: pure and in whole numbers.

use std::time::Duration;

use super::part::Part;
use crate::http::reactor::Nanos;
use crate::http::reactor::nanos;
use crate::plan::Executor;
use crate::plan::Stage;

/// Users over time, since the scenario's start.
///
/// On the way up a user comes when the line reaches the next whole number; on the way down one
/// leaves when the line has come down by a whole one, as k6 has it: 0 to 10 in 10 s is the first
/// user after one second and the tenth at the end, and back again is nine users after one second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRamp {
    /// Those with a length, without gaps.
    pieces: Vec<Piece>,
}

/// From one number to another along a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    start: Nanos,
    length: Nanos,
    from: u32,
    to: u32,
}

impl UserRamp {
    /// The same number all the time.
    pub fn constant(users: u32, duration: Duration) -> Self {
        Self::stages(users, &[Stage { target: users, duration }])
    }

    /// From `start` along `stages`.
    pub fn stages(start: u32, stages: &[Stage<u32>]) -> Self {
        let mut pieces = Vec::new();
        let (mut begin, mut from): (Nanos, u32) = (0, start);
        for stage in stages {
            let (to, length) = (stage.target, nanos(stage.duration));
            if length > 0 {
                pieces.push(Piece { start: begin, length, from, to });
            }
            begin = begin.saturating_add(length);
            from = to;
        }
        Self { pieces }
    }

    /// `factor` times as many users at every corner, in whole ones.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of users; the cast saturates"
        )]
        let times = |users: u32| (f64::from(users) * factor).round() as u32;
        let scaled =
            |piece: &Piece| Piece { from: times(piece.from), to: times(piece.to), ..*piece };
        Self { pieces: self.pieces.iter().map(scaled).collect() }
    }

    /// The users of an executor; `None` for one whose users wait for arrivals.
    pub fn of(executor: &Executor) -> Option<Self> {
        match executor {
            Executor::ConstantVus { vus, .. }
            | Executor::SharedIterations { vus, .. }
            | Executor::PerVuIterations { vus, .. } => {
                Some(Self::constant(*vus, executor.duration()))
            }
            Executor::RampingVus { start_vus, stages, .. } => {
                Some(Self::stages(*start_vus, stages))
            }
            Executor::ConstantArrivalRate { .. } | Executor::RampingArrivalRate { .. } => None,
        }
    }

    /// Users at `at`; after the end, as many as there were just before it.
    pub fn planned(&self, at: Nanos) -> u32 {
        let Some(index) = self.piece_at(at) else { return 0 };
        self.pieces[index].users_at(at)
    }

    /// When their number changes next after `after`.
    pub fn next_change(&self, after: Nanos) -> Option<Nanos> {
        let mut index = self.piece_at(after)?;
        let now = self.pieces[index].users_at(after);
        if let Some(change) = self.pieces[index].next_change(after) {
            return Some(change);
        }
        loop {
            index += 1;
            let next = self.pieces.get(index)?;
            if next.from != now {
                return Some(next.start);
            }
            if let Some(change) = next.next_change(next.start) {
                return Some(change);
            }
        }
    }

    /// Every change with the number from then on, the start included.
    pub fn changes(&self) -> impl Iterator<Item = (Nanos, u32)> + '_ {
        let next = |(at, _): &(Nanos, u32)| {
            self.next_change(*at).map(|change| (change, self.planned(change)))
        };
        std::iter::successors(Some((0, self.planned(0))), next)
    }

    /// The piece that holds at `at`: the last that has begun.
    fn piece_at(&self, at: Nanos) -> Option<usize> {
        self.pieces.partition_point(|piece| piece.start <= at).checked_sub(1)
    }
}

impl Piece {
    fn span(&self) -> u32 {
        self.from.abs_diff(self.to)
    }

    fn users_at(&self, at: Nanos) -> u32 {
        if self.span() == 0 {
            return self.from;
        }
        // Its last step falls on its end, which belongs to the next piece.
        let since = (at - self.start).min(self.length - 1);
        let steps = u128::from(since) * u128::from(self.span()) / u128::from(self.length);
        let steps = u32::try_from(steps).expect("fewer steps than the span");
        if self.to > self.from { self.from + steps } else { self.from - steps }
    }

    /// The next step before its end.
    fn next_change(&self, after: Nanos) -> Option<Nanos> {
        let done = self.users_at(after).abs_diff(self.from);
        if done >= self.span() {
            return None;
        }
        let offset = (u128::from(done + 1) * u128::from(self.length)).div_ceil(self.span().into());
        let offset = u64::try_from(offset).expect("at most the piece's length");
        (offset < self.length).then(|| self.start + offset)
    }
}

/// The users of one shard.
#[derive(Debug, Clone)]
pub struct UserShare {
    plan: UserRamp,
    ramp: UserRamp,
    part: Part,
}

impl UserShare {
    /// Those of `ramp` that are in `part`.
    pub fn new(ramp: UserRamp, part: Part) -> Self {
        Self { plan: ramp.clone(), ramp, part }
    }

    /// From now on it is a share of `factor` times the plan.
    pub fn rescale(&mut self, factor: f64) {
        self.ramp = self.plan.scaled(factor);
    }

    /// Its users at `at`.
    pub fn planned(&self, at: Nanos) -> u32 {
        self.part.of(self.ramp.planned(at))
    }

    /// When their number may change next.
    pub fn next_change(&self, after: Nanos) -> Option<Nanos> {
        self.ramp.next_change(after)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn ramp(start: u32, stages: &[(u32, u64)]) -> UserRamp {
        let stage = |(target, millis): &(u32, u64)| Stage {
            target: *target,
            duration: Duration::from_millis(*millis),
        };
        UserRamp::stages(start, &stages.iter().map(stage).collect::<Vec<_>>())
    }

    fn stages() -> impl Strategy<Value = (u32, Vec<(u32, u64)>)> {
        let users = || prop_oneof![3 => 0u32..60, 1 => Just(0)];
        let length = prop_oneof![3 => 1u64..4_000, 1 => Just(0)];
        (users(), prop::collection::vec((users(), length), 1..6))
    }

    #[test]
    fn users_come_and_leave_when_k6s_do() {
        let up_and_down = ramp(0, &[(4, 4_000), (4, 1_000), (1, 3_000), (6, 0), (6, 1_000)]);
        let changes: Vec<_> =
            up_and_down.changes().map(|(at, users)| (at / SECOND, users)).collect();
        let expected = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (6, 3), (7, 2), (8, 6)];
        // At 8 s the ramp reaches 1 and jumps to 6.
        assert_eq!(changes, expected);
        assert!(up_and_down.changes().all(|(at, _)| at.is_multiple_of(SECOND)));
    }

    #[test]
    fn a_jump_at_the_start_holds_from_the_start() {
        let jump = ramp(1, &[(50, 0), (50, 1_000)]);
        assert_eq!(jump.changes().collect::<Vec<_>>(), [(0, 50)]);
    }

    #[test]
    fn a_million_users_in_a_nanosecond_are_no_trouble() {
        let stages = [Stage { target: 1_000_000, duration: Duration::from_nanos(1) }];
        assert_eq!(UserRamp::stages(0, &stages).planned(5), 0);
        let stages = [Stage { target: 1_000_000, duration: Duration::from_nanos(3) }];
        let changes: Vec<_> = UserRamp::stages(0, &stages).changes().collect();
        assert_eq!(changes, [(0, 0), (1, 333_333), (2, 666_666)]);
    }

    proptest! {
        #[test]
        fn planned_users_stay_within_one_of_the_line(
            (start, stages) in stages(), per_mille in 0u64..1_000,
        ) {
            let total: u64 = stages.iter().map(|(_, millis)| millis).sum();
            prop_assume!(total > 0);
            let at = per_mille * total * 1_000;
            let users = f64::from(ramp(start, &stages).planned(at));
            let (mut begin, mut from) = (0, f64::from(start));
            for (target, millis) in &stages {
                let (end, to) = (begin + millis * 1_000_000, f64::from(*target));
                if (begin..end).contains(&at) {
                    let line = from + (to - from) * (at - begin) as f64 / (end - begin) as f64;
                    let (low, high) = if to > from { (-1.0, 0.0) } else { (0.0, 1.0) };
                    let off = users - line;
                    prop_assert!(off > low - 1e-6 && off < high + 1e-6, "{users} at {line}");
                }
                (begin, from) = (end, to);
            }
        }

        #[test]
        fn changes_are_all_there_are((start, stages) in stages(), at in 0u64..20_000_000_000) {
            let ramp = ramp(start, &stages);
            let changes: Vec<_> = ramp.changes().collect();
            prop_assert!(changes.is_sorted_by(|a, b| a.0 < b.0 && a.1 != b.1));
            let holds = changes.iter().rev().find(|(time, _)| *time <= at).expect("the start");
            prop_assert_eq!(holds.1, ramp.planned(at));
        }

        #[test]
        fn shares_add_up_at_any_time(
            (start, stages) in stages(), shards in 1u32..9, group in 1u32..9,
            at in 0u64..20_000_000_000,
        ) {
            let ramp = ramp(start, &stages);
            let parts = (0..shards).map(|place| Part::new(place, shards, group));
            let shares = parts.map(|part| UserShare::new(ramp.clone(), part));
            let sum: u32 = shares.map(|share| share.planned(at)).sum();
            prop_assert_eq!(sum, ramp.planned(at));
        }
    }
}
