//! A user's attempt to log in, driven by the readiness loop.

use super::expand::LoginProgram;
use crate::flow::auth::Account;
use crate::flow::auth::Came;
use crate::flow::auth::Login;
use crate::flow::auth::LoginStep;
use crate::http::h1;
use crate::http::h1::RequestKind;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::reactor::nanos;
use crate::http::route;
use crate::load::cookies::UserCookies;
use crate::load::exchange::Begun;
use crate::load::look::Looks;
use crate::load::program::Prepared;
use crate::load::program::Program;
use crate::load::program::StatusSet;
use crate::load::program::message_of;
use crate::load::shard::Shard;
use crate::load::user::Doing;
use crate::load::user::Then;
use crate::model::Failure;
use crate::model::Request;
use crate::model::Response;
use crate::model::inert;

/// Before another attempt after one that failed; doubled each time.
const PAUSE: Nanos = 1_000_000_000;

/// How often a user looks whether the login that it shares is there.
const LOOK_AGAIN: Nanos = 20_000_000;

/// What a user has of logins; only once a request asked for one.
#[derive(Debug, Default)]
pub(in crate::load) struct UserLogins {
    pub(super) slots: Vec<Slot>,
    /// Whose cookies the user has; without one, they are nobody's.
    pub(super) active: Option<usize>,
    /// Cookies of whoever is nobody, while somebody else is active.
    nobodys: Option<Box<UserCookies>>,
    /// Whose values the iteration has.
    given: Option<usize>,
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
    cookies: Option<Box<UserCookies>>,
    pub(super) is_in: bool,
    /// Of the shared login that it has.
    pub(super) generation: u64,
    pub(super) proven: Nanos,
    /// Attempts in a row that failed, and logins in a row that changed nothing.
    failures: u32,
    pub(super) in_vain: u32,
    /// How often it has logged in.
    logins: u64,
}

/// One attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    slot: usize,
    login: Login,
    what: What,
    next: Next,
    began: Nanos,
    prepared: Option<Prepared>,
    pub(super) answer: Option<Response>,
    /// What was seen that called for it.
    seen: String,
}

/// What is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// To log in.
    Login,
    /// To see whether the login holds, because it is time to.
    Proof,
    /// The same, because an answer speaks against it.
    Doubt,
}

