//! Addresses that the server fetches, documents whose entities it resolves, and files that it keeps.

use std::collections::BTreeMap;
use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::RequestTemplate;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::TARGET;
use super::site::escape;
use super::site::fetch;
use super::site::html;
use super::site::not_found;
use super::site::posted;
use super::site::respond;
use super::site::scan;

type Page = fn(&Ask) -> Response;

const START: &str = "<h1>Welcome to the lamp shop</h1><p>Everything that shines is here.</p>\
    <a href='/preview?url=https://pictures.example/a.png'>preview</a>";

fn silent(scanned: &Scanned, rule: &str, name: &str) {
    assert_eq!(scanned.found(rule).len(), 0, "{name}: {:?}", scanned.found(rule));
    assert!(scanned.outcome(rule).requests > 0, "{name}: nothing was asked");
}

async fn scan_preview(callbacks: bool, page: Page) -> Scanned {
    let setup = Setup { active: vec!["ssrf"], callbacks, ..Setup::default() };
    scan(setup, move |ask| match &*ask.path {
        "/" => html(START),
        "/preview" => page(ask),
        _ => not_found(),
    })
    .await
}

/// What a fetch of a URL gives where only the target's own port is open.
fn fetched(url: &str) -> Result<String, &'static str> {
    let url = url::Url::parse(url).map_err(|_| "not a URL")?;
    match (url.scheme(), url.host_str(), url.port()) {
        ("http", Some("127.0.0.1"), Some(8080)) if url.path() == "/" => Ok(START.to_owned()),
        ("http", Some("127.0.0.1"), Some(8080)) => Ok("<h1>Not found</h1>".to_owned()),
        ("ftp", ..) => Err("no FTP"),
        (_, Some("127.0.0.1"), _) => Err("connection refused"),
        _ => Err("no such host"),
    }
}

#[tokio::test]
async fn addresses_that_the_server_fetches_are_found() {
    let scanned = scan_preview(true, |ask| {
        fetch(ask.get("url"));
        html("<p>A preview will be made.</p>")
    })
    .await;
    let [finding] = scanned.found("ssrf")[..] else { panic!("by the call") };
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("called over http"), "{}", finding.detail);
    let scanned = scan_preview(false, |ask| match fetched(ask.get("url")) {
        Ok(text) => html(format!("<h2>Preview</h2><pre>{}</pre>", escape(&text))),
        Err(_) => html("<h2>Preview</h2><p>No preview</p>"),
    })
    .await;
    assert_eq!(scanned.points("ssrf"), ["GET /preview query `url`"]);
    let finding = scanned.found("ssrf")[0];
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("own start page"), "{}", finding.detail);
    let scanned = scan_preview(false, |ask| match fetched(ask.get("url")) {
        Ok(_) => html("<p>The picture is reachable.</p>"),
        Err(why) => html(format!("<p>{}: {why}</p>", escape(ask.get("url")))),
    })
    .await;
    let finding = scanned.found("ssrf")[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("something listens"), "{}", finding.detail);
}

