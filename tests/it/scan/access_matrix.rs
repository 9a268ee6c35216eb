//! Who may do what, on a site in memory: every kind of cell, changes and what is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use shakedown::model::ANONYMOUS;
use shakedown::model::Access;
use shakedown::model::AccessMatrix;
use shakedown::model::Confidence;
use shakedown::model::Response;
use shakedown::plan::AccessSettings;
use shakedown::plan::Budgets;
use shakedown::plan::Probing;

use super::notes::PEOPLE;
use super::notes::sessions_as;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::posted;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

const RULE: &str = "access-matrix";

/// Who gets the order that is Alice's.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Checked,
    Unchecked,
    /// Bob gets it the first time that he asks.
    UncheckedOnce,
}

struct Site {
    owner: Owner,
    clock: AtomicUsize,
    bobs: AtomicUsize,
}

const PAGES: [&str; 6] = ["/clock", "/down", "/inside", "/news", "/orders/7", "/own"];

impl Site {
    fn new(owner: Owner) -> Self {
        let (clock, bobs) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { owner, clock, bobs }
    }

    fn answer(&self, ask: &Ask) -> Response {
        if ask.path == "/api/login" {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            let name = if body.contains("alice") { "alice" } else { "bob" };
            let token = format!("{{\"token\":\"tok-{name}-0001\"}}");
            return respond(200, "application/json", token);
        }
        let token = ask.authorization.strip_prefix("Bearer tok-").unwrap_or_default();
        let who = ["alice", "bob"].into_iter().find(|name| token.starts_with(name));
        match (ask.path.as_str(), who) {
            ("/", _) => html(PAGES.map(|page| format!("<a href={page}>{page}</a>")).concat()),
            ("/clock", _) => {
                let seconds = self.clock.fetch_add(1, Ordering::Relaxed);
                html(format!("<h1>Prices</h1><p>one lantern</p><b>12</b><i>at {seconds}</i>"))
            }
            // No answer, and an error.
            ("/down", None) => respond(0, "text/html", ""),
            ("/down", Some("bob")) => respond(500, "text/html", "<h1>Sorry</h1>"),
            ("/down", Some(_)) => html("<h1>Up</h1>"),
            ("/inside", None) => html(
                "<form method=post action=/login><input name=user>\
                 <input type=password name=password></form>",
            ),
            ("/inside", Some(_)) => html("<h1>For members</h1><p>all of them</p>"),
            ("/news", _) => html("<h1>News</h1><p>for all</p>"),
            ("/orders/7", None) => redirect("/login?next=/orders/7"),
            ("/orders/7", Some(name)) if self.gives_order(name) => {
                html("<h1>Order 7</h1><p>to Mill Lane</p>")
            }
            ("/own", None) => respond(401, "text/html", "<h1>Who are you?</h1>"),
            ("/own", Some(name)) => html(format!("<h1>Yours</h1><p>the notes of {name}</p>")),
            ("/vote", _) if ask.method == "POST" => html("<h1>Thanks</h1>"),
            _ => not_found(),
        }
    }

    fn gives_order(&self, name: &str) -> bool {
        let is_given = match self.owner {
            Owner::Checked => false,
            Owner::Unchecked => true,
            Owner::UncheckedOnce => name == "bob" && self.bobs.fetch_add(1, Ordering::Relaxed) == 0,
        };
        name == "alice" || is_given
    }
}

fn settings(expected: Option<AccessMatrix>) -> AccessSettings {
    let identities = [ANONYMOUS, "alice", "bob"].map(str::to_owned).to_vec();
    AccessSettings { identities, expected, include: Vec::new() }
}

fn setup(access: AccessSettings) -> Setup {
    let probing = Probing { access: Some(access), ..Probing::default() };
    let sessions = sessions_as("alice", PEOPLE);
    Setup { active: vec![RULE], probing, sessions, ..Setup::default() }
}

async fn scanned(site: Site, setup: Setup) -> Scanned {
    let site = Arc::new(site);
    scan(setup, move |ask| site.answer(ask)).await
}

fn matrix(scanned: &Scanned) -> &AccessMatrix {
    scanned.report.access.as_ref().unwrap_or_else(|| panic!("{:?}", scanned.notices()))
}

fn cells(scanned: &Scanned, path: &str) -> Vec<Access> {
    let matrix = matrix(scanned);
    let row = matrix.row("GET", path).unwrap_or_else(|| panic!("{path} in {matrix:?}"));
    row.cells.iter().map(|cell| cell.now).collect()
}

