//! Virtual users who log in, in virtual time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use shakedown::http::reactor::Reply;
use shakedown::http::reactor::SimReactor;
use shakedown::load::LoadError;
use shakedown::model::Event;
use shakedown::model::SessionReport;
use shakedown::model::StopToken;
use shakedown::plan::Plan;
use shakedown::plan::Protocol;

use crate::load_bed::Outcome;
use crate::load_bed::PlanBuilder;
use crate::load_flow::Seen;
use crate::load_flow::plan;

/// What a server of the tests says: status, header lines, body.
pub(crate) type Said = (u16, String, String);

pub(crate) fn said(status: u16, head: &str, body: &str) -> Said {
    let head = if head.is_empty() { String::new() } else { format!("{head}\r\n") };
    (status, head, body.to_owned())
}

/// A request as servers of the tests read it.
pub(crate) struct Ask {
    pub(crate) line: String,
    pub(crate) text: String,
    pub(crate) body: String,
}

impl Ask {
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        self.text.lines().find_map(|line| line.strip_prefix(&*start)).unwrap_or("-")
    }
}

/// Runs the plan against a server of the tests, which is one for all that connect.
pub(crate) fn run<S>(
    text: &str,
    protocol: Protocol,
    new: impl Fn() -> S + Sync,
) -> (Outcome, Vec<String>)
where
    S: FnMut(&Ask) -> Said + Send + 'static,
{
    run_plan(plan(text), protocol, new)
}

pub(crate) fn run_plan<S>(
    plan: Plan,
    protocol: Protocol,
    new: impl Fn() -> S + Sync,
) -> (Outcome, Vec<String>)
where
    S: FnMut(&Ask) -> Said + Send + 'static,
{
    let (outcome, seen) = try_plan(plan, protocol, new);
    (outcome.unwrap_or_else(|(error, _)| panic!("{error}")), seen)
}

/// What a run came to, or why it did not begin and what was told.
pub(crate) type Tried = Result<Outcome, (LoadError, Vec<Event>)>;

/// The same where it may be that nobody can log in.
pub(crate) fn try_plan<S>(
    plan: Plan,
    protocol: Protocol,
    new: impl Fn() -> S + Sync,
) -> (Tried, Vec<String>)
where
    S: FnMut(&Ask) -> Said + Send + 'static,
{
    let seen = Seen::default();
    let builder = PlanBuilder::of(plan).speaking(protocol);
    let serve = Arc::new(Mutex::new(new()));
    let outcome = builder.try_run_on(&StopToken::default(), |_| {
        let (seen, serve) = (seen.clone(), Arc::clone(&serve));
        Ok(SimReactor::new(move |_: u64, request: &[u8]| {
            let text = String::from_utf8_lossy(request).into_owned();
            let line = text.split(" HTTP/").next().unwrap_or_default().to_owned();
            let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
            let ask = Ask { line, text, body };
            let mut serve = serve.lock().expect("not poisoned");
            let (status, head, body) = serve(&ask);
            seen.note(format!("{} {status}", ask.line).as_bytes());
            let length = body.len();
            let text =
                format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\n\r\n{body}");
            vec![Reply::Bytes { after: 1_000_000, bytes: text.into_bytes() }]
        }))
    });
    (outcome, seen.all())
}

pub(crate) fn session(outcome: &Outcome) -> &SessionReport {
    let session = outcome.events().iter().find_map(|event| match event {
        Event::Session(session) => Some(session.as_ref()),
        _ => None,
    });
    session.expect("it says how logins stand")
}

pub(crate) fn count(seen: &[String], line: &str) -> usize {
    seen.iter().filter(|seen| seen.starts_with(line)).count()
}

/// An API that gives each user a token, and forgets all of them every `forgets` orders.
pub(crate) fn api(forgets: u32) -> impl FnMut(&Ask) -> Said + Send + 'static {
    let (mut issued, mut known, mut orders) = (0, BTreeSet::new(), 0);
    move |ask| {
        let is_known = known.contains(ask.header("Authorization"));
        match ask.line.as_str() {
            "POST /token" if ask.body.ends_with("\"pass\":\"right\"}") => {
                issued += 1;
                known.insert(format!("Bearer t{issued}"));
                said(200, "", &format!("{{\"token\":\"t{issued}\"}}"))
            }
            "GET /me" if is_known => said(200, "", "{}"),
            "GET /orders" if is_known => {
                orders += 1;
                if orders % forgets == 0 {
                    known.clear();
                }
                said(200, "", "{}")
            }
            "GET /public" => said(200, "", ask.header("Authorization")),
            _ => said(401, "", "{}"),
        }
    }
}

