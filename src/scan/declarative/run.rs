//! One template against one target: which of its blocks run, and in which rounds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::hit::Hit;
use super::round::RoundOutcome;
use super::shared::{Shared, Stop};
use super::tally::Effort;
use crate::http::CookieJar;
use crate::model::Exchange;
use crate::model::Method;
use crate::model::Target;
use crate::rules::template::Attack;
use crate::rules::template::{Bindings, Block, Flow, Template};

/// A template at work.
pub(super) struct Run<'r> {
    pub(super) shared: &'r Shared,
    pub(super) template: &'r Arc<Template>,
    pub(super) target: &'r Target,
    /// Values that answers have given.
    pub(super) dynamic: Bindings,
    pub(super) jar: Mutex<CookieJar>,
    /// Answers of blocks that are done, by the names of the blocks.
    pub(super) earlier: Vec<(String, Arc<Exchange>)>,
    /// Something was sent that may have changed the target: what was known before may be untrue.
    pub(super) has_written: bool,
    /// Methods and paths that the target says are not there.
    pub(super) missing: Mutex<BTreeSet<(Method, Vec<u8>)>>,
    pub(super) hits: Vec<Hit>,
    pub(super) effort: Effort,
}

/// What became of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct BlockOutcome {
    /// `flow` goes on.
    holds: bool,
    /// The template is to end.
    ends: bool,
}

impl<'r> Run<'r> {
    pub(super) fn new(shared: &'r Shared, template: &'r Arc<Template>, target: &'r Target) -> Self {
        Self {
            shared,
            template,
            target,
            dynamic: Bindings::default(),
            jar: Mutex::new(CookieJar::default()),
            earlier: Vec::new(),
            has_written: false,
            missing: Mutex::default(),
            hits: Vec::new(),
            effort: Effort::default(),
        }
    }

    /// Runs it to its end, or to the run's.
    pub(super) async fn run(&mut self) -> Result<(), Stop> {
        let template = Arc::clone(self.template);
        if let Some(flow) = &template.flow {
            return self.flow(flow).await.map(drop);
        }
        for index in 0..template.blocks.len() {
            if self.block(index).await?.ends {
                break;
            }
        }
        Ok(())
    }

    /// Boxed, because it calls itself.
    fn flow<'f>(
        &'f mut self,
        flow: &'f Flow,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<bool, Stop>> + Send + 'f>> {
        Box::pin(async move {
            match flow {
                Flow::Run(blocks) => {
                    let all: Vec<usize> = (0..self.template.blocks.len()).collect();
                    let blocks = if blocks.is_empty() { &all } else { blocks };
                    let mut holds = true;
                    for index in blocks {
                        holds &= self.block(*index).await?.holds;
                    }
                    Ok(holds)
                }
                Flow::Missing(_) => Ok(false),
                Flow::Not(inner) => Ok(!self.flow(inner).await?),
                Flow::And(first, second) => Ok(self.flow(first).await? && self.flow(second).await?),
                Flow::Or(first, second) => Ok(self.flow(first).await? || self.flow(second).await?),
            }
        })
    }

    async fn block(&mut self, index: usize) -> Result<BlockOutcome, Stop> {
        let template = Arc::clone(self.template);
        let block = &template.blocks[index];
        if block.global_matchers || block.fuzzing.is_some() {
            return Ok(BlockOutcome::default());
        }
        let stops = block.stop_at_first_match
            || template.stop_at_first_match
            || self.shared.options.stop_at_first_match;
        let attack = self.shared.options.attack;
        let rounds = block.payloads.as_ref().map_or(1, |payloads| payloads.rounds(attack));
        let mut outcome = BlockOutcome { holds: block.has_no_operators(), ends: false };
        if block.parallel_rounds > 1 && rounds > 1 {
            self.rounds_at_once(index, rounds, stops, &mut outcome).await?;
        } else {
            let mut history = vec![None; block.request_count()];
            for round in 0..rounds {
                let payloads = payloads_of(block, attack, round);
                let done = self.round(index, round, &payloads, &mut history).await?;
                self.take(index, done, &mut outcome);
                if outcome.holds && stops && !self.hits.is_empty() {
                    break;
                }
            }
        }
        outcome.ends = stops && !self.hits.is_empty();
        Ok(outcome)
    }

    /// Rounds that do not need one another.
    async fn rounds_at_once(
        &mut self,
        index: usize,
        rounds: u64,
        stops: bool,
        outcome: &mut BlockOutcome,
    ) -> Result<(), Stop> {
        let template = Arc::clone(self.template);
        let block = &template.blocks[index];
        let attack = self.shared.options.attack;
        let mut next = 0;
        let mut done = Vec::new();
        {
            let this = &*self;
            let mut running = FuturesUnordered::new();
            let mut has_match = false;
            loop {
                // Whether the first one's path is there decides what the others are worth.
                let is_probing = self.shared.options.skip_missing && done.is_empty();
                let most = if is_probing { 1 } else { block.parallel_rounds };
                while next < rounds && running.len() < most && !(has_match && stops) {
                    let round = next;
                    next += 1;
                    running.push(async move {
                        let payloads = payloads_of(block, attack, round);
                        let mut history = vec![None; block.request_count()];
                        this.round(index, round, &payloads, &mut history).await
                    });
                }
                let Some(finished) = running.next().await else { break };
                let finished = finished?;
                has_match |= !finished.hits.is_empty();
                done.push(finished);
                if has_match && stops {
                    break;
                }
            }
        }
        for finished in done {
            self.take(index, finished, outcome);
        }
        Ok(())
    }

    fn take(&mut self, index: usize, done: RoundOutcome, outcome: &mut BlockOutcome) {
        let block = &self.template.blocks[index];
        outcome.holds |= done.matched || (block.has_no_matchers() && done.extracted);
        for (name, values) in done.dynamic {
            self.dynamic.set_list(name, &values);
        }
        if let Some(last) = done.last {
            self.earlier.push((format!("http_{}", index + 1), Arc::clone(&last)));
            if let Some(id) = &block.id {
                self.earlier.push((id.clone(), last));
            }
        }
        self.has_written |= done.has_written;
        self.hits.extend(done.hits);
    }
}

fn payloads_of(block: &Block, attack: Option<Attack>, round: u64) -> Vec<(String, String)> {
    let pairs = block.payloads.as_ref().map(|payloads| payloads.round(attack, round));
    pairs
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
