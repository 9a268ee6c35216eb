//! Functions of other roles, pages behind logins, members that nobody may set, and secrets of others.

use std::sync::Arc;

use shakedown::model::Confidence;
use shakedown::model::Response;

use super::notes::Flaws;
use super::notes::Notes;
use super::notes::PEOPLE;
use super::notes::sessions_as;
use super::notes::with_nobody;
use super::notes::with_two;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

async fn scanned(setup: Setup, flaws: Flaws) -> Scanned {
    let notes = Arc::new(Notes::new(flaws));
    scan(setup, move |ask| notes.answer(ask)).await
}

/// Root looks at the site, who has another role than Alice.
fn as_root(checks: &[&'static str]) -> Setup {
    let people = format!(
        "{PEOPLE}  root: {{ auth: member, role: admin, vars: {{ user: root, pass: granite-77 }} }}\n"
    );
    Setup { sessions: sessions_as("root", &people), ..with_nobody(checks) }
}

#[tokio::test]
async fn a_function_of_administrators_that_members_reach_is_told() {
    let rule = "function-level-access";
    let scanned_with = |function| scanned(as_root(&[rule]), Flaws { function, ..Flaws::default() });
    let scanned = scanned_with(true).await;
    let found = scanned.found(rule);
    assert_eq!(found.len(), 1, "{found:?} {:?}", scanned.notices());
    assert_eq!(found[0].path_template, "/api/admin/users");
    assert_eq!(found[0].confidence, Confidence::Firm);
    assert!(
        found[0].detail.contains("(customer) the page of `root` (admin)"),
        "{}",
        found[0].detail
    );
    let scanned = scanned_with(false).await;
    assert!(scanned.found(rule).is_empty());
    let spent = scanned.outcome(rule).requests;
    assert!(spent > 0);
    println!("clean: {rule} {spent}");
}

#[tokio::test]
async fn without_roles_no_function_is_compared() {
    let scanned = scanned(with_two(&["function-level-access"]), Flaws::default()).await;
    let outcome = scanned.outcome("function-level-access");
    assert!(outcome.skipped.as_deref().is_some_and(|why| why.contains("roles")), "{outcome:?}");
}

/// Pages of an office behind a login; `open` is what it forgets to close.
fn office(open: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| {
        let is_in = ask.authorization.starts_with("Bearer tok");
        match ask.path.as_str() {
            "/api/login" => respond(200, "application/json", "{\"token\":\"tok-alice-1\"}"),
            "/" => html("<a href=/office/>office</a><a href=/news/1>news</a>"),
            "/news/1" => html("<h1>News</h1><p>open to all</p>"),
            // Where it leads is the same for all, and tells nothing.
            "/office/map" => redirect("/news/1"),
            path if path != open && path.starts_with("/office") && !is_in => redirect("/"),
            "/office/" => html(
                "<a href=/office/report>r</a><a href=/office/plan>p</a><a href=/office/map>m</a>",
            ),
            "/office/report" => html("<h1>Report</h1><p>numbers of the year</p>"),
            "/office/plan" => html("<h1>Plan</h1><p>numbers of the next year</p>"),
            _ => not_found(),
        }
    }
}

#[tokio::test]
async fn a_page_behind_a_login_that_anybody_gets_is_told() {
    let rule = "forced-browsing";
    for (open, expected) in [("/office/report", 1), ("", 0), ("/office/", 0)] {
        let setup = Setup { allow_unsafe: false, ..with_two(&[rule]) };
        let scanned = scan(setup, office(open)).await;
        let found = scanned.found(rule);
        assert_eq!(found.len(), expected, "{open}: {found:?}");
        assert!(scanned.outcome(rule).requests > 0);
        for finding in found {
            assert_eq!(finding.path_template, "/office/report");
            assert!(
                finding.detail.contains("/office/plan beside it with 302"),
                "{}",
                finding.detail
            );
        }
    }
}

/// A list behind a login and a page that everybody may see, both linked for members alone.
fn lounge(path: &'static str, is_linked: bool) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| {
        let is_in = ask.authorization.starts_with("Bearer tok");
        match ask.path.as_str() {
            "/api/login" => respond(200, "application/json", "{\"token\":\"tok-alice-1\"}"),
            "/" if is_linked => html(format!("<a href=/you>you</a><a href={path}>list</a>")),
            "/" => html("<a href=/you>you</a>"),
            "/you" if !is_in => redirect("/"),
            "/you" => html(format!("<h1>You</h1><a href={path}>list</a><a href=/terms>terms</a>")),
            "/terms" => html("<h1>Terms</h1><p>for all</p>"),
            asked if asked == path => respond(200, "text/csv", "item;price\nlamp;310\ndesk;705\n"),
            _ => not_found(),
        }
    }
}

