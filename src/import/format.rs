//! Which foreign format a file is in: its content says so, not its name.

use std::fmt;

use serde_json::Value;

use super::access_log;
use super::zap;

/// Foreign formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenAPI 3.0 and 3.1, Swagger 2.
    OpenApi,
    /// What a browser recorded.
    Har,
    /// A Postman collection 2.0 or 2.1.
    Postman,
    /// curl command lines.
    Curl,
    /// A GraphQL schema: introspection or SDL.
    GraphQl,
    /// One URL on each line.
    Urls,
    /// What a web server logged.
    AccessLog,
    /// k6's `options`, as JSON.
    K6,
    /// The configuration of ZAP's baseline scan.
    Zap,
    /// What our own crawl found; no file is in it.
    Crawl,
}

impl Format {
    /// Every format with the word for it.
    pub const ALL: [(&'static str, Self); 9] = [
        ("openapi", Self::OpenApi),
        ("har", Self::Har),
        ("postman", Self::Postman),
        ("curl", Self::Curl),
        ("graphql", Self::GraphQl),
        ("urls", Self::Urls),
        ("access-log", Self::AccessLog),
        ("k6", Self::K6),
        ("zap", Self::Zap),
    ];

    /// The format of that name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, format)| *format)
    }

    /// Whether it describes requests; the others only how to load or scan.
    pub fn has_requests(self) -> bool {
        !matches!(self, Self::K6 | Self::Zap)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenApi => "OpenAPI",
            Self::Har => "HAR",
            Self::Postman => "Postman",
            Self::Curl => "curl",
            Self::GraphQl => "GraphQL",
            Self::Urls => "URL list",
            Self::AccessLog => "access log",
            Self::K6 => "k6 options",
            Self::Zap => "ZAP baseline configuration",
            Self::Crawl => "crawl",
        })
    }
}

/// Lines that are looked at.
const LINES: usize = 40;

/// What a text is, by its first lines; a JSON document by its keys, whose values may be cut off.
pub(super) fn sniff(text: &str) -> Option<Format> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if super::document::looks_like_json(text) {
        return json(text);
    }
    // Sorted by key, it stands behind everything else.
    let is_version = |line: &str| {
        ["openapi:", "swagger:", "\"openapi\":", "\"swagger\":", "'openapi':", "'swagger':"]
            .iter()
            .any(|key| line.starts_with(key))
    };
    if text.lines().any(is_version) {
        return Some(Format::OpenApi);
    }
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty())
        .take(LINES)
        .collect();
    let is_plan = |line: &str| {
        ["version:", "target:", "requests:", "flows:", "scenarios:", "scan:"]
            .iter()
            .any(|key| line.starts_with(key))
    };
    if lines.iter().any(|line| is_plan(line)) {
        return None;
    }
    // `#` begins a comment everywhere but in SDL's and curl's strings.
    let said: Vec<&str> =
        lines.iter().map(|line| line.trim()).filter(|line| !line.starts_with('#')).collect();
    let first = said.first()?;
    if said.iter().any(|line| super::curl::is_command(line)) {
        return Some(Format::Curl);
    }
    if zap::is_rule(first) {
        return Some(Format::Zap);
    }
    if said.iter().all(|line| is_url(line)) {
        return Some(Format::Urls);
    }
    if said.iter().take(5).any(|line| access_log::is_line(line)) {
        return Some(Format::AccessLog);
    }
    said.iter().any(|line| is_sdl(line)).then_some(Format::GraphQl)
}

/// A URL alone, or with a method before it.
fn is_url(line: &str) -> bool {
    let is_method = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase());
    let url = match line.split_once(char::is_whitespace) {
        Some((method, url)) if is_method(method) => url.trim_start(),
        _ => line,
    };
    url.split_once("://").is_some_and(|(scheme, rest)| {
        (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
            && !rest.contains(char::is_whitespace)
    })
}