/// What an attempt goes on with after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Its own pause is over.
    Step,
    /// The request that lies ready.
    Send,
    /// From the beginning.
    Anew,
    /// Somebody else logs in for all.
    Look,
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

    pub(super) fn active(&mut self) -> Option<&mut Slot> {
        self.slots.get_mut(self.active?)
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Sees to it that the user may send the request that it has chosen; false if it may at once.
    /// Else it goes on by itself, or never.
    pub(in crate::load) fn log_in(&mut self, number: u32, now: Nanos) -> bool {
        let program = self.shared.program;
        let wanted = program.requests[self.users[number as usize].request as usize].login;
        self.change_cookies(number, wanted);
        let Some(login) = wanted else { return false };
        let (of_plan, unix) = (&program.logins[login as usize], self.unix_seconds());
        if self.logins[login as usize].is_lost && of_plan.auth.shared {
            self.give_up(number, now);
            return true;
        }
        let every = of_plan.auth.verify.as_ref().and_then(|verify| verify.every).map(nanos);
        let logins = self.users[number as usize].logins.get_or_insert_default();
        let slot = logins.active().expect("it was just changed to");
        let what = if !slot.is_in || slot.account.is_due(unix) {
            What::Login
        } else if every.is_some_and(|every| now.saturating_sub(slot.proven) >= every) {
            What::Proof
        } else {
            self.give_values(number);
            return false;
        };
        self.begin_attempt(number, what, String::new(), now);
        true
    }

    /// A pause of the attempt is over.
    pub(in crate::load) fn login_goes_on(&mut self, number: u32, now: Nanos) {
        let logins = self.users[number as usize].logins.as_mut();
        let Some(attempt) = logins.and_then(|logins| logins.attempt.as_mut()) else { return };
        match attempt.next {
            Next::Step => self.step_login(number, Came::Nothing, now),
            Next::Send => self.send_login(number, now),
            Next::Anew | Next::Look => {
                let (what, seen) = (attempt.what, std::mem::take(&mut attempt.seen));
                let began = attempt.began;
                self.begin_attempt(number, what, seen, now);
                let logins = self.users[number as usize].logins.as_mut();
                if let Some(attempt) = logins.and_then(|logins| logins.attempt.as_mut()) {
                    attempt.began = began;
                }
            }
        }
    }

    /// What the login has sent is answered.
    pub(in crate::load) fn login_answered(&mut self, number: u32, end: Nanos) {
        let user = &mut self.users[number as usize];
        let took = std::time::Duration::from_nanos(end.saturating_sub(user.moments.sending));
        let logins = user.logins.as_mut().expect("somebody logs in");
        let attempt = logins.attempt.as_mut().expect("its answer has come");
        match attempt.answer.take() {
            Some(answer) => self.step_login(number, Came::Response(&answer, took), end),
            None => self.step_login(number, Came::Nothing, end),
        }
    }

    /// What the login has sent has no answer and will have none.
    pub(in crate::load) fn login_unanswered(&mut self, number: u32, failure: &Failure, end: Nanos) {
        self.let_go(number);
        self.users[number as usize].sample = None;
        self.step_login(number, Came::Failure(failure), end);
    }

    pub(super) fn begin_attempt(&mut self, number: u32, what: What, seen: String, now: Nanos) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let seed = program.seed.derive(&format!("login of user {} at {now}", user.vu)).0;
        let logins = user.logins.as_mut().expect("a slot was made");
        let place = logins.active.expect("a login is wanted");
        let slot = &logins.slots[place];
        let ledger = &mut self.logins[slot.login as usize];
        let is_shared = program.logins[slot.login as usize].auth.shared;
        let mut next = Next::Step;
        if is_shared && what == What::Login {
            if slot.generation < ledger.generation && ledger.shared.is_some() {
                return self.take_shared(number, now);
            }
            if ledger.leader.is_some_and(|leader| leader != number) {
                next = Next::Look;
            } else {
                ledger.leader = Some(number);
            }
        }
        let login = match what {
            What::Login => Login::new(seed),
            What::Proof | What::Doubt => Login::verify_only(seed),
        };
        let (prepared, answer) = (None, None);
        logins.attempt = Some(Box::new(Attempt {
            slot: place,
            login,
            what,
            next,
            began: now,
            prepared,
            answer,
            seen,
        }));
        (user.looks, user.chain) = (Looks::Nowhere, None);
        if next == Next::Look {
            return self.pause(number, now + LOOK_AGAIN, Then::LogIn);
        }
        if what == What::Login {
            // A page that is asked for with the old session's cookies may be another one.
            user.cookies = None;
        }
        self.step_login(number, Came::Nothing, now);
    }

    fn step_login(&mut self, number: u32, came: Came<'_>, now: Nanos) {
        let (program, unix) = (self.shared.program, self.unix_seconds());
        let logins = self.users[number as usize].logins.as_mut().expect("somebody logs in");
        let attempt = logins.attempt.as_mut().expect("an attempt is under way");
        let slot = &mut logins.slots[attempt.slot];
        let auth = &program.logins[slot.login as usize].auth;
        attempt.prepared = None;
        match attempt.login.next(auth, &mut slot.account, came, unix) {
            LoginStep::Send(request) => self.prepare_login(number, *request, now),
            LoginStep::Wait(pause) => {
                attempt.next = Next::Step;
                self.pause(number, now + nanos(pause), Then::LogIn);
            }
            LoginStep::Done(proof) => self.logged_in(number, proof, now),
            LoginStep::Failed(why) => self.not_logged_in(number, why, now),
        }
    }

    fn prepare_login(&mut self, number: u32, request: Request, now: Nanos) {
        let prepared = prepare(self.shared.program, request);
        let logins = self.users[number as usize].logins.as_mut().expect("somebody logs in");
        let attempt = logins.attempt.as_mut().expect("an attempt is under way");
        match prepared {
            Ok(prepared) => {
                attempt.prepared = Some(prepared);
                attempt.next = Next::Send;
                match self.next_slot(now) {
                    Some(at) => self.pause(number, at, Then::LogIn),
                    None => self.send_login(number, now),
                }
            }
            Err(why) => self.not_logged_in(number, why, now),
        }
    }

    fn send_login(&mut self, number: u32, now: Nanos) {
        // What the schedule says is for the iteration's own first request.
        let charged = self.users[number as usize].charged.take();
        let begun = self.begin_exchange(number, now);
        self.users[number as usize].charged = charged;
        if let Begun::Failed(failure) = begun {
            let end = self.reactor.now();
            self.login_unanswered(number, &failure, end);
        }
    }

    fn logged_in(&mut self, number: u32, proof: String, now: Nanos) {
        let user = &mut self.users[number as usize];
        let logins = user.logins.as_mut().expect("somebody logs in");
        let attempt = logins.attempt.take().expect("an attempt is under way");
        let slot = &mut logins.slots[attempt.slot];
        let ledger = &mut self.logins[slot.login as usize];
        let auth = &self.shared.program.logins[slot.login as usize].auth;
        ledger.counts.note_proof(proof, now);
        (slot.is_in, slot.proven) = (true, now);
        ledger.counts.first = ledger.counts.first.or(Some(now));
        if attempt.what == What::Login {
            slot.failures = 0;
            slot.logins += 1;
            if auth.has_login() {
                ledger.counts.logins += 1;
                ledger.counts.relogins += u64::from(slot.logins > 1 || ledger.generation > 0);
            }
            if auth.shared {
                ledger.generation += 1;
                slot.generation = ledger.generation;
                ledger.leader = None;
                ledger.shared = Some((slot.account.clone(), user.cookies.clone()));
            }
            logins.given = None;
        }
        // The iteration goes on as if there had been no login.
        let took = now.saturating_sub(attempt.began);
        user.iteration = (user.iteration.0 + took, user.iteration.1 + took);
        user.charged = user.charged.map(|intended| intended + took);
        if attempt.what == What::Doubt {
            // Still logged in: the answer is what the target says to this user.
            return self.answer_stands(number, now);
        }
        self.send_chosen(number, now);
    }

    /// Takes what somebody else's login gave.
    fn take_shared(&mut self, number: u32, now: Nanos) {
        let user = &mut self.users[number as usize];
        let logins = user.logins.as_mut().expect("a slot was made");
        let slot = logins.active().expect("a login is wanted");
        let ledger = &self.logins[slot.login as usize];
        let Some((account, cookies)) = &ledger.shared else { return };
        (slot.account, slot.is_in) = (account.clone(), true);
        (slot.generation, slot.proven) = (ledger.generation, now);
        user.cookies.clone_from(cookies);
        let began = logins.attempt.take().map_or(now, |attempt| attempt.began);
        logins.given = None;
        let took = now.saturating_sub(began);
        user.iteration = (user.iteration.0 + took, user.iteration.1 + took);
        user.charged = user.charged.map(|intended| intended + took);
        self.send_chosen(number, now);
    }

    fn send_chosen(&mut self, number: u32, now: Nanos) {
        self.give_values(number);
        let request = self.users[number as usize].request as usize;
        self.users[number as usize].doing = Doing::Nothing;
        self.choose(number, request);
        self.follow(number, now);
    }

    fn not_logged_in(&mut self, number: u32, why: String, now: Nanos) {
        let user = &mut self.users[number as usize];
        let logins = user.logins.as_mut().expect("somebody logs in");
        let attempt = logins.attempt.as_mut().expect("an attempt is under way");
        attempt.prepared = None;
        let slot = &mut logins.slots[attempt.slot];
        if attempt.what != What::Login {
            slot.is_in = false;
            let seen =
                if attempt.seen.is_empty() { why } else { std::mem::take(&mut attempt.seen) };
            return self.begin_attempt(number, What::Login, seen, now);
        }
        let ledger = &mut self.logins[slot.login as usize];
        let auth = &self.shared.program.logins[slot.login as usize].auth;
        slot.failures += 1;
        ledger.counts.failed += 1;
        let before = if attempt.seen.is_empty() {
            String::new()
        } else {
            format!("{}; then: ", attempt.seen)
        };
        let reason = format!("{before}{why}");
        if slot.failures >= auth.relogin.max {
            return self.lose_login(number, reason, now);
        }
        ledger.counts.reason = Some(reason);
        let pause = PAUSE << (slot.failures - 1).min(5);
        attempt.next = Next::Anew;
        self.pause(number, now + pause, Then::LogIn);
    }

    /// The login is lost for good.
    pub(super) fn lose_login(&mut self, number: u32, reason: String, now: Nanos) {
        let logins = self.users[number as usize].logins.as_mut().expect("somebody logs in");
        let slot = logins.active().expect("a login is wanted");
        slot.is_in = false;
        let ledger = &mut self.logins[slot.login as usize];
        ledger.counts.reason = Some(reason);
        if self.shared.program.logins[slot.login as usize].auth.shared {
            (ledger.is_lost, ledger.leader) = (true, None);
        }
        self.give_up(number, now);
    }

    /// The user goes, because what it would send would be sent as nobody.
    fn give_up(&mut self, number: u32, now: Nanos) {
        let user = &mut self.users[number as usize];
        let logins = user.logins.as_mut().expect("somebody logs in");
        logins.attempt = None;
        let slot = logins.active().expect("a login is wanted");
        let counts = &mut self.logins[slot.login as usize].counts;
        counts.lost += 1;
        counts.lost_since = counts.lost_since.or(Some(now));
        // Not `Nothing`, or it would not be counted as cut off.
        user.doing = Doing::Pausing { until: now, then: Then::LogIn };
        self.interrupt(number);
        self.users[number as usize].doing = Doing::Gone;
        self.close_links(number);
    }

    /// What the user was doing is cut off.
    pub(in crate::load) fn stop_login(&mut self, number: u32) {
        let Some(logins) = &mut self.users[number as usize].logins else { return };
        logins.attempt = None;
        let led = self.logins.iter_mut().filter(|ledger| ledger.leader == Some(number));
        led.for_each(|ledger| ledger.leader = None);
    }

    /// The values that the login gave, where the iteration has none of them yet.
    fn give_values(&mut self, number: u32) {
        let user = &mut self.users[number as usize];
        let Some(logins) = &mut user.logins else { return };
        if logins.given == logins.active {
            return;
        }
        let Some(slot) = logins.active.map(|active| &logins.slots[active]) else { return };
        for (variable, value) in slot.account.values().iter() {
            user.session.give(variable, value);
        }
        logins.given = logins.active;
    }

    /// The user has the cookies of whoever sends the request; somebody who was never seen before has
    /// none.
    fn change_cookies(&mut self, number: u32, wanted: Option<u32>) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        if wanted.is_none() && user.logins.is_none() {
            return;
        }
        let logins = user.logins.get_or_insert_default();
        let to = wanted.map(|login| {
            let known = logins.slots.iter().position(|slot| slot.login == login);
            known.unwrap_or_else(|| {
                let of_plan = &program.logins[login as usize];
                logins.slots.push(Slot::new(of_plan, login, user.vu, program));
                logins.slots.len() - 1
            })
        });
        if to == logins.active {
            return;
        }
        let now_has = std::mem::take(&mut user.cookies);
        match logins.active {
            Some(active) => logins.slots[active].cookies = now_has,
            None => logins.nobodys = now_has,
        }
        user.cookies = match to {
            Some(to) => logins.slots[to].cookies.take(),
            None => logins.nobodys.take(),
        };
        logins.active = to;
    }
}

