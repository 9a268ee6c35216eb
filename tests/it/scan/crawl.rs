//! What a crawl finds, what it leaves alone, and that no site keeps it busy for ever.

use std::io::Write as _;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use flate2::Compression;
use flate2::write::GzEncoder;
use shakedown::model::Event;
use shakedown::model::Method;
use shakedown::model::OperationSource;
use shakedown::model::Request;
use shakedown::model::RequestTemplate;
use shakedown::model::SkipReason;
use shakedown::model::Target;
use shakedown::plan::Strength;
use shakedown::report::Style;

use super::site::Scanned;
use super::site::Setup;
use super::site::TARGET;
use super::site::html;
use super::site::not_found;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

fn complete(scanned: &Scanned) -> bool {
    scanned.report.coverage.complete.expect("the crawl has finished")
}

#[tokio::test]
async fn links_forms_and_redirects_lead_to_operations() {
    let scanned = scan(Setup::default(), |ask| match &*ask.path {
        "/" => html(
            "<a href=/items/1>one</a><a href=/items/2>two</a><a href=/old>old</a>
             <form action=/search><input name=q></form>
             <form method=post action=/cart><input name=id value=1></form>
             <form method=post enctype=multipart/form-data action=/upload></form>
             <script src=/app.js></script><img src=/logo.png>",
        ),
        "/items/1" | "/items/2" | "/search" | "/new" => html(format!("<h1>{}</h1>", ask.path)),
        "/old" => redirect("/new"),
        "/app.js" => respond(200, "text/javascript", "1"),
        "/broken" => respond(500, "text/html", "x"),
        _ => not_found(),
    })
    .await;
    for (method, template, reached) in [
        ("GET", "/", true),
        ("GET", "/items/{id}", true),
        ("GET", "/search", true),
        ("GET", "/old", true),
        ("GET", "/new", true),
        ("GET", "/app.js", true),
        ("POST", "/cart", false),
        ("POST", "/upload", false),
    ] {
        let operation = scanned.operation(method, template).unwrap_or_else(|| panic!("{template}"));
        assert_eq!(operation.reached, reached, "{template}");
        assert_eq!(operation.skipped.is_none(), reached, "{template}");
    }
    assert_eq!(scanned.report.coverage.operations.len(), 8, "and nothing else");
    assert!(scanned.asked("/search?q=a"));
    assert!(!scanned.asked("/logo.png"), "media carry nothing");
    assert!(complete(&scanned));
}

#[tokio::test]
async fn robots_and_sitemaps_name_what_no_link_does() {
    let scanned = scan(Setup::default(), |ask| match &*ask.path {
        "/" => html("<p>no links</p>"),
        "/robots.txt" => respond(200, "text/plain", "Disallow: /hidden/\nSitemap: /map.xml"),
        "/map.xml" => respond(200, "application/xml", "<loc>http://127.0.0.1:8080/listed</loc>"),
        "/hidden/" | "/listed" => html("<p>here</p>"),
        _ => not_found(),
    })
    .await;
    assert!(scanned.operation("GET", "/hidden/").expect("known").reached);
    assert!(scanned.operation("GET", "/listed").expect("known").reached);
    assert!(scanned.operation("GET", "/sitemap.xml").is_none(), "a guess that was wrong");
}

#[tokio::test]
async fn sitemaps_that_name_sitemaps_for_ever_end_with_the_depth() {
    let setup = Setup { depth: 3, max_urls: 1000, ..Setup::default() };
    let scanned = scan(setup, |ask| {
        let number: Option<u64> = match &*ask.path {
            "/" => return html("<a href=/sitemap.xml>map</a>"),
            "/sitemap.xml" => Some(0),
            path => {
                path.strip_prefix("/maps/m").and_then(|it| it.strip_suffix(".xml")?.parse().ok())
            }
        };
        let Some(number) = number else { return not_found() };
        let next =
            |way: u64| format!("<sitemap><loc>/maps/m{}.xml</loc></sitemap>", number * 2 + way);
        let text = format!("<sitemapindex>{}{}</sitemapindex>", next(1), next(2));
        respond(200, "application/xml", text)
    })
    .await;
    let asked = scanned.requests.iter().map(|it| it.path_and_query_text().into_owned());
    // One more is a name made up, to know what the folder answers to what is not there.
    let maps: Vec<String> = asked.filter(|path| path.starts_with("/maps/m")).collect();
    assert_eq!(maps.len(), 2 + 4, "{maps:?}");
    assert_eq!(left(&scanned, SkipReason::Depth), 8);
    assert!(!complete(&scanned));
}

