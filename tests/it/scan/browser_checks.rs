//! Checks that show pages in a real Chromium: sites in memory, and what runs in them.

use std::sync::Mutex;

use shakedown::model::Confidence;
use shakedown::model::Header;
use shakedown::model::Response;

use super::browser::page;
use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::Stage;
use super::site::browser;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::scan;

const DOM: &str = "xss-dom";
const MESSAGES: &str = "postmessage-origin";

#[expect(clippy::print_stderr, reason = "a test that does nothing says so")]
async fn checked(
    rule: &'static str,
    handler: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Option<Scanned> {
    if browser().is_none() {
        eprintln!("skipped: no Chromium");
        return None;
    }
    let setup =
        Setup { active: vec![rule], stage: Stage::Browser, allow_unsafe: true, ..Setup::default() };
    Some(scan(setup, handler).await)
}

/// Where a rule found something, with the point where there is one.
fn places(scanned: &Scanned, rule: &str) -> Vec<String> {
    let found = scanned.found(rule).into_iter();
    let place = found.map(|finding| match &finding.insertion_point {
        Some(point) => format!("{} {point}", finding.path_template),
        None => finding.path_template.clone(),
    });
    let mut places: Vec<String> = place.collect();
    places.sort();
    places
}

/// A site whose start page links to pages that are made of a script each, around an empty box.
fn site(pages: &'static [(&'static str, &'static str)]) -> impl Fn(&Ask) -> Response + Send + Sync {
    move |ask| {
        if ask.path == "/" {
            let links = pages.iter().map(|(path, _)| format!("<a href='{path}'>x</a>"));
            return html(links.collect::<Vec<_>>().concat());
        }
        let known = pages.iter().find(|(path, _)| path.split('?').next() == Some(&*ask.path));
        known.map_or_else(not_found, |(_, script)| {
            html(format!(
                "<!doctype html><body><a id=a>a</a><p id=box></p><script>
                const box = document.getElementById('box'), a = document.getElementById('a');
                const query = new URLSearchParams(location.search); {script}</script>"
            ))
        })
    }
}

#[tokio::test]
async fn what_a_script_makes_of_an_address_is_run_and_found() {
    let Some(scanned) = checked(
        DOM,
        site(&[
            ("/hash", "box.innerHTML = decodeURIComponent(location.hash.slice(1))"),
            (
                "/named-hash",
                "const part = /[#&]tab=([^&]*)/.exec(location.hash);
            if (part) document.write('<i title=\"' + decodeURIComponent(part[1]) + '\">')",
            ),
            ("/query", "box.innerHTML = query.get('note')"),
            // What separates parts of an address stays escaped, if it was.
            (
                "/list?first=a",
                "const at = location.href.indexOf('first=');
                const first = location.href.substring(at + 6);
                if (at > 0) document.write('<select><option>' + decodeURI(first) + '</option></select>')",
            ),
            ("/own?id=7", "document.write('<textarea>' + query.get('id') + '</textarea>')"),
            ("/code", "setTimeout(\"Number('\" + query.get('next') + \"')\", 0)"),
            ("/link", "a.href = query.get('to')"),
            ("/away", "if (query.get('go')) location = query.get('go')"),
            ("/window", "box.innerHTML = window.name"),
            ("/before", "box.innerHTML = decodeURIComponent(document.referrer)"),
        ]),
    )
    .await
    else {
        return;
    };
    let expected = [
        "/away query `go`",
        "/before",
        "/code query `next`",
        "/hash",
        "/link query `to`",
        "/list",
        "/named-hash",
        "/own query `id`",
        "/query query `note`",
        "/window",
    ];
    assert_eq!(places(&scanned, DOM), expected, "{:?}", scanned.notices());
    for finding in scanned.found(DOM) {
        assert_eq!(finding.confidence, Confidence::Confirmed);
        assert_ne!(finding.payloads[0], finding.payloads[1], "the replay has another name");
    }
}

/// The server takes no value that it does not know, and the script reads what is behind it.
#[tokio::test]
async fn a_fragment_is_found_behind_a_value_that_must_stay() {
    let handler = |ask: &Ask| match (&*ask.path, ask.get("kind")) {
        ("/", _) => html("<a href='/shown?kind=lamps'>x</a>"),
        ("/shown", "lamps") => html(
            "<!doctype html><body><p id=box></p><script>
            const at = location.href.indexOf('kind=');
            if (at > 0) box.innerHTML = decodeURI(location.href.substring(at + 5))</script>",
        ),
        ("/shown", _) => redirect("/shown?kind=lamps"),
        _ => not_found(),
    };
    let Some(scanned) = checked(DOM, handler).await else { return };
    assert_eq!(places(&scanned, DOM), ["/shown"], "{:?}", scanned.notices());
}

#[tokio::test]
async fn what_cannot_run_is_silent() {
    let Some(scanned) = checked(DOM, |ask| {
        let mut response = site(&[
            ("/text", "box.textContent = decodeURIComponent(location.hash) + query.get('q')"),
            // What browsers escape in a fragment stays escaped.
            ("/raw", "box.innerHTML = location.hash"),
            (
                "/member",
                "window[decodeURIComponent(location.hash.slice(1))]; window[query.get('f')]",
            ),
            (
                "/curious",
                "location.hash; for (const it of Object.getOwnPropertyNames(window)) window[it]",
            ),
            ("/checked", "if (/^https?:/.test(query.get('to'))) a.href = query.get('to')"),
            ("/policy", "box.innerHTML = decodeURIComponent(location.hash)"),
            (
                "/template",
                "const t = document.createElement('template');
                t.innerHTML = decodeURIComponent(location.hash)",
            ),
            (
                "/framed",
                "const f = document.createElement('iframe'); f.sandbox = 'allow-scripts';
                f.srcdoc = decodeURIComponent(location.hash); box.append(f)",
            ),
        ])(ask);
        if ask.path == "/policy" {
            // Its own script is let in by a hash that no handler has.
            let policy = "script-src 'unsafe-inline'; script-src-attr 'none'";
            response.headers.push(Header::new("Content-Security-Policy", policy));
        }
        // What the server itself repeats is the business of another check.
        if ask.path == "/text" {
            response.body.extend(ask.get("q").bytes());
        }
        response
    })
    .await
    else {
        return;
    };
    assert_eq!(places(&scanned, DOM), Vec::<String>::new());
    assert_eq!(scanned.outcome(DOM).skipped, None);
}

#[tokio::test]
async fn without_a_browser_what_is_left_out_is_said() {
    for rule in [DOM, MESSAGES] {
        let setup = Setup { active: vec![rule], ..Setup::default() };
        let scanned = scan(setup, |_| page("box.innerHTML = location.hash")).await;
        let reason = scanned.outcome(rule).skipped.as_deref().expect("not judged");
        assert!(reason.contains("install Chromium"), "{reason}");
    }
}

#[tokio::test]
async fn messages_of_other_sites_are_posted_and_their_effect_is_seen() {
    let Some(scanned) = checked(MESSAGES, |ask| {
        let mut response = site(&[
            ("/run", "addEventListener('message', e => { box.innerHTML = e.data; })"),
            (
                "/typed",
                "onmessage = e => { const m = JSON.parse(e.data);
                switch (m.kind) { case 'show': box.innerHTML = m.body.html; } }",
            ),
            (
                "/code",
                "addEventListener('message', function (e) {
                if (e.data.action == 'call') eval(e.data.code); })",
            ),
            (
                "/written",
                "addEventListener('message', ({ data }) => { box.textContent = data.text; })",
            ),
            (
                "/checked",
                "addEventListener('message', e => {
                if (e.origin === location.origin) box.innerHTML = e.data; })",
            ),
            (
                "/unmoved",
                "addEventListener('message', e => { if (e.data === 'ping') box.hidden = true; })",
            ),
        ])(ask);
        // Whoever may not frame a page opens it.
        if ask.path == "/run" {
            response.headers.push(Header::new("X-Frame-Options", "DENY"));
            let policy = "frame-ancestors 'none'; img-src *";
            response.headers.push(Header::new("Content-Security-Policy", policy));
        }
        response
    })
    .await
    else {
        return;
    };
    assert_eq!(places(&scanned, MESSAGES), ["/code", "/run", "/typed", "/written"]);
    for finding in scanned.found(MESSAGES) {
        let is_run = finding.path_template != "/written";
        let expected = if is_run { Confidence::Confirmed } else { Confidence::Firm };
        assert_eq!(finding.confidence, expected, "{}", finding.path_template);
    }
}

