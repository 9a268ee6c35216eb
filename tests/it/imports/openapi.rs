//! OpenAPI 3.0 and 3.1 and Swagger 2.

use std::fmt::Write as _;

use insta::assert_snapshot;
use regex::Regex;
use shakedown::import::Options;
use shakedown::import::import_file;
use shakedown::import::plan_text;
use shakedown::model::Target;

use crate::program::write;

use super::{import, import_with, plan, refused, requests, warnings};

const SHOP: &str = r##"
openapi: 3.0.3
info: { title: Shop }
servers: [ { url: "https://{region}.shop.example/v1/", variables: { region: { default: eu } } } ]
security: [ { token: [] } ]
paths:
  /items:
    parameters: [ { $ref: "#/components/parameters/limit" } ]
    get:
      operationId: list items
      summary: Every item
      tags: [ items ]
      security: []
      parameters:
        - { name: tags, in: query, required: true, schema: { type: array, items: { type: string, enum: [ new, old ] } } }
        - { name: X-Trace, in: header, required: true, schema: { type: string, format: uuid } }
        - { name: sort, in: query, schema: { type: string } }
    post:
      operationId: addItem
      requestBody: { $ref: "#/components/requestBodies/item" }
  /items/{id}:
    get: { operationId: oneItem, parameters: [ { name: id, in: path, required: true, schema: { type: integer, minimum: 7 } } ] }
    delete: { parameters: [ { name: id, in: path, required: true, schema: { type: string }, example: "a b/c" } ] }
  /login:
    post:
      security: [ {} , { token: [] } ]
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: { type: object, properties: { user: { type: string, example: "${who}" }, password: { type: string, format: password } } }
components:
  parameters:
    limit: { name: limit, in: query, schema: { type: integer, default: 20 } }
  requestBodies:
    item:
      content:
        application/json:
          schema: { $ref: "#/components/schemas/Item" }
  schemas:
    Item:
      allOf:
        - { $ref: "#/components/schemas/Base" }
        - type: object
          required: [ name ]
          properties:
            name: { type: string, minLength: 3 }
            price: { type: number, minimum: 1, exclusiveMinimum: true }
            made: { type: string, format: date-time, nullable: true }
            kind: { enum: [ book, lamp ] }
            parent: { $ref: "#/components/schemas/Item" }
    Base: { type: object, properties: { id: { type: integer, readOnly: true }, email: { type: string } } }
  securitySchemes:
    token: { type: http, scheme: bearer }
"##;

