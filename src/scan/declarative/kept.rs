//! What templates have done, kept for a run that goes on: those that have come to their end are not
//! asked again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::hit::{Analysis, Callback, ChangedAt, Hit};
use super::job::Runner;
use super::shared::Stop;
use super::tally::Effort;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::InsertionKind;
use crate::model::InsertionRef;
use crate::model::Method;
use crate::model::Request;
use crate::model::Target;
use crate::model::Timings;
use crate::rules::template::Template;
use crate::scan::record::{Kept, KeptHit, Key, Memory};

/// What a template is run against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Against<'a> {
    Target(&'a Target),
    Known(&'a Request),
}

/// A template whose calls from outside may still come, and what it has found so far.
pub(super) struct Waiting {
    key: Key,
    template: String,
    target: Target,
    kept: Kept,
}

/// Names of what is kept of a hit.
mod name {
    pub(super) const TARGET: &str = "target";
    pub(super) const MATCHER: &str = "matcher";
    pub(super) const EXTRACTOR: &str = "extractor";
    pub(super) const EXTRACTED: &str = "extracted";
    pub(super) const MATCHED_AT: &str = "matched at";
    pub(super) const PAYLOAD: &str = "payload";
    pub(super) const VALUE: &str = "payload value";
    pub(super) const ORIGIN: &str = "origin";
    pub(super) const METHOD: &str = "method";
    pub(super) const PATH: &str = "path";
    pub(super) const HEADER: &str = "header";
    pub(super) const HEADER_VALUE: &str = "header value";
    pub(super) const BODY: &str = "body";
    pub(super) const BYTES: &str = "bytes";
    pub(super) const PEER: &str = "peer";
    pub(super) const CALL: &str = "call";
    pub(super) const CALL_REQUEST: &str = "call request";
    pub(super) const CALL_RESPONSE: &str = "call response";
    pub(super) const CALL_FROM: &str = "call from";
    pub(super) const ANALYSIS: &str = "analysis";
    pub(super) const PROOF: &str = "analysis proves it";
    pub(super) const POINT: &str = "point";
    pub(super) const POINT_NAME: &str = "point name";
    pub(super) const POINT_PATH: &str = "point path";

    pub(super) const ALL: [&str; 24] = [
        TARGET,
        MATCHER,
        EXTRACTOR,
        EXTRACTED,
        MATCHED_AT,
        PAYLOAD,
        VALUE,
        ORIGIN,
        METHOD,
        PATH,
        HEADER,
        HEADER_VALUE,
        BODY,
        BYTES,
        PEER,
        CALL,
        CALL_REQUEST,
        CALL_RESPONSE,
        CALL_FROM,
        ANALYSIS,
        PROOF,
        POINT,
        POINT_NAME,
        POINT_PATH,
    ];
}

impl Runner {
    /// What a template's outcome is known by, where outcomes are kept. A template that was changed is
    /// another one.
    pub(super) fn key(&self, template: &Template, against: Against<'_>) -> Option<Key> {
        let memory = self.shared.traffic.memory()?;
        let digest = template.digest.to_le_bytes();
        let (kind, method, url, body) = match against {
            Against::Target(target) => ("target", "", target.url(), &[][..]),
            Against::Known(known) => {
                ("known", known.method.as_str(), known.url(), known.body.as_slice())
            }
        };
        Some(memory.template_key(&[
            b"template",
            template.info.path.as_bytes(),
            &digest,
            kind.as_bytes(),
            method.as_bytes(),
            url.as_bytes(),
            body,
        ]))
    }

    /// What an earlier run found with a template, if it was done with it.
    pub(super) fn earlier(&self, key: Option<Key>, template: &Arc<Template>) -> Option<Vec<Hit>> {
        let memory = self.shared.traffic.memory()?;
        let kept = memory.outcome(key?, &name::ALL)?;
        let hits: Option<Vec<Hit>> = kept.hits.iter().map(|hit| hit_of(template, hit)).collect();
        // What cannot be read is done again.
        let hits = hits?;
        let effort = Effort::default();
        effort.answered(kept.asked);
        self.tallies.add(template, &effort, hits.len() as u64, None);
        self.shared.replayed.fetch_add(1, Ordering::Relaxed);
        Some(hits)
    }

    /// Keeps what a template did, if it has come to its end and every request had an answer; of one
    /// that waits for calls, once nobody waits any more.
    pub(super) async fn keep(
        &self,
        key: Option<Key>,
        (template, target): (&Template, &Target),
        effort: &Effort,
        hits: &[Hit],
        stop: Option<Stop>,
    ) {
        let (Some(memory), Some(key)) = (self.shared.traffic.memory(), key) else { return };
        let has_ended = matches!(stop, None | Some(Stop::OutOfScope));
        if !has_ended || !effort.is_answered() {
            return;
        }
        let hits = hits.iter().map(|hit| kept_hit(memory, hit)).collect();
        let kept = Kept { asked: effort.asked(), hits };
        if effort.waits() {
            let template = template.info.path.clone();
            let target = target.clone();
            let waiting = Waiting { key, template, target, kept };
            self.waiting.lock().expect("no holder panics").push(waiting);
        } else {
            memory.keep_outcome(key, &kept).await;
        }
    }

    /// Adds to what is kept what a call from outside has proven.
    pub(super) fn note_call(&self, hit: &Hit) {
        let Some(memory) = self.shared.traffic.memory() else { return };
        let mut waiting = self.waiting.lock().expect("no holder panics");
        let is_it =
            |one: &&mut Waiting| one.template == hit.template.info.path && one.target == hit.target;
        if let Some(one) = waiting.iter_mut().find(is_it) {
            one.kept.hits.push(kept_hit(memory, hit));
        }
    }

    /// Nobody waits for calls any more.
    pub(super) async fn keep_waiting(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock().expect("no holder panics"));
        let Some(memory) = self.shared.traffic.memory() else { return };
        for one in waiting {
            memory.keep_outcome(one.key, &one.kept).await;
        }
    }
}

