//! What requests put into headers of answers and of mail, and headers that answers are made of.

use std::collections::BTreeMap;
use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

type Page = fn(&Ask) -> Response;

/// Where pages are.
const PATHS: [&str; 6] = ["/go", "/docs", "/contact", "/page", "/forgot-password", "/account"];

async fn scan_page(
    rule: &'static str,
    start: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup {
        active: vec![rule],
        allow_unsafe: true,
        headers: vec![Header::new("Cookie", "sid=alice")],
        ..Setup::default()
    };
    scan(setup, move |ask| match &*ask.path {
        "/" => html(start),
        path if PATHS.iter().any(|known| path.starts_with(known)) => page(ask),
        _ => not_found(),
    })
    .await
}

fn silent(scanned: &Scanned, rule: &str, name: &str) {
    assert_eq!(scanned.found(rule).len(), 0, "{name}: {:?}", scanned.found(rule));
    assert!(scanned.outcome(rule).requests > 0, "{name}: nothing was asked");
}

/// What a server that puts a text into its head makes of it.
fn head(name: &str, value: &str) -> Response {
    let mut response = redirect("/");
    let mut lines = format!("{name}: {value}").replace("\r\n", "\n");
    lines = lines.replace('\r', "\n");
    for line in lines.split('\n') {
        if let Some((name, value)) = line.split_once(':') {
            response.headers.push(Header::new(name.trim(), value.trim()));
        }
    }
    response
}

