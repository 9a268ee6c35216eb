//! What flows want of responses: kept while it comes in, looked at when it is whole.

use super::redirect::Next;
use super::shard::Shard;
use crate::flow::Response;
use crate::http::content;
use crate::http::h1::Fields;
use crate::http::h1::Head;
use crate::http::reactor::Reactor;

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
    is_coded: bool,
    is_cut: bool,
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
        if self.looks != Looks::AtBody {
            return;
        }
        let Some(kept) = self.kept else { return };
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
        (kept.is_coded, kept.is_cut) = (false, false);
        self.kept.push(kept);
    }
}

/// Bytes kept of one body, so that those of `users` fit into the memory there is for them.
pub(super) fn body_limit(users: u64) -> usize {
    let limit = (MAX_KEPT / users.max(1)).clamp(LEAST_MAX_BODY, MAX_BODY);
    usize::try_from(limit).expect("at most a mebibyte")
}

impl<R: Reactor> Shard<'_, R> {
    /// What the flow looks at in the response to the user's request.
    pub(super) fn looks(&self, number: u32) -> Looks {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        let wanted = program.flows[user.scenario as usize].wanted(&user.session);
        wanted
            .map(
                |extraction| {
                    if extraction.from.reads_body() { Looks::AtBody } else { Looks::AtHead }
                },
            )
            .max()
            .unwrap_or_default()
    }

    /// Lets the flow look at the response that has come, unless another one follows it.
    pub(super) fn look(&mut self, number: u32, next: &Next) {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let Some(mut kept) = user.kept.take() else { return };
        if matches!(next, Next::Stay) {
            self.bodies_cut += u64::from(kept.is_cut);
            if kept.is_coded {
                kept.decode(program.body_limit);
            }
            let head = &kept.head;
            let response = Response {
                status: user.status,
                header: &|name| Fields::of(head).named(name),
                body: &kept.body,
            };
            program.flows[user.scenario as usize].extract(&mut user.session, &response);
        }
        self.spare.give(kept);
    }
}

impl Kept {
    #[cold]
    fn decode(&mut self, limit: usize) {
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
