//! Requests that name an address for calls, until the call comes.

use std::sync::Arc;

use super::hit::{ChangedAt, Hit};
use super::judge::Answered;
use super::shared::Shared;
use crate::model::Exchange;
use crate::model::Target;
use crate::rules::template::{Bindings, Made, Template};

/// One such request, and what is needed to judge it again.
pub(super) struct Pending {
    pub(super) template: Arc<Template>,
    pub(super) target: Target,
    pub(super) block: usize,
    pub(super) made: Made,
    pub(super) exchange: Arc<Exchange>,
    pub(super) history: Vec<Option<Arc<Exchange>>>,
    /// Where a known request was changed.
    pub(super) place: Option<ChangedAt>,
}

/// Judges every request again whose address was called; it is then not waited for any more.
pub(super) fn poll(shared: &Shared) -> Vec<Hit> {
    let Some(callbacks) = &shared.callbacks else { return Vec::new() };
    let mut pending = std::mem::take(&mut *shared.pending.lock().expect("no holder panics"));
    let mut hits = Vec::new();
    pending.retain(|pending| {
        let calls: Vec<_> =
            pending.made.callbacks.iter().flat_map(|url| callbacks.take(url)).collect();
        let mut is_proven = false;
        for call in calls {
            let block = &pending.template.blocks[pending.block];
            let answered = Answered {
                history: &pending.history,
                callback: Some(&call),
                ..Answered::new(
                    &pending.template,
                    &pending.target,
                    block,
                    &pending.made,
                    &pending.exchange,
                )
            };
            let verdict = answered.judge(shared);
            let found = answered.hits(&verdict);
            for mut hit in found {
                if !is_proven {
                    hit.callback = Some(call.clone());
                    hit.place.clone_from(&pending.place);
                    hits.push(hit);
                }
            }
            is_proven |= verdict.reports;
        }
        !is_proven
    });
    shared.pending.lock().expect("no holder panics").extend(pending);
    hits
}

/// As if a template had made the request of an exchange.
pub(super) fn made_of(exchange: &Exchange) -> Made {
    Made {
        request: exchange.request.clone(),
        bytes: None,
        url: exchange.request.url(),
        bindings: Bindings::default(),
        payloads: Vec::new(),
        callbacks: Vec::new(),
        timeout: None,
        server_name: None,
    }
}
