//! What a browser recorded.

use insta::assert_snapshot;

use super::{import, plan, refused, requests, warnings};

const RECORDED: &str = r#"{ "log": { "version": "1.2", "pages": [ { "title": "Shop" } ], "entries": [
    { "startedDateTime": "2026-01-01T10:00:03.000Z", "time": 100, "request": { "method": "POST",
        "url": "https://api.shop.example/login?next=%2Fa+b", "headers": [
            { "name": ":authority", "value": "api.shop.example" },
            { "name": "Content-Type", "value": "application/json" },
            { "name": "Cookie", "value": "sid=topsecret1; theme=dark" },
            { "name": "Authorization", "value": "Bearer topsecret2" } ],
        "postData": { "mimeType": "application/json", "text": "{\"user\":\"me\",\"password\":\"topsecret3\",\"${x}\":[1,null]}" } } },
    { "startedDateTime": "2026-01-01T10:00:00.000Z", "time": 500, "request": { "method": "GET",
        "url": "https://www.shop.example/?q=1&flag#top", "headers": [ { "name": "Accept", "value": "text/html" } ] } },
    { "startedDateTime": "2026-01-01T10:00:04.000Z", "request": { "method": "GET", "url": "https://www.shop.example/me",
        "headers": [ { "name": "authorization", "value": "Bearer topsecret2" } ], "cookies": [ { "name": "sid", "value": "topsecret4" } ] } },
    { "startedDateTime": "2026-01-01T10:00:04.010Z", "request": { "method": "GET", "url": "https://www.shop.example/?q=1&flag",
        "headers": [ { "name": "Accept", "value": "text/html" } ] } },
    { "startedDateTime": "2026-01-01T10:00:05.000Z", "request": { "method": "GET", "url": "https://tracker.test/pixel", "headers": [] } },
    { "startedDateTime": "2026-01-01T10:00:05.000Z", "request": { "method": "GET", "url": "wss://www.shop.example/ws" } },
    { "startedDateTime": "2026-01-01T10:00:05.000Z", "request": { "method": "PROPFIND", "url": "https://www.shop.example/" } },
    { "startedDateTime": "2026-01-01T10:00:06.000Z" }
] } }"#;