pub(crate) const API: &str = "
auth:
  member:
    login: [ { post: /token, json: { user: '${user}', pass: '${pass}' }, extract: { token: { jsonpath: $.token } } } ]
    apply: { header: { Authorization: 'Bearer ${token}' } }
identities:
  alice: { auth: member, vars: { user: alice, pass: right } }
  bob: { auth: member, vars: { user: bob, pass: right } }
requests: { orders: { get: /orders, as: member, checks: [ { status: 200 } ] }, public: { get: /public } }
flows: { f: [ { use: public }, { use: orders }, { use: orders } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 3 } }
";

#[test]
fn users_log_in_once_and_keep_their_token_over_iterations() {
    for protocol in [Protocol::USUAL, Protocol::Http1 { pipeline: 2 }] {
        let (outcome, seen) = run(API, protocol, || api(u32::MAX));
        assert_eq!(count(&seen, "POST /token"), 2, "{protocol:?} {seen:?}");
        assert_eq!(count(&seen, "GET /orders 200"), 12);
        let totals = outcome.totals();
        let requests: Vec<u64> = totals.series.iter().map(|one| one.tally.requests).collect();
        assert_eq!(requests, [6, 12], "logins are in no figure");
        assert!(totals.series.iter().all(|one| one.tally.failed == 0));
        assert_eq!(totals.scenarios[0].iterations, 6);
        // Three requests of a millisecond each, whatever the login takes.
        let longest = totals.scenarios[0].iteration_duration.max().expect("six of them");
        assert!(longest.as_micros() < 3_500, "{longest:?}");
        let session = session(&outcome);
        assert_eq!((session.logins, session.relogins, session.lost), (2, 0, 0));
        assert_eq!(session.verified.as_deref(), Some("POST /token answered 200"));
    }
}

#[test]
fn a_token_that_is_forgotten_is_asked_for_again_and_the_request_repeated() {
    for auth in ["", "    verify: { get: /me }\n"] {
        let text = API.replace("identities:", &format!("{auth}identities:"));
        let (outcome, seen) = run(&text, Protocol::USUAL, || api(5));
        assert_eq!(count(&seen, "GET /orders 200"), 12, "{seen:?}");
        let session = session(&outcome);
        assert!(session.relogins > 0 && session.lost == 0, "{session:?}");
        let orders = &outcome.totals().series[1].tally;
        assert_eq!(orders.requests - orders.failed, 12, "what is repeated is counted as it was");
        assert_eq!(orders.checks[0].passes, 12);
        assert_eq!(outcome.totals().scenarios[0].iterations, 6);
    }
}

#[test]
fn who_cannot_log_in_sends_nothing_as_nobody() {
    let text = API.replace("bob, pass: right", "bob, pass: wrong");
    let (outcome, seen) = run(&text, Protocol::USUAL, || api(u32::MAX));
    let session = session(&outcome);
    assert_eq!((session.logins, session.failed, session.lost), (1, 3, 1));
    let reason = session.reason.as_deref().expect("a reason");
    assert!(reason.contains("POST /token answered 401"), "{reason}");
    assert_eq!(count(&seen, "GET /orders"), 6, "alice's, and none of bob");
    assert_eq!(count(&seen, "GET /orders 200"), 6);
}

