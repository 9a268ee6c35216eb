//! Insertion points: the places in a request where a value can be replaced, the rest staying as it is.

use std::ops::Range;

use apollo_parser::Lexer;
use apollo_parser::TokenKind;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

use super::multipart;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::model::stateless_shape;

/// What travels unescaped inside a value: RFC 3986 §2.3's unreserved characters.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Tokens read of one GraphQL document.
const MAX_TOKENS: usize = 5000;

/// Points taken from one request at most.
const MAX_POINTS: usize = 100;

/// One place for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InsertionPoint {
    /// Its name in findings.
    pub reference: InsertionRef,
    /// The value that stands there, decoded.
    pub value: String,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Index among the pairs of the query.
    Query(usize),
    /// Index among the pairs of the body.
    Form(usize),
    /// Index among the segments of the path, and what stands around the value in its segment.
    Path { index: usize, before: String, after: String },
    /// JSON pointer into the body.
    Json(String),
    /// Bytes of a multipart body.
    Part(Range<usize>),
    /// JSON pointer into the value of a pair of the query.
    QueryJson(usize, String),
    /// A value in the GraphQL document of a JSON body, by its bytes.
    GraphQl(Range<usize>),
}

/// Every insertion point of a request: query values, form values, JSON leaves, and path segments
/// that look like values. Headers and cookies are left to checks of their own.
pub(crate) fn insertion_points(request: &Request) -> Vec<InsertionPoint> {
    insertion_points_in(request, "")
}

/// The same for a request of a path template (`/blog/{slug}`, `/docs/p{id}.html`): what it leaves
/// open is a value, whatever it looks like.
pub(crate) fn insertion_points_in(request: &Request, template: &str) -> Vec<InsertionPoint> {
    let target = request.path_and_query_text().into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut points = opened(pairs(query, InsertionKind::Query, Place::Query));
    match body_kind(request) {
        Some(InsertionKind::Form) => {
            let body = String::from_utf8_lossy(&request.body);
            points.extend(pairs(&body, InsertionKind::Form, Place::Form));
        }
        Some(InsertionKind::Json) => {
            if let Ok(body) = serde_json::from_slice(&request.body) {
                json_leaves(&body, &mut String::new(), &mut points);
                graphql(&body, &mut points);
            }
        }
        _ => points.extend(part_values(request)),
    }
    points.extend(path_values(path, template));
    points.truncate(MAX_POINTS);
    points
}

/// Names of a template's segment and what stands there in the path: `slug` for `{slug}`.
pub(crate) fn in_template(
    request: &Request,
    index: usize,
    segment: &str,
) -> Option<(String, InsertionPoint)> {
    let target = request.path_and_query_text();
    let path = target.split('?').next().unwrap_or_default();
    let (name, point) = open_segment(path.split('/').nth(index)?, index, segment)?;
    Some((name.to_owned(), point))
}

/// Names and values of a request's body, those of JSON without where they stand.
pub(crate) fn body_values(request: &Request) -> impl Iterator<Item = (String, String)> {
    let points = insertion_points(request).into_iter();
    let points = points.filter(|point| !point.is_in_address());
    points.map(|point| {
        let name = point.reference.name.rsplit('/').next().unwrap_or_default().to_owned();
        (name, point.value)
    })
}

/// Names of the parameters in a request's body.
pub(crate) fn body_parameters(request: &Request) -> Vec<String> {
    insertion_points(request)
        .into_iter()
        .filter(|point| !point.is_in_address())
        .map(|point| point.reference.name)
        .collect()
}

/// The value of a parameter of the query or of a form's body.
pub(crate) fn parameter(request: &Request, name: &str) -> Option<String> {
    named(request, name).map(|point| point.value)
}

/// Names and values of all of them.
pub(crate) fn parameters(request: &Request) -> impl Iterator<Item = (String, String)> {
    let points = insertion_points(request).into_iter();
    let is_parameter = |point: &InsertionPoint| {
        matches!(point.place, Place::Query(_) | Place::Form(_) | Place::Part(_))
    };
    points.filter(is_parameter).map(|point| (point.reference.name, point.value))
}

/// The request with another value of such a parameter.
pub(crate) fn with_parameter(request: &Request, name: &str, value: &str) -> Option<Request> {
    named(request, name).map(|point| point.place(request, value))
}