fn is_sdl(line: &str) -> bool {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some("schema"), Some(next)) => next.starts_with(['{', '@']),
        (Some("extend"), Some("type" | "schema")) => true,
        (Some("type" | "interface" | "enum" | "input" | "union" | "scalar"), Some(name)) => {
            name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '{' | '@' | '='))
        }
        (Some("directive"), Some(name)) => name.starts_with('@'),
        _ => false,
    }
}

fn json(text: &str) -> Option<Format> {
    let first = text.trim_start().lines().next().unwrap_or_default();
    if let Ok(Value::Object(line)) = serde_json::from_str::<Value>(first)
        && access_log::is_json(&line)
    {
        return Some(Format::AccessLog);
    }
    let keys = top_keys(text);
    let has = |key: &str| keys.iter().any(|(depth, name)| *depth == 1 && name == key);
    let has_below = |key: &str| keys.iter().any(|(_, name)| name == key);
    if has("openapi") || has("swagger") {
        return Some(Format::OpenApi);
    }
    // A plan may be JSON too.
    if has("target") && has("version") {
        return None;
    }
    if has("log") && (has_below("entries") || has_below("creator")) {
        return Some(Format::Har);
    }
    if has("__schema") || (has("data") && has_below("__schema")) {
        return Some(Format::GraphQl);
    }
    let is_collection = has("item") && (has("info") || has_below("request"))
        || has("collection") && has_below("item");
    if is_collection || has("_postman_variable_scope") || has_below("_postman_id") {
        return Some(Format::Postman);
    }
    let k6 = ["scenarios", "stages", "vus", "iterations", "thresholds", "duration", "rps"];
    k6.iter().any(|key| has(key)).then_some(Format::K6)
}

/// Names of keys on the first three levels, as far as the text goes: it may be cut off anywhere.
fn top_keys(text: &str) -> Vec<(usize, String)> {
    let mut keys = Vec::new();
    let (mut depth, mut bytes) = (0_usize, text.bytes().enumerate().peekable());
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let mut end = None;
                while let Some((index, inner)) = bytes.next() {
                    match inner {
                        b'\\' => drop(bytes.next()),
                        b'"' => {
                            end = Some(index);
                            break;
                        }
                        _ => {}
                    }
                }
                let Some(end) = end else { break };
                let is_key = text[end + 1..].trim_start().starts_with(':');
                if is_key && depth <= 3 {
                    keys.push((depth, text[at + 1..end].to_owned()));
                }
            }
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let cases = [
            ("openapi: 3.0.0\ninfo: {}\n", Some(Format::OpenApi)),
            ("# x\n---\nswagger: '2.0'\n", Some(Format::OpenApi)),
            ("{\"info\":{},\"swagger\":\"2.0\",\"paths\":{\"/a", Some(Format::OpenApi)),
            ("{\"log\":{\"version\":\"1.2\",\"creator\":{}", Some(Format::Har)),
            ("{\"info\":{\"_postman_id\":\"x\"},\"item\":[", Some(Format::Postman)),
            ("{\"item\":[{\"request\":{\"url\":", Some(Format::Postman)),
            ("# mine\ncurl 'http://a/' \\\n -H x", Some(Format::Curl)),
            ("{\"data\":{\"__schema\":{", Some(Format::GraphQl)),
            ("\"\"\"Text\"\"\"\ntype Query {\n a: Int\n}\n", Some(Format::GraphQl)),
            ("http://a/\n# no\nhttps://b/c?d\n", Some(Format::Urls)),
            (
                "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 23\n",
                Some(Format::AccessLog),
            ),
            ("{\"vus\": 3, \"duration\": \"3s\"}", Some(Format::K6)),
            ("# ZAP\n10010\tWARN\t(Cookie)\n", Some(Format::Zap)),
            ("version: 1\ntarget: http://a\nscenarios: {}\n", None),
            ("{\"version\": 1, \"target\": \"http://a\", \"scenarios\": {}}", None),
            ("just words\n", None),
            ("", None),
        ];
        for (text, format) in cases {
            assert_eq!(sniff(text), format, "{text}");
        }
    }
}
