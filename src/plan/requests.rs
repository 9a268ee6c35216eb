//! Named requests, compiled to what stands on the wire.

use serde_json::Value as Json;
use url::form_urlencoded;

use super::document::{Entry, Node, Place, Value};
use super::error::Problem;
use super::reader::{Fields, Keys, Reader};
use crate::model::Header;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::Scope;
use crate::model::Target;
use crate::model::inert;

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

const REQUEST: Keys = Keys {
    of: "a request",
    known: &[
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "headers",
        "query",
        "json",
        "form",
        "body",
        "checks",
        "redirects",
    ],
    later: &[
        "multipart",
        "graphql",
        "file",
        "timeout",
        "http",
        "tags",
        "as",
        "enabled",
        "extract",
        "examples",
    ],
};

const CHECK: Keys = Keys {
    of: "a check",
    known: &["status"],
    later: &["jsonpath", "css", "regex", "header", "body", "contains", "duration", "exists"],
};

/// How many redirects are followed: on a request, or for all that say nothing else.
pub(super) fn redirects(node: &Node, reader: &mut Reader) -> Option<u32> {
    reader.number(node, "a number of redirects from 0 to 100", |n: u32| n <= 100)
}

/// Every request of the plan; one that is wrong is reported and left out.
pub(super) fn requests(
    plan: &Fields<'_>,
    target: &Target,
    scope: &Scope,
    reader: &mut Reader,
) -> Vec<RequestTemplate> {
    let Some(node) = plan.get("requests") else { return Vec::new() };
    let entries = reader.entries(node, "requests").unwrap_or_default();
    let redirects = plan.get("redirects").and_then(|node| redirects(node, reader)).unwrap_or(0);
    entries.iter().filter_map(|entry| request(entry, target, scope, redirects, reader)).collect()
}

fn request(
    entry: &Entry,
    target: &Target,
    scope: &Scope,
    default_redirects: u32,
    reader: &mut Reader,
) -> Option<RequestTemplate> {
    let fields = reader.fields(&entry.node, &entry.key_at, &REQUEST)?;
    let named = reader.name(entry, "a request");
    let redirects = fields.get("redirects").and_then(|node| redirects(node, reader));
    let redirects = redirects.unwrap_or(default_redirects);
    let expected_statuses = expected_statuses(&fields, reader);
    let mut headers = headers(fields.get("headers"), reader);
    let body = body(&fields, &mut headers, reader);
    let query = pairs(fields.get("query"), "query", reader);
    let (method, path_node) = method_and_path(&fields, reader)?;
    let (origin, path) = reader.parsed(path_node, "a path", |text| destination(text, target))?;
    let path_template = path.split('?').next().unwrap_or_default().to_owned();
    let path_and_query = with_query(path, &query);
    if let Err(refusal) = scope.judge(&origin, &path_and_query) {
        reader
            .problems
            .push(Problem::new(path_node.at.clone(), format!("out of scope: {refusal}")).refused());
    }
    let request = Request {
        origin,
        method: Method::new(method.to_ascii_uppercase()),
        path_and_query: path_and_query.into_bytes(),
        headers,
        body,
    };
    named.then(|| RequestTemplate {
        name: entry.key.clone(),
        request,
        path_template,
        expected_statuses,
        redirects,
    })
}

fn method_and_path<'a>(
    fields: &Fields<'a>,
    reader: &mut Reader,
) -> Option<(&'static str, &'a Node)> {
    let mut given = METHODS.iter().filter_map(|method| Some((*method, fields.entry(method)?)));
    let Some((method, entry)) = given.next() else {
        reader.problem_with_help(
            &fields.at,
            "a request needs a method and its path",
            format!("write `get: /path`, or one of {}", METHODS.join(", ")),
        );
        return None;
    };
    if let Some((other, second)) = given.next() {
        reader
            .problem(&second.key_at, format!("a request has one method: `{method}` or `{other}`"));
    }
    Some((method, &entry.node))
}

/// Where a path or a URL leads, exactly as written: nothing is normalised or encoded here.
pub(super) fn destination(text: &str, target: &Target) -> Result<(Origin, String), String> {
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic()) {
        let encoded: String = percent_encoding::utf8_percent_encode(
            bad.encode_utf8(&mut [0; 4]),
            percent_encoding::NON_ALPHANUMERIC,
        )
        .collect();
        return Err(format!("a path cannot contain {bad:?}; write {encoded}"));
    }
    if text.contains('#') {
        return Err("a fragment (`#…`) is never sent; remove it, or write %23".to_owned());
    }
    if text.starts_with('/') {
        return Ok((target.origin.clone(), text.to_owned()));
    }
    if !text.contains("://") {
        return Err(format!("`{text}` is not a path; write `/{text}`"));
    }
    let other = Target::parse(text).map_err(|error| error.to_string())?;
    Ok((other.origin, other.path_and_query))
}

