//! The nodes of the site model: what is known of one operation with one parameter set.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::room;
use super::structure::Structure;
use super::templates::PathId;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::OperationSource;
use crate::model::Request;

/// Requests kept as examples of one node.
const MAX_EXAMPLES: usize = 4;

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundIn {
    /// The user named it.
    Start,
    /// A file that sites have by convention.
    Convention,
    /// The plan.
    Plan,
    /// A description of the service (OpenAPI, GraphQL).
    Spec,
    /// A link of a page, or an element that loads something.
    Page,
    /// A form.
    Form,
    /// A redirect.
    Redirect,
    /// A script.
    Script,
    /// A style sheet.
    Style,
    /// JSON or XML: data, feeds, sitemaps.
    Data,
    /// Plain text, `robots.txt`.
    Text,
    /// What a browser sent.
    Browser,
}

/// Where something was found, and in which document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The kind of document.
    pub by: FoundIn,
    /// Its URL; `None` where it was no document of the target.
    pub page: Option<Arc<str>>,
}

impl FoundIn {
    /// For people: how it was named there; `None` where nothing named it.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Start | Self::Plan | Self::Spec => None,
            Self::Convention => Some("convention"),
            Self::Page => Some("link"),
            Self::Form => Some("form"),
            Self::Redirect => Some("redirect"),
            Self::Script => Some("script"),
            Self::Style => Some("style sheet"),
            Self::Data => Some("data"),
            Self::Text => Some("text"),
            Self::Browser => Some("browser"),
        }
    }
}

impl Found {
    /// Named by the user.
    pub fn start() -> Self {
        Self { by: FoundIn::Start, page: None }
    }
}

/// Method, path template and parameter set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The method.
    pub method: String,
    /// The plan's template, else the learnt one: `/items/{id}`.
    pub path_template: String,
    /// Names of query and form parameters; of a search with facets all that were seen.
    pub parameters: BTreeSet<String>,
    /// What it is known from.
    pub source: OperationSource,
    /// Where it was found first.
    pub found: Found,
    /// Links that lead to it, counted once per page and URL.
    pub in_links: u64,
    /// Requests that showed it, the one that checks start from first; never empty.
    pub examples: Vec<Request>,
    /// The status of its last answer; `None` while nobody asked, or after a failure.
    pub status: Option<u16>,
    /// The answer to the first of its examples, as far as there was one.
    pub answer: Option<Answer>,
    /// It gave a non-error answer.
    pub reached: bool,
    /// Why it was left alone.
    pub skipped: Option<String>,
    /// The URL at which the same content stands.
    pub same_as: Option<Arc<str>>,
    pub(super) path: PathId,
    pub(super) structure: Option<Structure>,
}

impl Node {
    /// The part of the site that it belongs to: the first directory of its path; empty at the root.
    pub(crate) fn part(&self) -> &str {
        let path = self.path_template.trim_start_matches('/');
        path.split_once('/').map_or("", |(first, _)| first)
    }
}

/// What is kept of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// As received.
    pub headers: Vec<Header>,
    /// Without parameters.
    pub media_type: String,
    /// Bytes of the decoded body, as far as it was read.
    pub body_len: usize,
    /// When the request was begun, since the run's start.
    pub at: Duration,
    /// From there to the last byte.
    pub duration: Duration,
}

impl Answer {
    /// What an exchange that has just ended has brought.
    pub(crate) fn of(exchange: &Exchange, now: Duration) -> Option<Self> {
        let response = exchange.response()?;
        let duration = exchange.timings.duration();
        Some(Self {
            status: response.status,
            headers: response.headers.clone(),
            media_type: response.media_type(),
            body_len: response.body.len(),
            at: now.saturating_sub(duration),
            duration,
        })
    }
}

/// Something that was seen of a node.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) path: PathId,
    pub(crate) parameters: Arc<BTreeSet<String>>,
    /// The plan's.
    pub(crate) path_template: Option<String>,
    pub(crate) source: OperationSource,
    pub(crate) found: Found,
    pub(crate) request: Request,
    pub(crate) status: Option<u16>,
    pub(crate) answer: Option<Answer>,
    pub(crate) reached: bool,
    pub(crate) skipped: Option<String>,
    pub(crate) structure: Option<Structure>,
    pub(crate) same_as: Option<Arc<str>>,
}

