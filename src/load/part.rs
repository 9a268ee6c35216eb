//! Which users, and which arrivals, fall to which shard, and to which part of a run that several
//! processes share.
//!
//! Users who share a connection live on one shard: were they dealt out one by one, each shard would
//! group its own, and there would be more connections than were asked for.

use crate::model::RunPart;

/// The users of one shard: user `k` of a scenario is of group `k / group`, and groups are dealt to
/// the shards in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    place: u32,
    shards: u32,
    group: u32,
}

impl Part {
    /// That of the shard at `place` of `shards`, where so many users share a connection.
    pub fn new(place: u32, shards: u32, group: u32) -> Self {
        Self { place, shards: shards.max(1), group: group.max(1) }
    }

    /// That of a shard (its number, and how many there are) of a part of a run, of the scenario at an
    /// index. Parts come first: part `k` of `n` has every `n`-th group from the `k`-th on, on however
    /// many shards it runs, so that parts on different machines fit together.
    ///
    /// Of each scenario another part and another shard is the first, so that the odd users of small
    /// ones do not all fall to one.
    pub fn of_run(run: RunPart, (shard, shards): (u32, u32), scenario: u32, group: u32) -> Self {
        let own = turn(run.index(), run.of, scenario);
        Self::new(own + run.of * turn(shard, shards, scenario), run.of * shards, group)
    }

    /// How many of `users` it has.
    pub fn of(self, users: u32) -> u32 {
        let cycle = u64::from(self.group) * u64::from(self.shards);
        let before = u64::from(self.place) * u64::from(self.group);
        let users = u64::from(users);
        let begun = (users % cycle).saturating_sub(before).min(u64::from(self.group));
        let own = users / cycle * u64::from(self.group) + begun;
        u32::try_from(own).expect("no more than there are")
    }

    /// The number among all users of its user at `local`, both from 0.
    pub fn user(self, local: u32) -> u64 {
        let group = u64::from(local / self.group) * u64::from(self.shards) + u64::from(self.place);
        group * u64::from(self.group) + u64::from(local % self.group)
    }
}

/// The place of the `index`-th of so many where the `first`-th, counted round, comes first.
fn turn(index: u32, of: u32, first: u32) -> u32 {
    (index + of - first % of) % of
}

/// The iterations that users of a scenario share, as far as they fall to a part of a run: only parts
/// that have users have some.
pub(super) fn iterations_of(run: RunPart, scenario: u32, groups: u32, iterations: u64) -> u64 {
    let own = u64::from(turn(run.index(), run.of, scenario));
    let parts = u64::from(run.of.min(groups.max(1)));
    if own >= parts {
        return 0;
    }
    iterations / parts + u64::from(own < iterations % parts)
}

/// How arrivals are dealt to the shards: one to each of all users before any gets another, so that
/// a shard has as many as its users can take; and by turns of the groups, so that no shard has
/// many in a row.
#[derive(Debug, Clone, Copy)]
pub struct Turns {
    part: Part,
    users: u64,
    groups: u64,
    /// Users of the last group; those of all others are `part.group`.
    last: u64,
}

impl Turns {
    /// Those of a part of so many users; at least one user.
    pub fn new(part: Part, users: u32) -> Self {
        let users = u64::from(users.max(1));
        let group = u64::from(part.group);
        let groups = users.div_ceil(group);
        Self { part, users, groups, last: users - (groups - 1) * group }
    }

    /// Every arrival.
    pub fn all() -> Self {
        Self::new(Part::new(0, 1, 1), 1)
    }

    /// The first arrival of this part, from `arrival` on, that it is dealt; `None` without users.
    pub fn from(&self, arrival: u64) -> Option<u64> {
        let shards = u64::from(self.part.shards);
        let place = u64::from(self.part.place);
        if place >= self.groups {
            return None;
        }
        if self.is_even() {
            let ahead = (place + shards - arrival % shards) % shards;
            return arrival.checked_add(ahead);
        }
        // It has a user, so the search ends within one round of all users.
        (arrival..=u64::MAX).find(|arrival| self.group_of(*arrival) % shards == place)
    }

    /// Whether the shards simply take turns.
    fn is_even(&self) -> bool {
        let shards = u64::from(self.part.shards);
        let is_whole = self.last == u64::from(self.part.group);
        shards == 1 || (is_whole && self.groups.is_multiple_of(shards))
    }

