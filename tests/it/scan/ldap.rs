//! LDAP injection, against a small directory and against pages that only look like one.

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

const RULE: &str = "ldap-injection";
const POINT: [&str; 1] = ["GET /p query `v`"];

const ENTRIES: [&[(&str, &str)]; 3] = [
    &[("objectClass", "person"), ("cn", "ann"), ("mail", "ann@shop.example"), ("pin", "1234")],
    &[("objectClass", "person"), ("cn", "bob"), ("mail", "bob@shop.example"), ("pin", "9876")],
    &[("objectClass", "printer"), ("cn", "upstairs")],
];

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

/// Names of the entries that a filter finds (RFC 4515).
fn search(filter: &str) -> Result<Vec<&'static str>, String> {
    let mut found = Vec::new();
    for entry in ENTRIES {
        let mut rest = filter;
        let fits = component(&mut rest, entry)?;
        if !rest.is_empty() {
            return Err("Bad search filter".to_owned());
        }
        let name = entry.iter().find(|(name, _)| *name == "cn").expect("a name").1;
        found.extend(fits.then_some(name));
    }
    Ok(found)
}

fn component(rest: &mut &str, entry: &[(&str, &str)]) -> Result<bool, String> {
    let bad = || "Bad search filter".to_owned();
    *rest = rest.strip_prefix('(').ok_or_else(bad)?;
    let sign = rest.chars().next().ok_or_else(bad)?;
    let fits = if matches!(sign, '&' | '|' | '!') {
        *rest = &rest[1..];
        let mut parts = Vec::new();
        while rest.starts_with('(') {
            parts.push(component(rest, entry)?);
        }
        match (sign, parts.as_slice()) {
            ('!', [one]) => !one,
            ('!', _) | (_, []) => return Err(bad()),
            ('&', all) => all.iter().all(|it| *it),
            (_, all) => all.iter().any(|it| *it),
        }
    } else {
        let end = rest.find(['(', ')']).ok_or_else(bad)?;
        let (name, wanted) = rest[..end].split_once('=').ok_or_else(bad)?;
        *rest = &rest[end..];
        let pattern = regex::escape(&wanted.replace("\\28", "(").replace("\\29", ")"));
        let pattern = format!("^{}$", pattern.replace(r"\*", ".*"));
        let pattern = regex::Regex::new(&pattern).map_err(|error| error.to_string())?;
        entry.iter().any(|(known, value)| *known == name && pattern.is_match(value))
    };
    *rest = rest.strip_prefix(')').ok_or_else(bad)?;
    Ok(fits)
}

fn list(found: &[&str]) -> Response {
    let rows: Vec<String> = found.iter().map(|name| format!("<li>{name}</li>")).collect();
    html(format!("<h1>People</h1><p>{} found</p><ul>{}</ul>", found.len(), rows.concat()))
}

/// A page that puts its filter together from text and hides errors.
fn silent(filter: &'static str) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| list(&search(&filter.replace("{}", ask.get("v"))).unwrap_or_default())
}

#[tokio::test]
async fn conditions_in_filters_are_found() {
    for (filter, value) in [
        ("(&(objectClass=person)(cn={}))", "ann"),
        ("(&(cn={})(objectClass=person))", "ann"),
        ("(|(cn={})(mail=bob@shop.example))", "ann"),
        ("(&(objectClass=person)(|(cn={})(mail={})))", "ann"),
        ("(&(cn=ann)(pin={}))", "0000"),
    ] {
        let scanned = scan_page(value, silent(filter)).await;
        assert_eq!(scanned.points(RULE), POINT, "{filter}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Firm);
        assert!(finding.detail.contains("condition `"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn error_messages_that_follow_the_parentheses_are_found() {
    let scanned = scan_page("ann", |ask| match search(&format!("(cn={})", ask.get("v"))) {
        Ok(found) => list(&found),
        Err(error) => respond(500, "text/html", format!("ldap_search(): {error}")),
    })
    .await;
    assert_eq!(scanned.points(RULE), POINT);
    assert!(scanned.found(RULE)[0].detail.contains("an LDAP filter's reader"));
}

/// Nothing may be found on these.
async fn finds_nothing(name: &str, page: impl Fn(&Ask) -> Response + Send + Sync + 'static) {
    let scanned = scan_page("ann", page).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(RULE).requests > 0, "{name}");
}

#[tokio::test]
async fn pages_that_escape_or_search_otherwise_are_safe() {
    finds_nothing("constant", |_| html("<p>people</p>")).await;
    finds_nothing("echo", |ask| html(format!("<p>{}</p>", escape(ask.get("v"))))).await;
    finds_nothing("escaped", |ask| {
        let escaped = ask.get("v").replace('(', "\\28").replace(')', "\\29").replace('*', "\\2a");
        list(&search(&format!("(&(objectClass=person)(cn={escaped}))")).unwrap_or_default())
    })
    .await;
    finds_nothing("a star may be written", |ask| {
        let escaped = ask.get("v").replace('(', "\\28").replace(')', "\\29");
        list(&search(&format!("(cn={escaped})")).unwrap_or_default())
    })
    .await;
    finds_nothing("always an error", |_| respond(200, "text/html", "Bad search filter")).await;
    finds_nothing("an error for any parenthesis", |ask| {
        if ask.get("v").contains(['(', ')', '\\', '*']) {
            respond(500, "text/html", "Bad search filter")
        } else {
            html("<p>ann</p>")
        }
    })
    .await;
    finds_nothing("firewall", |ask| {
        if ask.get("v").contains("objectClass") {
            respond(403, "text/html", "no")
        } else {
            html("<p>ok</p>")
        }
    })
    .await;
    finds_nothing("words", |ask| {
        let value = ask.get("v").to_lowercase();
        let found = ["ann", "cn", "objectclass"].into_iter().filter(|word| value.contains(word));
        list(&found.collect::<Vec<_>>())
    })
    .await;
}

#[tokio::test]
async fn pages_that_change_by_themselves_are_safe() {
    let count = std::sync::atomic::AtomicU64::new(0);
    finds_nothing("flapping", move |_| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if (count / 3).is_multiple_of(2) { list(&["ann"]) } else { list(&[]) }
    })
    .await;
}