#[tokio::test]
async fn a_packed_sitemap_that_never_ends_is_read_up_to_a_bound() {
    let scanned = scan(Setup::default(), |ask| match &*ask.path {
        "/" => html("<a href=/map.xml.gz>map</a><a href=/a>a</a>"),
        "/map.xml.gz" => {
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(b"<urlset><loc>/first</loc>").expect("memory takes it");
            for _ in 0..64 {
                packed.write_all(&vec![b' '; 1 << 20]).expect("memory takes it");
            }
            packed.write_all(b"<loc>/last</loc>").expect("memory takes it");
            let mut response = respond(200, "application/gzip", "");
            response.body = packed.finish().expect("memory takes it");
            response
        }
        "/a" | "/first" | "/last" => html("<p>x</p>"),
        _ => not_found(),
    })
    .await;
    assert!(scanned.asked("/first") && scanned.asked("/a") && !scanned.asked("/last"));
    assert!(scanned.notices().iter().any(|text| text.contains("was not read")));
}

#[tokio::test]
async fn scope_holds_for_links_redirects_and_base() {
    let scanned =
        scan(Setup { exclude: vec!["^/private"], ..Setup::default() }, |ask| match &*ask.path {
            "/" => html(
                "<base href='http://elsewhere.example/'><a href=x>1</a>
                 <a href='http://127.0.0.1:8080/private/a'>2</a>
                 <a href='http://127.0.0.1:8080/away'>3</a>
                 <a href='//127.0.0.1:9090/'>4</a>",
            ),
            "/away" => redirect("http://elsewhere.example/landing"),
            _ => not_found(),
        })
        .await;
    let origin = "127.0.0.1:8080";
    assert!(scanned.requests.iter().all(|request| request.origin.host_header() == origin));
    assert!(!scanned.requests.iter().any(|it| it.path_and_query.starts_with(b"/private")));
    assert!(scanned.operation("GET", "/away").expect("known").reached);
    assert!(scanned.notices().iter().any(|text| text.contains("out of scope")));
}

#[tokio::test]
async fn a_start_page_that_leads_out_of_scope_is_explained() {
    let scanned = scan(Setup::default(), |_| redirect("https://127.0.0.1:8443/")).await;
    let told = scanned.notices().iter().any(|text| text.contains("https://127.0.0.1:8443/"));
    assert!(told, "{:?}", scanned.notices());
}

#[tokio::test]
async fn logout_and_delete_links_are_left_alone_and_listed() {
    let scanned = scan(Setup::default(), |ask| match &*ask.path {
        "/" => html(
            "<a href=/logout>bye</a><a href=/item/1/delete>x</a><a href=/x/9>Delete</a>
             <a href=/fine>fine</a><form action=/purge><button>go</button></form>",
        ),
        _ => html("<p>page</p>"),
    })
    .await;
    for path in ["/logout", "/item/1/delete", "/x/9", "/purge?"] {
        assert!(!scanned.asked(path), "{path}");
    }
    for template in ["/logout", "/item/{id}/delete", "/x/{id}", "/purge"] {
        let operation = scanned.operation("GET", template).expect("listed");
        assert!(!operation.reached && operation.skipped.is_some(), "{template}");
    }
}

#[tokio::test]
async fn pages_that_only_say_not_found_are_not_operations() {
    let scanned = scan(Setup::default(), |ask| match &*ask.path {
        "/" => html("<a href=/real>r</a><a href=/gone>g</a><a href=/shop/gone.php>g</a>"),
        "/real" => html("<html><h1>Shop</h1><p>A real page</p></html>"),
        path => html(format!("<html><h1>Shop</h1><p>Sorry, {path} is not here</p></html>")),
    })
    .await;
    assert!(scanned.operation("GET", "/real").expect("known").reached);
    assert!(scanned.operation("GET", "/gone").is_none());
    assert!(scanned.operation("GET", "/shop/gone.php").is_none());
}