fn named(request: &Request, name: &str) -> Option<InsertionPoint> {
    insertion_points(request).into_iter().find(|point| {
        point.reference.name == name
            && matches!(point.place, Place::Query(_) | Place::Form(_) | Place::Part(_))
    })
}

impl InsertionPoint {
    fn is_in_address(&self) -> bool {
        matches!(self.place, Place::Query(_) | Place::QueryJson(..) | Place::Path { .. })
    }

    /// Whether it is a pair of a query or of a form.
    pub(crate) fn is_pair(&self) -> bool {
        matches!(self.place, Place::Query(_) | Place::Form(_))
    }

    /// The path without what stands at this place, whatever that looks like.
    pub(crate) fn open_path(&self, path_and_query: &str) -> String {
        let path = path_and_query.split('?').next().unwrap_or_default();
        match &self.place {
            Place::Path { index, before, after } => {
                with_segment(path, *index, &format!("{before}{{}}{after}"))
            }
            _ => path.to_owned(),
        }
    }

    /// The request with `value` at this place, escaped as the place demands.
    pub(crate) fn place(&self, request: &Request, value: &str) -> Request {
        let mut placed = request.clone();
        let target = request.path_and_query_text();
        match &self.place {
            Place::Query(index) => {
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let query = replace_value(query, *index, value);
                placed.path_and_query = format!("{path}?{query}").into_bytes();
            }
            Place::QueryJson(index, pointer) => {
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let pair = query.split('&').nth(*index).unwrap_or_default();
                let own = decode(pair.split_once('=').map_or("", |(_, value)| value));
                if let Some(own) = with_leaf(own.as_bytes(), pointer, value) {
                    let query = replace_value(query, *index, &own);
                    placed.path_and_query = format!("{path}?{query}").into_bytes();
                }
            }
            Place::Form(index) => {
                let body = String::from_utf8_lossy(&request.body);
                placed.body = replace_value(&body, *index, value).into_bytes();
            }
            Place::Path { index, before, after } => {
                let (path, query) = match target.split_once('?') {
                    Some((path, query)) => (path, format!("?{query}")),
                    None => (&*target, String::new()),
                };
                let segment = format!("{before}{}{after}", encode(value));
                let path = with_segment(path, *index, &segment);
                placed.path_and_query = format!("{path}{query}").into_bytes();
            }
            Place::Json(pointer) => {
                if let Some(body) = with_leaf(&request.body, pointer, value) {
                    placed.body = body.into_bytes();
                }
            }
            Place::Part(range) => {
                placed.body.splice(range.clone(), value.bytes());
            }
            Place::GraphQl(range) => {
                if let Some(body) = in_document(&request.body, range, value) {
                    placed.body = body;
                }
            }
        }
        // The length belongs to the old body; the wire adds the right one.
        if !self.is_in_address() {
            placed.headers.retain(|header| !header.is("content-length"));
        }
        placed
    }
}

/// The variables of a GraphQL query in an address, instead of all together, and not the query itself.
fn opened(points: Vec<InsertionPoint>) -> Vec<InsertionPoint> {
    let is_document =
        |point: &InsertionPoint| point.reference.name == "query" && point.value.contains('{');
    if !points.iter().any(is_document) {
        return points;
    }
    let mut opened = Vec::new();
    for point in points {
        let Place::Query(index) = point.place else { continue };
        if is_document(&point) {
            continue;
        }
        let variables = (point.reference.name == "variables")
            .then(|| serde_json::from_str(&point.value).ok())
            .flatten();
        let Some(variables) = variables else {
            opened.push(point);
            continue;
        };
        let mut leaves = Vec::new();
        json_leaves(&variables, &mut String::new(), &mut leaves);
        opened.extend(leaves.into_iter().map(|leaf| {
            let pointer = leaf.reference.name;
            let name = format!("variables{pointer}");
            InsertionPoint {
                reference: InsertionRef { kind: InsertionKind::Query, name },
                value: leaf.value,
                place: Place::QueryJson(index, pointer),
            }
        }));
    }
    opened
}

