//! A request that the browser wants to make, and the answer that it gets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;
use url::Url;

use crate::model::Header;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Response;
use crate::scan::link;

/// Headers that say how a message is packed: ours is packed anew.
const PACKING: [&str; 7] = [
    "content-encoding",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "trailer",
    "upgrade",
];

/// Headers that the wire writes itself, or the session.
const OURS: [&str; 6] =
    ["cookie", "host", "accept-encoding", "content-length", "connection", "proxy-connection"];

/// Header lines taken of one request.
const MAX_HEADERS: usize = 100;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A page, in the window or in a frame of it.
    Document,
    /// Code or style.
    Asset,
    /// Nothing of it can be read.
    Image,
    /// Nothing of it can be read, and no page waits for it.
    Media,
    /// Events without end.
    Events,
    /// A script asks for it, or the browser itself.
    Data,
}

/// A request of the browser that waits for its answer.
#[derive(Debug, Clone)]
pub(super) struct Paused {
    /// By which the browser knows it.
    pub(super) id: String,
    /// What it would send; `None` for what is no HTTP request to a usable address.
    pub(super) request: Option<Request>,
    /// Its address, without fragment.
    pub(super) url: Option<Url>,
    /// Of the address.
    pub(super) scheme: String,
    pub(super) purpose: Purpose,
    /// The frame that it is for.
    pub(super) frame: String,
    /// It goes on with what an answer has redirected.
    pub(super) is_redirect: bool,
    /// What the browser knows as cookies for it.
    pub(super) cookies: Vec<(String, String)>,
}

impl Paused {
    /// Reads the parameters of `Fetch.requestPaused`; `None` for what is none.
    pub(super) fn read(params: &Value) -> Option<Self> {
        let request = &params["request"];
        let text = request["url"].as_str()?;
        let url = Url::parse(text).ok();
        let usable = url.as_ref().and_then(|url| link::resolve(url, text));
        let headers = headers(&request["headers"]);
        let header = |name: &str| headers.iter().find(|header| header.is(name));
        let is_stream = header("accept").is_some_and(|it| it.text().contains("text/event-stream"));
        let cookies = header("cookie").map(|header| pairs(&header.text())).unwrap_or_default();
        Some(Self {
            id: params["requestId"].as_str()?.to_owned(),
            scheme: url.map(|url| url.scheme().to_owned()).unwrap_or_default(),
            request: usable.as_ref().and_then(|url| {
                Some(Request {
                    origin: Origin::of(url).ok()?,
                    method: Method::new(request["method"].as_str().unwrap_or("GET")),
                    path_and_query: link::path_and_query(url).into_bytes(),
                    headers: headers.iter().filter(|it| !is_ours(it)).cloned().collect(),
                    body: body(request),
                })
            }),
            url: usable,
            purpose: match params["resourceType"].as_str().unwrap_or_default() {
                "Document" => Purpose::Document,
                "Script" | "Stylesheet" => Purpose::Asset,
                "Image" => Purpose::Image,
                "Font" | "Media" | "TextTrack" | "Prefetch" => Purpose::Media,
                _ if is_stream => Purpose::Events,
                _ => Purpose::Data,
            },
            frame: params["frameId"].as_str().unwrap_or_default().to_owned(),
            is_redirect: params["redirectedRequestId"].is_string(),
            cookies,
        })
    }
}

fn is_ours(header: &Header) -> bool {
    OURS.iter().any(|name| header.is(name))
}

fn headers(fields: &Value) -> Vec<Header> {
    let fields = fields.as_object().into_iter().flatten().take(MAX_HEADERS);
    fields
        .filter_map(|(name, value)| Some((name, value.as_str()?)))
        .filter(|(name, value)| Header::is_name(name) && Header::is_value(value))
        .map(|(name, value)| Header::new(name.clone(), value))
        .collect()
}

