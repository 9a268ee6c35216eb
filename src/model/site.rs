//! What a crawl knows of a site when it is over: its nodes, and what it left out.

use std::fmt;
use std::time::Duration;

use super::finding::InsertionKind;
use super::redact::Redactor;
use super::scan::OperationSource;

/// One node of the site model: method, path template and parameter set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteNode {
    /// The method.
    pub method: String,
    /// `/items/{id}`.
    pub path_template: String,
    /// What it takes, in the order in which the example has it.
    pub parameters: Vec<SiteParameter>,
    /// Where it was learnt.
    pub source: OperationSource,
    /// It gave a non-error answer.
    pub reached: bool,
    /// Why it was left alone.
    pub skipped: Option<String>,
    /// The page that led there first; `None` where nothing did: the start, the plan, a guess.
    pub found_on: Option<String>,
    /// How it was named there: `link`, `form`, `script`, `data`, …; `None` where nothing named it.
    pub found_as: Option<String>,
    /// References to it, each page counted once.
    pub links: u64,
    /// The request that shows it best, secrets taken out.
    pub example: SiteExample,
    /// The last answer to the example; `None` while nobody asked, or after a failure.
    pub answer: Option<SiteAnswer>,
}

/// A place of a node's requests where a value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteParameter {
    /// Where.
    pub kind: InsertionKind,
    /// Its name.
    pub name: String,
}

/// A request that shows a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteExample {
    /// Absolute.
    pub url: String,
    /// Name and value, in order.
    pub headers: Vec<(String, String)>,
    /// As sent; not text where a form has a file.
    pub body: Vec<u8>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteAnswer {
    /// The status.
    pub status: u16,
    /// Name and value, in order.
    pub headers: Vec<(String, String)>,
    /// Without parameters, lower-case; empty where none is said.
    pub media_type: String,
    /// Bytes of the decoded body, as far as it was read.
    pub body_len: u64,
    /// When it was asked for, since the run's start.
    pub at: Duration,
    /// From there to the last byte.
    pub duration: Duration,
}

/// How many nodes there are of each kind of answer, in this order: `2xx`, …, `5xx`, `no answer`,
/// `not sent`; none is zero.
pub fn nodes_by_status(site: &[SiteNode]) -> Vec<(&'static str, u64)> {
    const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "no answer"];
    let mut counts = [0; 7];
    for node in site {
        let index = match (&node.answer, &node.skipped) {
            (Some(answer), _) => usize::from(answer.status / 100).clamp(1, 5) - 1,
            (None, None) => 5,
            (None, Some(_)) => 6,
        };
        counts[index] += 1;
    }
    let names = CLASSES.into_iter().chain(["not sent"]);
    names.zip(counts).filter(|(_, count)| *count > 0).collect()
}

/// Why something that a crawl knew of was not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SkipReason {
    /// Another origin, or excluded.
    Scope,
    /// Its method or form changes something, and that is not allowed.
    Unsafe,
    /// It looks as if it would end the session or delete something.
    Harmful,
    /// `robots.txt` asks to leave it alone.
    Robots,
    /// The plan has it switched off, or only load can make it.
    Disabled,
    /// Nothing has a value that it needs.
    Unbound,
    /// A file that carries neither links nor code, by its name.
    Media,
    /// Deeper than `depth`.
    Depth,
    /// Beyond `max_urls`.
    Urls,
    /// Beyond `max_time`.
    Time,
    /// Beyond `max_bytes`.
    Bytes,
    /// Enough of its kind were seen.
    SameKind,
    /// The queue was full.
    Queue,
    /// A chain of redirects without an end.
    Redirects,
    /// It only looked like an address, and too many of these had not been any.
    Guess,
    /// The run was stopped.
    Stopped,
    /// Its exchange failed.
    Error,
}

impl SkipReason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Scope,
        Self::Unsafe,
        Self::Harmful,
        Self::Robots,
        Self::Disabled,
        Self::Unbound,
        Self::Media,
        Self::Depth,
        Self::Urls,
        Self::Time,
        Self::Bytes,
        Self::SameKind,
        Self::Queue,
        Self::Redirects,
        Self::Guess,
        Self::Stopped,
        Self::Error,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Unsafe => "unsafe",
            Self::Harmful => "harmful",
            Self::Robots => "robots",
            Self::Disabled => "disabled",
            Self::Unbound => "unbound",
            Self::Media => "media",
            Self::Depth => "depth",
            Self::Urls => "urls",
            Self::Time => "time",
            Self::Bytes => "bytes",
            Self::SameKind => "same-kind",
            Self::Queue => "queue",
            Self::Redirects => "redirects",
            Self::Guess => "guess",
            Self::Stopped => "stopped",
            Self::Error => "error",
        }
    }

    /// The reason of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether it leaves a gap: a crawl with one of these is not complete. The others are a choice.
    pub fn is_gap(self) -> bool {
        match self {
            Self::Depth
            | Self::Urls
            | Self::Time
            | Self::Bytes
            | Self::Queue
            | Self::Stopped
            | Self::Error => true,
            Self::Scope
            | Self::Unsafe
            | Self::Harmful
            | Self::Robots
            | Self::Disabled
            | Self::Unbound
            | Self::Media
            | Self::SameKind
            | Self::Redirects
            | Self::Guess => false,
        }
    }

    /// For people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Scope => "out of scope",
            Self::Unsafe => "change something",
            Self::Harmful => "may end the session or delete",
            Self::Robots => "robots.txt asks not to",
            Self::Disabled => "not for a scan by the plan",
            Self::Unbound => "lack a value",
            Self::Media => "media files",
            Self::Depth => "too deep",
            Self::Urls => "beyond max_urls",
            Self::Time => "beyond max_time",
            Self::Bytes => "beyond max_bytes",
            Self::SameKind => "enough of their kind seen",
            Self::Queue => "the queue was full",
            Self::Redirects => "endless redirects",
            Self::Guess => "unlikely guesses",
            Self::Stopped => "the run was stopped",
            Self::Error => "no answer",
        }
    }
}

/// Why something is not sent, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAlone {
    /// Of which kind.
    pub why: SkipReason,
    /// In words.
    pub reason: String,
}

impl LeftAlone {
    /// A kind, and words.
    pub fn new(why: SkipReason, reason: impl Into<String>) -> Self {
        Self { why, reason: reason.into() }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl SiteExample {
    /// The value of the first header of that name, ASCII case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

impl SiteAnswer {
    /// The value of the first header of that name, ASCII case ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

fn first<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

impl SiteNode {
    /// Masks the secrets in what stands in it.
    pub(super) fn mask(&mut self, redactor: &Redactor) {
        let Self { path_template, skipped, found_on, example, answer, .. } = self;
        let texts = [path_template, &mut example.url].into_iter().chain(skipped).chain(found_on);
        let answered = answer.iter_mut().flat_map(|answer| &mut answer.headers);
        let values = example.headers.iter_mut().chain(answered).map(|(_, value)| value);
        for text in texts.chain(values) {
            *text = redactor.text(text);
        }
        example.body = redactor.bytes(&example.body);
    }
}
