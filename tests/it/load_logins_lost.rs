//! Logins that work for nobody, that are lost, that helpers share, and that rows of a file give: in
//! virtual time.

use std::collections::BTreeSet;

use shakedown::load::LoadError;
use shakedown::model::Event;
use shakedown::model::NoticeLevel;
use shakedown::model::SessionReport;
use shakedown::plan::Overrides;
use shakedown::plan::Protocol;
use shakedown::plan::from_text;

use crate::load_bed::Outcome;
use crate::load_flow::plan;
use crate::load_logins::API;
use crate::load_logins::Ask;
use crate::load_logins::Said;
use crate::load_logins::api;
use crate::load_logins::count;
use crate::load_logins::run;
use crate::load_logins::run_plan;
use crate::load_logins::said;
use crate::load_logins::session;
use crate::load_logins::try_plan;
use crate::load_logins::two_customers;

fn last_session(outcome: &Outcome) -> &SessionReport {
    let mut sessions = outcome.events().iter().filter_map(|event| match event {
        Event::Session(session) => Some(session.as_ref()),
        _ => None,
    });
    sessions.next_back().expect("it says how logins stand")
}

#[test]
fn where_nobody_can_log_in_nothing_else_is_sent() {
    let text = API.replace("pass: right", "pass: wrong");
    let text = format!(
        "{text}setup: [ {{ use: public }} ]\nteardown: [ {{ use: public }}, {{ use: public }} ]\n"
    );
    let (outcome, seen) = try_plan(plan(&text), Protocol::USUAL, || api(u32::MAX));
    let (error, events) = outcome.err().expect("it does not start");
    assert!(matches!(error, LoadError::Login(_)), "{error}");
    let reason = error.to_string();
    assert!(reason.contains("load could not log in as member (login): POST /token answered 401"));
    // Three attempts of each of both, and what setup has made is taken away.
    assert_eq!(count(&seen, "POST /token 401"), 6, "{seen:?}");
    assert_eq!((count(&seen, "GET /public"), count(&seen, "GET /orders")), (3, 0));
    let [Event::Session(session)] = events.as_slice() else { panic!("{events:?}") };
    assert!(session.never_worked());
    assert_eq!((session.failed, session.lost), (6, 2));
}

/// The API, which lets nobody in any more from the `until`th order on.
fn closing(until: u32) -> impl FnMut(&Ask) -> Said + Send + 'static {
    let (mut serve, mut orders) = (api(u32::MAX), 0);
    move |ask| {
        orders += u32::from(ask.line == "GET /orders");
        if orders >= until && ask.line != "GET /public" {
            return said(401, "", "");
        }
        serve(ask)
    }
}

#[test]
fn scenarios_end_where_nobody_has_the_login_that_they_need() {
    let open = "executor: constant-arrival-rate, exec: f, rate: 10, duration: 10m, \
                preAllocatedVUs: 5, maxVUs: 50";
    let closed = "executor: constant-vus, exec: f, vus: 5, duration: 10m";
    for scenario in [open, closed] {
        let text =
            API.replace("executor: per-vu-iterations, exec: f, vus: 2, iterations: 3", scenario);
        let text = text
            .replace(
                "{ use: orders }, { use: orders } ]",
                "{ use: orders }, { think: 100ms } ], other: [ { use: public }, { think: 1s } ]",
            )
            .replace(
                "scenarios: {",
                "scenarios: { o: { executor: constant-vus, exec: other, vus: 1, duration: 60s },",
            );
        let (outcome, seen) = run(&text, Protocol::USUAL, || closing(200));
        let session = last_session(&outcome);
        assert!(session.lost >= 2 && session.logged_in.is_some(), "{session:?}");
        // Of fifty: those who came within the three seconds that it takes to give up.
        assert!(session.lost < 40, "{session:?}");
        let lost = |event: &Event| match event {
            Event::Notice(notice) if notice.text.starts_with("auth_lost: ") => Some(notice.clone()),
            _ => None,
        };
        let lost: Vec<_> = outcome.events().iter().filter_map(lost).collect();
        assert_eq!(lost.len(), 2, "{lost:?}");
        assert!(lost[1].level == NoticeLevel::Error && lost[1].text.ends_with("`s` ends here"));
        assert!(lost[1].text.contains("nobody has the login as member any more"));
        // The other scenario goes on; this one is over after seconds, and not after ten minutes.
        let ends: Vec<f64> = outcome.windows().map(|window| window.to.as_secs_f64()).collect();
        let end = ends.last().expect("there are windows");
        assert!((60.0..70.0).contains(end), "{end}");
        assert!(count(&seen, "GET /public") >= 60);
    }
}

#[test]
fn iterations_of_a_user_who_is_lost_are_dropped_at_once() {
    let text = API.replace("bob, pass: right", "bob, pass: wrong");
    let (outcome, _) = run(&text, Protocol::USUAL, || api(u32::MAX));
    let tally = &outcome.totals().scenarios[0];
    assert_eq!((tally.iterations, tally.interrupted, tally.dropped), (3, 1, 2));
    let last = outcome.windows().last().expect("there are windows");
    assert!(last.to.as_secs() < 10, "it does not wait for `maxDuration`: {:?}", last.to);
}

