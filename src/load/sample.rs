//! Whole exchanges for the tap, of a few: collecting one costs memory and time.

use std::time::Duration;

use super::shard::Shard;
use super::user::Moments;
use crate::http::content;
use crate::http::h1::Collector;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::model::Exchange;
use crate::model::ExchangeTap;
use crate::model::Failure;
use crate::model::Need;
use crate::model::SeriesId;
use crate::model::Tapped;
use crate::model::Timings;

/// The tap is asked about the first exchanges of every series, and the first of every status.
const FIRST: u64 = 8;

/// Of answers that are errors one in so many is taken behind those, whatever the tap takes of all.
const ODD_EVERY: u64 = 8;

/// Statuses that are counted apart.
const STATUSES: usize = 32;

/// Bytes kept of a body, and of one that a login looks at.
const MAX_BODY: usize = 64 * 1024;
const MAX_LOGIN_BODY: usize = 1 << 20;

/// Which exchanges of a series the tap is asked about.
#[derive(Debug, Default)]
pub(super) struct Tapping {
    begun: u64,
    /// Responses by status, of errors.
    errors: Vec<(u16, u64)>,
}

impl Tapping {
    /// Whether it is the turn of the exchange that begins now.
    fn is_due(&mut self, every: u64) -> bool {
        self.begun += 1;
        self.begun <= FIRST || self.begun.is_multiple_of(every.max(1))
    }

    /// Whether an answer of that status is taken because it is an error: what leaks under load leaks
    /// there, and few are drawn of what is rare.
    fn is_odd(&mut self, status: u16) -> bool {
        if status < 400 {
            return false;
        }
        let known = self.errors.iter().position(|(known, _)| *known == status);
        let place = match known {
            Some(place) => place,
            None if self.errors.len() < STATUSES => {
                self.errors.push((status, 0));
                self.errors.len() - 1
            }
            None => return false,
        };
        let count = &mut self.errors[place].1;
        *count += 1;
        *count <= FIRST || count.is_multiple_of(ODD_EVERY)
    }
}

/// Takes answers from their head on that were not drawn before.
pub(super) struct Odd<'a> {
    pub(super) tap: &'a dyn ExchangeTap,
    pub(super) tapping: &'a mut Tapping,
    pub(super) dropped: &'a mut u64,
}

impl Odd<'_> {
    #[inline]
    pub(super) fn look(&mut self, status: u16, sample: &mut Option<Box<Collector>>) {
        if sample.is_none() && self.tapping.is_odd(status) {
            *sample = taken(self.tap, Need::Some, self.dropped);
        }
    }
}

fn taken(tap: &dyn ExchangeTap, need: Need, dropped: &mut u64) -> Option<Box<Collector>> {
    if tap.wants(need) {
        return Some(Box::new(Collector::new(MAX_BODY)));
    }
    *dropped += 1;
    None
}

impl<R: Reactor> Shard<'_, R> {
    /// Asks the tap, if it is this exchange's turn.
    pub(super) fn begin_sample(&mut self, number: u32) {
        if self.users[number as usize].is_logging_in() {
            let whole = Some(Box::new(Collector::new(MAX_LOGIN_BODY)));
            self.users[number as usize].sample = whole;
            return;
        }
        let user = &mut self.users[number as usize];
        let series = &mut self.series[user.series as usize];
        user.drawn = series.draw.is_due().then(|| self.spare_signals.pop().unwrap_or_default());
        let Some(tap) = self.shared.tap else { return };
        let is_due = series.tapping.is_due(tap.every());
        let is_whole = self.shared.program.tapped_whole.contains(&user.request);
        let need = if is_whole { Need::Each } else { Need::Some };
        let wanted = is_due || is_whole;
        user.sample = if wanted { taken(tap, need, &mut self.tap_dropped) } else { None };
    }

    /// Offers the exchange if it was collected; its connection is still there.
    #[inline]
    pub(super) fn end_sample(&mut self, number: u32, failure: Option<&Failure>, end: Nanos) {
        if self.users[number as usize].sample.is_some() {
            self.offer_sample(number, failure, end);
        }
    }

    /// A login looks at whole responses.
    fn give_to_login(&mut self, number: u32) {
        let user = &mut self.users[number as usize];
        let received = user.received;
        let answer = user.sample.take().and_then(|sample| sample.finish(received));
        if let (Some(logins), Some(mut answer)) = (&mut user.logins, answer) {
            if let Some(coding) = answer.header("content-encoding").map(|coding| coding.text()) {
                let decoded = content::decoded(&coding, &answer.body, MAX_LOGIN_BODY);
                answer.body = decoded.map_or(answer.body, |decoded| decoded.body);
            }
            logins.take_answer(answer);
        }
    }

    #[cold]
    fn offer_sample(&mut self, number: u32, failure: Option<&Failure>, end: Nanos) {
        if self.users[number as usize].is_logging_in() {
            return self.give_to_login(number);
        }
        let user = &mut self.users[number as usize];
        let (Some(sample), Some(tap)) = (user.sample.take(), self.shared.tap) else { return };
        let program = self.shared.program;
        let outcome = match failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(sample
                .finish(user.received)
                .expect("a complete response has a head, which the collector has seen")),
        };
        let timings = timings(&user.moments, end);
        let is_connected = user.moments.connected != 0 || user.moments.sending != 0;
        let slot = self.slot(number);
        let user = &self.users[number as usize];
        let origin = user.prepared(program).origin as usize;
        let destination = &program.origins[origin];
        let endpoints = &destination.way.endpoints;
        let tls = match (&self.links[slot as usize].tls, &destination.tls) {
            (Some(link), Some((setup, name))) => Some(setup.info(link.session(), name)),
            _ => None,
        };
        let peer = endpoints[self.preferred[origin] % endpoints.len()].address();
        tap.offer(Tapped {
            at: Duration::from_nanos(end),
            user: user.vu,
            series: SeriesId(user.series),
            request: user.request as usize,
            exchange: Exchange {
                request: self.sent_request(number),
                outcome,
                timings,
                peer: peer.filter(|_| is_connected),
                tls,
            },
        });
    }
}

fn timings(moments: &Moments, end: Nanos) -> Timings {
    let [queued, dns, connect, tls, send, wait, receive] =
        moments.phases(end).map(Duration::from_nanos);
    Timings { queued, dns, connect, tls, send, wait, receive }
}
