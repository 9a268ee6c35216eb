//! Traces: a share of requests carries the id of one, and what responses say of theirs is read.
//!
//! An id follows from the run's seed and from where its request stands, so that a run with the same
//! seed sends the same ids. What is decided is decided by the id's own bits, so that samplers behind
//! us that go by them decide alike.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;

use super::shard::Shard;
use crate::flow::Context;
use crate::http::h1::FieldHint;
use crate::http::h1::Head;
use crate::http::reactor::Reactor;
use crate::model::SpanId;
use crate::model::TraceContext;
use crate::model::TraceId;
use crate::model::Tracing;

/// What all shards know of tracing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampling {
    threshold: u64,
    seed: u64,
}

/// The trace of the exchange under way.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Where the exchange stands in its flow, and how many it has begun there: hops of redirects.
    place: (u64, u32),
    turn: u32,
    sent: Option<TraceContext>,
    heard: Option<TraceId>,
    hints: [FieldHint; 2],
}

/// Which trace an exchange is part of, and which operation of it, if it was named by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traced {
    pub(super) trace: TraceId,
    pub(super) span: Option<SpanId>,
}

impl Sampling {
    pub(super) fn new(tracing: &Tracing, seed: u64) -> Self {
        Self { threshold: tracing.threshold(), seed }
    }

    /// The trace of the exchange that stands there, if it is one of the share.
    fn draw(self, context: &Context<'_>, turn: u32) -> Option<TraceContext> {
        let parts = [context.user, context.iteration, u64::from(context.step), u64::from(turn)];
        // The multiply-and-fold step of wyhash: every bit of both halves reaches every bit.
        let seed = parts.into_iter().fold(self.seed, |seed, part| {
            let product =
                u128::from(seed ^ 0x9e37_79b9_7f4a_7c15) * u128::from(part ^ 0xe703_7ed1_a0b4_28db);
            #[expect(clippy::cast_possible_truncation, reason = "its two halves")]
            let halves = (product as u64, (product >> 64) as u64);
            (halves.0 ^ halves.1).wrapping_add(part)
        });
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let trace = TraceId::of_number(rng.random());
        let is_kept = trace.randomness() >= self.threshold;
        is_kept.then(|| TraceContext { trace, span: SpanId::of_number(rng.random()) })
    }
}

impl Trace {
    /// Begins with the exchange that stands there.
    fn begin(&mut self, sampling: Sampling, context: &Context<'_>) {
        let place = (context.iteration, context.step);
        self.turn = if self.place == place { self.turn.wrapping_add(1) } else { 0 };
        self.place = place;
        self.heard = None;
        self.sent = sampling.draw(context, self.turn);
    }

    /// Reads what the response says of its trace.
    pub(super) fn hear(&mut self, head: &Head<'_>) {
        let [response, timing] = &mut self.hints;
        let said = head.hinted_field("traceresponse", response).and_then(TraceId::of_field);
        self.heard = said.or_else(|| {
            let first = head.hinted_field("server-timing", timing)?;
            TraceId::of_server_timing(first).or_else(|| {
                // Who tells times of its own may tell them in a line of their own.
                head.fields().all_named("server-timing").find_map(TraceId::of_server_timing)
            })
        });
    }

    /// What is known of it: the service's own word before ours.
    pub(super) fn known(&self) -> Option<Traced> {
        let ours = self.sent.map(|sent| Traced { trace: sent.trace, span: Some(sent.span) });
        let heard = self.heard.filter(|heard| ours.is_none_or(|ours| ours.trace != *heard));
        heard.map(|trace| Traced { trace, span: None }).or(ours)
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Decides whether the user's exchange carries an id.
    pub(super) fn begin_trace(&mut self, number: u32) {
        let program = self.shared.program;
        let Some(sampling) = program.sampling else { return };
        let user = &mut self.users[number as usize];
        let mut trace = user.trace.take().unwrap_or_default();
        if user.is_logging_in() {
            // It is in no figure.
            (trace.sent, trace.heard) = (None, None);
            user.trace = Some(trace);
            return;
        }
        trace.begin(sampling, &user.context(program.value_seed));
        user.trace = Some(trace);
    }

    /// Whether the user's exchange carries an id.
    pub(super) fn carries_trace(&self, number: u32) -> bool {
        let trace = self.users[number as usize].trace.as_ref();
        trace.is_some_and(|trace| trace.sent.is_some())
    }

    /// Puts the id into the request that lies rendered. One that the request has of its own is left,
    /// and taken for it.
    pub(super) fn add_trace(&mut self, number: u32) {
        const NAME: &[u8] = b"\r\ntraceparent:";
        let Some(end) = memchr::memmem::find(&self.rendered, b"\r\n\r\n") else { return };
        let Some(trace) = &mut self.users[number as usize].trace else { return };
        let Some(sent) = &trace.sent else { return };
        if let Some(at) = find_line(&self.rendered[..end], NAME) {
            let value = &self.rendered[at + NAME.len()..end];
            let length = memchr::memchr(b'\r', value).unwrap_or(value.len());
            trace.sent = TraceContext::parse(&value[..length]);
            return;
        }
        let value = sent.traceparent();
        let length = self.rendered.len();
        let added = NAME.len() + 1 + value.len();
        self.rendered.resize(length + added, b' ');
        self.rendered.copy_within(end..length, end + added);
        self.rendered[end..end + NAME.len()].copy_from_slice(NAME);
        self.rendered[end + NAME.len()] = b' ';
        self.rendered[end + added - value.len()..end + added].copy_from_slice(&value);
        self.trace_at = end..end + added;
    }
}

/// Where the line that begins so stands in a head, ASCII case ignored.
fn find_line(head: &[u8], start: &[u8]) -> Option<usize> {
    let mut ends = memchr::memmem::find_iter(head, b"\r\n");
    ends.find(|at| {
        head[*at..].get(..start.len()).is_some_and(|line| line.eq_ignore_ascii_case(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context<'static> =
        Context { values: None, user: 1, iteration: 0, step: 1, message: 0, seed: 0 };

    fn drawn(share: f64, count: u64) -> usize {
        let sampling = Sampling::new(&Tracing { share, link: None }, 7);
        let contexts = (0..count).map(|iteration| Context { iteration, ..CONTEXT });
        contexts.filter(|context| sampling.draw(context, 0).is_some()).count()
    }

    #[test]
    fn the_share_is_met_and_its_ends_are_exact() {
        assert_eq!((drawn(0.0, 1_000), drawn(1.0, 1_000)), (0, 1_000));
        let kept = drawn(0.1, 100_000);
        // Ten standard deviations.
        assert!((9_000..11_000).contains(&kept), "{kept}");
    }

    #[test]
    fn hops_and_steps_have_traces_of_their_own() {
        let sampling = Sampling::new(&Tracing { share: 1.0, link: None }, 7);
        let mut trace = Trace::default();
        let mut ids = Vec::new();
        for context in [
            CONTEXT,
            CONTEXT,
            Context { step: 2, ..CONTEXT },
            Context { iteration: 1, ..CONTEXT },
            Context { user: 2, ..CONTEXT },
        ] {
            trace.begin(sampling, &context);
            ids.push(trace.known().map(|known| known.trace.to_string()));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 5);
    }
}
