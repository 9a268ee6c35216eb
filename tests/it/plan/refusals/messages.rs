//! Sessions and streams.

use super::BASE;
use super::said;

#[test]
fn sessions_and_streams_that_make_no_sense() {
    let messages = "requests:
  a: { ws: /, json: { a: 1 }, messages: [ { sned: x } ] }
  b: { sse: /, messages: [ { send: x } ], events: 0 }
  c: { get: /, for: 1s }
  d:
    ws: /
    messages:
      - { send: x, expect: any }
      - { send: { binary: '?' } }
      - { expect: { regex: '(' } }
      - { close: 1006 }
      - { repeat: 3 }
      - { repeat: 2, do: [ { repeat: 2, do: [ { send: x } ] } ] }
";
    let said = said(BASE, messages);
    for expected in [
        "`json` has no meaning for `ws`",
        "unknown key `sned` in a step of a session, did you mean `send`?",
        "`messages` has no meaning for `sse`",
        "a number of events from 1 on",
        "`for` has no meaning for `get`",
        "a step is one thing: `send` or `expect`",
        "not base64: ",
        "`(` is not a regular expression",
        "a close code",
        "`repeat` needs the steps that it repeats",
        "`repeat` stands in no other `repeat`",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
}

#[test]
fn values_of_messages_that_are_not_there_when_they_are_needed() {
    let rest = "requests:
  a:
    ws: /
    messages:
      - send: \"use ${early}\"
      - { expect: any, extract: { early: { jsonpath: $.a }, known: { jsonpath: $.b } } }
      - { send: { json: { early: \"${early}\", knwon: \"${knwon}\" } } }
      - { send: x, extract: { y: { jsonpath: $.y } } }
      - { expect: any, extract: { y: { header: X } } }
      - { expect: { equals: \"${known}\" } }
  b: { ws: / }
flows:
  f: [ { use: a } ]
  g: [ { use: b, extract: { y: { jsonpath: $.y } } } ]
";
    let said = said(BASE, rest);
    for expected in [
        "only an `expect` step has a message to extract from",
        "a message has no headers to extract from",
        "`${known}` is only known while the load runs",
        "a session or stream has no response to extract from",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    let uses = "requests:
  a:
    ws: /
    messages:
      - send: \"use ${early}\"
      - { expect: any, extract: { early: { jsonpath: $.a }, known: { jsonpath: $.b } } }
      - { send: { json: { early: \"${early}\", knwon: \"${knwon}\" } } }
  b: { get: \"/${known}/${knonw}\" }
flows:
  f: [ { use: a }, { use: b } ]
";
    let said = self::said(BASE, uses);
    for expected in [
        "`${early}`: nothing in flow `f` extracts `early` before `a` is sent",
        "`${knwon}`: nothing in flow `f` extracts `knwon` before `a` is sent",
        "`${knonw}`: nothing in flow `f` extracts `knonw` before `b` is sent, did you mean `known`?",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{said}");
    }
    assert_eq!(said.matches("extracts `early`").count(), 1, "{said}");
    assert!(!said.contains("extracts `known`"), "{said}");
}

#[test]
fn a_session_needs_a_connection_alone() {
    let rest = "connection: { http: 2 }\nrequests: { a: { ws: / } }\n";
    let said = said(BASE, rest);
    assert!(said.contains("(RFC 8441) is not supported"), "{said}");
}
