//! Pairs of servers that read requests in different ways, byte by byte.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shakedown::model::Confidence;
use shakedown::model::Response;
use shakedown::plan::Policy;
use shakedown::plan::Strength;
use shakedown::rules::Registry;

use super::site::Scanned;
use super::site::Setup;
use super::site::html;
use super::site::later;
use super::site::not_found;
use super::site::respond;
use super::site::scan;

const RULE: &str = "request-smuggling";

/// How a server tells where a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// By its length, whatever else it says.
    Length,
    /// By its chunks if it says so in the plain way, else by its length.
    Chunks,
    /// The same with any spelling.
    Lenient,
    /// Refuses what says it twice, in whatever way.
    Strict,
}

/// What a server makes of the bytes that it has.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// A whole request, of so many bytes.
    Whole(usize),
    Waits,
    Refused,
}

fn head(bytes: &[u8]) -> Option<(usize, Vec<(String, String)>)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.to_owned()))
    };
    Some((end, text.lines().skip(1).filter_map(pair).collect()))
}

fn is_coding(name: &str, value: &str, reader: Reader) -> bool {
    match reader {
        Reader::Length => false,
        Reader::Chunks => name == "transfer-encoding" && value == " chunked",
        Reader::Lenient | Reader::Strict => {
            name.trim() == "transfer-encoding" && value.to_ascii_lowercase().contains("chunked")
        }
    }
}

fn read(bytes: &[u8], reader: Reader) -> Read {
    let Some((start, headers)) = head(bytes) else { return Read::Waits };
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: Option<usize> = length.and_then(|(_, value)| value.trim().parse().ok());
    let chunks = headers.iter().any(|(name, value)| is_coding(name, value, reader));
    if chunks && length.is_some() && reader == Reader::Strict {
        return Read::Refused;
    }
    if !chunks {
        let end = start + length.unwrap_or(0);
        return if bytes.len() < end { Read::Waits } else { Read::Whole(end) };
    }
    let mut at = start;
    loop {
        let Some(line) = bytes[at..].windows(2).position(|two| two == b"\r\n") else {
            return Read::Waits;
        };
        let size = std::str::from_utf8(&bytes[at..at + line]).ok();
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else {
            return Read::Refused;
        };
        at += line + 2 + size + 2;
        if at > bytes.len() {
            return Read::Waits;
        }
        if size == 0 {
            return Read::Whole(at);
        }
    }
}

/// What comes back from the first server, which passes on what it takes for the request; and what is left
/// at the second one for whoever comes next.
fn passed_on(bytes: &[u8], front: Reader, back: Reader) -> (Option<Response>, Vec<u8>) {
    let refused = || (Some(respond(400, "text/plain", "bad request")), Vec::new());
    let passed = match read(bytes, front) {
        Read::Whole(end) => &bytes[..end],
        Read::Waits => return (None, Vec::new()),
        Read::Refused => return refused(),
    };
    match read(passed, back) {
        Read::Whole(end) => (Some(html("<p>ok</p>")), passed[end..].to_vec()),
        Read::Waits => (None, Vec::new()),
        Read::Refused => refused(),
    }
}

async fn scan_with(
    strength: Strength,
    raw: impl Fn(&[u8]) -> Option<Response> + Send + Sync + 'static,
) -> Scanned {
    let setup =
        Setup { active: vec![RULE], strength, raw: Some(Arc::new(raw)), ..Setup::default() };
    scan(setup, |ask| match ask.path.as_str() {
        "/" => html("<a href=/shop/list>list</a>"),
        "/shop/list" => html("<p>list</p>"),
        _ => not_found(),
    })
    .await
}

async fn scan_pair(strength: Strength, front: Reader, back: Reader) -> Scanned {
    scan_with(strength, move |bytes| {
        let (answer, left) = passed_on(bytes, front, back);
        // The next request would be somebody else's; an empty line before it does not matter.
        assert!(left.iter().all(|byte| b"\r\n".contains(byte)), "{front:?} {back:?} {left:?}");
        answer
    })
    .await
}

#[tokio::test]
async fn servers_that_disagree_are_found_and_nothing_is_left_for_others() {
    use Reader::{Chunks, Length, Lenient, Strict};
    for (front, back, words) in [
        (Length, Chunks, Some("CL.TE: with Transfer-Encoding: chunked")),
        (Length, Lenient, Some("CL.TE: with Transfer-Encoding: chunked")),
        (Chunks, Length, Some("TE.CL: with Transfer-Encoding: chunked")),
        (Chunks, Lenient, Some("CL.TE: with a blank before the colon")),
        (Lenient, Chunks, Some("TE.CL: with a blank before the colon")),
        (Length, Length, None),
        (Chunks, Chunks, None),
        (Lenient, Lenient, None),
        (Strict, Chunks, None),
        (Strict, Length, None),
        (Length, Strict, None),
    ] {
        let scanned = scan_pair(Strength::High, front, back).await;
        let found = scanned.found(RULE);
        assert_eq!(found.len(), usize::from(words.is_some()), "{front:?} {back:?} {found:?}");
        for finding in found {
            let words = words.expect("something");
            assert!(finding.detail.starts_with(words), "{front:?} {back:?} {}", finding.detail);
            assert_eq!(finding.confidence, Confidence::Firm);
            assert_eq!(finding.evidence.len(), 3);
        }
        let outcome = scanned.outcome(RULE);
        assert!(outcome.requests > 0 && outcome.errors == 0, "{front:?} {back:?} {outcome:?}");
    }
}

#[tokio::test]
async fn a_clean_site_costs_two_requests_for_each_spelling_and_path() {
    for (strength, each) in [(Strength::Low, 2), (Strength::Medium, 10), (Strength::High, 24)] {
        let scanned = scan_pair(strength, Reader::Chunks, Reader::Chunks).await;
        assert_eq!(scanned.outcome(RULE).requests, 2 * each, "{strength:?}");
    }
}

#[tokio::test]
async fn a_target_that_is_slow_or_waits_anyway_is_no_finding() {
    let slow = || later(html("<p>ok</p>"), Duration::from_secs(4));
    let found = |scanned: &Scanned| scanned.found(RULE).len();
    assert_eq!(found(&scan_with(Strength::Medium, move |_| Some(slow())).await), 0);
    // Who sees two lengths never answers.
    assert_eq!(found(&scan_with(Strength::Medium, |_| None).await), 0);
    let count = AtomicU64::new(0);
    let waits_at_times = move |_: &[u8]| {
        let is_out = count.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
        (!is_out).then(|| html("<p>ok</p>"))
    };
    assert_eq!(found(&scan_with(Strength::Medium, waits_at_times).await), 0);
    let count = AtomicU64::new(0);
    let busy_at_first = move |_: &[u8]| {
        let is_busy = count.fetch_add(1, Ordering::Relaxed) < 4;
        Some(if is_busy { slow() } else { html("<p>ok</p>") })
    };
    assert_eq!(found(&scan_with(Strength::Medium, busy_at_first).await), 0);
}

#[test]
fn it_is_off_unless_everything_is_asked_for() {
    let registry = Registry::embedded();
    let tags = &registry.meta(RULE).expect("it is shipped").tags;
    let has_it = Policy::ALL.map(|policy| policy.has(tags));
    assert_eq!(has_it, Policy::ALL.map(|policy| policy == Policy::Full));
}