#[test]
fn an_answer_of_401_to_those_who_are_logged_in_is_an_answer() {
    let text = API.replace("identities:", "    verify: { get: /me }\nidentities:").replace(
        "get: /orders, as: member, checks: [ { status: 200 } ]",
        "get: /admin, as: member",
    );
    let (outcome, seen) = run(&text, Protocol::USUAL, || api(u32::MAX));
    assert_eq!(count(&seen, "POST /token"), 2, "{seen:?}");
    assert_eq!(session(&outcome).lost, 0);
    assert_eq!(outcome.totals().series[1].tally.requests, 12);
    // Without a proof, logins that change nothing end in a loss.
    let text = text.replace("    verify: { get: /me }\n", "");
    let (outcome, _) = run(&text, Protocol::USUAL, || api(u32::MAX));
    assert_eq!(session(&outcome).lost, 2);
}

/// A site with a form, that sends whoever it does not know to it.
fn site(forgets: u32) -> impl FnMut(&Ask) -> Said + Send + 'static {
    let (mut sessions, mut pages) = (0, 0);
    move |ask| {
        let is_member = sessions > 0 && ask.header("Cookie").contains(&format!("sid={sessions}"));
        match ask.line.as_str() {
            "GET /login" => said(
                200,
                "Content-Type: text/html\r\nSet-Cookie: visit=1",
                "<form method=post><input type=hidden name=csrf_key value=t1><input name=username>\
                 <input type=password name=password><button name=Login value=1>Log in</button></form>",
            ),
            "POST /login" => {
                let is_right = ask.body == "csrf_key=t1&username=alice&password=right&Login=1"
                    && ask.header("Cookie") == "visit=1";
                sessions += u32::from(is_right);
                said(302, &format!("Set-Cookie: sid={sessions}\r\nLocation: /"), "")
            }
            _ if !is_member => said(302, "Location: /login", ""),
            "GET /page" => {
                pages += 1;
                if pages % forgets == 0 {
                    sessions += 1;
                }
                said(200, "Content-Type: text/html", "<p>page</p>")
            }
            _ => said(200, "Content-Type: text/html", "<p>home</p>"),
        }
    }
}

const FORM: &str = "
auth: { member: { form: { url: /login, user: alice, password: right } } }
requests: { page: { get: /page } }
flows: { f: [ { use: page } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 10, as: member } }
";

#[test]
fn a_form_is_filled_in_and_its_cookie_is_kept_until_it_is_forgotten() {
    for redirects in ["", "redirects: 5\n"] {
        let (outcome, seen) = run(&format!("{FORM}{redirects}"), Protocol::USUAL, || site(4));
        assert_eq!(count(&seen, "GET /page 200"), 10, "{seen:?}");
        assert_eq!(count(&seen, "POST /login"), 3);
        let session = session(&outcome);
        assert_eq!((session.logins, session.relogins, session.lost), (3, 2, 0));
        assert_eq!(outcome.totals().scenarios[0].iterations, 10);
    }
}

#[test]
fn a_clients_token_is_shared_and_renewed_before_it_ends() {
    let text = "
auth: { svc: { oauth2: { token_url: /token, client_id: c, client_secret: s } } }
requests: { orders: { get: /orders, as: svc } }
flows: { f: [ { use: orders }, { think: 1s } ] }
scenarios: { s: { executor: constant-vus, exec: f, vus: 5, duration: 100s } }
";
    let serve = || {
        let mut issued = 0;
        move |ask: &Ask| match ask.line.as_str() {
            "POST /token" => {
                issued += 1;
                let text = format!("{{\"access_token\":\"t{issued}\",\"expires_in\":60}}");
                said(200, "Content-Type: application/json", &text)
            }
            _ if ask.header("Authorization") == format!("Bearer t{issued}") => said(200, "", ""),
            _ => said(401, "", ""),
        }
    };
    let (outcome, seen) = run(text, Protocol::USUAL, serve);
    let tally = outcome.only_series();
    assert_eq!(tally.failed, 0);
    assert!(tally.requests > 450, "{}", tally.requests);
    // Renewed after 45 of its 60 seconds.
    assert_eq!(count(&seen, "POST /token"), 3);
    assert_eq!(session(&outcome).logins, 3);
}

