//! Examples in rule files: raw responses that a rule must or must not match.

use crate::model::Exchange;
use crate::model::Header;
use crate::model::HttpVersion;
use crate::model::Request;
use crate::model::Response;
use crate::model::Target;
use crate::model::Timings;

/// A URL that no example gives: a name that never resolves.
const DEFAULT_URL: &str = "http://shop.example/";

/// Whether the rule must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// It must.
    Match,
    /// It must not.
    NoMatch,
}

/// One example.
#[derive(Debug)]
pub struct Example {
    /// What the rule must say about it.
    pub expectation: Expectation,
    /// Request and response.
    pub exchange: Exchange,
    /// Line in the rule file, from 1.
    pub line: u64,
}

/// The exchange that an example writes down. The head's lines may end in LF alone.
pub(super) fn parse(url: Option<&str>, text: &str) -> Result<Exchange, String> {
    let target = Target::parse(url.unwrap_or(DEFAULT_URL)).map_err(|error| error.to_string())?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let (head, body) = match text.split_once("\n\n") {
        Some((head, body)) => (head, body),
        None => (text, ""),
    };
    let mut lines = head.lines();
    let mut response = status_line(lines.next().unwrap_or_default())?;
    for line in lines {
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("`{line}` is not a header line"))?;
        response.headers.push(Header::new(name.trim(), value.trim()));
    }
    response.body = body.as_bytes().to_vec();
    Ok(Exchange {
        request: Request::get(target.origin, target.path_and_query),
        outcome: Ok(response),
        timings: Timings::default(),
        peer: None,
        tls: None,
    })
}

fn status_line(line: &str) -> Result<Response, String> {
    let error = || format!("`{line}` is not a status line; write it like HTTP/1.1 200 OK");
    let rest = line.strip_prefix("HTTP/").ok_or_else(error)?;
    let mut words = rest.splitn(3, ' ');
    let version = words.next().and_then(HttpVersion::parse).ok_or_else(error)?;
    let status = words.next().and_then(|word| word.parse().ok()).ok_or_else(error)?;
    let reason = words.next().unwrap_or_default().to_owned();
    Ok(Response {
        status,
        reason,
        version,
        headers: Vec::new(),
        body: Vec::new(),
        wire_len: 0,
        truncated: false,
    })
}
