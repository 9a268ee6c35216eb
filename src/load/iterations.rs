//! When a shard's users iterate: starts, arrivals, pauses, ends.

use super::exchange::Begun;
use super::live::Act;
use super::live::Change;
use super::scenario::Turnover;
use super::scenario::When;
use super::shard::Shard;
use super::timers::Timer;
use super::user::Doing;
use super::user::Then;
use super::user::User;
use crate::flow::Step;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::reactor::nanos;
use crate::plan::Late;

/// Users wait at least this long instead of a request that is left out.
const LEAST_INSTEAD: Nanos = 1_000_000;

impl<R: Reactor> Shard<'_, R> {
    /// Starts scenarios whose time has come, and lets users come and leave as planned.
    pub(super) fn follow_plan(&mut self, now: Nanos) {
        let load_now = self.clock.load_time(now);
        for scenario in 0..self.runs.len() {
            let run = &mut self.runs[scenario];
            if run.over || load_now < run.start || load_now >= run.end {
                continue;
            }
            let is_first = !std::mem::replace(&mut run.started, true);
            let (start, initial_users) = match &mut run.when {
                When::Closed(closed) if load_now < closed.next_change => continue,
                When::Closed(_) => (run.start, 0),
                When::Open(open) if is_first => (run.start, open.initial_users),
                When::Open(_) => continue,
            };
            if is_first {
                self.fill_up_group();
            }
            for _ in 0..initial_users {
                let user = self.add_user(scenario);
                self.set_free(user);
            }
            let When::Closed(closed) = &mut self.runs[scenario].when else { continue };
            match closed.follow(start, load_now) {
                Turnover::Come(places) => {
                    places.for_each(|place| self.user_comes(scenario, place, now));
                }
                Turnover::Leave(places) => {
                    places.for_each(|place| self.user_leaves(scenario, place));
                }
            }
        }
    }

    /// Carries out a change of the load.
    pub(super) fn change(&mut self, change: Change, now: Nanos) {
        let load_at = self.clock.load_time(change.at);
        match change.act {
            Act::Rate(factors) => {
                for (scenario, factor) in factors {
                    self.runs[scenario].rescale(factor, load_at);
                }
            }
            Act::Vus(factors) => {
                for (scenario, factor) in factors {
                    let run = &mut self.runs[scenario];
                    if let When::Closed(closed) = &mut run.when {
                        closed.rescale(factor, load_at.max(run.start));
                    }
                }
            }
            Act::LeaveOut(instead) => self.left_out = instead,
            Act::Pause => self.clock.pause(change.at),
            Act::Resume => {
                self.clock.resume(change.at);
                self.users_resume(now);
            }
        }
    }

    /// Users of closed scenarios go on where a pause has kept them from it.
    fn users_resume(&mut self, now: Nanos) {
        for scenario in 0..self.runs.len() {
            let run = &self.runs[scenario];
            if let When::Closed(closed) = &run.when
                && run.started
                && !run.over
            {
                (0..closed.planned).for_each(|place| self.user_comes(scenario, place, now));
            }
        }
    }

    /// The user at a closed scenario's `place` is to iterate; one that was leaving is kept.
    fn user_comes(&mut self, scenario: usize, place: u32, now: Nanos) {
        let When::Closed(closed) = &self.runs[scenario].when else { return };
        let number = match closed.members.get(place as usize) {
            Some(number) => *number,
            None => self.add_user(scenario),
        };
        if self.users[number as usize].doing == Doing::Nothing && self.next_iteration(number, now) {
            self.drive(number, Then::Step, now);
        }
    }

    /// The user at a closed scenario's `place` is to leave: at once if it is outside an iteration.
    fn user_leaves(&mut self, scenario: usize, place: u32) {
        let When::Closed(closed) = &self.runs[scenario].when else { return };
        let number = closed.members[place as usize];
        if self.users[number as usize].doing == Doing::Nothing {
            self.close_links(number);
            self.dismiss_helpers(number);
        }
    }

    /// Gives due arrivals to users, creates users where there are too few, and drops or leaves
    /// queued what nobody can take.
    pub(super) fn dispatch_arrivals(&mut self, now: Nanos) {
        if self.clock.is_paused() {
            return;
        }
        let load_now = self.clock.load_time(now);
        for scenario in 0..self.runs.len() {
            loop {
                let run = &mut self.runs[scenario];
                let When::Open(open) = &mut run.when else { break };
                if !run.started || open.next.is_none_or(|next| next > load_now) {
                    break;
                }
                let user = match open.free.pop() {
                    Some(user) => user,
                    None if open.users < open.max_users => self.add_user(scenario),
                    None => {
                        if open.late == Late::Drop {
                            run.drop_due(load_now);
                        }
                        break;
                    }
                };
                let due = self.runs[scenario].take_arrival(load_now);
                let due = due.expect("checked above that an arrival is due");
                if !self.feed(user) {
                    self.set_free(user);
                    break;
                }
                let intended = self.clock.run_time(due);
                self.generator.own_lag.record_us(now.saturating_sub(intended) / 1000);
                self.begin_iteration(user, Some(intended), now);
                self.drive(user, Then::Step, now);
            }
        }
    }

    /// Wakes users whose pause is over, and ends exchanges that took too long.
    pub(super) fn wake_users(&mut self, now: Nanos) {
        while let Some((at, number, timer)) = self.timers.take_due(now) {
            let user = &mut self.users[number as usize];
            match (timer, user.doing) {
                (Timer::Pause, Doing::Pausing { until, then }) if until == at => {
                    user.doing = Doing::Nothing;
                    self.drive(number, then, now);
                }
                // An earlier one was set since.
                (Timer::Timeout, _) if at != user.alarm => {}
                (Timer::Timeout, Doing::Exchanging) if user.deadline <= now => {
                    user.alarm = Nanos::MAX;
                    self.time_out(number);
                }
                (Timer::Timeout, Doing::Exchanging) if user.deadline < Nanos::MAX => {
                    user.alarm = user.deadline;
                    self.timers.set(user.alarm, number, Timer::Timeout);
                }
                (Timer::Timeout, _) => user.alarm = Nanos::MAX,
                (Timer::Think | Timer::Answer, Doing::Exchanging) => {
                    if !self.call_timer(number, at, now) {
                        self.talk_timer(number, at, now);
                    }
                }
                (Timer::Connect, Doing::Exchanging) => self.connect_timer(number, now),
                // The user was stopped in its pause, or has gone on.
                (Timer::Pause | Timer::Connect | Timer::Think | Timer::Answer, _) => {}
            }
        }
    }

    /// Cuts off what runs beyond its user's or its scenario's grace, and notes scenarios that are
    /// over.
    pub(super) fn end_scenarios(&mut self, now: Nanos) {
        let now = self.clock.load_time(now);
        for scenario in 0..self.runs.len() {
            if self.runs[scenario].over {
                continue;
            }
            while let When::Closed(closed) = &mut self.runs[scenario].when
                && let Some(number) = closed.overdue(now)
            {
                self.interrupt(number);
            }
            let run = &mut self.runs[scenario];
            let claimed = &self.shared.claimed[scenario];
            if now >= run.end {
                run.drop_unbegun(claimed);
            }
            if now >= run.hard_end {
                run.stop(now);
                self.interrupt_all(scenario);
            }
            let run = &mut self.runs[scenario];
            run.over = run.is_finished(now, claimed);
        }
    }

    /// Goes on with a user until it has to wait for something.
    pub(super) fn drive(&mut self, number: u32, mut then: Then, now: Nanos) {
        if then == Then::LogIn {
            return self.login_goes_on(number, now);
        }
        loop {
            if then == Then::Step {
                match self.next_step(number) {
                    Step::Send(request) => {
                        if let Some(instead) = self.instead_of(request) {
                            return self.wait(number, instead, now);
                        }
                        let user = &mut self.users[number as usize];
                        user.place_in_flow = u32::try_from(user.session.place())
                            .expect("places are numbered in u32");
                        self.choose(number, request);
                        if self.shared.program.has_logins() && self.log_in(number, now) {
                            return;
                        }
                        if let Some(at) = self.next_slot(now) {
                            return self.pause(number, at, Then::Send);
                        }
                    }
                    Step::Wait(pause) => return self.wait(number, nanos(pause), now),
                    Step::Pace(length) => {
                        let user = &mut self.users[number as usize];
                        let until = now.max(user.iteration.1 + nanos(length));
                        user.charged = user.charged.map(|intended| intended + (until - now));
                        return self.pause(number, until, Then::Step);
                    }
                    Step::Fork(op) => return self.fork(number, op, now),
                    Step::Join => return self.join_principal(number, now),
                    Step::Group => {
                        self.users[number as usize].groups.push(now);
                        continue;
                    }
                    Step::GroupEnd => {
                        self.end_group(number, now);
                        continue;
                    }
                    // What a helper leaves out, its principal leaves out.
                    Step::Done if self.users[number as usize].helps.is_some() => {
                        self.users[number as usize].session.abandon();
                        return self.join_principal(number, now);
                    }
                    Step::Done => {
                        self.finish_iteration(number, now);
                        if self.next_iteration(number, now) {
                            continue;
                        }
                        return;
                    }
                }
            }
            match self.begin_exchange(number, now) {
                Begun::Waiting => return,
                Begun::Failed(failure) => {
                    let end = self.reactor.now();
                    if let Some(pause) = self.exchange_failed(number, &failure, end) {
                        return self.pause(number, end + pause, Then::Step);
                    }
                    then = Then::Step;
                }
            }
        }
    }

    /// Sends the next request of a chain of redirects, as soon as the rate cap lets it.
    pub(super) fn follow(&mut self, number: u32, now: Nanos) {
        match self.next_slot(now) {
            Some(at) => self.pause(number, at, Then::Send),
            None => self.drive(number, Then::Send, now),
        }
    }

    /// How long the user waits instead of sending a request that is left out.
    fn instead_of(&self, request: usize) -> Option<Nanos> {
        // Always some, or users of a closed model would go round without a rest.
        let instead = self.left_out.get(request).copied().flatten();
        instead.map(|instead| instead.max(LEAST_INSTEAD))
    }

    /// Goes on with the flow after a pause of its own.
    fn wait(&mut self, number: u32, pause: Nanos, now: Nanos) {
        let user = &mut self.users[number as usize];
        // The schedule's word holds for the first request, after its pause.
        user.charged = user.charged.map(|intended| intended + pause);
        self.pause(number, now + pause, Then::Step);
    }

    pub(super) fn pause(&mut self, number: u32, until: Nanos, then: Then) {
        self.users[number as usize].doing = Doing::Pausing { until, then };
        self.timers.set(until, number, Timer::Pause);
    }

    fn next_step(&mut self, number: u32) -> Step {
        let user = &mut self.users[number as usize];
        let flow = &self.shared.program.flows[user.scenario as usize];
        let who = (user.vu, self.shared.program.value_seed);
        flow.next(&mut user.session, who, &mut self.rng)
    }

    /// When the rate cap lets the next request out, if that is not now.
    pub(super) fn next_slot(&mut self, now: Nanos) -> Option<Nanos> {
        let pace = self.pace.as_mut()?;
        let slot = pace.next.max(now);
        pace.next = slot + pace.gap;
        (slot > now).then_some(slot)
    }

    fn begin_iteration(&mut self, number: u32, charged: Option<Nanos>, now: Nanos) {
        let user = &mut self.users[number as usize];
        user.iteration = (charged.unwrap_or(now), now);
        user.charged = charged;
        user.groups.clear();
        user.reset_cookies(self.shared.program.cookies);
        if let Some(logins) = &mut user.logins {
            logins.begin_iteration();
        }
        for (variable, value) in &self.shared.program.given[user.scenario as usize] {
            user.session.give(*variable, value);
        }
        self.runs[user.scenario as usize].active += 1;
    }

    fn end_group(&mut self, number: u32, now: Nanos) {
        let user = &mut self.users[number as usize];
        let scenario = user.scenario as usize;
        let group = self.shared.program.group_at[scenario][user.session.place()];
        if let (Some(group), Some(began)) = (group, user.groups.pop()) {
            self.runs[scenario].counts.group(group, began, now);
        }
    }

    fn finish_iteration(&mut self, number: u32, now: Nanos) {
        let user = &mut self.users[number as usize];
        user.doing = Doing::Nothing;
        let run = &mut self.runs[user.scenario as usize];
        run.active -= 1;
        run.counts.iteration(user.iteration.0, user.iteration.1, now);
    }

    /// What a user does outside an iteration: begin another (then it has something to do), wait
    /// for an arrival, or leave.
    fn next_iteration(&mut self, number: u32, now: Nanos) -> bool {
        let user = &self.users[number as usize];
        let (scenario, place) = (user.scenario as usize, user.place);
        let is_paused = self.clock.is_paused();
        let load_now = self.clock.load_time(now);
        let run = &mut self.runs[scenario];
        let (late, can_take) = match &mut run.when {
            When::Open(open) => (open.late, open.can_take()),
            // It stays where it is, with its connections.
            When::Closed(_) if is_paused => return false,
            When::Closed(_) => {
                let claimed = &self.shared.claimed[scenario];
                let goes_on = run.claim_iteration(place, load_now, claimed) && self.feed(number);
                if goes_on {
                    self.begin_iteration(number, None, now);
                } else {
                    self.close_links(number);
                    self.dismiss_helpers(number);
                }
                return goes_on;
            }
        };
        if is_paused {
            self.set_free(number);
            return false;
        }
        // Nobody was free: what was due until now is lost, or has waited for this user.
        if !can_take && late == Late::Drop {
            run.drop_due(load_now.saturating_sub(1));
        }
        let arrival = if can_take { None } else { run.take_arrival(load_now) };
        run.starved += u64::from(arrival.is_some_and(|due| due < load_now));
        if let Some(due) = arrival
            && self.feed(number)
        {
            let intended = self.clock.run_time(due);
            self.generator.own_lag.record_us(0);
            self.begin_iteration(number, Some(intended), now);
            return true;
        }
        self.set_free(number);
        false
    }

    /// The user waits for an arrival.
    fn set_free(&mut self, number: u32) {
        let scenario = self.users[number as usize].scenario as usize;
        if let When::Open(open) = &mut self.runs[scenario].when {
            open.free.push(number);
        }
    }

    /// Cuts off every user of a scenario; none of them starts again.
    fn interrupt_all(&mut self, scenario: usize) {
        for number in 0..self.users.len() {
            if self.users[number].scenario as usize == scenario {
                let number = u32::try_from(number).expect("users are numbered in u32");
                self.interrupt(number);
                self.users[number as usize].doing = Doing::Gone;
                self.close_links(number);
            }
        }
    }

    /// Cuts off a user, and counts it if it is inside an iteration. It begins the next one, if
    /// there is one, anew.
    pub(super) fn interrupt(&mut self, number: u32) {
        let user = &mut self.users[number as usize];
        if matches!(user.doing, Doing::Gone | Doing::Nothing) || user.helps.is_some() {
            return;
        }
        user.doing = Doing::Nothing;
        user.session.restart();
        user.sample = None;
        self.stop_login(number);
        let user = &mut self.users[number as usize];
        let run = &mut self.runs[user.scenario as usize];
        run.active -= 1;
        run.counts.interrupted();
        self.close_links(number);
        self.dismiss_helpers(number);
    }

    /// A scenario begins with connections of its own: the places left over on the last shared one
    /// stay empty.
    fn fill_up_group(&mut self) {
        let lanes = self.shared.program.lanes() as usize;
        while !self.users.len().is_multiple_of(lanes) {
            let mut nobody = User::new(0, 0, 0);
            nobody.doing = Doing::Gone;
            self.users.push(nobody);
        }
    }

    fn add_user(&mut self, scenario: usize) -> u32 {
        let number = u32::try_from(self.users.len()).expect("fewer users than 2^32");
        let scenario_number = u32::try_from(scenario).expect("fewer scenarios than 2^32");
        let place = match &mut self.runs[scenario].when {
            When::Closed(closed) => closed.join(number),
            When::Open(open) => {
                open.users += 1;
                open.users - 1
            }
        };
        let program = self.shared.program;
        let vu = program.first_vu[scenario] + self.runs[scenario].part.user(place);
        self.users.push(User::new(scenario_number, place, vu));
        self.make_room(number);
        number
    }
}
