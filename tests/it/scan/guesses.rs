//! Guesses: right ones are found, and wrong ones stay few also where a site is small.

use shakedown::model::Guessed;
use shakedown::model::Request;
use shakedown::model::Response;
use shakedown::model::SkipReason;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

/// Scripts that name more addresses than there are: their own, and those of some library.
const APP: &str = r#"fetch("/api/stock"); const old = ["/p1/old", "/p2/old"]; // see /p3/todo"#;
const LIBRARY: &str = r#"const paths = ["/p4/a", "/v1/b", "/v1/c", "./d", "/e"]; base + "/f";"#;

/// A page that is built like no other, so that all are looked at.
fn page(number: usize, of: usize) -> Response {
    let parts: Vec<_> = (0..number).map(|part| format!("<i class=c{number}x{part}></i>")).collect();
    let links: Vec<_> = (1..of).map(|other| format!("<a href=/p{other}/>{other}</a>")).collect();
    let scripts = "<script src=/app.js></script><script src=/library.js></script>";
    html(if number == 0 { links.concat() + scripts } else { parts.concat() })
}

/// A site of so many pages, without any of the files that sites have by convention.
fn small_site(pages: usize) -> impl Fn(&Ask) -> Response {
    move |ask| {
        let number = ask.path.trim_matches('/').strip_prefix('p').and_then(|it| it.parse().ok());
        match (&*ask.path, number) {
            ("/", _) => page(0, pages),
            ("/app.js", _) => respond(200, "text/javascript", APP),
            ("/library.js", _) => respond(200, "text/javascript", LIBRARY),
            ("/api/stock", _) => respond(200, "application/json", "{}"),
            (_, Some(number)) if number < pages => page(number, pages),
            _ => not_found(),
        }
    }
}

fn is_there(pages: usize, request: &Request) -> bool {
    let ask = Ask::of(request);
    small_site(pages)(&ask).status == 200
}

/// A name that is asked for on purpose because nothing has it.
fn is_calibration(request: &Request) -> bool {
    let path = request.path_and_query_text().into_owned();
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    stem.len() == 14 && stem.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn left(scanned: &Scanned, why: SkipReason) -> u64 {
    let mut skipped = scanned.report.coverage.skipped.iter();
    skipped.find(|(reason, _)| *reason == why).map_or(0, |(_, count)| *count)
}

#[tokio::test]
async fn few_requests_lead_nowhere_whatever_the_size_of_the_site() {
    for pages in [20, 25, 40, 80] {
        let scanned = scan(Setup::default(), small_site(pages)).await;
        let sent = &scanned.requests;
        let is_wrong = |request: &&Request| !is_there(pages, request) && !is_calibration(request);
        let wrong = sent.iter().filter(is_wrong).count();
        assert!(wrong > 0 && wrong * 100 <= sent.len() * 5, "{wrong} of {}", sent.len());
        assert!(sent.len() >= 20, "guesses do not keep pages from being looked at");
        assert!(scanned.asked("/api/stock"), "a script asks for it");
        let guessed = scanned.report.coverage.guessed;
        assert_eq!(guessed.asked - guessed.right, wrong as u64, "{guessed:?}");
        assert!(left(&scanned, SkipReason::Guess) >= 2, "{:?}", scanned.report.coverage.skipped);
        assert!(scanned.notices().iter().any(|text| text.contains("guesses")));
    }
}

#[tokio::test]
async fn what_scripts_ask_for_is_found_however_small_the_site() {
    let names = ["ants", "bees", "cats", "dogs", "eels", "foxes", "gnus", "hens", "jays", "kites"];
    let paths = names.map(|name| format!("/{name}/list"));
    let calls = paths.each_ref().map(|path| format!("fetch('{path}')"));
    let script = format!("{};const wrong = ['/a/b', '/c/d'];", calls.join(";"));
    let scanned = scan(Setup::default(), move |ask| match &*ask.path {
        "/" => html("<script src=/app.js></script>"),
        "/app.js" => respond(200, "text/javascript", script.clone()),
        path if path.ends_with("/list") => respond(200, "application/json", "{}"),
        _ => not_found(),
    })
    .await;
    assert!(paths.iter().all(|path| scanned.asked(path)));
    assert_eq!(scanned.report.coverage.guessed, Guessed { asked: 11, right: 10 });
}