impl Slot {
    fn new(of_plan: &LoginProgram, login: u32, vu: u64, program: &Program) -> Self {
        let account = Account::new(&of_plan.auth, of_plan.identity(vu), vu, program.value_seed);
        Self {
            login,
            account,
            cookies: None,
            is_in: !of_plan.auth.has_login(),
            generation: 0,
            proven: 0,
            failures: 0,
            in_vain: 0,
            logins: 0,
        }
    }
}

/// A request of a login as bytes.
fn prepare(program: &Program, request: Request) -> Result<Prepared, String> {
    let rules = program.redirects.as_ref().expect("compiled for every plan with logins");
    let url = inert(&request.url(), 200);
    let admitted = rules.scope.admit(request);
    let admitted = admitted.map_err(|refusal| format!("{url} is out of scope: {refusal}"))?;
    let request = admitted.into_request();
    let carriage = program.carriage;
    let is_it =
        |(origin, how): &(crate::model::Origin, _)| *origin == request.origin && *how == carriage;
    let origin = rules.origins.iter().position(is_it);
    let origin = origin.ok_or_else(|| format!("{url} is on a host that was not found"))?;
    let mut bytes = Vec::new();
    h1::encode(&request, &rules.headers, &mut bytes).map_err(|error| format!("{url}: {error}"))?;
    let message = message_of(carriage, &request, &bytes);
    let message = message.map_err(|error| format!("{url}: {error}"))?;
    if message.is_none() {
        route::dress(&rules.route, &request, &mut bytes);
    }
    Ok(Prepared {
        bytes,
        kind: RequestKind::of(&request.method),
        origin: u32::try_from(origin).expect("fewer origins than 2^32"),
        carriage,
        message,
        wire: None,
        dialogue: None,
        call: None,
        checks: Vec::new(),
        expected: StatusSet::of(&[]),
        is_idempotent: request.method.is_idempotent(),
        reuse: program.reuse,
        redirects: 0,
        login: None,
        request,
    })
}
