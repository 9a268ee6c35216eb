//! What a crawl found: as a plan, as OpenAPI and as HAR, each read again.

use insta::assert_snapshot;
use shakedown::import::{Crawl, Format, Imported, Login, Options, of_crawl};
use shakedown::model::{Event, Phase, Report, SiteNode, Stamped};

use super::{import, import_with, plan, requests, warnings};
use crate::fixtures::crawled_nodes;

const ORIGIN: &str = "http://127.0.0.1:8080";

fn crawled(nodes: &[SiteNode], log: Option<&Imported>, login: Option<&Login>) -> Imported {
    let start = "http://127.0.0.1:8080/";
    let crawl = Crawl { start, nodes, log, login };
    of_crawl(crawl, &Options::default()).expect("something was found")
}

fn weights(imported: &Imported) -> Vec<(&str, u64)> {
    imported.operations.iter().map(|one| (one.name.as_str(), one.weight)).collect()
}

#[test]
fn each_node_is_a_request_with_its_story_and_what_was_not_sent_is_not_enabled() {
    let (text, plan) = plan(&crawled(&crawled_nodes(ORIGIN), None, None));
    assert_eq!(
        requests(&plan),
        [
            "GET /",
            "GET /search?q=tea&page=2",
            "GET /items/7",
            "-POST /cart/checkout",
            "-GET /admin"
        ]
    );
    assert_snapshot!(text, @r#"
    # What file found: http://127.0.0.1:8080/.
    # 2 of 5 requests are not sent, for the reason beside `enabled: false`.
    # Remove that line from the ones you want to be sent; the flow names them.
    version: 1
    target: "${env.BASE_URL:-http://127.0.0.1:8080}"

    vars:
      id: "7"

    requests:
      # where the crawl began; 30 links; answered 200
      get-home: { get: / }
      # found on / as link; 12 links; answered 200
      get-search: { get: /search, query: { q: tea, page: "2" } }
      # found on / as link; 40 links; answered 200
      get-items-id: { get: "/items/${vars.id}" }
      # found on /items/7 as form; not sent: POST may change something
      post-cart-checkout:
        enabled: false # changes something; remove this line to have it sent
        post: /cart/checkout
        form: { item: "7", count: "2" }
      # found on / as link; answered 403
      get-admin:
        enabled: false # answered 403 in the crawl; remove this line to have it sent
        get: /admin

    flows:
      all:
        - choose:
            - { weight: 30, do: [ { use: get-home } ] }
            - { weight: 12, do: [ { use: get-search } ] }
            - { weight: 40, do: [ { use: get-items-id } ] }
            - { weight: 1, do: [ { use: post-cart-checkout } ] } # not enabled
            - { weight: 1, do: [ { use: get-admin } ] } # not enabled

    scenarios:
      # One user, requests drawn by their weight. `shakedown load --help` says what else there is.
      smoke:
        executor: shared-iterations
        exec: all
        vus: 1
        iterations: 10
        maxDuration: 10m00s

    scan:
      crawl: { depth: 3 }
    "#);
}

#[test]
fn weights_come_from_real_traffic_where_there_is_a_log() {
    let line = |path: &str| {
        format!("10.0.0.1 - - [01/Jan/2026:10:00:00 +0000] \"GET {path} HTTP/1.1\" 200 5\n")
    };
    let mut text = String::new();
    for path in ["/items/1", "/items/2", "/items/3", "/search?q=x", "/", "/nowhere/else"] {
        text.push_str(&line(path));
    }
    let options = Options { format: Some(Format::AccessLog), ..Options::default() };
    let log = import_with("access.log", &text, &options);
    let nodes = crawled_nodes(ORIGIN);
    let imported = crawled(&nodes, Some(&log), None);
    assert_eq!(
        weights(&imported),
        [
            ("get-home", 1),
            ("get-search", 1),
            ("get-items-{id}", 3),
            ("post-cart-checkout", 1),
            ("get-admin", 1)
        ]
    );
    assert_eq!(warnings(&imported), ["access log: 1 request goes to nothing that the crawl found"]);
}

#[test]
fn who_looked_at_the_site_sends_the_plans_requests() {
    let sections = "auth:\n  member:\n    basic: { user: alice, password: wonder }\n".to_owned();
    let login = Login { sections, whom: Some("member".to_owned()) };
    let (text, plan) = plan(&crawled(&crawled_nodes(ORIGIN), None, Some(&login)));
    assert!(plan.sessions.scan.is_some(), "{text}");
    assert!(plan.sessions.scenarios[0].is_some(), "{text}");
}

#[test]
fn secrets_of_the_login_and_of_the_requests_are_one_list() {
    let mut nodes = crawled_nodes(ORIGIN);
    nodes[3].example.body = b"old_password=x&token_key=abcd".to_vec();
    for declared in ["secrets: { MINE: { env: MINE } }", "secrets:\n  MINE: { env: MINE }"] {
        let auth = "auth:\n  member:\n    basic: { user: alice, password: \"${secrets.MINE}\" }\n";
        let sections = format!("{declared}\n{auth}");
        let login = Login { sections, whom: Some("member".to_owned()) };
        let imported = crawled(&nodes, None, Some(&login));
        assert!(!imported.secrets.is_empty());
        let (text, _) = plan(&imported);
        assert_eq!(text.matches("\nsecrets:").count(), 1, "{text}");
    }
}

#[test]
fn what_a_hostile_site_names_stays_text() {
    let mut nodes = crawled_nodes(ORIGIN);
    nodes[2].path_template = "/a\n  evil: { get: /x }\n#/{}".to_owned();
    nodes[2].found_on = Some("http://127.0.0.1:8080/\u{1b}[31m\nscenarios: {}".to_owned());
    nodes[2].example.url = format!("{ORIGIN}/a%0A${{secrets.X}}/7?q=${{env.HOME}}");
    nodes[1].example.body = vec![0xff, 0xfe];
    let imported = crawled(&nodes, None, None);
    assert_eq!(warnings(&imported).len(), 1, "what is no text is told: {:?}", warnings(&imported));
    let (text, plan) = plan(&imported);
    assert_eq!(plan.requests.len(), 4, "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

fn report(nodes: Vec<SiteNode>) -> Report {
    let nodes = nodes.into_iter().map(|node| Event::SiteNode(Box::new(node)));
    let events = [Event::PhaseStarted(Phase::Crawl)].into_iter().chain(nodes);
    let stamped = |(seq, event)| Stamped { seq, at: std::time::Duration::ZERO, event };
    Report::of(&(0..).zip(events).map(stamped).collect::<Vec<_>>())
}

#[test]
fn the_description_is_read_as_openapi_with_every_operation() {
    let bytes = shakedown::report::openapi(&report(crawled_nodes(ORIGIN)));
    let text = String::from_utf8(bytes).expect("UTF-8");
    let imported = import("openapi.yml", &text);
    assert_eq!(imported.format, Format::OpenApi);
    assert!(warnings(&imported).is_empty(), "{:?}\n{text}", warnings(&imported));
    let mut found: Vec<String> = imported
        .operations
        .iter()
        .map(|one| format!("{} {}", one.method, one.path.template()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        ["GET /", "GET /admin", "GET /items/{id}", "GET /search", "POST /cart/checkout"]
    );
    let some = crawled_nodes(ORIGIN).into_iter().skip(2).take(2).collect();
    let text = String::from_utf8(shakedown::report::openapi(&report(some))).expect("UTF-8");
    assert_snapshot!(text, @r#"
    openapi: "3.1.0"
    info:
      title: crawl
      description: "What a crawl has found: paths, parameters and examples as seen, not as promised."
      version: "1"
    servers: []
    paths:
      /cart/checkout:
        post:
          summary: POST /cart/checkout
          operationId: post_cart_checkout
          requestBody:
            content:
              application/x-www-form-urlencoded:
                schema:
                  type: object
                  properties:
                    item:
                      type: integer
                    count:
                      type: integer
                example:
                  item: 7
                  count: 2
          responses:
            default:
              description: not asked for by the crawl
          x-shakedown:
            reached: false
            links: 1
            "on": http://127.0.0.1:8080/items/7
            as: form
            skipped: POST may change something
      "/items/{id}":
        get:
          summary: GET /items/{id}
          operationId: get_items_id
          parameters:
          - name: id
            in: path
            required: true
            schema:
              type: integer
            example: 7
          responses:
            "200":
              description: seen by the crawl
              content:
                text/html: {}
          x-shakedown:
            reached: true
            links: 40
            "on": http://127.0.0.1:8080/
            as: link
    "#);
}

#[test]
fn nodes_of_one_path_are_one_operation_with_the_parameters_of_all() {
    let mut nodes = crawled_nodes(ORIGIN);
    let mut other = nodes[1].clone();
    other.example.url = format!("{ORIGIN}/search?sort=price");
    nodes.push(other);
    let mut nested = nodes[2].clone();
    nested.path_template = "/users/{}/orders/{}".to_owned();
    nested.example.url = format!("{ORIGIN}/users/5/orders/12");
    nodes.push(nested);
    let text = String::from_utf8(shakedown::report::openapi(&report(nodes))).expect("UTF-8");
    let read: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
    let parameters = read["paths"]["/search"]["get"]["parameters"].as_array().expect("a list");
    let names: Vec<&str> = parameters.iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["q", "page", "sort"]);
    let nested = &read["paths"]["/users/{id}/orders/{id2}"]["get"]["parameters"];
    assert_eq!(nested[0]["example"], 5);
    assert_eq!(nested[1]["name"], "id2");
    assert_eq!(nested[1]["example"], 12);
}

#[test]
fn the_recording_is_read_as_har_with_what_was_answered() {
    let bytes = shakedown::report::har(&report(crawled_nodes(ORIGIN)));
    let text = String::from_utf8(bytes).expect("UTF-8");
    let imported = import("site.har", &text);
    assert_eq!(imported.format, Format::Har);
    let (_, plan) = plan(&imported);
    assert_eq!(
        requests(&plan),
        ["GET /", "GET /search?q=tea&page=2", "GET /items/7", "GET /admin"]
    );
}
