//! A user's attempt to log in, driven by the readiness loop.

use super::slots::slot_of;
use crate::flow::auth::Came;
use crate::flow::auth::Login;
use crate::flow::auth::LoginStep;
use crate::http::h1;
use crate::http::h1::RequestKind;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::reactor::nanos;
use crate::http::route;
use crate::load::exchange::Begun;
use crate::load::look::Looks;
use crate::load::program::Prepared;
use crate::load::program::Program;
use crate::load::program::StatusSet;
use crate::load::program::message_of;
use crate::load::shard::Shard;
use crate::load::user::Then;
use crate::model::Failure;
use crate::model::Request;
use crate::model::Response;
use crate::model::inert;

/// How often a user looks whether the login that it waits for is there.
const LOOK_AGAIN: Nanos = 20_000_000;

/// One attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    login: Login,
    pub(super) what: What,
    pub(super) next: Next,
    pub(super) began: Nanos,
    pub(super) prepared: Option<Prepared>,
    pub(super) answer: Option<Response>,
    /// What was seen that called for it.
    pub(super) seen: String,
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
pub(super) enum Next {
    /// Its own pause is over.
    Step,
    /// The request that lies ready.
    Send,
    /// From the beginning.
    Anew,
    /// Somebody else sees to it.
    Look,
}

