//! What a crawl finds with a browser: sites in memory, shown in a real Chromium. No request leaves
//! the process: the browser has no network, and what its pages ask for is answered from memory.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use shakedown::model::Header;
use shakedown::model::OperationSource;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::browser;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

#[expect(clippy::print_stderr, reason = "a test that does nothing says so")]
/// A scan with the browser; `None` where there is none, which `tests/run` says at the end.
pub(super) async fn shown(
    setup: Setup,
    handler: impl Fn(&Ask) -> Response + Send + Sync + 'static,
) -> Option<Scanned> {
    if browser().is_none() {
        eprintln!("skipped: no Chromium");
        return None;
    }
    Some(scan(Setup { browser: true, ..setup }, handler).await)
}

pub(super) fn json(text: &str) -> Response {
    respond(200, "application/json", text)
}

/// A page whose body is a script.
pub(super) fn page(script: &str) -> Response {
    html(format!("<!doctype html><title>t</title><body><script>{script}</script></body>"))
}

fn has(scanned: &Scanned, method: &str, template: &str) -> bool {
    scanned.operation(method, template).is_some()
}

/// Nothing in the page spells them out.
const NAMES: [&str; 9] =
    ["link", "data", "more", "closed", "frame", "in-frame", "route", "socket", "worker"];