const PARALLEL: &str = "
auth:
  member:
    login: [ { post: /token, json: { user: '${user}', pass: '${pass}' }, extract: { token: { jsonpath: $.token } } } ]
    apply: { header: { Authorization: 'Bearer ${token}' } }
identities: { alice: { auth: member, vars: { user: alice, pass: right } } }
requests: { orders: { get: /orders, as: alice, checks: [ { status: 200 } ] }, public: { get: /public } }
flows: { f: [ { parallel: [ { use: orders }, { use: orders }, { do: [ { use: public }, { use: orders } ] } ] }, { use: orders } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 2, iterations: 5 } }
";

#[test]
fn helpers_send_with_the_login_of_their_user() {
    for verify in ["", "    verify: { get: /me }\n"] {
        let text = PARALLEL.replace("identities:", &format!("{verify}identities:"));
        let (outcome, seen) = run(&text, Protocol::USUAL, || api(u32::MAX));
        assert_eq!(count(&seen, "POST /token"), 2, "one of each user: {seen:?}");
        assert_eq!(count(&seen, "GET /orders 200"), 40);
        let tally = &outcome.totals().scenarios[0];
        assert_eq!((tally.iterations, tally.interrupted), (10, 0));
        // Forgotten in the middle of what is done at once.
        let (outcome, seen) = run(&text, Protocol::USUAL, || api(7));
        assert_eq!(count(&seen, "GET /orders 200"), 40, "{seen:?}");
        let session = session(&outcome);
        assert!(session.lost == 0 && session.relogins > 0, "{session:?}");
        // Two users, forgotten five times; not one login for each request that was refused.
        assert!(session.logins <= 2 + 2 * 5, "{session:?}");
        assert_eq!(outcome.totals().scenarios[0].iterations, 10);
    }
}

#[test]
fn who_loses_the_login_in_a_helper_is_lost_as_a_whole() {
    let (outcome, seen) = run(PARALLEL, Protocol::USUAL, || closing(9));
    let session = last_session(&outcome);
    assert_eq!((session.lost, session.logins), (2, 2), "{session:?}");
    let tally = &outcome.totals().scenarios[0];
    assert_eq!(tally.iterations + tally.interrupted + tally.dropped, 10);
    assert!(count(&seen, "GET /orders") < 20, "{seen:?}");
}

#[test]
fn cookies_of_a_login_are_those_of_helpers_too() {
    let text = "
auth: { member: { form: { url: /login, user: '${user}', password: right } } }
identities: { alice: { auth: member, vars: { user: alice } }, bob: { auth: member, vars: { user: bob } } }
requests: { a: { get: /a, as: alice }, b: { get: /b, as: bob }, c: { get: /c } }
flows: { f: [ { use: c }, { parallel: [ { use: a }, { use: b }, { use: c }, { use: a } ] }, { use: b }, { use: a } ] }
scenarios: { s: { executor: per-vu-iterations, exec: f, vus: 1, iterations: 3 } }
";
    let (outcome, seen) = run(text, Protocol::USUAL, || two_customers);
    assert!(outcome.totals().series.iter().all(|one| one.tally.failed == 0), "{seen:?}");
    assert_eq!(count(&seen, "POST /login"), 2);
}

#[test]
fn users_log_in_with_rows_of_a_file_each_with_their_own() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(dir.path().join("users.csv"), "user,pass\nann,1\nbea,2\ncal,3\ndan,4\n")
        .expect("writable");
    let text = "version: 1
target: http://127.0.0.1:9
data: { users: { file: users.csv, mode: circular } }
auth:
  member:
    login: [ { post: /token, json: { user: '${data.users.user}', pass: '${data.users.pass}' }, extract: { token: { jsonpath: $.token } } } ]
    apply: { header: { Authorization: 'Bearer ${token}' } }
requests: { me: { get: /me, as: member } }
flows: { f: [ { use: me }, { use: me } ] }
scenarios: { s: { executor: shared-iterations, exec: f, vus: 2, iterations: 8 } }
";
    let overrides = Overrides {
        directory: dir.path().to_owned(),
        ..Overrides::new(shakedown::model::Seed(7), jiff::civil::date(2026, 11, 23))
    };
    let plan = from_text("plan.yml", text, &|_| None, &overrides)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let serve = || {
        let mut issued = BTreeSet::new();
        move |ask: &Ask| match ask.line.as_str() {
            "POST /token" => {
                let token = ask.body.replace(['"', '{', '}', ':', ','], "");
                issued.insert(format!("Bearer {token}"));
                said(200, "", &format!("{{\"token\":\"{token}\"}}"))
            }
            _ if issued.contains(ask.header("Authorization")) => {
                said(200, "", ask.header("Authorization"))
            }
            _ => said(401, "", ""),
        }
    };
    let (outcome, seen) = run_plan(plan, Protocol::USUAL, serve);
    assert_eq!(outcome.only_series().requests, 16, "{seen:?}");
    assert_eq!(outcome.only_series().failed, 0);
    // Each iteration has the next row, so each logs in, once for both of its requests.
    assert_eq!(count(&seen, "POST /token"), 8);
    let session = session(&outcome);
    assert_eq!((session.logins, session.relogins, session.lost), (8, 0, 0), "{session:?}");
}
