//! Logins and what holds them.

use std::sync::Arc;

use shakedown::model::Confidence;

use super::house::Flaws;
use super::house::House;
use super::house::Verifies;
use super::house::tokens;
use super::house::visited;
use super::notes;
use super::notes::Notes;
use super::notes::with_nobody;
use super::notes::with_two;
use super::site::Scanned;
use super::site::Setup;
use super::site::scan;

const ALL: [&str; 7] = [
    "session-fixation",
    "logout-ineffective",
    "session-id-predictable",
    "cookie-credentials",
    "password-in-url",
    "user-enumeration",
    "login-unlimited",
];

async fn house(checks: &[&'static str], flaws: Flaws) -> Scanned {
    let house = Arc::new(House::new(flaws));
    scan(visited(checks), move |ask| house.answer(ask)).await
}

async fn notes_with(setup: Setup, flaws: notes::Flaws) -> Scanned {
    let notes = Arc::new(Notes::new(flaws));
    scan(setup, move |ask| notes.answer(ask)).await
}

#[tokio::test]
async fn each_flaw_of_a_login_is_found_by_its_own_check() {
    let none = Flaws::default();
    for (rule, flaws, words) in [
        (
            "session-fixation",
            Flaws { keeps_id: true, ..none },
            "the cookie `sid` that a visitor got",
        ),
        ("logout-ineffective", Flaws { stays_in: true, ..none }, "after GET /logout"),
        ("session-id-predictable", Flaws { counts: true, ..none }, "grow by at most"),
        (
            "cookie-credentials",
            Flaws { remembers: true, ..none },
            "`remember` holds their password",
        ),
        ("password-in-url", Flaws { gets: true, ..none }, "takes the password in its query"),
        ("user-enumeration", Flaws { tells: true, ..none }, "3 times each in random order"),
        ("login-unlimited", none, "25 wrong passwords for `bob`"),
    ] {
        let scanned = house(&[rule], flaws).await;
        let found = scanned.found(rule);
        assert_eq!(found.len(), 1, "{rule}: {:?} {:?}", scanned.notices(), scanned.outcome(rule));
        assert!(found[0].detail.contains(words), "{rule}: {}", found[0].detail);
        assert!(found[0].confidence >= Confidence::Firm, "{rule}");
        assert!(!found[0].evidence.is_empty());
    }
}

#[tokio::test]
async fn a_careful_login_raises_nothing() {
    let flaws = Flaws { asks_people: true, ..Flaws::default() };
    for rule in ALL {
        let scanned = house(&[rule], flaws).await;
        assert!(scanned.found(rule).is_empty(), "{rule}: {:?}", scanned.found(rule));
        let outcome = scanned.outcome(rule);
        assert!(outcome.requests > 0, "{rule}: {outcome:?}");
        println!("clean: {rule} {} {:?}", outcome.requests, outcome.skipped);
    }
}

#[tokio::test]
async fn a_login_that_brakes_is_limited() {
    let rule = "login-unlimited";
    let none = notes::Flaws::default();
    for (locks_after, count) in [(None, 1), (Some(5), 0)] {
        for setup in [with_two(&[rule]), with_nobody(&[rule])] {
            let flaws = notes::Flaws { locks_after, ..none };
            let scanned = notes_with(setup, flaws).await;
            assert_eq!(scanned.found(rule).len(), count, "{locks_after:?} {:?}", scanned.notices());
            assert!(scanned.outcome(rule).requests > 0);
        }
    }
}

#[tokio::test]
async fn an_interface_that_tells_who_exists_is_told() {
    let rule = "user-enumeration";
    for (tells, at_login) in [(true, 1), (false, 0)] {
        let flaws = notes::Flaws { tells, ..notes::Flaws::default() };
        let scanned = notes_with(with_two(&[rule]), flaws).await;
        let found = scanned.found(rule);
        let login = found.iter().filter(|it| it.path_template == "/api/login").count();
        assert_eq!(login, at_login, "{found:?}");
        // It says of a name that it is taken, whatever the password.
        assert_eq!(found.len(), at_login + 1, "{found:?}");
    }
}

#[tokio::test]
async fn forged_tokens_are_told_by_what_is_wrong() {
    let all = ["jwt-unverified", "jwt-weak-key", "jwt-key-confusion", "jwt-expiry"];
    for (verifies, expected, words) in [
        (Verifies::Well, "", ""),
        (Verifies::Word, "jwt-weak-key", "the word `changeme`"),
        (Verifies::WordForEver, "jwt-weak-key jwt-expiry", "the word `changeme`"),
        (Verifies::Never, "jwt-unverified", "the signature garbled"),
        (Verifies::None, "jwt-unverified", "`alg` none"),
        (Verifies::File, "jwt-key-confusion", "`kid` /dev/null"),
        (Verifies::Query, "jwt-key-confusion", "`kid` x' UNION SELECT"),
        (Verifies::Bound, "", ""),
        (Verifies::Pair, "", ""),
        (Verifies::PairByToken, "jwt-key-confusion", "`alg` HS256 with the published key in PEM"),
        (Verifies::PemByToken, "jwt-key-confusion", "`alg` HS256 with the published PEM"),
    ] {
        let scanned = scan(with_two(&all), tokens(verifies)).await;
        for rule in all {
            let found = scanned.found(rule);
            let is_expected = expected.split(' ').any(|it| it == rule);
            assert_eq!(found.len(), usize::from(is_expected), "{verifies:?} {rule}: {found:?}");
            assert!(scanned.outcome(rule).requests > 0);
            for finding in found {
                assert!(finding.detail.contains(words), "{}", finding.detail);
                assert_eq!(finding.confidence, Confidence::Confirmed);
            }
            if verifies == Verifies::Well {
                println!("clean: {rule} {}", scanned.outcome(rule).requests);
            }
        }
    }
}