#[tokio::test]
async fn a_line_break_in_a_value_makes_a_header() {
    let pages: [(&str, Page); 4] = [
        ("as it is", |ask| head("X-Next", ask.get("next"))),
        ("carriage returns and line feeds alone", |ask| {
            head("X-Next", &ask.get("next").replace("\r\n", ""))
        }),
        ("characters cut to a byte", |ask| {
            let value = ask.get("next").replace(['\r', '\n'], "");
            let cut: String = value.chars().map(|c| char::from((c as u32 & 0xff) as u8)).collect();
            head("X-Next", &cut)
        }),
        ("decoded once more", |ask| {
            let value = ask.get("next").replace(['\r', '\n'], "");
            let later = percent_encoding::percent_decode_str(&value).decode_utf8_lossy();
            head("X-Next", &later)
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page("crlf-injection", "<a href='/go?next=home'>x</a>", page).await;
        assert_eq!(scanned.points("crlf-injection"), ["GET /go query `next`"], "{name}");
        let finding = scanned.found("crlf-injection")[0];
        assert_eq!(finding.confidence, Confidence::Confirmed, "{name}");
        assert!(finding.detail.contains("`x-"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn line_breaks_that_make_no_header_are_safe() {
    let pages: [(&str, Page); 5] = [
        ("taken out", |ask| head("X-Next", &ask.get("next").replace(['\r', '\n'], ""))),
        ("encoded", |ask| {
            let value: String =
                url::form_urlencoded::byte_serialize(ask.get("next").as_bytes()).collect();
            head("X-Next", &value)
        }),
        ("shown in the page", |ask| html(format!("<pre>{}</pre>", escape(ask.get("next"))))),
        ("refused", |ask| {
            let is_broken = ask.get("next").contains(['\r', '\n']);
            if is_broken { respond(400, "text/html", "no") } else { html("x") }
        }),
        ("one header with everything in it", |ask| {
            let mut response = html("x");
            response.headers.push(Header::new("X-Next", ask.get("next").as_bytes()));
            response
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page("crlf-injection", "<a href='/go?next=home'>x</a>", page).await;
        silent(&scanned, "crlf-injection", name);
    }
    let scanned =
        scan_page("crlf-injection", "<a href='/go?next=home'>x</a>", |_| html("same")).await;
    assert_eq!(scanned.outcome("crlf-injection").requests, 1, "the cost of a clean point");
}

#[tokio::test]
async fn a_line_break_in_a_path_makes_a_header() {
    let rule = "crlf-injection-path";
    let scanned = scan_page(rule, "<a href='/docs'>x</a>", |ask| {
        if ask.path.ends_with('/') {
            html("docs")
        } else {
            head("Location", &format!("{}/", ask.path))
        }
    })
    .await;
    let found = scanned.found(rule);
    assert!(found.iter().any(|finding| finding.path_template == "/docs"), "{found:?}");
    let scanned = scan_page(rule, "<a href='/docs'>x</a>", |ask| {
        if ask.path.ends_with('/') {
            return html("docs");
        }
        redirect(&format!("{}/", ask.request.path_and_query_text()))
    })
    .await;
    silent(&scanned, rule, "as it was sent");
}

const MAIL: &str = "<form method=post action=/contact><input name=email value=ann@example.org>\
     <textarea name=text>Hello</textarea></form>";

/// Those who get a message with these headers, or why nobody does.
fn recipients(headers: &str) -> Result<Vec<String>, String> {
    let mut all = vec!["shop@example.org".to_owned()];
    for line in headers.split('\n') {
        let Some((name, value)) = line.trim().split_once(':') else { continue };
        if name.eq_ignore_ascii_case("cc") || name.eq_ignore_ascii_case("bcc") {
            if !value.trim().chars().all(|c| c.is_ascii_alphanumeric() || "@.-".contains(c)) {
                return Err("no such recipient".to_owned());
            }
            all.push(value.trim().to_owned());
        }
    }
    Ok(all)
}

#[tokio::test]
async fn a_line_break_in_a_form_makes_a_header_of_the_message() {
    let rule = "mail-header-injection";
    let pages: [(&str, Page); 2] = [
        ("the page says who got it", |ask| {
            match recipients(&format!("From: {}", ask.get("email"))) {
                Ok(all) => html(format!("<p>Sent to {}</p>", escape(&all.join(", ")))),
                Err(_) => html("<p>Sent</p>"),
            }
        }),
        ("the page says that it was not sent", |ask| {
            match recipients(&format!("From: {}", ask.get("email"))) {
                Ok(_) => html(format!("<p>Thank you, {}</p>", escape(ask.get("email")))),
                Err(_) => respond(500, "text/html", "<p>Error</p>"),
            }
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page(rule, MAIL, page).await;
        assert_eq!(scanned.points(rule), ["POST /contact form `email`"], "{name}");
        assert_eq!(scanned.found(rule)[0].confidence, Confidence::Firm, "{name}");
    }
}

#[tokio::test]
async fn what_a_mail_form_only_repeats_is_no_header() {
    let rule = "mail-header-injection";
    let pages: [(&str, Page); 6] = [
        ("shown", |ask| html(format!("<p>Thank you, {}</p>", escape(ask.get("email"))))),
        ("shown line by line", |ask| {
            html(format!("<p>{}</p>", escape(ask.get("email")).replace('\n', "<br>")))
        }),
        ("nonsense is refused wherever it is", |ask| {
            if ask.get("email").contains('<') {
                return respond(400, "text/html", "<p>Not an address</p>");
            }
            html("<p>Sent</p>")
        }),
        ("line breaks are refused", |ask| {
            if ask.get("email").contains('\n') {
                return respond(400, "text/html", "<p>Not an address</p>");
            }
            html("<p>Sent</p>")
        }),
        ("a firewall that knows the header", |ask| {
            if ask.get("email").to_ascii_lowercase().contains("\ncc:") {
                return respond(403, "text/html", "<p>Blocked</p>");
            }
            html("<p>Sent</p>")
        }),
        ("always an error", |_| respond(500, "text/html", "<p>Error</p>")),
    ];
    for (name, page) in pages {
        let scanned = scan_page(rule, MAIL, page).await;
        if name == "always an error" {
            assert_eq!(scanned.found(rule).len(), 0, "{name}");
        } else {
            silent(&scanned, rule, name);
        }
    }
}

fn sent(ask: &Ask, name: &str) -> String {
    ask.request.header(name).map(|it| it.text().into_owned()).unwrap_or_default()
}

/// The host that a request names, by a header or the usual way.
fn host(ask: &Ask, header: &str) -> String {
    let named = sent(ask, header);
    if named.is_empty() { "127.0.0.1:8080".to_owned() } else { named }
}

#[tokio::test]
async fn addresses_made_of_a_header_are_found() {
    let pages: [(&str, Page); 4] = [
        ("Host", |ask| html(format!("<a href='http://{}/x'>x</a>", host(ask, "host")))),
        ("X-Forwarded-Host", |ask| redirect(&format!("//{}/x", host(ask, "x-forwarded-host")))),
        ("X-Forwarded-Host", |ask| {
            let host = host(ask, "x-forwarded-host");
            respond(200, "application/json", format!(r#"{{"next":"https:\/\/{host}\/p2"}}"#))
        }),
        ("Forwarded", |ask| {
            let forwarded = sent(ask, "forwarded");
            let host = forwarded.split("host=").nth(1).unwrap_or("127.0.0.1:8080").to_owned();
            html(format!("<link rel=canonical href=https://{host}/x>"))
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page("host-header", "<a href=/page>x</a>", page).await;
        let [finding] = scanned.found("host-header")[..] else { panic!("{name}") };
        assert!(finding.detail.starts_with(&format!("`{name}: ")), "{}", finding.detail);
        assert_eq!(finding.confidence, Confidence::Firm);
    }
    let form = "<form method=post action=/forgot-password><input name=email></form>";
    let page: Page = |ask| html(format!("<p>Sent: http://{}/new?t=1</p>", host(ask, "host")));
    let scanned = scan_page("host-header-reset", form, page).await;
    assert_eq!(scanned.found("host-header-reset").len(), 1);
    let scanned = scan_page("host-header", form, page).await;
    assert_eq!(scanned.found("host-header").len(), 0, "the other rule tells it");
}

#[tokio::test]
async fn hosts_that_make_no_address_are_safe() {
    let pages: [(&str, Page); 5] = [
        ("a name of one's own", |_| html("<a href='http://127.0.0.1:8080/x'>x</a>")),
        ("shown as text", |ask| html(format!("<p>Host {}</p>", host(ask, "host")))),
        ("refused with the address in the text", |ask| {
            if host(ask, "host") == "127.0.0.1:8080" {
                return html("x");
            }
            respond(421, "text/html", format!("No http://{}/ here", host(ask, "host")))
        }),
        ("in the path", |ask| html(format!("<a href='/to/{}'>x</a>", host(ask, "host")))),
        ("in the query", |ask| {
            html(format!("<a href='http://127.0.0.1/?h={}'>x</a>", host(ask, "x-forwarded-host")))
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page("host-header", "<a href=/page>x</a>", page).await;
        silent(&scanned, "host-header", name);
    }
}

/// A cache in front of a page, by the parts of the request that its key has.
struct Cache {
    kept: Mutex<BTreeMap<String, Response>>,
}

impl Cache {
    fn new() -> Self {
        Self { kept: Mutex::default() }
    }

    fn answer(&self, key: String, page: impl FnOnce() -> Response) -> Response {
        let mut kept = self.kept.lock().expect("no panic");
        let is_hit = kept.contains_key(&key);
        let mut response = kept.entry(key).or_insert_with(page).clone();
        let value = if is_hit { "HIT" } else { "MISS" };
        response.headers.push(Header::new("X-Cache", value));
        response
    }
}

fn linked(ask: &Ask) -> Response {
    html(format!("<script src='//{}/a.js'></script>", host(ask, "x-forwarded-host")))
}

#[tokio::test]
async fn a_header_that_is_kept_for_others_is_found() {
    let cache = Cache::new();
    let scanned = scan_page("cache-poisoning", "<a href=/page>x</a>", move |ask| {
        let key = ask.request.path_and_query_text().into_owned();
        cache.answer(key, || linked(ask))
    })
    .await;
    let [finding] = scanned.found("cache-poisoning")[..] else { panic!("one") };
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("X-Forwarded-Host"), "{}", finding.detail);
    let poisoned = scanned.requests.iter().filter(|it| it.header("x-forwarded-host").is_some());
    let with_buster = |it: &&shakedown::model::Request| it.path_and_query.contains(&b'?');
    assert!(poisoned.clone().all(|it| with_buster(&it)), "no page of others");
}

#[tokio::test]
async fn a_header_that_leads_elsewhere_does_not_hide_the_others() {
    let cache = Cache::new();
    let scanned = scan_page("cache-poisoning", "<a href=/page>x</a>", move |ask| {
        if ask.request.header("x-original-url").is_some() {
            return not_found();
        }
        let key = ask.request.path_and_query_text().into_owned();
        cache.answer(key, || linked(ask))
    })
    .await;
    assert_eq!(scanned.found("cache-poisoning").len(), 1);
}

#[tokio::test]
async fn caches_that_keep_nothing_foreign_are_safe() {
    let rule = "cache-poisoning";
    let scanned = scan_page(rule, "<a href=/page>x</a>", linked).await;
    silent(&scanned, rule, "nothing is kept");
    let cache = Cache::new();
    let scanned = scan_page(rule, "<a href=/page>x</a>", move |ask| {
        let key =
            format!("{} {}", ask.request.path_and_query_text(), sent(ask, "x-forwarded-host"));
        cache.answer(key, || linked(ask))
    })
    .await;
    silent(&scanned, rule, "the header is in the key");
    let last = Mutex::new(String::new());
    let scanned = scan_page(rule, "<a href=/page>x</a>", move |ask| {
        let mut last = last.lock().expect("no panic");
        let named = sent(ask, "x-forwarded-host");
        if !named.is_empty() {
            *last = named;
        }
        html(format!("<p>Last seen: {last}</p>"))
    })
    .await;
    silent(&scanned, rule, "a page that shows the last visitor everywhere");
    let cache = Cache::new();
    let scanned = scan_page(rule, "<a href=/page>x</a>", move |ask| {
        cache.answer(ask.path.clone(), || linked(ask))
    })
    .await;
    assert_eq!(scanned.found(rule).len(), 0, "a cache that does not look at queries");
    let mut poisoned = scanned.requests.iter().filter(|it| it.header("x-forwarded-host").is_some());
    assert!(poisoned.all(|it| !it.path_and_query.starts_with(b"/page")));
}

fn account(ask: &Ask) -> Response {
    if ask.cookie.contains("sid=alice") {
        html("<h1>Your account</h1><p>Alice Adams</p><p>Card 4711</p>")
    } else {
        redirect("/login")
    }
}

#[tokio::test]
async fn a_private_page_that_a_cache_keeps_is_found() {
    let rule = "cache-deception";
    for separator in ["/", ";"] {
        let cache = Cache::new();
        let scanned = scan_page(rule, "<a href=/account>x</a>", move |ask| {
            let path = ask.path.clone();
            let page = path.split(separator).find(|part| !part.is_empty()).unwrap_or_default();
            match page.trim_start_matches('/') {
                "account" if path.rsplit('.').next() == Some("css") => {
                    cache.answer(path, || account(ask))
                }
                "account" if path == "/account" => account(ask),
                _ => not_found(),
            }
        })
        .await;
        let [finding] = scanned.found(rule)[..] else { panic!("{separator}") };
        assert_eq!(finding.confidence, Confidence::Confirmed);
    }
}

#[tokio::test]
async fn private_pages_that_nobody_keeps_are_safe() {
    let rule = "cache-deception";
    let pages: [(&str, Page); 4] = [
        (
            "not kept",
            |ask| if ask.path.starts_with("/account") { account(ask) } else { not_found() },
        ),
        ("no page behind the page", |ask| {
            if ask.path == "/account" { account(ask) } else { not_found() }
        }),
        ("public", |_| html("<h1>Our shop</h1><p>Open from nine to five</p>")),
        ("shown to everybody elsewhere", |ask| {
            if ask.path == "/account" { account(ask) } else { html("<h1>Shop</h1><p>Hello</p>") }
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page(rule, "<a href=/account>x</a>", page).await;
        silent(&scanned, rule, name);
    }
}
