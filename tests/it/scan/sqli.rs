//! SQL injection, against a real SQL engine and against pages that only look like one.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use shakedown::model::Confidence;
use shakedown::model::EvidenceRole;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::posted;
use super::site::respond;
use super::site::scan;

const BOTH: [&str; 2] = ["sqli-error", "sqli-boolean"];
const ALL: [&str; 4] = ["sqli-error", "sqli-union", "sqli-boolean", "sqli-time"];

fn setup() -> Setup {
    Setup { active: BOTH.to_vec(), ..Setup::default() }
}

/// A start page with the given links, `page` for where they lead, and nothing else.
async fn scan_page(
    links: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan_page_with(setup(), links, page).await
}

async fn scan_page_with(
    setup: Setup,
    links: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(setup, move |ask| match ask.path.split('/').nth(1).unwrap_or_default() {
        "" => html(links),
        "i" | "item" | "items" | "query" => page(ask),
        _ => not_found(),
    })
    .await
}

pub(super) fn database() -> Mutex<Connection> {
    let connection = Connection::open_in_memory().expect("memory");
    connection
        .execute_batch(
            "CREATE TABLE item (id INTEGER, name TEXT, kind TEXT);
             INSERT INTO item VALUES (1,'lamp','home'),(2,'desk','home'),(3,'plant','garden');",
        )
        .expect("valid SQL");
    Mutex::new(connection)
}

fn names(database: &Mutex<Connection>, sql: &str) -> Result<Vec<String>, String> {
    let connection = database.lock().expect("no panic");
    let text = |error: rusqlite::Error| error.to_string();
    let mut statement = connection.prepare(sql).map_err(text)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(text)?;
    rows.collect::<Result<_, _>>().map_err(text)
}

fn list(found: &[String]) -> Response {
    let rows: String =
        found.iter().map(|name| format!("<li>{}</li>", escape(name))).collect::<Vec<_>>().concat();
    html(format!("<h1>Items</h1><p>{} found</p><ul>{rows}</ul>", found.len()))
}

/// A page that builds its statement by gluing text together and tells errors as `on_error` does.
async fn scan_sql(
    links: &'static str,
    sql: impl Fn(&Ask) -> String + Send + Sync + 'static,
    on_error: impl Fn(&str) -> Response + Send + Sync + 'static,
) -> Scanned {
    let database = database();
    scan_page(links, move |ask| match names(&database, &sql(ask)) {
        Ok(found) => list(&found),
        Err(error) => on_error(&error),
    })
    .await
}

fn silent(_: &str) -> Response {
    list(&[])
}

fn verbose(error: &str) -> Response {
    respond(500, "text/html", format!("<h1>Oops</h1><pre>{}</pre>", escape(error)))
}