/// The grid of the site as it should be.
async fn expected() -> AccessMatrix {
    let site = Site::new(Owner::Checked);
    matrix(&scanned(site, setup(settings(None))).await).clone()
}

fn has_notice(scanned: &Scanned, part: &str) -> bool {
    scanned.notices().iter().any(|text| text.contains(part))
}

#[tokio::test]
async fn every_kind_of_cell_is_told_and_is_no_finding_by_itself() {
    use Access::{Allow, Deny, Error, Same};
    let scanned = scanned(Site::new(Owner::Checked), setup(settings(None))).await;
    for (path, wanted) in [
        ("/", [Allow, Same, Same]),
        // Its clock is another one each time.
        ("/clock", [Allow, Same, Same]),
        ("/down", [Error, Allow, Error]),
        ("/inside", [Deny, Allow, Same]),
        ("/news", [Allow, Same, Same]),
        ("/orders/{id}", [Deny, Allow, Deny]),
        ("/own", [Deny, Allow, Allow]),
    ] {
        assert_eq!(cells(&scanned, path), wanted, "{path}");
    }
    let matrix = matrix(&scanned);
    assert_eq!(matrix.operations.len(), PAGES.len() + 1);
    assert!(matrix.operations.is_sorted_by_key(|row| row.path_template.clone()));
    assert!(!matrix.is_compared && matrix.gaps().is_empty() && matrix.lockouts().is_none());
    assert!(scanned.found(RULE).is_empty(), "{:?}", scanned.found(RULE));
    assert!(has_notice(&scanned, "7 operations as 3 identities, at most"));
    assert!(has_notice(&scanned, "counts as no change: GET /down (anonymous, bob)"));
}

#[tokio::test]
async fn who_is_let_in_against_the_matrix_is_a_finding() {
    let setup = setup(settings(Some(expected().await)));
    let scanned = scanned(Site::new(Owner::Unchecked), setup).await;
    let [finding] = scanned.found(RULE)[..] else { panic!("{:?}", scanned.found(RULE)) };
    assert_eq!(finding.path_template, "/orders/{id}");
    assert_eq!(finding.confidence, Confidence::Firm);
    assert_eq!(
        finding.detail,
        "GET /orders/{id}: `bob` gets the same data as `alice` (200), twice, where `deny` is \
         expected; refused: `anonymous` (302)"
    );
    let roles: Vec<String> = finding.evidence.iter().map(|it| format!("{:?}", it.role)).collect();
    assert_eq!(roles, ["Baseline", "Attack", "Replay", "Control"]);
    assert_eq!(cells(&scanned, "/orders/{id}")[2], Access::Same);
    let row = matrix(&scanned).row("GET", "/orders/{id}").expect("it is there");
    assert_eq!(row.cells[2].expected, Some(Access::Deny));
    assert_eq!(scanned.outcome(RULE).matched, 1);
}

#[tokio::test]
async fn what_is_as_expected_or_cannot_be_told_is_no_change() {
    let mut wanted = expected().await;
    // That it is down today changes nothing.
    let down = wanted.operations.iter_mut().find(|row| row.path_template == "/down");
    for cell in &mut down.expect("it is there").cells {
        cell.now = Access::Deny;
    }
    let down = wanted.operations.iter_mut().find(|row| row.path_template == "/down");
    down.expect("it is there").cells[1].now = Access::Allow;
    let same = scanned(Site::new(Owner::Checked), setup(settings(Some(wanted.clone())))).await;
    assert!(same.found(RULE).is_empty(), "{:?}", same.found(RULE));
    let compared = matrix(&same);
    assert!(compared.is_compared && compared.operations.iter().all(|row| !row.has_changed()));
    assert!(compared.gaps().is_empty() && compared.lockouts().is_none());
    // Nor is what another look does not show.
    let once = scanned(Site::new(Owner::UncheckedOnce), setup(settings(Some(wanted)))).await;
    assert!(once.found(RULE).is_empty(), "{:?}", once.found(RULE));
    assert_eq!(cells(&once, "/orders/{id}"), [Access::Deny, Access::Allow, Access::Deny]);
}