#[tokio::test]
async fn what_is_stored_is_run_where_it_is_shown_and_a_policy_leaves_it_firm() {
    for (policy, expected) in
        [(None, Confidence::Confirmed), (Some("script-src 'self'"), Confidence::Firm)]
    {
        let entries: Mutex<Vec<String>> = Mutex::default();
        let Some(scanned) = checked("xss-stored", move |ask| match (&*ask.method, &*ask.path) {
            ("GET", "/") => html(
                "<a href=/list>l</a><form method=post action=/add><input name=a value=x>
                 <input name=b value=x></form>",
            ),
            ("POST", "/add") => {
                let entry =
                    format!("<p>{}</p><b title=\"{}\">", ask.get("a"), escape(ask.get("b")));
                entries.lock().expect("no panic").push(entry);
                redirect("/list")
            }
            ("GET", "/list") => {
                let mut response = html(entries.lock().expect("no panic").concat());
                let header = policy.map(|it| Header::new("Content-Security-Policy", it));
                response.headers.extend(header);
                response
            }
            _ => not_found(),
        })
        .await
        else {
            return;
        };
        assert_eq!(scanned.points("xss-stored"), ["POST /add form `a`"]);
        assert_eq!(scanned.found("xss-stored")[0].confidence, expected, "{policy:?}");
    }
}

#[tokio::test]
async fn a_page_that_never_rests_costs_its_share() {
    let Some(scanned) = checked(DOM, site(&[
        ("/busy", "const go = () => { box.textContent = location.hash + Math.random(); setTimeout(go, 5) }; go()"),
        ("/stuck", "location.hash; setTimeout(() => { for (;;) {} }, 50)"),
        ("/fine", "box.innerHTML = decodeURIComponent(location.hash.slice(1))"),
    ]))
    .await
    else {
        return;
    };
    assert_eq!(places(&scanned, DOM), ["/fine"]);
}
