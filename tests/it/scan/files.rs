//! Values that name files: those that lead out of their directory, and those that do not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::fetch;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const TRAVERSAL: &str = "path-traversal";
const INCLUSION: &str = "file-inclusion";

/// What a lookup in the file system gives.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    File(&'static str),
    Directory,
    Absent,
}

/// A small Unix, with the application below `/srv/app`.
fn lookup(path: &str) -> Entry {
    let files = BTreeMap::from([
        ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/srv:/bin/false\n"),
        ("/etc/group", "root:x:0:\nwww:x:33:\n"),
        ("/proc/version", "Linux version 6.1.0-9 (build@host) (gcc 12.2) #1 SMP\n"),
        ("/proc/meminfo", "MemTotal:       16307252 kB\nMemFree: 1 kB\n"),
        ("/srv/app/pages/about.html", "<h2>About</h2><p>We sell lamps.</p>"),
        ("/srv/app/pages/help.html", "<h2>Help</h2><p>Ask us.</p>"),
        ("/srv/app/pages/start.php", "<?php include 'head.php'; echo 'Welcome to the shop'; ?>"),
    ]);
    let directories = ["/", "/etc", "/usr", "/usr/lib", "/srv/app", "/srv/app/pages", "/proc"];
    let path = normal(path);
    match files.get(path.as_str()) {
        Some(contents) => Entry::File(contents),
        None if directories.contains(&path.as_str()) => Entry::Directory,
        None => Entry::Absent,
    }
}

/// Without `.`, `..` and doubled slashes.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

async fn scan_page(
    rule: &'static str,
    link: &'static str,
    page: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Scanned {
    scan(Setup { active: vec![rule], ..Setup::default() }, move |ask| match &*ask.path {
        "/" => html(format!("<a href='{link}'>x</a>")),
        "/show" => page(ask),
        _ => not_found(),
    })
    .await
}

fn displayed(entry: &Entry) -> Response {
    match entry {
        Entry::File(contents) => html(format!("<h1>Shop</h1>{contents}")),
        Entry::Directory | Entry::Absent => html("<h1>Shop</h1><p>There is no such page.</p>"),
    }
}

fn silent(scanned: &Scanned, rule: &str, name: &str) {
    assert_eq!(scanned.points(rule), Vec::<String>::new(), "{name}");
    assert!(scanned.outcome(rule).requests > 0, "{name}: nothing was asked");
}

#[tokio::test]
async fn files_outside_are_read_past_weak_filters() {
    type Filter = fn(&str) -> Option<String>;
    let filters: [(&str, Filter); 7] = [
        ("none", |name| Some(format!("/srv/app/pages/{name}"))),
        ("`../` is taken out once", |name| {
            Some(format!("/srv/app/pages/{}", name.replace("../", "")))
        }),
        ("no dots in front, absolute names as they are", |name| {
            if name.starts_with("..") {
                return None;
            }
            let is_absolute = name.starts_with('/');
            Some(if is_absolute { name.to_owned() } else { format!("/srv/app/pages/{name}") })
        }),
        ("decoded twice, looked at once", |name| {
            let later = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
            (!name.contains("../")).then(|| format!("/srv/app/pages/{later}"))
        }),
        ("the extension is asked for, and the system stops at a null byte", |name| {
            let (path, _) = name.split_once(".html").filter(|(_, rest)| rest.is_empty())?;
            let name = path.split_once('\0').map_or(name, |(name, _)| name);
            Some(format!("/srv/app/pages/{name}"))
        }),
        ("a URL of a file", |name| {
            Some(match name.strip_prefix("file://") {
                Some(path) => path.to_owned(),
                None => format!("/srv/app/pages/{}", name.replace("..", "")),
            })
        }),
        ("backslashes are slashes", |name| {
            (!name.contains("../") && !name.starts_with('/'))
                .then(|| format!("/srv/app/pages/{}", name.replace('\\', "/")))
        }),
    ];
    for (name, filter) in filters {
        let setup = Setup {
            active: vec![TRAVERSAL],
            strength: shakedown::plan::Strength::High,
            ..Setup::default()
        };
        let scanned = scan(setup, move |ask| match &*ask.path {
            "/" => html("<a href='/show?page=about.html'>x</a>"),
            "/show" => {
                displayed(&filter(ask.get("page")).map_or(Entry::Absent, |path| lookup(&path)))
            }
            _ => not_found(),
        })
        .await;
        assert_eq!(scanned.points(TRAVERSAL), ["GET /show query `page`"], "{name}");
        let finding = scanned.found(TRAVERSAL)[0];
        assert_eq!(finding.confidence, Confidence::Confirmed, "{name}");
        assert!(finding.detail.contains("contents of /"), "{}", finding.detail);
    }
}

#[tokio::test]
async fn a_directory_in_front_of_the_value_is_kept() {
    let scanned = scan_page(TRAVERSAL, "/show?page=pages/help.html", |ask| {
        let name = ask.get("page");
        let is_below = name.starts_with("pages/");
        displayed(&if is_below { lookup(&format!("/srv/app/{name}")) } else { Entry::Absent })
    })
    .await;
    assert_eq!(scanned.points(TRAVERSAL).len(), 1);
    assert!(scanned.found(TRAVERSAL)[0].payloads[0].starts_with("pages/../"));
}

#[tokio::test]
async fn directories_tell_where_contents_are_not_displayed() {
    let scanned = scan_page(TRAVERSAL, "/show?file=notes", |ask| {
        let path = format!("/srv/app/data/{}", ask.get("file"));
        html(match lookup(&path) {
            Entry::File(_) => "<p>The file was opened.</p>".to_owned(),
            Entry::Directory => format!("<p>{} (Is a directory)</p>", escape(&path)),
            Entry::Absent => format!("<p>{} (No such file or directory)</p>", escape(&path)),
        })
    })
    .await;
    assert_eq!(scanned.points(TRAVERSAL), ["GET /show query `file`"]);
    let finding = scanned.found(TRAVERSAL)[0];
    assert_eq!(finding.confidence, Confidence::Firm);
    assert!(finding.detail.contains("which are on every Unix"), "{}", finding.detail);
}

#[tokio::test]
async fn files_tell_where_only_their_being_there_is_displayed() {
    let told = |directory: &'static str| {
        scan_page(TRAVERSAL, "/show?file=help.html", move |ask| {
            let path = normal(&format!("/srv/app/pages/{}", ask.get("file")));
            let is_there = path.starts_with(directory) && matches!(lookup(&path), Entry::File(_));
            respond(200, "application/json", format!("{{\"available\":{is_there}}}"))
        })
    };
    let scanned = told("/").await;
    assert_eq!(scanned.points(TRAVERSAL), ["GET /show query `file`"]);
    assert_eq!(scanned.found(TRAVERSAL)[0].confidence, Confidence::Firm);
    silent(&told("/srv/app/pages/").await, TRAVERSAL, "only what is below");
}

