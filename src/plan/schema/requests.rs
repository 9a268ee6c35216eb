//! Requests, their bodies, what is checked of responses and taken out of them.

use serde_json::Value as Json;
use serde_json::json;

use super::shape::{
    Object, any_of, anything, boolean, duration, example, fields, list, mapping, named, object, of,
    one_or_many, pattern, scalar, size, text, version, whole, word,
};

/// The keys of which a request has one.
const OPENERS: [&str; 10] =
    ["get", "post", "put", "patch", "delete", "head", "options", "ws", "sse", "grpc"];

pub(super) fn objects() -> Vec<Object> {
    vec![
        request(),
        body(),
        check(),
        header_check(),
        css_check(),
        extraction(),
        form_extraction(),
        part(),
        graphql(),
    ]
}

fn path() -> Json {
    let examples = ["/search", "/items/${id}"];
    example(pattern(r"^(/|[A-Za-z][A-Za-z0-9+.-]*://)"), &examples)
}

/// What a request begins with.
fn opened(request: Object) -> Object {
    request
        .key("get", path(), "GET: a path of the target, or a URL in scope.")
        .key("post", path(), "POST: a path of the target, or a URL in scope.")
        .key("put", path(), "PUT: a path of the target, or a URL in scope.")
        .key("patch", path(), "PATCH: a path of the target, or a URL in scope.")
        .key("delete", path(), "DELETE: a path of the target, or a URL in scope.")
        .key("head", path(), "HEAD: a path of the target, or a URL in scope.")
        .key("options", path(), "OPTIONS: a path of the target, or a URL in scope.")
        .key("ws", path(), "A WebSocket session; what it says stands in `messages`.")
        .key(
            "sse",
            path(),
            "A stream of server-sent events, read as long as `events`, `for` or `until` say.",
        )
        .key(
            "grpc",
            example(text(), &["shop.Catalogue/Get"]),
            "A gRPC call: package.Service/Method, or a URL that ends so.",
        )
}

fn request() -> Object {
    opened(object!("request", requests::REQUEST, "A request, described once for load and scan."))
        .key("target", text(), "The name of one of the plan's `targets`; without it, `default`.")
        .key("headers", fields(), "Header fields.")
        .key("query", fields(), "Names and values behind `?`, encoded.")
        .key(
            "json",
            anything(),
            "A body in JSON, written as YAML. A substitution without quotes keeps its type.",
        )
        .key("form", fields(), "A body as HTML forms send it, encoded.")
        .key(
            "multipart",
            parts(),
            "A body of fields and files, as HTML forms with files send it.",
        )
        .key(
            "graphql",
            any_of(&[text(), of("graphql")]),
            "A GraphQL document, or an operation with variables, sent as JSON.",
        )
        .key(
            "form_from",
            text(),
            "A form that was found on a page: its fields are sent as it asks for, and those of `form` or `multipart` instead of its own.",
        )
        .key(
            "body",
            any_of(&[scalar(), of("body")]),
            "A body as it is, or one that is read or made.",
        )
        .key("file", text(), "A file that is the body, relative to the plan.")
        .key(
            "checks",
            list(&of("check")),
            "What is counted of the response. A status that is not expected is a failure.",
        )
        .key(
            "extract",
            named(&of("extraction")),
            "Values for later requests, by name: written `${name}` there.",
        )
        .key(
            "as",
            text(),
            "As whom it is sent: an identity, or an auth whose identities take turns.",
        )
        .key_or("redirects", whole(0, 100), 0, "Redirects that are followed.")
        .key("subprotocols", list(&text()), "Subprotocols that a WebSocket session offers.")
        .key(
            "messages",
            list(&any_of(&[of("session-step"), of("call-step")])),
            "What a session or a stream of requests says and waits for.",
        )
        .key(
            "maxDuration",
            duration(),
            "The end of a WebSocket session, if it has not ended before.",
        )
        .key("events", whole(1, None), "Events after which a stream is closed.")
        .key("for", duration(), "How long a stream is read.")
        .key("until", of("last-event"), "The message that ends a stream.")
        .key("within", duration(), "Longest wait for the next message of a stream.")
        .key(
            "proto",
            one_or_many(&text()),
            "Files that describe the gRPC service, relative to the plan.",
        )
        .key("import_paths", one_or_many(&text()), "Where these files find those that they import.")
        .key("message", mapping(), "The message of a gRPC call, as JSON.")
        .key("metadata", fields(), "Metadata of a gRPC call.")
        .key("timeout", duration(), "Longest wait for the whole response in load, of a session for its beginning; the deadline of a gRPC call.")
        .key("count", whole(1, None), "Messages after which a gRPC stream is ended.")
        .key_or("maxReceiveSize", size(), "4MiB", "Longest message of a gRPC call that is taken.")
        .key(
            "http",
            version(),
            "Version of HTTP that load speaks for it; without it, that of `connection`.",
        )
        .key_or("enabled", boolean(), true, "`false` keeps it from being sent at all.")
        .key(
            "examples",
            fields(),
            "Values for `${name}` that a scan takes where no flow extracts one.",
        )
        .key("tags", tags(), "Names of your own, by which thresholds select.")
        .one_of(&OPENERS)
}

