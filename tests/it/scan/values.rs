//! Values that stand in paths: described ones that are to be had from the target, and learnt ones
//! that are places for a probe.

use std::sync::Arc;
use std::sync::Mutex;

use shakedown::model::Header;
use shakedown::model::Response;

use super::site::Ask;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const DESCRIPTION: &str = r#"{"openapi":"3.0.0","info":{"title":"Harbour","version":"1"},"paths":{
  "/berths":{"get":{"responses":{"200":{"description":"all"}}}},
  "/berths/{berthName}":{"get":{"parameters":[{"name":"berthName","in":"path","required":true,
    "schema":{"type":"string"},"example":"sample-berth"}],"responses":{"200":{"description":"one"}}}},
  "/berths/{berthName}/boats":{"get":{"parameters":[{"name":"berthName","in":"path","required":true,
    "schema":{"type":"string"},"example":"sample-berth"}],"responses":{"200":{"description":"its"}}}},
  "/berths/{berthName}/boats/{boat_id}":{"get":{"parameters":[
    {"name":"berthName","in":"path","required":true,"schema":{"type":"string"},"example":"sample-berth"},
    {"name":"boat_id","in":"path","required":true,"schema":{"type":"integer"},"example":1}],
    "responses":{"200":{"description":"one"}}}},
  "/tides":{"get":{"parameters":[{"name":"gauge","in":"query","required":true,"schema":{"type":"string"},
    "example":"nowhere"}],"responses":{"200":{"description":"tides"}}}},
  "/pilots":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object",
    "properties":{"callsign":{"type":"string","example":"kestrel"}},"required":["callsign"]}}}},
    "responses":{"201":{"description":"made"}}}},
  "/pilots/{pilot}":{"get":{"parameters":[{"name":"pilot","in":"path","required":true,
    "schema":{"type":"string"},"example":"nobody"}],"responses":{"200":{"description":"one"}}},
    "delete":{"parameters":[{"name":"pilot","in":"path","required":true,"schema":{"type":"string"},
    "example":"nobody"}],"responses":{"204":{"description":"gone"}}}},
  "/ghosts/{ghost}":{"get":{"parameters":[{"name":"ghost","in":"path","required":true,
    "schema":{"type":"string"},"example":"boo"}],"responses":{"200":{"description":"never"}}}}
}}"#;

fn json(status: u16, text: &str) -> Response {
    respond(status, "application/json", text)
}

