//! One round of a block: each of its requests made, sent and judged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::answers::Chain;
use super::hit::Hit;
use super::judge::Answered;
use super::pending::Pending;
use super::run::Run;
use super::shared::Stop;
use crate::model::Exchange;
use crate::model::Method;
use crate::model::Request;
use crate::rules::template::{Bindings, Environment, Made, Making, Unmade, without_body};

/// Values that `iterate-all` goes through at most.
const MAX_VALUES: usize = 100;

/// Rounds in which it is learnt what is not there; later ones seldom ask for another path.
const ROUNDS_THAT_LEARN: u64 = 2;

/// Values by the names of what extracted them.
type Extracted = Vec<(String, Vec<Vec<u8>>)>;

/// What one round leaves behind.
#[derive(Default)]
pub(super) struct RoundOutcome {
    pub(super) hits: Vec<Hit>,
    pub(super) dynamic: Extracted,
    pub(super) matched: bool,
    pub(super) extracted: bool,
    pub(super) last: Option<Arc<Exchange>>,
    pub(super) has_written: bool,
}

impl Run<'_> {
    /// Every request of a block, once.
    pub(super) async fn round(
        &self,
        index: usize,
        round: u64,
        payloads: &[(String, String)],
        history: &mut [Option<Arc<Exchange>>],
    ) -> Result<RoundOutcome, Stop> {
        let block = &self.template.blocks[index];
        let mut done = RoundOutcome::default();
        let mut dynamic = self.dynamic.clone();
        let mut lists: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let mut asked: Vec<Request> = Vec::new();
        for request in 0..block.request_count() {
            if round > 0 && block.is_once(request) {
                continue;
            }
            let variants = if block.iterate_all { variants(&lists) } else { vec![Vec::new()] };
            for variant in variants {
                for (name, value) in &variant {
                    dynamic.set(name.clone(), value.clone());
                }
                let (made, pause) = self.make(index, round, request, payloads, &dynamic);
                let made = match made {
                    Ok(made) => made,
                    Err(unmade) => {
                        self.shared.count_unmade(&unmade);
                        self.effort.unmade(&unmade);
                        return Ok(done);
                    }
                };
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                if self.is_missing(&made) {
                    self.shared.count("not-found");
                    continue;
                }
                let writes = !made.request.method.is_safe();
                // What was asked before in this very run is asked again for a reason.
                let is_first = !asked.contains(&made.request);
                let may_share = is_first && !self.has_written && !done.has_written && !writes;
                asked.push(made.request.clone());
                let Some(chain) = self.send(block, &made, may_share).await? else { continue };
                self.learn_missing(round, &made, &chain).await?;
                done.has_written |= writes;
                let Some(last) = chain.last().cloned() else { continue };
                history[request] = Some(Arc::clone(&last));
                done.last = Some(last);
                let extracted = self.judge_chain(index, &made, &chain, history, &mut done);
                for (name, values) in extracted {
                    if let Some(first) = values.first() {
                        dynamic.set(name.clone(), first.clone());
                    }
                    lists.entry(name).or_default().extend(values);
                }
                if block.stop_at_first_match && !done.hits.is_empty() {
                    done.dynamic = lists.into_iter().collect();
                    return Ok(done);
                }
            }
        }
        done.dynamic = lists.into_iter().collect();
        Ok(done)
    }

    fn is_missing(&self, made: &Made) -> bool {
        let missing = self.missing.lock().expect("no holder panics");
        !missing.is_empty() && missing.contains(&method_and_path(&made.request))
    }

    /// Notes that what was asked for is not there, where the same may be asked for again. Whatever may
    /// have changed the target may have put it there.
    async fn learn_missing(&self, round: u64, made: &Made, chain: &Chain) -> Result<(), Stop> {
        if !self.shared.options.skip_missing {
            return Ok(());
        }
        let is_worth_it =
            made.bytes.is_none() && round < ROUNDS_THAT_LEARN && self.template.request_total() > 1;
        let is_missing = match &chain[..] {
            [only] if is_worth_it => {
                self.shared.missing.is_missing(self.shared, self.target, only).await?
            }
            _ => false,
        };
        let mut missing = self.missing.lock().expect("no holder panics");
        if is_missing {
            missing.insert(method_and_path(&made.request));
        } else if !made.request.method.is_safe() {
            missing.clear();
        }
        Ok(())
    }

    /// A request, and how long to wait before it is sent.
    fn make(
        &self,
        index: usize,
        round: u64,
        request: usize,
        payloads: &[(String, String)],
        dynamic: &Bindings,
    ) -> (Result<Made, Unmade>, Duration) {
        let mut random = self.random(index, round, request);
        let mut environment = Environment::new(&mut random, self.shared.now_unix());
        let callbacks = self.shared.callbacks.as_ref();
        let callback = move || callbacks.map(|callbacks| callbacks.new_url());
        let making = Making {
            template: self.template,
            block: &self.template.blocks[index],
            target: self.target,
            given: &self.shared.options.given,
            dynamic,
            headers: &self.shared.options.headers,
            callback: Some(&callback),
        };
        let pairs: Vec<(&str, &str)> =
            payloads.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let made = making.make(request, &pairs, &mut environment);
        (made, environment.pause)
    }

    /// Judges the last answer first, then those that led to it. Gives what was extracted for later.
    fn judge_chain(
        &self,
        index: usize,
        made: &Made,
        chain: &Chain,
        history: &[Option<Arc<Exchange>>],
        done: &mut RoundOutcome,
    ) -> Extracted {
        let block = &self.template.blocks[index];
        let mut dynamic = Vec::new();
        for (at, exchange) in chain.iter().enumerate().rev() {
            let is_last = at + 1 == chain.len();
            let seen = if is_last {
                Arc::clone(exchange)
            } else {
                Arc::new(without_body(exchange).into_owned())
            };
            let answered = Answered {
                outline: if is_last { chain.outline(at) } else { None },
                history: if block.uses_history { history } else { &[] },
                earlier: &self.earlier,
                ..Answered::new(self.template, self.target, block, made, &seen)
            };
            let verdict = answered.judge(self.shared);
            done.matched |= verdict.matched;
            done.extracted |= !verdict.extracted.is_empty() || !verdict.dynamic.is_empty();
            for (name, values) in &verdict.dynamic {
                if !dynamic.iter().any(|(known, _)| known == name) {
                    dynamic.push((name.clone(), values.clone()));
                }
            }
            let found = answered.hits(&verdict);
            let has_found = !found.is_empty();
            done.hits.extend(found);
            if is_last && !made.callbacks.is_empty() {
                self.effort.wait();
                self.shared.wait_for(Pending {
                    template: Arc::clone(self.template),
                    target: self.target.clone(),
                    block: index,
                    made: made.clone(),
                    exchange: Arc::clone(&seen),
                    history: history.to_vec(),
                    place: None,
                });
            }
            if has_found && block.stop_at_first_match {
                break;
            }
        }
        dynamic
    }

    /// The same seed gives the same values to the same request, in whatever order templates run.
    fn random(&self, block: usize, round: u64, request: usize) -> ChaCha8Rng {
        let name =
            format!("{} {} {block} {round} {request}", self.template.info.path, self.target.url());
        ChaCha8Rng::seed_from_u64(self.shared.seed.derive(&name).0)
    }
}

/// The n-th values of all lists together, the last value of a shorter one again.
fn variants(lists: &BTreeMap<String, Vec<Vec<u8>>>) -> Vec<Vec<(String, Vec<u8>)>> {
    let count = lists.values().map(Vec::len).max().unwrap_or(0).clamp(1, MAX_VALUES);
    let variant = |index: usize| {
        lists
            .iter()
            .filter_map(|(name, values)| {
                let value = values.get(index).or(values.last())?;
                Some((name.clone(), value.clone()))
            })
            .collect()
    };
    (0..count).map(variant).collect()
}

/// What was asked for, whatever the query.
fn method_and_path(request: &Request) -> (Method, Vec<u8>) {
    let path = request.path_and_query.split(|byte| *byte == b'?').next().unwrap_or_default();
    (request.method.clone(), path.to_vec())
}