#[tokio::test]
async fn cookies_are_kept_and_the_users_own_replace_them() {
    let site = |ask: &super::site::Ask| match (&*ask.path, &*ask.cookie) {
        ("/", _) => {
            let mut response = html("<a href=/account>a</a>");
            let cookie = shakedown::model::Header::new("Set-Cookie", "sid=1; Path=/");
            response.headers.push(cookie);
            response
        }
        ("/account", "sid=1") => html("<h1>Welcome</h1>"),
        ("/account", _) => respond(401, "text/html", "no"),
        _ => not_found(),
    };
    let scanned = scan(Setup::default(), site).await;
    assert!(scanned.operation("GET", "/account").expect("known").reached);
    let own = shakedown::model::Header::new("Cookie", "sid=mine");
    let scanned = scan(Setup { headers: vec![own], ..Setup::default() }, site).await;
    assert!(!scanned.operation("GET", "/account").expect("known").reached);
}

fn template(name: &str, method: &str, path: &str, path_template: &str) -> RequestTemplate {
    let origin = Target::parse(TARGET).expect("a target").origin;
    let mut request = Request::get(origin, path);
    request.method = Method::new(method);
    RequestTemplate {
        name: name.to_owned(),
        request,
        path_template: path_template.to_owned(),
        expected_statuses: Vec::new(),
        redirects: 0,
        conversation: shakedown::model::Conversation::Response,
        enabled: true,
        timeout: None,
        version: None,
        tags: std::collections::BTreeMap::new(),
    }
}

#[tokio::test]
async fn requests_of_the_plan_are_seeds_with_their_own_templates() {
    let requests = vec![
        template("item", "GET", "/items/1", "/items/{id}"),
        template("buy", "POST", "/cart", "/cart"),
    ];
    let scanned = scan(Setup { requests, ..Setup::default() }, |ask| match &*ask.path {
        "/" => html("<a href=/items/2>2</a>"),
        "/items/1" | "/items/2" => html("<p>item</p>"),
        _ => not_found(),
    })
    .await;
    let item = scanned.operation("GET", "/items/{id}").expect("known");
    assert_eq!((item.source, item.reached), (OperationSource::Plan, true));
    let items = scanned.report.coverage.operations.iter();
    let items = items.filter(|known| known.path_template.starts_with("/items"));
    assert_eq!(items.count(), 1, "the crawl's item is the same one");
    let buy = scanned.operation("POST", "/cart").expect("known");
    assert_eq!((buy.source, buy.reached), (OperationSource::Plan, false));
    assert!(!scanned.requests.iter().any(|request| request.method.as_str() == "POST"));
}

/// What was left out for a reason.
fn left(scanned: &Scanned, why: SkipReason) -> u64 {
    let mut skipped = scanned.report.coverage.skipped.iter();
    skipped.find(|(reason, _)| *reason == why).map_or(0, |(_, count)| *count)
}

#[tokio::test]
async fn what_is_left_alone_is_counted_by_its_reason_once() {
    let off = RequestTemplate { enabled: false, ..template("off", "GET", "/off", "/off") };
    let requests = vec![template("buy", "POST", "/cart", "/cart"), off];
    let scanned = scan(Setup { requests, ..Setup::default() }, |ask| match &*ask.path {
        "/" => html(
            "<img src=/a.png><img src=/b.png><img src=/a.png><a href=/2>2</a>\
             <img src=http://h/c.png><form method=post action=/cart></form>",
        ),
        "/2" => html("<img src=/a.png>"),
        _ => not_found(),
    })
    .await;
    assert_eq!(left(&scanned, SkipReason::Media), 2);
    assert_eq!(left(&scanned, SkipReason::Unsafe), 1, "the plan's is the form's");
    assert_eq!(left(&scanned, SkipReason::Disabled), 1);
    assert!(complete(&scanned), "a choice is no gap");
}

#[tokio::test]
async fn what_makes_a_crawl_incomplete_is_said() {
    let scanned = scan(Setup { depth: 1, ..Setup::default() }, |ask| match &*ask.path {
        "/" => html("<a href=/1>1</a>"),
        "/1" => html("<a href=/2>2</a><a href=/3>3</a><img src=/x.png>"),
        _ => not_found(),
    })
    .await;
    assert!(!complete(&scanned));
    let style = Style { color: false, unicode: true, width: 100, unit: None };
    let told = shakedown::report::summary(&scanned.report, style);
    assert!(told.contains("incomplete: 2 too deep\n"), "{told}");
}

