//! URL lists, access logs, GraphQL schemas, k6's options and ZAP's configuration.

use std::fmt::Write as _;

use insta::assert_snapshot;
use shakedown::flow::Op;
use shakedown::import::Options;
use shakedown::model::Target;
use shakedown::plan::Executor;
use shakedown::plan::Plan;

use super::{import, import_with, plan, refused, requests, warnings};

/// Weights and requests of a flow that draws.
fn drawn(plan: &Plan) -> Vec<(u64, usize)> {
    let ops = &plan.flows[0].ops;
    let Op::Draw(draw) = &ops[0] else { panic!("it draws: {ops:?}") };
    let request = |place: u32| match &ops[place as usize] {
        Op::Use(request) => *request,
        op => panic!("it sends one: {op:?}"),
    };
    draw.weighted().map(|(weight, place)| (weight, request(place))).collect()
}

#[test]
fn a_list_of_urls_is_drawn_by_how_often_each_stands_there() {
    let text = "http://127.0.0.1:1/a\n# no\n\nhttp://127.0.0.1:1/b?x=1\nhttp://127.0.0.1:1/a\nPOST http://127.0.0.1:1/c\nhttp://\n";
    let imported = import("urls.txt", text);
    let (text, plan) = plan(&imported);
    assert_eq!(requests(&plan), ["GET /a", "GET /b?x=1", "-POST /c"]);
    assert!(text.contains("{ weight: 2, do: [ { use: get-a } ] }"), "{text}");
    assert_eq!(drawn(&plan), [(2, 0), (1, 1)], "what is not enabled is not drawn");
    assert_eq!(warnings(&imported).len(), 1);
    assert!(warnings(&imported)[0].starts_with("urls.txt:7: "), "{:?}", warnings(&imported));
}

#[test]
fn a_log_gives_the_mix_and_the_rate_of_real_traffic() {
    let mut log = String::new();
    for second in 0..60 {
        for (path, every) in
            [("/", 1), ("/items/17?token=eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", 2), ("/gone", 3)]
        {
            if second % every == 0 {
                let status = if path == "/gone" { 404 } else { 200 };
                writeln!(
                    log,
                    "10.0.0.1 - - [01/Jan/2026:10:00:{second:02} +0000] \"GET {path} HTTP/1.1\" {status} 5 \"-\" \"x\""
                )
                .expect("written");
            }
        }
    }
    log.push_str(
        "nonsense\n10.0.0.1 - - [01/Jan/2026:10:00:59 +0000] \"POST /buy HTTP/1.1\" 201 5\n",
    );
    let imported = import("access.log", &log);
    let (text, plan) = plan(&imported);
    assert!(!text.contains("eyJ") && !text.contains("10.0.0.1"), "{text}");
    assert_eq!(requests(&plan)[0], "GET /");
    assert_eq!(requests(&plan)[2], "-POST /buy");
    assert_eq!(drawn(&plan)[..2], [(60, 0), (30, 1)], "{text}");
    let Executor::ConstantArrivalRate { rate, .. } = plan.scenarios[0].executor else {
        panic!("open")
    };
    assert!((rate - 91.0 / 59.0).abs() < 0.01, "{rate}");
    let said = warnings(&imported).join("\n");
    assert!(
        said.contains("access.log:111: is no line")
            && said.contains("20 lines with a status of 4xx"),
        "{said}"
    );
}

#[test]
fn lines_of_json_are_a_log_too() {
    let log = r#"{"time":"2026-01-01T10:00:00Z","method":"GET","uri":"/a","status":200,"host":"api.example"}
{"time":"2026-01-01T10:00:10Z","method":"GET","uri":"/a","status":200,"host":"api.example"}
"#;
    let (text, plan) = plan(&import("log.jsonl", log));
    assert_eq!(plan.target.url(), "https://api.example/", "{text}");
    let Executor::ConstantArrivalRate { rate, .. } = plan.scenarios[0].executor else {
        panic!("open")
    };
    assert!((rate - 0.2).abs() < 1e-9);
}