#[tokio::test]
async fn addresses_that_are_not_fetched_are_safe() {
    let pages: [(&str, Page); 8] = [
        ("shown", |ask| html(format!("<p>{}</p>", escape(ask.get("url"))))),
        ("a link", |ask| html(format!("<a href='{}'>go on</a>", escape(ask.get("url"))))),
        ("the own host is allowed, and not fetched", |ask| {
            let is_own = ask.get("url").starts_with(TARGET.trim_end_matches('/'));
            html(if is_own { "<p>This is ours</p>" } else { "<p>Foreign</p>" })
        }),
        ("the port is looked at", |ask| {
            let port = url::Url::parse(ask.get("url")).ok().and_then(|url| url.port());
            html(if port == Some(8080) { "<p>A good port</p>" } else { "<p>A bad port</p>" })
        }),
        ("the start page for whatever is not known", |_| html(START)),
        ("a list of hosts", |ask| {
            if ask.get("url").starts_with("https://pictures.example/") {
                return html("<p>A picture</p>");
            }
            respond(400, "text/html", "<p>Not allowed</p>")
        }),
        ("a firewall", |ask| {
            if ask.get("url").contains("127.") {
                return respond(403, "text/html", "<p>Blocked</p>");
            }
            html("<p>Thank you</p>")
        }),
        ("errors that come and go", |ask| {
            let bytes: u64 = ask.get("url").bytes().map(u64::from).sum();
            html(if bytes.is_multiple_of(3) { "<p>Busy</p>" } else { "<p>Thank you</p>" })
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_preview(false, page).await;
        silent(&scanned, "ssrf", name);
        assert!(scanned.outcome("ssrf").requests <= 12, "{name}");
    }
}

const ORDER: &str =
    "<?xml version=\"1.0\"?><order id=\"7\"><item>lamp</item><note>soon</note></order>";

async fn scan_body(
    rule: &'static str,
    request: RequestTemplate,
    callbacks: bool,
    page: Page,
) -> Scanned {
    let setup = Setup {
        active: vec![rule],
        allow_unsafe: true,
        requests: vec![request],
        callbacks,
        ..Setup::default()
    };
    scan(setup, move |ask| match &*ask.path {
        "/" => html("<p>x</p>"),
        _ => page(ask),
    })
    .await
}

/// How a reader of XML is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    Nothing,
    OwnEntities,
    Files,
    Addresses,
}

/// The text of an element, with the entities of the document's type resolved.
fn text_of(document: &str, element: &str, reads: Reads) -> Result<String, String> {
    let mut entities: BTreeMap<&str, String> = BTreeMap::new();
    let mut rest = document;
    if rest.contains("<!DOCTYPE") && reads == Reads::Nothing {
        return Err("a document type is not allowed".to_owned());
    }
    while let Some((_, after)) = rest.split_once("<!ENTITY ") {
        let (declaration, next) = after.split_once('>').unwrap_or((after, ""));
        rest = next;
        let declaration = declaration.trim_start_matches("% ");
        let (name, value) = declaration.split_once(' ').unwrap_or_default();
        let quoted = value.split('"').nth(1).unwrap_or_default();
        let text = match value.strip_prefix("SYSTEM") {
            None => quoted.to_owned(),
            Some(_) if quoted.starts_with("http://") && reads == Reads::Addresses => {
                fetch(quoted);
                String::new()
            }
            Some(_) if reads == Reads::Files => file(quoted).ok_or("an entity is not there")?,
            Some(_) => String::new(),
        };
        let text = entities
            .iter()
            .fold(text, |text, (name, value)| text.replace(&format!("&{name};"), value));
        entities.insert(name, text);
    }
    let (_, after) = document.split_once(&format!("<{element}>")).ok_or("no element")?;
    let text = after.split('<').next().unwrap_or_default().to_owned();
    Ok(entities.iter().fold(text, |text, (name, value)| text.replace(&format!("&{name};"), value)))
}

fn file(url: &str) -> Option<String> {
    let text = match url.strip_prefix("file://")? {
        "/proc/version" => "Linux version 6.1.0-9 (build@host) (gcc 12.2) #1 SMP",
        "/proc/meminfo" => "MemTotal:       16307252 kB",
        "/proc/sys/kernel/ostype" => "Linux",
        "/proc/sys/kernel/osrelease" => "6.1.0-9",
        _ => return None,
    };
    Some(text.to_owned())
}

fn read(ask: &Ask, element: &str, reads: Reads) -> Result<String, String> {
    text_of(&String::from_utf8_lossy(&ask.request.body), element, reads)
}

fn ordered(text: &Result<String, String>) -> Response {
    match text {
        Ok(text) => respond(200, "application/json", format!("{{\"ordered\":\"{text}\"}}")),
        Err(_) => respond(400, "application/json", "{\"error\":\"bad document\"}"),
    }
}

#[tokio::test]
async fn entities_that_name_files_and_addresses_are_found() {
    let order = || posted("/order", "application/xml", ORDER);
    let scanned =
        scan_body("xxe", order(), false, |ask| ordered(&read(ask, "note", Reads::Files))).await;
    let [finding] = scanned.found("xxe")[..] else { panic!("shown") };
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("/proc/version"), "{}", finding.detail);
    let scanned = scan_body("xxe", order(), false, |ask| {
        let text = read(ask, "item", Reads::Files);
        ordered(&text.map(|_| "thank you".to_owned()))
    })
    .await;
    let [finding] = scanned.found("xxe")[..] else { panic!("by errors") };
    assert_eq!(finding.confidence, Confidence::Firm);
    let scanned = scan_body("xxe", order(), true, |ask| {
        let text = read(ask, "item", Reads::Addresses);
        ordered(&text.map(|_| "thank you".to_owned()))
    })
    .await;
    let [finding] = scanned.found("xxe")[..] else { panic!("by a call") };
    assert!(finding.detail.contains("called over http"), "{}", finding.detail);
    let json = posted("/order", "application/json", r#"{"item":"lamp","count":2}"#);
    let scanned = scan_body("xxe", json, false, |ask| {
        let body = String::from_utf8_lossy(&ask.request.body);
        if body.starts_with('{') {
            return respond(200, "application/json", r#"{"ordered":"lamp"}"#);
        }
        ordered(&read(ask, "item", Reads::Files))
    })
    .await;
    assert_eq!(scanned.found("xxe").len(), 1, "a body of JSON sent as XML");
}

#[tokio::test]
async fn documents_without_foreign_entities_are_safe() {
    let pages: [(&str, Page); 6] = [
        ("no document types", |ask| ordered(&read(ask, "note", Reads::Nothing))),
        ("own entities only", |ask| ordered(&read(ask, "note", Reads::OwnEntities))),
        ("the body is shown", |ask| {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            respond(200, "text/html", format!("<pre>{}</pre>", escape(&body)))
        }),
        ("a firewall that knows the word", |ask| {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            if body.contains("SYSTEM") {
                return respond(403, "text/html", "<p>Blocked</p>");
            }
            ordered(&read(ask, "note", Reads::OwnEntities).map(|_| "thank you".to_owned()))
        }),
        ("a firewall that knows words of files", |ask| {
            let body = String::from_utf8_lossy(&ask.request.body).into_owned();
            if body.contains("proc") {
                return respond(403, "text/html", "<p>Blocked</p>");
            }
            ordered(&Ok("thank you".to_owned()))
        }),
        ("nobody reads it", |_| ordered(&Ok("thank you".to_owned()))),
    ];
    for (name, page) in pages {
        let scanned = scan_body("xxe", posted("/order", "text/xml", ORDER), false, page).await;
        silent(&scanned, "xxe", name);
    }
}

/// A place for files, served as `serve` says.
struct Store {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    accepts: fn(&str) -> bool,
    /// The name that a file gets.
    names: fn(&str) -> String,
    says: fn(&str) -> String,
    serve: fn(&str, &str) -> Response,
}

impl Store {
    fn answer(&self, ask: &Ask) -> Response {
        let body = String::from_utf8_lossy(&ask.request.body).into_owned();
        if let Some((_, after)) = body.split_once("filename=\"") {
            let (name, rest) = after.split_once('"').expect("a quote");
            let contents = rest.split_once("\r\n\r\n").map_or("", |(_, rest)| rest);
            let contents = contents.split("\r\n--").next().unwrap_or_default();
            if !(self.accepts)(name) {
                return respond(400, "text/html", "<p>Not this kind</p>");
            }
            let kept = (self.names)(name);
            let says = (self.says)(&kept);
            let mut files = self.files.lock().expect("no panic");
            files.insert(kept, contents.as_bytes().to_vec());
            return html(says);
        }
        let files = self.files.lock().expect("no panic");
        match ask.path.strip_prefix("/uploads/").and_then(|name| Some((name, files.get(name)?))) {
            Some((name, contents)) => (self.serve)(name, &String::from_utf8_lossy(contents)),
            None => not_found(),
        }
    }

    async fn scan(self) -> Scanned {
        let body = "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nme\r\n--b\r\n\
            Content-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\nPNG\r\n--b--\r\n";
        let setup = Setup {
            active: vec!["upload-unrestricted"],
            allow_unsafe: true,
            requests: vec![posted("/photo", "multipart/form-data; boundary=b", body)],
            ..Setup::default()
        };
        scan(setup, move |ask| if ask.path == "/" { html("<p>x</p>") } else { self.answer(ask) })
            .await
    }
}

fn store() -> Store {
    Store {
        files: Mutex::default(),
        accepts: |_| true,
        names: str::to_owned,
        says: |_| "<p>Thank you</p>".to_owned(),
        serve: as_named,
    }
}

fn ending(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

/// By the ending of the name, as servers do.
fn as_named(name: &str, contents: &str) -> Response {
    let kind = match ending(name) {
        "html" => "text/html",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "php" => "application/octet-stream",
        _ => "image/png",
    };
    respond(200, kind, contents)
}

/// Runs what the server of a file would run: `echo 'w'.(a*b).'w'`.
fn as_run(name: &str, contents: &str) -> Response {
    if ending(name) != "php" {
        return respond(200, "text/plain", contents);
    }
    let word = contents.split('\'').nth(1).unwrap_or_default();
    let sum = contents.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let (a, b) = sum.and_then(|(sum, _)| sum.split_once('*')).expect("a product");
    let product = a.parse::<u64>().expect("a number") * b.parse::<u64>().expect("a number");
    html(format!("GIF89a {word}{product}{word}"))
}

#[tokio::test]
async fn uploads_that_are_run_are_found() {
    let rule = "upload-unrestricted";
    let scanned = Store { serve: as_run, ..store() }.scan().await;
    let [finding] = scanned.found(rule)[..] else { panic!("run by the server") };
    assert!(finding.detail.contains("the server runs it"), "{}", finding.detail);
    assert_eq!(finding.confidence, Confidence::Confirmed);
    let scanned = store().scan().await;
    let [finding] = scanned.found(rule)[..] else { panic!("run by a browser") };
    assert!(finding.detail.contains("`text/html`"), "{}", finding.detail);
    let renamed = Store {
        accepts: |name| ending(name) != "html",
        names: |name| format!("n{}.{}", name.len(), ending(name)),
        says: |kept| format!("<img src='/uploads/{kept}'>"),
        ..store()
    };
    let scanned = renamed.scan().await;
    let [finding] = scanned.found(rule)[..] else { panic!("under another name") };
    assert!(finding.detail.contains("`image/svg+xml`"), "{}", finding.detail);
}

#[tokio::test]
async fn uploads_that_nobody_runs_are_safe() {
    let rule = "upload-unrestricted";
    let is_picture = |name: &str| matches!(ending(name), "png" | "txt");
    for (name, store) in [
        ("kinds on a list", Store { accepts: is_picture, ..store() }),
        (
            "saved, not shown",
            Store {
                serve: |name, contents| {
                    let mut response = as_named(name, contents);
                    response.headers.push(Header::new("Content-Disposition", "attachment"));
                    response
                },
                ..store()
            },
        ),
        ("as text", Store { serve: |_, contents| respond(200, "text/plain", contents), ..store() }),
        ("with another ending", Store { names: |name| format!("{name}.txt"), ..store() }),
        (
            "in a sandbox",
            Store {
                serve: |name, contents| {
                    let mut response = as_named(name, contents);
                    response.headers.push(Header::new("Content-Security-Policy", "sandbox"));
                    response
                },
                ..store()
            },
        ),
        ("nowhere to be found", Store { serve: |_, _| not_found(), ..store() }),
    ] {
        let scanned = store.scan().await;
        silent(&scanned, rule, name);
        assert!(scanned.outcome(rule).requests <= 30, "{name}");
    }
}
