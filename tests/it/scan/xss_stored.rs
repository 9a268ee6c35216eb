//! Stored cross-site scripting: what is written in one place and displayed in another.

use std::sync::Mutex;

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
use super::site::redirect;
use super::site::respond;
use super::site::scan;

const RULE: &str = "xss-stored";

async fn scan_site(handler: impl Fn(&Ask) -> Response + Send + Sync + 'static) -> Scanned {
    scan(Setup { active: vec![RULE], allow_unsafe: true, ..Setup::default() }, handler).await
}

const FORM: &str = "<form method=post action=/book><input name=who value=Ann>\
                    <textarea name=text>Fine</textarea><input name=stars value=5></form>";

/// A guest book that shows what was written, each field in its way.
fn book(
    displayed: impl Fn(&str, &str, &str) -> String + Send + Sync + 'static,
) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    let entries: Mutex<Vec<(String, String, String)>> = Mutex::default();
    move |ask| match (&*ask.method, &*ask.path) {
        ("GET", "/") => html("<a href=/write>w</a><a href=/book>b</a>"),
        ("GET", "/write") => html(FORM),
        ("POST", "/book") => {
            let entry = ["who", "text", "stars"].map(|name| ask.get(name).to_owned());
            let [who, text, stars] = entry;
            entries.lock().expect("no panic").push((who, text, stars));
            redirect("/book")
        }
        ("GET", "/book") => {
            let entries = entries.lock().expect("no panic");
            html(
                entries
                    .iter()
                    .map(|(who, text, stars)| displayed(who, text, stars))
                    .collect::<String>(),
            )
        }
        _ => not_found(),
    }
}

#[tokio::test]
async fn a_value_that_is_shown_on_another_page_as_it_is_is_found_and_its_neighbours_are_not() {
    let scanned = scan_site(book(|who, text, _| format!("<p>{}: {text}</p>", escape(who)))).await;
    assert_eq!(scanned.points(RULE), ["POST /book form `text`"]);
    let finding = scanned.found(RULE)[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("/book"), "{}", finding.detail);
    assert_eq!(finding.payloads.len(), 2);
    assert_ne!(finding.payloads[0], finding.payloads[1], "the replay is another payload");
    let roles: Vec<_> = finding.evidence.iter().map(|it| it.role).collect();
    let expected =
        [EvidenceRole::Control, EvidenceRole::Attack, EvidenceRole::Attack, EvidenceRole::Replay];
    assert_eq!(roles[..4], expected);
}

#[tokio::test]
async fn attributes_and_scripts_of_other_pages_are_broken_out_of() {
    let angle = |text: &str| text.replace('<', "&lt;").replace('>', "&gt;");
    let scanned = scan_site(book(move |who, text, stars| {
        let (who, text) = (angle(who), angle(text));
        format!("<p title=\"{who}\" data-n={}>x</p><script>say('{text}')</script>", escape(stars))
    }))
    .await;
    let expected = ["POST /book form `stars`", "POST /book form `text`", "POST /book form `who`"];
    assert_eq!(scanned.points(RULE), expected);
}

#[tokio::test]
async fn what_is_escaped_where_it_is_shown_is_safe() {
    let scanned = scan_site(book(|who, text, stars| {
        let [who, text, stars] = [who, text, stars].map(escape);
        format!("<p title=\"{who}\">{text}</p><textarea>{stars}</textarea>")
    }))
    .await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new());
    let requests = scanned.outcome(RULE).requests;
    assert!((10..60).contains(&requests), "{requests}");
}

#[tokio::test]
async fn a_value_that_replaces_another_is_followed_and_put_back() {
    let name = Mutex::new("Ann".to_owned());
    let scanned = scan_site(move |ask| match (&*ask.method, &*ask.path) {
        ("GET", "/") => html("<a href=/settings>s</a><a href=/team>t</a>"),
        ("GET", "/settings") => html(
            "<form method=post><input name=mail value=ann@example.com><input name=name value=Ann>
             <input name=site value=http://ann.example></form>",
        ),
        // Whoever gives no mail address is told so.
        ("POST", "/settings") if !ask.get("mail").ends_with("@example.com") => {
            respond(422, "text/html", "<p>no mail address</p>")
        }
        ("POST", "/settings") => {
            ask.get("name").clone_into(&mut name.lock().expect("no panic"));
            html("<p>saved</p>")
        }
        ("GET", "/team") => html(format!("<h1>{}</h1>", name.lock().expect("no panic"))),
        _ => not_found(),
    })
    .await;
    assert_eq!(scanned.points(RULE), ["POST /settings form `name`"]);
    let last = scanned.requests.iter().rfind(|it| it.method.as_str() == "POST").expect("written");
    assert!(String::from_utf8_lossy(&last.body).contains("name=Ann"), "the old value is back");
}

