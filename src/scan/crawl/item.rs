//! Something to fetch, and why.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::guesses::Doubt;
use crate::extract::ImportMap;
use crate::model::OperationSource;
use crate::model::Request;
use crate::scan::link;
use crate::scan::point;
use crate::scan::room;
use crate::scan::site::Found;
use crate::scan::templates::PathId;

/// Something to fetch.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) request: Request,
    pub(crate) url: Url,
    pub(crate) path: PathId,
    /// Names of its parameters, session ids left out.
    pub(crate) parameters: Arc<BTreeSet<String>>,
    /// Links from the start.
    pub(crate) depth: u32,
    /// Redirects in a row that led here.
    pub(crate) hops: u32,
    pub(crate) source: OperationSource,
    pub(crate) found: Found,
    /// The plan's template.
    pub(crate) path_template: Option<String>,
    /// Statuses that count as reached; empty means below 400.
    pub(crate) expected_statuses: Vec<u16>,
    /// Asked for on a guess (`/robots.txt`, a text that looks like an address): no operation unless it
    /// exists.
    pub(crate) guess: Option<Doubt>,
    /// The page that has loaded it, if it is no page itself.
    pub(crate) page: Option<Url>,
    /// Where that page says that modules are.
    pub(crate) imports: Option<Arc<ImportMap>>,
}

impl Item {
    pub(crate) fn is_start(&self) -> bool {
        self.depth == 0 && self.hops == 0 && self.guess.is_none()
    }

    /// Bytes that it takes, about.
    pub(crate) fn weight(&self) -> usize {
        let page = self.page.as_ref().map_or(0, |page| page.as_str().len());
        let names = self.parameters.iter().map(|name| room::PER_NAME + name.len());
        let written = self.url.as_str().len() + page + self.request.weight();
        size_of::<Self>() + written + names.sum::<usize>()
    }

    /// Whether a status counts as reached.
    pub(crate) fn expects(&self, status: u16) -> bool {
        if self.expected_statuses.is_empty() {
            status < 400
        } else {
            self.expected_statuses.contains(&status)
        }
    }
}

/// A request that may become an item, before anything is looked up.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) request: Request,
    pub(crate) url: Url,
    /// Names of parameters in its body.
    pub(crate) body_parameters: Vec<String>,
    pub(crate) depth: u32,
    pub(crate) source: OperationSource,
    pub(crate) found: Found,
}

impl Candidate {
    /// `None` where the request's target is not a path.
    pub(crate) fn of(
        request: Request,
        depth: u32,
        source: OperationSource,
        found: Found,
    ) -> Option<Self> {
        let url = link::url_of(&request)?;
        let body_parameters = point::body_parameters(&request);
        Some(Self { request, url, body_parameters, depth, source, found })
    }
}
