//! One line of a log: Apache's common and combined formats, nginx's, and JSON.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde_json::{Map, Value};

/// What a line tells of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) method: String,
    /// Path and query as logged, or a whole URL.
    pub(super) target: String,
    pub(super) status: Option<u16>,
    pub(super) at: Option<Timestamp>,
    /// Scheme and host, where the log has them.
    pub(super) host: Option<String>,
}

/// `host ident user [time] "request" status bytes`, with anything behind it and a virtual host
/// before it.
static COMMON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?:(\S+:\d+|[\w.-]+\.[a-z]{2,}) )?\S+ \S+ [^\[]*\[([^\]]+)\] "([^"]*)" (\d{3}|-)(?:\s|$)"#)
        .expect("a valid pattern")
});

/// What a line says; `None` if it is none.
pub(super) fn parse(line: &str) -> Option<Line> {
    if line.starts_with('{') {
        let Ok(Value::Object(map)) = serde_json::from_str::<Value>(line) else { return None };
        return json(&map);
    }
    let found = COMMON.captures(line)?;
    let (method, target) = request(&found[3])?;
    Some(Line { method, target, status: found[4].parse().ok(), at: time(&found[2]), host: None })
}

/// `GET /path HTTP/1.1`.
fn request(text: &str) -> Option<(String, String)> {
    let (method, rest) = text.split_once(' ')?;
    let target = rest.rsplit_once(" HTTP/").map_or(rest, |(target, _)| target);
    let is_method = !method.is_empty() && method.chars().all(|c| c.is_ascii_uppercase());
    (is_method && is_target(target)).then(|| (method.to_owned(), target.to_owned()))
}

/// A path, or a whole URL.
fn is_target(text: &str) -> bool {
    text.starts_with('/') || text.contains("://")
}

/// The first of several keys, with a dot for an object inside.
fn first<'a>(map: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().find_map(|key| {
        if let Some(value) = map.get(*key) {
            return Some(value);
        }
        let mut parts = key.split('.');
        let top = map.get(parts.next()?)?;
        parts.try_fold(top, |value, part| value.get(part))
    })
}

/// Names that servers and proxies give to these things.
fn json(map: &Map<String, Value>) -> Option<Line> {
    let text = |keys: &[&str]| {
        first(map, keys).and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let whole = text(&["request", "requestLine", "httpRequest.requestLine"]);
    let (method, target) = if let Some(found) = whole.as_deref().and_then(request) {
        found
    } else {
        let methods = [
            "method",
            "request_method",
            "http_method",
            "requestMethod",
            "RequestMethod",
            "verb",
            "request.method",
            "http.request.method",
            "httpRequest.requestMethod",
        ];
        let targets = [
            "uri",
            "request_uri",
            "path",
            "url",
            "requestUri",
            "RequestPath",
            "request_path",
            "request.uri",
            "request.url",
            "url.original",
            "url.path",
            "http.url",
            "httpRequest.requestUrl",
        ];
        (text(&methods)?.to_ascii_uppercase(), text(&targets)?)
    };
    if !is_target(&target) {
        return None;
    }
    let status = text(&[
        "status",
        "status_code",
        "statusCode",
        "response_code",
        "DownstreamStatus",
        "code",
        "response.status",
        "http.response.status_code",
        "httpRequest.status",
    ]);
    let at = text(&[
        "time",
        "timestamp",
        "@timestamp",
        "time_iso8601",
        "time_local",
        "ts",
        "StartUTC",
        "datetime",
        "date",
        "msec",
    ]);
    let host =
        text(&["host", "http_host", "server_name", "RequestHost", "request.host", "url.domain"]);
    Some(Line {
        method,
        target,
        status: status.and_then(|status| status.parse().ok()),
        at: at.as_deref().and_then(time),
        host,
    })
}

/// Whether a JSON object is a line of a log.
pub(super) fn is_json(map: &Map<String, Value>) -> bool {
    json(map).is_some()
}

/// Apache's, ISO 8601, or seconds since the epoch.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text) {
        return time.to_timestamp().ok();
    }
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let seconds: f64 = text.parse().ok()?;
    let millis = if seconds > 1e11 { seconds } else { seconds * 1000.0 };
    #[expect(clippy::cast_possible_truncation, reason = "beyond jiff's range it is refused")]
    Timestamp::from_millisecond(millis as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_formats_are_read() {
        let common =
            r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.0" 200 2326"#;
        let line = parse(common).expect("common");
        assert_eq!(
            (line.method.as_str(), line.target.as_str(), line.status),
            ("GET", "/a?b=c", Some(200))
        );
        assert_eq!(line.at.expect("a time").as_second(), 971_211_336);
        let combined = format!(r#"{common} "http://x/" "Mozilla \"x\"" 0.003"#);
        assert_eq!(parse(&combined), parse(common));
        let ipv6 = common.replace("127.0.0.1", "::1");
        assert!(parse(&ipv6).is_some());
        let json = r#"{"time":"2026-01-01T00:00:01Z","method":"POST","uri":"/x","status":"201","host":"a.example"}"#;
        let line = parse(json).expect("JSON");
        assert_eq!((line.method.as_str(), line.status), ("POST", Some(201)));
        assert_eq!(line.host.as_deref(), Some("a.example"));
        let caddy =
            r#"{"ts":1646861401.5,"request":{"method":"GET","host":"h","uri":"/"},"status":200}"#;
        assert_eq!(parse(caddy).expect("Caddy's").target, "/");
        for odd in ["", "words", r#"x - - [t] "\x16\x03" 400 0"#, "{}", "{\"a\":"] {
            assert!(parse(odd).is_none(), "{odd}");
        }
    }
}