/// JSON with a text at a place.
fn with_leaf(json: &[u8], pointer: &str, value: &str) -> Option<String> {
    let mut json: serde_json::Value = serde_json::from_slice(json).ok()?;
    if let Some(leaf) = json.pointer_mut(pointer) {
        *leaf = serde_json::Value::String(value.to_owned());
    }
    Some(json.to_string())
}

/// Values of multipart fields; files are left to checks of their own.
fn part_values(request: &Request) -> Vec<InsertionPoint> {
    let Some(kind) = request.header("content-type") else { return Vec::new() };
    let parts = multipart::parts(&kind.text(), &request.body);
    parts
        .into_iter()
        .filter(|part| !part.is_file)
        .map(|part| InsertionPoint {
            reference: InsertionRef { kind: InsertionKind::Form, name: part.name },
            value: String::from_utf8_lossy(&request.body[part.value.clone()]).into_owned(),
            place: Place::Part(part.value),
        })
        .collect()
}

/// Arguments that are written out in a GraphQL document, instead of the document as a whole.
fn graphql(body: &serde_json::Value, points: &mut Vec<InsertionPoint>) {
    let Some(document) = body.get("query").and_then(serde_json::Value::as_str) else { return };
    if !document.contains('{') {
        return;
    }
    points.retain(|point| point.place != Place::Json("/query".to_owned()));
    for value in arguments(document) {
        let name = format!("/query/{}", value.name);
        points.push(InsertionPoint {
            reference: InsertionRef { kind: InsertionKind::Json, name },
            value: value.text,
            place: Place::GraphQl(value.range),
        });
    }
}

struct Argument {
    name: String,
    text: String,
    range: Range<usize>,
}

/// `name: "text"` and `name: 12` in a document (<https://spec.graphql.org/October2021/#Argument>).
fn arguments(document: &str) -> Vec<Argument> {
    let (tokens, _faults) = Lexer::new(document).with_limit(MAX_TOKENS).lex();
    let tokens: Vec<_> = tokens
        .into_iter()
        .filter(|token| !matches!(token.kind(), TokenKind::Whitespace | TokenKind::Comment))
        .collect();
    let mut found = Vec::new();
    for [name, colon, value] in tokens.array_windows() {
        let is_value =
            matches!(value.kind(), TokenKind::StringValue | TokenKind::Int | TokenKind::Float);
        if name.kind() != TokenKind::Name || colon.kind() != TokenKind::Colon || !is_value {
            continue;
        }
        let written = value.data();
        let text = match value.kind() {
            TokenKind::StringValue => serde_json::from_str(written).unwrap_or_default(),
            _ => written.to_owned(),
        };
        let range = value.index()..value.index() + written.len();
        found.push(Argument { name: name.data().to_owned(), text, range });
    }
    found
}

/// The body with a text in its GraphQL document; strings are written as in JSON there.
fn in_document(body: &[u8], range: &Range<usize>, value: &str) -> Option<Vec<u8>> {
    let mut body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let document = body.get("query")?.as_str()?.to_owned();
    let (before, after) = (document.get(..range.start)?, document.get(range.end..)?);
    let written = serde_json::to_string(value).ok()?;
    body["query"] = serde_json::Value::String(format!("{before}{written}{after}"));
    Some(body.to_string().into_bytes())
}

fn body_kind(request: &Request) -> Option<InsertionKind> {
    if request.body.is_empty() {
        return None;
    }
    let kind = request.header("content-type").map(|header| header.text().to_ascii_lowercase());
    match kind.unwrap_or_default().split(';').next().unwrap_or_default().trim() {
        "application/x-www-form-urlencoded" => Some(InsertionKind::Form),
        "application/json" => Some(InsertionKind::Json),
        _ => None,
    }
}

fn pairs(text: &str, kind: InsertionKind, place: fn(usize) -> Place) -> Vec<InsertionPoint> {
    text.split('&')
        .enumerate()
        .filter(|(_, pair)| !pair.is_empty())
        .map(|(index, pair)| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            InsertionPoint {
                reference: InsertionRef { kind, name: decode(name) },
                value: decode(value),
                place: place(index),
            }
        })
        .collect()
}