impl Sighting {
    /// Bytes that a node takes for it, about.
    pub(super) fn weight(&self) -> usize {
        let answer = self.answer.as_ref().map_or(0, Answer::weight);
        size_of::<Node>() + self.request.weight() + answer + names(&self.parameters)
    }

    /// What it says of a node, without another example.
    pub(super) fn light(self, node: &Node) -> Self {
        let request = node.examples.first().cloned().unwrap_or(self.request);
        Self { request, answer: None, ..self }
    }
}

impl Answer {
    fn weight(&self) -> usize {
        let headers = self.headers.iter();
        headers.map(|it| size_of::<Header>() + it.name.len() + it.value.len()).sum()
    }
}

/// What a set of names takes where it stands in a node and in what finds it.
fn names(names: &BTreeSet<String>) -> usize {
    names.iter().map(|name| 2 * (room::PER_NAME + name.len())).sum()
}

impl Node {
    /// Bytes that it takes, about.
    pub(super) fn weight(&self) -> usize {
        let examples: usize =
            self.examples.iter().map(|it| size_of::<Request>() + it.weight()).sum();
        let answer = self.answer.as_ref().map_or(0, Answer::weight);
        // Its template stands in an operation too.
        size_of::<Self>()
            + examples
            + answer
            + names(&self.parameters)
            + 4 * self.path_template.len()
    }

    /// Takes what was seen.
    pub(super) fn take(&mut self, sighting: Sighting) {
        if !self.examples.contains(&sighting.request) {
            let works = sighting.reached && !self.reached;
            let shows_more = sighting.reached && self.shows_more(&sighting.parameters);
            if works || shows_more {
                // The example that works is the one to start from.
                self.examples.insert(0, sighting.request);
                self.answer = sighting.answer;
            } else {
                if self.examples.is_empty() {
                    self.answer = sighting.answer;
                }
                self.examples.push(sighting.request);
            }
            self.examples.truncate(MAX_EXAMPLES);
        } else if sighting.reached && !self.reached {
            self.examples.retain(|known| *known != sighting.request);
            self.examples.insert(0, sighting.request);
            self.answer = sighting.answer;
        } else if self.examples.first() == Some(&sighting.request) && sighting.answer.is_some() {
            self.answer = sighting.answer;
        }
        self.reached |= sighting.reached;
        self.status = sighting.status.or(self.status);
        self.skipped = if self.reached { None } else { sighting.skipped };
        self.structure = self.structure.or(sighting.structure);
        if self.same_as.is_none() {
            self.same_as = sighting.same_as;
        }
    }

    /// Whether a request with these parameters has more of them than the one to start from, where
    /// several parameter sets are one node.
    fn shows_more(&self, parameters: &BTreeSet<String>) -> bool {
        let Some(first) = self.examples.first() else { return true };
        let query = first.path_and_query_text();
        let known = query.split_once('?').map_or(0, |(_, query)| query.split('&').count());
        self.parameters.len() > known && parameters.len() > known
    }

    /// Takes over what is known of a node that has turned out to be the same.
    pub(super) fn absorb(&mut self, other: Self) {
        self.in_links += other.in_links;
        self.source = self.source.min(other.source);
        self.status = self.status.or(other.status);
        let more = !self.reached && other.reached || other.parameters.len() > self.parameters.len();
        self.parameters.extend(other.parameters);
        if more && other.reached {
            self.answer = other.answer;
        }
        for example in other.examples {
            if !self.examples.contains(&example) {
                let place = if more && other.reached { 0 } else { self.examples.len() };
                self.examples.insert(place, example);
            }
        }
        self.examples.truncate(MAX_EXAMPLES);
        self.reached |= other.reached;
        self.skipped = if self.reached { None } else { self.skipped.take().or(other.skipped) };
        self.structure = self.structure.or(other.structure);
    }
}
