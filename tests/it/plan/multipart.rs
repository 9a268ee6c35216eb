//! Multipart and GraphQL bodies: what stands on the wire, and what is said about mistakes.

use super::resolve;

fn plan(keys: &str) -> String {
    format!(
        "version: 1\ntarget: http://127.0.0.1:8080\nrequests:\n  a: {{ {keys} }}\n\
         flows: {{ f: [ {{ use: a }} ] }}\n\
         scenarios: {{ s: {{ executor: constant-vus, exec: f, vus: 1, duration: 1s }} }}\n"
    )
}

/// `Content-Type` and body of the only request.
fn sent(keys: &str) -> (String, String) {
    let plan = resolve(&plan(keys)).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
    let request = &plan.requests[0].request;
    let content_type = request.header("content-type").expect("a body has one");
    let content_type = String::from_utf8_lossy(&content_type.value).into_owned();
    (content_type, String::from_utf8_lossy(&request.body).into_owned())
}

#[test]
fn parts_are_what_browsers_send() {
    let keys = "post: /, multipart: { title: 'a: b', 'x\"[]': [ 1, 2 ], \
                notes: { value: hello, type: text/plain, filename: n.txt } }";
    let (content_type, body) = sent(keys);
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
    let expected = [
        "--B",
        "Content-Disposition: form-data; name=\"title\"",
        "",
        "a: b",
        "--B",
        "Content-Disposition: form-data; name=\"x%22[]\"",
        "",
        "1",
        "--B",
        "Content-Disposition: form-data; name=\"x%22[]\"",
        "",
        "2",
        "--B",
        "Content-Disposition: form-data; name=\"notes\"; filename=\"n.txt\"",
        "Content-Type: text/plain",
        "",
        "hello",
        "--B--",
        "",
    ];
    assert_eq!(body, expected.join("\r\n").replace("--B", &format!("--{boundary}")));
    assert_eq!(sent(keys).0, content_type, "it follows from the seed");
    let with_it = keys.replace("hello", boundary);
    assert_ne!(sent(&with_it).0, content_type, "no part may contain it");
}

#[test]
fn files_are_sent_under_their_names() {
    let keys = "post: /, multipart: { doc: { file: Cargo.toml }, raw: { file: Cargo.lock, filename: 'a.PNG', type: image/png } }";
    let (_, body) = sent(keys);
    let head = "name=\"doc\"; filename=\"Cargo.toml\"\r\nContent-Type: application/octet-stream\r\n\r\n[package]";
    assert!(body.contains(head), "{}", &body[..300]);
    assert!(body.contains("name=\"raw\"; filename=\"a.PNG\"\r\nContent-Type: image/png\r\n\r\n"));
}

#[test]
fn operations_are_json_and_their_errors_are_counted() {
    let (content_type, body) = sent("post: /graphql, graphql: '{ a(x: \"1\") { id } }'");
    assert_eq!(content_type, "application/json");
    assert_eq!(body, r#"{"query":"{ a(x: \"1\") { id } }"}"#);
    let keys = "post: /graphql, graphql: { query: 'query Q { a }', operationName: Q, variables: { n: 1, s: '1', l: [ true ] } }";
    let whole =
        r#"{"query":"query Q { a }","operationName":"Q","variables":{"n":1,"s":"1","l":[true]}}"#;
    assert_eq!(sent(keys).1, whole);
    let fails = |keys: &str| {
        let plan = resolve(&plan(keys)).unwrap_or_else(|errors| panic!("{}", errors.render(false)));
        plan.scripts[0].fails_on_errors
    };
    assert!(fails(keys));
    assert!(!fails(&keys.replace("operationName: Q", "errors: ignore")));
}

#[test]
fn bodies_that_make_no_sense_are_refused() {
    let cases = [
        ("post: /, multipart: {}", "one part at least", "{}"),
        (
            "post: /, multipart: { x: { typo: 1, value: a } }",
            "unknown key `typo` in a part",
            "typo",
        ),
        ("post: /, multipart: { x: { fil: a } }", "did you mean `file`?", "fil"),
        ("post: /, multipart: { x: { file: nowhere.png } }", "nowhere.png", "nowhere.png"),
        ("post: /, multipart: { x: { value: a, type: png } }", "`png` is not a media type", "png"),
        (
            "post: /, multipart: { x: 1 }, headers: { content-type: a/b }",
            "says its `Content-Type` itself",
            "multipart",
        ),
        ("post: /, multipart: { x: 1 }, json: {}", "a request has one body", "multipart"),
        ("get: /, graphql: '{ a }'", "is sent with `post`", "graphql"),
        ("post: /, graphql: { variables: {} }", "has a `query` or a `file`", "{ variables"),
        ("post: /, graphql: { query: a, variables: [ 1 ] }", "variables: a mapping", "[ 1 ]"),
        (
            "post: /, graphql: { query: a, operationname: b }",
            "did you mean `operationName`?",
            "operationname",
        ),
        ("post: /, graphql: { query: a, errors: fals }", "unknown answer to errors `fals`", "fals"),
        ("ws: /, multipart: { a: 1 }", "`multipart` has no meaning for `ws`", "multipart"),
    ];
    for (keys, message, word) in cases {
        let text = plan(keys);
        let said = resolve(&text).expect_err("it is refused").render(false);
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
        assert!(flat.contains(message), "{keys}\n{said}");
        let line = text.lines().nth(3).expect("four lines");
        let column = line.find(word).expect("the word stands there") + 1;
        assert!(said.contains(&format!("[plan.yml:4:{column}]")), "{word}: {column}\n{said}");
    }
}