fn path_values(path: &str, template: &str) -> Vec<InsertionPoint> {
    let shape = stateless_shape(path);
    let is_of_template = template.split('/').count() == path.split('/').count();
    let open = |index: usize| template.split('/').nth(index).filter(|_| is_of_template);
    path.split('/')
        .zip(shape.split('/'))
        .enumerate()
        .filter_map(|(index, (segment, hole))| {
            if hole == "{}" && segment != "{}" {
                return Some(path_point(segment, index, "", ""));
            }
            Some(open_segment(segment, index, open(index)?)?.1)
        })
        .collect()
}

/// The value of a segment that a template leaves open as a whole or in part, and its name there.
fn open_segment<'t>(
    segment: &str,
    index: usize,
    template: &'t str,
) -> Option<(&'t str, InsertionPoint)> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    let value = segment.strip_prefix(before)?.strip_suffix(after)?;
    let is_plain = !after.contains('{') && !value.is_empty();
    is_plain.then(|| (name, path_point(value, index, before, after)))
}

fn path_point(value: &str, index: usize, before: &str, after: &str) -> InsertionPoint {
    InsertionPoint {
        reference: InsertionRef { kind: InsertionKind::Path, name: index.to_string() },
        value: percent_decode_str(value).decode_utf8_lossy().into_owned(),
        place: Place::Path { index, before: before.to_owned(), after: after.to_owned() },
    }
}

fn with_segment(path: &str, index: usize, segment: &str) -> String {
    let segments = path.split('/').enumerate();
    let segments = segments.map(|(at, own)| if at == index { segment } else { own });
    segments.collect::<Vec<_>>().join("/")
}

fn json_leaves(value: &serde_json::Value, pointer: &mut String, found: &mut Vec<InsertionPoint>) {
    if found.len() >= MAX_POINTS {
        return;
    }
    let leaf = match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                let length = pointer.len();
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                json_leaves(member, pointer, found);
                pointer.truncate(length);
            }
            return;
        }
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let length = pointer.len();
                pointer.push('/');
                pointer.push_str(&index.to_string());
                json_leaves(item, pointer, found);
                pointer.truncate(length);
            }
            return;
        }
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::Null | serde_json::Value::Bool(_) => return,
    };
    found.push(InsertionPoint {
        reference: InsertionRef { kind: InsertionKind::Json, name: pointer.clone() },
        value: leaf,
        place: Place::Json(pointer.clone()),
    });
}

