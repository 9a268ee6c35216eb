//! What traffic asks before it sends, and tells afterwards.

use std::sync::Arc;
use std::time::Duration;

use sha2::Digest as _;
use sha2::Sha256;

use super::file::Record;
use super::file::Turn;
use super::outcome::SealedHit;
use super::outcome::SealedOutcome;
use super::sealed::Cookies;
use super::sealed::Part;
use super::sealed::Sealed;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::Response;
use crate::scan::traffic::Errand;

/// The answers of an earlier run, and of this one for a later.
pub(crate) struct Memory {
    record: Arc<Record>,
    redactor: Redactor,
    /// Who looks at the site, as the plan calls them; empty for nobody.
    whom: String,
}

/// What an answer is to; the same for the same request, whoever is logged in as the same user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(super) i64);

/// What a template has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Requests that it asked for.
    pub(crate) asked: u64,
    pub(crate) hits: Vec<KeptHit>,
}

/// One thing that it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptHit {
    /// By name, in order; names may come more than once.
    pub(crate) parts: Vec<(&'static str, Vec<u8>)>,
    /// What came back, and how long that took.
    pub(crate) answer: Option<(Response, Duration)>,
}

impl KeptHit {
    /// The values of a name, in order.
    pub(crate) fn all<'k>(&'k self, wanted: &str) -> impl Iterator<Item = &'k [u8]> {
        let is_it = move |(name, _): &&(&str, Vec<u8>)| *name == wanted;
        self.parts.iter().filter(is_it).map(|(_, value)| value.as_slice())
    }
}

impl Memory {
    pub(crate) fn new(record: Arc<Record>, redactor: Redactor, whom: String) -> Self {
        Self { record, redactor, whom }
    }

    /// What a request for that purpose is known by. A token that is another one each time must be
    /// out of it.
    pub(crate) fn key(&self, request: &Request, errand: &Errand) -> Key {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            // By its length, so that no two lists of parts are the same bytes.
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(self.whom.as_bytes());
        add(errand.name().as_bytes());
        add(request.origin.to_string().as_bytes());
        add(request.method.as_str().as_bytes());
        for text in [&request.path_and_query, &request.body] {
            add(&self.redactor.take_out(text).0);
        }
        // Those of a browser differ from visit to visit.
        let is_told = |header: &&Header| {
            !matches!(errand, Errand::Browser(_)) && !Redactor::is_secret_header(&header.name)
        };
        let headers = request.headers.iter().filter(is_told);
        for Header { name, value } in headers {
            add(name.to_ascii_lowercase().as_bytes());
            add(&self.redactor.take_out(value).0);
        }
        let digest = hash.finalize();
        Key(i64::from_le_bytes(digest[..8].try_into().expect("a digest has 32 bytes")))
    }

    /// The next answer that was given to this, and how long it took.
    pub(crate) fn take(&self, key: Key) -> Option<(Response, Duration)> {
        Some(self.record.take(key.0)?.opened(&self.redactor))
    }

    /// Keeps an answer; it is in the file when this returns.
    pub(crate) async fn keep(&self, key: Key, exchange: &Exchange) {
        let Some(response) = exchange.response() else { return };
        let cookies = if self.is_somebodys() { Cookies::Somebodys } else { Cookies::Anybodys };
        let duration = exchange.timings.duration();
        let sealed = Sealed::of(response, duration, &self.redactor, cookies);
        self.record.keep(key.0, sealed).await;
    }

    /// What a template is known by that is run against something; `parts` are everything on which its
    /// outcome depends.
    pub(crate) fn template_key(&self, parts: &[&[u8]]) -> Key {
        let mut hash = Sha256::new();
        for part in std::iter::once(&self.whom.as_bytes()).chain(parts) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(self.redactor.take_out(part).0);
        }
        let digest = hash.finalize();
        Key(i64::from_le_bytes(digest[..8].try_into().expect("a digest has 32 bytes")))
    }

    /// What an earlier run did with a template, if it was done with it; parts whose name is none of
    /// `names` are left out.
    pub(crate) fn outcome(&self, key: Key, names: &[&'static str]) -> Option<Kept> {
        let outcome = self.record.outcome(key.0)?;
        let hit = |hit: SealedHit| KeptHit {
            parts: hit
                .parts
                .into_iter()
                .filter_map(|(name, part)| {
                    let name = names.iter().find(|known| **known == name)?;
                    Some((*name, part.whole(&self.redactor)))
                })
                .collect(),
            answer: hit.answer.map(|answer| answer.opened(&self.redactor)),
        };
        Some(Kept { asked: outcome.asked, hits: outcome.hits.into_iter().map(hit).collect() })
    }

    /// Keeps what a template did; it is in the file when this returns.
    pub(crate) async fn keep_outcome(&self, key: Key, kept: &Kept) {
        let cookies = if self.is_somebodys() { Cookies::Somebodys } else { Cookies::Anybodys };
        let hit = |hit: &KeptHit| SealedHit {
            parts: hit
                .parts
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Part::taken(value, &self.redactor)))
                .collect(),
            answer: hit
                .answer
                .as_ref()
                .map(|(response, took)| Sealed::of(response, *took, &self.redactor, cookies)),
        };
        let hits = kept.hits.iter().map(hit).collect();
        self.record.keep_outcome(key.0, SealedOutcome { asked: kept.asked, hits }).await;
    }

    /// The header as it may be kept: credentials are masked.
    pub(crate) fn kept_header(&self, header: &Header) -> Vec<u8> {
        if Redactor::is_secret_header(&header.name) {
            self.redactor.header_value(header)
        } else {
            header.value.clone()
        }
    }

    /// What was answered until now was answered to whom it was meant for.
    pub(crate) async fn prove(&self) {
        self.record.prove().await;
    }

    /// Forgets what was answered since: it may have been for nobody.
    pub(crate) async fn doubt(&self) {
        self.record.doubt().await;
    }

    /// Whether what is kept was answered to somebody.
    pub(crate) fn is_somebodys(&self) -> bool {
        !self.whom.is_empty()
    }

    /// What something that was taken in is known by.
    pub(crate) fn item(&self, request: &Request, what: &str) -> i64 {
        self.key(request, &Errand::Check(what.into())).0
    }

    /// What the earlier run took in, in its order; given once.
    pub(crate) fn turns(&self) -> Vec<Turn> {
        self.record.turns()
    }

    /// Keeps that something was taken in.
    pub(crate) async fn note(&self, turn: Turn) {
        self.record.note(turn).await;
    }
}