#[tokio::test]
async fn a_file_for_members_that_anybody_gets_is_told_by_its_folder() {
    let rule = "forced-browsing";
    for (path, is_linked, expected) in [
        ("/members/list.csv", false, 1),
        ("/members/list.csv", true, 0),
        ("/files/list.csv", false, 0),
    ] {
        let setup = Setup { allow_unsafe: false, ..with_two(&[rule]) };
        let scanned = scan(setup, lounge(path, is_linked)).await;
        let found = scanned.found(rule);
        assert_eq!(found.len(), expected, "{path} {is_linked}: {found:?}");
        assert!(scanned.outcome(rule).requests > 0);
        assert!(found.iter().all(|it| it.path_template == path), "{found:?}");
    }
}

#[tokio::test]
async fn a_member_that_is_taken_over_is_read_back() {
    let rule = "mass-assignment";
    let cases = [
        (with_nobody(&[rule]), false),
        (with_two(&[rule]), false),
        // A list that does not show the member comes before the page that does.
        (with_two(&[rule]), true),
    ];
    for (setup, lists) in cases {
        let flaws = Flaws { assign: true, lists, ..Flaws::default() };
        let scanned = scanned(setup, flaws).await;
        let found = scanned.found(rule);
        assert_eq!(found.len(), 1, "{found:?} {:?}", scanned.notices());
        assert_eq!(found[0].path_template, "/api/register");
        assert_eq!(found[0].payloads, ["admin"]);
        assert_eq!(found[0].confidence, Confidence::Confirmed);
        let detail = &found[0].detail;
        assert!(detail.contains("`admin` = true is read back"), "{detail}");
        assert!(detail.contains("has false there"), "{detail}");
    }
    for setup in [with_nobody(&[rule]), with_two(&[rule])] {
        let scanned = scanned(setup, Flaws::default()).await;
        assert!(scanned.found(rule).is_empty(), "{:?}", scanned.found(rule));
        let spent = scanned.outcome(rule).requests;
        assert!(spent > 0);
        println!("clean: {rule} {spent}");
    }
}

/// A store that keeps whatever it gets.
fn store(keeps_all: bool) -> impl Fn(&Ask) -> Response + Send + Sync {
    let kept: std::sync::Mutex<Vec<serde_json::Value>> = std::sync::Mutex::default();
    move |ask| {
        let json = |value: &serde_json::Value| respond(200, "application/json", value.to_string());
        let mut kept = kept.lock().expect("no handler panics");
        match (ask.method.as_str(), ask.path.as_str()) {
            ("POST", "/api/login") => json(&serde_json::json!({"token": "tok-alice-1"})),
            _ if !ask.authorization.starts_with("Bearer tok") => respond(401, "text/plain", "no"),
            ("GET", "/") => html("<a href=/openapi.json>description</a>"),
            ("GET", "/openapi.json") => json(&store_description()),
            ("GET", "/api/items") => json(&serde_json::json!(*kept)),
            ("POST", "/api/items") => {
                let sent: serde_json::Value =
                    serde_json::from_slice(&ask.request.body).unwrap_or_default();
                let mut item = if keeps_all {
                    sent
                } else {
                    let balance = sent.get("balance").cloned().unwrap_or(serde_json::json!(0));
                    serde_json::json!({"title": sent["title"], "balance": balance})
                };
                item["id"] = serde_json::json!(kept.len());
                kept.push(item.clone());
                json(&item)
            }
            _ => not_found(),
        }
    }
}

fn store_description() -> serde_json::Value {
    let schema = serde_json::json!({"type": "object", "properties": {"title": {"type": "string"}}});
    let body = serde_json::json!({"content": {"application/json": {"schema": schema}}});
    let ok = serde_json::json!({"200": {"description": "ok"}});
    serde_json::json!({
        "openapi": "3.0.0",
        "info": {"title": "store", "version": "1"},
        "paths": {"/api/items": {
            "get": {"responses": ok},
            "post": {"requestBody": body, "responses": ok},
        }},
    })
}

#[tokio::test]
async fn a_store_that_keeps_everything_is_told_from_one_that_takes_a_balance() {
    for (keeps_all, expected) in [(false, 1), (true, 0)] {
        let scanned = scan(with_two(&["mass-assignment"]), store(keeps_all)).await;
        let found = scanned.found("mass-assignment");
        assert_eq!(found.len(), expected, "{found:?}");
        for finding in found {
            assert_eq!(finding.payloads, ["balance"]);
        }
    }
}

#[tokio::test]
async fn passwords_of_others_in_an_answer_are_told() {
    let rule = "excessive-data";
    let scanned_with = |debug| scanned(with_two(&[rule]), Flaws { debug, ..Flaws::default() });
    let scanned = scanned_with(true).await;
    let found = scanned.found(rule);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].path_template, "/api/debug");
    assert_eq!(found[0].confidence, Confidence::Confirmed);
    assert!(found[0].detail.contains("whoever asks is shown `password`"), "{}", found[0].detail);
    assert!(found[0].detail.contains("the password of `alice`"), "{}", found[0].detail);
    let scanned = scanned_with(false).await;
    assert!(scanned.found(rule).is_empty());
    let spent = scanned.outcome(rule).requests;
    assert!(spent > 0);
    println!("clean: {rule} {spent}");
}