fn replace_value(pairs: &str, index: usize, value: &str) -> String {
    pairs
        .split('&')
        .enumerate()
        .map(|(at, pair)| {
            if at == index {
                let name = pair.split('=').next().unwrap_or_default();
                format!("{name}={}", encode(value))
            } else {
                pair.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("&")
}

fn encode(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Header;
    use crate::model::Method;
    use crate::model::Target;
    use proptest::prelude::*;

    fn get(target: &str) -> Request {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        Request::get(origin, target)
    }

    fn post(kind: &str, body: &str) -> Request {
        let mut request = get("/x");
        request.method = Method::new("POST");
        request.headers.push(Header::new("Content-Type", kind));
        request.body = body.as_bytes().to_vec();
        request
    }

    fn names(request: &Request) -> Vec<String> {
        insertion_points(request).iter().map(|point| point.reference.to_string()).collect()
    }

    #[test]
    fn query_form_json_and_value_like_segments_are_points() {
        assert_eq!(
            names(&get("/items/42/x?a=1&b&=&c=%20")),
            ["query `a`", "query `b`", "query ``", "query `c`", "path `2`"]
        );
        let form = post("application/x-www-form-urlencoded; charset=utf-8", "u=a+b&p=");
        assert_eq!(names(&form), ["form `u`", "form `p`"]);
        assert_eq!(insertion_points(&form)[0].value, "a b");
        let json = post("application/json", r#"{"a":{"b/c":[1,"x",true]},"d":null}"#);
        assert_eq!(names(&json), ["json `/a/b~1c/0`", "json `/a/b~1c/1`"]);
        assert_eq!(names(&post("text/plain", "a=1")), Vec::<String>::new());
    }

    #[test]
    fn multipart_fields_and_graphql_arguments_are_points() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--b\r\n\
            Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\ny\r\n--b--\r\n";
        let form = post("multipart/form-data; boundary=b", body);
        assert_eq!(names(&form), ["form `a`"]);
        let placed = insertion_points(&form)[0].place(&form, "t\"wo");
        assert_eq!(parameter(&placed, "a").as_deref(), Some("t\"wo"));
        assert_eq!(body_parameters(&form), ["a"]);
        let query = r#"{"query":"{ user(id: 7, name: \"x\\\"y\", on: true) { id } }","variables":{"v":"1"}}"#;
        let graphql = post("application/json", query);
        assert_eq!(
            names(&graphql),
            ["json `/variables/v`", "json `/query/id`", "json `/query/name`"]
        );
        let points = insertion_points(&graphql);
        assert_eq!((points[1].value.as_str(), points[2].value.as_str()), ("7", "x\"y"));
        let placed = points[2].place(&graphql, "z'\"");
        assert!(String::from_utf8_lossy(&placed.body).contains(r#"name: \"z'\\\"\", on"#));
    }

    #[test]
    fn variables_of_a_query_in_an_address_are_points() {
        let request =
            get("/graphql?query=query%7Ba%7D&variables=%7B%22in%22%3A%7B%22id%22%3A7%7D%7D");
        assert_eq!(names(&request), ["query `variables/in/id`"]);
        let placed = insertion_points(&request)[0].place(&request, "x'");
        assert_eq!(parameter(&placed, "variables"), None, "it is taken apart");
        assert_eq!(insertion_points(&placed)[0].value, "x'");
        assert!(placed.path_and_query.starts_with(b"/graphql?query=query%7Ba%7D&variables=%7B"));
        assert_eq!(
            names(&get("/find?query=kettle&variables=1")),
            ["query `query`", "query `variables`"]
        );
    }

    #[test]
    fn what_a_template_leaves_open_is_a_value() {
        let request = get("/docs/p17.html?x=1");
        let points = insertion_points_in(&request, "/docs/p{id}.html");
        assert_eq!((points[1].value.as_str(), points[1].reference.name.as_str()), ("17", "2"));
        let placed = points[1].place(&request, "a/b");
        assert_eq!(placed.path_and_query, b"/docs/pa%2Fb.html?x=1");
        assert_eq!(points[1].open_path("/docs/p17.html?x=1"), "/docs/p{}.html");
        assert_eq!(points[0].open_path("/docs/p17.html?x=1"), "/docs/p17.html");
        for (path, template, values) in [
            ("/blog/first-post", "/blog/{slug}", vec!["first-post"]),
            ("/user/ann/posts/9", "/user/{slug}/posts/{id}", vec!["ann", "9"]),
            ("/blog/a/b", "/blog/{path}", vec![]),
            ("/blog/", "/blog/{slug}", vec![]),
            ("/blog/x", "/blog/y{id}", vec![]),
            ("/blog/x-y", "/blog/{a}-{b}", vec![]),
        ] {
            let points = insertion_points_in(&get(path), template);
            let found: Vec<_> = points.into_iter().map(|point| point.value).collect();
            assert_eq!(found, values, "{path} {template}");
        }
        let (name, point) = in_template(&get("/a/x%20y"), 2, "{title}").expect("it is open");
        assert_eq!((name.as_str(), point.value.as_str()), ("title", "x y"));
    }

    #[test]
    fn only_the_named_place_changes() {
        let request = get("/items/42?a=%41&b=2");
        let points = insertion_points(&request);
        let placed = |index: usize, value: &str| {
            points[index].place(&request, value).path_and_query_text().into_owned()
        };
        assert_eq!(placed(0, "x' y&z"), "/items/42?a=x%27%20y%26z&b=2");
        assert_eq!(placed(2, "4/2"), "/items/4%2F2?a=%41&b=2");
        let json = post("application/json", r#"{"n":1,"s":"x"}"#);
        let points = insertion_points(&json);
        assert_eq!(points[0].place(&json, "1\"").body, br#"{"n":"1\"","s":"x"}"#);
    }

    proptest! {
        #[test]
        fn what_is_placed_is_what_is_read_back(value in any::<String>(), other in "[a-z%&=+]{0,8}") {
            let request = get(&format!("/p/7?a=1&{other}"));
            for point in insertion_points(&request) {
                // An empty segment is no value-like segment any more.
                if point.reference.kind == InsertionKind::Query {
                    let placed = point.place(&request, &value);
                    let again = insertion_points(&placed);
                    prop_assert!(again.iter().any(|read| read.place == point.place && read.value == value));
                }
            }
        }
    }
}
