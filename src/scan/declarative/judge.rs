//! What a block says about an answer, and what of that is a result.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::hit::{Callback, Hit};
use super::shared::Shared;
use crate::model::Exchange;
use crate::model::Target;
use crate::rules::Outline;
use crate::rules::template::{Block, Earlier, Environment, Event, Made, Template, Verdict};

/// An answer, with everything that operators can name.
pub(super) struct Answered<'a> {
    pub(super) template: &'a Arc<Template>,
    pub(super) target: &'a Target,
    pub(super) block: &'a Block,
    pub(super) made: &'a Made,
    pub(super) exchange: &'a Arc<Exchange>,
    /// Where others judge the same answer.
    pub(super) outline: Option<Arc<Outline>>,
    /// Answers of the block by their requests.
    pub(super) history: &'a [Option<Arc<Exchange>>],
    /// Answers of earlier blocks by the names of the blocks.
    pub(super) earlier: &'a [(String, Arc<Exchange>)],
    /// The call from outside because of which it is judged again.
    pub(super) callback: Option<&'a Callback>,
}

impl<'a> Answered<'a> {
    /// An answer of which nothing else is known.
    pub(super) fn new(
        template: &'a Arc<Template>,
        target: &'a Target,
        block: &'a Block,
        made: &'a Made,
        exchange: &'a Arc<Exchange>,
    ) -> Self {
        Self {
            template,
            target,
            block,
            made,
            exchange,
            outline: None,
            history: &[],
            earlier: &[],
            callback: None,
        }
    }

    /// What the block says about it.
    pub(super) fn judge(&self, shared: &Shared) -> Verdict {
        let history: Vec<Option<&Exchange>> =
            self.history.iter().map(|exchange| exchange.as_deref()).collect();
        let earlier: Vec<Earlier<'_>> =
            self.earlier.iter().map(|(prefix, exchange)| Earlier { prefix, exchange }).collect();
        let mut event = Event::new(
            Some(&**self.exchange),
            self.outline.clone(),
            &self.made.bindings,
            &history,
            &earlier,
        );
        event.say("host", self.target.url());
        event.say("matched", self.exchange.request.url());
        event.say("type", "http");
        event.say("template-id", self.template.info.id.clone());
        if let Some(peer) = self.exchange.peer {
            event.say("ip", peer.ip().to_string());
        }
        if let Some(url) = self.made.callbacks.first() {
            event.say("interactsh-url", url.clone());
        }
        if let Some(callback) = self.callback {
            event.say("interactsh_protocol", callback.protocol.clone());
            let request = if callback.protocol == "dns" {
                String::from_utf8_lossy(&callback.request).to_lowercase().into_bytes()
            } else {
                callback.request.clone()
            };
            event.say("interactsh_request", request);
            event.say("interactsh_response", callback.response.clone());
            event.say("interactsh_ip", callback.remote.clone());
        }
        let mut random = ChaCha8Rng::seed_from_u64(shared.seed.0);
        let mut environment = Environment::new(&mut random, shared.now_unix());
        shared.judged.fetch_add(1, Ordering::Relaxed);
        event.judge(self.block, &mut environment)
    }

    /// One result for each named matcher, else for each named extractor, else one.
    pub(super) fn hits(&self, verdict: &Verdict) -> Vec<Hit> {
        if !verdict.reports {
            return Vec::new();
        }
        let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
        let hit = |matcher: Option<&String>, extractor: Option<&String>, values: &[Vec<u8>]| Hit {
            template: Arc::clone(self.template),
            target: self.target.clone(),
            matcher_name: matcher.cloned(),
            extractor_name: extractor.cloned(),
            extracted: values.iter().map(text).collect(),
            matched_at: self.made.url.clone(),
            exchange: Arc::clone(self.exchange),
            payloads: self.made.payloads.clone(),
            place: None,
            callback: None,
            analysis: None,
            bytes: self.made.bytes.clone(),
        };
        let all = &verdict.extracted;
        if !verdict.matcher_names.is_empty() {
            return verdict.matcher_names.iter().map(|name| hit(Some(name), None, all)).collect();
        }
        if !verdict.by_extractor.is_empty() {
            let each = verdict.by_extractor.iter();
            return each.map(|(name, values)| hit(None, Some(name), values)).collect();
        }
        vec![hit(None, None, all)]
    }
}
