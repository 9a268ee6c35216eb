//! What an attempt to log in comes to: the user goes on, tries again, or is lost.

use super::attempt::Next;
use super::attempt::What;
use super::slots::slot_of;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::load::fork::principal_of;
use crate::load::program::Purpose;
use crate::load::shard::Shard;
use crate::load::user::Doing;
use crate::load::user::Then;

/// Before another attempt after one that failed; doubled each time.
const PAUSE: Nanos = 1_000_000_000;

impl<R: Reactor> Shard<'_, R> {
    pub(super) fn logged_in(&mut self, number: u32, proof: &str, now: Nanos) {
        let program = self.shared.program;
        let what = self.note_attempt_over(number, now);
        let slot = slot_of(&mut self.users, number).expect("somebody logs in");
        let ledger = &mut self.logins[slot.login as usize];
        let auth = &program.logins[slot.login as usize].auth;
        ledger.mark(slot, true);
        ledger.lost_in_a_row = 0;
        slot.proven = now;
        ledger.counts.note_proof(program.redactor.text(proof), now);
        ledger.counts.first = ledger.counts.first.or(Some(now));
        if what == Some(What::Login) {
            (slot.failures, slot.logins, slot.version) = (0, slot.logins + 1, slot.version + 1);
            for secret in slot.account.secrets(auth) {
                program.redactor.learn("TOKEN", secret);
            }
            if auth.has_login() {
                ledger.counts.logins += 1;
                ledger.counts.relogins += u64::from(slot.logins > 1 || ledger.generation > 0);
            }
            if auth.shared {
                ledger.share(slot);
            }
        }
        match what {
            // Still logged in: the answer is what the target says to this user.
            Some(What::Doubt) => self.answer_stands(number, now),
            _ if program.purpose == Purpose::LogIn => self.hand_over(number, now),
            _ => self.send_chosen(number, now),
        }
    }

    /// The attempt is over, whatever came of it; what was attempted. The iteration goes on as if
    /// there had been none.
    pub(super) fn note_attempt_over(&mut self, number: u32, now: Nanos) -> Option<What> {
        let attempt = self.users[number as usize].logins.as_mut()?.attempt.take()?;
        if let Some(slot) = slot_of(&mut self.users, number) {
            slot.leader = slot.leader.filter(|leader| *leader != number);
        }
        self.shift(number, now.saturating_sub(attempt.began), now);
        Some(attempt.what)
    }

    fn shift(&mut self, number: u32, took: Nanos, now: Nanos) {
        let holder = principal_of(&self.users, number) as usize;
        for index in [number as usize, holder] {
            let user = &mut self.users[index];
            let (intended, began) = user.iteration;
            // Helpers that log in at once take no longer together.
            let later = |since: Nanos| took.min(now.saturating_sub(since));
            user.iteration = (intended + later(began), began + later(began));
            user.groups.iter_mut().for_each(|group| *group += later(*group));
            if index == holder {
                break;
            }
        }
        let user = &mut self.users[number as usize];
        user.charged = user.charged.map(|intended| intended + took);
    }

    /// Takes what somebody else's login gave.
    pub(super) fn take_shared(&mut self, number: u32, now: Nanos) {
        let slot = slot_of(&mut self.users, number).expect("a login is wanted");
        let ledger = &mut self.logins[slot.login as usize];
        let Some((account, cookies)) = ledger.shared.clone() else { return };
        ledger.mark(slot, true);
        (slot.account, slot.cookies) = (account, cookies);
        (slot.generation, slot.proven, slot.version) = (ledger.generation, now, slot.version + 1);
        self.note_attempt_over(number, now);
        self.send_chosen(number, now);
    }

    pub(super) fn send_chosen(&mut self, number: u32, now: Nanos) {
        self.give_values(number);
        let request = self.users[number as usize].request as usize;
        self.users[number as usize].doing = Doing::Nothing;
        self.choose(number, request);
        self.follow(number, now);
    }

    pub(super) fn not_logged_in(&mut self, number: u32, why: &str, now: Nanos) {
        let program = self.shared.program;
        let why = program.redactor.text(why);
        let logins = self.users[number as usize].logins.as_mut().expect("somebody logs in");
        let attempt = logins.attempt.as_mut().expect("an attempt is under way");
        attempt.prepared = None;
        let (what, seen) = (attempt.what, std::mem::take(&mut attempt.seen));
        let slot = slot_of(&mut self.users, number).expect("somebody logs in");
        let ledger = &mut self.logins[slot.login as usize];
        let auth = &program.logins[slot.login as usize].auth;
        if what != What::Login {
            ledger.mark(slot, false);
            let seen = if seen.is_empty() { why } else { seen };
            return self.begin_attempt(number, What::Login, seen, now);
        }
        slot.failures += 1;
        ledger.counts.failed += 1;
        let before = if seen.is_empty() { String::new() } else { format!("{seen}; then: ") };
        let reason = format!("{before}{why}");
        if slot.failures >= auth.relogin.max {
            return self.lose_login(number, reason, now);
        }
        let pause = PAUSE << (slot.failures - 1).min(5);
        ledger.counts.reason = Some(reason);
        let logins = self.users[number as usize].logins.as_mut().expect("somebody logs in");
        let attempt = logins.attempt.as_mut().expect("an attempt is under way");
        (attempt.next, attempt.seen) = (Next::Anew, seen);
        self.pause(number, now + pause, Then::LogIn);
    }

    /// The login is lost for good.
    pub(super) fn lose_login(&mut self, number: u32, reason: String, now: Nanos) {
        let program = self.shared.program;
        let slot = slot_of(&mut self.users, number).expect("a login is wanted");
        let ledger = &mut self.logins[slot.login as usize];
        ledger.mark(slot, false);
        ledger.counts.reason = Some(reason);
        if program.logins[slot.login as usize].auth.shared {
            (ledger.is_lost, ledger.leader) = (true, None);
        }
        self.give_up(number, now);
    }

    /// The user goes, because what it would send would be sent as nobody. Where nobody is left who
    /// has the login, the scenarios that need it come to their end.
    pub(super) fn give_up(&mut self, number: u32, now: Nanos) {
        self.stop_login(number);
        let slot = slot_of(&mut self.users, number).expect("a login is wanted");
        let login = slot.login;
        let ledger = &mut self.logins[login as usize];
        ledger.counts.lost += 1;
        ledger.counts.lost_since = ledger.counts.lost_since.or(Some(now));
        ledger.lost_in_a_row += 1;
        let enough = self.shared.program.logins[login as usize].hopeless_after();
        ledger.is_lost |= ledger.holders == 0 && ledger.lost_in_a_row >= enough;
        let is_lost = ledger.is_lost;
        ledger.counts.is_over |= is_lost;
        self.hand_over_loss(number);
        let holder = self.principal(number);
        // Not `Nothing`, or it would not be counted as cut off.
        self.users[holder as usize].doing = Doing::Pausing { until: now, then: Then::LogIn };
        self.interrupt(holder);
        self.users[holder as usize].doing = Doing::Gone;
        self.close_links(holder);
        let (scenario, place) = {
            let user = &self.users[holder as usize];
            (user.scenario as usize, user.place)
        };
        let load_now = self.clock.load_time(now);
        if self.runs[scenario].lose(place) {
            self.runs[scenario].lose_all(load_now);
        }
        for scenario in 0..self.runs.len() {
            if is_lost && self.shared.program.needs_login(scenario, login) {
                self.runs[scenario].lose_all(load_now);
            }
        }
        let counts = self.logins.iter().map(|ledger| ledger.counts.clone()).collect();
        self.shared.losses.tell(self.number, counts);
    }
}
