//! What comes back: bytes into the parser, and the end of an exchange into the counters.

use std::io;

use super::cookies;
use super::cookies::UserCookies;
use super::counts::Ending;
use super::counts::SeriesCounts;
use super::exchange::stream_failure;
use super::exchange::tls_failure;
use super::link::LinkState;
use super::look::Keeping;
use super::look::Looks;
use super::observe::ObservedTable;
use super::program::Carriage;
use super::redirect::Chain;
use super::redirect::Next;
use super::sample::Odd;
use super::scenario::When;
use super::shard::Shard;
use super::trace::Trace;
use super::user::Then;
use super::user::User;
use crate::http::h1::Collector;
use crate::http::h1::Fed;
use crate::http::h1::Head;
use crate::http::h1::Progress;
use crate::http::h1::ProtocolError;
use crate::http::h1::ResponseSink;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::model::ConnectionReuse;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Signals;

/// Reads of one connection before the others, the timers and the stop token have their turn: a body
/// that never ends must not keep the shard to itself.
pub(super) const READS_PER_TURN: u32 = 16;

/// Takes a response apart: all that is kept of it unless the tap wants it is its status.
pub(super) struct Intake<'a> {
    pub(super) status: &'a mut u16,
    pub(super) sample: &'a mut Option<Box<Collector>>,
    /// Takes what is odd from its head on.
    pub(super) odd: Option<Odd<'a>>,
    pub(super) chain: Option<&'a mut Chain>,
    pub(super) trace: Option<&'a mut Trace>,
    pub(super) keeping: Option<Keeping<'a>>,
    /// Where the plan keeps cookies.
    pub(super) cookies: Option<&'a mut Option<Box<UserCookies>>>,
    /// Of a drawn request.
    pub(super) drawn: Option<&'a mut Signals>,
    pub(super) names: &'a [String],
    pub(super) observed: &'a mut ObservedTable,
    pub(super) seen: &'a mut [u16],
}

impl ResponseSink for Intake<'_> {
    fn head(&mut self, head: &Head<'_>) {
        *self.status = head.status;
        if let Some(chain) = &mut self.chain {
            chain.head(head);
        }
        if let Some(trace) = &mut self.trace {
            trace.hear(head);
        }
        if let Some(keeping) = &mut self.keeping {
            keeping.head(head);
        }
        if let Some(cookies) = &mut self.cookies {
            cookies::note(cookies, head);
        }
        if !self.names.is_empty() {
            self.observed.look(self.names, head, self.seen);
        }
        if let Some(drawn) = &mut self.drawn {
            **drawn = Signals::of(head.fields(), self.names);
        }
        if let Some(odd) = &mut self.odd {
            odd.look(head.status, self.sample);
        }
        if let Some(sample) = &mut self.sample {
            sample.head(head);
        }
    }

    fn body(&mut self, data: &[u8]) {
        if let Some(keeping) = &mut self.keeping {
            keeping.body(data);
        }
        if let Some(sample) = &mut self.sample {
            sample.body(data);
        }
    }
}

/// Takes the head of a response that is only counted.
struct Counted<'a> {
    status: &'a mut u16,
    names: &'a [String],
    observed: &'a mut ObservedTable,
    seen: &'a mut [u16],
}

impl ResponseSink for Counted<'_> {
    #[inline]
    fn head(&mut self, head: &Head<'_>) {
        *self.status = head.status;
        if !self.names.is_empty() {
            self.observed.look(self.names, head, self.seen);
        }
    }

    #[inline]
    fn body(&mut self, _data: &[u8]) {}
}

/// The same where a tap looks out for what is odd, which is kept from its head on.
struct Looked<'a> {
    counted: Counted<'a>,
    odd: Odd<'a>,
    sample: &'a mut Option<Box<Collector>>,
}

impl ResponseSink for Looked<'_> {
    fn head(&mut self, head: &Head<'_>) {
        self.counted.head(head);
        self.odd.look(head.status, self.sample);
        if let Some(sample) = &mut self.sample {
            sample.head(head);
        }
    }

    fn body(&mut self, data: &[u8]) {
        if let Some(sample) = &mut self.sample {
            sample.body(data);
        }
    }
}

