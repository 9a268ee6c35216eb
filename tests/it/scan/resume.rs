//! Scans that are cut off somewhere and go on from their file, with answers in another order.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::Seed;
use shakedown::scan::Record;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::TARGET;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::scan;

/// More of a kind than are fetched of it, so that what is fetched depends on what came back first;
/// one parameter on many pages, so that two of them are chosen.
fn site(ask: &Ask) -> Response {
    let number = |prefix: &str| ask.path.strip_prefix(prefix)?.parse::<u32>().ok();
    if ask.path == "/" {
        let kinds = (0..6).map(|n| format!("<a href=/list/{n}>l</a><a href='/tell?n={n}'>t</a>"));
        return html(kinds.collect::<String>());
    }
    if let Some(n) = number("/list/") {
        let items = (0..9).map(|m| {
            format!("<a href=/item/{}>i</a><a href='/show/{n}?v={m}&by={n}'>s</a>", n * 100 + m)
        });
        return html(format!("<h1>list</h1>{}", items.collect::<String>()));
    }
    if number("/item/").is_some() {
        return html("<p>an item</p>");
    }
    if number("/show/").is_some() {
        return html(format!("<p>{} {}</p>", ask.get("v"), escape(ask.get("by"))));
    }
    match &*ask.path {
        "/tell" => html(format!("<p>{}</p>", escape(ask.get("n")))),
        _ => not_found(),
    }
}

fn setup(record: Option<Arc<Record>>, disorder: u64) -> Setup {
    let active = vec!["xss-reflected", "sqli-error", "sqli-boolean", "open-redirect"];
    Setup { active, record, disorder, ..Setup::default() }
}

fn record(dir: &Path) -> Arc<Record> {
    let opened = Record::open(&dir.join("state.db"), TARGET, Seed(7));
    Arc::new(opened.expect("a file of ours"))
}

/// What was sent, and how often.
fn counts<'r>(requests: impl IntoIterator<Item = &'r Request>) -> BTreeMap<String, u32> {
    let line = |request: &Request| {
        format!("{} {} {:?}", request.method, request.path_and_query_text(), request.body)
    };
    requests.into_iter().fold(BTreeMap::new(), |mut counts, request| {
        *counts.entry(line(request)).or_insert(0) += 1;
        counts
    })
}

/// Findings with their evidence, and the site model.
fn gist(scanned: &Scanned) -> (Vec<String>, BTreeSet<String>, BTreeSet<String>) {
    let report = &scanned.report;
    let told = report.findings.iter().map(|one| {
        let evidence = one.evidence.iter().map(|it| (&it.request, &it.response));
        format!(
            "{} {:?} {:?} {:?}",
            one.fingerprint,
            one.url,
            one.payloads,
            evidence.collect::<Vec<_>>()
        )
    });
    let mut findings: Vec<String> = told.collect();
    findings.sort();
    let operations = report.coverage.operations.iter();
    let operations =
        operations.map(|one| format!("{} {} {}", one.method, one.path_template, one.reached));
    let nodes = report.site.iter().map(|node| {
        format!("{} {:?} {} {}", node.method, node.parameters, node.example.url, node.links)
    });
    (findings, operations.collect(), nodes.collect())
}

/// Requests at once.
const CONCURRENCY: u32 = 4;

#[tokio::test]
async fn a_scan_cut_off_anywhere_sends_nothing_twice_that_was_answered() {
    for (round, killed_after) in (1_u64..).zip([1, 9, 30, 61, 90, 120, 150, 180]) {
        let dir = tempfile::tempdir().expect("a directory");
        let first =
            Setup { killed_after: Some(killed_after), ..setup(Some(record(dir.path())), round) };
        let first = scan(first, site).await;
        assert!(first.requests.len() > killed_after, "it was cut off");
        let second = scan(setup(Some(record(dir.path())), round + 50), site).await;
        // A whole run with the file does it as often as it takes, whatever was cut off.
        let third = scan(setup(Some(record(dir.path())), round + 99), site).await;
        assert_eq!(counts(&third.requests), BTreeMap::new(), "round {round}");
        assert_eq!(gist(&third), gist(&second), "round {round}");
        let sent = first.requests.len() + second.requests.len();
        let answers = Record::open(&dir.path().join("state.db"), TARGET, Seed(7));
        let answers = answers.expect("a file of ours").answers();
        let again = sent - answers;
        assert!(again <= CONCURRENCY as usize + 1, "round {round}: {again} of {sent}");
    }
}

/// The file as it was after so many answers.
fn cut(path: &Path, answers: usize) {
    let file = rusqlite::Connection::open(path).expect("a file of ours");
    let rest = i64::try_from(answers).expect("not many");
    file.execute("DELETE FROM answers WHERE id > ?1", [rest]).expect("it has answers");
}

#[tokio::test]
async fn a_scan_cut_off_among_its_checks_ends_as_it_would_have() {
    for round in 1_u64..5 {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state.db");
        let file = record(dir.path());
        let whole = scan(setup(Some(Arc::clone(&file)), round), site).await;
        file.close().expect("it is written");
        assert!(!whole.found("xss-reflected").is_empty());
        let probes = whole.requests.iter().position(|it| it.path_and_query.contains(&b'%'));
        let probes = probes.expect("probes were sent");
        for kept in [probes + 10, whole.requests.len() / 2, whole.requests.len() - 10] {
            cut(&path, kept);
            let again = scan(setup(Some(record(dir.path())), round + 50), site).await;
            assert_eq!(again.requests.len(), whole.requests.len() - kept, "round {round}");
            assert_eq!(gist(&again), gist(&whole), "round {round}, {kept}");
            let outcomes = |scanned: &Scanned| {
                let rules = scanned.report.rules.values();
                rules.map(|(_, outcome)| outcome.clone()).collect::<Vec<_>>()
            };
            assert_eq!(outcomes(&again), outcomes(&whole), "round {round}, {kept}");
        }
    }
}