#[tokio::test]
async fn what_scripts_make_and_ask_for_is_found_and_said_to_be_the_browsers() {
    let Some(scanned) = shown(Setup::default(), |ask| match &*ask.path {
        "/" => page(
            "const at = p => ['', 'made', p].join('/');
             document.body.insertAdjacentHTML('beforeend', `<a href=${at('link')}>x</a>`);
             fetch(at('data')).then(r => r.json()).then(d => fetch(at(d.next)));
             const host = document.body.appendChild(document.createElement('div'));
             host.attachShadow({ mode: 'closed' }).innerHTML = `<a href=${at('closed')}>c</a>`;
             const frame = document.body.appendChild(document.createElement('iframe'));
             frame.src = at('frame');
             history.pushState({}, '', at('route'));
             new WebSocket(location.origin.replace('http', 'ws') + at('socket'));
             new Worker(URL.createObjectURL(new Blob(['fetch(`' + location.origin + at('worker') + '`)'])));",
        ),
        "/made/data" => json(r#"{"next":"more"}"#),
        "/made/frame" => html("<a href=/made/in-frame>f</a>"),
        path if NAMES.iter().any(|name| path == format!("/made/{name}")) => html("<p>made</p>"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    for name in NAMES {
        let template = format!("/made/{name}");
        let operation = scanned.operation("GET", &template);
        let operation = operation.unwrap_or_else(|| panic!("{template}: {:?}", scanned.notices()));
        assert_eq!(operation.source, OperationSource::Browser, "{template}");
        assert!(operation.reached, "{template}");
    }
    assert!(scanned.report.coverage.complete.expect("finished"), "{:?}", scanned.notices());
    let data = scanned.requests.iter().filter(|it| it.path_and_query == b"/made/data").count();
    assert_eq!(data, 1, "what a page has fetched is not fetched again");
}

#[tokio::test]
async fn clicks_fields_and_scrolling_bring_up_the_rest() {
    let Some(scanned) = shown(Setup::default(), |ask| match &*ask.path {
        "/" => html(
            "<button id=a>More</button><div id=b>tile</div><span id=h>help</span>
             <select id=s><option>one<option>two</select>
             <form id=f><input name=q required><button>Find</button></form><div id=list></div>
             <script>
             const $ = id => document.getElementById(id), ask = (...p) => fetch('/' + p.join('-'));
             $('a').onclick = () => { document.body.insertAdjacentHTML('beforeend',
                 '<button id=inner>Inner</button>'); $('inner').onclick = () => ask('in', 'ner'); };
             $('b').addEventListener('click', () => ask('ti', 'le'));
             $('h').addEventListener('mouseenter', () => ask('hel', 'p'));
             $('s').onchange = () => ask('sort', $('s').value);
             $('f').onsubmit = e => { e.preventDefault(); ask('find', $('f').q.value); };
             let count = 0;
             new IntersectionObserver(async seen => {
                 if (seen[0].isIntersecting && count < 3) { count++; await ask('batch', count);
                     $('list').style.height = count * 3000 + 'px'; }
             }).observe(document.body.appendChild(document.createElement('hr')));
             </script>",
        ),
        "/robots.txt" | "/sitemap.xml" => not_found(),
        path => json(&format!("[\"{}\"]", path.len())),
    })
    .await
    else {
        return;
    };
    for path in ["/in-ner", "/ti-le", "/hel-p", "/sort-two", "/batch-1", "/batch-2", "/batch-3"] {
        assert!(scanned.asked(path), "{path}: {:?}", scanned.notices());
    }
    assert!(scanned.requests.iter().any(|it| it.path_and_query.starts_with(b"/find-")));
}

#[tokio::test]
async fn nothing_leaves_the_scope_and_nothing_is_changed() {
    let setup = Setup { exclude: vec!["^/private"], ..Setup::default() };
    let Some(scanned) = shown(setup, |ask| match &*ask.path {
        "/" => html(
            "<button id=out>Log out</button><button id=buy>Buy</button>
             <form method=post action=/order><input name=item value=1><button>Order</button></form>
             <script>
             fetch('http://elsewhere.example/x').catch(() => {}); fetch('/private/x').catch(() => {});
             fetch('/away').catch(() => {});
             navigator.sendBeacon('/seen', new URLSearchParams({ page: 1 }));
             document.getElementById('out').onclick = () => fetch(['', 'session', 'end'].join('/'));
             document.getElementById('buy').onclick = () =>
                 fetch('/api/buy', { method: 'PUT', body: '{\"id\":1}',
                     headers: { 'Content-Type': 'application/json' } });
             fetch('/logout');
             open('/popup'); alert('x'); if (confirm('y')) fetch(['', 'confirmed'].join('/'));
             location.href = '/next';
             </script>",
        ),
        "/away" => redirect("http://elsewhere.example/landing"),
        "/next" | "/popup" => html("<p>here</p>"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    for request in &scanned.requests {
        assert_eq!(request.origin.host_header(), "127.0.0.1:8080");
        assert_eq!(request.method.as_str(), "GET", "{}", request.url());
        let path = request.path_and_query_text();
        assert!(!path.starts_with("/private"), "{path}");
        assert!(!["/logout", "/session/end", "/confirmed"].contains(&&*path), "{path}");
    }
    for (method, template) in [("POST", "/seen"), ("PUT", "/api/buy"), ("POST", "/order")] {
        let operation = scanned.operation(method, template).expect(template);
        let reason = operation.skipped.as_deref().expect("not sent");
        assert!(reason.contains(method), "{reason}");
    }
    assert!(scanned.operation("GET", "/logout").expect("listed").skipped.is_some());
    assert!(scanned.operation("GET", "/next").expect("a script leads there").reached);
    assert!(scanned.operation("GET", "/popup").expect("a window is a link").reached);
    let told = scanned.notices().into_iter().any(|text| text.contains("http://elsewhere.example"));
    assert!(told, "{:?}", scanned.notices());
}

#[tokio::test]
async fn what_may_be_changed_is_sent_when_it_is_allowed() {
    let setup = Setup { allow_unsafe: true, ..Setup::default() };
    let Some(scanned) = shown(setup, |ask| match (&*ask.method, &*ask.path) {
        (_, "/") => page("fetch(['', 'api'].join('/'), { method: 'POST', body: 'a=1' })"),
        ("POST", "/api") => html("<a href=/after>next</a>"),
        (_, "/after") => html("<p>after</p>"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    assert!(scanned.operation("POST", "/api").expect("found").reached);
    assert!(has(&scanned, "GET", "/after"), "the answer is read");
}

#[tokio::test]
async fn the_browser_is_who_the_crawl_is() {
    let setup = Setup {
        headers: vec![Header::new("X-Key", "k1"), Header::new("User-Agent", "mine")],
        ..Setup::default()
    };
    let Some(scanned) = shown(setup, |ask| match &*ask.path {
        "/" => {
            let mut response = page(
                "document.cookie = 'seen=' + (document.cookie || 'nothing').replace(/=/g, '-');
                 fetch(['', 'inner'].join('/'))",
            );
            response.headers.push(Header::new("Set-Cookie", "sid=7; Path=/"));
            response
        }
        "/inner" => json("{}"),
        _ => not_found(),
    })
    .await
    else {
        return;
    };
    let inner = scanned.requests.iter().find(|it| it.path_and_query == b"/inner").expect("asked");
    let header = |name: &str| inner.header(name).map(|it| it.text().into_owned());
    assert_eq!(header("cookie").as_deref(), Some("sid=7; seen=sid-7"));
    assert_eq!(header("x-key").as_deref(), Some("k1"));
    assert_eq!(header("user-agent").as_deref(), Some("mine"));
    let line = inner.headers.iter().filter(|it| it.is("user-agent")).count();
    assert_eq!(line, 1);
}

#[tokio::test]
async fn a_hostile_page_costs_its_share_and_no_more() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let Some(scanned) = shown(Setup { max_urls: 2000, ..Setup::default() }, |ask| match &*ask.path {
        "/" => html(
            "<a href=/flood>1</a><a href=/loop>2</a><a href=/deep>3</a><a href=/crash>4</a><a href=/fine>5</a>
             <script></script>",
        ),
        "/flood" => page("for (let i = 0; i < 5000; i++) fetch('/n/' + i).catch(() => {});"),
        "/loop" => page("fetch(['', 'before'].join('/')); setTimeout(() => { for (;;) {} }, 300)"),
        "/deep" => page(
            "let at = document.body; for (let i = 0; i < 900; i++) \
             at = at.appendChild(document.createElement('div')); \
             at.innerHTML = '<a href=' + ['', 'bottom'].join('/') + '>x</a>';
             Object.defineProperty(window, 'MutationObserver', { value: null });",
        ),
        // So deep that laying it out overflows the stack of the page's process.
        "/crash" => page(
            "let at = document.body; for (let i = 0; i < 9000; i++) \
             at = at.appendChild(document.createElement('div'));",
        ),
        "/fine" => page("fetch(['', 'alright'].join('/'))"),
        path if path.starts_with("/n/") => {
            ASKED.fetch_add(1, Ordering::Relaxed);
            json("1")
        }
        _ => html("<p>x</p>"),
    })
    .await
    else {
        return;
    };
    assert!(ASKED.load(Ordering::Relaxed) <= 310, "{}", ASKED.load(Ordering::Relaxed));
    for path in ["/before", "/bottom", "/alright"] {
        assert!(scanned.asked(path), "{path}: {:?}", scanned.notices());
    }
    let told = |word: &str| scanned.notices().iter().any(|text| text.contains(word));
    assert!(told("never stop asking"), "{:?}", scanned.notices());
    assert!(told("kept the browser from answering"), "{:?}", scanned.notices());
    assert_eq!(scanned.report.coverage.complete, Some(false));
}