#[test]
fn digest_challenges_are_no_answers_and_each_request_is_signed() {
    let text = "
auth: { member: { digest: { user: alice, password: right } } }
requests: { a: { get: '/a?n=${iteration}', as: member }, b: { post: /b, form: { x: 'a b' }, as: member } }
flows: { f: [ { use: a }, { use: b } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 3 } }
";
    let serve = || {
        let mut counts: BTreeSet<String> = BTreeSet::new();
        move |ask: &Ask| {
            let authorization = ask.header("Authorization");
            let path = ask.line.split(' ').nth(1).unwrap_or_default();
            if authorization.starts_with("Digest username=\"alice\"")
                && authorization.contains(&format!("uri=\"{path}\""))
                && counts.insert(authorization.to_owned())
            {
                return said(200, "", "");
            }
            let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
            said(401, challenge, "")
        }
    };
    for protocol in [Protocol::USUAL, Protocol::Http1 { pipeline: 2 }] {
        let (outcome, seen) = run(text, protocol, serve);
        let totals = outcome.totals();
        for one in &totals.series {
            assert_eq!((one.tally.requests, one.tally.failed), (6, 0), "{seen:?}");
        }
        assert_eq!(seen.iter().filter(|line| line.ends_with("401")).count(), 2, "one of each user");
    }
}

#[test]
fn signatures_are_made_of_what_is_sent() {
    let text = "
auth: { aws: { aws_sigv4: { access_key: AKID, secret_key: wJalr, region: r, service: execute-api } } }
requests: { a: { get: '/a/${iteration}', as: aws }, b: { post: /b, json: { n: '${vu}' }, as: aws } }
flows: { f: [ { use: a }, { use: b } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
";
    let (outcome, _) = run(text, Protocol::USUAL, || {
        |ask: &Ask| {
            let authorization = ask.header("Authorization");
            let is_signed = authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/")
                && authorization.contains("SignedHeaders=")
                && ask.header("X-Amz-Date").ends_with('Z');
            said(if is_signed { 200 } else { 403 }, "", "")
        }
    });
    assert!(outcome.totals().series.iter().all(|one| one.tally.failed == 0));
}

#[test]
fn the_proof_is_asked_for_as_often_as_the_plan_says() {
    let text = API
        .replace("identities:", "    verify: { get: /me, every: 10s }\nidentities:")
        .replace(
            "{ use: public }, { use: orders }, { use: orders }",
            "{ use: orders }, { think: 1s }",
        )
        .replace(
            "per-vu-iterations, exec: f, vus: 2, iterations: 3",
            "constant-vus, exec: f, vus: 1, duration: 35s",
        );
    let (outcome, seen) = run(&text, Protocol::USUAL, || api(u32::MAX));
    assert_eq!(count(&seen, "GET /me 200"), 4, "after the login, and at 10, 20 and 30 seconds");
    assert_eq!(outcome.only_series().failed, 0);
}

/// A shop whose pages `/a` and `/b` are Alice's and Bob's, and anything else nobody's.
pub(crate) fn two_customers(ask: &Ask) -> Said {
    match ask.line.as_str() {
        "GET /login" => said(
            200,
            "Content-Type: text/html",
            "<form method=post><input name=user><input type=password name=password></form>",
        ),
        "POST /login" => {
            let user = ask.body.split(['=', '&']).nth(1).unwrap_or_default();
            let set = format!("Content-Type: text/html\r\nSet-Cookie: who={user}");
            said(200, &set, "<p>in</p>")
        }
        line => {
            let expected = match line {
                "GET /a" => "who=alice",
                "GET /b" => "who=bob",
                _ => "-",
            };
            said(if ask.header("Cookie") == expected { 200 } else { 400 }, "", "")
        }
    }
}

#[test]
fn identities_of_one_user_do_not_share_cookies() {
    let text = "
auth: { member: { form: { url: /login, user: '${user}', password: right } } }
identities: { alice: { auth: member, vars: { user: alice } }, bob: { auth: member, vars: { user: bob } } }
requests: { a: { get: /a, as: alice }, b: { get: /b, as: bob }, c: { get: /c } }
flows: { f: [ { use: a }, { use: b }, { use: c }, { use: a } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 2 } }
cookies: per-user
";
    let (outcome, seen) = run(text, Protocol::USUAL, || two_customers);
    assert!(outcome.totals().series.iter().all(|one| one.tally.failed == 0), "{seen:?}");
    assert_eq!(count(&seen, "POST /login"), 2);
}
