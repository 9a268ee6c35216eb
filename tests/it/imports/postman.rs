//! Postman collections with environments.

use insta::assert_snapshot;
use shakedown::import::Options;

use super::{import_with, plan, refused, requests, warnings};
use crate::program::write;

const COLLECTION: &str = r#"{
  "info": { "name": "Shop", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
  "auth": { "type": "bearer", "bearer": [ { "key": "token", "value": "{{token}}", "type": "string" } ] },
  "variable": [ { "key": "baseUrl", "value": "http://localhost:1/v0" }, { "key": "size", "value": "20" } ],
  "event": [ { "listen": "prerequest", "script": { "exec": [ "", "pm.x()" ] } } ],
  "item": [
    { "name": "Items", "item": [
      { "name": "List items", "request": { "method": "GET", "header": [ { "key": "X-Run", "value": "{{$guid}}" }, { "key": "Off", "value": "1", "disabled": true } ],
        "url": { "raw": "{{baseUrl}}/items/:kind?size={{size}}&q=a b", "host": [ "{{baseUrl}}" ], "variable": [ { "key": "kind", "value": "books" } ] } } },
      { "name": "Add item", "request": { "method": "POST", "auth": { "type": "apikey", "apikey": [ { "key": "key", "value": "X-Key" }, { "key": "value", "value": "topsecret" } ] },
        "body": { "mode": "raw", "raw": "{ \"name\": \"{{name}}\", \"size\": \"{{size}}\" }", "options": { "raw": { "language": "json" } } },
        "url": "{{baseUrl}}/items" } },
      { "name": "Odd JSON", "request": { "method": "PUT", "header": [ { "key": "Content-Type", "value": "application/json" } ],
        "body": { "mode": "raw", "raw": "{ \"n\": {{size}} }" }, "url": { "protocol": "http", "host": [ "127", "0", "0", "1" ], "port": "8080", "path": [ "n" ], "query": [ { "key": "a", "value": "1" }, { "key": "b", "value": "2", "disabled": true } ] } } }
    ] },
    { "name": "Log in", "request": { "auth": { "type": "noauth" }, "method": "POST", "url": "{{baseUrl}}/login",
        "body": { "mode": "urlencoded", "urlencoded": [ { "key": "user", "value": "me" }, { "key": "password", "value": "topsecret" } ] } } },
    { "name": "Upload", "request": { "method": "POST", "auth": { "type": "hawk" }, "url": "{{baseUrl}}/up", "body": { "mode": "formdata", "formdata": [ { "key": "f", "type": "file", "src": "/a/b.png" } ] } } },
    { "name": "Copy", "request": { "method": "COPY", "url": "{{baseUrl}}/x" } },
    { "name": "Nothing" }
  ]
}"#;

