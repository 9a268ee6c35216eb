//! SQL injection of second order: stored by one request, used by another.

use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

const RULE: &str = "sqli-second-order";

/// What a database makes of `brand = '{value}'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Error,
    Rows(usize),
}

/// A condition as far as these tests need one: `'value' [AND 'n'='m']*`.
fn ask_database(value: &str, is_pasted: bool) -> Answer {
    let rows = |name: &str, holds: bool| Answer::Rows(if name == "acme" && holds { 3 } else { 0 });
    if !is_pasted {
        return rows(value, true);
    }
    let statement = format!("'{value}'").replace("''", "\u{1}");
    if statement.matches('\'').count() % 2 == 1 {
        return Answer::Error;
    }
    let mut parts = statement.split(" AND ");
    let name = parts.next().unwrap_or_default().trim_matches('\'').replace('\u{1}', "'");
    let holds = parts.all(|part| {
        part.split_once('=').is_some_and(|(a, b)| a.trim_matches('\'') == b.trim_matches('\''))
    });
    rows(&name, holds)
}

async fn scan_alerts(is_pasted: bool, shows_errors: bool) -> Scanned {
    let brand = Mutex::new("acme".to_owned());
    let setup = Setup { active: vec![RULE], allow_unsafe: true, ..Setup::default() };
    scan(setup, move |ask: &Ask| -> Response {
        match (&*ask.method, &*ask.path) {
            ("GET", "/") => html("<a href=/alerts>a</a><a href=/about>b</a>"),
            ("GET", "/about") => html("<p>about</p>"),
            ("POST", "/alerts") => {
                ask.get("brand").clone_into(&mut brand.lock().expect("no panic"));
                redirect("/alerts")
            }
            ("GET", "/alerts") => {
                let form = "<form method=post><input name=brand value=acme></form>";
                match ask_database(&brand.lock().expect("no panic"), is_pasted) {
                    Answer::Error if shows_errors => {
                        respond(500, "text/html", "<p>unrecognized token: \"'</p>")
                    }
                    Answer::Error | Answer::Rows(0) => html(format!("{form}<p>nothing</p>")),
                    Answer::Rows(count) => html(format!("{form}{}", "<li>offer".repeat(count))),
                }
            }
            _ => not_found(),
        }
    })
    .await
}

#[tokio::test]
async fn a_quote_that_breaks_another_page_and_its_repair_are_found() {
    let scanned = scan_alerts(true, true).await;
    assert_eq!(scanned.points(RULE), ["POST /alerts form `brand`"]);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("SQLite"), "{}", finding.detail);
    let last = scanned.requests.iter().rfind(|it| it.method.as_str() == "POST").expect("written");
    assert_eq!(last.body, b"brand=acme", "the old value is back");
}

#[tokio::test]
async fn a_condition_that_is_stored_is_followed_where_errors_are_not_displayed() {
    let scanned = scan_alerts(true, false).await;
    assert_eq!(scanned.points(RULE), ["POST /alerts form `brand`"]);
}

#[tokio::test]
async fn a_value_that_is_bound_is_safe() {
    for shows_errors in [true, false] {
        let scanned = scan_alerts(false, shows_errors).await;
        assert_eq!(scanned.points(RULE), Vec::<String>::new());
        assert!(scanned.outcome(RULE).requests > 5);
    }
}

#[tokio::test]
async fn what_breaks_at_once_or_for_good_is_not_of_second_order() {
    let scanned = scan(Setup { active: vec![RULE], allow_unsafe: true, ..Setup::default() }, {
        let names: Mutex<Vec<String>> = Mutex::default();
        move |ask| match (&*ask.method, &*ask.path) {
            ("GET", "/") => html("<a href=/names>n</a><a href=/first>f</a>"),
            ("GET", "/first") => html("<form method=post><input name=v value=a></form>"),
            ("POST", "/first") if ask.get("v").contains('\'') => {
                respond(500, "text/html", "unrecognized token: \"'")
            }
            ("GET", "/names") => {
                let names = names.lock().expect("no panic");
                if names.iter().any(|name| name.contains('\'')) {
                    return respond(500, "text/html", "<p>error</p>");
                }
                html("<form method=post><input name=v value=a></form>")
            }
            ("POST", "/names") => {
                names.lock().expect("no panic").push(ask.get("v").to_owned());
                redirect("/names")
            }
            _ => redirect("/"),
        }
    })
    .await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new());
}
