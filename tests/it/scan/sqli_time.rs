//! SQL injection by time: what databases do where they are told to wait, acted out by a real engine that
//! tells whether it came to the place.

use std::time::Duration;

use regex::Regex;
use shakedown::model::Confidence;
use shakedown::model::Response;
use shakedown::plan::Probing;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::later;
use super::site::not_found;
use super::site::respond;
use super::site::scan;
use super::sqli::database;

const RULE: &str = "sqli-time";

/// Fails when it is evaluated, with a message of its own.
const REACHED: &str = "abs(-9223372036854775808)";

/// Rows that the engine makes in a second.
const ROWS_A_SECOND: f64 = 5_000_000.0;

async fn scan_page(
    value: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup { active: vec![RULE], strength: Strength::Medium, ..Setup::default() };
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => html(format!("<a href='/i?v={value}'>x</a>")),
        "/i" => page(ask),
        _ => not_found(),
    })
    .await
}

/// A product's words for waiting, in the engine's; and the pattern of the seconds.
#[derive(Clone, Copy)]
struct Dialect {
    name: &'static str,
    seconds: &'static str,
    words: &'static [(&'static str, &'static str)],
}

const DIALECTS: [Dialect; 5] = [
    Dialect {
        name: "MySQL",
        seconds: r"SLEEP\((\d+)\)",
        words: &[
            (r"SELECT 1 FROM \(SELECT SLEEP\(\d+\)\)w", "SELECT abs(-9223372036854775808)"),
            (r"XOR", "<>"),
        ],
    },
    Dialect {
        name: "PostgreSQL",
        seconds: r"pg_sleep\((\d+)\)",
        words: &[(r"FROM pg_sleep\(\d+\)", "WHERE abs(-9223372036854775808)")],
    },
    Dialect {
        name: "SQL Server",
        seconds: r"DELAY '0:0:(\d+)'",
        words: &[(r"WAITFOR DELAY '[^']*'", "SELECT abs(-9223372036854775808)")],
    },
    Dialect {
        name: "Oracle",
        seconds: r"RECEIVE_MESSAGE\(CHR\(97\),(\d+)\)",
        words: &[(r"DBMS_PIPE\.RECEIVE_MESSAGE\(CHR\(97\),\d+\)", REACHED), (" FROM DUAL", "")],
    },
    Dialect {
        name: "SQLite",
        seconds: r"LIMIT (\d+)",
        words: &[(r"LIMIT \d+", "LIMIT abs(-9223372036854775808)")],
    },
];

/// How long a product would take for a statement.
fn takes(dialect: Dialect, sql: &str) -> Duration {
    let pattern = |text: &str| Regex::new(text).expect("valid");
    let Some(found) = pattern(dialect.seconds).captures(sql) else { return Duration::ZERO };
    let number: f64 = found[1].parse().expect("digits");
    let own = dialect.words.iter().fold(sql.to_owned(), |text, (theirs, ours)| {
        pattern(theirs).replace_all(&text, *ours).into_owned()
    });
    let database = database();
    let connection = database.lock().expect("no panic");
    let ran = connection.execute_batch(&own);
    let reached = ran.is_err_and(|error| error.to_string().contains("overflow"));
    let seconds = if dialect.name == "SQLite" { number / ROWS_A_SECOND } else { number };
    // A wait of nothing is none.
    if reached { Duration::from_secs_f64(seconds) } else { Duration::ZERO }
}

#[tokio::test]
async fn every_product_waits_as_it_is_told() {
    for dialect in DIALECTS {
        for (value, before, after) in
            [("2", "id = ", ""), ("home", "kind = '", "'"), ("2", "id = ", " AND kind = 'home'")]
        {
            let scanned = scan_page(value, move |ask| {
                let sql = format!("SELECT name FROM item WHERE {before}{}{after}", ask.get("v"));
                later(html("<p>done</p>"), takes(dialect, &sql))
            })
            .await;
            let name = dialect.name;
            assert_eq!(scanned.points(RULE), ["GET /i query `v`"], "{name}: {before}{after}");
            let finding = scanned.found(RULE)[0];
            assert_eq!(finding.confidence, Confidence::Confirmed);
            assert!(
                finding.detail.starts_with(&format!("the database ({name}")),
                "{}",
                finding.detail
            );
            assert!(finding.detail.contains("slope"), "{}", finding.detail);
        }
    }
}

/// Nothing may be found on these.
async fn finds_nothing(name: &str, page: impl Fn(&Ask) -> Response + Send + Sync + 'static) -> u64 {
    let scanned = scan_page("2", page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    scanned.outcome(RULE).requests
}

#[tokio::test]
async fn pages_that_are_slow_for_other_reasons_are_safe() {
    let seconds = Duration::from_secs;
    assert_eq!(finds_nothing("quick", |_| html("<p>done</p>")).await, 6);
    finds_nothing("an error", |_| respond(200, "text/html", "no")).await;
    finds_nothing("always slow", move |_| later(html("<p>done</p>"), seconds(7))).await;
    finds_nothing("slow for odd values", move |ask| {
        let odd = ask.get("v").contains('\'');
        later(html("<p>done</p>"), seconds(if odd { 8 } else { 0 }))
    })
    .await;
    finds_nothing("slow for long values", move |ask| {
        let length = ask.get("v").len() as u64;
        later(html("<p>done</p>"), Duration::from_millis(length * 50))
    })
    .await;
    let count = std::sync::atomic::AtomicU64::new(0);
    finds_nothing("slower each time", move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        later(html("<p>done</p>"), Duration::from_millis(count * 400))
    })
    .await;
    let count = std::sync::atomic::AtomicU64::new(7);
    finds_nothing("slow at random", move |_| {
        let old = count.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed);
        let mixed = (old ^ (old >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        later(html("<p>done</p>"), Duration::from_millis((mixed >> 33) % 9000))
    })
    .await;
}

#[tokio::test]
async fn a_bound_value_makes_nobody_wait() {
    let database = database();
    finds_nothing("bound", move |ask| {
        let connection = database.lock().expect("no panic");
        let mut statement =
            connection.prepare("SELECT name FROM item WHERE id = ?1").expect("valid");
        let rows = statement.query_map([ask.get("v")], |row| row.get::<_, String>(0));
        html(format!("<p>{}</p>", rows.expect("valid").count()))
    })
    .await;
}

#[tokio::test]
async fn nothing_waits_where_that_is_switched_off() {
    let probing = Probing { untimed: true, ..Probing::default() };
    let active = vec![RULE, "command-injection", "deserialization"];
    let setup = Setup { active, probing, ..Setup::default() };
    let scanned = scan(setup, |ask| match ask.path.as_str() {
        "/" => html("<a href='/i?v=7'>x</a>"),
        "/i" => html("<p>nothing</p>"),
        _ => not_found(),
    })
    .await;
    let sent = |request: &shakedown::model::Request| {
        let target = request.path_and_query_text().to_ascii_lowercase();
        ["sleep", "waitfor", "receive_message", "ping%20"].iter().any(|wait| target.contains(wait))
    };
    assert!(!scanned.requests.iter().any(sent), "a wait was asked for");
    assert!(
        scanned.outcome("command-injection").requests > 0,
        "what is echoed is still looked for"
    );
    assert!(scanned.outcome(RULE).skipped.is_some());
}