/// What reading came to.
pub(super) enum Reading {
    /// All that was there is taken.
    Drained,
    /// The response is complete; whether more than it came.
    Complete {
        leftover: bool,
        at: Nanos,
    },
    /// The session or stream that the response began is over.
    SessionOver(Nanos),
    /// The handshake is done.
    Secured(Nanos),
    /// There may be more, but others have their turn first.
    More,
    Ended,
    Broken(Failure),
}

impl User {
    /// What the parser took of so many bytes that came at `now`.
    #[inline]
    fn take_fed(&mut self, fed: Result<Fed, ProtocolError>, given: usize, now: Nanos) -> Reading {
        match fed {
            Ok(fed) => {
                self.received += fed.consumed as u64;
                match fed.progress {
                    Progress::NeedMore => Reading::Drained,
                    Progress::Complete => {
                        Reading::Complete { leftover: fed.consumed < given, at: now }
                    }
                }
            }
            Err(error) => Reading::Broken(error.into()),
        }
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Reads what is there; true if that ended an exchange.
    pub(super) fn receive(&mut self, number: u32, slot: u32, peer_closed: bool) -> bool {
        // Out of `self` while it is read into; a move, not an allocation.
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut ended = false;
        loop {
            match self.read(number, slot, &mut buffer, peer_closed) {
                Reading::Drained => break,
                Reading::More => {
                    self.unread.push((slot, peer_closed));
                    break;
                }
                Reading::Secured(now) => {
                    if let Err(failure) = self.handshake_ended(number, slot, now) {
                        self.broken(number, slot, failure);
                        ended = true;
                        break;
                    }
                    if !peer_closed {
                        break;
                    }
                }
                Reading::Complete { leftover, at } => {
                    let keep = !leftover && !peer_closed;
                    self.exchange_done(number, slot, keep, at);
                    ended = true;
                    break;
                }
                Reading::SessionOver(now) => {
                    self.session_done(number, slot, now);
                    ended = true;
                    break;
                }
                Reading::Ended => {
                    ended = self.peer_closed(number, slot);
                    break;
                }
                Reading::Broken(failure) => {
                    if self.is_current(number, slot) {
                        self.broken(number, slot, failure);
                        ended = true;
                    } else {
                        self.close_link(slot);
                    }
                    break;
                }
            }
        }
        self.buffer = buffer;
        ended
    }

    /// The exchange has its response.
    pub(super) fn exchange_done(&mut self, number: u32, slot: u32, keep: bool, end: Nanos) {
        let next = self.complete(number, end);
        let link = &mut self.links[slot as usize];
        let user = &mut self.users[number as usize];
        if keep
            && user.moments.sent != 0
            && user.prepared(self.shared.program).reuse == ConnectionReuse::On
            && link.parser.can_reuse()
        {
            link.served = link.served.saturating_add(1);
        } else {
            link.state = LinkState::Closed;
            link.tls = None;
            self.reactor.close(slot);
        }
        self.count_response(number, &next, end, end);
    }

    /// The session or stream has come to its end; the exchange's own figures end with `measured`.
    pub(super) fn count_conversation(&mut self, number: u32, measured: Nanos, end: Nanos) {
        self.count_response(number, &Next::Stay, measured, end);
    }

    /// The exchange has its response; its connection is others' affair too.
    pub(super) fn responded(&mut self, number: u32, end: Nanos) {
        let next = self.complete(number, end);
        self.count_response(number, &next, end, end);
    }

    /// The response is whole: what it means for what the user sends next.
    #[inline]
    fn complete(&mut self, number: u32, end: Nanos) -> Next {
        if !self.users[number as usize].attended {
            return Next::Stay;
        }
        self.end_sample(number, None, end);
        let sets_cookies = self.take_cookies(number);
        let next = match self.users[number as usize].chain {
            Some(_) if self.is_sent_to_login(number) => Next::Stay,
            Some(_) => self.next_hop(number, sets_cookies),
            None => Next::Stay,
        };
        match next {
            Next::Stay => self.told_error(number).map_or(Next::Stay, Next::Refused),
            next => next,
        }
    }

    /// Counts the response as one that ended at `measured`, and lets the user go on at `end`.
    pub(super) fn count_response(&mut self, number: u32, next: &Next, measured: Nanos, end: Nanos) {
        if !self.users[number as usize].attended {
            return self.count_plainly(number, measured, end);
        }
        let logs_in = self.users[number as usize].logins.is_some();
        if logs_in && self.login_takes(number, end) {
            return;
        }
        let has_queue = self.has_queue(number);
        let user = &mut self.users[number as usize];
        let prepared = user.prepared(self.shared.program);
        let ending = Ending {
            moments: &user.moments,
            end: measured,
            sent: user.written as u64,
            received: user.received,
            has_queue,
            traced: user.traced(),
        };
        let series = &mut self.series[user.series as usize];
        let expected = prepared.expected.contains(user.status);
        match next {
            Next::Stay => series.response(&ending, user.status, expected),
            Next::Follow => series.response(&ending, user.status, true),
            Next::Unexpected => series.response(&ending, user.status, false),
            Next::Fail(failure) | Next::Refused(failure) => series.failure(&ending, failure),
        }
        if let Some(mut drawn) = user.drawn.take() {
            series.draw.push(ending.sampled(user.status, std::mem::take(&mut *drawn)));
            self.spare_signals.push(drawn);
        }
        user.failures_in_a_row = 0;
        self.count_observed(number, measured);
        if logs_in && let Some(seen) = self.login_signal(number) {
            self.note_span_end(number, end);
            return self.log_in_again(number, seen, end);
        }
        let user = &mut self.users[number as usize];
        if user.looks != Looks::Nowhere {
            self.look(number, next, measured);
        }
        self.note_span_end(number, end);
        match next {
            Next::Stay | Next::Fail(_) | Next::Refused(_) | Next::Unexpected => {
                self.drive(number, Then::Step, end);
            }
            Next::Follow => self.follow(number, end),
        }
    }

    /// The same of a response that is not attended to.
    #[inline]
    fn count_plainly(&mut self, number: u32, measured: Nanos, end: Nanos) {
        let user = &mut self.users[number as usize];
        let run = &self.runs[user.scenario as usize];
        let prepared = &self.shared.program.requests[user.request as usize];
        let is_open = matches!(run.when, When::Open(_));
        let ending = Ending {
            moments: &user.moments,
            end: measured,
            sent: user.written as u64,
            received: user.received,
            has_queue: is_open || prepared.carriage != Carriage::Alone,
            traced: None,
        };
        let series = &mut self.series[user.series as usize];
        series.response(&ending, user.status, prepared.expected.contains(user.status));
        user.failures_in_a_row = 0;
        self.count_observed(number, measured);
        self.note_span_end(number, end);
        self.drive(number, Then::Step, end);
    }

    /// Counts the values of observed headers.
    #[inline]
    fn count_observed(&mut self, number: u32, measured: Nanos) {
        let names = self.shared.program.observe.len();
        if names > 0 {
            let user = &self.users[number as usize];
            let from = number as usize * names;
            let duration = measured - user.moments.sending;
            let series = &mut self.series[user.series as usize];
            series.observed.count(&self.seen[from..from + names], duration);
        }
    }

    /// Goes on with connections that had more to give than their turn allowed.
    pub(super) fn receive_unread(&mut self) {
        for (slot, peer_closed) in std::mem::take(&mut self.unread) {
            let state = self.links[slot as usize].state;
            if matches!(state, LinkState::Handshaking | LinkState::Open) {
                if self.links[slot as usize].mux.is_some() {
                    self.receive_shared(slot, peer_closed);
                } else {
                    self.receive(self.owner(slot), slot, peer_closed);
                }
            }
        }
    }

    fn read(&mut self, number: u32, slot: u32, buffer: &mut [u8], to_the_end: bool) -> Reading {
        for _ in 0..READS_PER_TURN {
            let count = match self.reactor.read(slot, buffer) {
                Ok(0) => return Reading::Ended,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Reading::Drained,
                Err(error) => return Reading::Broken(stream_failure("receiving", &error)),
            };
            let now = self.reactor.now();
            let bytes = &buffer[..count];
            let outcome = if self.links[slot as usize].tls.is_some() {
                self.take_records(number, slot, bytes, now)
            } else {
                self.take_plain(number, slot, bytes, now)
            };
            match outcome {
                Reading::Drained if count == buffer.len() || to_the_end => {}
                // A read that does not fill the buffer has emptied the socket: epoll(7) says so,
                // and asking once more would cost 470 ns per response.
                outcome => return outcome,
            }
        }
        Reading::More
    }

    fn take_plain(&mut self, number: u32, slot: u32, bytes: &[u8], now: Nanos) -> Reading {
        if !self.is_current(number, slot) {
            let unasked = "the server sent something between two requests";
            return Reading::Broken(Failure::new(FailureClass::Protocol, unasked));
        }
        if self.users[number as usize].talk.is_some() {
            return self.take_talk(number, slot, bytes, now);
        }
        let user = &mut self.users[number as usize];
        if user.moments.first_byte == 0 {
            user.moments.first_byte = now;
        }
        let names = &self.shared.program.observe;
        let from = number as usize * names.len();
        let parser = &mut self.links[slot as usize].parser;
        let SeriesCounts { observed, tapping, .. } = &mut self.series[user.series as usize];
        let seen = &mut self.seen[from..from + names.len()];
        let tap = self.shared.tap;
        if !user.attended && tap.is_none() {
            let mut counted = Counted { status: &mut user.status, names, observed, seen };
            let fed = parser.feed(bytes, &mut counted);
            return user.take_fed(fed, bytes.len(), now);
        }
        let odd = tap.map(|tap| Odd { tap, tapping, dropped: &mut self.tap_dropped });
        let odd = match odd {
            Some(odd) if !user.attended => {
                let counted = Counted { status: &mut user.status, names, observed, seen };
                let mut looked = Looked { counted, odd, sample: &mut user.sample };
                let fed = parser.feed(bytes, &mut looked);
                user.attended = user.sample.is_some();
                return user.take_fed(fed, bytes.len(), now);
            }
            odd => odd,
        };
        let mut intake = Intake {
            status: &mut user.status,
            sample: &mut user.sample,
            odd,
            chain: user.chain.as_deref_mut(),
            trace: user.trace.as_deref_mut(),
            keeping: (user.looks >= Looks::AtHead).then_some(Keeping {
                looks: user.looks,
                kept: &mut user.kept,
                spare: &mut self.spare,
                limit: self.shared.program.body_limit,
            }),
            cookies: self.shared.program.keeps_cookies().then_some(&mut user.cookies),
            drawn: user.drawn.as_deref_mut(),
            names,
            observed,
            seen,
        };
        let fed = parser.feed(bytes, &mut intake);
        user.take_fed(fed, bytes.len(), now)
    }

    fn take_records(&mut self, number: u32, slot: u32, bytes: &[u8], now: Nanos) -> Reading {
        let mut wire = bytes;
        let mut plain = std::mem::take(&mut self.plain);
        let outcome = loop {
            let Some(tls) = &mut self.links[slot as usize].tls else { break Reading::Drained };
            match tls.decrypt(&mut wire, &mut plain) {
                Ok(0) => break Reading::Drained,
                Ok(count) => match self.take_plain(number, slot, &plain[..count], now) {
                    Reading::Drained => {}
                    Reading::Complete { leftover, at } => {
                        // Anything behind the response but the session's own records.
                        let more = match &mut self.links[slot as usize].tls {
                            Some(tls) => tls.decrypt(&mut wire, &mut plain).map_or(1, |n| n),
                            None => 0,
                        };
                        break Reading::Complete { leftover: leftover || more > 0, at };
                    }
                    other => break other,
                },
                Err(error) => break Reading::Broken(tls_failure(&error)),
            }
        };
        self.plain = plain;
        // Alerts and answers of the handshake go out whatever came of the rest.
        let flushed = self.flush_tls(slot);
        let link = &self.links[slot as usize];
        let is_secured = link.state == LinkState::Handshaking
            && link.tls.as_ref().is_some_and(|tls| !tls.is_handshaking());
        match (outcome, flushed) {
            (Reading::Drained, Err(failure)) => Reading::Broken(failure),
            (Reading::Drained, Ok(_)) if is_secured => Reading::Secured(now),
            (outcome, _) => outcome,
        }
    }

    pub(super) fn note_span_start(&mut self, number: u32, intended: Nanos) {
        let user = &self.users[number as usize];
        let scenario = user.scenario as usize;
        if !self.runs[scenario].warmup && !user.is_logging_in() {
            let (start, _) = self.span.get_or_insert((intended, intended));
            *start = (*start).min(intended);
        }
    }

    pub(super) fn note_span_end(&mut self, number: u32, end: Nanos) {
        let scenario = self.users[number as usize].scenario as usize;
        if let Some((_, last)) = &mut self.span
            && !self.runs[scenario].warmup
        {
            *last = (*last).max(end);
        }
    }
}
