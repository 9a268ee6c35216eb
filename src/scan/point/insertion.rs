//! Insertion points: the places in a request where a value can be replaced, the rest staying as it is.

use std::ops::Range;

use super::aside::raw_query;
use super::aside::with_cookie;
use super::aside::with_header;
use super::aside::with_header_name;
use super::graphql::graphql;
use super::graphql::in_document;
use super::graphql::opened;
use super::json::json_leaves;
use super::json::with_leaf;
use super::json::without_leaf;
use super::pairs::decode;
use super::pairs::encode;
use super::pairs::pairs;
use super::pairs::replace_member;
use super::pairs::replace_name;
use super::pairs::replace_value;
use super::pairs::without_pair;
use super::parts::part_values;
use super::parts::quoted;
use super::path::open_segment;
use super::path::path_values;
use super::path::with_segment;
use super::xml::with_xml;
use super::xml::xml_values;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;

/// Points taken from one request at most.
pub(super) const MAX_POINTS: usize = 100;

/// One place for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InsertionPoint {
    /// Its name in findings.
    pub reference: InsertionRef,
    /// The value that stands there, decoded.
    pub value: String,
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
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
    /// Bytes of an XML body.
    Xml(Range<usize>),
    /// Bytes of a multipart body between quotes, or behind a colon.
    Quoted(Range<usize>),
    /// Index among the pairs of the `Cookie` header.
    Cookie(usize),
    /// The value of a header.
    Header(String),
    /// Index among the pairs of the query: the name.
    QueryName(usize),
    /// Index among the pairs of the body: the name.
    FormName(usize),
    /// The query as a whole, as it is.
    RawQuery,
    /// The name of one header more.
    HeaderName,
}

/// Every value of a request that is meant to be filled in: of query and form, leaves of JSON, texts and
/// attributes of XML, and path segments that look like values.
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
        Some(InsertionKind::Xml) => points.extend(xml_values(&request.body)),
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

/// The request with another value at a place that is known by its name.
pub(crate) fn with_point(
    request: &Request,
    reference: &InsertionRef,
    value: &str,
) -> Option<Request> {
    let mut points = insertion_points(request).into_iter();
    let point = points.find(|point| point.reference == *reference)?;
    Some(point.place(request, value))
}

/// The request with values at several of its points, whatever their order.
pub(crate) fn place_all(request: &Request, values: &[(&InsertionPoint, String)]) -> Request {
    let mut values: Vec<_> = values.iter().collect();
    // What is placed moves what stands behind it.
    values.sort_by_key(|(point, _)| std::cmp::Reverse(point.start()));
    values.into_iter().fold(request.clone(), |request, (point, value)| point.place(&request, value))
}

fn named(request: &Request, name: &str) -> Option<InsertionPoint> {
    insertion_points(request).into_iter().find(|point| {
        point.reference.name == name
            && matches!(point.place, Place::Query(_) | Place::Form(_) | Place::Part(_))
    })
}

impl InsertionPoint {
    /// The request without the parameter or leaf; `None` where a place cannot be left out.
    pub(crate) fn without(&self, request: &Request) -> Option<Request> {
        let mut request = request.clone();
        let target = request.path_and_query_text().into_owned();
        match &self.place {
            Place::Query(index) => {
                let (path, query) = target.split_once('?')?;
                let query = without_pair(query, *index);
                request.path_and_query = format!("{path}?{query}").into_bytes();
            }
            Place::Form(index) => {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                request.body = without_pair(&body, *index).into_bytes();
            }
            Place::Json(pointer) => {
                request.body = without_leaf(&request.body, pointer)?.into_bytes();
            }
            _ => return None,
        }
        request.headers.retain(|header| !header.is("content-length"));
        Some(request)
    }

    /// Where it begins, for places that are known by their bytes.
    fn start(&self) -> usize {
        match &self.place {
            Place::Part(range)
            | Place::GraphQl(range)
            | Place::Xml(range)
            | Place::Quoted(range) => range.start,
            _ => 0,
        }
    }

