//! What is counted apart: a series for each request of each scenario, as far as memory goes.

use std::collections::BTreeMap;
use std::collections::HashSet;

use super::compile::Program;
use crate::flow::Flow;
use crate::load::budget::OTHER;
use crate::load::budget::Wanted;
use crate::load::budget::share_out;
use crate::model::Conversation;
use crate::model::RequestTemplate;
use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;
use crate::plan::Plan;

impl Program {
    /// What is to be counted on so many shards: a series for each request of each scenario.
    pub(in crate::load) fn wanted(&self, shards: usize) -> Wanted {
        let mut wanted = Wanted { shards, observed: self.observe.len(), ..Wanted::default() };
        for request in self.flows.iter().flat_map(distinct) {
            let request = &self.requests[request];
            wanted.series += 1;
            let is_talking = request.dialogue.is_some() || request.call.is_some();
            wanted.messages += usize::from(is_talking);
            wanted.checks += request.checks.len();
            wanted.check_names +=
                request.checks.iter().map(|check| check.name().len()).sum::<usize>();
        }
        wanted
    }

    /// One series per scenario and request that it sends, up to `most` of them: the last requests
    /// of a scenario that gets fewer share its last series. To be called once, before the run.
    pub(in crate::load) fn number_series(&mut self, plan: &Plan, most: usize) {
        let requests: Vec<Vec<usize>> = self.flows.iter().map(distinct).collect();
        let wanted: Vec<usize> = requests.iter().map(Vec::len).collect();
        let shares = share_out(most, &wanted);
        for (index, (requests, share)) in requests.iter().zip(shares).enumerate() {
            let mut series_of = vec![u32::MAX; self.requests.len()];
            let scenario = &self.scenarios[index].name;
            for (place, request) in requests.iter().enumerate() {
                let is_shared = share < requests.len() && place + 1 >= share;
                if !is_shared || place + 1 == share {
                    let id = SeriesId(u32::try_from(self.series.len()).expect("fewer than 2^32"));
                    let tags = &plan.scenarios[index].tags;
                    let meta = meta(&plan.requests[*request], id, scenario, tags);
                    self.series.push(if is_shared { other(meta) } else { meta });
                    self.scenario_of.push(u32::try_from(index).expect("fewer than 2^32"));
                }
                series_of[*request] =
                    u32::try_from(self.series.len() - 1).expect("fewer than 2^32");
            }
            self.series_of.push(series_of);
        }
    }
}

/// Requests that a flow sends, each once.
fn distinct(flow: &Flow) -> Vec<usize> {
    let mut seen = HashSet::new();
    flow.requests().filter(|request| seen.insert(*request)).collect()
}

/// The series of all requests that have none of their own, `meta` being the first of them.
fn other(meta: SeriesMeta) -> SeriesMeta {
    SeriesMeta {
        request: OTHER.to_owned(),
        method: "any".to_owned(),
        path_template: OTHER.to_owned(),
        tags: BTreeMap::new(),
        ..meta
    }
}

fn meta(
    template: &RequestTemplate,
    id: SeriesId,
    scenario: &str,
    tags: &BTreeMap<String, String>,
) -> SeriesMeta {
    let mut tags = tags.clone();
    tags.extend(template.tags.clone());
    SeriesMeta {
        id,
        scenario: scenario.to_owned(),
        request: template.name.clone(),
        method: template.request.method.as_str().to_owned(),
        path_template: template.path_template.clone(),
        url: template.request.url(),
        kind: match template.conversation {
            Conversation::Response => SeriesKind::Http,
            Conversation::WebSocket(_) => SeriesKind::WebSocket,
            Conversation::Events(_) => SeriesKind::ServerSentEvents,
            Conversation::Grpc(_) => SeriesKind::Grpc,
        },
        tags,
    }
}