#[test]
fn a_collection_becomes_a_plan_with_the_values_of_its_environment() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let environment = r#"{ "name": "local", "values": [
        { "key": "baseUrl", "value": "http://127.0.0.1:8080/v1", "enabled": true },
        { "key": "token", "value": "topsecret", "type": "secret" },
        { "key": "size", "value": "5", "enabled": false } ] }"#;
    let environment = write(dir.path(), "local.json", environment);
    let options = Options { environments: vec![environment.into()], ..Options::default() };
    let imported = import_with("shop.json", COLLECTION, &options);
    let (text, plan) = plan(&imported);
    assert!(!text.contains("topsecret"), "{text}");
    assert_snapshot!(text, @r###"
    # Imported from file (Postman 2.1.0: Shop).
    # 4 of 5 requests change something and are not sent: each has `enabled: false`.
    # Remove that line from the ones you want to be sent; the flow names them.
    # Secrets are not written here. Set before a run:
    # - TOKEN: `token`
    # - NAME: `name`, which has no value in the file
    # - X_KEY: `X-Key`
    # - PASSWORD: `password`
    version: 1
    target: "${env.BASE_URL:-http://127.0.0.1:8080}"

    secrets:
      TOKEN: { env: TOKEN }
      X_KEY: { env: X_KEY }
      PASSWORD: { env: PASSWORD }

    vars:
      kind: books
      size: "20"

    requests:
      # (Items)
      List-items:
        get: "/v1/items/${vars.kind}?size=${vars.size}&q=a%20b"
        headers: { X-Run: "${rand.uuid}", Authorization: "Bearer ${secrets.TOKEN}" }
      # (Items)
      Add-item:
        enabled: false # changes something; remove this line to have it sent
        post: /v1/items
        headers: { X-Key: "${secrets.X_KEY}" }
        json: { name: "${env.NAME}", size: "${vars.size}" }
      # (Items)
      Odd-JSON:
        enabled: false # changes something; remove this line to have it sent
        put: "/n?a=1"
        headers: { Content-Type: application/json, Authorization: "Bearer ${secrets.TOKEN}" }
        body: "{ \"n\": ${vars.size} }"
      Log-in:
        enabled: false # changes something; remove this line to have it sent
        post: /v1/login
        form: { user: me, password: "${secrets.PASSWORD}" }
      Upload:
        enabled: false # changes something; remove this line to have it sent
        post: /v1/up
        multipart: { f: { value: content, filename: b.png } }

    flows:
      all:
        - use: List-items
        - use: Add-item # not enabled
        - use: Odd-JSON # not enabled
        - use: Log-in # not enabled
        - use: Upload # not enabled

    scenarios:
      # One user, each request once. `shakedown load --help` says what else there is.
      smoke:
        executor: shared-iterations
        exec: all
        vus: 1
        iterations: 1
        maxDuration: 10m00s

    scan:
      crawl: { depth: 3 }
    "###);
    assert_eq!(requests(&plan)[0], "GET /v1/items/books?size=20&q=a%20b");
    assert_eq!(plan.requests[2].request.body, b"{ \"n\": 20 }");
    assert_snapshot!(warnings(&imported).join("\n"), @r###"
    shop.json#: the prerequest script is not run; write what it checks as `checks`, what it keeps as `extract`
    shop.json#/item/2: `Upload`: the content of b.png is not read; the plan has a word in its place
    shop.json#/item/2: `Upload`: a login by `hawk` is not imported; it is sent without
    shop.json#/item/3: `Copy`: COPY: the plan has no such method; left out
    shop.json#/item/4: `Nothing`: has no `request`; left out
    "###);
}

#[test]
fn what_is_no_collection_says_what_it_is() {
    let said = refused("env.json", r#"{"_postman_variable_scope":"environment","values":[]}"#);
    assert!(said.contains("give this with --environment"), "{said}");
    let said = refused("old.json", r#"{"info":{"_postman_id":"x"},"requests":[]}"#);
    assert!(said.contains("version 2.1"), "{said}");
}

#[test]
fn a_variable_may_hold_a_whole_url() {
    let collection = r#"{ "variable": [ { "key": "all", "value": "http://127.0.0.1:1/v1/get?x=1" }, { "key": "base", "value": "http://127.0.0.1:1/v1/" } ],
        "item": [ { "request": "{{all}}" }, { "request": "{{base}}users/{{who}}" }, { "request": "{{nowhere}}/a" } ] }"#;
    let imported = import_with("c.json", collection, &Options::default());
    let (_, plan) = plan(&imported);
    assert_eq!(requests(&plan), ["GET /v1/get?x=1", "GET /v1/users/SET-BY-THE-USER", "GET /a"]);
}

#[test]
fn a_graphql_body_stays_one() {
    let collection = r#"{ "info": { "name": "G", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
      "item": [ { "name": "Ask", "request": { "method": "POST", "url": "http://127.0.0.1:8080/graphql",
        "body": { "mode": "graphql", "graphql": { "query": "query Q($id: ID!) { item(id: $id) { name } }", "variables": "{ \"id\": \"{{id}}\" }" } } } } ] }"#;
    let imported = import_with("g.json", collection, &Options::default());
    let (text, plan) = plan(&imported);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("graphql: query: \"query Q($id: ID!) { item(id: $id) { name } }\" variables: { id: \"${env.ID}\" }"),
        "{text}"
    );
    assert!(plan.requests[0].request.body.starts_with(b"{\"query\":\"query Q("));
}
