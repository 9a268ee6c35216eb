//! Two servers in a row that do not agree where a request ends.
//!
//! A request says twice how long it is. Where the first server goes by the one and the second by the other,
//! a length can be chosen with which the second waits for bytes that never come: the answer stays out. The
//! same request with another number as its length is answered at once, wherever both servers look. Three
//! times the one and three times the other, in random order, is proof that they differ; a target that is
//! slow by itself is slow for both.
//!
//! Nobody else's request can be hurt: each goes over a connection of its own that is closed after it, and
//! the second server gets a request that is cut short, never one with something behind it. The kind where
//! the first server goes by the length is asked first (CL.TE), as a target of that kind has something left
//! when it is asked for the other (TE.CL); what that is, is an empty line, which servers pass over before a
//! request (RFC 9112 §2.2). For the same reason no request is smuggled in proof, and kinds that show by
//! nothing else are not looked for: a second server that takes no notice of lengths (CL.0), and what comes
//! of HTTP/2 made HTTP/1.1 on the way.
//!
//! Cost at a clean site: 2 requests for each spelling of the header at each of up to three paths.

use std::collections::BTreeSet;
use std::time::Duration;

use super::disguise::Disguise;
use super::disguise::disguises;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::scan::probe::Attempt;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(6);

/// An answer that takes so long waits for something.
const WAITING: Duration = Duration::from_secs(3);

/// An answer that takes less does not.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Paths that are asked for: servers behind the first may differ by path.
const MAX_PATHS: usize = 3;

/// Waits in all, each with an answer at once.
const ROUNDS: usize = 3;

/// See the module.
pub(in crate::scan::checks) struct RequestSmuggling;

/// Which length each of the two servers goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The first by `Content-Length`, the second by `Transfer-Encoding`.
    ClTe,
    /// The other way about.
    TeCl,
}

impl Kind {
    /// In the order in which they are safe to ask.
    const ALL: [Self; 2] = [Self::ClTe, Self::TeCl];

    fn name(self) -> &'static str {
        match self {
            Self::ClTe => "CL.TE",
            Self::TeCl => "TE.CL",
        }
    }

    /// A body, and a length with which the second server waits. In the first case it gets a chunk without
    /// an end; who goes by chunks alone finds the next one's size to be none, and who goes by the length
    /// alone has all. In the second it gets the end of chunks, and waits for two bytes more.
    fn body(self) -> (&'static str, usize) {
        match self {
            Self::ClTe => ("1\r\nz\r\nq\r\n\r\n", 4),
            Self::TeCl => ("0\r\n\r\n\r\n", 7),
        }
    }

    /// A length with which nobody waits: all of the body, or what is before the empty line.
    fn whole(self) -> usize {
        match self {
            Self::ClTe => self.body().0.len(),
            Self::TeCl => 5,
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::ClTe => {
                "the first server ends the request by its length and the second by its chunks"
            }
            Self::TeCl => {
                "the first server ends the request by its chunks and the second by its length"
            }
        }
    }
}

impl SiteCheck for RequestSmuggling {
    fn id(&self) -> &'static str {
        "request-smuggling"
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    for node in places(probe) {
        for disguise in disguises(probe.sender().strength()) {
            for kind in Kind::ALL {
                let question = Question { node: &node, disguise: *disguise, kind };
                match question.ask(probe).await? {
                    Answer::Clean => {}
                    Answer::Found => return Ok(Outcome::Clean),
                    // Whoever waits without our knowing why is not asked for more here.
                    Answer::Doubtful => break,
                }
            }
        }
    }
    Ok(Outcome::Clean)
}

/// Pages of different folders, and one that takes a body first.
fn places(probe: &SiteProbe) -> Vec<Node> {
    let mut reached: Vec<Node> = probe.reached();
    let Some(origin) = reached.first().map(|node| node.examples[0].origin.clone()) else {
        return Vec::new();
    };
    reached.retain(|node| node.examples[0].origin == origin && node.status.is_some());
    let folder = |node: &Node| {
        let path = node.path_template.trim_start_matches('/');
        path.split_once('/').map_or("", |(folder, _)| folder).to_owned()
    };
    let mut seen = BTreeSet::new();
    reached.into_iter().filter(|node| seen.insert(folder(node))).take(MAX_PATHS).collect()
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Clean,
    Found,
    Doubtful,
}

struct Question<'a> {
    node: &'a Node,
    disguise: Disguise,
    kind: Kind,
}