const SDL: &str = r#"
"""A shop"""
schema { query: Root mutation: Change subscription: Live }
type Root { "Every item" items(first: Int! = 5, kind: Kind!, ids: [ID!]!, filter: Filter!): [Item!]! version: String }
type Change { addItem(item: NewItem!): Item }
type Live { added: Item }
interface Named { name: String }
type Item implements Named { id: ID! name: String owner: User similar(id: ID!): [Item] tags: [Tag] }
type User { email: String friends: [User] }
union Tag = Item | User
enum Kind { BOOK LAMP }
input Filter { from: DateTime!, deep: Filter, limit: Int! }
input NewItem { name: String!, price: Float! }
scalar DateTime
"#;

#[test]
fn a_graphql_schema_gives_a_request_for_each_field() {
    let options = Options {
        target: Some(Target::parse("http://127.0.0.1:1/api/graphql").expect("a URL")),
        ..Options::default()
    };
    let imported = import_with("shop.graphql", SDL, &options);
    let (text, plan) = plan(&imported);
    assert_eq!(
        requests(&plan),
        ["POST /api/graphql", "POST /api/graphql", "-POST /api/graphql"],
        "queries change nothing"
    );
    assert_snapshot!(String::from_utf8_lossy(&plan.requests[0].request.body), @r###"{"query":"query items($kind: Kind!, $ids: [ID!]!, $filter: Filter!) { items(kind: $kind, ids: $ids, filter: $filter) { id name owner { email } tags { __typename } } }","variables":{"kind":"BOOK","ids":["1"],"filter":{"from":"2025-01-15T12:00:00Z","limit":1}}}"###);
    assert_snapshot!(String::from_utf8_lossy(&plan.requests[2].request.body), @r###"{"query":"mutation addItem($item: NewItem!) { addItem(item: $item) { id name owner { email } tags { __typename } } }","variables":{"item":{"name":"Example","price":1.5}}}"###);
    assert!(text.contains("# Every item (query)"), "{text}");
    assert_eq!(
        warnings(&imported),
        ["shop.graphql: subscription `added` is no request and response, left out"]
    );
    let said = refused("x.graphql", "type Query {\n  a: Int\n  b ]\n}\n");
    assert!(said.starts_with("x.graphql:3:"), "{said}");
}

#[test]
fn an_introspection_gives_the_same_as_the_schema() {
    let json = r#"{ "data": { "__schema": { "queryType": { "name": "Query" }, "types": [
        { "kind": "OBJECT", "name": "Query", "fields": [ { "name": "item", "args": [
            { "name": "id", "type": { "kind": "NON_NULL", "ofType": { "kind": "SCALAR", "name": "ID" } } } ],
          "type": { "kind": "OBJECT", "name": "Item" } } ] },
        { "kind": "OBJECT", "name": "Item", "fields": [ { "name": "name", "args": [], "type": { "kind": "SCALAR", "name": "String" } } ] },
        { "kind": "SCALAR", "name": "ID" } ] } } }"#;
    let sdl = "type Query { item(id: ID!): Item }\ntype Item { name: String }\n";
    let body =
        |name: &str, text: &str| plan(&import(name, text)).1.requests[0].request.body.clone();
    assert_eq!(body("x.json", json), body("x.graphql", sdl));
    assert_eq!(
        String::from_utf8_lossy(&body("x.json", json)),
        r#"{"query":"query item($id: ID!) { item(id: $id) { name } }","variables":{"id":"1"}}"#
    );
}