fn with_query(path: String, pairs: &[Pair]) -> String {
    if pairs.is_empty() {
        return path;
    }
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{}", urlencoded(pairs))
}

fn urlencoded(pairs: &[Pair]) -> String {
    let pairs = pairs.iter().map(|pair| (&pair.name, &pair.value));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A name, one value, and where the value stands.
struct Pair {
    name: String,
    value: String,
    at: Place,
}

/// A mapping of names to a value or a list of values.
fn pairs(node: Option<&Node>, of: &str, reader: &mut Reader) -> Vec<Pair> {
    let Some(entries) = node.and_then(|node| reader.entries(node, of)) else { return Vec::new() };
    let mut pairs = Vec::new();
    for Entry { key, node, .. } in entries {
        for value in one_or_many(node) {
            match value.scalar() {
                // No value (`q:`) is an empty one.
                Some(scalar) => pairs.push(Pair {
                    name: key.clone(),
                    value: scalar.text.clone(),
                    at: value.at.clone(),
                }),
                None => reader.wrong_type(value, "a value or a list of values"),
            }
        }
    }
    pairs
}

fn one_or_many(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Scalar(_) | Value::Map(_) | Value::Unsubstituted => std::slice::from_ref(node),
    }
}

fn headers(node: Option<&Node>, reader: &mut Reader) -> Vec<Header> {
    let mut headers = Vec::new();
    for pair in pairs(node, "headers", reader) {
        match header(&pair.name, &pair.value) {
            Ok(header) => headers.push(header),
            Err(message) => reader.problem(&pair.at, message),
        }
    }
    headers
}

/// A header line that cannot break out of its line (RFC 9110 §5.5, §5.6.2).
pub(super) fn header(name: &str, value: &str) -> Result<Header, String> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(format!("`{}` is not a header name", inert(name, 80)));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!("the value of header `{name}` contains a control character"));
    }
    Ok(Header::new(name, value.trim()))
}

fn body(fields: &Fields<'_>, headers: &mut Vec<Header>, reader: &mut Reader) -> Vec<u8> {
    let mut given = ["json", "form", "body"].into_iter().filter_map(|key| fields.entry(key));
    let Some(entry) = given.next() else { return Vec::new() };
    if let Some(second) = given.next() {
        reader.problem(
            &second.key_at,
            format!("a request has one body: `{}` or `{}`", entry.key, second.key),
        );
    }
    let (content_type, body) = match entry.key.as_str() {
        "json" => (Some("application/json"), json(&entry.node).to_string()),
        "form" => {
            let pairs = pairs(Some(&entry.node), "form", reader);
            (Some("application/x-www-form-urlencoded"), urlencoded(&pairs))
        }
        _ => (None, reader.text(&entry.node, "a text").unwrap_or_default().to_owned()),
    };
    if let Some(content_type) = content_type
        && !headers.iter().any(|header| header.is("content-type"))
    {
        headers.push(Header::new("Content-Type", content_type));
    }
    body.into_bytes()
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar(scalar) => scalar.typed.clone(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), json(&entry.node))).collect()
        }
        Value::Unsubstituted => Json::Null,
    }
}

fn expected_statuses(fields: &Fields<'_>, reader: &mut Reader) -> Vec<u16> {
    let Some(node) = fields.get("checks") else { return Vec::new() };
    let mut statuses = Vec::new();
    for (index, item) in reader.list(node, "checks").iter().enumerate() {
        let Some(check) = reader.fields(item, &item.at, &CHECK) else { continue };
        let Some(status) = check.get("status") else { continue };
        if index > 0 && !statuses.is_empty() {
            reader.problem_with_help(
                &item.at,
                "a response has one status, so two status checks never hold together",
                "write the alternatives as a list: `status: [200, 201]`",
            );
        }
        for value in one_or_many(status) {
            let number = reader.number(value, "a status from 100 to 599", |status: u16| {
                (100..=599).contains(&status)
            });
            statuses.extend(number);
        }
    }
    statuses
}
