//! Whole exchanges for the tap, of a few: collecting one costs memory and time.

use std::time::Duration;

use super::shard::Shard;
use super::user::Moments;
use crate::http::content;
use crate::http::h1::Collector;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::Timings;

/// The tap is asked about the first exchanges of every series and then about every so many.
const FIRST: u64 = 8;
const EVERY: u64 = 64;

/// Bytes kept of a body, and of one that a login looks at.
const MAX_BODY: usize = 64 * 1024;
const MAX_LOGIN_BODY: usize = 1 << 20;

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
        series.begun += 1;
        let is_due = series.begun <= FIRST || series.begun.is_multiple_of(EVERY);
        user.sample = None;
        if !is_due {
            return;
        }
        if tap.wants() {
            user.sample = Some(Box::new(Collector::new(MAX_BODY)));
        } else {
            self.tap_dropped += 1;
        }
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
        tap.offer(&Exchange {
            request: self.sent_request(number),
            outcome,
            timings,
            peer: endpoints[self.preferred[origin] % endpoints.len()]
                .address()
                .filter(|_| is_connected),
            tls,
        });
    }
}

fn timings(moments: &Moments, end: Nanos) -> Timings {
    let [queued, dns, connect, tls, send, wait, receive] =
        moments.phases(end).map(Duration::from_nanos);
    Timings { queued, dns, connect, tls, send, wait, receive }
}