fn tags() -> Json {
    serde_json::json!({ "type": "object", "additionalProperties": super::shape::scalar(), "maxProperties": 16 })
}

fn body() -> Object {
    object!("body", bodies::BODY, "A body that is read from a file or made.")
        .key("file", text(), "A file, relative to the plan.")
        .key("random", size(), "So many random bytes, the same ones in every sending.")
        .key("repeat", text(), "A text that is repeated up to `size`.")
        .key("size", size(), "Length of what `repeat` makes.")
        .one_of(&["file", "random", "repeat"])
}

fn check() -> Object {
    let status = any_of(&[whole(100, 599), whole(0, 16), pattern("^[A-Z_]+$|^[0-9]{1,3}$")]);
    let examples = ["<500ms"];
    object!("check", checks::CHECK, "Something that is counted of a response.")
        .key(
            "status",
            one_or_many(&status),
            "Statuses, one or a list: `200`, `[200, 201]`; of gRPC `OK`, `NOT_FOUND`.",
        )
        .key(
            "jsonpath",
            example(text(), &["$.id"]),
            "A JSONPath that must find something, unless `exists` or `equals` say more.",
        )
        .key_or("exists", boolean(), true, "Whether the JSONPath finds anything.")
        .key("equals", anything(), "What the JSONPath finds.")
        .key("regex", text(), "A regular expression that matches the body.")
        .key("contains", scalar(), "A text that the body contains.")
        .key(
            "header",
            any_of(&[text(), of("header-check")]),
            "A header that is there, or what holds of it.",
        )
        .key(
            "css",
            any_of(&[text(), of("css-check")]),
            "A CSS selector that selects something in an HTML body, or what holds of that.",
        )
        .key(
            "schema",
            any_of(&[text(), mapping()]),
            "A JSON Schema that describes the body: a file relative to the plan, or the schema itself.",
        )
        .key("duration", example(pattern("^\\s*[<>]"), &examples), "A bound of the response time.")
        .key(
            "body_size",
            example(pattern("^\\s*[<>]"), &["<10kb"]),
            "A bound of the body's length.",
        )
        .key(
            "name",
            pattern("^[^,{}]{1,120}$"),
            "What it is called in the report and in thresholds.",
        )
        .one_of(&[
            "status",
            "jsonpath",
            "regex",
            "contains",
            "header",
            "css",
            "schema",
            "duration",
            "body_size",
        ])
}

fn header_check() -> Object {
    object!("header-check", checks::HEADER, "What holds of a response header.")
        .key("name", text(), "The header.")
        .key_or("exists", boolean(), true, "Whether it is there.")
        .key("equals", scalar(), "Its whole value.")
        .key("contains", scalar(), "A part of its value.")
        .key("regex", text(), "A regular expression that matches its value.")
        .required(&["name"])
        .rule("maxProperties", json!(2))
}

