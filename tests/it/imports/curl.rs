//! curl command lines.

use insta::assert_snapshot;

use super::{import, import_with, plan, refused, requests, warnings};
use shakedown::import::Options;

/// The one request of a command, as it stands on the wire.
fn wire(command: &str) -> String {
    let options = Options { unsafe_too: true, ..Options::default() };
    let imported = import_with("x.sh", command, &options);
    let (_, plan) = plan(&imported);
    let wire = plan.requests[0].request.to_wire();
    String::from_utf8_lossy(&wire).replace("\r\n", "\n")
}

#[test]
fn what_curl_sends_is_what_the_plan_sends() {
    assert_snapshot!(wire("curl -sSL 'http://127.0.0.1:1/a?x=1#top' -H 'Accept: a/b' -A me"), @r###"
    GET /a?x=1 HTTP/1.1
    Host: 127.0.0.1:1
    Accept: a/b
    User-Agent: me
    "###);
    assert_snapshot!(wire("curl http://127.0.0.1:1/ -d a=1 -d 'b=2 3'"), @r###"
    POST / HTTP/1.1
    Host: 127.0.0.1:1
    Content-Type: application/x-www-form-urlencoded

    a=1&b=2 3
    "###);
    assert_snapshot!(wire("curl http://127.0.0.1:1/ --data-urlencode 'q=a b&c' --data-urlencode '=x y'"), @r###"
    POST / HTTP/1.1
    Host: 127.0.0.1:1
    Content-Type: application/x-www-form-urlencoded

    q=a+b%26c&x+y
    "###);
    assert_snapshot!(wire("curl -G http://127.0.0.1:1/s -d a=1 --data-urlencode 'b=x y'"), @r###"
    GET /s?a=1&b=x+y HTTP/1.1
    Host: 127.0.0.1:1
    "###);
    assert_snapshot!(wire("curl http://127.0.0.1:1/ --json '{\"a\": [1, \"x\"]}'"), @r###"
    POST / HTTP/1.1
    Host: 127.0.0.1:1
    Accept: application/json
    Content-Type: application/json

    {"a":[1,"x"]}
    "###);
    assert_snapshot!(wire("curl -XPATCH http://127.0.0.1:1/ -H'Content-Type: text/xml' --data-raw '@<a/>'"), @r###"
    PATCH / HTTP/1.1
    Host: 127.0.0.1:1
    Content-Type: text/xml

    @<a/>
    "###);
    assert_snapshot!(wire("curl -I http://127.0.0.1:1/ -r 0-99 -e http://127.0.0.1/"), @r###"
    HEAD / HTTP/1.1
    Host: 127.0.0.1:1
    Range: bytes=0-99
    Referer: http://127.0.0.1/
    "###);
    assert_snapshot!(wire("curl 'http://127.0.0.1:1/' --data-binary $'{\\'a\\':\\n1}'"), @r###"
    POST / HTTP/1.1
    Host: 127.0.0.1:1
    Content-Type: application/x-www-form-urlencoded

    {'a':
    1}
    "###);
}

#[test]
fn credentials_and_variables_of_the_shell_become_variables_of_the_environment() {
    let imported = import(
        "x.sh",
        "API=1 curl -u me:topsecret https://api.example/a -b 'sid=topsecret; b=c' -k\n\
         curl -H \"Authorization: Bearer $TOKEN\" \"https://api.example/items/${ITEM}?q=$Q\"\n\
         curl https://me:topsecret@api.example/b --oauth2-bearer topsecret2\n\
         curl https://api.example/login -d user=me -d password=topsecret\n",
    );
    let (text, plan) = plan(&imported);
    assert!(!text.contains("topsecret") && !text.contains("bWU6dG9wc2VjcmV0"), "{text}");
    assert_snapshot!(text, @r###"
    # Imported from file (curl).
    # 1 of 4 requests change something and are not sent: each has `enabled: false`.
    # Remove that line from the ones you want to be sent; the flow names them.
    # Secrets are not written here. Set before a run:
    # - CREDENTIALS: header Authorization: Basic
    # - COOKIE_SID: cookie sid
    # - COOKIE_B: cookie b
    # - TOKEN: header Authorization: Bearer
    # - PASSWORD: `password`
    version: 1
    target: "${env.BASE_URL:-https://api.example}"
    # authorised: { by: "YOUR NAME", hosts: [ api.example ] } # who allowed this test; or --authorised-by
    insecure: true

    secrets:
      CREDENTIALS: { env: CREDENTIALS }
      COOKIE_SID: { env: COOKIE_SID }
      TOKEN: { env: TOKEN }
      PASSWORD: { env: PASSWORD }

    requests:
      get-a:
        get: /a
        headers: { Authorization: "Basic ${secrets.CREDENTIALS}", Cookie: "sid=${secrets.COOKIE_SID}; b=${env.COOKIE_B}" }
      get-items-ITEM: { get: "/items/${env.ITEM}?q=${env.Q}", headers: { Authorization: "Bearer ${env.TOKEN}" } }
      get-b: { get: /b, headers: { Authorization: "Bearer ${secrets.TOKEN}" } }
      post-login:
        enabled: false # changes something; remove this line to have it sent
        post: /login
        form: { user: me, password: "${secrets.PASSWORD}" }

    flows:
      all:
        - use: get-a
        - use: get-items-ITEM
        - use: get-b
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
    assert!(requests(&plan).contains(&"GET /items/SET-BY-THE-USER?q=SET-BY-THE-USER".to_owned()));
}

#[test]
fn what_is_not_understood_is_told_with_its_line() {
    let imported = import(
        "x.sh",
        "# a script\nset -e\ncurl http://127.0.0.1:1/ \\\n  --frobnicate -E cert.pem -b jar.txt\n\
         curl | jq .\ncurl $HOST/x\ncurl ftp://127.0.0.1/\ncurl -X PURGE http://127.0.0.1:1/\n\
         curl http://127.0.0.1:1/2 -o out > log 2>&1\n",
    );
    let (_, plan) = plan(&imported);
    assert_eq!(requests(&plan), ["GET /", "GET /2"]);
    assert_snapshot!(warnings(&imported).join("\n"), @r###"
    x.sh:2: `set` is no curl command, left out
    x.sh:3: option `--frobnicate` is not known, left out
    x.sh:3: `-E` is left out; say it in the plan's `connection`
    x.sh:3: cookies of the file `jar.txt` are not read
    x.sh:5: a curl command without a URL, left out
    x.sh:5: `jq` is no curl command, left out
    x.sh:6: where `{HOST}/x` leads is not known before it is sent; left out
    x.sh:7: `ftp://127.0.0.1/` is no HTTP URL; left out
    x.sh:8: PURGE: the plan has no such method; left out
    "###);
    assert!(refused("x.sh", "curl 'http://127.0.0.1").contains("x.sh:1:1: `'` is not closed"));
    assert!(refused("x.sh", "curl ^\n http://a/").contains("copy it as cURL (bash)"));
    assert!(refused("x.sh", "curl --version").contains("no request"));
}

#[test]
fn what_a_plan_says_once_for_all_is_taken_from_the_options() {
    let imported = import(
        "x.sh",
        "curl http://127.0.0.1:1/a -m 2.5 --connect-timeout 1 --http2 -4 -x 127.0.0.1:3128 -L --max-redirs 3\n",
    );
    let (text, plan) = plan(&imported);
    assert_eq!(plan.connection.timeout.as_millis(), 2500, "{text}");
    assert_eq!(plan.connection.connect_timeout.map(|it| it.as_millis()), Some(1000));
    assert!(plan.connection.route.proxy.is_some(), "{text}");
    assert_eq!(plan.requests[0].redirects, 3);
}

#[test]
fn what_only_curl_can_read_is_told() {
    let imported = import(
        "x.sh",
        "curl http://127.0.0.1:1/a -d @-\ncurl -T - http://127.0.0.1:1/b -x socks4://127.0.0.1:1\n",
    );
    let (_, plan) = plan(&imported);
    assert_eq!(requests(&plan), ["-POST /a", "-PUT /b"]);
    let said = warnings(&imported);
    let is_told = |line: &str, what: &str| {
        said.iter().any(|warning| warning.starts_with(line) && warning.contains(what))
    };
    assert!(
        is_told("x.sh:1:", "standard input") && is_told("x.sh:2:", "standard input"),
        "{said:?}"
    );
    assert!(is_told("x.sh:2:", "`-x` is left out"), "{said:?}");
}

#[test]
fn forms_with_files_are_parts_that_people_can_change() {
    let options = Options { unsafe_too: true, ..Options::default() };
    let of = |command: &str| {
        let imported = import_with("x.sh", command, &options);
        (shakedown::import::plan_text(&imported, "file"), warnings(&imported))
    };
    let (text, warned) = of(
        "curl http://127.0.0.1:1/ -F 'a=1;type=text/plain' -F 'f=@pic.png;type=image/png' -F b=2 -F b=3",
    );
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "a: { value: \"1\", type: text/plain }",
        "f: { file: pic.png, type: image/png }",
        "b: [ \"2\", \"3\" ]",
    ] {
        assert!(flat.contains(part), "{part}\n{text}");
    }
    assert!(warned.is_empty(), "{warned:?}");
    // As a browser copies it.
    let (text, _) = of(
        "curl 'http://127.0.0.1:1/up' -H 'Content-Type: multipart/form-data; boundary=----X' --data-raw $'------X\\r\\nContent-Disposition: form-data; name=\"num\"\\r\\n\\r\\n7\\r\\n------X--\\r\\n'",
    );
    assert!(text.contains("multipart: { num: \"7\" }") && !text.contains("boundary"), "{text}");
    let (text, _) = of(
        r#"curl http://127.0.0.1:1/graphql --json '{"query":"query A($n: Int) { a(n: $n) }","variables":{"n":2},"operationName":"A"}'"#,
    );
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("graphql: { query: \"query A($n: Int) { a(n: $n) }\", operationName: A, variables: { \"n\": 2 } }"), "{text}");
    let (text, _) = of(r#"curl http://127.0.0.1:1/find --json '{"query":"{ lamp"}'"#);
    assert!(text.contains("json: { query:"), "what is no document stays JSON\n{text}");
}