#[tokio::test]
async fn modules_are_where_the_page_says_also_for_its_scripts() {
    let scanned = scan(Setup::default(), |ask| match &*ask.path {
        "/" => html(
            r#"<script type=importmap>{"imports":{"cart":"./lib/cart.mjs","ui/":"/ui/"}}</script>
               <script type=module src=/main.js></script><a href=/plain/>p</a>"#,
        ),
        "/plain/" => html("<script type=module src=/plain/other.js></script>"),
        "/main.js" => respond(200, "text/javascript", "import 'cart'; import 'ui/menu.mjs'"),
        "/plain/other.js" => respond(200, "text/javascript", "import 'ui/none.mjs'"),
        "/lib/cart.mjs" => respond(200, "text/javascript", "import 'ui/list.mjs'; fetch('stock')"),
        "/ui/menu.mjs" | "/ui/list.mjs" | "/stock" => respond(200, "text/javascript", "1"),
        _ => not_found(),
    })
    .await;
    for path in ["/lib/cart.mjs", "/ui/menu.mjs", "/ui/list.mjs", "/stock"] {
        assert!(scanned.asked(path), "{path}");
    }
    assert!(!scanned.asked("/ui/none.mjs"), "another page's");
}

#[tokio::test]
async fn a_request_that_is_not_enabled_is_told_and_not_sent() {
    let off = RequestTemplate { enabled: false, ..template("off", "GET", "/off", "/off") };
    let requests = vec![off, template("on", "GET", "/on", "/on")];
    let scanned = scan(Setup { requests, ..Setup::default() }, |_| html("<p>x</p>")).await;
    assert!(scanned.asked("/on") && !scanned.asked("/off"));
    let off = scanned.operation("GET", "/off").expect("known");
    assert!(off.skipped.as_deref().is_some_and(|why| why.contains("enabled: false")));
}

#[tokio::test]
async fn an_unsafe_request_is_sent_where_the_plan_allows_it_by_name() {
    let mut buy = template("buy", "POST", "/cart", "/cart");
    let kind = shakedown::model::Header::new("Content-Type", "application/json");
    buy.request.headers.push(kind);
    buy.request.body = br#"{"note":"x"}"#.to_vec();
    let requests = vec![template("sell", "POST", "/sell", "/sell"), buy];
    let active = vec!["xss-reflected"];
    let setup = Setup { requests, active, unsafe_requests: vec![1], ..Setup::default() };
    let scanned = scan(setup, |ask| match &*ask.path {
        "/" => html("<p>start</p>"),
        // Repeats the whole body.
        "/cart" => html(format!("<p>{}</p>", ask.form[0].0)),
        _ => not_found(),
    })
    .await;
    assert!(scanned.operation("POST", "/cart").expect("known").reached);
    assert!(!scanned.asked("/sell"));
    assert_eq!(scanned.points("xss-reflected"), ["POST /cart json `/note`"]);
}

#[tokio::test]
async fn a_bounded_crawl_sees_one_of_everything() {
    let setup = Setup { max_urls: 20, ..Setup::default() };
    let scanned = scan(setup, |ask| match &*ask.path {
        "/" => {
            let items: String =
                (0..50).map(|n| format!("<a href=/items/{n}>i</a>")).collect::<Vec<_>>().concat();
            html(format!("{items}<a href=/about>a</a><a href=/contact>c</a><a href=/help>h</a>"))
        }
        "/about" | "/contact" | "/help" => html("<p>x</p>"),
        path if path.trim_start_matches("/items/").parse::<u32>().is_ok() => html("<p>item</p>"),
        _ => not_found(),
    })
    .await;
    for template in ["/about", "/contact", "/help", "/items/{id}"] {
        assert!(scanned.operation("GET", template).is_some_and(|it| it.reached), "{template}");
    }
    assert!(scanned.notices().iter().any(|text| text.contains("enough of their kind")));
}

#[tokio::test]
async fn what_bounds_leave_out_is_said() {
    let chain = |ask: &super::site::Ask| {
        let here = ask.path.trim_start_matches("/page-").len();
        html(format!("<a href=/page-{}>on</a>", "x".repeat(here + 1)))
    };
    let shallow = scan(Setup { depth: 2, ..Setup::default() }, chain).await;
    assert!(!complete(&shallow));
    assert!(shallow.notices().iter().any(|text| text.contains("deeper than 2")));
    let few = scan(Setup { depth: 1000, max_urls: 10, ..Setup::default() }, chain).await;
    assert!(!complete(&few));
    assert!(few.notices().iter().any(|text| text.contains("after 10 URLs")));
}

