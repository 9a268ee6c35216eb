//! Pages on which something that was kept may be shown.

use std::collections::BTreeSet;

use url::Url;

use super::super::Node;
use super::super::Shot;
use super::super::SiteProbe;
use crate::model::Origin;
use crate::model::Request;
use crate::scan::link;

/// Pages to read, each once, in the order in which they became known.
#[derive(Debug, Default)]
pub(super) struct Reading {
    known: BTreeSet<String>,
    pub(super) list: Vec<Request>,
    pub(super) left_out: usize,
}

impl Reading {
    /// What the crawl reached and what was shown where the forms are, pages before data.
    pub(super) fn of_site(probe: &SiteProbe, most: usize) -> Self {
        let mut reading = Self::default();
        let site = probe.site();
        let mut nodes: Vec<&Node> = site
            .nodes()
            .filter(|node| node.reached && node.method == "GET" && probe.may_send(node))
            .filter(|node| is_read(node))
            .collect();
        nodes.sort_by_key(|node| !is_page(node));
        for node in nodes {
            reading.add(node.examples[0].clone(), most);
        }
        reading
    }

    /// One page more, if there is room.
    pub(super) fn add(&mut self, request: Request, most: usize) {
        if !self.known.insert(request.url()) {
            return;
        }
        if self.list.len() < most {
            self.list.push(request);
        } else {
            self.left_out += 1;
        }
    }
}

impl SiteProbe {
    /// Pages that are likely to be made of what was written: where its form stands, and where the answer
    /// to it leads.
    pub(crate) fn pages_near(node: &Node, answer: &Shot) -> Vec<Request> {
        near(node, answer)
    }
}

/// The page where a form stands, and the one where its answer leads.
pub(super) fn near(node: &Node, answer: &Shot) -> Vec<Request> {
    let own = &node.examples[0].origin;
    let location = answer.response().header("location").map(|it| it.text().into_owned());
    let base = link::url_of(&answer.exchange.request);
    let next = location.zip(base).and_then(|(to, base)| link::resolve(&base, &to));
    let form = node.found.page.as_deref().and_then(|page| Url::parse(page).ok());
    let urls = next.into_iter().chain(form);
    let own_urls = urls.filter(|url| Origin::of(url).is_ok_and(|origin| origin == *own));
    own_urls.filter_map(|url| link::get(&url)).collect()
}

fn is_page(node: &Node) -> bool {
    node.answer.as_ref().is_some_and(|answer| answer.media_type.contains("html"))
}

/// What people or their scripts read: neither files of the site's own nor pictures.
fn is_read(node: &Node) -> bool {
    let Some(answer) = &node.answer else { return false };
    let kind = answer.media_type.to_ascii_lowercase();
    ["html", "json", "xml", "text/plain", "csv"].iter().any(|known| kind.contains(known))
}
