//! What applications read of a request beside what is meant to be filled in.

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

use super::insertion::InsertionPoint;
use super::insertion::Place;
use super::pairs::pairs;
use super::parts::file_values;
use crate::model::Header;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Request;
use crate::plan::Strength;

/// Headers that applications log, count by, or build links of, with a value that is nobody's.
const READ: [(&str, &str); 3] = [
    ("User-Agent", "Mozilla/5.0 (compatible)"),
    ("Referer", "http://localhost/"),
    ("X-Forwarded-For", "127.0.0.1"),
];

/// Headers of a request that are about the message and not about its meaning; credentials are what
/// checks of logins are for.
const OF_THE_MESSAGE: [&str; 14] = [
    "host",
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "accept",
    "accept-encoding",
    "accept-language",
    "cookie",
    "authorization",
    "user-agent",
    "referer",
    "x-forwarded-for",
    "origin",
];

/// The name of a header that nobody knows.
const UNKNOWN_HEADER: &str = "X-Extra";

/// Points of a request, complete with the headers and cookies that the run sends, that are not values
/// of its own: file names and types; from medium strength cookies and headers; at high strength the
/// names of parameters, the query as a whole, and the name of a header.
pub(crate) fn aside(request: &Request, strength: Strength) -> Vec<InsertionPoint> {
    let mut points = file_values(request);
    if strength >= Strength::Medium {
        points.extend(cookies(request));
        points.extend(headers(request));
    }
    if strength >= Strength::High {
        points.extend(names(request));
        points.push(query(request));
        points.push(point(
            InsertionKind::HeaderName,
            UNKNOWN_HEADER,
            UNKNOWN_HEADER,
            Place::HeaderName,
        ));
    }
    points
}

fn point(kind: InsertionKind, name: &str, value: &str, place: Place) -> InsertionPoint {
    let reference = InsertionRef { kind, name: name.to_owned() };
    InsertionPoint { reference, value: value.to_owned(), place }
}

fn cookies(request: &Request) -> Vec<InsertionPoint> {
    let Some(header) = request.header("cookie") else { return Vec::new() };
    let line = header.text().into_owned();
    line.split(';')
        .enumerate()
        .filter_map(|(index, pair)| {
            let (name, value) = pair.trim().split_once('=')?;
            let decoded = unescaped(value);
            let value = decoded.as_deref().unwrap_or(value);
            Some(point(InsertionKind::Cookie, name, value, Place::Cookie(index)))
        })
        .collect()
}

fn headers(request: &Request) -> Vec<InsertionPoint> {
    let own = request.headers.iter().filter(|header| {
        !OF_THE_MESSAGE.iter().any(|known| header.is(known))
            && !header.name.to_ascii_lowercase().starts_with("sec-")
    });
    let own = own.map(|header| (header.name.clone(), header.text().into_owned()));
    let read = READ.map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(read)
        .map(|(name, value)| {
            point(InsertionKind::Header, &name, &value, Place::Header(name.clone()))
        })
        .collect()
}

/// Names of the query's and the form's parameters.
fn names(request: &Request) -> Vec<InsertionPoint> {
    let target = request.path_and_query_text();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let in_query = pairs(query, InsertionKind::Query, Place::QueryName);
    let is_form = request.header("content-type").is_some_and(|kind| {
        kind.text().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
    });
    let body = String::from_utf8_lossy(&request.body);
    let body = if is_form { &*body } else { "" };
    let in_form = pairs(body, InsertionKind::Form, Place::FormName);
    in_query
        .into_iter()
        .chain(in_form)
        .map(|pair| InsertionPoint {
            value: pair.reference.name.clone(),
            reference: InsertionRef { kind: InsertionKind::ParameterName, ..pair.reference },
            place: pair.place,
        })
        .collect()
}

fn query(request: &Request) -> InsertionPoint {
    let target = request.path_and_query_text();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    point(InsertionKind::RawQuery, "query", query, Place::RawQuery)
}

/// The request with another value of the cookie at that place of its `Cookie` header.
pub(super) fn with_cookie(request: &mut Request, index: usize, value: &str) {
    let Some(header) = request.headers.iter_mut().find(|header| header.is("cookie")) else {
        return;
    };
    let line = header.text().into_owned();
    let pairs = line.split(';').enumerate().map(|(at, pair)| {
        let pair = pair.trim();
        let (name, before) = pair.split_once('=').unwrap_or((pair, ""));
        match unescaped(before) {
            _ if at != index => pair.to_owned(),
            Some(_) => format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)),
            None => format!("{name}={}", cookie_value(value)),
        }
    });
    header.value = pairs.collect::<Vec<_>>().join("; ").into_bytes();
}

/// What is meant by a value with percent escapes, as most frameworks write them.
fn unescaped(value: &str) -> Option<String> {
    let decoded = percent_decode_str(value).decode_utf8().ok()?;
    (decoded != value).then(|| decoded.into_owned())
}

/// Some servers undo percent escapes in cookies and some do not: only what would end the value, or be
/// taken for an escape, is escaped.
fn cookie_value(value: &str) -> String {
    escaped(value, |byte| {
        byte.is_ascii_control() || matches!(byte, b';' | b',' | b'%' | b'+' | b'"')
    })
}

/// The request with that value of a header.
pub(super) fn with_header(request: &mut Request, name: &str, value: &str) {
    let value = escaped(value, |byte| byte.is_ascii_control());
    request.headers.retain(|header| !header.is(name));
    request.headers.push(Header::new(name, value));
}

/// The request with one more header, of that name.
pub(super) fn with_header_name(request: &mut Request, name: &str) {
    let ends_it = |byte: u8| byte.is_ascii_control() || byte.is_ascii_whitespace() || byte == b':';
    request.headers.push(Header::new(escaped(name, ends_it), "1"));
}

/// The query as it is given, but for what would end the request line.
pub(super) fn raw_query(value: &str) -> String {
    escaped(value, |byte| !byte.is_ascii_graphic() || byte == b'#')
}

fn escaped(value: &str, is_escaped: impl Fn(u8) -> bool) -> String {
    let mut out = Vec::with_capacity(value.len());
    for byte in value.bytes() {
        if is_escaped(byte) {
            out.extend(format!("%{byte:02X}").into_bytes());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