/// Scans a hostile site; it must end within its budget of requests.
async fn survives(
    name: &str,
    page: impl Fn(&super::site::Ask) -> shakedown::model::Response + Send + Sync + 'static,
) -> Scanned {
    let setup = Setup {
        max_urls: 60,
        active: vec!["xss-reflected"],
        strength: Strength::Low,
        depth: 1000,
        ..Setup::default()
    };
    let scanned = scan(setup, page).await;
    // Fetches, two calibrations for each of 64 directories, and the checks' own.
    let checks = scanned.outcome("xss-reflected").requests;
    let crawl = scanned.requests.len() as u64 - checks;
    assert!(crawl <= 60 + 2 * 64, "{name}: {crawl} requests");
    scanned
}

#[tokio::test]
async fn endless_sites_end() {
    let count = AtomicU64::new(0);
    survives("infinite links", move |_| {
        let links: String = (0..100)
            .map(|_| format!("<a href=/p{}x/>n</a>", count.fetch_add(1, Ordering::Relaxed)))
            .collect::<Vec<_>>()
            .concat();
        html(links)
    })
    .await;
    let month = AtomicU64::new(0);
    survives("calendar", move |_| {
        let month = month.fetch_add(1, Ordering::Relaxed);
        html(format!("<a href='/cal?month={month}'>next</a><a href='/cal?m{month}=1'>other</a>"))
    })
    .await;
    survives("relative loop", |_| html("<a href='deeper/'>on</a>")).await;
    survives("link loop", |ask| {
        html(if ask.path == "/a" { "<a href=/b>b</a>" } else { "<a href=/a>a</a>" })
    })
    .await;
    let scanned = survives("endless redirects", |ask| {
        let length = ask.path.len();
        redirect(&format!("/{}", "r".repeat(length)))
    })
    .await;
    assert!(scanned.notices().iter().any(|text| text.contains("redirect chains")));
    survives("redirect to itself", |ask| redirect(&ask.path)).await;
}

#[tokio::test]
async fn hostile_documents_are_survived() {
    for (name, body) in [
        ("deep nesting", "<div>".repeat(300_000)),
        ("unclosed formatting", format!("{}<p>x", "<b id=1>".repeat(2000)).repeat(20)),
        ("endless attributes", format!("<a {}", "x=1 ".repeat(300_000))),
        ("endless form", format!("<form>{}", "<input name=a>".repeat(50_000))),
        ("broken markup", "<a href='<!--<script><table><svg></p><a href=/x\u{0}>".repeat(500)),
        ("binary", String::from_utf8_lossy(&[0xff, 0, 0x1b, b'<', 0x80].repeat(5000)).into_owned()),
        ("long URL", format!("<a href='/{}'>x</a>", "y".repeat(100_000))),
    ] {
        let page = body.clone();
        survives(name, move |_| html(page.clone())).await;
    }
}

#[tokio::test]
async fn a_site_that_stops_answering_is_reported_and_left() {
    let asked = AtomicU64::new(0);
    let scanned = scan(Setup::default(), move |_| {
        if asked.fetch_add(1, Ordering::Relaxed) < 3 {
            html("<a href=/a>a</a><a href=/b>b</a><a href=/c>c</a>")
        } else {
            respond(0, "", "")
        }
    })
    .await;
    let failed = scanned.events.iter().filter(|it| matches!(it, Event::ScanFailure { .. })).count();
    assert!(failed > 0);
    assert_eq!(scanned.report.scan_requests.1, failed as u64);
}

#[tokio::test]
async fn a_description_of_another_copy_of_the_service_is_read_as_of_this_one() {
    let filler = format!("\"info\":{{\"title\":\"{}\",\"version\":\"1\"}}", "x".repeat(9000));
    let paths = r#""paths":{"/depots":{"get":{"responses":{"200":{"description":"ok"}}}}}"#;
    // Sorted by key, and by the address of the copy that is in use.
    let text =
        format!(r#"{{"host":"api.example","basePath":"/",{filler},{paths},"swagger":"2.0"}}"#);
    let scanned = scan(Setup::default(), move |ask| match &*ask.path {
        "/" => html("<a href=/swagger.json>our interface</a>"),
        "/swagger.json" => respond(200, "application/json", text.clone()),
        "/depots" => respond(200, "application/json", "[]"),
        _ => not_found(),
    })
    .await;
    let operation = scanned.operation("GET", "/depots").expect("it is described");
    assert!(operation.reached && operation.source == OperationSource::Spec);
    assert!(
        scanned.requests.iter().all(|request| request.origin.host_header() == "127.0.0.1:8080")
    );
}
