//! `XPath` injection, against a real processor and against pages that only look like one.

use shakedown::extract::XPath;
use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const RULE: &str = "xpath-injection";
const POINT: [&str; 1] = ["GET /p query `v`"];

const DOCUMENT: &[u8] =
    b"<?xml version='1.0'?><people><one><name>ann</name><pin>1234</pin><age>7</age></one>\
    <one><name>bob</name><pin>9876</pin><age>30</age></one></people>";

async fn scan_page(
    value: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(Setup { active: vec![RULE], ..Setup::default() }, move |ask| match ask.path.as_str() {
        "/" => html(format!("<a href='/p?v={value}'>x</a>")),
        "/p" => page(ask),
        _ => not_found(),
    })
    .await
}

fn search(expression: &str) -> Result<Vec<String>, String> {
    let found = XPath::new(expression)?.values(DOCUMENT, None, 100);
    Ok(found.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

fn list(found: &[String]) -> Response {
    let rows: Vec<String> = found.iter().map(|name| format!("<li>{name}</li>")).collect();
    html(format!("<h1>People</h1><p>{} found</p><ul>{}</ul>", found.len(), rows.concat()))
}

/// A page that puts its expression together from text and hides errors.
fn silent(expression: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| list(&search(&expression.replace("{}", ask.get("v"))).unwrap_or_default())
}

#[tokio::test]
async fn conditions_in_expressions_are_found() {
    for (expression, value) in [
        ("//one[name='{}']/name", "ann"),
        ("//one[name='{}' and pin='1234']/name", "ann"),
        ("//one[age={}]/name", "7"),
        ("//one[contains(name,'{}')]/name", "an"),
        ("//one[name='{}']/name", "nobody"),
        ("//one[name='ann' and pin='{}']/name", "0000"),
    ] {
        let scanned = scan_page(value, silent(expression)).await;
        assert_eq!(scanned.points(RULE), POINT, "{expression}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Firm);
        assert!(finding.detail.contains("condition `"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn error_messages_that_follow_the_quote_are_found() {
    for expression in ["//one[name='{}']/name", "//one[name=\"{}\"]/name"] {
        let scanned =
            scan_page("ann", move |ask| match search(&expression.replace("{}", ask.get("v"))) {
                Ok(found) => list(&found),
                Err(error) => {
                    respond(500, "text/html", format!("XPathException: {}", escape(&error)))
                }
            })
            .await;
        assert_eq!(scanned.points(RULE), POINT);
        assert!(scanned.found(RULE)[0].detail.contains("an XPath processor"));
    }
}

/// Nothing may be found on these.
async fn finds_nothing(name: &str, page: impl Fn(&Ask) -> Response + Send + Sync + 'static) {
    let scanned = scan_page("ann", page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
}

#[tokio::test]
async fn pages_that_quote_or_search_otherwise_are_safe() {
    finds_nothing("constant", |_| html("<p>people</p>")).await;
    finds_nothing("echo", |ask| html(format!("<p>{}</p>", escape(ask.get("v"))))).await;
    finds_nothing("quotes taken away", |ask| {
        let value = ask.get("v").replace(['\'', '"'], "");
        list(&search(&format!("//one[name='{value}']/name")).unwrap_or_default())
    })
    .await;
    finds_nothing("always an error", |_| respond(200, "text/html", "XPathException")).await;
    finds_nothing("an error for any quote", |ask| {
        if ask.get("v").contains(['\'', '"']) || ask.get("v").contains(" and ") {
            respond(500, "text/html", "XPathException")
        } else {
            html("<p>ann</p>")
        }
    })
    .await;
    finds_nothing("firewall", |ask| {
        if ask.get("v").contains('(') { respond(403, "text/html", "no") } else { html("<p>ok</p>") }
    })
    .await;
    finds_nothing("words", |ask| {
        let value = ask.get("v");
        let found = ["ann", "or", "count", "10"].into_iter().filter(|word| value.contains(word));
        list(&found.map(str::to_owned).collect::<Vec<_>>())
    })
    .await;
}

#[tokio::test]
async fn sql_is_not_taken_for_xpath() {
    let connection = rusqlite::Connection::open_in_memory().expect("memory");
    connection
        .execute_batch("CREATE TABLE one (name TEXT); INSERT INTO one VALUES ('ann'), ('bob');")
        .expect("valid SQL");
    let connection = std::sync::Mutex::new(connection);
    finds_nothing("SQL", move |ask| {
        let connection = connection.lock().expect("no panic");
        let sql = format!("SELECT name FROM one WHERE name = '{}'", ask.get("v"));
        let found = connection.prepare(&sql).and_then(|mut statement| {
            statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()
        });
        list(&found.unwrap_or_default())
    })
    .await;
}

#[tokio::test]
async fn pages_that_change_by_themselves_are_safe() {
    let count = std::sync::atomic::AtomicU64::new(0);
    finds_nothing("flapping", move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        list(&vec!["ann".to_owned(); usize::from((count / 3).is_multiple_of(2))])
    })
    .await;
}
