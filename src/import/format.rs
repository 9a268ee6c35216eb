//! Which foreign format a file is in: its content says so, not its name.

use std::fmt;

/// Foreign formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenAPI 3.0 and 3.1, Swagger 2.
    OpenApi,
    /// What a browser recorded.
    Har,
}

impl Format {
    /// Every format with the word for it.
    pub const ALL: [(&'static str, Self); 2] = [("openapi", Self::OpenApi), ("har", Self::Har)];

    /// The format of that name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, format)| *format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenApi => "OpenAPI",
            Self::Har => "HAR",
        })
    }
}

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
    text.lines().any(is_version).then_some(Format::OpenApi)
}

fn json(text: &str) -> Option<Format> {
    let keys = top_keys(text);
    let has = |key: &str| keys.iter().any(|(depth, name)| *depth == 1 && name == key);
    if has("openapi") || has("swagger") {
        return Some(Format::OpenApi);
    }
    let has_below = |key: &str| keys.iter().any(|(_, name)| name == key);
    (has("log") && (has_below("entries") || has_below("creator"))).then_some(Format::Har)
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