#[tokio::test]
async fn names_of_files_are_followed() {
    let files: Mutex<Vec<String>> = Mutex::default();
    let scanned = scan_site(move |ask| match (&*ask.method, &*ask.path) {
        ("GET", "/") => html(
            "<a href=/gallery>g</a><form method=post action=/upload enctype=multipart/form-data>
             <input type=file name=picture accept=image/png><input name=note value=x></form>",
        ),
        ("POST", "/upload") => {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            let name = body.split("filename=\"").nth(1).and_then(|rest| rest.split('"').next());
            match name.filter(|name| name.contains(".png")) {
                Some(name) => files.lock().expect("no panic").push(name.to_owned()),
                None => return respond(400, "text/html", "<p>no picture</p>"),
            }
            html("<p>thanks</p>")
        }
        ("GET", "/gallery") => {
            let files = files.lock().expect("no panic");
            html(files.iter().map(|name| format!("<li>{name}</li>")).collect::<Vec<_>>().concat())
        }
        _ => not_found(),
    })
    .await;
    assert_eq!(scanned.points(RULE), ["POST /upload file `picture/filename`"]);
}

#[tokio::test]
async fn json_that_is_stored_is_followed_to_pages() {
    let note = Mutex::new(String::new());
    let setup = Setup {
        active: vec![RULE],
        allow_unsafe: true,
        requests: vec![posted("/api/notes", "application/json", r#"{"note":{"text":"hello"}}"#)],
        ..Setup::default()
    };
    let scanned = scan(setup, move |ask| match (&*ask.method, &*ask.path) {
        ("GET", "/") => html(format!("<p>{}</p>", note.lock().expect("no panic"))),
        ("POST", "/api/notes") => {
            let body: serde_json::Value = serde_json::from_slice(&ask.request.body).expect("JSON");
            let text = body["note"]["text"].as_str().unwrap_or_default();
            text.clone_into(&mut note.lock().expect("no panic"));
            respond(201, "application/json", "{}")
        }
        _ => not_found(),
    })
    .await;
    assert_eq!(scanned.points(RULE), ["POST /api/notes json `/note/text`"]);
}

#[tokio::test]
async fn what_is_kept_of_visits_and_searches_is_followed_too() {
    let seen: Mutex<(String, Vec<String>)> = Mutex::default();
    let scanned = scan(Setup { active: vec![RULE], ..Setup::default() }, move |ask| {
        let mut seen = seen.lock().expect("no panic");
        match &*ask.path {
            "/" => {
                let agent = ask.request.header("user-agent").map(|it| it.text().into_owned());
                seen.0 = agent.filter(|agent| !agent.is_empty()).unwrap_or(seen.0.clone());
                html("<a href='/find?q=tea'>f</a><a href=/log>l</a><a href=/popular>p</a>")
            }
            "/find" => {
                seen.1.push(ask.get("q").to_owned());
                html("<p>nothing</p>")
            }
            "/log" => html(format!("<td>{}</td>", seen.0)),
            "/popular" => {
                html(seen.1.iter().map(|it| format!("<td>{it}</td>")).collect::<Vec<_>>().concat())
            }
            _ => not_found(),
        }
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET / header `User-Agent`", "GET /find query `q`"]);
}

#[tokio::test]
async fn what_only_the_answer_itself_shows_is_not_stored() {
    let scanned = scan_site(|ask| match (&*ask.method, &*ask.path) {
        ("GET", "/") => html("<a href=/other>o</a><form method=post><input name=v value=a></form>"),
        ("POST", "/") => html(format!("<p>{}</p>", ask.get("v"))),
        _ => html("<p>other</p>"),
    })
    .await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_written_that_may_not_be() {
    let setup = Setup { active: vec![RULE], ..Setup::default() };
    let scanned = scan(setup, book(|_, text, _| format!("<p>{text}</p>"))).await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new());
    assert!(scanned.requests.iter().all(|request| request.method.is_safe()));
}