    fn is_in_address(&self) -> bool {
        matches!(
            self.place,
            Place::Query(_)
                | Place::QueryJson(..)
                | Place::Path { .. }
                | Place::QueryName(_)
                | Place::RawQuery
        )
    }

    /// Whether it is beside what is meant to be filled in: a cookie, a header, a name, a file's name.
    pub(crate) fn is_aside(&self) -> bool {
        match self.reference.kind {
            InsertionKind::Query
            | InsertionKind::Form
            | InsertionKind::Json
            | InsertionKind::Xml
            | InsertionKind::Path => false,
            InsertionKind::Header
            | InsertionKind::Cookie
            | InsertionKind::File
            | InsertionKind::ParameterName
            | InsertionKind::RawQuery
            | InsertionKind::HeaderName => true,
        }
    }

    /// Whether it is a pair of a query or of a form.
    pub(crate) fn is_pair(&self) -> bool {
        matches!(self.place, Place::Query(_) | Place::Form(_))
    }

    /// The request with something that is no text at this place; `None` where only texts can stand.
    pub(crate) fn place_json(
        &self,
        request: &Request,
        json: &serde_json::Value,
    ) -> Option<Request> {
        let Place::Json(pointer) = &self.place else { return None };
        let mut body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
        *body.pointer_mut(pointer)? = json.clone();
        let mut placed = request.clone();
        placed.body = body.to_string().into_bytes();
        placed.headers.retain(|header| !header.is("content-length"));
        Some(placed)
    }

    /// The request with a value for a member of the pair at this place (`name[member]=value`); `None`
    /// where no pair is.
    pub(crate) fn place_member(
        &self,
        request: &Request,
        member: &str,
        value: &str,
    ) -> Option<Request> {
        let mut placed = request.clone();
        match &self.place {
            Place::Query(index) => {
                let target = request.path_and_query_text();
                let (path, query) = target.split_once('?')?;
                let query = replace_member(query, *index, member, value);
                placed.path_and_query = format!("{path}?{query}").into_bytes();
            }
            Place::Form(index) => {
                let body = String::from_utf8_lossy(&request.body);
                placed.body = replace_member(&body, *index, member, value).into_bytes();
                placed.headers.retain(|header| !header.is("content-length"));
            }
            _ => return None,
        }
        Some(placed)
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
            Place::Xml(range) => placed.body = with_xml(&request.body, range, value),
            Place::Quoted(range) => {
                placed.body.splice(range.clone(), quoted(value).bytes());
            }
            Place::Cookie(index) => with_cookie(&mut placed, *index, value),
            Place::Header(name) => with_header(&mut placed, name, value),
            Place::HeaderName => with_header_name(&mut placed, value),
            Place::QueryName(index) => {
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let query = replace_name(query, *index, value);
                placed.path_and_query = format!("{path}?{query}").into_bytes();
            }
            Place::FormName(index) => {
                let body = String::from_utf8_lossy(&request.body);
                placed.body = replace_name(&body, *index, value).into_bytes();
            }
            Place::RawQuery => {
                let path = target.split('?').next().unwrap_or_default();
                placed.path_and_query = format!("{path}?{}", raw_query(value)).into_bytes();
            }
        }
        // The length belongs to the old body; the wire adds the right one.
        if !self.is_in_address() {
            placed.headers.retain(|header| !header.is("content-length"));
        }
        placed
    }
}

fn body_kind(request: &Request) -> Option<InsertionKind> {
    if request.body.is_empty() {
        return None;
    }
    let kind = request.header("content-type").map(|header| header.text().to_ascii_lowercase());
    match kind.unwrap_or_default().split(';').next().unwrap_or_default().trim() {
        "application/x-www-form-urlencoded" => Some(InsertionKind::Form),
        "application/json" | "text/json" => Some(InsertionKind::Json),
        "application/xml" | "text/xml" => Some(InsertionKind::Xml),
        kind if kind.ends_with("+json") => Some(InsertionKind::Json),
        kind if kind.ends_with("+xml") => Some(InsertionKind::Xml),
        _ => None,
    }
}
