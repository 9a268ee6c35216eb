//! Exchanges that do not end well: begun anew once, or counted and backed off from.

use super::counts::Ending;
use super::exchange::tls_failure;
use super::link::LinkState;
use super::look::Looks;
use super::scenario::When;
use super::shard::Shard;
use super::user::Moments;
use super::user::Then;
use crate::http::h1::Eof;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::model::Failure;
use crate::model::FailureClass;

/// Reconnecting waits after the second failure in a row: this long, doubled each time, up to the
/// longest. The first retry is at once, because a single reset is no sign of a dying target.
const FIRST_BACK_OFF: Nanos = 10_000_000;
const LONGEST_BACK_OFF: Nanos = 1_000_000_000;

/// Bytes read for the sake of an alert; session tickets may stand before it.
const ALERT: usize = 4096;

impl<R: Reactor> Shard<'_, R> {
    /// The exchange took longer than it may.
    pub(super) fn time_out(&mut self, number: u32) {
        let slot = self.slot(number);
        let moments = &self.users[number as usize].moments;
        let (class, what) = match self.links[slot as usize].state {
            LinkState::Connecting | LinkState::Tunnelling | LinkState::Closed => {
                (FailureClass::ConnectTimeout, "no connection within the timeout")
            }
            LinkState::Handshaking => {
                (FailureClass::TlsTimeout, "no end of the TLS handshake within the timeout")
            }
            LinkState::Open if self.has_call_deadline(number) => {
                (FailureClass::GrpcDeadlineExceeded, "the call was not over within its time")
            }
            LinkState::Open if moments.first_byte != 0 => {
                (FailureClass::ReceiveTimeout, "no end of the response within the timeout")
            }
            LinkState::Open if moments.sent == 0 => {
                (FailureClass::SendTimeout, "the request was not taken within the timeout")
            }
            LinkState::Open => (FailureClass::WaitTimeout, "no response within the timeout"),
        };
        self.fail_and_go_on(number, &Failure::new(class, what));
    }

    /// The peer sends no more; true if that ended an exchange.
    pub(super) fn peer_closed(&mut self, number: u32, slot: u32) -> bool {
        if !self.is_current(number, slot) {
            self.close_link(slot);
            return false;
        }
        if self.talk_closed(number, slot) {
            return true;
        }
        let now = self.reactor.now();
        let link = &mut self.links[slot as usize];
        let failure = if link.state == LinkState::Handshaking {
            Failure::new(FailureClass::Tls, "closed during the TLS handshake")
        } else {
            match link.parser.eof() {
                Ok(Eof::Complete) => {
                    self.exchange_done(number, slot, false, now);
                    return true;
                }
                Ok(Eof::BeforeFirstByte) => {
                    Failure::new(FailureClass::Closed, "closed before the response began")
                }
                Ok(Eof::Truncated) => {
                    Failure::new(FailureClass::Closed, "closed in the middle of the response")
                }
                Err(error) => error.into(),
            }
        };
        self.broken(number, slot, failure);
        true
    }

    /// The connection of an exchange is of no use any more: begins anew on another one if the
    /// server cannot have begun to answer, else the exchange has failed.
    pub(super) fn broken(&mut self, number: u32, slot: u32, failure: Failure) {
        let outcome = if self.may_retry(number, slot) {
            self.retry(number, slot)
        } else {
            Err(self.last_word(slot).unwrap_or(failure))
        };
        if let Err(failure) = outcome {
            self.fail_and_go_on(number, &failure);
        }
    }

    /// The alert that explains why a TLS connection broke: it may have come while we were sending.
    fn last_word(&mut self, slot: u32) -> Option<Failure> {
        let tls = self.links[slot as usize].tls.as_mut()?;
        let (mut buffer, mut plain) = ([0; ALERT], [0; ALERT]);
        let count = self.reactor.read(slot, &mut buffer).ok()?;
        let mut wire = &buffer[..count];
        loop {
            match tls.decrypt(&mut wire, &mut plain) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(tls_failure(&error)),
            }
        }
    }

    /// The exchange has none and will have none; how long the user is to wait before it goes on.
    pub(super) fn exchange_failed(
        &mut self,
        number: u32,
        failure: &Failure,
        end: Nanos,
    ) -> Option<Nanos> {
        let has_queue = self.has_queue(number);
        self.end_sample(number, Some(failure), end);
        // A request that could not be rendered never touched its connection; a message did. What
        // comes after either in the iteration would need what is missing.
        let is_missing = failure.class == FailureClass::Extract;
        let is_unsent = is_missing && self.users[number as usize].moments.sending == 0;
        if !is_unsent {
            self.let_go(number);
        }
        let measured = self.talk_ended(number, end).or_else(|| self.call_measured(number, end));
        let measured = measured.unwrap_or(end);
        let user = &mut self.users[number as usize];
        if is_missing {
            user.session.abandon();
        }
        if let Some(kept) = user.kept.take() {
            self.spare.give(kept);
        }
        let ending_checks = !is_unsent && user.looks != Looks::Nowhere;
        if ending_checks {
            self.fail_checks(number);
        }
        let user = &mut self.users[number as usize];
        let ending = Ending {
            moments: &user.moments,
            end: measured,
            sent: user.written as u64,
            received: user.received,
            has_queue,
            traced: user.traced(),
        };
        self.series[user.series as usize].failure(&ending, failure);
        self.note_span_end(number, end);
        self.back_off(number)
    }

    /// Counts the failure and lets the user do what comes after it.
    pub(super) fn fail_and_go_on(&mut self, number: u32, failure: &Failure) {
        let now = self.reactor.now();
        if self.users[number as usize].is_logging_in() {
            return self.login_unanswered(number, failure, now);
        }
        match self.exchange_failed(number, failure, now) {
            Some(pause) => self.pause(number, now + pause, Then::Step),
            None => self.drive(number, Then::Step, now),
        }
    }

    /// A kept connection may have been closed while the request was on its way: then no request is
    /// lost, once, and only if sending it twice does no harm (RFC 9110 §9.2.2).
    pub(super) fn may_retry(&self, number: u32, slot: u32) -> bool {
        let user = &self.users[number as usize];
        let link = &self.links[slot as usize];
        let prepared = user.prepared(self.shared.program);
        let is_kept = link.state == LinkState::Open && link.served > 0;
        is_kept
            && !user.retried
            && !link.parser.has_started()
            && (prepared.is_idempotent || user.written == 0)
    }

    pub(super) fn retry(&mut self, number: u32, slot: u32) -> Result<(), Failure> {
        self.close_link(slot);
        let now = self.reactor.now();
        let user = &mut self.users[number as usize];
        user.retried = true;
        user.written = 0;
        let intended = user.moments.intended;
        user.moments = Moments { intended, began: now, ..Moments::default() };
        self.connect(number, slot)
    }

    /// How long the user waits after its failure. In an open model the schedule bounds how often
    /// a dying target is asked, and waiting would only shift its failures to other users.
    fn back_off(&mut self, number: u32) -> Option<Nanos> {
        let user = &mut self.users[number as usize];
        user.failures_in_a_row = user.failures_in_a_row.saturating_add(1);
        let doublings = user.failures_in_a_row.checked_sub(2)?;
        if matches!(self.runs[user.scenario as usize].when, When::Open(_)) {
            return None;
        }
        let longest = FIRST_BACK_OFF
            .checked_shl(doublings)
            .filter(|pause| pause >> doublings.min(63) == FIRST_BACK_OFF)
            .map_or(LONGEST_BACK_OFF, |pause| pause.min(LONGEST_BACK_OFF));
        // Half of it by chance, so that users that failed together do not come back together.
        Some(rand::RngExt::random_range(&mut self.rng, longest / 2..=longest))
    }
}
