//! Objects of others: read, changed, and found beside one's own.

use std::sync::Arc;

use shakedown::model::Confidence;

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

const BOTH: [&str; 2] = ["bola", "bola-write"];

async fn scanned(setup: Setup, flaws: Flaws) -> (Scanned, Arc<Notes>) {
    let notes = Arc::new(Notes::new(flaws));
    let site = Arc::clone(&notes);
    (scan(setup, move |ask| site.answer(ask)).await, notes)
}

fn templates(scanned: &Scanned, rule: &str) -> Vec<String> {
    let found = scanned.found(rule);
    found.iter().map(|it| format!("{} {}", it.method, it.path_template)).collect()
}

#[tokio::test]
async fn an_object_that_another_reads_is_proven_by_its_words() {
    let flaws = Flaws { read: true, ..Flaws::default() };
    let (scanned, _) = scanned(with_two(&BOTH), flaws).await;
    assert_eq!(templates(&scanned, "bola"), ["GET /api/notes/{id}"], "{:?}", scanned.notices());
    assert_eq!(templates(&scanned, "bola-write"), [""; 0]);
    let finding = scanned.found("bola")[0];
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("`alice` made an object"), "{}", finding.detail);
    assert!(finding.detail.contains("`bob` reads it"), "{}", finding.detail);
    let word = &finding.payloads[0];
    let attack = finding.evidence.iter().find(|it| format!("{:?}", it.role) == "Attack");
    let shown = attack.expect("an attack").response.clone().expect("a response").data;
    assert!(String::from_utf8_lossy(&shown).contains(word.as_str()));
}

#[tokio::test]
async fn people_register_where_the_plan_has_nobody() {
    let flaws = Flaws { read: true, write: true, ..Flaws::default() };
    let (scanned, notes) = scanned(with_nobody(&BOTH), flaws).await;
    assert_eq!(templates(&scanned, "bola"), ["GET /api/notes/{id}"], "{:?}", scanned.notices());
    assert_eq!(templates(&scanned, "bola-write"), ["PUT /api/notes/{id}"]);
    assert!(scanned.notices().iter().any(|text| text.contains("scan: registered")));
    assert!(notes.users() >= 5, "two are new");
    let closed = Flaws { closed: true, ..flaws };
    let (scanned, notes) = self::scanned(with_nobody(&BOTH), closed).await;
    assert_eq!(notes.users(), 3);
    assert!(scanned.found("bola").is_empty());
    assert!(scanned.outcome("bola").skipped.is_some());
}

#[tokio::test]
async fn what_another_changes_is_read_back_and_changed_back() {
    let flaws = Flaws { write: true, takeover: true, ..Flaws::default() };
    let (scanned, notes) = scanned(with_two(&BOTH), flaws).await;
    let mut found = templates(&scanned, "bola-write");
    found.sort();
    let all = [
        "PUT /api/notes/{id}",
        "PUT /api/users/{username}/email",
        "PUT /api/users/{username}/password",
    ];
    assert_eq!(found, all, "{:?}", scanned.notices());
    for finding in scanned.found("bola-write") {
        assert_eq!(finding.confidence, Confidence::Confirmed);
        assert!(finding.detail.contains("was changed back"), "{}", finding.detail);
    }
    for (user, password) in [("alice", "lantern-58"), ("bob", "harbour-31")] {
        assert_eq!(notes.password(user), password);
    }
    assert_eq!(notes.email("bob"), "bob@notes.example");
}

#[tokio::test]
async fn who_may_only_see_their_own_raises_nothing() {
    let quiet = [
        Flaws::default(),
        Flaws { lies: true, ..Flaws::default() },
        Flaws { public: true, ..Flaws::default() },
        // What somebody writes to their own record, they and others see in a list.
        Flaws { lists: true, ..Flaws::default() },
    ];
    for flaws in quiet {
        let (scanned, notes) = scanned(with_two(&BOTH), flaws).await;
        for rule in BOTH {
            assert!(scanned.found(rule).is_empty(), "{flaws:?}: {:?}", scanned.found(rule));
            assert!(scanned.outcome(rule).requests > 0, "{rule}");
        }
        println!(
            "clean: bola {}, bola-write {}",
            scanned.outcome("bola").requests,
            scanned.outcome("bola-write").requests
        );
        for (user, password) in [("alice", "lantern-58"), ("bob", "harbour-31")] {
            assert_eq!(notes.password(user), password, "{flaws:?}");
        }
        // The crawl has set Alice's to what it fills in, and everything else was changed back.
        assert_eq!(notes.email("alice"), "user@example.com", "{flaws:?}");
        assert_eq!(notes.email("bob"), "bob@notes.example", "{flaws:?}");
    }
}