#[tokio::test]
async fn no_file_is_named_that_a_writing_application_would_empty() {
    let opened: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&opened);
    let scanned = scan_page(TRAVERSAL, "/show?file=report.txt", move |ask| {
        let path = normal(&format!("/srv/app/out/{}", ask.get("file")));
        log.lock().expect("no panic").push(path);
        html("<p>Your report was written.</p>")
    })
    .await;
    silent(&scanned, TRAVERSAL, "an application that writes");
    let opened = opened.lock().expect("no panic");
    for path in opened.iter() {
        let is_real_file = matches!(lookup(path), Entry::File(_));
        assert!(!is_real_file || path.starts_with("/proc/"), "{path} would be empty now");
    }
}

#[tokio::test]
async fn files_that_stay_in_their_directory_are_safe() {
    type Page = fn(&Ask) -> Response;
    let pages: [(&str, Page); 8] = [
        ("a resolved path that must be below", |ask| {
            let path = normal(&format!("/srv/app/pages/{}", ask.get("page")));
            let is_below = path.starts_with("/srv/app/pages/");
            displayed(&if is_below { lookup(&path) } else { Entry::Absent })
        }),
        ("the last name only", |ask| {
            let name = ask.get("page").rsplit('/').next().unwrap_or_default().to_owned();
            displayed(&lookup(&format!("/srv/app/pages/{name}")))
        }),
        ("a firewall that knows the words", |ask| {
            let value = ask.get("page");
            if value.contains("..") || value.contains("etc") || value.contains("proc") {
                return respond(403, "text/html", "<h1>Blocked</h1>");
            }
            displayed(&lookup(&format!("/srv/app/pages/{}", value.replace('/', ""))))
        }),
        ("the value is shown", |ask| html(format!("<p>{}</p>", escape(ask.get("page"))))),
        ("a page about Linux", |_| {
            html("<pre>Linux version 6.1.0-9 (build@host)\nMemTotal: 16307252 kB</pre>")
        }),
        ("a manual that is searched", |ask| {
            let text = if ask.get("page").contains("version") {
                "The file reads: Linux version 6.1.0-9 (build@host)"
            } else {
                "Nothing found"
            };
            html(format!("<p>{text}</p>"))
        }),
        ("an error for everything else", |ask| {
            let is_own = ask.get("page") == "about.html";
            respond(if is_own { 200 } else { 500 }, "text/html", "<p>Error</p>")
        }),
        ("a page that changes by itself", |ask| {
            let bytes: u64 = ask.get("page").bytes().map(u64::from).sum();
            html(format!("<p>{}</p><p>{bytes}</p>", ask.request.path_and_query.len() % 3))
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page(TRAVERSAL, "/show?page=about.html", page).await;
        silent(&scanned, TRAVERSAL, name);
        assert!(scanned.outcome(TRAVERSAL).requests <= 40, "{name}");
    }
}

#[tokio::test]
async fn a_value_that_names_no_file_costs_three_requests() {
    let scanned = scan_page(TRAVERSAL, "/show?id=7", |ask| {
        html(if ask.get("id") == "7" { "<p>Lamp</p>" } else { "<p>None</p>" })
    })
    .await;
    silent(&scanned, TRAVERSAL, "an identifier");
    assert_eq!(scanned.outcome(TRAVERSAL).requests, 3);
}

/// What PHP's wrappers give.
fn included(value: &str) -> Option<String> {
    let source = |name: &str| match lookup(&format!("/srv/app/pages/{name}")) {
        Entry::File(text) => Some(text),
        Entry::Directory | Entry::Absent => None,
    };
    if let Some(rest) = value.strip_prefix("data:text/plain,") {
        return Some(php(rest));
    }
    if let Some(rest) = value.strip_prefix("data:text/plain;base64,") {
        return String::from_utf8(STANDARD.decode(rest).ok()?).ok();
    }
    if let Some(name) = value.strip_prefix("php://filter/convert.base64-encode/resource=") {
        return Some(STANDARD.encode(source(name)?));
    }
    if let Some(name) = value.strip_prefix("php://filter/string.rot13/resource=") {
        let turn = |c: char| match c {
            'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
            'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
            _ => c,
        };
        return Some(source(name)?.chars().map(turn).collect());
    }
    source(value).map(|_| "<p>Welcome to the shop</p>".to_owned())
}

/// Runs `<?php echo 'w'.(a*b).'w'; ?>`.
fn php(code: &str) -> String {
    let inner = |code: &str| {
        let word = code.split('\'').nth(1)?;
        let (a, b) = code.split_once('(')?.1.split_once(')')?.0.split_once('*')?;
        let product = a.parse::<u64>().ok()? * b.parse::<u64>().ok()?;
        Some(format!("{word}{product}{word}"))
    };
    inner(code).unwrap_or_default()
}

fn in_page(text: Option<String>) -> Response {
    html(format!("<h1>Shop</h1>{}", text.unwrap_or_else(|| "<p>No such page</p>".to_owned())))
}

#[tokio::test]
async fn what_is_sent_along_is_run_or_displayed() {
    let scanned =
        scan_page(INCLUSION, "/show?page=start.php", |ask| in_page(included(ask.get("page"))))
            .await;
    assert_eq!(scanned.points(INCLUSION), ["GET /show query `page`"]);
    let finding = scanned.found(INCLUSION)[0];
    assert_eq!(finding.confidence, Confidence::Confirmed);
    assert!(finding.detail.contains("product"), "{}", finding.detail);
    let scanned = scan_page(INCLUSION, "/show?page=start.php", |ask| {
        let value = ask.get("page");
        in_page(if value.contains("<?") { None } else { included(value) })
    })
    .await;
    assert!(scanned.found(INCLUSION)[0].detail.contains("base64"), "shown, not run");
    let scanned = scan_page(INCLUSION, "/show?page=start.php", |ask| {
        let value = ask.get("page");
        in_page(if value.starts_with("data:") { None } else { included(value) })
    })
    .await;
    assert!(scanned.found(INCLUSION)[0].detail.contains("cipher"), "the own source");
}

#[tokio::test]
async fn what_is_fetched_from_elsewhere_is_found_by_the_call() {
    let setup = Setup { active: vec![INCLUSION], callbacks: true, ..Setup::default() };
    let scanned = scan(setup, |ask| {
        if ask.path == "/" {
            return html("<a href='/show?page=start.php'>x</a>");
        }
        if ask.path != "/show" {
            return not_found();
        }
        let value = format!("{}.inc", ask.get("page"));
        if value.starts_with("http://") {
            fetch(&value);
        }
        in_page(None)
    })
    .await;
    assert_eq!(scanned.points(INCLUSION), ["GET /show query `page`"]);
    assert!(scanned.found(INCLUSION)[0].detail.contains("called over http"));
}

#[tokio::test]
async fn wrappers_that_are_not_followed_are_safe() {
    type Page = fn(&Ask) -> Response;
    let pages: [(&str, Page); 6] = [
        ("a list of pages", |ask| {
            in_page((ask.get("page") == "start.php").then(|| "<p>Welcome</p>".to_owned()))
        }),
        ("the value is shown", |ask| in_page(Some(escape(ask.get("page"))))),
        ("a calculator", |ask| {
            let value = ask.get("page");
            in_page(Some(format!("{} {}", escape(value), php(value).len())))
        }),
        ("a decoder of base64", |ask| {
            let value = ask.get("page").rsplit(',').next().unwrap_or_default();
            let text = STANDARD.decode(value).ok().and_then(|it| String::from_utf8(it).ok());
            in_page(text)
        }),
        ("an encoder of base64", |ask| in_page(Some(STANDARD.encode(ask.get("page"))))),
        ("a firewall", |ask| {
            if ask.get("page").contains(':') {
                return respond(403, "text/html", "<h1>Blocked</h1>");
            }
            in_page(None)
        }),
    ];
    for (name, page) in pages {
        let scanned = scan_page(INCLUSION, "/show?page=start.php", page).await;
        silent(&scanned, INCLUSION, name);
        assert!(scanned.outcome(INCLUSION).requests <= 8, "{name}");
    }
}