#[tokio::test]
async fn error_messages_that_follow_the_quote_are_found_and_verified() {
    let scanned = scan_sql(
        "<a href='/items?kind=home'>x</a>",
        |ask| format!("SELECT name FROM item WHERE kind = '{}'", ask.get("kind")),
        verbose,
    )
    .await;
    assert_eq!(scanned.points("sqli-error"), ["GET /items query `kind`"]);
    let finding = scanned.found("sqli-error")[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    let roles: Vec<_> = finding.evidence.iter().map(|evidence| evidence.role).collect();
    let expected =
        [EvidenceRole::Baseline, EvidenceRole::Attack, EvidenceRole::Control, EvidenceRole::Replay];
    assert_eq!(roles, expected);
    let attack = &finding.evidence[1];
    let place = attack.highlight.expect("the message is marked");
    let data = &attack.response.as_ref().expect("a response").data;
    let marked = String::from_utf8_lossy(&data[place.offset..place.offset + place.length]);
    assert!(marked.contains("unrecognized token"), "{marked}");
    assert_eq!(finding.reproduce, "curl -i 'http://127.0.0.1:8080/items?kind=home%27'");
    // One root cause, one finding.
    assert_eq!(scanned.points("sqli-boolean"), Vec::<String>::new());
}

#[tokio::test]
async fn numbers_are_injectable_without_a_quote() {
    let scanned = scan_sql(
        "<a href='/item?id=2'>x</a>",
        |ask| format!("SELECT name FROM item WHERE id = {}", ask.get("id")),
        verbose,
    )
    .await;
    assert_eq!(scanned.points("sqli-error"), ["GET /item query `id`"]);
}

#[tokio::test]
async fn truth_is_told_by_the_page_where_errors_are_hidden() {
    for (name, links, before, after) in [
        ("number", "<a href='/i?v=2'>x</a>", "id = ", ""),
        ("number in brackets", "<a href='/i?v=2'>x</a>", "(id = ", ")"),
        ("string", "<a href='/i?v=home'>x</a>", "kind = '", "'"),
        ("string with more after it", "<a href='/i?v=home'>x</a>", "kind = '", "' AND id < 9"),
        ("string in brackets", "<a href='/i?v=home'>x</a>", "(kind = '", "')"),
        ("double quotes", "<a href='/i?v=home'>x</a>", "kind = \"", "\""),
        ("pattern", "<form action=/i><input name=v></form>", "name LIKE '%", "%'"),
        ("pattern in brackets", "<form action=/i><input name=v></form>", "(name LIKE '%", "%')"),
    ] {
        let scanned = scan_sql(
            links,
            move |ask| format!("SELECT name FROM item WHERE {before}{}{after}", ask.get("v")),
            silent,
        )
        .await;
        assert_eq!(scanned.points("sqli-boolean"), ["GET /i query `v`"], "{name}");
        let finding = scanned.found("sqli-boolean")[0];
        assert_eq!(finding.confidence, Confidence::Firm);
        assert_eq!(scanned.points("sqli-error"), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn truth_is_told_outside_of_conditions_too() {
    for (name, links, before, after) in [
        ("sorted by", "<a href='/i?v=name'>x</a>", "kind = 'home' ORDER BY ", ""),
        ("sorted by, downwards", "<a href='/i?v=name+desc'>x</a>", "1 ORDER BY ", " LIMIT 2"),
        ("a direction", "<a href='/i?v=desc'>x</a>", "1 ORDER BY name ", ""),
        ("a limit", "<a href='/i?v=2'>x</a>", "1 LIMIT ", ""),
        ("an argument", "<a href='/i?v=home'>x</a>", "kind = lower('", "')"),
        ("a text put together", "<a href='/i?v=om'>x</a>", "kind = 'h' || '", "' || 'e'"),
    ] {
        let scanned = scan_sql(
            links,
            move |ask| format!("SELECT name FROM item WHERE {before}{}{after}", ask.get("v")),
            silent,
        )
        .await;
        assert_eq!(scanned.points("sqli-boolean"), ["GET /i query `v`"], "{name}");
    }
}

#[tokio::test]
async fn numbers_in_json_and_answers_of_one_word_are_enough() {
    let database = database();
    let requests = vec![posted("/stock", "application/json", r#"{"shop":1,"item":2}"#)];
    let setup = Setup { requests, allow_unsafe: true, ..setup() };
    let scanned = scan(setup, move |ask| {
        let body: serde_json::Value = serde_json::from_slice(&ask.request.body).unwrap_or_default();
        let item = &body["item"];
        let item = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
        let sql = format!("SELECT name FROM item WHERE id = {item}");
        let there = names(&database, &sql).is_ok_and(|found| !found.is_empty());
        respond(200, "application/json", format!(r#"{{"inStock":{there}}}"#))
    })
    .await;
    assert_eq!(scanned.points("sqli-boolean"), ["POST /stock json `/item`"]);
}

#[tokio::test]
async fn the_path_is_an_insertion_point_too() {
    let scanned = scan_sql(
        "<a href='/items/2'>x</a>",
        |ask| {
            let id = ask.path.trim_start_matches("/items/");
            format!("SELECT name FROM item WHERE id = {id}")
        },
        silent,
    )
    .await;
    assert_eq!(scanned.points("sqli-boolean"), ["GET /items/{id} path `2`"]);
}

#[tokio::test]
async fn a_value_that_finds_nothing_gives_way_to_one_that_does() {
    let scanned = scan_sql(
        "<a href='/i?v=none'>x</a><a href='/i?v=home'>y</a>",
        |ask| format!("SELECT name FROM item WHERE kind = '{}'", ask.get("v")),
        silent,
    )
    .await;
    assert_eq!(scanned.points("sqli-boolean"), ["GET /i query `v`"]);
}

#[tokio::test]
async fn changing_parts_of_the_page_do_not_hide_the_truth() {
    let (database, views) = (database(), AtomicU64::new(0));
    let scanned = scan_page("<a href='/i?v=home'>x</a>", move |ask| {
        let sql = format!("SELECT name FROM item WHERE kind = '{}'", ask.get("v"));
        let found = names(&database, &sql).unwrap_or_default();
        let rows: String =
            found.iter().map(|name| format!("<li>{name}</li>")).collect::<Vec<_>>().concat();
        let views = views.fetch_add(1, Ordering::Relaxed);
        html(format!(
            "<h1>Items</h1><p>You asked for {}</p><ul>{rows}</ul><i>view {views}</i>",
            escape(ask.get("v"))
        ))
    })
    .await;
    assert_eq!(scanned.points("sqli-boolean"), ["GET /i query `v`"]);
}

#[tokio::test]
async fn forms_are_tested_only_when_unsafe_methods_are_allowed() {
    let page = |allow_unsafe| async move {
        let database = database();
        scan(Setup { allow_unsafe, ..setup() }, move |ask| {
            if ask.path == "/" {
                return html("<form method=post action=/find><input name=kind value=home></form>");
            }
            let sql = format!("SELECT name FROM item WHERE kind = '{}'", ask.get("kind"));
            names(&database, &sql).map_or_else(|error| verbose(&error), |found| list(&found))
        })
        .await
    };
    let safe = page(false).await;
    assert_eq!(safe.points("sqli-error"), Vec::<String>::new());
    assert!(safe.requests.iter().all(|request| request.method.as_str() == "GET"));
    let skipped = safe.operation("POST", "/find").expect("known").skipped.clone();
    assert!(skipped.is_some_and(|reason| reason.contains("--allow-unsafe")));
    assert_eq!(page(true).await.points("sqli-error"), ["POST /find form `kind`"]);
}

/// Nothing may be found on these.
async fn finds_nothing(
    name: &str,
    links: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) {
    let setup = Setup { active: ALL.to_vec(), ..Setup::default() };
    let scanned = scan_page_with(setup, links, page).await;
    for rule in ALL {
        assert_eq!(scanned.points(rule), Vec::<String>::new(), "{name}: {rule}");
        assert!(scanned.outcome(rule).requests > 0, "{name}: {rule} has asked nothing");
    }
}

const LINK: &str = "<a href='/i?v=home'>x</a>";
const NUMBER: &str = "<a href='/i?v=2'>x</a>";

#[tokio::test]
async fn bound_parameters_are_safe() {
    let database = database();
    finds_nothing("bound", LINK, move |ask| {
        let connection = database.lock().expect("no panic");
        let mut statement =
            connection.prepare("SELECT name FROM item WHERE kind = ?1").expect("valid");
        let rows = statement.query_map([ask.get("v")], |row| row.get(0)).expect("valid");
        list(&rows.collect::<Result<Vec<String>, _>>().expect("text"))
    })
    .await;
}

#[tokio::test]
async fn pages_that_answer_everything_alike_or_refuse_quotes_are_safe() {
    finds_nothing("always the same", LINK, |_| html("<h1>Hello</h1>")).await;
    finds_nothing("echo", LINK, |ask| html(format!("<p>{}</p>", escape(ask.get("v"))))).await;
    finds_nothing("firewall", LINK, |ask| {
        if ask.get("v").contains(['\'', '"']) {
            respond(500, "text/html", "<h1>Internal Server Error</h1>")
        } else {
            html("<p>fine</p>")
        }
    })
    .await;
    finds_nothing("firewall that knows SQL", LINK, |ask| {
        let value = ask.get("v");
        if value.contains(" AND ") { respond(403, "text/html", "no") } else { html("<p>fine</p>") }
    })
    .await;
    finds_nothing("number checked", NUMBER, |ask| match ask.get("v").parse::<u32>() {
        Ok(id) => html(format!("<p>item {id}</p>")),
        Err(_) => respond(400, "text/html", "<p>not a number</p>"),
    })
    .await;
    finds_nothing("number read to its end", NUMBER, |ask| {
        let digits: String = ask.get("v").chars().take_while(char::is_ascii_digit).collect();
        html(format!("<p>item {digits}</p>"))
    })
    .await;
}

#[tokio::test]
async fn a_page_that_always_shows_an_error_is_not_injectable() {
    let message = "You have an error in your SQL syntax; check the manual";
    finds_nothing("always an error", LINK, move |_| html(format!("<p>{message}</p>"))).await;
    finds_nothing("an error for any quote, doubled or not", LINK, move |ask| {
        if ask.get("v").contains(['\'', '"', '\\']) {
            respond(500, "text/html", format!("<p>{message}</p>"))
        } else {
            html("<p>fine</p>")
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_comes_and_goes_by_itself_is_not_blamed_on_the_quote() {
    let count = Arc::new(AtomicU64::new(0));
    finds_nothing("flapping", LINK, move |_| {
        if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            html("<p>fine</p>")
        } else {
            respond(500, "text/html", "sqlite3.OperationalError: database is locked")
        }
    })
    .await;
}

/// A small generator: what changes must change in the same way in every run of the test.
fn noise(state: &AtomicU64) -> u64 {
    let old = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    let mixed = (old ^ (old >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

#[tokio::test]
async fn random_results_are_not_taken_for_answers() {
    for seed in 0..8 {
        let state = AtomicU64::new(seed * 77);
        finds_nothing("random page", LINK, move |_| {
            html(format!("<h1>x</h1><p>{}</p>", noise(&state)))
        })
        .await;
        let state = AtomicU64::new(seed * 91);
        finds_nothing("random rows", LINK, move |_| {
            let rows = (0..noise(&state) % 6).map(|_| noise(&state) % 10);
            let rows: String =
                rows.map(|n| format!("<li>item {n}</li>")).collect::<Vec<_>>().concat();
            html(format!("<h1>Results</h1><ul>{rows}</ul><p>footer</p>"))
        })
        .await;
        let state = AtomicU64::new(seed * 113);
        finds_nothing("two faces", LINK, move |_| {
            if noise(&state).is_multiple_of(2) { html("<h1>A</h1>") } else { html("<h1>B</h1>") }
        })
        .await;
    }
}

#[tokio::test]
async fn a_search_that_reads_words_is_not_an_evaluator() {
    let pages = ["a home for plants", "desk and lamp at home", "garden 1000 and 2000"];
    finds_nothing("words", LINK, move |ask| {
        let value = ask.get("v").to_lowercase();
        let words: Vec<&str> =
            value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let found: Vec<String> = pages
            .iter()
            .filter(|page| words.iter().any(|word| page.contains(word)))
            .map(ToString::to_string)
            .collect();
        list(&found)
    })
    .await;
}

#[tokio::test]
async fn a_page_that_runs_sql_by_design_is_left_alone() {
    let database = database();
    let scanned = scan_page("<a href='/query?sql=select+name+from+item'>x</a>", move |ask| {
        match names(&database, ask.get("sql")) {
            Ok(found) => list(&found),
            Err(error) => verbose(&error),
        }
    })
    .await;
    for rule in BOTH {
        assert_eq!(scanned.points(rule), Vec::<String>::new());
        let skipped = scanned.outcome(rule).skipped.clone();
        assert!(skipped.is_some_and(|reason| reason.contains("by design")), "{rule}");
    }
}