#[tokio::test]
async fn what_everybody_may_list_is_meant_for_everybody() {
    let flaws = Flaws { shared: true, ..Flaws::default() };
    let (scanned, _) = scanned(with_two(&["bola"]), flaws).await;
    // The list names the notes of all; that their secret is read is told by its name alone. What has no
    // such name is not (`orders`).
    let [finding] = scanned.found("bola")[..] else { panic!("{:?}", scanned.found("bola")) };
    assert!(finding.detail.contains("in `secret`"), "{}", finding.detail);
}

/// Two members of a shop with orders that pages link to; `checks` tells whose they are.
fn orders(checks: bool, greets: bool) -> impl Fn(&Ask) -> shakedown::model::Response + Send + Sync {
    move |ask| {
        let token = ask.authorization.strip_prefix("Bearer tok-").unwrap_or_default();
        let who = ["alice", "bob"].into_iter().find(|name| token.starts_with(name));
        if ask.path == "/api/login" {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            let name = if body.contains("alice") { "alice" } else { "bob" };
            let token = format!("{{\"token\":\"tok-{name}-0001\"}}");
            return respond(200, "application/json", token);
        }
        let Some(who) = who else { return redirect("/login") };
        let greeting = if greets { format!("<i>Hello {who}</i>") } else { String::new() };
        let owner = |id: u32| if id % 2 == 1 { "alice" } else { "bob" };
        let order = ask.path.strip_prefix("/orders/").and_then(|id| id.parse::<u32>().ok());
        match (ask.path.as_str(), order) {
            ("/", _) => html(format!("{greeting}<a href=/orders>orders</a><a href=/blog/5>5</a>")),
            ("/orders", _) => {
                let own = [41, 42].into_iter().filter(|id| owner(*id) == who);
                let links: Vec<String> =
                    own.map(|id| format!("<a href=/orders/{id}>{id}</a>")).collect();
                let links = links.concat();
                html(format!("{greeting}<h1>Orders</h1>{links}"))
            }
            (_, Some(id @ (41 | 42))) if owner(id) == who || !checks => {
                let name = owner(id);
                html(format!(
                    "{greeting}<h1>Order {id}</h1><p>to {name}@shop.example</p><p>one lantern</p>"
                ))
            }
            ("/blog/5", _) => html(format!("{greeting}<h1>News</h1><p>by alice</p>")),
            _ => not_found(),
        }
    }
}

#[tokio::test]
async fn what_only_ones_own_pages_lead_to_is_asked_for_as_another() {
    for greets in [false, true] {
        let setup = Setup { allow_unsafe: false, ..with_two(&["bola"]) };
        let scanned = scan(setup, orders(false, greets)).await;
        assert_eq!(templates(&scanned, "bola"), ["GET /orders/{id}"], "{greets}");
        let finding = scanned.found("bola")[0];
        assert_eq!(finding.confidence, Confidence::Firm);
        assert!(finding.detail.contains("alice@shop.example"), "{}", finding.detail);
        let setup = Setup { allow_unsafe: false, ..with_two(&["bola"]) };
        let scanned = scan(setup, orders(true, greets)).await;
        assert!(scanned.found("bola").is_empty(), "{:?}", scanned.found("bola"));
        assert!(scanned.outcome("bola").requests > 0);
    }
}

#[tokio::test]
async fn one_person_alone_finds_the_neighbours_number() {
    let alone = PEOPLE.lines().filter(|line| !line.contains("bob")).collect::<Vec<_>>().join("\n");
    for (checks, count) in [(false, 1), (true, 0)] {
        let sessions = sessions_as("alice", &alone);
        let setup = Setup { sessions, active: vec!["bola"], ..Setup::default() };
        let scanned = scan(setup, orders(checks, true)).await;
        let found = scanned.found("bola");
        assert_eq!(found.len(), count, "{found:?}");
        for finding in found {
            assert!(finding.detail.contains("bob@shop.example"), "{}", finding.detail);
        }
    }
}
