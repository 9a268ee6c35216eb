//! Who a user is logged in as: slots, one for each login that its iterations ask for.
//!
//! They belong to whoever the iteration belongs to: helpers of a user send with its logins.

use super::attempt::Attempt;
use super::expand::LoginProgram;
use crate::flow::Session;
use crate::flow::auth::Account;
use crate::http::CookieJar;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::load::fork::principal_of;
use crate::load::program::Prepared;
use crate::load::program::Program;
use crate::load::shard::Shard;
use crate::load::user::User;
use crate::model::Response;

/// What a user has of logins; only once a request asked for one.
#[derive(Debug, Default)]
pub(in crate::load) struct UserLogins {
    /// Those of its iterations; helpers have none.
    pub(super) slots: Vec<Slot>,
    /// As whom it sends, by the slots of whoever the iteration belongs to; without one, as nobody.
    pub(super) active: Option<usize>,
    /// Whose values the iteration has, and since which login.
    given: Option<(usize, u64)>,
    /// The login in force when the request under way was sent.
    pub(super) sent_since: u64,
    pub(super) attempt: Option<Box<Attempt>>,
    /// The request under way is sent a second time, after a login.
    pub(super) is_repeated: bool,
    /// The request under way was signed.
    pub(super) was_signed: bool,
}

/// One login of a user.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) login: u32,
    pub(super) account: Account,
    pub(super) cookies: Option<Box<CookieJar>>,
    pub(super) is_in: bool,
    /// Of the shared login that it has.
    pub(super) generation: u64,
    /// Counts what it was given, by its own logins and by others'.
    pub(super) version: u64,
    pub(super) proven: Nanos,
    /// Attempts in a row that failed, and logins in a row that changed nothing.
    pub(super) failures: u32,
    pub(super) in_vain: u32,
    /// How often it has logged in.
    pub(super) logins: u64,
    /// Which of the user and its helpers sees to it now.
    pub(super) leader: Option<u32>,
    /// The row that it logs in with, where it logs in with rows.
    row: Vec<u8>,
}

impl UserLogins {
    pub(in crate::load) fn prepared(&self) -> Option<&Prepared> {
        self.attempt.as_ref()?.prepared.as_ref()
    }

    /// Whether what is sent belongs to a login.
    pub(in crate::load) fn is_attempting(&self) -> bool {
        self.attempt.is_some()
    }

    /// The answer to what a login has sent.
    pub(in crate::load) fn take_answer(&mut self, answer: Response) {
        if let Some(attempt) = &mut self.attempt {
            attempt.answer = Some(answer);
        }
    }

    /// The iteration's values are those of another one.
    pub(in crate::load) fn begin_iteration(&mut self) {
        (self.given, self.is_repeated) = (None, false);
    }
}

impl Slot {
    fn new(of_plan: &LoginProgram, login: u32, (vu, session): (u64, &Session), seed: u64) -> Self {
        let row = row(of_plan, session);
        let mut account = Account::new(&of_plan.auth, of_plan.identity(vu), vu, seed);
        for variable in &of_plan.auth.fed {
            if let Some(value) = session.values().and_then(|values| values.get(*variable)) {
                account.set(*variable, value);
            }
        }
        account.prepare(&of_plan.auth);
        Self {
            login,
            account,
            cookies: None,
            is_in: !of_plan.auth.has_login(),
            generation: 0,
            version: 0,
            proven: 0,
            failures: 0,
            in_vain: 0,
            logins: 0,
            leader: None,
            row,
        }
    }
}

/// What of the iteration's rows the login takes, each value with its length.
fn row(of_plan: &LoginProgram, session: &Session) -> Vec<u8> {
    let mut row = Vec::new();
    for variable in &of_plan.auth.fed {
        let value = session.values().and_then(|values| values.get(*variable)).unwrap_or_default();
        row.extend_from_slice(&value.len().to_le_bytes());
        row.extend_from_slice(value);
    }
    row
}

/// The slot that the user of that number sends with, if it sends as somebody.
pub(super) fn slot_of(users: &mut [User], number: u32) -> Option<&mut Slot> {
    let active = users[number as usize].logins.as_ref()?.active?;
    let holder = principal_of(users, number);
    users[holder as usize].logins.as_mut()?.slots.get_mut(active)
}

