//! What answers say of a login, and how requests are signed.

use super::attempt::What;
use super::slots::slot_of;
use crate::http::h1;
use crate::http::h1::Fields;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::http::route;
use crate::load::look::Looks;
use crate::load::program::Carriage;
use crate::load::program::Program;
use crate::load::shard::Shard;
use crate::load::user::Then;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::inert;

impl Program {
    /// What a login needs of the answers to a request.
    pub(in crate::load) fn login_looks(&self, request: u32) -> Looks {
        let Some(login) = self.requests[request as usize].login else { return Looks::Nowhere };
        let auth = &self.logins[login as usize].auth;
        if auth.relogin.on_body.is_some() {
            Looks::AtBody
        } else if auth.relogin.on_redirect_to.is_some() || auth.signs() {
            Looks::AtHead
        } else {
            Looks::Nowhere
        }
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Whether the answer asks for credentials in a way that can be answered: then the request is
    /// sent again, signed, and the answer is none.
    fn is_challenged(&mut self, number: u32) -> bool {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let Some(login) = program.requests[user.request as usize].login else { return false };
        let auth = &program.logins[login as usize].auth;
        if user.status != 401 || !auth.signs() {
            return false;
        }
        let origin = &program.requests[user.request as usize].request.origin;
        let status = user.status;
        let (Some(kept), Some(logins)) = (user.kept.take(), &user.logins) else { return false };
        let was_signed = logins.was_signed;
        let values = Fields::of(kept.head())
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"www-authenticate"))
            .map(|(_, value)| value);
        let slot = slot_of(&mut self.users, number);
        let is_challenged = slot.is_some_and(|slot| {
            slot.account.challenged_by(auth, origin, status, values, was_signed)
        });
        self.users[number as usize].kept = Some(kept);
        is_challenged
    }

    /// Takes what is no answer to the plan's request: that to a login's, and a challenge.
    pub(in crate::load) fn login_takes(&mut self, number: u32, end: Nanos) -> bool {
        if self.users[number as usize].is_logging_in() {
            self.login_answered(number, end);
            return true;
        }
        let is_challenged = self.is_challenged(number);
        if is_challenged {
            self.send_again(number, end);
        }
        is_challenged
    }

    /// Whether the answer redirects to where those are sent who are not logged in.
    pub(in crate::load) fn is_sent_to_login(&self, number: u32) -> bool {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        let (false, Some(chain)) = (user.is_logging_in(), &user.chain) else { return false };
        let request = &program.requests[user.request as usize];
        let Some(login) = request.login.filter(|_| user.logins.is_some()) else { return false };
        let relogin = &program.logins[login as usize].auth.relogin;
        let url = user.prepared(program).request.url();
        relogin.signal_of(&url, user.status, || chain.location(), b"").is_some()
    }

    /// Sends the request once more.
    fn send_again(&mut self, number: u32, now: Nanos) {
        let user = &mut self.users[number as usize];
        if let Some(kept) = user.kept.take() {
            self.spare.give(kept);
        }
        let request = user.request as usize;
        self.choose(number, request);
        self.follow(number, now);
    }

    /// What the answer says against the user's login; `None` is nothing.
    pub(in crate::load) fn login_signal(&mut self, number: u32) -> Option<String> {
        let program = self.shared.program;
        let limit = program.body_limit;
        let user = &mut self.users[number as usize];
        let request = &program.requests[user.request as usize];
        let auth = &program.logins[request.login? as usize].auth;
        let prepared = &request.request;
        if !auth.origins.contains(&prepared.origin) {
            return None;
        }
        let url = match auth.relogin.on_redirect_to {
            Some(_) => prepared.url(),
            None => String::new(),
        };
        if let Some(kept) = &mut user.kept {
            kept.decode_if_coded(limit);
        }
        let (head, body) =
            user.kept.as_ref().map_or((&[][..], &[][..]), |kept| (kept.head(), kept.body()));
        let location = || Fields::of(head).named("location");
        let signal = auth.relogin.signal_of(&url, user.status, location, body);
        let Some(signal) = signal else {
            user.logins.as_mut()?.is_repeated = false;
            slot_of(&mut self.users, number)?.in_vain = 0;
            return None;
        };
        let path = prepared.path_and_query_text();
        let path = path.split('?').next().unwrap_or_default();
        Some(format!("{} {}: {signal}", prepared.method, inert(path, 120)))
    }

    /// Logs the user in again and repeats the request, unless that was done for it already.
    pub(in crate::load) fn log_in_again(&mut self, number: u32, seen: String, now: Nanos) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        if let Some(kept) = user.kept.take() {
            self.spare.give(kept);
        }
        let logins = user.logins.as_mut().expect("the request has a login");
        let (is_repeated, since) = (std::mem::take(&mut logins.is_repeated), logins.sent_since);
        let slot = slot_of(&mut self.users, number).expect("the request has a login");
        let auth = &program.logins[slot.login as usize].auth;
        if !auth.has_login() {
            return self.answer_stands(number, now);
        }
        if is_repeated {
            // A login that worked has not changed the answer.
            slot.in_vain += 1;
            if slot.in_vain >= auth.relogin.max && auth.verify.is_none() {
                let reason = format!("{seen}, after logins that seemed to work");
                return self.lose_login(number, reason, now);
            }
            return self.answer_stands(number, now);
        }
        let is_renewed = slot.is_in && slot.version != since;
        let what = if auth.verify.is_some() { What::Doubt } else { What::Login };
        if what == What::Login && !is_renewed {
            self.logins[slot.login as usize].mark(slot, false);
        }
        let logins = self.users[number as usize].logins.as_mut();
        logins.expect("the request has a login").is_repeated = true;
        if is_renewed {
            // By somebody who sends as the same user, since the request was sent.
            return self.send_chosen(number, now);
        }
        self.begin_attempt(number, what, seen, now);
    }

    /// The answer is one, whatever it looks like: the flow goes on.
    pub(super) fn answer_stands(&mut self, number: u32, now: Nanos) {
        if let Some(logins) = &mut self.users[number as usize].logins {
            logins.is_repeated = false;
        }
        self.drive(number, Then::Step, now);
    }

    /// Writes the user's request signed, instead of as it lies rendered.
    pub(in crate::load) fn sign(&mut self, number: u32) -> Result<(), Failure> {
        let program = self.shared.program;
        let mut request = self.sent_request(number);
        let rules = program.redirects.as_ref().expect("compiled for every plan with logins");
        for header in &rules.headers {
            if request.header(&header.name).is_none() {
                request.headers.push(header.clone());
            }
        }
        let unix = self.unix_seconds();
        let nonce = format!("{:016x}", rand::RngExt::random::<u64>(&mut self.rng));
        let carriage = self.users[number as usize].prepared(program).carriage;
        let Some(slot) = slot_of(&mut self.users, number) else { return Ok(()) };
        let auth = &program.logins[slot.login as usize].auth;
        let signed = slot.account.sign(auth, &mut request, unix, &nonce);
        signed
            .map_err(|_| Failure::new(FailureClass::Extract, "a value to sign with is missing"))?;
        let knows = slot.account.knows_challenge();
        if let Some(logins) = &mut self.users[number as usize].logins {
            logins.was_signed = knows;
        }
        self.rendered.clear();
        h1::encode(&request, &[], &mut self.rendered)
            .map_err(|error| Failure::new(FailureClass::Protocol, error.to_string()))?;
        if matches!(carriage, Carriage::Alone | Carriage::Pipeline { .. }) {
            route::dress(&rules.route, &request, &mut self.rendered);
        }
        Ok(())
    }
}