#[tokio::test]
async fn who_is_locked_out_and_what_is_new_or_gone_is_told() {
    let mut wanted = expected().await;
    for row in &mut wanted.operations {
        match row.path_template.as_str() {
            "/news" => row.path_template = "/olds".to_owned(),
            // Both have one of their own.
            "/own" => row.cells[2].now = Access::Same,
            // As if all had got the same before.
            "/inside" => row.cells[0].now = Access::Allow,
            _ => {}
        }
    }
    let scanned = scanned(Site::new(Owner::Checked), setup(settings(Some(wanted)))).await;
    assert!(scanned.found(RULE).is_empty(), "{:?}", scanned.found(RULE));
    for part in [
        "1 operation refuses whom it lets in: GET /inside (anonymous)",
        "1 operation is not in it: GET /news",
        "1 operation of it could not be reached: GET /olds",
        "where that of another is expected: GET /own",
    ] {
        assert!(has_notice(&scanned, part), "{part} in {:?}", scanned.notices());
    }
}

#[tokio::test]
async fn an_answer_that_becomes_another_s_is_a_doubt() {
    let mut wanted = expected().await;
    let inside = wanted.operations.iter_mut().find(|row| row.path_template == "/inside");
    inside.expect("it is there").cells[2].now = Access::Allow;
    let scanned = scanned(Site::new(Owner::Checked), setup(settings(Some(wanted)))).await;
    let [finding] = scanned.found(RULE)[..] else { panic!("{:?}", scanned.found(RULE)) };
    assert_eq!(finding.confidence, Confidence::Tentative);
    assert!(finding.detail.contains("where `allow` is expected"), "{}", finding.detail);
}

#[tokio::test]
async fn only_what_is_meant_and_allowed_is_sent() {
    let access = AccessSettings { include: vec!["GET /o".to_owned()], ..settings(None) };
    let some = scanned(Site::new(Owner::Checked), setup(access)).await;
    let paths: Vec<&str> =
        matrix(&some).operations.iter().map(|row| row.path_template.as_str()).collect();
    assert_eq!(paths, ["/orders/{id}", "/own"]);
    let form = "application/x-www-form-urlencoded";
    for (named, is_there) in [(Vec::new(), false), (vec![0], true)] {
        let requests = vec![posted("/vote", form, "choice=1")];
        let setup = Setup { requests, unsafe_requests: named, ..setup(settings(None)) };
        let scanned = scanned(Site::new(Owner::Checked), setup).await;
        assert_eq!(matrix(&scanned).row("POST", "/vote").is_some(), is_there);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_left_out_and_said() {
    let budgets = Budgets { default: None, by_check: BTreeMap::from([(RULE.to_owned(), 20)]) };
    let mut setup = setup(settings(None));
    setup.probing.budgets = budgets;
    let scanned = scanned(Site::new(Owner::Checked), setup).await;
    let matrix = matrix(&scanned);
    // Four each, and two kept for errors.
    assert_eq!((matrix.operations.len(), matrix.left_out), (4, 3));
    assert!(scanned.outcome(RULE).requests <= 20, "{:?}", scanned.outcome(RULE));
    assert!(has_notice(&scanned, "3 operations are left out"), "{:?}", scanned.notices());
}

#[tokio::test]
async fn without_access_in_the_plan_nothing_is_asked() {
    let setup = Setup { probing: Probing::default(), ..setup(settings(None)) };
    let scanned = scanned(Site::new(Owner::Checked), setup).await;
    assert!(scanned.report.access.is_none());
    let skipped = scanned.outcome(RULE).skipped.as_deref();
    assert_eq!(skipped, Some("the plan has no `scan.access`"));
    assert_eq!(scanned.outcome(RULE).requests, 0);
}

#[tokio::test]
async fn somebody_who_cannot_log_in_is_said_and_changes_nothing() {
    let people = PEOPLE.replace("  bob: {", "  carol: {");
    let identities = [ANONYMOUS, "alice", "bob"].map(str::to_owned).to_vec();
    let access = AccessSettings { identities, ..settings(Some(expected().await)) };
    let setup = Setup { sessions: sessions_as("alice", &people), ..setup(access) };
    let scanned = scanned(Site::new(Owner::Checked), setup).await;
    assert!(has_notice(&scanned, "`bob` is nobody as whom this run can send"));
    assert!(scanned.found(RULE).is_empty());
    assert_eq!(cells(&scanned, "/own"), [Access::Deny, Access::Allow, Access::Error]);
}
