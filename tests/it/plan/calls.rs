//! gRPC calls in plans: what they resolve to, and what is said about mistakes.

use shakedown::flow::CallMessage;
use shakedown::flow::CallStep;
use shakedown::model::CallKind;
use shakedown::model::Conversation;
use shakedown::model::ExitCode;

use crate::grpc_bed::plan;

const GET: &str = "grpc: shop.Catalogue/Get";
const ADD: &str = "grpc: shop.Catalogue/Add";
const LIST: &str = "grpc: shop.Catalogue/List";
const CHAT: &str = "grpc: shop.Catalogue/Chat";

/// A plan whose only request has these keys, from the ninth column of its fourth line on.
fn text(keys: &str) -> String {
    format!(
        "version: 1\ntarget: http://127.0.0.1:8080\nrequests:\n  call: {{ {keys} }}\n\
         flows: {{ all: [ {{ use: call }} ] }}\n\
         scenarios: {{ all: {{ executor: shared-iterations, exec: all, vus: 1, iterations: 1 }} }}\n"
    )
}

const PROTO: &str = "proto: protos/shop.proto";

fn said(keys: &str) -> String {
    let errors = plan(&text(keys)).expect_err("the plan is refused");
    assert_eq!(errors.exit_code(), ExitCode::InvalidPlan);
    errors.render(false)
}

/// Each mistake with what is said about it, and the word that it is said at.
fn assert_said(cases: &[(String, &str, &str)]) {
    for (keys, message, word) in cases {
        let said = said(keys);
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
        assert!(flat.contains(message), "{keys}\n{said}");
        let line = text(keys).lines().nth(3).expect("four lines").to_owned();
        let column = line.find(word).expect("the word stands there");
        let column = line[..column].chars().count() + 1;
        assert!(said.contains(&format!("[plan.yml:4:{column}]")), "{word}: {column}\n{said}");
    }
}

#[test]
fn the_method_says_which_kind_of_call_it_is() {
    let kinds = [
        (GET.to_owned(), CallKind::Unary),
        (LIST.to_owned(), CallKind::ServerStream),
        (format!("{ADD}, messages: [ {{ send: {{}} }} ]"), CallKind::ClientStream),
        (format!("{CHAT}, messages: [ {{ expect: any }} ]"), CallKind::BidiStream),
        ("grpc: shop.Catalogue.Get".to_owned(), CallKind::Unary),
        ("grpc: http://127.0.0.1:8080/shop.Catalogue/Get".to_owned(), CallKind::Unary),
    ];
    for (keys, kind) in kinds {
        let plan = plan(&text(&format!("{keys}, {PROTO}"))).expect("it is right");
        let template = &plan.requests[0];
        let Conversation::Grpc(call) = template.conversation else { panic!("{keys} is a call") };
        assert_eq!(call.kind, kind, "{keys}");
        assert_eq!(template.request.method.as_str(), "POST");
        assert!(template.path_template.starts_with("/shop.Catalogue/"));
        assert_eq!(template.request.path_and_query_text(), template.path_template.as_str());
    }
}

#[test]
fn a_message_is_encoded_at_once_unless_load_alone_knows_it() {
    let step = |message: &str| {
        let keys = format!("{GET}, {PROTO}, message: {message}");
        let plan = plan(&text(&keys)).expect("it is right");
        plan.scripts[0].call.as_ref().expect("it is a call").steps[0].clone()
    };
    match step("{ id: 3, note: hi }") {
        CallStep::Send(CallMessage::Fixed(bytes)) => assert_eq!(bytes, b"\x08\x03\x12\x02hi"),
        other => panic!("{other:?}"),
    }
    let templated = step("{ id: 3, note: \"${vu}\" }");
    assert!(matches!(templated, CallStep::Send(CallMessage::Template(_))), "{templated:?}");
}

#[test]
fn files_are_found_by_import_paths_or_beside_each_other() {
    for found in ["proto: protos/shop.proto", "proto: [ shop.proto ], import_paths: [ protos ]"] {
        assert!(plan(&text(&format!("{GET}, {found}"))).is_ok(), "{found}");
    }
    assert_said(&[
        (GET.to_owned(), "a gRPC call needs the file that describes its service", "call"),
        (format!("{GET}, proto: shop.proto"), "`shop.proto` was not found", "shop.proto"),
        (format!("{GET}, proto: shop.proto, import_paths: prots"), "is no directory", "shop.proto"),
        (format!("{GET}, proto: []"), "`proto` names no file", "[]"),
    ]);
}