fn harbour(ask: &Ask) -> Response {
    match (ask.method.as_str(), ask.path.as_str()) {
        ("GET", "/") => html("<a href=/openapi.json>API</a>"),
        ("GET", "/openapi.json") => json(200, DESCRIPTION),
        ("GET", "/berths") => json(200, r#"{"berths":[{"berth_name":"North 4","gauge":"g-17"}]}"#),
        ("GET", "/berths/North 4") => json(200, r#"{"berth_name":"North 4"}"#),
        ("GET", "/berths/North 4/boats") => json(200, r#"[{"id":"8071","name":"Petrel"}]"#),
        ("GET", "/berths/North 4/boats/8071") => json(200, r#"{"name":"Petrel"}"#),
        ("GET", "/tides") if ask.get("gauge") == "g-17" => json(200, "[1.2]"),
        ("GET", "/tides") => json(400, r#"{"error":"no such gauge"}"#),
        ("POST", "/pilots") => {
            let mut made = json(201, r#"{"ok":true}"#);
            made.headers.push(Header::new("Location", "/pilots/p-kestrel"));
            made
        }
        ("GET", "/pilots/p-kestrel") => json(200, r#"{"callsign":"kestrel"}"#),
        _ => json(404, r#"{"error":"not here"}"#),
    }
}

#[tokio::test]
async fn described_operations_are_reached_with_values_of_earlier_answers() {
    let scanned = scan(Setup { allow_unsafe: true, ..Setup::default() }, harbour).await;
    for template in [
        "/berths/{berthName}",
        "/berths/{berthName}/boats",
        "/berths/{berthName}/boats/{boat_id}",
        "/tides",
        "/pilots/{pilot}",
    ] {
        let operation = scanned.operation("GET", template);
        let known = &scanned.report.coverage.operations;
        assert!(operation.is_some_and(|known| known.reached), "{template} in {known:#?}");
    }
    assert!(scanned.asked("/berths/North%204/boats/8071"));
    let ghosts = scanned.operation("GET", "/ghosts/{ghost}").expect("it is described");
    assert!(!ghosts.reached, "nothing in the answers is one");
    let deleted = scanned.requests.iter().filter(|it| it.method.as_str() == "DELETE");
    let deleted: Vec<_> = deleted.map(|it| it.path_and_query_text().into_owned()).collect();
    assert!(deleted.iter().all(|path| path == "/pilots/nobody"), "nothing real: {deleted:?}");
}

#[tokio::test]
async fn without_a_value_that_fits_little_is_asked_in_vain() {
    let scanned = scan(Setup::default(), |ask| match ask.path.as_str() {
        "/" => html("<a href=/openapi.json>API</a>"),
        "/openapi.json" => json(200, DESCRIPTION),
        "/berths" => {
            let berths = (0..50).map(|n| format!("{{\"berthName\":\"b{n}\",\"id\":{n}}}"));
            json(200, &format!("[{}]", berths.collect::<Vec<_>>().join(",")))
        }
        _ => json(404, "{}"),
    })
    .await;
    let asked = |of: &str| {
        let asked = scanned.requests.iter().map(|it| it.path_and_query_text().into_owned());
        asked.filter(|path| path.starts_with(of)).count()
    };
    // The example, and three values for each of the three operations below.
    assert!(asked("/berths/") <= 12, "{}", asked("/berths/"));
    assert!(!scanned.operation("GET", "/berths/{berthName}").expect("described").reached);
}

/// A blog of which only the pages of its posts tell that their names are values.
fn blog(flawed: bool) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    const POSTS: [&str; 12] = [
        "amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "inlet", "jetty",
        "knoll", "larch",
    ];
    move |ask| {
        if ask.path == "/" {
            let links = POSTS.map(|post| format!("<a href=/blog/{post}>x</a>"));
            return html(links.concat());
        }
        let Some(name) = ask.path.strip_prefix("/blog/") else { return not_found() };
        if POSTS.contains(&name) {
            return html(format!(
                "<header class=top><h1>{name}</h1></header><p class=lead>x</p><section class=text>\
                 <h2>{name}</h2><ul class=tags><li>y</li></ul></section><footer class=end>z</footer>"
            ));
        }
        let shown = if flawed { name.to_owned() } else { escape(name) };
        respond(404, "text/html", format!("<p>There is no post {shown}</p>"))
    }
}

#[tokio::test]
async fn names_that_were_learnt_to_be_values_are_tested_a_few_times_and_not_each() {
    let active = || Setup { active: vec!["xss-reflected"], ..Setup::default() };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (site, log) = (blog(true), Arc::clone(&asked));
    let scanned = scan(active(), move |ask| {
        log.lock().expect("no panic").push(ask.path.clone());
        site(ask)
    })
    .await;
    assert_eq!(scanned.points("xss-reflected"), ["GET /blog/{slug} path `2`"]);
    let finding = scanned.found("xss-reflected")[0];
    assert!(finding.url.contains("/blog/"), "{}", finding.url);
    let probes = asked.lock().expect("no panic").iter().filter(|it| it.contains('<')).count();
    assert!((1..=10).contains(&probes), "{probes} probes for twelve posts");
    let safe = scan(active(), blog(false)).await;
    assert_eq!(safe.points("xss-reflected"), Vec::<String>::new());
    assert!(safe.outcome("xss-reflected").requests > 1, "it was tested");
}
