//! Users who log in over real sockets: HTTP/1.1, HTTP/2 and HTTP/3.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

use bytes::Bytes;
use h2::server::Builder;
use http::Response;
use shakedown::model::Event;
use shakedown::model::Seed;
use shakedown::model::SessionReport;
use shakedown::plan::Overrides;
use shakedown::plan::Plan;
use shakedown::plan::Protocol;
use shakedown::plan::TlsPolicy;
use shakedown::plan::from_text;

use crate::h2_server::H2Server;
use crate::h2_server::whole;
use crate::h3_server::H3Server;
use crate::h3_server::Habit;
use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::program::OddServer;
use crate::program::read_head_text;

fn plan(target: &str, text: &str) -> Plan {
    let overrides = Overrides::new(Seed(7), jiff::civil::date(2026, 11, 23));
    let text = format!("version: 1\ntarget: {target}\n{text}");
    from_text("plan.yml", &text, &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

const API: &str = "
auth:
  member:
    login: [ { post: /token, json: { user: '${user}' }, extract: { token: { jsonpath: $.token } } } ]
    apply: { header: { Authorization: 'Bearer ${token}' } }
identities: { alice: { auth: member, vars: { user: alice } }, bob: { auth: member, vars: { user: bob } } }
requests: { orders: { get: /orders, as: member, checks: [ { status: 200 } ] } }
flows: { f: [ { use: orders }, { parallel: [ { use: orders }, { use: orders } ] } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 4, iterations: 10 } }
";

/// Gives tokens, and forgets all of them once, after so many orders.
#[derive(Default)]
struct Desk {
    issued: u32,
    known: BTreeSet<String>,
    orders: u32,
}

impl Desk {
    fn answer(&mut self, line: &str, authorization: &str) -> (u16, String) {
        if line == "POST /token" {
            self.issued += 1;
            self.known.insert(format!("Bearer t{}", self.issued));
            return (200, format!("{{\"token\":\"t{}\"}}", self.issued));
        }
        if !self.known.contains(authorization) {
            return (401, String::new());
        }
        self.orders += 1;
        if self.orders == 60 {
            self.known.clear();
        }
        (200, String::new())
    }
}

fn session(outcome: &Outcome) -> &SessionReport {
    let session = outcome.events().iter().find_map(|event| match event {
        Event::Session(session) => Some(session.as_ref()),
        _ => None,
    });
    session.expect("it says how logins stand")
}

/// Four users log in, and once more after everything was forgotten; but for those that had sent
/// their thirty by then, which are two of the four at most.
fn holds(outcome: &Outcome) {
    let tally = outcome.only_series();
    let (session, shown) = (session(outcome), &tally.exemplars);
    assert_eq!(tally.checks[0].passes, 120, "{session:?} {shown:?}");
    assert_eq!(tally.requests - tally.failed, 120, "{session:?} {shown:?}");
    assert!((2..=4).contains(&session.relogins), "{session:?}");
    assert_eq!((session.logins, session.lost), (4 + session.relogins, 0), "{session:?}");
    assert_eq!(outcome.totals().scenarios[0].iterations, 40);
}

fn serve(desk: &Mutex<Desk>, mut stream: TcpStream) {
    while let Some(head) = read_head_text(&mut stream) {
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
            line.map_or("", |line| line[name.len()..].trim())
        };
        let mut body = vec![0; header("content-length:").parse().unwrap_or(0)];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let line = head.split(" HTTP/").next().unwrap_or_default();
        let (status, text) =
            desk.lock().expect("not poisoned").answer(line, header("authorization:"));
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn over_http1() {
    let desk = Mutex::new(Desk::default());
    let server = OddServer::start(move |stream| serve(&desk, stream));
    holds(&PlanBuilder::of(plan(&server.url(), API)).run());
}

#[test]
fn over_http2() {
    let desk: Arc<Mutex<Desk>> = Arc::default();
    let server = H2Server::start(Builder::new(), None, move |request, mut respond| {
        let desk = Arc::clone(&desk);
        Box::pin(async move {
            let line = format!("{} {}", request.method(), request.uri().path());
            let authorization = request.headers().get("authorization");
            let authorization = authorization.and_then(|value| value.to_str().ok()).unwrap_or("");
            let (status, text) = desk.lock().expect("not poisoned").answer(&line, authorization);
            whole(request.into_body()).await?;
            let response = Response::builder().status(status).body(()).expect("a response");
            let mut body = respond.send_response(response, false)?;
            body.send_data(Bytes::from(text), true)
        })
    });
    let plan = PlanBuilder::of(plan(&server.url(), API)).speaking(Protocol::Http2 { streams: 2 });
    holds(&plan.run());
}

#[test]
fn over_http3() {
    let server = H3Server::new(Habit::Answer);
    // It tells how long a body was, and gives back what it is told.
    let text = "
auth:
  member:
    login: [ { post: /2, body: 'seven b', extract: { token: { header: x-got } } } ]
    apply: { header: { X-Token: 'number ${token}' } }
requests: { a: { get: /10, as: member, checks: [ { header: { name: x-token, equals: 'number 7' } } ] } }
flows: { f: [ { use: a } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 4, iterations: 10 } }
";
    let plan = PlanBuilder::of(plan(&server.url("/"), text))
        .speaking(Protocol::Http3 { streams: 2 })
        .trusting(TlsPolicy::Verify, vec![server.authority.file()]);
    let outcome = plan.run();
    let tally = outcome.only_series();
    assert_eq!((tally.requests, tally.failed), (40, 0), "{:?}", tally.exemplars);
    assert_eq!(tally.checks[0].passes, 40);
    assert_eq!(session(&outcome).logins, 4);
    assert_eq!(server.requests(), 44);
}
