//! What is looked for in load's own traffic, on traffic that is made up.

use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use shakedown::model::{
    Canaries, Confidence, Digits, Exchange, Finding, GeneratorWindow, Header, HttpVersion,
    LoadWindow, Origin, Redactor, Request, Response, SeriesId, SeriesKind, SeriesMeta,
    SeriesWindow, Tally, Tapped, Target, Timings,
};
use shakedown::plan::Watched;
use shakedown::rules::Registry;
use shakedown::stress::{Collateral, Conclusion, Watch};

const CANARIES: u64 = 11;

/// Of a series of one request.
struct Answer<'a> {
    series: u32,
    user: u64,
    status: u16,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

const PLAIN: Answer<'static> =
    Answer { series: 0, user: 1, status: 200, headers: &[], body: "All is well." };

fn target() -> Origin {
    Target::parse("http://127.0.0.1:8080/").expect("an address").origin
}

fn tapped(answer: &Answer<'_>, at: f64) -> Tapped {
    let mut request = Request::get(target(), format!("/part/{}", answer.series).as_str());
    let mark = Canaries::of(CANARIES).mark(answer.user);
    request.headers.push(Header { name: "X-Member".to_owned(), value: mark.to_vec() });
    let header = |(name, value): &(&str, &str)| Header {
        name: (*name).to_owned(),
        value: value.as_bytes().to_vec(),
    };
    let response = Response {
        status: answer.status,
        reason: String::new(),
        version: HttpVersion::Http11,
        headers: answer.headers.iter().map(header).collect(),
        body: answer.body.as_bytes().to_vec(),
        wire_len: 0,
        truncated: false,
    };
    Tapped {
        exchange: Exchange {
            request,
            outcome: Ok(response),
            timings: Timings::default(),
            peer: None,
            tls: None,
        },
        at: Duration::from_secs_f64(at),
        user: answer.user,
        series: SeriesId(answer.series),
        request: answer.series as usize,
    }
}

fn watch(watched: Watched) -> Watch {
    static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| Arc::new(Registry::embedded()));
    let registry = Arc::clone(&REGISTRY);
    let canaries = Canaries::of(CANARIES);
    // The request of series 9 must be refused.
    Watch::new((watched, &[9]), canaries, registry, Redactor::default(), "target")
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.id.as_str()).collect()
}

#[test]
fn what_is_looked_for_is_described() {
    let registry = Registry::embedded();
    let ids: Vec<&str> = registry.under_load().iter().map(|meta| meta.id.as_str()).collect();
    let mut known = shakedown::stress::RULES.to_vec();
    known.sort_unstable();
    assert_eq!(ids, known);
}

#[test]
fn a_mark_of_another_user_is_told_at_once_with_both_requests() {
    let mut watch = watch(Watched { bleed: true, ..Watched::default() });
    // Each his own, and a text that only looks like a mark.
    for user in 1..=50 {
        let own = format!("Member {} sdc0123456789abcdef01234", mark(user));
        let answer = Answer { user, body: &own, ..PLAIN };
        assert_eq!(rules(&watch.look(&tapped(&answer, 1.0), Some(10.0))), [""; 0]);
    }
    let others = format!("Member {}", mark(7));
    let headers = [("X-Served-By", "app-2"), ("X-Cache", "HIT")];
    let answer = Answer { user: 3, body: &others, headers: &headers, ..PLAIN };
    let found = watch.look(&tapped(&answer, 2.5), Some(10.0));
    assert_eq!(rules(&found), ["user-bleed"]);
    let finding = &found[0];
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert_eq!(
        finding.detail,
        "user 3 got what belongs to user 7, at 2.5 s, from backend app-2, out of a cache"
    );
    assert_eq!(finding.evidence.len(), 2, "what came, and what its owner had sent");
    // Again at the same endpoint it is counted, and told at the end.
    assert_eq!(rules(&watch.look(&tapped(&answer, 3.0), Some(10.0))), [""; 0]);
    let end = watch.end();
    assert_eq!(rules(&end), ["user-bleed"]);
    assert!(end[0].detail.ends_with("; in 2 answers looked at"), "{}", end[0].detail);
    assert_eq!((watch.outcomes()[0].matched, &watch.outcomes()[0].skipped), (2, &None));
}