#[test]
fn a_description_becomes_a_plan_that_people_can_read() {
    let imported = import("shop.yml", SHOP);
    assert_eq!(warnings(&imported), Vec::<String>::new());
    let (text, plan) = plan(&imported);
    assert_snapshot!(text, @r###"
    # Imported from file (OpenAPI 3.0.3: Shop).
    # 3 of 5 requests change something and are not sent: each has `enabled: false`.
    # Remove that line from the ones you want to be sent; the flow names them.
    # Secrets are not written here. Set before a run:
    # - TOKEN: access token, as Authorization: Bearer
    # - PASSWORD: `password`
    version: 1
    target: "${env.BASE_URL:-https://eu.shop.example}"
    # authorised: { by: "YOUR NAME", hosts: [ eu.shop.example ] } # who allowed this test; or --authorised-by

    secrets:
      TOKEN: { env: TOKEN }
      PASSWORD: { env: PASSWORD }

    vars:
      id: "7"
      items_id: "a%20b%2Fc"

    requests:
      # Every item (items)
      # may also have: sort
      list-items:
        get: /v1/items
        query: { limit: "20", tags: new }
        headers: { X-Trace: "3fa85f64-5717-4562-b3fc-2c963f66afa6" }
      addItem:
        enabled: false # changes something; remove this line to have it sent
        post: /v1/items
        query: { limit: "20" }
        headers: { Authorization: "Bearer ${secrets.TOKEN}" }
        json:
          email: "user@example.com"
          name: Example
          price: 1.5
          made: "2025-01-15T12:00:00Z"
          kind: book
      oneItem: { get: "/v1/items/${vars.id}", headers: { Authorization: "Bearer ${secrets.TOKEN}" } }
      delete-items-id:
        enabled: false # changes something; remove this line to have it sent
        delete: "/v1/items/${vars.items_id}"
        headers: { Authorization: "Bearer ${secrets.TOKEN}" }
      post-login:
        enabled: false # changes something; remove this line to have it sent
        post: /v1/login
        form: { user: "$${who}", password: "${secrets.PASSWORD}" }

    flows:
      all:
        - use: list-items
        - use: addItem # not enabled
        - use: oneItem
        - use: delete-items-id # not enabled
        - use: post-login # not enabled

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
    assert_eq!(plan.flows[0].requests().count(), 2, "only what changes nothing is sent");
    let [list, ..] = plan.requests.as_slice() else { panic!("there are some") };
    assert_eq!(list.request.url(), "https://eu.shop.example/v1/items?limit=20&tags=new");
}

#[test]
fn swagger_2_is_read_too() {
    let imported = import(
        "old.json",
        r##"{
        "swagger": "2.0", "host": "127.0.0.1:8080", "basePath": "/api", "schemes": ["http"],
        "securityDefinitions": { "key": { "type": "apiKey", "in": "query", "name": "api_key" },
                                 "log in": { "type": "basic" } },
        "security": [ { "key": [], "log in": [] } ],
        "consumes": [ "application/json" ],
        "paths": {
            "/pets": {
                "get": { "parameters": [ { "name": "status", "in": "query", "required": true, "type": "array",
                    "items": { "type": "string", "enum": ["sold"] }, "collectionFormat": "csv" } ] },
                "put": { "parameters": [ { "name": "body", "in": "body", "schema": { "$ref": "#/definitions/Pet" } } ] }
            },
            "/pets/{pet}/photo": {
                "post": { "consumes": ["multipart/form-data"], "parameters": [
                    { "name": "pet", "in": "path", "required": true, "type": "integer", "x-example": 5 },
                    { "name": "note", "in": "formData", "type": "string" },
                    { "name": "file", "in": "formData", "type": "file" } ] }
            }
        },
        "definitions": { "Pet": { "type": "object", "properties": { "name": { "type": "string" },
            "friends": { "type": "array", "items": { "$ref": "#/definitions/Pet" } } } } }
    }"##,
    );
    let (text, plan) = plan(&imported);
    assert_eq!(
        requests(&plan),
        [
            "GET /api/pets?status=sold&api_key=SET-BY-THE-USER",
            "-PUT /api/pets?api_key=SET-BY-THE-USER",
            "-POST /api/pets/5/photo?api_key=SET-BY-THE-USER",
        ]
    );
    assert_eq!(plan.requests[1].request.body, br#"{"name":"Example","friends":[]}"#);
    let photo = String::from_utf8_lossy(&plan.requests[2].request.body).into_owned();
    assert!(photo.contains("name=\"file\"; filename=\"file.bin\"\r\nContent-Type:"), "{photo}");
    assert!(photo.contains("name=\"note\"\r\n\r\nexample\r\n"), "{photo}");
    assert!(text.contains("Authorization: \"Basic ${secrets.LOG_IN_BASIC}\""), "{text}");
}

#[test]
fn what_makes_no_sense_is_told_with_its_place_and_the_rest_is_there() {
    let imported = import(
        "bad.yml",
        r##"
openapi: 3.1.0
paths:
  /a:
    get: { parameters: [ { name: q, in: nowhere }, { in: query }, { $ref: "#/no/where" } ] }
    trace: {}
    post: [ 1 ]
  /b/{x}: { get: { requestBody: 7, responses: { 200: {} } } }
  /c: { $ref: "#/paths/~1c" }
  /d: 5
  /e: { get: { parameters: [ { name: z, in: query, required: true, schema: { type: [ "null", integer ], exclusiveMinimum: 3 } } ] } }
"##,
    );
    let (_, plan) = plan(&imported);
    assert_eq!(requests(&plan), ["GET /a", "GET /b/example", "GET /e?z=4"]);
    assert_snapshot!(warnings(&imported).join("\n"), @r##"
    bad.yml#/paths/~1a/get/parameters/2: `$ref: #/no/where` leads nowhere, and is left out
    bad.yml#/paths/~1a/get/parameters/0: parameter `q` in `nowhere` is not known, left out
    bad.yml#/paths/~1a/get/parameters/1: a parameter without `name`, left out
    bad.yml#/paths/~1a/post: POST /a is no mapping, and left out
    bad.yml#/paths/~1a/trace: TRACE /a: the plan has no such method, left out
    bad.yml#/paths/~1b~1{x}/get: the path's `{x}` is described nowhere
    bad.yml#/paths/~1c: `$ref` goes in a circle, and is left out
    bad.yml#/paths/~1c: every operation of `/c` is left out
    bad.yml#/paths/~1d: `/d` is no mapping; its operations are left out
    "##);
}

#[test]
fn a_part_of_it_may_be_taken_and_sent_elsewhere() {
    let options = Options {
        target: Some(Target::parse("http://127.0.0.1:9/other").expect("a URL")),
        include: vec![Regex::new("^/other/items").expect("a pattern")],
        exclude: vec![Regex::new(r"\{.*id\}").expect("a pattern")],
        ..Options::default()
    };
    let (text, plan) = plan(&import_with("shop.yml", SHOP, &options));
    assert_eq!(plan.target.url(), "http://127.0.0.1:9/");
    assert_eq!(requests(&plan)[0], "GET /other/items?limit=20&tags=new");
    assert_eq!(plan.requests.len(), 2, "{text}");
    assert!(
        !text.contains("vars:") && text.contains("TOKEN"),
        "what is left needs no more: {text}"
    );
    let options = Options { tags: vec!["items".to_owned()], ..Options::default() };
    assert_eq!(import_with("shop.yml", SHOP, &options).operations.len(), 1);
}

#[test]
fn descriptions_that_are_none_are_refused_with_their_cure() {
    assert_eq!(
        refused("x.json", "{\"swagger\": \"1.2\"}"),
        "x.json: Swagger 1.2 is not read; convert it to OpenAPI 3"
    );
    assert_eq!(
        refused("x.yml", "openapi: 3.0.0\npaths: {}\n"),
        "x.yml: describes no request that could be sent"
    );
    let said = refused("x.yml", "openapi: 3.0.0\npaths: [\n");
    assert!(said.starts_with("x.yml:3:1: ") || said.starts_with("x.yml:2:8: "), "{said}");
    assert!(refused("x.txt", "only words").contains("--format"));
}

#[test]
fn a_description_may_consist_of_many_files() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(dir.path().join("paths")).expect("made");
    let root = "openapi: 3.0.0\npaths:\n  /a/{id}: { $ref: paths/a.yml }\n  /b:\n    \
                get: { $ref: 'paths/b.yml#/get' }\n    put: { $ref: 'paths/none.yml' }\n";
    let root = write(dir.path(), "root.yml", root);
    write(
        &dir.path().join("paths"),
        "a.yml",
        "get: { operationId: a, parameters: [ { $ref: '../shared.json#/id' } ] }\n",
    );
    write(&dir.path().join("paths"), "b.yml", "get: { operationId: b }\n");
    write(dir.path(), "shared.json", r#"{ "id": { "name": "id", "in": "path", "example": 7 } }"#);
    let imported = import_file(root.as_ref(), &Options::default()).expect("imported");
    let (text, plan) = plan(&imported);
    assert_eq!(requests(&plan), ["GET /a/7", "GET /b"]);
    assert!(text.contains("  a: {") && text.contains("  b: {"), "{text}");
    let said = warnings(&imported).join("\n");
    assert!(said.contains("paths/none.yml") && said.contains("PUT /b is left out"), "{said}");
}

#[test]
fn a_web_of_schemas_is_cut_and_a_plan_that_is_too_large_is_refused() {
    let mut text = String::from("{\"openapi\":\"3.0.0\",\"paths\":{");
    let count = 1_500;
    for index in 0..count {
        let comma = if index > 0 { "," } else { "" };
        write!(text, "{comma}\"/p{index}\":{{\"post\":{{\"requestBody\":{{\"content\":{{\"application/json\":{{\"schema\":{{\"$ref\":\"#/components/schemas/S{index}\"}}}}}}}}}}}}").expect("written");
    }
    text.push_str("},\"components\":{\"schemas\":{");
    for index in 0..count {
        let comma = if index > 0 { "," } else { "" };
        write!(text, "{comma}\"S{index}\":{{\"properties\":{{").expect("written");
        for field in 0..30 {
            let comma = if field > 0 { "," } else { "" };
            let other = (index * 7 + field * 13) % count;
            write!(text, "{comma}\"a{field}\":{{\"$ref\":\"#/components/schemas/S{other}\"}}")
                .expect("written");
        }
        text.push_str("}}");
    }
    text.push_str("}}}");
    let imported = import("wide.json", &text);
    assert_eq!(imported.operations.len(), count);
    let length = |operation: &shakedown::import::Operation| format!("{:?}", operation.body).len();
    let (first, last) = (length(&imported.operations[0]), length(&imported.operations[count - 1]));
    assert!(last * 5 < first, "{first} {last}");
    let plan = plan_text(&imported, "wide.json");
    let refused = shakedown::import::fits("wide.json", &plan).expect_err("too large").to_string();
    assert!(refused.contains("MiB") && refused.contains("--include"), "{refused}");
}

#[test]
fn bodies_in_xml_are_made_as_their_schema_says() {
    let imported = import(
        "xml.json",
        r##"{ "openapi": "3.0.0", "info": { "title": "X", "version": "1" },
            "servers": [ { "url": "http://127.0.0.1:8080" } ],
            "paths": { "/pets": { "post": { "requestBody": { "content": { "application/xml": {
                "schema": { "$ref": "#/components/schemas/Pet" } } } } } } },
            "components": { "schemas": { "Pet": { "type": "object", "xml": { "prefix": "p", "namespace": "urn:a&b" },
                "properties": {
                    "id": { "type": "integer", "xml": { "attribute": true } },
                    "code": { "type": "string", "pattern": "^[A-Z]{2}-\\d{4}$" },
                    "names": { "type": "array", "items": { "type": "string", "example": "<x>", "xml": { "name": "name" } }, "xml": { "wrapped": true } },
                    "tags": { "type": "array", "items": { "type": "string" } } } } } } }"##,
    );
    let (_, plan) = plan(&imported);
    let request = &plan.requests[0].request;
    assert_eq!(
        String::from_utf8_lossy(&request.body),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><p:Pet xmlns:p=\"urn:a&amp;b\" id=\"1\">\
         <code>AA-1111</code><names><name>&lt;x&gt;</name></names><tags>example</tags></p:Pet>"
    );
    let header = request.header("content-type").expect("it says what it is");
    assert_eq!(header.value, b"application/xml");
}
