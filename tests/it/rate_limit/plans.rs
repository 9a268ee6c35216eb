//! What plans declare, and what is said of mistakes.

use shakedown::plan::LimitKey;

use super::TARGET;
use super::limits;
use super::plan;
use super::valid;

#[test]
fn a_limit_says_of_which_request_how_many_and_by_whom() {
    let plan = valid(
        TARGET,
        "requests:\n  login: { post: /login, json: { user: '${user}' } }\n  \
         item: { get: '/items/${item}', examples: { item: 17 } }\n\
         auth: { member: { basic: { user: '${user}', password: p } } }\n\
         identities:\n  ann: { auth: member, vars: { user: ann } }\n  \
         ben: { auth: member, vars: { user: ben } }\n\
         observe: [ X-Pod ]\n\
         scan:\n  active: all\n  rate_limits:\n  \
         - { request: login, expect: 5/min, key: user, as: ben, refused: [ 403, 429 ] }\n  \
         - { request: item, expect: 100/1s }\n",
    );
    let [login, item] = limits(&plan) else { panic!("two limits") };
    assert_eq!((login.name.as_str(), login.key), ("login", LimitKey::User));
    assert_eq!(login.allowed.to_string(), "5 per 1 m");
    assert_eq!((login.who.as_deref(), login.refused.as_slice()), (Some("ben"), &[403, 429][..]));
    assert!(String::from_utf8_lossy(&login.request.body).contains("ben"));
    let (other, request) = login.other.as_ref().expect("there is another");
    assert!(other == "ann" && String::from_utf8_lossy(&request.body).contains("ann"));
    assert_eq!(item.request.path_and_query_text(), "/items/17");
    assert_eq!((item.key, &item.who, &item.other), (LimitKey::Ip, &None, &None));
    assert_eq!(item.observed, ["X-Pod"]);
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn mistakes_are_told_where_they_stand() {
    for (limit, said, column) in [
        ("request: b, expect: 5/1m", "unknown request `b`", 35),
        ("request: c, expect: 5/1m", "`c` needs `${item}`, which only a running load has", 35),
        ("request: c, expect: 5/1m", "give the request `examples: { item: … }`", 35),
        ("request: off, expect: 5/1m", "has `enabled: false`, so no probe may send it", 35),
        ("request: live, expect: 5/1m", "is a session, stream or call", 35),
        ("request: a, expect: 5", "says no time", 46),
        ("request: a, expect: 500/1m", "more than 400", 46),
        ("request: a, expect: 5/2d", "from 100ms to 1d", 46),
        ("request: a, expect: 5/1m, key: users", "did you mean `user`?", 57),
        ("request: a, expect: 5/1m, key: user", "by user needs somebody who sends", 52),
        ("request: a, expect: 5/1m, as: bob", "unknown identity `bob`", 56),
        ("request: a, expect: 5/1m, as: member", "`member` is an auth", 56),
        ("request: a, expect: 5/1m, refused: []", "`refused` names no status", 61),
        ("request: a, expect: 5/1m, refused: [ 200 ]", "a status from 300 to 599", 63),
        ("request: a, expects: 5/1m", "did you mean `expect`?", 38),
    ] {
        let rest = format!(
            "requests: {{ a: {{ get: / }}, c: {{ get: '/c/${{item}}' }}, off: {{ get: /, enabled: false }}, \
             live: {{ ws: /, messages: [ {{ send: x }} ] }} }}\n\
             scan: {{ rate_limits: [ {{ {limit} }} ] }}\n\
             auth: {{ member: {{ basic: {{ user: u, password: p }} }} }}\n\
             identities: {{ ann: {{ auth: member }} }}\n"
        );
        let told = plan(TARGET, &rest).expect_err(limit).render(false);
        let words = told.split_whitespace().filter(|word| *word != "│");
        let flat = words.collect::<Vec<_>>().join(" ");
        assert!(flat.contains(said), "{limit}: {told}");
        assert!(told.contains(&format!("[plan.yml:4:{column}]")), "{limit}: {told}");
    }
}
