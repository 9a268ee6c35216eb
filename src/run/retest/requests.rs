//! Requests that a report keeps of a finding.

use crate::model::Evidence;
use crate::model::EvidenceRole;
use crate::model::Finding;
use crate::model::Header;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Redactor;
use crate::model::Report;
use crate::model::Request;
use crate::model::SiteNode;
use crate::model::Target;
use crate::model::stateless_shape;

/// Nodes of the site model that are taken for one finding.
const NODES: usize = 8;

/// Headers that the wire makes itself, or that belong to one connection.
const OF_THE_WIRE: [&str; 5] =
    ["content-length", "transfer-encoding", "connection", "accept-encoding", "host"];

/// The request without its attack, and what else of the site it was made of: for a check to start
/// from again.
pub(super) fn to_probe(report: &Report, finding: &Finding, to: &Target) -> Vec<Request> {
    let from = from_origin(report);
    let baselines = finding.evidence.iter().filter(|one| one.role == EvidenceRole::Baseline);
    let mut requests: Vec<Request> =
        baselines.filter_map(|one| recorded(one, finding, from.as_ref(), to)).collect();
    let nodes = report.site.iter().filter(|node| is_place_of(node, finding)).take(NODES);
    for node in nodes {
        let pages = node.found_on.iter().filter_map(|url| get(url, from.as_ref(), to));
        requests.extend(pages);
        requests.extend(example(node, from.as_ref(), to));
    }
    if requests.is_empty() && finding.method == "GET" {
        requests.extend(get(&finding.url, from.as_ref(), to));
    }
    requests
}

/// The very request in whose answer a rule saw the flaw; `None` if the report has it not whole.
pub(super) fn to_repeat(report: &Report, finding: &Finding, to: &Target) -> Option<Request> {
    let shown = finding.evidence.iter().find(|one| one.role == EvidenceRole::Attack)?;
    recorded(shown, finding, from_origin(report).as_ref(), to)
}

/// Whether a node of the site model is where a finding is.
pub(super) fn is_place_of(node: &SiteNode, finding: &Finding) -> bool {
    let shape = |url: &str| Target::parse(url).ok().map(|it| stateless_shape(&it.path_and_query));
    node.method == finding.method
        && (node.path_template == finding.path_template
            || shape(&node.example.url).is_some_and(|own| Some(own) == shape(&finding.url)))
}

fn from_origin(report: &Report) -> Option<Origin> {
    let run = report.run.as_ref()?;
    Target::parse(&run.target).ok().map(|target| target.origin)
}

/// The origin today of what was at an origin then.
fn moved(origin: Origin, from: Option<&Origin>, to: &Target) -> Origin {
    if Some(&origin) == from { to.origin.clone() } else { origin }
}

fn get(url: &str, from: Option<&Origin>, to: &Target) -> Option<Request> {
    let target = Target::parse(url).ok().filter(|_| !is_masked(url.as_bytes()))?;
    Some(Request::get(moved(target.origin, from, to), target.path_and_query))
}

fn example(node: &SiteNode, from: Option<&Origin>, to: &Target) -> Option<Request> {
    let example = &node.example;
    if is_masked(&example.body) {
        return None;
    }
    let request = get(&example.url, from, to)?;
    let headers = example.headers.iter();
    let headers = headers.map(|(name, value)| Header::new(name.clone(), value.clone()));
    Some(Request {
        method: Method::new(node.method.clone()),
        headers: kept(headers.collect()),
        body: example.body.clone(),
        ..request
    })
}

/// The request as it stood on the wire, without credentials: those are the plan's to give.
fn recorded(
    evidence: &Evidence,
    finding: &Finding,
    from: Option<&Origin>,
    to: &Target,
) -> Option<Request> {
    let data = &evidence.request.data;
    if evidence.request.truncated {
        return None;
    }
    let end = memchr::memmem::find(data, b"\r\n\r\n")?;
    let (head, body) = (&data[..end], &data[end + 4..]);
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let mut first = lines.next()?.splitn(3, |byte| *byte == b' ');
    let (method, path) = (first.next()?, first.next()?);
    if is_masked(path) || is_masked(body) || !path.starts_with(b"/") {
        return None;
    }
    let origin = Target::parse(&finding.url).ok()?.origin;
    let headers = lines.filter_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        Some(Header::new(name, line[colon + 1..].trim_ascii()))
    });
    Some(Request {
        origin: moved(origin, from, to),
        method: Method::new(String::from_utf8_lossy(method)),
        path_and_query: path.to_vec(),
        headers: kept(headers.collect()),
        body: body.to_vec(),
    })
}

fn kept(headers: Vec<Header>) -> Vec<Header> {
    let is_kept = |header: &Header| {
        !OF_THE_WIRE.iter().any(|name| header.is(name))
            && !Redactor::is_secret_header(&header.name)
            && !is_masked(&header.value)
    };
    headers.into_iter().filter(is_kept).collect()
}

fn is_masked(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, Redactor::MASK.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Recorded;
    use crate::run::bed;

    fn finding(request: &str) -> Finding {
        let request = Recorded { data: request.as_bytes().to_vec(), truncated: false };
        let evidence = Evidence {
            role: EvidenceRole::Attack,
            identity: None,
            request,
            response: None,
            timings: crate::model::Timings::default(),
            highlight: None,
        };
        Finding { evidence: vec![evidence], ..bed::finding("http://127.0.0.1:1/a") }
    }

    fn repeated(request: &str) -> Option<Request> {
        let to = Target::parse("http://127.0.0.1:2/").expect("a target");
        let mut report = Report { run: Some(bed::run_info()), ..Report::default() };
        if let Some(run) = &mut report.run {
            run.target = "http://127.0.0.1:1/".to_owned();
        }
        to_repeat(&report, &finding(request), &to)
    }

    #[test]
    fn a_recorded_request_goes_to_where_the_target_is_now_without_credentials() {
        let request = repeated(
            "POST /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:1\r\nCookie: sid=[redacted]\r\n\
             Content-Length: 2\r\nX-Own: yes\r\n\r\n{}",
        )
        .expect("it can be repeated");
        assert_eq!(request.url(), "http://127.0.0.1:2/a?b=c");
        assert_eq!((request.method.as_str(), request.body.as_slice()), ("POST", &b"{}"[..]));
        assert_eq!(request.headers, [Header::new("X-Own", "yes")]);
    }

    #[test]
    fn what_lacks_a_secret_or_is_no_request_is_not_repeated() {
        for request in [
            "GET /?key=[redacted] HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\n\r\npass=[redacted]",
            "nonsense",
            "GET http://other/ HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(repeated(request), None, "{request}");
        }
    }
}