impl Question<'_> {
    async fn ask(&self, probe: &mut SiteProbe) -> Result<Answer, ProbeStop> {
        let first = self.send(probe, self.kind.body().1).await?;
        if !waits(&first) {
            return Ok(Answer::Clean);
        }
        probe.sender().stand_alone().await;
        let found = self.confirm(probe, first).await;
        probe.sender().rejoin();
        found
    }

    /// In random order, so that no state of the target is the cause.
    async fn confirm(&self, probe: &mut SiteProbe, first: Attempt) -> Result<Answer, ProbeStop> {
        let (short, whole) = (self.kind.body().1, self.kind.whole());
        let mut lengths = vec![whole];
        lengths.extend([[short, whole]; ROUNDS - 1].concat());
        probe.sender().shuffle(&mut lengths[1..]);
        let (mut replay, mut control, mut slowest) = (None, None, Duration::ZERO);
        for length in lengths {
            let attempt = self.send(probe, length).await?;
            if length == short && waits(&attempt) {
                replay = Some(attempt);
            } else if length == whole && is_at_once(&attempt) {
                slowest = slowest.max(took(&attempt));
                control = Some(attempt);
            } else {
                return Ok(Answer::Doubtful);
            }
        }
        let (Some(replay), Some(control)) = (replay, control) else { return Ok(Answer::Doubtful) };
        let detail = format!(
            "{}: with {} and a Content-Length of {} no answer comes within {} s, {ROUNDS} times; with \
             one of {} it takes {} ms at most, as often, in random order: {}",
            self.kind.name(),
            self.disguise.what,
            short,
            WAITING.as_secs(),
            whole,
            slowest.as_millis(),
            self.kind.why(),
        );
        let payloads = vec![first.value.clone(), control.value.clone()];
        let exhibits = vec![
            Exhibit::attempted(EvidenceRole::Attack, first),
            Exhibit::attempted(EvidenceRole::Replay, replay),
            Exhibit::attempted(EvidenceRole::Control, control),
        ];
        let proof = Proof { confidence: Confidence::Firm, detail, exhibits, payloads };
        probe.found(self.node, None, proof);
        Ok(Answer::Found)
    }

    async fn send(&self, probe: &mut SiteProbe, length: usize) -> Result<Attempt, ProbeStop> {
        let request = self.request(probe, length);
        let value = format!("{} {length}", self.kind.name());
        let stands_for = self.node.examples[0].path_and_query_text().into_owned();
        let attempt = probe.attempt_bytes(&request, &value, stands_for, PATIENCE).await?;
        match attempt.failure() {
            Some(failure) if !is_of_answer(failure.class) => {
                Err(ProbeStop::Failed(failure.clone()))
            }
            _ => Ok(attempt),
        }
    }

    fn request(&self, probe: &SiteProbe, length: usize) -> Request {
        let base = &self.node.examples[0];
        // Most servers take a body with POST only; where nothing may be changed, GET has to do.
        let method = if probe.allows_unsafe() { "POST" } else { "GET" };
        let mut request = Request::get(base.origin.clone(), base.path_and_query.clone());
        request.method = Method::new(method);
        request.headers = vec![
            Header::new("User-Agent", concat!("shakedown/", env!("CARGO_PKG_VERSION"))),
            Header::new("Accept", "*/*"),
            Header::new("Content-Type", "application/x-www-form-urlencoded"),
            Header::new("Content-Length", length.to_string()),
        ];
        request.headers.extend(self.disguise.headers());
        request.body = self.kind.body().0.as_bytes().to_vec();
        request
    }
}

fn took(attempt: &Attempt) -> Duration {
    attempt.exchange.timings.wait
}

/// Whether an answer stays out, or is one only because somebody else lost patience.
fn waits(attempt: &Attempt) -> bool {
    let is_out =
        attempt.failure().is_some_and(|failure| failure.class == FailureClass::WaitTimeout);
    is_out || took(attempt) >= WAITING
}

/// Whether it is answered, be it by an end of the connection, and soon.
fn is_at_once(attempt: &Attempt) -> bool {
    attempt.failure().is_none() && took(attempt) < AT_ONCE
}

/// Whether it is what the target makes of the request, and not that it cannot be reached.
fn is_of_answer(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::WaitTimeout
            | FailureClass::ReceiveTimeout
            | FailureClass::Closed
            | FailureClass::Reset
            | FailureClass::Protocol
    )
}
