//! Following redirects, for the requests that ask for it: each hop is a request of its own in the
//! counts, as in k6, and the iteration's latency covers all of them.

use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use super::program::Carriage;
use super::program::Prepared;
use super::program::Program;
use super::program::message_of;
use super::shard::Shard;
use super::user::User;
use crate::http::h1;
use crate::http::h1::Head;
use crate::http::h1::RequestKind;
use crate::http::reactor::Reactor;
use crate::http::route;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Route;
use crate::model::Scope;
use crate::model::inert;
use crate::model::redirected;

/// What hops are made with; only where some request follows redirects.
#[derive(Debug)]
pub(super) struct RedirectRules {
    pub(super) scope: Scope,
    /// Those that connections can be made to, by index.
    pub(super) origins: Vec<(Origin, Carriage)>,
    pub(super) headers: Vec<Header>,
    pub(super) route: Route,
}

/// A user's way along redirects, from the plan's request on.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Where the response under way points to.
    location: Option<Vec<u8>>,
    /// What is sent instead of the plan's request, after the first redirect.
    hop: Option<Prepared>,
    /// Hashes of what was sent before: the same again would bring the same redirect.
    sent: Vec<u64>,
}

/// What a response means for the chain.
pub(super) enum Next {
    /// It is the last one.
    Stay,
    /// Another request is ready to be chosen.
    Follow,
    /// It leads nowhere.
    Fail(Failure),
    /// It is a call's last one, and says that the call has failed.
    Refused(Failure),
    /// It is a call's last one, and says that all is well where something else was expected.
    Unexpected,
}

impl Chain {
    /// Begins anew with the plan's request.
    pub(super) fn restart(&mut self) {
        (self.location, self.hop) = (None, None);
        self.sent.clear();
    }

    pub(super) fn hop(&self) -> Option<&Prepared> {
        self.hop.as_ref()
    }

    /// Where the response under way points to.
    pub(super) fn location(&self) -> Option<&[u8]> {
        self.location.as_deref()
    }

    /// Remembers where a redirect leads.
    pub(super) fn head(&mut self, head: &Head<'_>) {
        let is_redirect = matches!(head.status, 301 | 302 | 303 | 307 | 308);
        let location = if is_redirect { head.field("location") } else { None };
        self.location = location.map(<[u8]>::to_vec);
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Judges the response that the user has just got, and makes the next request of its chain.
    /// After one that sets cookies the same request may bring another answer.
    pub(super) fn next_hop(&mut self, number: u32, sets_cookies: bool) -> Next {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let status = user.status;
        let Some(location) = user.chain.as_mut().and_then(|chain| chain.location.take()) else {
            return Next::Stay;
        };
        let request = self.sent_request(number);
        let sent = self.sent_without_additions(number);
        let user = &self.users[number as usize];
        let next = hop(program, user, (&request, &sent), status, &location);
        let next =
            next.and_then(|hop| if sets_cookies { Ok(hop) } else { no_circle(user, &sent, hop) });
        let user = &mut self.users[number as usize];
        let chain = user.chain.as_mut().expect("it had a location");
        match next {
            Ok((hash, hop)) => {
                chain.sent.push(hash);
                chain.hop = Some(hop);
                Next::Follow
            }
            Err(failure) => Next::Fail(failure),
        }
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// What makes no other request of it is left out.
    fn sent_without_additions(&mut self, number: u32) -> Vec<u8> {
        let is_rendered = self.render(number).is_ok();
        match self.rendering(number).filter(|_| is_rendered) {
            Some(rendered) => {
                let mut sent = rendered.to_vec();
                sent.drain(self.trace_at.clone());
                sent.drain(self.cookies_at.clone());
                sent
            }
            None => self.users[number as usize].prepared(self.shared.program).bytes.clone(),
        }
    }
}

/// The next request, and the hash of the one before.
fn hop(
    program: &Program,
    user: &User,
    (sent_request, sent_bytes): (&Request, &[u8]),
    status: u16,
    location: &[u8],
) -> Result<(u64, Prepared), Failure> {
    let refused = |text: String| Failure::new(FailureClass::Redirect, text);
    let rules = program.redirects.as_ref().expect("compiled for every plan that follows some");
    let from = user.prepared(program);
    let sent = user.chain.as_ref().map(|chain| chain.sent.as_slice()).unwrap_or_default();
    if sent.len() >= from.redirects as usize {
        return Err(refused(format!("more than {} redirects", from.redirects)));
    }
    let request = redirected(&with_all_headers(sent_request, &rules.headers), status, location)
        .map_err(refused)?;
    let url = inert(&request.url(), 200);
    let admitted = rules.scope.admit(request).map_err(|reason| {
        Failure::new(FailureClass::OutOfScope, format!("redirected to {url}: {reason}"))
    })?;
    let request = admitted.into_request();
    let origin = rules
        .origins
        .iter()
        .position(|(origin, carriage)| *origin == request.origin && *carriage == from.carriage);
    let origin =
        origin.ok_or_else(|| refused(format!("redirected to {url}, which was not found")))?;
    let mut bytes = Vec::new();
    h1::encode(&request, &[], &mut bytes).map_err(|error| refused(error.to_string()))?;
    let message =
        message_of(from.carriage, &request, &bytes).map_err(|error| refused(error.to_string()))?;
    route::dress(&rules.route, &request, &mut bytes);
    let hash = hash(sent_bytes);
    let hop = Prepared {
        bytes,
        kind: RequestKind::of(&request.method),
        origin: u32::try_from(origin).expect("fewer origins than 2^32"),
        carriage: from.carriage,
        message,
        wire: None,
        login: from.login,
        dialogue: None,
        call: None,
        fails_on_errors: from.fails_on_errors,
        checks: Vec::new(),
        expected: from.expected.clone(),
        is_idempotent: request.method.is_idempotent(),
        reuse: from.reuse,
        redirects: from.redirects,
        timeout: from.timeout,
        request,
    };
    Ok((hash, hop))
}

/// The hop, unless it has been sent before.
fn no_circle(
    user: &User,
    sent: &[u8],
    (hash, hop): (u64, Prepared),
) -> Result<(u64, Prepared), Failure> {
    let before = user.chain.as_ref().map(|chain| chain.sent.as_slice()).unwrap_or_default();
    if hop.bytes == sent || before.contains(&self::hash(&hop.bytes)) {
        let text = format!("redirected in a circle, to {} again", inert(&hop.request.url(), 200));
        return Err(Failure::new(FailureClass::Redirect, text));
    }
    Ok((hash, hop))
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// As it stands on the wire: what comes from the connection's headers may have to go on a hop.
fn with_all_headers(request: &Request, extra: &[Header]) -> Request {
    let mut request = request.clone();
    for header in extra {
        if request.header(&header.name).is_none() {
            request.headers.push(header.clone());
        }
    }
    request
}
