//! What is open to those who ask otherwise than the site's pages do.

use std::collections::BTreeMap;
use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

type Page = fn(&Ask) -> Response;

async fn scan_site(
    rule: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(Setup { active: vec![rule], allow_unsafe: true, ..Setup::default() }, page).await
}

fn silent(scanned: &Scanned, rule: &str, name: &str) {
    assert_eq!(scanned.found(rule).len(), 0, "{name}: {:?}", scanned.found(rule));
    assert!(scanned.outcome(rule).requests > 0, "{name}: nothing was asked");
}

fn sent(ask: &Ask, name: &str) -> String {
    ask.request.header(name).map(|it| it.text().into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn requests_that_are_sent_back_are_found() {
    let rule = "trace-method";
    let back: Page = |ask| match &*ask.method {
        "TRACE" => respond(
            200,
            "message/http",
            String::from_utf8_lossy(&ask.request.to_wire()).into_owned(),
        ),
        _ => html("<p>x</p>"),
    };
    let scanned = scan_site(rule, back).await;
    assert_eq!(scanned.found(rule)[0].confidence, Confidence::Confirmed);
    let refused: Page = |ask| match &*ask.method {
        "TRACE" => respond(405, "text/html", "<p>no</p>"),
        _ => html("<p>x</p>"),
    };
    silent(&scan_site(rule, refused).await, rule, "refused");
    let shown: Page = |ask| html(format!("<pre>{}</pre>", ask.request.headers.len()));
    silent(&scan_site(rule, shown).await, rule, "as a GET");
}

const FORM: &str = "<form method=post action=/note><input name=text value=Hello></form>";

/// Keeps what is put, and gives it back as `gives` says.
async fn scan_store(is_open: fn(&str) -> bool, gives: fn(&str) -> Response) -> Scanned {
    let kept: Mutex<BTreeMap<String, String>> = Mutex::default();
    scan_site("http-methods", move |ask| {
        let mut kept = kept.lock().expect("no panic");
        let body = String::from_utf8_lossy(&ask.request.body).into_owned();
        match &*ask.method {
            "PUT" | "DELETE" if !is_open(&ask.path) => respond(405, "text/html", "no"),
            "PUT" => {
                kept.insert(ask.path.clone(), body);
                respond(201, "text/plain", "")
            }
            "DELETE" => {
                kept.remove(&ask.path);
                respond(204, "text/plain", "")
            }
            "OPTIONS" => {
                let mut response = respond(200, "text/plain", "");
                let all = if is_open(&ask.path) { "GET, PUT, DELETE" } else { "GET" };
                response.headers.push(Header::new("Allow", all));
                response
            }
            _ if ask.path == "/" => html(format!("{FORM}<a href=/dav/readme.html>x</a>")),
            _ if ask.path == "/note" || ask.path == "/dav/readme.html" => html("<p>ok</p>"),
            _ => kept.get(&ask.path).map_or_else(not_found, |text| gives(text)),
        }
    })
    .await
}

#[tokio::test]
async fn files_that_anybody_can_put_are_found_and_taken_away() {
    let rule = "http-methods";
    let scanned =
        scan_store(|path| path.starts_with("/dav/"), |text| respond(200, "text/plain", text)).await;
    let [finding] = scanned.found(rule)[..] else { panic!("one") };
    assert_eq!((finding.confidence, &*finding.path_template), (Confidence::Confirmed, "/dav/"));
    assert!(finding.detail.ends_with("is gone again"), "{}", finding.detail);
    let put = scanned.requests.iter().filter(|it| it.method.as_str() == "PUT").count();
    let deleted = scanned.requests.iter().filter(|it| it.method.as_str() == "DELETE").count();
    assert_eq!((put, deleted), (1, 1), "where files are comes first");
    let scanned = scan_store(|_| false, |text| respond(200, "text/plain", text)).await;
    silent(&scanned, rule, "refused");
    let scanned = scan_store(
        |_| true,
        |text| respond(200, "application/json", format!("{{\"text\":{text:?}}}")),
    )
    .await;
    silent(&scanned, rule, "kept as a record");
    let deleted = scanned.requests.iter().filter(|it| it.method.as_str() == "DELETE").count();
    assert!(deleted > 0, "what was put is taken away in any case");
}

#[tokio::test]
async fn nothing_is_put_where_the_run_may_not_write() {
    let setup = Setup { active: vec!["http-methods"], ..Setup::default() };
    let scanned = scan(setup, |ask| match &*ask.path {
        "/" => html(FORM),
        _ => not_found(),
    })
    .await;
    assert!(scanned.requests.iter().all(|it| matches!(it.method.as_str(), "GET" | "OPTIONS")));
}

/// A page that knows its methods, the real one or the one that is named.
fn by_method(named: &str, ask: &Ask) -> Response {
    let method = if named.is_empty() { &ask.method } else { named };
    match method {
        "GET" | "POST" => html("<h1>Orders</h1><p>Three orders</p>"),
        _ => respond(405, "text/html", "<h1>Method not allowed</h1>"),
    }
}

#[tokio::test]
async fn methods_that_a_header_or_parameter_replaces_are_found() {
    let rule = "method-override";
    let pages: [(&str, Page); 3] = [
        ("X-HTTP-Method-Override", |ask| by_method(&sent(ask, "x-http-method-override"), ask)),
        ("X-Method-Override", |ask| by_method(&sent(ask, "x-method-override"), ask)),
        ("_method", |ask| by_method(ask.get("_method"), ask)),
    ];
    for (name, page) in pages {
        let scanned = scan_site(rule, page).await;
        let [finding] = scanned.found(rule)[..] else { panic!("{name}") };
        assert!(finding.detail.starts_with(&format!("`{name}: ")), "{}", finding.detail);
    }
    let pages: [(&str, Page); 3] = [
        ("not listened to", |ask| by_method("", ask)),
        ("unknown headers are refused", |ask| {
            let is_odd = ask.request.headers.iter().any(|it| it.name.starts_with("X-"));
            by_method(if is_odd { "ODD" } else { "" }, ask)
        }),
        ("every method is answered alike", |_| html("<p>x</p>")),
    ];
    for (name, page) in pages {
        silent(&scan_site(rule, page).await, rule, name);
    }
}

#[tokio::test]
async fn a_route_that_listens_for_itself_is_found_among_others() {
    let rule = "method-override";
    let page: Page = |ask| match (&*ask.path, &*ask.method) {
        ("/", _) => {
            let links = (1..9).map(|page| format!("<a href=/page/{page}{page}a>{page}</a>"));
            html(links.collect::<String>() + "<a href=/notices/7>7</a>")
        }
        ("/notices/7", _) => by_method(&sent(ask, "x-http-method-override"), ask),
        (_, "GET") => html(format!("<p>{}</p>", ask.path)),
        _ => respond(405, "text/html", "<p>no</p>"),
    };
    let scanned = scan_site(rule, page).await;
    let [finding] = scanned.found(rule)[..] else { panic!("{:?}", scanned.notices()) };
    assert_eq!(finding.path_template, "/notices/{id}");
}

const START: &str = "<h1>Shop</h1><a href=/manage/orders>manage</a>";

fn secret() -> Response {
    html("<h1>All orders</h1><p>Ann: lamp</p><p>Bob: desk</p>")
}

fn refused() -> Response {
    respond(403, "text/html", "<h1>Forbidden</h1>")
}

/// The path as it was sent.
fn raw(ask: &Ask) -> String {
    ask.request.path_and_query_text().split('?').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn refused_pages_that_show_under_another_spelling_are_found() {
    let rule = "access-bypass";
    let pages: [(&str, Page); 7] = [
        ("//orders", |ask| match &*raw(ask).replace("//", "/") {
            "/manage/orders" if raw(ask) == "/manage/orders" => refused(),
            "/manage/orders" => secret(),
            _ => not_found(),
        }),
        ("ORDERS", |ask| match &*raw(ask).to_ascii_lowercase() {
            "/manage/orders" if raw(ask) == "/manage/orders" => refused(),
            "/manage/orders" => secret(),
            _ => not_found(),
        }),
        ("%6frders", |ask| match &*raw(ask) {
            "/manage/orders" => refused(),
            "/manage/%6frders" => secret(),
            _ => not_found(),
        }),
        ("orders;", |ask| match &*raw(ask) {
            "/manage/orders" => refused(),
            "/manage/orders;" => secret(),
            _ => not_found(),
        }),
        ("orders/", |ask| match &*raw(ask) {
            "/manage/orders" => refused(),
            "/manage/orders/" => secret(),
            _ => not_found(),
        }),
        ("X-Forwarded-For: 127.0.0.1", |ask| match &*raw(ask) {
            "/manage/orders" if sent(ask, "x-forwarded-for") == "127.0.0.1" => secret(),
            "/manage/orders" => refused(),
            _ => not_found(),
        }),
        ("X-Original-URL: /manage/orders", |ask| {
            match (&*raw(ask), &*sent(ask, "x-original-url")) {
                ("/manage/orders", _) => refused(),
                (_, "/manage/orders") => secret(),
                _ => not_found(),
            }
        }),
    ];
    for (text, page) in pages {
        let scanned = scan_site(rule, move |ask| {
            let is_start = raw(ask) == "/" && sent(ask, "x-original-url").is_empty();
            if is_start { html(START) } else { page(ask) }
        })
        .await;
        let [finding] = scanned.found(rule)[..] else { panic!("{text}") };
        assert!(finding.detail.contains(text), "{text}: {}", finding.detail);
        assert_eq!(finding.path_template, "/manage/orders");
        assert_eq!(finding.confidence, Confidence::Firm);
    }
}

#[tokio::test]
async fn pages_that_stay_refused_are_safe() {
    let rule = "access-bypass";
    let pages: [(&str, Page); 5] = [
        ("whatever is not known is refused", |_| refused()),
        ("whatever is not known is the start page", |ask| match &*raw(ask) {
            "/manage/orders" => refused(),
            _ => html(START),
        }),
        ("whatever is not known is a page that says so", |ask| match &*raw(ask) {
            "/manage/orders" => refused(),
            _ => html("<h1>Nothing here</h1>"),
        }),
        ("the refusal comes with 200 elsewhere", |ask| match &*raw(ask) {
            "/manage/orders" => refused(),
            path if path.contains("orders") => respond(403, "text/html", "<h1>Forbidden</h1>"),
            _ => not_found(),
        }),
        ("spellings redirect to the real name", |ask| match &*raw(ask) {
            "/manage/orders" => refused(),
            _ => super::site::redirect("/manage/orders"),
        }),
    ];
    for (name, page) in pages {
        let scanned =
            scan_site(rule, move |ask| if raw(ask) == "/" { html(START) } else { page(ask) }).await;
        silent(&scanned, rule, name);
    }
}

const LINKS: &str =
    "<a href=/hours.html>h</a><a href=/shop/cart.php>cart</a><script src=/static/app.js></script>";

async fn scan_copies(copies: &'static [(&'static str, &'static str)], other: Page) -> Scanned {
    scan_site("backup-files", move |ask| match &*ask.path {
        "/" => html(LINKS),
        "/shop/cart.php" => html("<h1>Your cart</h1>"),
        "/hours.html" => html("<h1>Hours</h1>"),
        "/static/app.js" => respond(200, "text/javascript", "let a = 1;"),
        path => match copies.iter().find(|(name, _)| *name == path) {
            Some((_, text)) => respond(200, "application/octet-stream", *text),
            None => other(ask),
        },
    })
    .await
}

#[tokio::test]
async fn copies_of_programs_and_directories_are_found() {
    let rule = "backup-files";
    for (name, copies) in [
        ("/shop/cart.php.bak", &[("/shop/cart.php.bak", "<?php $key = 'x'; ?>")]),
        ("/shop/cart.php~", &[("/shop/cart.php~", "<?php $key = 'x'; ?>")]),
        ("/shop/.cart.php.swp", &[("/shop/.cart.php.swp", "b0VIM 9.0 and more")]),
        ("/shop/cart.phps", &[("/shop/cart.phps", "<?php\nrequire 'x.php';")]),
        ("/shop.zip", &[("/shop.zip", "PK\x03\x04 and more")]),
        ("/hours.html.bak", &[("/hours.html.bak", "{% set key = 'x' %}<h1>Hours</h1>")]),
    ] {
        let scanned = scan_copies(copies, |_| not_found()).await;
        let [finding] = scanned.found(rule)[..] else { panic!("{name}") };
        assert_eq!((finding.confidence, &*finding.path_template), (Confidence::Firm, name));
    }
    let scanned = scan_copies(&[], |_| not_found()).await;
    assert!(scanned.asked("/static/app.js.map"), "others look at maps");
}

#[tokio::test]
async fn what_is_no_copy_is_safe() {
    let rule = "backup-files";
    let pages: [(&str, Page); 4] = [
        ("nothing", |_| not_found()),
        ("a page for everything", |_| html("<h1>Shop</h1>")),
        ("source for everything", |_| respond(200, "text/plain", "<?php echo 'x'; ?>")),
        ("the page whatever is behind its name", |ask| {
            if ask.path.starts_with("/shop/") { html("<h1>Your cart</h1>") } else { not_found() }
        }),
    ];
    for (name, page) in pages {
        silent(&scan_copies(&[], page).await, rule, name);
    }
}

async fn scan_directory(listing: &'static str, other: Page) -> Scanned {
    scan_site("directory-listing-plain", move |ask| match &*ask.path {
        "/" => html("<a href=/files/manuals/lamp.pdf>manual</a>"),
        "/files/manuals/lamp.pdf" => respond(200, "application/pdf", "%PDF"),
        "/files/manuals/" => html(listing),
        _ => other(ask),
    })
    .await
}

#[tokio::test]
async fn directories_that_list_their_files_are_found() {
    let rule = "directory-listing-plain";
    let listing = "<title>listing directory /files/manuals</title><h1>~ / files / manuals</h1>
        <a href='..'>..</a><a href='lamp.pdf'>lamp.pdf</a><a href='draft.pdf'>draft.pdf</a>";
    let scanned = scan_directory(listing, |_| not_found()).await;
    let [finding] = scanned.found(rule)[..] else { panic!("one") };
    assert_eq!(finding.path_template, "/files/manuals/");
    assert!(finding.detail.contains("lists 2 files"), "{}", finding.detail);
    for (name, page) in [
        (
            "the usual words, which another rule knows",
            "<title>Index of /files/manuals/</title>
            <a href=lamp.pdf>x</a><a href=b>x</a>",
        ),
        ("a page about manuals", "<title>Manuals</title><a href=lamp.pdf>x</a><a href=b>x</a>"),
        (
            "a page with other links",
            "<h1>/files/manuals</h1><a href=lamp.pdf>x</a>
            <a href=b>x</a><a href=/cart>cart</a>",
        ),
        ("nothing that is known", "<h1>/files/manuals</h1><a href=a>x</a><a href=b>x</a>"),
    ] {
        silent(&scan_directory(page, |_| not_found()).await, rule, name);
    }
    let everywhere: Page =
        |ask| html(format!("<h1>{}</h1><a href=lamp.pdf>x</a><a href=b>x</a>", ask.path));
    let listing = "<h1>/files/manuals/</h1><a href=lamp.pdf>x</a><a href=b>x</a>";
    silent(&scan_directory(listing, everywhere).await, rule, "a list everywhere");
}
