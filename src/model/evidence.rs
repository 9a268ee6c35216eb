//! From an exchange to evidence: redacted, cut, with the bytes to look at marked.

use std::ops::Range;

use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::Match;
use crate::model::MatchPart;
use crate::model::Recorded;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::Response;
use crate::model::Timings;

/// Bytes of a body that are kept.
const MAX_BODY: usize = 16 * 1024;

/// Bytes kept before a match that stands beyond the limit.
const BEFORE_MATCH: usize = 1024;

/// The exchange as evidence. `highlight` counts bytes of [`Response::to_wire`]; it is moved along
/// when redaction or cutting shifts what it points to, and dropped if that is gone.
pub fn evidence(
    role: EvidenceRole,
    exchange: &Exchange,
    highlight: Option<Range<usize>>,
    redactor: &Redactor,
) -> Evidence {
    let shown = evidence_of(role, &exchange.request, exchange.response(), highlight, redactor);
    Evidence { timings: exchange.timings, ..shown }
}

/// The same of a request and its answer, where nobody knows how long it took.
pub fn evidence_of(
    role: EvidenceRole,
    request: &Request,
    response: Option<&Response>,
    highlight: Option<Range<usize>>,
    redactor: &Redactor,
) -> Evidence {
    let request = recorded_request(request, redactor);
    let recorded = response.map(|response| {
        let (recorded, highlight) = recorded_response(response, highlight, redactor);
        (Some(recorded), highlight)
    });
    let (response, highlight) = recorded.unwrap_or_default();
    let timings = Timings::default();
    Evidence { role, identity: None, request, response, timings, highlight }
}

fn recorded_request(request: &Request, redactor: &Redactor) -> Recorded {
    let mut shown = request.clone();
    shown.path_and_query = redactor.bytes(&request.path_and_query);
    shown.headers = shown_headers(&request.headers, redactor);
    shown.body = redactor.bytes(&request.body);
    let truncated = shown.body.len() > MAX_BODY;
    shown.body.truncate(MAX_BODY);
    Recorded { data: shown.to_wire(), truncated }
}

fn recorded_response(
    response: &Response,
    highlight: Option<Range<usize>>,
    redactor: &Redactor,
) -> (Recorded, Option<Match>) {
    let head = response.head_to_wire();
    let shown = Response {
        headers: shown_headers(&response.headers, redactor),
        body: Vec::new(),
        ..response.clone()
    };
    let mut data = shown.head_to_wire();
    let body = redactor.bytes(&response.body);
    let in_head = highlight.clone().filter(|range| range.end <= head.len());
    let in_body = highlight.filter(|range| range.start >= head.len());
    let body_range = in_body.and_then(|range| {
        let range = range.start - head.len()..range.end - head.len();
        moved(&response.body, &body, range, redactor)
    });
    let start = match &body_range {
        Some(range) if range.end > MAX_BODY => range.start.saturating_sub(BEFORE_MATCH),
        _ => 0,
    };
    let end = body.len().min(start + MAX_BODY);
    let found = match (in_head, body_range) {
        (Some(range), _) => {
            moved_in_head(&head, &data, &range, redactor).map(|range| (MatchPart::Header, range))
        }
        (None, Some(range)) => {
            let range = range.start - start + data.len()..range.end.min(end) - start + data.len();
            Some((MatchPart::Body, range))
        }
        (None, None) => None,
    };
    let truncated = response.truncated || end - start < body.len();
    data.extend_from_slice(&body[start..end]);
    let highlight =
        found.map(|(part, range)| Match { part, offset: range.start, length: range.len() });
    (Recorded { data, truncated }, highlight)
}

fn shown_headers(headers: &[Header], redactor: &Redactor) -> Vec<Header> {
    headers
        .iter()
        .map(|header| Header::new(header.name.clone(), redactor.header_value(header)))
        .collect()
}

/// Where the bytes of `range` in `before` stand in `after`: the occurrence nearest to where the
/// redaction of all that comes before would put them.
fn moved(
    before: &[u8],
    after: &[u8],
    range: Range<usize>,
    redactor: &Redactor,
) -> Option<Range<usize>> {
    let needle = redactor.bytes(before.get(range.clone())?);
    if needle.is_empty() {
        return None;
    }
    let expected = redactor.bytes(&before[..range.start]).len();
    if after.get(expected..expected + needle.len()) == Some(&needle) {
        return Some(expected..expected + needle.len());
    }
    memchr::memmem::find_iter(after, &needle)
        .min_by_key(|at| at.abs_diff(expected))
        .map(|at| at..at + needle.len())
}

