//! Where values that the site is given come back on other pages, or are used for them.
//!
//! One sweep for everybody: every value of every request that writes (and what is logged of those that
//! only read) becomes a word of its own, then every page is read once. What is at stake is judged by the
//! checks that build on it; a word harms nobody.

mod entry;
mod pages;
mod sweep;

pub(crate) use entry::Entry;

use std::sync::Arc;

use super::Shot;
use crate::model::Request;

/// A word that was sent, on a page that nobody sent it with.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    /// The word.
    pub(crate) marker: String,
    /// The page's request, as it is.
    pub(crate) asked: Request,
    /// What was shown.
    pub(crate) page: Shot,
}

/// A place that takes a value, and where the value was seen.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    pub(crate) entry: Entry,
    /// The first pages, each once; none where the value is not shown.
    pub(crate) sights: Vec<Sight>,
}

/// What came of the sweep.
#[derive(Debug, Default)]
pub(crate) struct Trails {
    /// Every place that was written to, in the order of the site.
    pub(crate) list: Vec<Trail>,
    /// Every page that was read.
    pub(crate) pages: Vec<Request>,
}

impl Trails {
    /// Those that lead to other pages.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Trail> {
        self.list.iter().filter(|trail| !trail.sights.is_empty())
    }
}

/// The sweep of a run, done by whoever needs it first.
pub(crate) type Swept = Arc<tokio::sync::OnceCell<Arc<Trails>>>;
