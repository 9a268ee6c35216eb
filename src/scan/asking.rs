//! What passive rules ask for (`ask`): files and pages that nobody links to. Each is asked for once,
//! however many rules want to see it, and not at all where the crawl has been there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::site::Site;
use super::traffic::Traffic;
use crate::http::SendOptions;
use crate::model::Request;
use crate::model::Target;
use crate::rules::Registry;

/// Rules with wishes, and the way to the target.
pub(super) struct Asking<'a> {
    pub(super) traffic: &'a Traffic,
    pub(super) registry: &'a Registry,
    pub(super) target: &'a Target,
    /// Requests at once at most.
    pub(super) concurrency: usize,
}

impl Asking<'_> {
    /// Asks for everything; what comes back goes to the rules that wanted it. Ends early when the run
    /// does.
    pub(super) async fn run(&self, site: &Site) {
        let open = self.requests(site);
        futures_util::stream::iter(open)
            .for_each_concurrent(self.concurrency, |(request, judges)| async move {
                // Out of scope, or the run is being stopped: there is nothing to judge.
                let options = SendOptions::default();
                let _unsent = self.traffic.exchange_with(request, &options, judges).await;
            })
            .await;
    }

    fn requests(&self, site: &Site) -> Vec<(Request, Arc<[String]>)> {
        let seen = seen(site);
        let below = self.target.path_and_query.split('?').next().unwrap_or_default();
        let below = below.trim_end_matches('/');
        let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for rule in self.registry.passive() {
            for path in rule.ask() {
                let judges = wanted.entry(format!("{below}{path}")).or_default();
                judges.push(rule.meta().id.clone());
            }
        }
        let origin = &self.target.origin;
        let request = |path: String| Request::get(origin.clone(), path);
        wanted
            .into_iter()
            .map(|(path, judges)| (request(path), Arc::from(judges)))
            .filter(|(request, _): &(Request, _)| !seen.contains(request.url().as_str()))
            .collect()
    }
}

/// Addresses that the crawl got an answer from, which passive rules have judged.
fn seen(site: &Site) -> BTreeSet<String> {
    let reached = site.nodes().filter(|node| node.reached);
    let examples = reached.flat_map(|node| &node.examples);
    examples.filter(|request| request.method.as_str() == "GET").map(Request::url).collect()
}