/// The same inside a head: lines correspond to lines, and where a value is masked the whole line is
/// what there is to see.
fn moved_in_head(
    before: &[u8],
    after: &[u8],
    range: &Range<usize>,
    redactor: &Redactor,
) -> Option<Range<usize>> {
    let lines = |bytes: &[u8]| {
        let mut start = 0;
        let mut found = Vec::new();
        for end in memchr::memmem::find_iter(bytes, b"\r\n") {
            found.push(start..end);
            start = end + 2;
        }
        found
    };
    let (old_lines, new_lines) = (lines(before), lines(after));
    let index =
        old_lines.iter().position(|line| line.start <= range.start && range.start <= line.end)?;
    let (old, new) = (&old_lines[index], new_lines.get(index)?);
    let within = range.start - old.start..range.end.min(old.end) - old.start;
    let placed = moved(&before[old.clone()], &after[new.clone()], within, redactor);
    Some(placed.map_or_else(|| new.clone(), |at| new.start + at.start..new.start + at.end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HttpVersion;
    use crate::model::Target;

    fn exchange(headers: Vec<Header>, body: &[u8]) -> Exchange {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let mut request = Request::get(origin, "/?token=hunter22");
        request.headers.push(Header::new("Authorization", "Bearer abc"));
        Exchange {
            request,
            outcome: Ok(Response {
                status: 200,
                reason: "OK".to_owned(),
                version: HttpVersion::Http11,
                headers,
                body: body.to_vec(),
                wire_len: 0,
                truncated: false,
            }),
            timings: Timings::default(),
            peer: None,
            tls: None,
        }
    }

    fn highlighted(exchange: &Exchange, needle: &str) -> Option<String> {
        let wire = exchange.response().expect("a response").to_wire();
        let at = memchr::memmem::rfind(&wire, needle.as_bytes()).expect("the needle is there");
        let redactor = Redactor::new([("PASSWORD", "hunter22")]);
        let evidence =
            evidence(EvidenceRole::Attack, exchange, Some(at..at + needle.len()), &redactor);
        let found = evidence.highlight?;
        let data = evidence.response.expect("a response").data;
        Some(String::from_utf8_lossy(&data[found.offset..found.offset + found.length]).into_owned())
    }

    #[test]
    fn secrets_are_gone_and_the_match_still_points_to_its_bytes() {
        let body = b"hunter22 hunter22 <b>ERROR</b> hunter22";
        let exchange = exchange(vec![Header::new("Set-Cookie", "sid=secret; Path=/")], body);
        assert_eq!(highlighted(&exchange, "ERROR").as_deref(), Some("ERROR"));
        let evidence = evidence(
            EvidenceRole::Attack,
            &exchange,
            None,
            &Redactor::new([("PASSWORD", "hunter22")]),
        );
        let all = [evidence.request.data, evidence.response.expect("a response").data].concat();
        let all = String::from_utf8_lossy(&all);
        for secret in ["hunter22", "abc", "sid=secret"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
    }

    #[test]
    fn a_match_beyond_the_limit_stays_in_what_is_kept() {
        let mut body = vec![b'a'; 100_000];
        body.extend_from_slice(b"PROOF");
        body.extend_from_slice(&vec![b'b'; 100_000]);
        let exchange = exchange(Vec::new(), &body);
        assert_eq!(highlighted(&exchange, "PROOF").as_deref(), Some("PROOF"));
        let recorded = evidence(EvidenceRole::Attack, &exchange, None, &Redactor::default());
        let response = recorded.response.expect("a response");
        assert!(response.truncated);
        assert!(response.data.len() < MAX_BODY + 200);
    }

    #[test]
    fn a_match_in_a_masked_header_marks_its_line() {
        let exchange = exchange(
            vec![Header::new("Server", "x/1"), Header::new("Set-Cookie", "sid=secret; Path=/")],
            b"",
        );
        assert_eq!(
            highlighted(&exchange, "sid=secret; Path=/").as_deref(),
            Some("Set-Cookie: sid=[redacted]; Path=/")
        );
        assert_eq!(highlighted(&exchange, "x/1").as_deref(), Some("x/1"));
    }
}
