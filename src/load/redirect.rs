//! Following redirects, for the requests that ask for it: each hop is a request of its own in the
//! counts, as in k6, and the iteration's latency covers all of them.

use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;

use url::Url;

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
use crate::model::Method;
use crate::model::Origin;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::Route;
use crate::model::Scope;
use crate::model::inert;

/// A longer destination is none.
const MAX_LOCATION: usize = 8 * 1024;

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

    /// Remembers where a redirect leads.
    pub(super) fn head(&mut self, head: &Head<'_>) {
        let is_redirect = matches!(head.status, 301 | 302 | 303 | 307 | 308);
        let location = if is_redirect { head.field("location") } else { None };
        self.location = location.map(<[u8]>::to_vec);
    }
}

impl<R: Reactor> Shard<'_, R> {
    /// Judges the response that the user has just got, and makes the next request of its chain.
    pub(super) fn next_hop(&mut self, number: u32) -> Next {
        let program = self.shared.program;
        let user = &mut self.users[number as usize];
        let status = user.status;
        let Some(location) = user.chain.as_mut().and_then(|chain| chain.location.take()) else {
            return Next::Stay;
        };
        let request = self.sent_request(number);
        let rendered = self.render(number).map(|()| self.rendered.as_slice());
        let user = &self.users[number as usize];
        let sent = match (&user.prepared(program).wire, rendered) {
            (Some(_), Ok(rendered)) => rendered,
            _ => &user.prepared(program).bytes,
        };
        let next = hop(program, user, (&request, sent), status, &location);
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
    let request = next_request(&with_all_headers(sent_request, &rules.headers), status, location)
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
    if bytes == sent_bytes || sent.contains(&self::hash(&bytes)) {
        return Err(refused(format!("redirected in a circle, to {url} again")));
    }
    let hop = Prepared {
        bytes,
        kind: RequestKind::of(&request.method),
        origin: u32::try_from(origin).expect("fewer origins than 2^32"),
        carriage: from.carriage,
        message,
        wire: None,
        dialogue: None,
        call: None,
        checks: Vec::new(),
        expected: from.expected.clone(),
        is_idempotent: request.method.is_idempotent(),
        reuse: from.reuse,
        redirects: from.redirects,
        request,
    };
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

/// The request that a redirect asks for (RFC 9110 §15.4). 303 makes a GET of everything but HEAD,
/// 301 and 302 of POST, as browsers do it; a body that is not sent any more takes its headers along.
/// Another origin gets no credentials and no `Host` of the user's.
fn next_request(from: &Request, status: u16, location: &[u8]) -> Result<Request, String> {
    let text = String::from_utf8_lossy(&location[..location.len().min(MAX_LOCATION)]);
    let nowhere =
        |why: String| format!("redirected to `{}`, which is no URL: {why}", inert(&text, 200));
    if location.len() > MAX_LOCATION {
        return Err(nowhere(format!("it is longer than {MAX_LOCATION} bytes")));
    }
    let base = Url::parse(&from.url()).map_err(|error| nowhere(error.to_string()))?;
    let url = base.join(&text).map_err(|error| nowhere(error.to_string()))?;
    let origin = Origin::of(&url).map_err(|error| nowhere(error.to_string()))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let method = from.method.as_str();
    let becomes_get = match status {
        303 => method != "HEAD",
        301 | 302 => method == "POST",
        _ => false,
    };
    let mut headers = from.headers.clone();
    if becomes_get {
        headers.retain(|header| !describes_body(header));
    }
    if origin != from.origin {
        headers.retain(|header| !Redactor::is_secret_header(&header.name) && !header.is("host"));
    }
    Ok(Request {
        origin,
        method: if becomes_get { Method::get() } else { from.method.clone() },
        path_and_query: format!("{}{query}", url.path()).into_bytes(),
        headers,
        body: if becomes_get { Vec::new() } else { from.body.clone() },
    })
}

fn describes_body(header: &Header) -> bool {
    header.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"))
        || header.is("transfer-encoding")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn request(method: &str) -> Request {
        let target = Target::parse("http://127.0.0.1:8080/a/b?c").expect("valid");
        let headers =
            [("Content-Type", "text/plain"), ("Authorization", "x"), ("X-A", "1"), ("Host", "h")];
        Request {
            origin: target.origin,
            method: Method::new(method),
            path_and_query: target.path_and_query.into_bytes(),
            headers: headers.map(|(name, value)| Header::new(name, value)).to_vec(),
            body: b"body".to_vec(),
        }
    }

    #[test]
    fn the_method_changes_as_browsers_change_it() {
        let cases = [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "HEAD", "HEAD"),
            (301, "PUT", "PUT"),
            (302, "DELETE", "DELETE"),
            (307, "POST", "POST"),
            (308, "POST", "POST"),
            (302, "GET", "GET"),
        ];
        for (status, before, after) in cases {
            let next = next_request(&request(before), status, b"/x").expect("a path");
            assert_eq!(next.method.as_str(), after, "{status} {before}");
            let keeps = before == after;
            assert_eq!(
                (next.body.is_empty(), next.header("content-type").is_some()),
                (!keeps, keeps)
            );
            assert!(next.header("authorization").is_some(), "the origin is the same");
        }
    }

    #[test]
    fn destinations_are_resolved_against_the_request() {
        let cases = [
            ("x?y#z", "http://127.0.0.1:8080/a/x?y"),
            ("/x", "http://127.0.0.1:8080/x"),
            ("?q", "http://127.0.0.1:8080/a/b?q"),
            ("//other:81/", "http://other:81/"),
            ("https://Other/\u{e4}", "https://other/%C3%A4"),
        ];
        for (location, url) in cases {
            let next = next_request(&request("GET"), 302, location.as_bytes()).expect(location);
            assert_eq!(next.url(), url);
        }
        for location in
            ["ftp://127.0.0.1/", "http://[", "mailto:a@b", &"x".repeat(MAX_LOCATION + 1)]
        {
            assert!(next_request(&request("GET"), 302, location.as_bytes()).is_err());
        }
    }

    #[test]
    fn another_origin_gets_no_credentials() {
        for location in
            ["http://127.0.0.1:8081/", "https://127.0.0.1:8080/", "http://localhost:8080/"]
        {
            let next = next_request(&request("GET"), 307, location.as_bytes()).expect(location);
            let names: Vec<_> = next.headers.iter().map(|header| header.name.as_str()).collect();
            assert_eq!(names, ["Content-Type", "X-A"], "{location}");
        }
    }
}