    /// The group whose user gets the arrival: first users of all groups, then their second ones.
    fn group_of(&self, arrival: u64) -> u64 {
        let place = arrival % self.users;
        let with_last = self.last * self.groups;
        if place < with_last {
            return place % self.groups;
        }
        // The last group's users have had theirs.
        (place - with_last) % (self.groups - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn parts(shards: u32, group: u32) -> impl Iterator<Item = Part> {
        (0..shards).map(move |place| Part::new(place, shards, group))
    }

    #[test]
    fn three_connections_of_eight_users_are_three_on_two_shards() {
        let users: Vec<Vec<u64>> = parts(2, 8)
            .map(|part| (0..part.of(24)).map(|local| part.user(local)).collect())
            .collect();
        let second: Vec<u64> = (8..16).collect();
        let first: Vec<u64> = (0..8).chain(16..24).collect();
        assert_eq!(users, [first, second]);
    }

    #[test]
    fn arrivals_of_equal_shards_take_turns() {
        for place in 0..3 {
            let turns = Turns::new(Part::new(place, 3, 4), 24);
            let first = turns.from(0).expect("it has users");
            assert_eq!((first, turns.from(first + 1)), (place.into(), Some(u64::from(place) + 3)));
        }
        assert_eq!(Turns::all().from(7), Some(7));
        assert_eq!(Turns::new(Part::new(2, 3, 4), 8).from(0), None, "it has no user");
    }

    proptest! {
        #[test]
        fn parts_of_a_run_fit_together_on_any_number_of_shards(
            users in 1u32..200, group in 1u32..6, of in 1u32..6, scenario in 0u32..5,
            shards in prop::collection::vec(1u32..5, 6), iterations in 0u64..1000, rounds in 1u64..4,
        ) {
            let mut seen = BTreeSet::new();
            let mut dealt: BTreeMap<u64, u32> = BTreeMap::new();
            let (mut sum, end) = (0, u64::from(users) * rounds);
            for number in 1..=of {
                let run = RunPart { number, of };
                let own = shards[number as usize - 1];
                let mut users_here = 0;
                for shard in 0..own {
                    let part = Part::of_run(run, (shard, own), scenario, group);
                    users_here += part.of(users);
                    for local in 0..part.of(users) {
                        prop_assert!(seen.insert(part.user(local)));
                    }
                    let turns = Turns::new(part, users);
                    let mut next = turns.from(0);
                    while let Some(arrival) = next.filter(|arrival| *arrival < end) {
                        *dealt.entry(arrival).or_default() += 1;
                        next = turns.from(arrival + 1);
                    }
                }
                let share = iterations_of(run, scenario, users.div_ceil(group), iterations);
                prop_assert!(share == 0 || users_here > 0, "nobody could do them");
                sum += share;
            }
            prop_assert!(seen.into_iter().eq(0..u64::from(users)));
            prop_assert!(dealt.values().all(|times| *times == 1));
            prop_assert!(dealt.into_keys().eq(0..end));
            prop_assert_eq!(sum, iterations);
        }

        #[test]
        fn connections_are_as_many_as_asked_for_and_users_are_shared_out_exactly(
            connections in 1u32..40, group in 1u32..20, shards in 1u32..9,
        ) {
            let all = connections * group;
            let mut seen = BTreeSet::new();
            let mut opened = 0;
            for part in parts(shards, group) {
                // As the shard does it: users come in order, and each group has a connection.
                let users: Vec<u64> = (0..part.of(all)).map(|local| part.user(local)).collect();
                opened += users.len().div_ceil(group as usize);
                for together in users.chunks(group as usize) {
                    let group = u64::from(group);
                    prop_assert!(together.iter().all(|user| user / group == together[0] / group));
                }
                prop_assert!(users.is_sorted());
                for user in users {
                    prop_assert!(seen.insert(user), "{user} is on two shards");
                }
            }
            prop_assert_eq!(opened, connections as usize);
            prop_assert!(seen.into_iter().eq(0..u64::from(all)));
        }

        #[test]
        fn parts_of_any_number_add_up_and_grow_by_one(
            users in 0u32..5_000, group in 1u32..50, shards in 1u32..20,
        ) {
            let of = |users: u32| parts(shards, group).map(|part| part.of(users)).collect::<Vec<_>>();
            let (now, more) = (of(users), of(users + 1));
            prop_assert_eq!(now.iter().sum::<u32>(), users);
            let grown = now.iter().zip(&more).filter(|(now, more)| now != more);
            prop_assert_eq!(grown.count(), 1, "whoever is there stays where it is");
        }

        #[test]
        fn each_arrival_is_dealt_once_and_every_user_has_as_many(
            users in 1u32..300, group in 1u32..20, shards in 1u32..9, rounds in 1u64..4,
        ) {
            let mut dealt: BTreeMap<u64, u32> = BTreeMap::new();
            let end = u64::from(users) * rounds;
            for part in parts(shards, group) {
                let turns = Turns::new(part, users);
                let mut own = 0;
                let mut next = turns.from(0);
                while let Some(arrival) = next.filter(|arrival| *arrival < end) {
                    *dealt.entry(arrival).or_default() += 1;
                    own += 1;
                    next = turns.from(arrival + 1);
                }
                prop_assert_eq!(own, u64::from(part.of(users)) * rounds);
            }
            prop_assert!(dealt.values().all(|times| *times == 1));
            prop_assert!(dealt.into_keys().eq(0..end));
        }
    }
}
