//! GraphQL endpoints that turn up on the way.

use serde_json::Value;
use serde_json::json;
use shakedown::model::Response;
use shakedown::plan::Strength;

use super::site::Ask;
use super::site::Scanned;
use super::site::Setup;
use super::site::escape;
use super::site::html;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

fn of(kind: &str, name: &str) -> Value {
    json!({ "kind": kind, "name": name, "ofType": null })
}

fn field(name: &str, args: &Value, gives: &Value) -> Value {
    json!({ "name": name, "description": null, "args": args, "type": gives })
}

/// Rooms of a museum: a list, one by its name, and a way to close one.
fn schema() -> Value {
    let name = json!([{ "name": "name", "defaultValue": null,
        "type": { "kind": "NON_NULL", "name": null, "ofType": of("SCALAR", "String") } }]);
    let room = of("OBJECT", "Room");
    let list = json!({ "kind": "LIST", "name": null, "ofType": room });
    json!({ "data": { "__schema": {
        "queryType": { "name": "Query" }, "mutationType": { "name": "Mutation" },
        "subscriptionType": null,
        "types": [
            { "kind": "OBJECT", "name": "Query", "fields": [
                field("rooms", &json!([]), &list), field("room", &name, &room)] },
            { "kind": "OBJECT", "name": "Mutation", "fields": [
                field("paintRoom", &name, &room), field("deleteRoom", &name, &room)] },
            { "kind": "OBJECT", "name": "Room", "fields": [
                field("name", &json!([]), &of("SCALAR", "String"))] },
            { "kind": "SCALAR", "name": "String" },
        ],
    } } })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// By GET and by POST.
    Both,
    /// By POST alone.
    Post,
    /// Everything but its schema.
    NoSchema,
}

fn json(status: u16, body: &Value) -> Response {
    respond(status, "application/json", body.to_string())
}

/// A museum's site, whose script names the endpoint; a flawed one tells errors as pages.
fn museum(answers: Answers, flawed: bool) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    move |ask| match ask.path.as_str() {
        "/" => html(
            "<a href=/api/graphql>API</a><script>fetch('/api/graphql', {method: 'POST', body: JSON.stringify({query: '{ rooms { name } }'})})</script>",
        ),
        "/api/graphql" => {
            let body: Value = serde_json::from_slice(&ask.request.body).unwrap_or(Value::Null);
            let is_post = ask.method == "POST";
            let query =
                if is_post { body["query"].as_str().unwrap_or_default() } else { ask.get("query") };
            if !is_post && answers == Answers::Post {
                return json(405, &json!({ "errors": [{ "message": "POST only" }] }));
            }
            if query.contains("__schema") {
                return if answers == Answers::NoSchema {
                    json(200, &json!({ "errors": [{ "message": "introspection is not allowed" }] }))
                } else {
                    json(200, &schema())
                };
            }
            let variables = if is_post {
                body["variables"].clone()
            } else {
                serde_json::from_str(ask.get("variables")).unwrap_or(Value::Null)
            };
            let name = variables["name"].as_str().unwrap_or_default();
            match query {
                query if query.contains("rooms") => {
                    json(200, &json!({ "data": { "rooms": [{ "name": "Hall" }] } }))
                }
                query if query.contains("paintRoom") => {
                    json(200, &json!({ "data": { "paintRoom": { "name": name } } }))
                }
                query if query.contains("room") && flawed => html(format!("<p>no room {name}</p>")),
                query if query.contains("room") => html(format!("<p>no room {}</p>", escape(name))),
                _ => json(400, &json!({ "errors": [{ "message": "Must provide query string." }] })),
            }
        }
        _ => not_found(),
    }
}

fn asked_for_schema(scanned: &Scanned) -> usize {
    let is_asked = |request: &&shakedown::model::Request| {
        let text =
            request.path_and_query_text().into_owned() + &String::from_utf8_lossy(&request.body);
        text.contains("__schema")
    };
    scanned.requests.iter().filter(is_asked).count()
}

fn reached(scanned: &Scanned, method: &str, template: &str) -> bool {
    let known = scanned.operation(method, template);
    let all = &scanned.report.coverage.operations;
    known.unwrap_or_else(|| panic!("{method} {template} in {all:#?}")).reached
}

#[tokio::test]
async fn an_endpoint_tells_its_operations_and_what_reads_is_asked_safely() {
    let strength = Strength::Low;
    let setup = Setup { active: vec!["xss-reflected"], strength, ..Setup::default() };
    let scanned = scan(setup, museum(Answers::Both, true)).await;
    assert!(scanned.requests.iter().all(|it| it.method.as_str() == "GET"));
    assert_eq!(asked_for_schema(&scanned), 1);
    assert!(reached(&scanned, "GET", "/api/graphql#rooms"));
    assert!(reached(&scanned, "GET", "/api/graphql#room"));
    for mutation in ["paintRoom", "deleteRoom"] {
        assert!(!reached(&scanned, "POST", &format!("/api/graphql#{mutation}")));
    }
    let point = "GET /api/graphql#room query `variables/name`";
    assert_eq!(scanned.points("xss-reflected"), [point]);
    let setup = Setup { active: vec!["xss-reflected"], ..Setup::default() };
    let safe = scan(setup, museum(Answers::Both, false)).await;
    assert_eq!(safe.points("xss-reflected"), Vec::<String>::new());
    assert!(safe.outcome("xss-reflected").requests > 0);
}

