//! What is counted apart: a series for each request of each scenario, as far as memory goes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use super::compile::Program;
use crate::flow::Flow;
use crate::flow::Op;
use crate::load::budget::OTHER;
use crate::load::budget::Wanted;
use crate::load::budget::share_out;
use crate::model::AnswerFilter;
use crate::model::Conversation;
use crate::model::RequestTemplate;
use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;
use crate::plan::Plan;
use crate::plan::Scenario;

impl Program {
    /// What is to be counted on so many shards: a series for each request of each scenario and group.
    pub(in crate::load) fn wanted(&self, plan: &Plan, shards: usize) -> Wanted {
        let mut wanted = Wanted { shards, observed: self.observe.len(), ..Wanted::default() };
        for Sent { request, .. } in self.flows.iter().flat_map(|flow| distinct(flow).0) {
            let request = &self.requests[request];
            wanted.series += 1;
            let is_talking = request.dialogue.is_some() || request.call.is_some();
            wanted.messages += usize::from(is_talking);
            wanted.checks += request.checks.len();
            wanted.check_names +=
                request.checks.iter().map(|check| check.name().len()).sum::<usize>();
        }
        let filters = plan.load_selectors().filter_map(|selector| AnswerFilter::of(&selector.tags));
        wanted.traced = self.sampling.is_some();
        wanted.answers = wanted.series * filters.collect::<BTreeSet<_>>().len();
        wanted
    }

    /// One series per scenario, group and request that it sends there, up to `most` of them: the
    /// last requests of a scenario that gets fewer share its last series. To be called once, before
    /// the run.
    pub(in crate::load) fn number_series(&mut self, plan: &Plan, most: usize) {
        let sent: Vec<_> = self.flows.iter().map(distinct).collect();
        let wanted: Vec<usize> = sent.iter().map(|(sent, _)| sent.len()).collect();
        let shares = share_out(most, &wanted);
        for (index, ((sent, at), share)) in sent.into_iter().zip(shares).enumerate() {
            let scenario = &plan.scenarios[index];
            let first = self.series.len();
            for (place, sent) in sent.iter().take(share).enumerate() {
                let id = SeriesId(number(self.series.len()));
                let meta = meta(&plan.requests[sent.request], id, scenario, sent.group.as_deref());
                let is_shared = share < wanted[index] && place + 1 == share;
                let meta = if is_shared { other(meta) } else { meta };
                self.answers.push(filters(plan, &meta));
                self.series.push(meta);
                self.scenario_of.push(number(index));
            }
            let series = |place: usize| number(first + place.min(share - 1));
            self.series_of
                .push(at.into_iter().map(|place| place.map_or(u32::MAX, series)).collect());
        }
        self.number_groups();
    }

    fn number_groups(&mut self) {
        for flow in &self.flows {
            let mut names: Vec<String> = Vec::new();
            let mut numbers: HashMap<&str, u32> = HashMap::new();
            let at = flow.groups().map(|group| {
                let name = group?;
                Some(*numbers.entry(name).or_insert_with(|| {
                    names.push(name.to_owned());
                    number(names.len() - 1)
                }))
            });
            self.group_at.push(at.collect());
            self.groups.push(names);
        }
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32")
}

/// A request, and the group of the flow in which it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sent {
    group: Option<String>,
    request: usize,
}

/// What a flow sends, each request once in each group; and by instruction, which of these it sends.
fn distinct(flow: &Flow) -> (Vec<Sent>, Vec<Option<usize>>) {
    let mut sent = Vec::new();
    let mut places: HashMap<(Option<&str>, usize), usize> = HashMap::new();
    let at = flow.ops.iter().zip(flow.groups()).map(|(op, group)| {
        let Op::Use(request) = op else { return None };
        Some(*places.entry((group, *request)).or_insert_with(|| {
            sent.push(Sent { group: group.map(str::to_owned), request: *request });
            sent.len() - 1
        }))
    });
    let at = at.collect();
    (sent, at)
}

/// What gates ask about some answers of a series alone.
fn filters(plan: &Plan, meta: &SeriesMeta) -> Vec<AnswerFilter> {
    let mut filters: Vec<_> = plan
        .load_selectors()
        .filter(|selector| meta.fits(&selector.tags))
        .filter_map(|selector| AnswerFilter::of(&selector.tags))
        .collect();
    filters.sort_unstable();
    filters.dedup();
    filters
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
    scenario: &Scenario,
    group: Option<&str>,
) -> SeriesMeta {
    let mut tags = scenario.tags.clone();
    tags.extend(template.tags.clone());
    tags.extend(group.map(|group| ("group".to_owned(), group.to_owned())));
    SeriesMeta {
        id,
        scenario: scenario.name.clone(),
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
