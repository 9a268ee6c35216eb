//! Reflected cross-site scripting: every context, and pages that escape.

use shakedown::model::Confidence;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::redirect;
use super::site::respond;
use super::site::scan;

const RULE: &str = "xss-reflected";

async fn scan_page(page: impl Fn(&Ask) -> Response + Send + Sync + 'static) -> Scanned {
    let setup = Setup { active: vec![RULE], ..Setup::default() };
    scan(setup, move |ask| if ask.path == "/" { html("<a href='/p?v=7'>x</a>") } else { page(ask) })
        .await
}

#[tokio::test]
async fn every_context_is_broken_out_of_when_nothing_is_escaped() {
    for template in [
        "<p>you said {}</p>",
        "<title>{}</title>",
        "<textarea>{}</textarea>",
        "<input value=\"{}\">",
        "<input value='{}'>",
        "<input value={}>",
        "<!-- {} -->",
        "<script>var x = '{}';</script>",
        "<script type=application/json>{\"a\":\"{}\"}</script>",
        "<style>.{} { }</style>",
        "<noscript><p title=\"{}\"></noscript>",
        "<p data-{}=1>",
    ] {
        let scanned = scan_page(move |ask| html(template.replace("{}", ask.get("v")))).await;
        assert_eq!(scanned.points(RULE), ["GET /p query `v`"], "{template}");
        let finding = scanned.found(RULE)[0];
        assert_eq!(finding.confidence, Confidence::Firm);
        assert_eq!(finding.payloads.len(), 3);
        assert_ne!(finding.payloads[1], finding.payloads[2], "the replay is another payload");
        assert!(finding.reproduce.starts_with("curl -i 'http") || finding.reproduce.contains("%3"));
    }
}

#[tokio::test]
async fn incomplete_escaping_is_found_where_it_matters() {
    let angle = |text: &str| text.replace('<', "&lt;").replace('>', "&gt;");
    for template in [
        "<input value=\"{}\">",
        "<input value='{}'>",
        "<input value={}>",
        "<script>var x = '{}';</script>",
        "<script>var x = \"{}\";</script>",
        "<script>var x = `{}`;</script>",
        "<script>var x = {};</script>",
        "<a href=\"#\" onclick=\"go('{}')\">",
    ] {
        let scanned =
            scan_page(move |ask| html(template.replace("{}", &angle(ask.get("v"))))).await;
        assert_eq!(scanned.points(RULE), ["GET /p query `v`"], "{template}");
    }
    // All of HTML's characters escaped, and a `javascript:` URL still runs.
    let scanned =
        scan_page(|ask| html(format!("<a href=\"{}\">back</a>", escape(ask.get("v"))))).await;
    assert_eq!(scanned.points(RULE), ["GET /p query `v`"]);
    // HTML escaping is undone before an event handler is run.
    let scanned =
        scan_page(|ask| html(format!("<b onclick=\"go('{}')\">", escape(ask.get("v"))))).await;
    assert_eq!(scanned.points(RULE), ["GET /p query `v`"]);
    // A quote gets a backslash, a backslash does not.
    let scanned = scan_page(move |ask| {
        let value = angle(ask.get("v")).replace('\'', "\\'").replace('"', "\\\"");
        html(format!("<script>var x = '{value}';</script>"))
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /p query `v`"]);
}

#[tokio::test]
async fn a_page_that_wants_a_valid_beginning_gets_it() {
    let scanned = scan_page(|ask| {
        let value = ask.get("v");
        if value.starts_with('7') { html(format!("<p>{value}</p>")) } else { html("<p>?</p>") }
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /p query `v`"]);
}

#[tokio::test]
async fn escaping_for_the_context_is_safe() {
    for template in [
        "<p>{}</p>",
        "<title>{}</title>",
        "<textarea>{}</textarea>",
        "<input value=\"{}\">",
        "<input value='{}'>",
        "<!-- {} -->",
        "<a href=\"/search?q={}\">",
        "<img src=\"{}\">",
    ] {
        let scanned =
            scan_page(move |ask| html(template.replace("{}", &escape(ask.get("v"))))).await;
        assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{template}");
        assert!(scanned.outcome(RULE).requests > 1, "{template}");
    }
    let scanned = scan_page(|ask| {
        let text = serde_json::to_string(ask.get("v")).expect("text").replace('<', "\\u003c");
        html(format!("<script>var x = {text};</script>"))
    })
    .await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "JSON in a script");
}

#[tokio::test]
async fn what_a_browser_does_not_render_is_safe() {
    for media_type in ["text/plain", "application/json", "application/xml", "text/css"] {
        let scanned = scan_page(move |ask| respond(200, media_type, ask.get("v"))).await;
        assert_eq!(scanned.points(RULE), Vec::<String>::new(), "{media_type}");
    }
    let scanned = scan_page(|ask| {
        let mut response = redirect("/");
        response.body = format!("<p>{}</p>", ask.get("v")).into_bytes();
        response
    })
    .await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new(), "a redirect's body");
}

#[tokio::test]
async fn stripping_tags_or_refusing_brackets_is_safe() {
    let scanned = scan_page(|ask| {
        let value = ask.get("v");
        if value.contains(['<', '>', '"', '\'']) {
            respond(500, "text/html", "<h1>Error</h1>")
        } else {
            html(format!("<p title=\"{value}\">{value}</p>"))
        }
    })
    .await;
    assert_eq!(scanned.points(RULE), Vec::<String>::new());
}

#[tokio::test]
async fn error_pages_count_as_pages() {
    let scanned = scan(Setup { active: vec![RULE], ..Setup::default() }, |ask| match &*ask.path {
        "/" => html("<a href='/p?v=7'>x</a>"),
        _ if ask.get("v") == "7" => html("<p>seven</p>"),
        _ => respond(404, "text/html", format!("<h1>No item {}</h1>", ask.get("v"))),
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /p query `v`"]);
}

#[tokio::test]
async fn parameters_of_one_operation_are_one_finding() {
    let setup = Setup { active: vec![RULE], ..Setup::default() };
    let scanned = scan(setup, |ask| match ask.path.as_str() {
        "/" => html("<a href='/p?v=7&w=8&x=9'>x</a> <a href='/q?v=7'>y</a>"),
        "/p" => html(format!(
            "<p>{}</p><p>{}</p><p>{}</p>",
            ask.get("v"),
            ask.get("w"),
            escape(ask.get("x"))
        )),
        _ => html(format!("<p>{}</p>", ask.get("v"))),
    })
    .await;
    assert_eq!(scanned.points(RULE), ["GET /p query `v`", "GET /p query `w`", "GET /q query `v`"]);
    let found = scanned.found(RULE);
    assert_eq!(found.len(), 2, "{found:?}");
    let both = found.iter().find(|it| it.path_template == "/p").expect("it is found");
    assert!(both.detail.contains("the same is so at query `w`"), "{}", both.detail);
    let alone = found.iter().find(|it| it.path_template == "/q").expect("it is found");
    assert_eq!(both.evidence.len(), 2 * alone.evidence.len(), "each has its own exchanges");
}