#[tokio::test]
async fn where_writing_is_allowed_an_endpoint_is_asked_by_post_too() {
    let setup = || Setup { allow_unsafe: true, ..Setup::default() };
    let scanned = scan(setup(), museum(Answers::Post, false)).await;
    assert_eq!(asked_for_schema(&scanned), 2, "by GET in vain, by POST");
    assert!(reached(&scanned, "POST", "/api/graphql#rooms"));
    assert!(reached(&scanned, "POST", "/api/graphql#paintRoom"));
    let deletes = scanned
        .requests
        .iter()
        .filter(|it| String::from_utf8_lossy(&it.body).contains("deleteRoom"));
    assert_eq!(deletes.count(), 0, "it looks as if it deletes something");
    let safe = scan(Setup::default(), museum(Answers::Post, false)).await;
    assert!(safe.requests.iter().all(|it| it.method.as_str() == "GET"));
}

#[tokio::test]
async fn an_endpoint_that_refuses_is_listed_with_what_is_not_known() {
    let scanned = scan(Setup::default(), museum(Answers::NoSchema, false)).await;
    assert_eq!(asked_for_schema(&scanned), 1);
    let unknown = scanned.operation("GET", "/api/graphql#introspection").expect("it is listed");
    assert!(!unknown.reached);
    let reason = unknown.skipped.as_deref().expect("a reason");
    assert!(reason.contains("introspection is refused"), "{reason}");
    let told = scanned.notices().iter().filter(|text| text.contains("GraphQL schema")).count();
    assert_eq!(told, 1, "{:?}", scanned.notices());
}

/// Who guards a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guards {
    Nothing,
    Login,
    Office,
}

/// A club's interface: its members, and the shops where they get something off.
fn club(guards: Guards) -> impl Fn(&Ask) -> Response + Send + Sync + 'static {
    let person = json!([
        { "name": "Ann", "email": "ann@club.example", "phone": "+44 1632 960001" },
        { "name": "Bo", "email": "bo@club.example", "phone": "+44 1632 960002" },
    ]);
    move |ask| {
        let is_in = ask.authorization.starts_with("Bearer tok");
        let is_open = match guards {
            Guards::Nothing => true,
            Guards::Login => is_in,
            Guards::Office => false,
        };
        let query = ask.get("query");
        let name = |query: &str| {
            let field = query.split('{').nth(1).unwrap_or_default().trim();
            field.split(':').next().unwrap_or_default().trim().to_owned()
        };
        match ask.path.as_str() {
            "/api/login" => json(200, &json!({ "token": "tok-alice-1" })),
            "/" => html(
                "<script>fetch('/graphql', {method: 'POST', body: JSON.stringify({query: '{ shops { name } }'})})</script>",
            ),
            "/graphql" if query.contains("__schema") => json(200, &club_schema()),
            "/graphql" if query.contains("members {") && !is_open => {
                json(200, &json!({ "errors": [{ "message": "not for you" }] }))
            }
            "/graphql" if query.contains("members {") || query.contains("shops {") => {
                json(200, &json!({ "data": { name(query): person } }))
            }
            "/graphql" => json(200, &json!({ "errors": [{ "message": "no such field" }] })),
            _ => not_found(),
        }
    }
}

fn club_schema() -> Value {
    let list = |name: &str| json!({ "kind": "LIST", "name": null, "ofType": of("OBJECT", name) });
    let text = |name: &str| field(name, &json!([]), &of("SCALAR", "String"));
    let object = |name: &str| {
        json!({ "kind": "OBJECT", "name": name,
            "fields": [text("name"), text("email"), text("phone")] })
    };
    json!({ "data": { "__schema": {
        "queryType": { "name": "Query" }, "mutationType": null, "subscriptionType": null,
        "types": [
            { "kind": "OBJECT", "name": "Query", "fields": [
                field("members", &json!([]), &list("Member")),
                field("shops", &json!([]), &list("Shop"))] },
            object("Member"), object("Shop"),
            { "kind": "SCALAR", "name": "String" },
        ],
    } } })
}

#[tokio::test]
async fn records_of_people_that_a_field_gives_to_whoever_asks_are_told() {
    let rule = "graphql-authorization";
    for (guards, who) in [
        (Guards::Nothing, Some("whoever asks")),
        (Guards::Login, Some("`bob`")),
        (Guards::Office, None),
    ] {
        let scanned = scan(super::notes::with_two(&[rule]), club(guards)).await;
        let found = scanned.found(rule);
        assert_eq!(found.len(), usize::from(who.is_some()), "{guards:?}: {found:?}");
        assert!(scanned.outcome(rule).requests > 0, "{:?}", scanned.outcome(rule));
        for finding in found {
            // The shops have the same members, and may be rung up by anybody.
            assert!(finding.path_template.ends_with("#members"), "{}", finding.path_template);
            let start = format!("`members` gives {} 2 records", who.unwrap_or_default());
            assert!(finding.detail.starts_with(&start), "{}", finding.detail);
        }
    }
}
