//! What flows want of responses: kept while it comes in, looked at when it is whole.

use std::time::Duration;

use super::call::Line;
use super::program::Purpose;
use super::redirect::Next;
use super::shard::Shard;
use crate::flow::Check;
use crate::flow::Page;
use crate::flow::Response;
use crate::flow::graphql_error;
use crate::flow::set_cookie;
use crate::http::content;
use crate::http::h1::Fields;
use crate::http::h1::Head;
use crate::http::reactor::Nanos;
use crate::http::reactor::Reactor;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::GrpcCode;

/// How much of all responses under way may be kept together, and of one.
const MAX_KEPT: u64 = 256 << 20;
const MAX_BODY: u64 = 1 << 20;
const LEAST_MAX_BODY: u64 = 16 << 10;

/// A larger buffer is not kept for the next response.
const MAX_SPARE: usize = 64 << 10;

/// What of a response the flow looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Looks {
    /// Nothing that is kept.
    #[default]
    Nowhere,
    /// Its status, and how long it took.
    AtStatus,
    /// Its head.
    AtHead,
    /// Its head and its body.
    AtBody,
}

/// What is kept of one response.
#[derive(Debug, Default)]
pub(super) struct Kept {
    head: Vec<u8>,
    body: Vec<u8>,
    /// Bytes of the body that have come, whether or not they are kept.
    size: u64,
    is_coded: bool,
    is_cut: bool,
}

/// A check of the plan, with its number.
#[derive(Debug)]
pub(super) struct Numbered {
    number: u32,
    check: Check,
}

impl Numbered {
    /// The check's name.
    pub(super) fn name(&self) -> &str {
        &self.check.name
    }
}

/// Buffers that no response is using.
#[derive(Debug, Default)]
pub(super) struct Spare {
    #[expect(clippy::vec_box, reason = "a user has room for a pointer, and it wanders as it is")]
    kept: Vec<Box<Kept>>,
}

/// Keeps what comes in.
pub(super) struct Keeping<'a> {
    pub(super) looks: Looks,
    pub(super) kept: &'a mut Option<Box<Kept>>,
    pub(super) spare: &'a mut Spare,
    pub(super) limit: usize,
}

impl Keeping<'_> {
    pub(super) fn head(&mut self, head: &Head<'_>) {
        let kept = self.kept.get_or_insert_with(|| self.spare.kept.pop().unwrap_or_default());
        kept.head.clear();
        kept.head.extend_from_slice(head.raw());
        kept.is_coded = self.looks == Looks::AtBody && head.field("content-encoding").is_some();
    }

    pub(super) fn body(&mut self, data: &[u8]) {
        let Some(kept) = self.kept else { return };
        kept.size += data.len() as u64;
        if self.looks != Looks::AtBody {
            return;
        }
        let room = self.limit - kept.body.len();
        kept.is_cut |= data.len() > room;
        kept.body.extend_from_slice(&data[..data.len().min(room)]);
    }
}

impl Spare {
    /// Takes a buffer back.
    pub(super) fn give(&mut self, mut kept: Box<Kept>) {
        if kept.body.capacity() > MAX_SPARE {
            return;
        }
        kept.body.clear();
        (kept.size, kept.is_coded, kept.is_cut) = (0, false, false);
        self.kept.push(kept);
    }
}

/// Bytes kept of one body, so that those of `users` fit into the memory there is for them.
pub(super) fn body_limit(users: u64) -> usize {
    let limit = (MAX_KEPT / users.max(1)).clamp(LEAST_MAX_BODY, MAX_BODY);
    usize::try_from(limit).expect("at most a mebibyte")
}

/// Checks of the plan's requests, numbered by name: the same name is the same check, as in k6.
pub(super) fn number_checks(checks: &[Check], names: &mut Vec<String>) -> Vec<Numbered> {
    let number = |check: &Check| {
        let place = names.iter().position(|name| *name == check.name).unwrap_or_else(|| {
            names.push(check.name.clone());
            names.len() - 1
        });
        u32::try_from(place).expect("fewer checks than 2^32")
    };
    let numbers: Vec<u32> = checks.iter().map(number).collect();
    let pairs = numbers.into_iter().zip(checks.iter().cloned());
    pairs.map(|(number, check)| Numbered { number, check }).collect()
}

/// What of a response its checks look at.
fn looks_of(checks: &[Numbered]) -> Looks {
    let of = |Numbered { check, .. }: &Numbered| {
        if check.reads_body() {
            Looks::AtBody
        } else if check.reads_head() {
            Looks::AtHead
        } else {
            Looks::AtStatus
        }
    };
    checks.iter().map(of).max().unwrap_or_default()
}