#[test]
fn a_recording_becomes_a_flow_in_its_order_with_its_pauses_and_without_its_secrets() {
    let imported = import("rec.har", RECORDED);
    let (text, plan) = plan(&imported);
    assert!(!text.contains("topsecret"), "{text}");
    assert_snapshot!(text, @r###"
    # Imported from file (HAR 1.2: Shop).
    # 1 of 3 requests change something and are not sent: each has `enabled: false`.
    # Remove that line from the ones you want to be sent; the flow names them.
    # Secrets are not written here. Set before a run:
    # - COOKIE_SID: cookie sid
    # - COOKIE_THEME: cookie theme
    # - TOKEN: header Authorization: Bearer
    # - PASSWORD: `password`
    version: 1
    target: "${env.BASE_URL:-https://www.shop.example}"
    # authorised: { by: "YOUR NAME", hosts: [ www.shop.example, api.shop.example ] } # who allowed this test; or --authorised-by
    scope:
      origins: [ auto, "https://api.shop.example" ]

    secrets:
      COOKIE_SID: { env: COOKIE_SID }
      COOKIE_THEME: { env: COOKIE_THEME }
      TOKEN: { env: TOKEN }
      PASSWORD: { env: PASSWORD }

    requests:
      get: { get: "/?q=1&flag", headers: { Accept: text/html } }
      post-login:
        enabled: false # changes something; remove this line to have it sent
        post: "https://api.shop.example/login"
        query: { next: "/a b" }
        headers: { Cookie: "sid=${secrets.COOKIE_SID}; theme=${secrets.COOKIE_THEME}", Authorization: "Bearer ${secrets.TOKEN}" }
        json: { user: me, password: "${secrets.PASSWORD}", "${x}": [ 1, null ] }
      get-me:
        get: /me
        headers: { authorization: "Bearer ${secrets.TOKEN}", Cookie: "sid=${secrets.COOKIE_SID}" }

    flows:
      all:
        - use: get
        - think: 2500ms
        - use: post-login # not enabled
        - think: 900ms
        - use: get-me
        - use: get

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
    assert_eq!(
        requests(&plan),
        ["GET /?q=1&flag", "-POST /login?next=%2Fa+b", "GET /me"],
        "what is sent twice is written once"
    );
    assert_eq!(plan.requests[1].request.origin.host, "api.shop.example");
    assert_eq!(plan.flows[0].requests().collect::<Vec<_>>(), [0, 2, 0]);
}

#[test]
fn what_cannot_be_sent_is_told() {
    let imported = import("rec.har", RECORDED);
    assert_snapshot!(warnings(&imported).join("\n"), @r###"
    rec.har#/log/entries/5: `wss://www.shop.example/ws` is no HTTP URL; left out
    rec.har#/log/entries/6: PROPFIND: the plan has no such method; left out
    rec.har#/log/entries/7: has no `request`; left out
    hosts: requests to other hosts are left out: https://tracker.test (1)
    "###);
    let said = refused("x.har", "{\"log\":{\"creator\":{}}}");
    assert!(said.contains("no list `log.entries`"), "{said}");
}

#[test]
fn secrets_in_what_is_no_pair_do_not_get_into_the_plan() {
    let recorded = r#"{ "log": { "pages": [ { "title": "https://a.example/?token=topsecret" } ], "entries": [
        { "request": { "method": "GET", "url": "https://a.example/x?flag&access_token=topsecret", "headers": [
            { "name": "Referer", "value": "https://a.example/?token=topsecret&a=1" } ] } },
        { "request": { "method": "POST", "url": "https://a.example/y", "headers": [], "postData": {
            "mimeType": "application/json", "text": "{\"n\": 12345678901234567890, \"password\": \"topsecret\"}" } } },
        { "request": { "method": "POST", "url": "https://a.example/z", "headers": [], "postData": {
            "mimeType": "text/xml", "text": "<a><password>topsecret</password></a>" } } } ] } }"#;
    let imported = import("rec.har", recorded);
    let (text, plan) = plan(&imported);
    assert!(!text.contains("topsecret"), "{text}");
    assert_eq!(requests(&plan)[0], "GET /x?flag&access_token=SET-BY-THE-USER", "{text}");
}

#[test]
fn forms_with_files_and_graphql_are_what_they_are() {
    let entry = |data: &str| {
        format!(
            r#"{{ "request": {{ "method": "POST", "url": "http://127.0.0.1:1/x", "headers": [ {{ "name": "Content-Type", "value": "from the recording" }} ], "postData": {data} }} }}"#
        )
    };
    let text = format!(
        r#"{{ "log": {{ "version": "1.2", "entries": [ {}, {}, {} ] }} }}"#,
        entry(
            r#"{ "mimeType": "multipart/form-data; boundary=B", "params": [ { "name": "note", "value": "a b" }, { "name": "pic", "fileName": "p.png", "contentType": "image/png" } ] }"#
        ),
        entry(
            r#"{ "mimeType": "multipart/form-data; boundary=B", "text": "--B\r\nContent-Disposition: form-data; name=\"num\"\r\n\r\n7\r\n--B--\r\n" }"#
        ),
        entry(
            r#"{ "mimeType": "application/json", "text": "{\"query\":\"{ a }\",\"variables\":{}}" }"#
        ),
    );
    let (text, plan) = plan(&import("x.har", &text));
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "multipart: { note: \"a b\", pic: { value: content, filename: p.png, type: image/png } }",
        "multipart: { num: \"7\" }",
        "graphql: { query: \"{ a }\", variables: {} }",
    ] {
        assert!(flat.contains(part), "{part}\n{text}");
    }
    assert!(!flat.contains("from the recording"), "{text}");
    assert_eq!(plan.requests.len(), 3);
}
