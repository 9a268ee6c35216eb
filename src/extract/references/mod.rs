//! What documents of every kind refer to: where a crawler may go on.
//!
//! Four kinds of evidence are told apart. Where the format itself says that something is an address
//! (`href`, `url()`, `Location`), it is [`Evidence::Stated`]. Where a text only looks like one (a
//! string in a script, a path in a comment), it is [`Evidence::Likely`]: worth a request, and nothing
//! to report if that request finds nothing. Where a script hands a text that looks like one to something
//! that asks for it (`fetch("/x")`), it is [`Evidence::Called`], which is surer. Where it may be but the end of one, or a name of something
//! else (`base + "/x"`, a module's key), it is [`Evidence::Weak`].

mod css;
mod document;
mod headers;
mod html;
mod json;
mod map;
mod pdf;
mod placeholder;
mod script;
mod text;
mod xml;

use std::borrow::Cow;

use placeholder::Filled;

pub(crate) use document::{DocumentKind, document_references};
pub(crate) use headers::{header_references, refresh_target};
pub(crate) use html::html_references;
pub(crate) use map::ImportMap;

/// References taken from one document at most.
const MAX_REFERENCES: usize = 5000;

/// Names of modules taken from one document at most.
const MAX_MODULES: usize = 200;

/// Longer ones are no addresses, but data.
const MAX_LENGTH: usize = 2048;

/// What stands where a script puts a value that is not known: `/items/${id}`.
const SAMPLE: &str = "1";

/// How sure it is that something is an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Evidence {
    /// A text that may be the end of one, or a name of something else.
    Weak,
    /// A text that looks like one.
    Likely,
    /// A text that looks like one, and that a script hands to something that asks for it.
    Called,
    /// The format says so.
    Stated,
}

/// What a relative reference is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    /// The file that it stands in.
    File,
    /// The page that has loaded the file: what a script asks for is relative to it.
    Page,
}

/// A reference, as written but for escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Absolute or relative; not resolved.
    pub text: String,
    pub evidence: Evidence,
    pub against: Against,
    /// In capitals, where it is known to be another than GET.
    pub method: Option<&'static str>,
    /// What is sent with it, where the source says so.
    pub body: Option<Body>,
    /// It is a script that runs by itself: what it asks for is relative to it.
    pub is_worker: bool,
    /// What a person reads of it; mostly nothing.
    pub label: String,
}

/// What a request is sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    /// Its media type.
    pub kind: &'static str,
    pub text: String,
}

/// References of one document, in order, repetitions included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct References {
    pub list: Vec<Reference>,
    /// Modules that are named, not addressed: a map of the page says where they are.
    pub modules: Vec<String>,
    /// Where a page says that modules are: its own scripts find them by it, and so do those that it
    /// loads.
    pub imports: ImportMap,
    /// There were more.
    pub truncated: bool,
}

impl References {
    /// Adds one that the format states, and gives its place.
    pub(crate) fn stated(&mut self, text: &str) -> Option<usize> {
        self.add(text, Evidence::Stated, Against::File)
    }

    /// Adds one, unless it cannot be an address or there are too many.
    fn add(&mut self, text: &str, evidence: Evidence, against: Against) -> Option<usize> {
        let text = text.trim();
        let (text, evidence) = match placeholder::filled(text) {
            Filled::AsIs => (Cow::Borrowed(text), evidence),
            Filled::With(text) => (Cow::Owned(text), evidence.min(Evidence::Likely)),
            Filled::Nothing => return None,
        };
        if text.is_empty() || text.len() > MAX_LENGTH || is_other_scheme(&text) {
            return None;
        }
        if self.list.len() >= MAX_REFERENCES {
            self.truncated = true;
            return None;
        }
        self.list.push(Reference {
            text: text.into_owned(),
            evidence,
            against,
            method: None,
            body: None,
            is_worker: false,
            label: String::new(),
        });
        Some(self.list.len() - 1)
    }

    fn extend(&mut self, other: Self) {
        self.truncated |= other.truncated;
        let room = MAX_REFERENCES.saturating_sub(self.list.len());
        self.truncated |= other.list.len() > room;
        self.list.extend(other.list.into_iter().take(room));
        let room = MAX_MODULES.saturating_sub(self.modules.len());
        self.modules.extend(other.modules.into_iter().take(room));
    }

    /// The same, of which nothing is sure.
    fn at_most(mut self, evidence: Evidence) -> Self {
        for reference in &mut self.list {
            reference.evidence = reference.evidence.min(evidence);
        }
        self
    }
}

/// The addresses that a document of this media type refers to, as written: absolute, relative, or
/// what only looks like one. At most 5000, each of at most 2048 bytes; none where the type is not
/// known. Never fails: what cannot be read refers to nothing.
pub fn addresses(media_type: &str, body: &[u8]) -> Vec<String> {
    let Some(kind) = DocumentKind::of(media_type, "") else { return Vec::new() };
    document_references(kind, body).list.into_iter().map(|reference| reference.text).collect()
}

/// Whether it is an address of something that is not fetched over HTTP.
fn is_other_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return text.starts_with('#') };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let fetched = ["http", "https", "ws", "wss"];
    is_scheme && !fetched.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}
