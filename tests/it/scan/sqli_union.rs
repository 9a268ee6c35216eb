//! SQL injection by union, against a real SQL engine.

use rusqlite::types::Value;
use shakedown::model::Confidence;
use shakedown::model::EvidenceRole;
use shakedown::model::Response;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::scan;
use super::sqli::database;

const RULE: &str = "sqli-union";

/// A page that shows every column of what its statement finds, errors as nothing.
async fn scan_sql(
    strength: Strength,
    value: &'static str,
    sql: impl Fn(&Ask) -> String + Send + Sync + 'static,
) -> Scanned {
    let database = database();
    let setup = Setup { active: vec![RULE], strength, ..Setup::default() };
    scan(setup, move |ask| {
        match ask.path.as_str() {
            "/" => return html(format!("<a href='/i?v={value}'>x</a>")),
            "/i" => {}
            _ => return not_found(),
        }
        let connection = database.lock().expect("no panic");
        let rows = connection.prepare(&sql(ask)).and_then(|mut statement| {
            let columns = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..columns).map(|column| row.get(column)).collect::<Result<Vec<Value>, _>>()
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        });
        let rows: String = rows.unwrap_or_default().iter().map(|row| displayed(row)).collect();
        html(format!("<h1>Items</h1><table>{rows}</table>"))
    })
    .await
}

fn displayed(row: &[Value]) -> String {
    let cells = row.iter().map(|value| match value {
        Value::Null => "<td>-</td>".to_owned(),
        Value::Integer(number) => format!("<td>{number}</td>"),
        Value::Text(text) => format!("<td>{}</td>", escape(text)),
        Value::Real(_) | Value::Blob(_) => "<td>?</td>".to_owned(),
    });
    format!("<tr>{}</tr>", cells.collect::<Vec<_>>().concat())
}

#[tokio::test]
async fn a_row_that_the_database_works_out_is_displayed() {
    for (value, before, after) in [
        ("home", "name FROM item WHERE kind = '", "'"),
        ("home", "name, kind, id FROM item WHERE kind = '", "' ORDER BY id LIMIT 5"),
        ("2", "id, name FROM item WHERE id = ", ""),
        ("home", "name FROM item WHERE (id < 9 AND kind = '", "')"),
        ("home", "1, 2, 3, 4, 5, 6, name FROM item WHERE kind = \"", "\""),
        ("am", "name, id FROM item WHERE name LIKE '%", "%'"),
    ] {
        let scanned = scan_sql(Strength::Medium, value, move |ask| {
            format!("SELECT {before}{}{after}", ask.get("v"))
        })
        .await;
        assert_eq!(scanned.points(RULE), ["GET /i query `v`"], "{before}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Confirmed);
        assert!(finding.detail.contains("a row of its statement"), "{}", finding.detail);
        let roles: Vec<_> = finding.evidence.iter().map(|evidence| evidence.role).collect();
        assert!(roles.contains(&EvidenceRole::Control) && roles.contains(&EvidenceRole::Replay));
    }
}

#[tokio::test]
async fn columns_with_types_are_tried_one_by_one() {
    let database = database();
    let setup = Setup { active: vec![RULE], ..Setup::default() };
    let scanned = scan(setup, move |ask| {
        match ask.path.as_str() {
            "/" => return html("<a href='/i?v=home'>x</a>"),
            "/i" => {}
            _ => return not_found(),
        }
        let connection = database.lock().expect("no panic");
        let sql = format!("SELECT id, name FROM item WHERE kind = '{}'", ask.get("v"));
        let rows = connection.prepare(&sql).and_then(|mut statement| {
            let typed = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<String>>(1)?))
            };
            statement.query_map([], typed)?.collect::<Result<Vec<_>, _>>()
        });
        let rows = rows.unwrap_or_default();
        let rows =
            rows.iter().map(|(_, name)| format!("<li>{}</li>", name.as_deref().unwrap_or("-")));
        html(format!("<h1>Items</h1><ul>{}</ul>", rows.collect::<Vec<_>>().concat()))
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /i query `v`"]);
    assert!(scanned.found(RULE)[0].payloads[0].contains("NULL"));
}

async fn scan_page(
    strength: Strength,
    value: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup { active: vec![RULE], strength, ..Setup::default() };
    scan(setup, move |ask| match ask.path.as_str() {
        "/" => html(format!("<a href='/i?v={value}'>x</a>")),
        "/i" => page(ask),
        _ => not_found(),
    })
    .await
}

/// Nothing may be found on these.
async fn finds_nothing(
    name: &str,
    value: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) {
    let scanned = scan_page(Strength::High, value, page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
}

#[tokio::test]
async fn pages_that_show_what_they_are_given_are_safe() {
    finds_nothing("constant", "home", |_| html("<p>items</p>")).await;
    finds_nothing("echo", "home", |ask| html(escape(ask.get("v")))).await;
    let scanned = scan_page(Strength::Medium, "home", |ask| html(escape(ask.get("v")))).await;
    assert_eq!(scanned.outcome(RULE).requests, 3);
    finds_nothing("products in a text", "2", |ask| {
        let product = regex::Regex::new(r"(\d+)\*(\d+)").expect("valid");
        let text = product.replace_all(ask.get("v"), |found: &regex::Captures<'_>| {
            let number = |index: usize| found[index].parse::<u64>().expect("digits");
            (number(1) * number(2)).to_string()
        });
        // Whatever follows a comment is left out, as a database would.
        html(escape(text.split("--").next().unwrap_or_default()))
    })
    .await;
    let database = database();
    finds_nothing("sorted, and nothing else", "name", move |ask| {
        let connection = database.lock().expect("no panic");
        let column = if ask.get("v").starts_with("name") { "name" } else { "id" };
        let sql = format!("SELECT name FROM item ORDER BY {column}");
        let mut statement = connection.prepare(&sql).expect("valid");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("valid");
        html(
            rows.map(|name| format!("<li>{}</li>", name.expect("text")))
                .collect::<Vec<_>>()
                .concat(),
        )
    })
    .await;
}