/// Names of fields may be anything.
fn parts() -> Json {
    let part = one_or_many(&any_of(&[scalar(), of("part")]));
    json!({ "type": "object", "minProperties": 1, "additionalProperties": part })
}

fn part() -> Object {
    object!("part", multipart::PART, "A part of a multipart body.")
        .key("value", scalar(), "A text.")
        .key("file", text(), "A file that is sent, relative to the plan.")
        .key("filename", text(), "What the file is called there; without it, its own name.")
        .key(
            "type",
            example(text(), &["image/png"]),
            "Its media type; without it, what the name of the file says.",
        )
        .one_of(&["value", "file"])
}

fn graphql() -> Object {
    object!("graphql", graphql::GRAPHQL, "A GraphQL operation.")
        .key("query", example(text(), &["{ products { id } }"]), "The document.")
        .key("file", text(), "A file that is the document, relative to the plan.")
        .key("variables", mapping(), "Its variables, by name.")
        .key("operationName", text(), "Which operation of the document is carried out.")
        .key_or(
            "errors",
            word(&["fail", "ignore"]),
            "fail",
            "Whether `errors` in the answer make it a failed request.",
        )
        .one_of(&["query", "file"])
}

fn css_check() -> Object {
    object!("css-check", css::CHECK, "What holds of elements that a selector selects.")
        .key("selector", example(text(), &["table.items tr"]), "Which elements.")
        .key("attr", text(), "An attribute of theirs instead of their text.")
        .key_or("exists", boolean(), true, "Whether there is any.")
        .key("count", example(pattern("^\\s*[<>]"), &[">=1"]), "A bound of how many there are.")
        .key("equals", scalar(), "What one of them says, without white space around it.")
        .key("contains", scalar(), "What one of them contains.")
        .key("regex", text(), "A regular expression that matches one of them.")
        .required(&["selector"])
        .rule("maxProperties", json!(3))
}

fn form_extraction() -> Object {
    object!("form-extraction", css::FORM, "A form of an HTML page, and what of it is taken.")
        .key(
            "selector",
            example(text(), &["form#checkout"]),
            "Which form; without it, the first that has what is taken.",
        )
        .key("field", text(), "The value of the field of that name.")
        .key_or("token", boolean(), false, "The value of its hidden field against forged requests.")
}

fn extraction() -> Object {
    object!("extraction", extractions::EXTRACTION, "A value out of a response.")
        .key("jsonpath", example(text(), &["$.items[0].id"]), "Where in a JSON body.")
        .key(
            "regex",
            example(text(), &["id=(\\d+)"]),
            "A regular expression on the body; its first group.",
        )
        .key("group", whole(0, None), "Which group of the regular expression; 0 is all of it.")
        .key("header", example(text(), &["Location"]), "A response header.")
        .key(
            "cookie",
            example(text(), &["session"]),
            "A cookie that the response sets, or that was set before.",
        )
        .key("css", example(text(), &["a.next"]), "A CSS selector on an HTML body.")
        .key("attr", example(text(), &["href"]), "An attribute of the element instead of its text.")
        .key(
            "index",
            any_of(&[whole(0, None), word(&["last", "random"])]),
            "Which of several that are found; the first is 0.",
        )
        .key_or("all", boolean(), false, "All that are found, as a JSON array.")
        .key_or("count", boolean(), false, "How many are found.")
        .key(
            "form",
            any_of(&[text(), of("form-extraction")]),
            "A form of an HTML page by selector, as a browser would send it; for `form_from`.",
        )
        .key(
            "default",
            scalar(),
            "What it is where nothing is found; without it, the iteration ends.",
        )
        .one_of(&["jsonpath", "regex", "header", "cookie", "css", "form"])
}