#[test]
fn k6_options_become_scenarios_and_gates() {
    let options = r#"{ "vus": 10, "stages": [ { "duration": "30s", "target": 20 }, { "duration": 5000, "target": 0 } ],
        "thresholds": { "http_req_duration": [ "p(95)<500", { "threshold": "p(99) < 1500", "abortOnFail": true, "delayAbortEval": "10s" } ],
                        "http_req_failed": [ "rate<0.01" ], "my_trend": [ "avg<1" ] },
        "insecureSkipTLSVerify": true, "hosts": { "a": "b" } }"#;
    let imported = import("k6.json", options);
    let (text, plan) = plan(&imported);
    assert_snapshot!(text, @r###"
    # Imported from file (k6 options).
    version: 1
    # The file names no server: set BASE_URL, or write it here.
    target: "${env.BASE_URL:-http://127.0.0.1:8080}"
    insecure: true

    requests:
      home: { get: / }

    flows:
      default:
        - use: home

    scenarios:
      default:
        exec: default
        executor: ramping-vus
        startVUs: 10
        stages: [ { target: 20, duration: "30s" }, { target: 0, duration: "5000ms" } ]

    thresholds:
      http_req_duration: [ "p(95)<500", { threshold: "p(99) < 1500", abortOnFail: true, delayAbortEval: 10s } ]
      http_req_failed: [ "rate<0.01" ]
    # What the scenarios send stands in the k6 script: write it as `requests` and `flows`.
    "###);
    assert_eq!(plan.thresholds.len(), 3);
    assert_eq!(warnings(&imported).len(), 2, "{:?}", warnings(&imported));
    let scenarios = r#"{ "scenarios": { "a": { "executor": "constant-arrival-rate", "rate": 5, "duration": "1m",
        "preAllocatedVUs": 2, "exec": "browse", "env": { "X": "1" } }, "b": { "executor": "externally-controlled" } },
        "thresholds": { "http_req_duration{scenario:a}": [ "max<9" ], "http_req_duration{scenario:b}": [ "max<9" ] } }"#;
    let imported = import("k6.json", scenarios);
    let (_, plan) = super::plan(&imported);
    assert_eq!((plan.flows[0].name.as_str(), plan.scenarios[0].name.as_str()), ("browse", "a"));
    assert_eq!(plan.thresholds.len(), 1);
    assert_eq!(warnings(&imported).len(), 3, "{:?}", warnings(&imported));
}

#[test]
fn zaps_configuration_becomes_scope_and_gate() {
    let conf = "# zap-baseline rule configuration file\n10010\tIGNORE\t(Cookie No HttpOnly Flag)\n10020\tFAIL\t(X-Frame-Options)\n\
                10021\tWARN\t(x)\n*\tOUTOFSCOPE\thttps?://[^/]+/admin/.*\n10020\tOUTOFSCOPE\t.*x.*\nnonsense\n";
    let imported = import("gen.conf", conf);
    let (text, plan) = plan(&imported);
    assert!(plan.scan.is_some());
    assert!(text.contains("exclude: [ \"/admin/.*\" ]"), "{text}");
    assert_eq!(plan.thresholds[0].criterion.selector.to_string(), "findings{severity:>=medium}");
    assert!(text.contains("# - 10020 (X-Frame-Options)"), "{text}");
    assert_eq!(warnings(&imported).len(), 2, "{:?}", warnings(&imported));
}

#[test]
fn rare_kinds_of_requests_are_counted_and_left_out() {
    let mut log = String::new();
    let mut line = |path: &str| {
        writeln!(log, "1.2.3.4 - - [01/Jan/2026:10:00:00 +0000] \"GET {path} HTTP/1.1\" 200 5")
            .expect("written");
    };
    for _ in 0..9_970 {
        line("/often");
    }
    // Letters of their own: numbers would be one kind.
    for (first, second) in
        ('a'..='e').flat_map(|first| ('a'..='f').map(move |second| (first, second)))
    {
        line(&format!("/{first}{second}"));
    }
    log.push_str("{\"method\":\"GET\",\"uri\":\"no/path\"}\n");
    let imported = import("access.log", &log);
    assert_eq!(imported.operations.len(), 20);
    let said = warnings(&imported).join("\n");
    assert!(said.contains("11 rarer kinds of requests (11 of 10,001 lines)"), "{said}");
    assert!(said.contains("access.log:10001: is no line of an access log"), "{said}");
    plan(&imported);
}