impl<R: Reactor> Shard<'_, R> {
    /// Sees to it that the user may send the request that it has chosen; false if it may at once.
    /// Else it goes on by itself, or never.
    pub(in crate::load) fn log_in(&mut self, number: u32, now: Nanos) -> bool {
        let program = self.shared.program;
        let wanted = program.requests[self.users[number as usize].request as usize].login;
        self.send_as(number, wanted);
        let Some(login) = wanted else { return false };
        if self.logins[login as usize].is_lost {
            self.give_up(number, now);
            return true;
        }
        let Some(what) = self.wants(number, now) else {
            self.give_values(number);
            return false;
        };
        self.begin_attempt(number, what, String::new(), now);
        true
    }

    /// What has to be done before the user may send; `None` is nothing.
    fn wants(&mut self, number: u32, now: Nanos) -> Option<What> {
        let (program, unix) = (self.shared.program, self.unix_seconds());
        let slot = slot_of(&mut self.users, number)?;
        let verify = program.logins[slot.login as usize].auth.verify.as_ref();
        let every = verify.and_then(|verify| verify.every).map(nanos);
        if !slot.is_in || slot.account.is_due(unix) {
            Some(What::Login)
        } else if every.is_some_and(|every| now.saturating_sub(slot.proven) >= every) {
            Some(What::Proof)
        } else {
            None
        }
    }

    /// A pause of the attempt is over.
    pub(in crate::load) fn login_goes_on(&mut self, number: u32, now: Nanos) {
        let logins = self.users[number as usize].logins.as_mut();
        let Some(attempt) = logins.and_then(|logins| logins.attempt.as_mut()) else { return };
        let (next, what, began) = (attempt.next, attempt.what, attempt.began);
        let seen = match next {
            Next::Step => return self.step_login(number, Came::Nothing, now),
            Next::Send => return self.send_login(number, now),
            Next::Anew | Next::Look => std::mem::take(&mut attempt.seen),
        };
        if next == Next::Look && self.is_seen_to(number, what, now) {
            return;
        }
        let slot = slot_of(&mut self.users, number).expect("somebody logs in");
        if self.logins[slot.login as usize].is_lost {
            return self.give_up(number, now);
        }
        self.begin_attempt(number, what, seen, now);
        let logins = self.users[number as usize].logins.as_mut();
        if let Some(attempt) = logins.and_then(|logins| logins.attempt.as_mut()) {
            attempt.began = began;
        }
    }

    /// Whether somebody else has done what the user waits for: then it sends its request.
    fn is_seen_to(&mut self, number: u32, what: What, now: Nanos) -> bool {
        let since = self.users[number as usize].logins.as_ref().map(|logins| logins.sent_since);
        let Some(slot) = slot_of(&mut self.users, number) else { return false };
        if slot.leader.is_some() {
            return false;
        }
        let is_new = Some(slot.version) != since && slot.is_in;
        let is_done = match what {
            What::Login | What::Doubt => is_new,
            What::Proof => self.wants(number, now).is_none(),
        };
        if is_done {
            self.note_attempt_over(number, now);
            self.send_chosen(number, now);
        }
        is_done
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
        if what == What::Login && self.take_first(number, now) {
            return;
        }
        let slot = slot_of(&mut self.users, number).expect("a login is wanted");
        let ledger = &mut self.logins[slot.login as usize];
        let is_shared = program.logins[slot.login as usize].auth.shared && what == What::Login;
        if is_shared && slot.generation < ledger.generation && ledger.shared.is_some() {
            return self.take_shared(number, now);
        }
        let is_led = |leader: Option<u32>| leader.is_some_and(|leader| leader != number);
        let next = if is_led(slot.leader) || (is_shared && is_led(ledger.leader)) {
            Next::Look
        } else {
            slot.leader = Some(number);
            if is_shared {
                ledger.leader = Some(number);
            }
            Next::Step
        };
        if next == Next::Step && what == What::Login {
            // A page that is asked for with the old session's cookies may be another one.
            slot.cookies = None;
        }
        let user = &mut self.users[number as usize];
        let seed = program.seed.derive(&format!("login of user {} at {now}", user.vu)).0;
        let login = match what {
            What::Login => Login::new(seed),
            What::Proof | What::Doubt => Login::verify_only(seed),
        };
        let attempt = Attempt { login, what, next, began: now, prepared: None, answer: None, seen };
        user.logins.as_mut().expect("a login is wanted").attempt = Some(Box::new(attempt));
        (user.looks, user.chain) = (Looks::Nowhere, None);
        match next {
            Next::Look => self.pause(number, now + LOOK_AGAIN, Then::LogIn),
            Next::Step | Next::Send | Next::Anew => self.step_login(number, Came::Nothing, now),
        }
    }

    fn step_login(&mut self, number: u32, came: Came<'_>, now: Nanos) {
        let (program, unix) = (self.shared.program, self.unix_seconds());
        let logins = self.users[number as usize].logins.as_mut().expect("somebody logs in");
        // Out of the user and back: the slot may be in the same user.
        let mut attempt = logins.attempt.take().expect("an attempt is under way");
        attempt.prepared = None;
        let slot = slot_of(&mut self.users, number).expect("somebody logs in");
        let auth = &program.logins[slot.login as usize].auth;
        let step = attempt.login.next(auth, &mut slot.account, came, unix);
        if matches!(step, LoginStep::Wait(_)) {
            attempt.next = Next::Step;
        }
        let logins = self.users[number as usize].logins.as_mut().expect("somebody logs in");
        logins.attempt = Some(attempt);
        match step {
            LoginStep::Send(request) => self.prepare_login(number, *request, now),
            LoginStep::Wait(pause) => self.pause(number, now + nanos(pause), Then::LogIn),
            LoginStep::Done(proof) => self.logged_in(number, &proof, now),
            LoginStep::Failed(why) => self.not_logged_in(number, &why, now),
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
            Err(why) => self.not_logged_in(number, &why, now),
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

    /// What the user was doing is cut off.
    pub(in crate::load) fn stop_login(&mut self, number: u32) {
        let Some(logins) = &mut self.users[number as usize].logins else { return };
        logins.attempt = None;
        if let Some(slot) = slot_of(&mut self.users, number) {
            slot.leader = slot.leader.filter(|leader| *leader != number);
        }
        let led = self.logins.iter_mut().filter(|ledger| ledger.leader == Some(number));
        led.for_each(|ledger| ledger.leader = None);
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
        fails_on_errors: false,
        checks: Vec::new(),
        expected: StatusSet::of(&[]),
        is_idempotent: request.method.is_idempotent(),
        reuse: program.reuse,
        redirects: 0,
        timeout: program.timeout,
        login: None,
        request,
    })
}
