//! Described operations that nothing was found behind: their examples are made up, so they are asked
//! for once more with values that the target itself has shown.
//!
//! Only what reads, and what adds where that is allowed: to change or delete something that really
//! exists is another thing than to try it on an example.

use std::collections::BTreeMap;

use super::crawler::Crawler;
use super::fetch::Fetched;
use super::item::Candidate;
use super::item::Item;
use super::known_values::Open;
use super::known_values::open_parameters;
use crate::model::Method;
use crate::model::Request;
use crate::scan::careful;

/// Times that one operation is asked for with other values.
const MAX_ATTEMPTS: usize = 3;

/// Operations that are remembered.
const MAX_UNMET: usize = 500;

/// Answers that other values may change.
const IN_VAIN: [u16; 4] = [400, 404, 410, 422];

/// Operations by method and path template.
#[derive(Debug, Default)]
pub(super) struct Unmet {
    operations: BTreeMap<(String, String), Operation>,
}

#[derive(Debug)]
struct Operation {
    item: Item,
    /// With the values that it was asked for with.
    tried: Vec<Request>,
}

impl Unmet {
    /// Remembers what came of an operation that a description or the plan names.
    fn note(&mut self, item: &Item, status: u16) {
        let Some(template) = item.path_template.clone().filter(|_| !item.source.is_found()) else {
            return;
        };
        let key = (item.request.method.as_str().to_owned(), template);
        if !item.expects(status)
            && IN_VAIN.contains(&status)
            && (item.request.method.is_safe() || item.request.method == Method::new("POST"))
            && self.operations.len() < MAX_UNMET
        {
            let first = || Operation { item: item.clone(), tried: Vec::new() };
            self.operations.entry(key).or_insert_with(first);
        }
    }
}

impl Crawler {
    /// Learns values from an answer, and whether there is something behind an operation.
    pub(super) fn note_values(&mut self, item: &Item, fetched: &Fetched) {
        let exchange = fetched.exchange.as_ref().ok();
        let Some(response) = exchange.and_then(|exchange| exchange.response()) else { return };
        self.unmet.note(item, response.status);
        if response.status < 300 && !fetched.missing {
            self.values.learn(&item.request, &response.media_type(), &response.body);
        }
    }

    /// Asks for what was asked for in vain until now, each with other values than before; whether
    /// there are any.
    pub(super) fn retry_unmet(&mut self) -> bool {
        let mut again = Vec::new();
        for (key, operation) in &mut self.unmet.operations {
            if self.site.is_reached(key) {
                continue;
            }
            let (_, template) = key;
            let item = &operation.item;
            let open: Vec<(Open, Vec<String>)> = open_parameters(&item.request, template)
                .into_iter()
                .map(|open| {
                    let mut values = self.values.candidates(&open.collection, &open.name);
                    values.retain(|value| *value != open.point.value);
                    (open, values)
                })
                .collect();
            // Where there is no other value now, there may be one later.
            if operation.tried.len() < MAX_ATTEMPTS
                && let Some(request) = filled(&item.request, &open, &operation.tried)
            {
                again.push((item.clone(), request.clone()));
                operation.tried.push(request);
            }
        }
        let is_any = !again.is_empty();
        for (item, request) in again {
            self.offer_filled(item, request);
        }
        is_any
    }

    fn offer_filled(&mut self, named: Item, request: Request) {
        let candidate = Candidate::of(request, named.depth, named.source, named.found.clone());
        let Some(candidate) = candidate.filter(|it| self.in_scope(&it.url)) else { return };
        if careful::reason_to_leave(&candidate.url, "").is_some() {
            return;
        }
        let (item, key) = self.item(candidate);
        let Item { path_template, expected_statuses, .. } = named;
        self.offer(Item { path_template, expected_statuses, ..item }, key);
    }
}

/// The request with values that it was not tried with; the likeliest of each parameter first.
fn filled(request: &Request, open: &[(Open, Vec<String>)], tried: &[Request]) -> Option<Request> {
    let most = open.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    (0..most).find_map(|index| {
        let filled = open.iter().fold(request.clone(), |filled, (open, values)| {
            match values.get(index).or(values.last()) {
                Some(value) => open.point.place(&filled, value),
                None => filled,
            }
        });
        (filled != *request && !tried.contains(&filled)).then_some(filled)
    })
}
