//! Several steps at once: a user that forks gets helpers, each with a connection of its own, and
//! goes on when the last of them has joined.
//!
//! A helper is a user like any other, but it is in no scenario's count, and its iteration is its
//! principal's. Helpers stay for the next fork, with their connections.

use super::link::Link;
use super::observe::ABSENT;
use super::shard::Shard;
use super::user::Doing;
use super::user::Then;
use super::user::User;
use crate::flow::Op;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;

/// The helpers of a user.
#[derive(Debug, Default)]
pub(super) struct Helpers {
    /// Their numbers, by the branch that each takes.
    numbers: Vec<u32>,
    /// How many take part in the fork under way, and how many of these have not joined.
    taking_part: usize,
    running: usize,
}

/// Whose iteration it is that the user is in: its own, or its principal's.
#[inline]
pub(super) fn principal_of(users: &[User], number: u32) -> u32 {
    let mut number = number;
    while let Some(helped) = users[number as usize].helps {
        number = helped;
    }
    number
}

impl<R: Reactor> Shard<'_, R> {
    /// Whose iteration it is that the user is in: its own, or its principal's.
    pub(super) fn principal(&self, number: u32) -> u32 {
        principal_of(&self.users, number)
    }

    /// Begins all branches of the fork at once.
    pub(super) fn fork(&mut self, number: u32, op: u32, now: Nanos) {
        let program = self.shared.program;
        let scenario = self.users[number as usize].scenario as usize;
        let Op::Fork { branches, join } = &program.flows[scenario].ops[op as usize] else {
            unreachable!("the step names a fork")
        };
        let helpers = self.helpers(number, branches.len());
        let user = &mut self.users[number as usize];
        user.doing = Doing::Forked;
        let (session, iteration, mut charged) =
            (user.session.clone(), user.iteration, user.charged.take());
        user.session.go_on_at(*join);
        let group = user.helpers.as_mut().expect("made above");
        (group.taking_part, group.running) = (helpers.len(), helpers.len());
        for (helper, branch) in helpers.iter().zip(branches) {
            let user = &mut self.users[*helper as usize];
            user.session = session.clone();
            user.session.go_on_at(*branch);
            user.iteration = iteration;
            user.groups.clear();
            // The schedule's word holds for the first request.
            user.charged = charged.take();
            if let Some(logins) = &mut user.logins {
                logins.begin_iteration();
            }
        }
        for helper in helpers {
            // One of them may have lost the login of all.
            if self.users[number as usize].doing == Doing::Forked {
                self.drive(helper, Then::Step, now);
            }
        }
    }

    /// The helper's branch is over; behind the last one its principal goes on.
    pub(super) fn join_principal(&mut self, number: u32, now: Nanos) {
        let user = &mut self.users[number as usize];
        user.doing = Doing::Nothing;
        let Some(principal) = user.helps else { return };
        let group = self.users[principal as usize].helpers.as_mut().expect("it has this one");
        group.running -= 1;
        if group.running > 0 {
            return;
        }
        let taking_part = group.numbers[..group.taking_part].to_vec();
        group.taking_part = 0;
        let base = self.users[principal as usize].session.clone();
        for helper in taking_part {
            let session = std::mem::take(&mut self.users[helper as usize].session);
            self.users[principal as usize].session.take_over(&base, &session);
        }
        // In the next turn, and not from within: branches that fail at once would go round without
        // end on this stack.
        self.pause(principal, now, Then::Step);
    }

    /// Cuts off what the user's helpers are doing, and closes their connections.
    pub(super) fn dismiss_helpers(&mut self, number: u32) {
        let Some(group) = &mut self.users[number as usize].helpers else { return };
        (group.taking_part, group.running) = (0, 0);
        for helper in group.numbers.clone() {
            let user = &mut self.users[helper as usize];
            if user.doing != Doing::Gone {
                user.doing = Doing::Nothing;
            }
            user.sample = None;
            self.stop_login(helper);
            self.close_links(helper);
            self.dismiss_helpers(helper);
        }
    }

    /// So many helpers of the user, made where there are too few.
    fn helpers(&mut self, number: u32, count: usize) -> Vec<u32> {
        let mut group = self.users[number as usize].helpers.take().unwrap_or_default();
        while group.numbers.len() < count {
            group.numbers.push(self.add_helper(number));
        }
        let numbers = group.numbers[..count].to_vec();
        self.users[number as usize].helpers = Some(group);
        numbers
    }

    fn add_helper(&mut self, principal: u32) -> u32 {
        let number = u32::try_from(self.users.len()).expect("fewer users than 2^32");
        let User { scenario, place, vu, .. } = self.users[principal as usize];
        let mut helper = User::new(scenario, place, vu);
        helper.helps = Some(principal);
        self.users.push(helper);
        self.make_room(number);
        number
    }

    /// Room for the connections of the users up to `number`, and for what is observed of them.
    pub(super) fn make_room(&mut self, number: u32) {
        let (users, program) = (number as usize + 1, self.shared.program);
        self.links.resize_with(users * program.origins.len(), Link::default);
        self.seen.resize(users * program.observe.len(), ABSENT);
    }
}