fn mark(user: u64) -> String {
    String::from_utf8(Canaries::of(CANARIES).mark(user).to_vec()).expect("ASCII")
}

/// An answer: its user, headers and body.
type Cached<'a> = (u64, &'a [(&'a str, &'a str)], &'a str);

/// What a watch for caches tells of these answers, each with its user.
fn cached(answers: &[Cached<'_>]) -> Vec<Finding> {
    let mut watch = watch(Watched { cache: true, ..Watched::default() });
    let mut found = Vec::new();
    for (second, (user, headers, body)) in (0_u32..).zip(answers) {
        let answer = Answer { user: *user, headers, body, ..PLAIN };
        found.extend(watch.look(&tapped(&answer, f64::from(second)), None));
    }
    found
}

#[test]
fn one_user_alone_cannot_show_a_bleed_and_that_is_said() {
    let mut watch = watch(Watched { bleed: true, ..Watched::default() });
    for second in 0..50_u32 {
        watch.look(&tapped(&PLAIN, f64::from(second)), None);
    }
    let skipped = watch.outcomes()[0].skipped.clone();
    assert!(skipped.is_some_and(|why| why.contains("fewer than two virtual users")));
}

#[test]
fn what_is_one_users_is_told_when_a_cache_serves_it() {
    let others = format!("Dear {}", mark(7));
    let found = cached(&[
        (7, &[("X-Cache", "MISS")], &others),
        (3, &[("X-Cache", "HIT")], &others),
        (4, &[("X-Cache", "HIT")], &others),
    ]);
    assert_eq!(rules(&found), ["private-answer-cached"]);
    assert!(found[0].detail.contains("another user's data (user 7)"), "{}", found[0].detail);
    // His own, which a cache on the way has had for some time.
    let own = format!("Dear {}", mark(3));
    let found = cached(&[(3, &[("Age", "12")], &own)]);
    assert!(found[0].detail.contains("its user's own data"), "{}", found[0].detail);
    let private = [("Age", "12"), ("Cache-Control", "private"), ("Set-Cookie", "a=b")];
    let found = cached(&[(3, &private, "Dear customer")]);
    assert!(found[0].detail.contains("although Cache-Control says private"));
    assert_eq!(found[0].confidence, Confidence::Tentative);
    assert!(cached(&[(3, &private[..2], "Open from nine")]).is_empty(), "it is nobody's");
}

#[test]
fn a_cookie_out_of_a_cache_is_told_when_two_users_get_it_and_others_get_others() {
    let sid = |value: &str| format!("sid={value}; Path=/; HttpOnly");
    let (one, other) = (sid("83b1f0e2c7"), sid("5c90aa1d4e"));
    let miss = |set: &'static str| [("X-Cache", "MISS"), ("Set-Cookie", set)];
    let hit = |set: &'static str| [("X-Cache", "HIT"), ("Set-Cookie", set)];
    let (one, other): (&'static str, &'static str) = (one.leak(), other.leak());
    let found = cached(&[
        (1, &miss(one), ""),
        (2, &miss(other), ""),
        (3, &hit(other), ""),
        (3, &hit(other), ""),
        (4, &hit(other), ""),
    ]);
    assert_eq!(rules(&found), ["private-answer-cached"]);
    assert_eq!((found[0].confidence, found[0].evidence.len()), (Confidence::Confirmed, 2));
    // A backend's name, which the origin gives to several users.
    assert!(
        cached(&[
            (1, &miss(one), ""),
            (2, &miss(other), ""),
            (5, &miss(other), ""),
            (3, &hit(other), ""),
            (4, &hit(other), ""),
        ])
        .is_empty()
    );
    // One that everybody gets, from the origin too, is nobody's; nor is one that only one user gets.
    assert!(cached(&[(1, &miss(one), ""), (2, &hit(one), ""), (3, &hit(one), "")]).is_empty());
    assert!(cached(&[(1, &miss(one), ""), (2, &hit(other), ""), (2, &hit(other), "")]).is_empty());
}

#[test]
fn what_a_cache_may_keep_is_not_told() {
    let own = format!("Dear {}", mark(3));
    // The application's own cache, by user; a key with the user in it; nobody's answer.
    assert!(cached(&[(3, &[("X-Cache", "HIT")], &own)]).is_empty());
    assert!(cached(&[(3, &[("Age", "12"), ("Vary", "Accept, X-Member")], &own)]).is_empty());
    assert!(cached(&[(3, &[("Age", "12"), ("Vary", "Cookie")], &own)]).is_empty());
    assert!(
        cached(&[(3, &[("Age", "12"), ("Cache-Control", "max-age=60")], "All is well.")])
            .is_empty()
    );
    assert!(cached(&[(3, &[("X-Cache", "MISS"), ("Cache-Control", "private")], &own)]).is_empty());
}

#[test]
fn a_door_that_opens_is_told_at_once_with_the_load_and_how_often() {
    let mut watch = watch(Watched::default());
    let refused = Answer { series: 9, status: 401, ..PLAIN };
    let open = Answer { series: 9, status: 200, ..PLAIN };
    for step in 0..37 {
        assert_eq!(rules(&watch.look(&tapped(&refused, f64::from(step)), Some(20.0))), [""; 0]);
    }
    // Another request may well be let in, and a door that does not answer is not open.
    assert_eq!(rules(&watch.look(&tapped(&PLAIN, 37.0), Some(20.0))), [""; 0]);
    let busy = Answer { status: 503, ..open };
    assert_eq!(rules(&watch.look(&tapped(&busy, 38.0), Some(400.0))), [""; 0]);
    let open = Answer { series: 9, status: 200, ..PLAIN };
    let found = watch.look(&tapped(&open, 40.0), Some(410.0));
    assert_eq!(rules(&found), ["fail-open"]);
    assert_eq!(found[0].confidence, Confidence::Confirmed);
    assert_eq!(found[0].evidence.len(), 2, "what was let in, and a refusal");
    watch.look(&tapped(&open, 41.5), Some(410.0));
    watch.look(&tapped(&refused, 60.0), Some(20.0));
    let end = watch.end();
    assert_eq!(
        end[0].detail,
        "let in 2 of 41 times, first at 40.0 s under 410 requests/s, last at 41.5 s; refused 38 times \
         before"
    );
}

#[test]
fn a_door_that_was_never_shut_is_told_without_the_load_s_being_the_cause() {
    let mut watch = watch(Watched::default());
    let open = Answer { series: 9, ..PLAIN };
    let found = watch.look(&tapped(&open, 1.0), Some(20.0));
    assert_eq!((rules(&found), found[0].confidence), (vec!["fail-open"], Confidence::Firm));
    assert!(found[0].detail.ends_with("never refused before"), "{}", found[0].detail);
}

/// An exception of some server.
const TRACE: &str = "java.lang.IllegalStateException: pool is empty\n\
    \tat org.shop.pool.Pool.take(Pool.java:81)\n\tat org.shop.web.Page.show(Page.java:12)\n";

/// How often a leak was told in so many runs: with a share of answers that leak below and beyond 200
/// requests per second.
fn leaks(runs: u64, below: f64, beyond: f64) -> usize {
    let told = (0..runs).filter(|seed| {
        let mut rng = StdRng::seed_from_u64(40 + seed);
        let mut watch = watch(Watched { leaks: true, ..Watched::default() });
        for step in 0..600_u32 {
            let level = 20.0 + f64::from(step);
            let share = if level < 200.0 { below } else { beyond };
            let leaks = rng.random_bool(share);
            let (status, body) = if leaks { (500, TRACE) } else { (200, "All is well.") };
            let answer = Answer { status, body, ..PLAIN };
            let found = watch.look(&tapped(&answer, f64::from(step) / 20.0), Some(level));
            assert!(found.is_empty(), "only the whole run tells");
        }
        rules(&watch.end()).contains(&"leak-under-load")
    });
    told.count()
}

#[test]
fn what_leaks_only_beyond_a_level_is_told_and_what_always_leaks_is_not() {
    assert_eq!(leaks(20, 0.0, 0.2), 20);
    assert_eq!(leaks(5, 0.0, 1.0), 5);
    assert_eq!(leaks(2, 0.0, 0.0), 0);
    // The passive rule's own finding, whatever the load is.
    let shares = [0.001, 0.002, 0.005, 0.02, 0.1, 0.5];
    let always: usize = shares.map(|share| leaks(8, share, share)).iter().sum();
    assert!(always <= 1, "{always} of 48");
}

#[test]
fn the_level_and_the_counts_of_a_leak_are_told() {
    let mut watch = watch(Watched { leaks: true, ..Watched::default() });
    for step in 0..100 {
        watch.look(&tapped(&PLAIN, f64::from(step)), Some(50.0));
    }
    let leak = Answer { status: 500, body: TRACE, ..PLAIN };
    for step in 0..30 {
        let answer = if step % 2 == 0 { &leak } else { &PLAIN };
        watch.look(&tapped(answer, 100.0 + f64::from(step)), Some(400.0));
    }
    let found = watch.end();
    let trace = found.iter().find(|finding| finding.detail.contains("stack-trace"));
    let trace = trace.expect("the rule that sees it");
    assert!(
        trace.detail.ends_with(
            "from 400 requests/s on, first at 100.0 s: in 15 of 30 answers looked at since; in none \
             of 100 under less load before"
        ),
        "{}",
        trace.detail
    );
    assert_eq!((trace.evidence.len(), trace.occurrences), (3, 1));
}

const PROTECTED: [(&str, &str); 2] =
    [("X-Content-Type-Options", "nosniff"), ("Content-Type", "text/plain; charset=utf-8")];

#[test]
fn protection_that_one_backend_leaves_out_is_told_with_the_backend() {
    let mut watch = watch(Watched { posture: true, ..Watched::default() });
    for step in 0..300_u32 {
        let backend = ["app-1", "app-2", "app-3"][step as usize % 3];
        let mut headers = vec![("X-Served-By", backend), PROTECTED[1]];
        if backend != "app-3" {
            headers.push(PROTECTED[0]);
        }
        watch.look(&tapped(&Answer { headers: &headers, ..PLAIN }, f64::from(step)), Some(10.0));
    }
    let found = watch.end();
    assert_eq!(rules(&found), ["protection-inconsistent"]);
    assert!(found[0].detail.contains("content-type-options-missing"), "{}", found[0].detail);
    assert!(
        found[0].detail.ends_with("in 100 of 300 answers 200 looked at (33.3 %), all from app-3"),
        "{}",
        found[0].detail
    );
    assert_eq!(found[0].evidence.len(), 2, "one without and one with");
}

#[test]
fn protection_that_is_always_or_never_there_is_not_inconsistent() {
    let mut watch = watch(Watched { posture: true, ..Watched::default() });
    for step in 0..300_u32 {
        // Another endpoint and an error without it are others.
        let (series, status) = [(0, 200), (1, 200), (0, 404)][step as usize % 3];
        let headers: &[_] = if (series, status) == (0, 200) { &PROTECTED } else { &PROTECTED[1..] };
        watch.look(
            &tapped(&Answer { series, status, headers, ..PLAIN }, f64::from(step)),
            Some(10.0),
        );
    }
    assert_eq!(rules(&watch.end()), [""; 0]);
}

const OTHERS: u32 = 0;
const BURDEN: u32 = 1;

/// What is concluded of so many seconds of load, in which others take `usual` seconds and as many times
/// as long with the burden as `harm` says; more of them fail by `failing`.
fn collateral(seconds: u64, (usual, harm): (f64, f64), failing: f64, seed: u64) -> Conclusion {
    let mut rng = StdRng::seed_from_u64(seed);
    let request = Request::get(target(), "/export");
    let registry = Arc::new(Registry::embedded());
    let names = vec!["export".to_owned()];
    let mut measured =
        Collateral::new((names, Vec::new()), request, registry, Redactor::default(), "target");
    let series = |id, request: &str| SeriesMeta {
        id: SeriesId(id),
        scenario: "load".to_owned(),
        request: request.to_owned(),
        method: "GET".to_owned(),
        path_template: format!("/{request}"),
        url: String::new(),
        kind: SeriesKind::Http,
        tags: std::collections::BTreeMap::new(),
    };
    measured.declared(&[series(OTHERS, "page"), series(BURDEN, "export")]);
    let mut is_on = true;
    for second in 0..seconds {
        let mut others = Tally::new(Digits::Two);
        for _ in 0..100 {
            let times = if is_on { harm } else { 1.0 };
            let took = usual * times * (0.5 + rng.random::<f64>());
            others.requests += 1;
            others.duration.record(Duration::from_secs_f64(took));
            others.failed += u64::from(is_on && rng.random_bool(failing));
        }
        let mut burden = Tally::new(Digits::Two);
        burden.requests = u64::from(is_on);
        let window = |series, tally| SeriesWindow { series: SeriesId(series), tally };
        let turn = measured.take(&LoadWindow {
            from: Duration::from_secs(second),
            to: Duration::from_secs(second + 1),
            warmup: false,
            series: vec![window(OTHERS, others), window(BURDEN, burden)],
            scenarios: Vec::new(),
            generator: GeneratorWindow::default(),
        });
        if let Some(turned) = turn {
            is_on = turned;
            measured.turned(is_on, Duration::from_secs(second + 1) + Duration::from_millis(20));
        }
    }
    measured.conclude()
}

#[test]
fn a_burden_is_told_with_what_it_costs_the_others() {
    let Conclusion::Harm(finding) = collateral(60, (0.02, 2.0), 0.0, 1) else {
        panic!("twice as slow")
    };
    assert_eq!(finding.rule.id, "collateral");
    assert!(
        finding.detail.starts_with("while export is 0.99% of the requests"),
        "{}",
        finding.detail
    );
    assert!(finding.detail.contains("(2.0 times; 7 and 8 stretches"), "{}", finding.detail);
    let Conclusion::Harm(finding) = collateral(60, (0.02, 1.0), 0.05, 2) else {
        panic!("more of them fail")
    };
    assert!(finding.detail.contains("of them fail, without it 0%"), "{}", finding.detail);
}

#[test]
fn what_costs_nobody_anything_is_no_burden() {
    let told = (0..40)
        .filter(|seed| matches!(collateral(60, (0.02, 1.0), 0.0, 100 + seed), Conclusion::Harm(_)));
    assert_eq!(told.count(), 0);
    // A little is no harm, however sure it is.
    assert!(matches!(collateral(60, (0.02, 1.05), 0.0, 3), Conclusion::NoHarm(_)));
}

#[test]
fn a_load_that_is_too_short_says_so() {
    let Conclusion::TooLittle(text) = collateral(20, (0.02, 3.0), 0.0, 1) else { panic!("20 s") };
    assert!(text.contains("3 and 2 stretches"), "{text}");
    assert!(text.contains("40.0s of load"), "{text}");
}