impl<R: Reactor> Shard<'_, R> {
    /// What is looked at in the response to the request that the user has chosen.
    pub(super) fn looks(&self, number: u32) -> Looks {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        let wanted = program.flows[user.scenario as usize].wanted(&user.session);
        let wanted =
            wanted.map(
                |extraction| {
                    if extraction.from.reads_body() { Looks::AtBody } else { Looks::AtHead }
                },
            );
        let request = &program.requests[user.request as usize];
        let told = if request.fails_on_errors { Looks::AtBody } else { Looks::Nowhere };
        let at_least = looks_of(&request.checks).max(told).max(program.login_looks(user.request));
        wanted.fold(at_least, Looks::max)
    }

    /// Looks at the response that has come, unless another one follows it: counts what holds of it,
    /// and takes out of it what the flow wants.
    pub(super) fn look(&mut self, number: u32, next: &Next, end: Nanos) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let mut kept = user.kept.take();
        match next {
            Next::Stay | Next::Refused(_) | Next::Unexpected => {
                let limit = program.body_limit;
                if let Some(kept) = &mut kept {
                    kept.decode_if_coded(limit);
                    self.bodies_cut += u64::from(kept.is_cut);
                }
                let (head, body, body_size): (&[u8], &[u8], u64) =
                    kept.as_ref().map_or((&[], &[], 0), |kept| (&kept.head, &kept.body, kept.size));
                let code = user.call.as_deref().and_then(Line::code);
                let now = self.unix_seconds();
                let jar = self.jar_to_look_into(number);
                let user = &mut self.users[number as usize];
                let response = Response {
                    status: code.map_or(user.status, GrpcCode::number),
                    header: &|name, place| Fields::of(head).all_named(name).nth(place),
                    cookie: &|name| {
                        let set = set_cookie(Fields::of(head).all_named("set-cookie"), name);
                        set.or_else(|| {
                            let (jar, origin) = jar.as_ref()?;
                            jar.value(origin, name, now)
                        })
                    },
                    body,
                    page: Some(&Page::default()),
                    duration: Duration::from_nanos(end.saturating_sub(user.moments.sending)),
                    body_size,
                };
                let series = &mut self.series[user.series as usize];
                for Numbered { number, check } in &program.requests[user.request as usize].checks {
                    series.check(*number, &check.name, check.passes(&response));
                }
                let flow = &program.flows[user.scenario as usize];
                flow.extract(&mut user.session, (user.vu, program.value_seed), &response);
                if program.purpose == Purpose::Capture {
                    self.captured = user.session.values().cloned();
                }
                if let Some((jar, _)) = jar {
                    self.put_jar_back(number, jar);
                }
            }
            Next::Follow => {}
            Next::Fail(_) => self.fail_checks(number),
        }
        if let Some(kept) = kept {
            self.spare.give(kept);
        }
    }

    /// What the response says of failure in its body, where that counts.
    #[inline]
    pub(super) fn told_error(&mut self, number: u32) -> Option<Failure> {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        if !user.prepared(program).fails_on_errors {
            return None;
        }
        let kept = user.kept.as_deref_mut()?;
        kept.decode_if_coded(program.body_limit);
        let error = graphql_error(&kept.body)?;
        Some(Failure::new(FailureClass::GraphqlErrors, error))
    }

    /// What is asserted of a response does not hold where there is none.
    pub(super) fn fail_checks(&mut self, number: u32) {
        let user = &self.users[number as usize];
        let checks = &self.shared.program.requests[user.request as usize].checks;
        for Numbered { number, check } in checks {
            self.series[user.series as usize].check(*number, &check.name, false);
        }
    }
}

impl Kept {
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Keeps fields that stand behind the body, as if they stood before it.
    pub(super) fn add_fields(&mut self, trailers: &Head<'_>) {
        let end = self.head.len().saturating_sub(b"\r\n".len());
        self.head.truncate(end);
        let fields = memchr::memchr(b'\n', trailers.raw()).map_or(0, |at| at + 1);
        self.head.extend_from_slice(&trailers.raw()[fields..]);
    }

    /// Keeps what `write` makes of a call's message of that size as the body.
    pub(super) fn take_message<E>(
        &mut self,
        size: u64,
        is_cut: bool,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.size = size;
        self.is_cut |= is_cut;
        write(&mut self.body)
    }

    /// Undoes its content codings, if it has some.
    pub(super) fn decode_if_coded(&mut self, limit: usize) {
        if self.is_coded {
            self.decode(limit);
        }
    }

    #[cold]
    fn decode(&mut self, limit: usize) {
        self.is_coded = false;
        let codings: Vec<_> = Fields::of(&self.head)
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"content-encoding"))
            .map(|(_, value)| String::from_utf8_lossy(value))
            .collect();
        if let Some(decoded) = content::decoded(&codings.join(","), &self.body, limit) {
            self.is_cut |= decoded.body.len() == limit && !decoded.is_whole;
            self.body = decoded.body;
        }
    }
}