/// Names and values of a `Cookie` header.
fn pairs(cookies: &str) -> Vec<(String, String)> {
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn body(request: &Value) -> Vec<u8> {
    let Some(entries) = request["postDataEntries"].as_array() else {
        return request["postData"].as_str().unwrap_or_default().as_bytes().to_vec();
    };
    let pieces = entries.iter().filter_map(|entry| STANDARD.decode(entry["bytes"].as_str()?).ok());
    pieces.flatten().collect()
}

/// The parameters of `Fetch.fulfillRequest` for what the target answered.
pub(super) fn answer(id: &str, response: &Response) -> Value {
    let mut lines = Vec::new();
    for header in response.headers.iter().filter(|it| !PACKING.iter().any(|name| it.is(name))) {
        // Bytes as they came: a header need not be text.
        let value: Vec<u8> = header.value.iter().copied().filter(|byte| *byte != 0).collect();
        lines.extend_from_slice(header.name.as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(&value);
        lines.push(0);
    }
    let mut params = json!({
        "requestId": id,
        "responseCode": response.status,
        "body": STANDARD.encode(&response.body),
    });
    if !lines.is_empty() {
        params["binaryResponseHeaders"] = STANDARD.encode(&lines).into();
    }
    params
}

/// The parameters of `Fetch.fulfillRequest` for a page of our own.
pub(super) fn document(id: &str, markup: &str) -> Value {
    let headers = json!([{ "name": "Content-Type", "value": "text/html; charset=utf-8" }]);
    let body = STANDARD.encode(markup);
    json!({ "requestId": id, "responseCode": 200, "responseHeaders": headers, "body": body })
}

/// An answer without what forbids other sites to show it in a frame.
pub(super) fn let_frames(response: &mut Response) {
    response.headers.retain(|header| !header.is("x-frame-options"));
    for header in response.headers.iter_mut().filter(|it| it.is("content-security-policy")) {
        let text = header.text().into_owned();
        let kept = text.split(';').filter(|directive| {
            !directive.trim_start().to_ascii_lowercase().starts_with("frame-ancestors")
        });
        header.value = kept.collect::<Vec<_>>().join(";").into_bytes();
    }
}

/// The parameters of `Fetch.fulfillRequest` for an image that nobody will look at.
pub(super) fn blank_image(id: &str) -> Value {
    const PIXEL: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
    let headers = json!([{ "name": "Content-Type", "value": "image/gif" }]);
    json!({ "requestId": id, "responseCode": 200, "responseHeaders": headers, "body": PIXEL })
}

/// The parameters of `Fetch.fulfillRequest` for an answer without content, after which an
/// `EventSource` does not ask again.
pub(super) fn nothing(id: &str) -> Value {
    json!({ "requestId": id, "responseCode": 204, "responseHeaders": [] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;

    fn params(resource: &str, request: &Value) -> Value {
        json!({ "requestId": "r1", "frameId": "F", "resourceType": resource, "request": request })
    }

    #[test]
    fn a_paused_request_is_what_would_stand_on_the_wire() {
        let paused = Paused::read(&params(
            "XHR",
            &json!({
                "url": "http://127.0.0.1:1/a?b=1#part", "method": "POST", "postData": "x=1",
                "postDataEntries": [{ "bytes": "eD0x" }, { "bytes": "Jnk9Mg==" }],
                "headers": {
                    "Accept": "*/*", "Cookie": "a=1; b=x=2; odd", "Content-Type": "text/plain",
                    "X-Bad": "1\r\nX-Other: 2", "Accept-Encoding": "br",
                },
            }),
        ))
        .expect("a paused request");
        let request = paused.request.expect("it can be sent");
        assert_eq!(
            (request.method.as_str(), request.url().as_str()),
            ("POST", "http://127.0.0.1:1/a?b=1")
        );
        assert_eq!(request.body, b"x=1&y=2");
        let names: Vec<_> = request.headers.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(names, ["Accept", "Content-Type"]);
        let cookies: Vec<_> =
            paused.cookies.iter().map(|(name, value)| format!("{name}|{value}")).collect();
        assert_eq!(cookies, ["a|1", "b|x=2"]);
        assert_eq!(paused.purpose, Purpose::Data);
    }

    #[test]
    fn what_is_no_address_is_no_request() {
        for url in ["data:text/html,x", "chrome://version", "http://", "blob:http://h/1"] {
            let paused = Paused::read(&params("Document", &json!({ "url": url }))).expect("paused");
            assert!(paused.request.is_none(), "{url}");
        }
        assert!(Paused::read(&json!({ "requestId": 7 })).is_none());
    }

    #[test]
    fn an_event_stream_is_told_from_other_data() {
        let request = json!({ "url": "http://h/e", "headers": { "Accept": "text/event-stream" } });
        let paused = Paused::read(&params("XHR", &request)).expect("paused");
        assert_eq!(paused.purpose, Purpose::Events);
    }

    #[test]
    fn an_answer_keeps_its_headers_but_not_its_packing() {
        let response = Response {
            status: 302,
            reason: String::new(),
            version: HttpVersion::Http11,
            headers: vec![
                Header::new("Set-Cookie", "a=1"),
                Header::new("set-cookie", b"b=\xff\0".to_vec()),
                Header::new("Content-Encoding", "gzip"),
            ],
            body: b"x".to_vec(),
            wire_len: 0,
            truncated: false,
        };
        let params = answer("r", &response);
        let lines = STANDARD.decode(params["binaryResponseHeaders"].as_str().expect("text"));
        assert_eq!(lines.expect("base64"), b"Set-Cookie: a=1\0set-cookie: b=\xff\0");
        assert_eq!(params["responseCode"], 302);
    }
}