#[test]
fn services_methods_and_fields_have_names_that_they_resemble() {
    let message = |fields: &str| format!("{ADD}, {PROTO}, messages: [ {{ send: {fields} }} ]");
    assert_said(&[
        (
            format!("grpc: shop.Catalog/Get, {PROTO}"),
            "unknown service `shop.Catalog`, did you mean `shop.Catalogue`?",
            "shop.Catalog/Get",
        ),
        (
            format!("grpc: Catalogue/Get, {PROTO}"),
            "unknown service `Catalogue`, did you mean `shop.Catalogue`?",
            "Catalogue/Get",
        ),
        (
            format!("grpc: shop.Catalogue/Gte, {PROTO}"),
            "unknown method `Gte` of `shop.Catalogue`, did you mean `Get`?",
            "shop.Catalogue/Gte",
        ),
        (format!("grpc: Get, {PROTO}"), "`Get` is no method", "Get"),
        (
            message("{ display_nam: a }"),
            "unknown field `display_nam` in `shop.Item`, did you mean `display_name`?",
            "display_nam",
        ),
        (
            message("{ like: { nte: a } }"),
            "unknown field `nte` in `shop.Wanted`, did you mean `note`?",
            "nte",
        ),
        (
            message("{ kind: LAMPP }"),
            "`LAMPP` is no value of `kinds.Kind`, did you mean `LAMP`?",
            "LAMPP",
        ),
        (message("{ id: many }"), "`id` in `shop.Item`: ", "many"),
        (message("{ id: 5000000000 }"), "`id` in `shop.Item`: ", "5000000000"),
        (message("{ display_name: 7 }"), "`display_name` in `shop.Item`: ", "7"),
        (message("{ tags: [ a, { b: c } ] }"), "`tags` in `shop.Item`: ", "{ b: c }"),
        (message("{ stock: { here: lots } }"), "`stock` in `shop.Item`: ", "lots"),
        (message("{ made: yesterday }"), "`made` in `shop.Item`: ", "yesterday"),
        (message("{ cents: 1, text: one }"), "no `shop.Item`: ", "{ cents"),
        (message("[ 1 ]"), "expected a `shop.Item`: a mapping of its fields", "[ 1 ]"),
    ]);
}

#[test]
fn what_has_no_meaning_for_a_call_is_refused() {
    let get = |more: &str| format!("{GET}, {PROTO}, {more}");
    let list = |more: &str| format!("{LIST}, {PROTO}, {more}");
    let add = |more: &str| format!("{ADD}, {PROTO}, {more}");
    assert_said(&[
        (get("json: { a: 1 }"), "`json` has no meaning for `grpc`", "json"),
        (get("headers: { a: b }"), "write `metadata`", "headers"),
        (get("messages: [ { send: {} } ]"), "it takes one message", "messages"),
        (get("count: 3"), "its server sends one message", "count"),
        (get("within: 3s"), "it sends one message and gets one", "within"),
        (get("checks: [ { status: 200 } ]"), "unknown gRPC status `200`", "200"),
        (
            get("checks: [ { status: NOTFOUND } ]"),
            "unknown gRPC status `NOTFOUND`, did you mean `NOT_FOUND`?",
            "NOTFOUND",
        ),
        (get("maxReceiveSize: 1gb"), "expected a size", "1gb"),
        (list("extract: { a: { jsonpath: $.id } }"), "its server sends a stream", "extract"),
        (list("checks: [ { jsonpath: $.id } ]"), "a stream has many messages", "checks"),
        (list("until: { jsonpath: '$[' }"), "JSONPath", "'$['"),
        (list("count: 0"), "expected a number of messages from 1 on; found `0`", "0 }"),
        (add("message: {}"), "it takes a stream", "message"),
        (add("messages: []"), "`messages` sends nothing", "[]"),
        (add("timeout: 0s, messages: [ { send: {} } ]"), "above 0", "0s"),
        (format!("{ADD}, {PROTO}"), "`Add` takes a stream of messages", "call"),
        (
            add("messages: [ { send: {} }, { expect: any } ]"),
            "this method's server answers once",
            "expect",
        ),
        (add("messages: [ { sned: {} } ]"), "did you mean `send`?", "sned"),
        (add("messages: [ { repeat: 2 } ]"), "`repeat` needs the steps", "repeat"),
        ("get: /, metadata: { a: b }".to_owned(), "it belongs to `grpc: ", "metadata"),
        ("ws: /, message: {}".to_owned(), "`message` has no meaning for `ws`", "message"),
    ]);
}

#[test]
fn a_fault_in_a_file_is_told_with_its_place() {
    let directory = tempfile::TempDir::new().expect("a folder");
    let file = directory.path().join("broken.proto");
    for (content, place, message) in [
        ("syntax = \"proto3\";\nmessage A { int32 id == 1; }\n", "broken.proto:2:", "expected"),
        ("syntax = \"proto3\";\nmessage A { B b = 1; }\n", "broken.proto:2:", "'B'"),
        ("syntax = \"proto3\";\nimport \"other.proto\";\n", "broken.proto:2:", "other.proto"),
    ] {
        std::fs::write(&file, content).expect("a file");
        let said = said(&format!("{GET}, proto: {}", file.display()));
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(place) && flat.contains(message), "{said}");
    }
}

#[test]
fn a_connection_for_each_call_is_refused() {
    let text = text(&format!("{GET}, {PROTO}")) + "connection: { keepalive: false }\n";
    let said = plan(&text).expect_err("the plan is refused").render(false);
    assert!(said.contains("gRPC calls share HTTP/2 connections that are kept"), "{said}");
}

#[test]
fn the_example_is_right() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/grpc.yml");
    let overrides = super::overrides();
    let plan = shakedown::plan::load_file(&file, &|_| None, &overrides);
    let plan = plan.unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let is_call = |script: &&shakedown::flow::Script| script.call.is_some();
    assert_eq!(plan.scripts.iter().filter(is_call).count(), 4);
}
