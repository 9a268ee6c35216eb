//! What sessions, streams and calls say and wait for.

use serde_json::Value as Json;
use serde_json::json;

use super::shape::{
    Object, any_of, anything, duration, example, list, mapping, named, object, of, scalar, text,
    whole,
};

pub(super) fn objects() -> Vec<Object> {
    let event =
        object!("last-event", messages::UNTIL, "An event that ends a stream; empty is any.");
    let message =
        object!("last-message", messages::LAST, "A message that ends a call; empty is any.");
    vec![
        session_step(),
        payload(),
        expectation(object!(
            "expected-message",
            messages::EXPECT,
            "A message that is waited for; empty is any."
        ))
        .key("within", duration(), "Longest wait for it."),
        expectation(event),
        expectation(message),
        call_step(),
    ]
}

fn session_step() -> Object {
    object!("session-step", messages::STEP, "A step of a WebSocket session.")
        .key(
            "send",
            any_of(&[scalar(), of("payload")]),
            "A text to send, or `{ json: … }` or `{ binary: … }`.",
        )
        .key("expect", expected(), "The message to wait for; `any` is the next one.")
        .key("extract", named(&of("extraction")), "Values out of the expected message, by name.")
        .key("think", duration(), "A pause.")
        .key("repeat", whole(1, 1_000_000_000), "How often `do` is done.")
        .key("do", list(&of("session-step")), "The steps that are repeated.")
        .key("close", whole(1000, 4999), "Ends the session with this code; 1000 is the normal one.")
        .one_of(&["send", "expect", "think", "repeat", "close"])
}

fn call_step() -> Object {
    object!("call-step", calls::STEP, "A step of a stream of gRPC messages.")
        .key("send", mapping(), "A message to send, as JSON.")
        .key("expect", expected(), "The message to wait for; `any` is the next one.")
        .key("think", duration(), "A pause.")
        .key("repeat", whole(1, 1_000_000_000), "How often `do` is done.")
        .key("do", list(&of("call-step")), "The steps that are repeated.")
        .one_of(&["send", "expect", "think", "repeat"])
}

fn payload() -> Object {
    object!("payload", messages::PAYLOAD, "A message that is no text as it is.")
        .key("json", anything(), "JSON, written as YAML.")
        .key("binary", text(), "Bytes in base64.")
        .one_of(&["json", "binary"])
}

fn expected() -> Json {
    any_of(&[json!({ "const": "any" }), of("expected-message")])
}

fn expectation(of: Object) -> Object {
    of.key("equals", scalar(), "The whole message.")
        .key("contains", scalar(), "A part of it.")
        .key("regex", text(), "A regular expression that matches it.")
        .key("jsonpath", example(text(), &["$.done"]), "A JSONPath that finds something in it.")
}