impl<R: Reactor> Shard<'_, R> {
    /// The user sends as `wanted` from now on; somebody who was never seen before has nothing.
    pub(super) fn send_as(&mut self, number: u32, wanted: Option<u32>) {
        if wanted.is_none() && self.users[number as usize].logins.is_none() {
            return;
        }
        let active = wanted.map(|login| self.slot_for(number, login));
        self.users[number as usize].logins.get_or_insert_default().active = active;
    }

    /// Where the slot of that login is; an iteration with another row is somebody else.
    fn slot_for(&mut self, number: u32, login: u32) -> usize {
        let program: &Program = self.shared.program;
        let of_plan = &program.logins[login as usize];
        let holder = principal_of(&self.users, number) as usize;
        let session = &self.users[number as usize].session;
        let is_fed = !of_plan.auth.fed.is_empty();
        let row = if is_fed { row(of_plan, session) } else { Vec::new() };
        let slots = self.users[holder].logins.as_ref().map(|logins| logins.slots.as_slice());
        let known = slots.unwrap_or_default().iter().position(|slot| slot.login == login);
        if let Some(known) = known
            && (!is_fed || slots.is_some_and(|slots| slots[known].row == row))
        {
            return known;
        }
        let whose = (self.users[holder].vu, session);
        let mut slot = Slot::new(of_plan, login, whose, program.value_seed);
        let slots = &mut self.users[holder].logins.get_or_insert_default().slots;
        let Some(known) = known else {
            slots.push(slot);
            return slots.len() - 1;
        };
        // Its values are others' now.
        slot.version = slots[known].version + 1;
        self.logins[login as usize].mark(&mut slots[known], false);
        slots[known] = slot;
        known
    }

    /// The values that the login gave, where the iteration has none of them yet.
    pub(super) fn give_values(&mut self, number: u32) {
        let holder = principal_of(&self.users, number) as usize;
        let Some(logins) = &self.users[number as usize].logins else { return };
        let Some(active) = logins.active else { return };
        let given = logins.given;
        let of_holder = self.users[holder].logins.as_ref().expect("it has the slot");
        let now = (active, of_holder.slots[active].version);
        if given != Some(now) {
            // Out of the slot and back: user and holder may be the same.
            let slots = &mut self.users[holder].logins.as_mut().expect("it has the slot").slots;
            let account = std::mem::take(&mut slots[active].account);
            let session = &mut self.users[number as usize].session;
            for (variable, value) in account.values().iter() {
                session.give(variable, value);
            }
            let slots = &mut self.users[holder].logins.as_mut().expect("it has the slot").slots;
            slots[active].account = account;
        }
        let logins = self.users[number as usize].logins.as_mut().expect("looked at above");
        (logins.given, logins.sent_since) = (Some(now), now.1);
    }

    /// The cookies that the user sends with: those of its login, else those of nobody.
    pub(in crate::load) fn jar(&mut self, number: u32) -> Option<&mut CookieJar> {
        let holder = principal_of(&self.users, number) as usize;
        let logins = self.users[number as usize].logins.as_ref();
        match logins.and_then(|logins| logins.active) {
            None => self.users[holder].jar(),
            Some(active) => {
                let logins = self.users[holder].logins.as_mut()?;
                logins.slots.get_mut(active)?.cookies.as_deref_mut()
            }
        }
    }

    /// Whether what the user's answer has set still counts: it was sent before a login that has taken
    /// place since, or while one goes on.
    pub(in crate::load) fn is_outdated(&mut self, number: u32) -> bool {
        let Some(logins) = &self.users[number as usize].logins else { return false };
        let (is_attempting, since) = (logins.is_attempting(), logins.sent_since);
        let Some(slot) = slot_of(&mut self.users, number) else { return false };
        !is_attempting && (slot.version != since || slot.leader.is_some())
    }

    /// Room for cookies that the user's answer has set; nobody's are kept where the plan keeps none.
    pub(in crate::load) fn jar_to_fill(&mut self, number: u32) -> Option<&mut CookieJar> {
        let keeps = self.shared.program.keeps_cookies_of_nobody();
        let holder = principal_of(&self.users, number) as usize;
        let logins = self.users[number as usize].logins.as_ref();
        match logins.and_then(|logins| logins.active) {
            None => keeps.then(|| self.users[holder].jar_to_fill()),
            Some(active) => {
                let logins = self.users[holder].logins.as_mut()?;
                Some(logins.slots.get_mut(active)?.cookies.get_or_insert_default())
            }
        }
    }
}