fn kept_hit(memory: &Memory, hit: &Hit) -> KeptHit {
    let request = &hit.exchange.request;
    let mut parts: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut add = |name: &'static str, value: &[u8]| parts.push((name, value.to_vec()));
    add(name::TARGET, hit.target.url().as_bytes());
    for (name, value) in
        [(name::MATCHER, &hit.matcher_name), (name::EXTRACTOR, &hit.extractor_name)]
    {
        if let Some(value) = value {
            add(name, value.as_bytes());
        }
    }
    for value in &hit.extracted {
        add(name::EXTRACTED, value.as_bytes());
    }
    add(name::MATCHED_AT, hit.matched_at.as_bytes());
    for (name, value) in &hit.payloads {
        add(name::PAYLOAD, name.as_bytes());
        add(name::VALUE, value.as_bytes());
    }
    add(name::ORIGIN, request.origin.to_string().as_bytes());
    add(name::METHOD, request.method.as_str().as_bytes());
    add(name::PATH, &request.path_and_query);
    for header in &request.headers {
        add(name::HEADER, header.name.as_bytes());
        add(name::HEADER_VALUE, &memory.kept_header(header));
    }
    add(name::BODY, &request.body);
    if let Some(bytes) = &hit.bytes {
        add(name::BYTES, bytes);
    }
    if let Some(peer) = hit.exchange.peer {
        add(name::PEER, peer.to_string().as_bytes());
    }
    if let Some(call) = &hit.callback {
        add(name::CALL, call.protocol.as_bytes());
        add(name::CALL_REQUEST, &call.request);
        add(name::CALL_RESPONSE, &call.response);
        add(name::CALL_FROM, call.remote.as_bytes());
    }
    if let Some(analysis) = &hit.analysis {
        add(name::ANALYSIS, analysis.details.as_bytes());
        if analysis.is_proof {
            add(name::PROOF, b"");
        }
    }
    if let Some(place) = &hit.place {
        add(name::POINT_PATH, place.path.as_bytes());
        if let Some(point) = &place.point {
            add(name::POINT, point.kind.as_str().as_bytes());
            add(name::POINT_NAME, point.name.as_bytes());
        }
    }
    let response = hit.exchange.response();
    let answer = response.map(|response| (response.clone(), hit.exchange.timings.duration()));
    KeptHit { parts, answer }
}

/// `None` for what is not readable as a hit.
fn hit_of(template: &Arc<Template>, kept: &KeptHit) -> Option<Hit> {
    let text =
        |name: &str| kept.all(name).next().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let texts = |name: &str| -> Vec<String> {
        kept.all(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    };
    let bytes = |name: &str| kept.all(name).next().map(<[u8]>::to_vec);
    let (response, took) = kept.answer.clone()?;
    let headers = kept.all(name::HEADER).zip(kept.all(name::HEADER_VALUE));
    let origin = Target::parse(&text(name::ORIGIN)?).ok()?.origin;
    let mut request = Request::get(origin, "/");
    request.method = Method::new(text(name::METHOD)?);
    request.path_and_query = bytes(name::PATH)?;
    request.headers = headers
        .map(|(name, value)| Header::new(String::from_utf8_lossy(name).into_owned(), value))
        .collect();
    request.body = bytes(name::BODY)?;
    let peer: Option<SocketAddr> = text(name::PEER).and_then(|peer| peer.parse().ok());
    let callback = text(name::CALL).and_then(|protocol| {
        Some(Callback {
            protocol,
            request: bytes(name::CALL_REQUEST)?,
            response: bytes(name::CALL_RESPONSE)?,
            remote: text(name::CALL_FROM)?,
        })
    });
    let point = text(name::POINT).and_then(|kind| {
        let kind = InsertionKind::parse(&kind)?;
        Some(InsertionRef { kind, name: text(name::POINT_NAME)? })
    });
    Some(Hit {
        template: Arc::clone(template),
        target: Target::parse(&text(name::TARGET)?).ok()?,
        matcher_name: text(name::MATCHER),
        extractor_name: text(name::EXTRACTOR),
        extracted: texts(name::EXTRACTED),
        matched_at: text(name::MATCHED_AT)?,
        exchange: Arc::new(exchange(request, response, took, peer)),
        payloads: texts(name::PAYLOAD).into_iter().zip(texts(name::VALUE)).collect(),
        place: text(name::POINT_PATH).map(|path| ChangedAt { point, path }),
        callback,
        analysis: text(name::ANALYSIS)
            .map(|details| Analysis { details, is_proof: bytes(name::PROOF).is_some() }),
        bytes: bytes(name::BYTES),
    })
}

fn exchange(
    request: Request,
    response: crate::model::Response,
    took: Duration,
    peer: Option<SocketAddr>,
) -> Exchange {
    Exchange {
        request,
        outcome: Ok(response),
        timings: Timings { wait: took, ..Timings::default() },
        peer,
        tls: None,
    }
}
