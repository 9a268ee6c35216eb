//! Answers to requests that several templates ask alike: sent once, judged by all.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::hash::DefaultHasher;
use std::hash::Hash as _;
use std::hash::Hasher as _;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::OnceCell;

use crate::model::Exchange;
use crate::model::Request;
use crate::rules::Outline;
use crate::rules::template::Redirects;

/// Bytes of answers that are kept. Templates that ask alike run one after the other, so most are needed
/// for a short time only.
const MAX_BYTES: usize = 48 << 20;

/// What an answer costs beside its body.
const OVERHEAD: usize = 1024;

/// A request's exchanges, for all who asked alike.
pub(super) type Chain = Arc<Links>;

/// Exchanges in the order in which redirects led to them; never empty.
#[derive(Debug)]
pub(super) struct Links {
    exchanges: Vec<Arc<Exchange>>,
    /// Of each what all who judge it need; made when the first of them does.
    outlines: Vec<OnceLock<Option<Arc<Outline>>>>,
}

impl Links {
    pub(super) fn of(exchanges: Vec<Arc<Exchange>>) -> Chain {
        let outlines = exchanges.iter().map(|_| OnceLock::new()).collect();
        Arc::new(Self { exchanges, outlines })
    }

    /// What is the same for all who judge the exchange at that place.
    pub(super) fn outline(&self, at: usize) -> Option<Arc<Outline>> {
        let made = || self.exchanges[at].response().map(|response| Arc::new(Outline::of(response)));
        self.outlines.get(at)?.get_or_init(made).clone()
    }
}

impl Deref for Links {
    type Target = [Arc<Exchange>];

    fn deref(&self) -> &[Arc<Exchange>] {
        &self.exchanges
    }
}

/// What two requests must have in common to have one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Of everything that is sent. Two of them, so that a collision does not happen by chance.
    hashes: (u64, u64),
    redirects: Redirects,
    max_size: Option<u64>,
}

impl Key {
    pub(super) fn of(request: &Request, redirects: Redirects, max_size: Option<u64>) -> Self {
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            request.origin.hash(&mut hasher);
            request.method.hash(&mut hasher);
            request.path_and_query.hash(&mut hasher);
            request.headers.hash(&mut hasher);
            request.body.hash(&mut hasher);
            hasher.finish()
        };
        Self { hashes: (hash(0), hash(1)), redirects, max_size }
    }
}

/// Answers by request.
#[derive(Debug, Default)]
pub(super) struct Answers {
    kept: Mutex<Kept>,
    /// Requests that were not sent because their answer was known.
    pub(super) spared: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    cells: HashMap<Key, Arc<OnceCell<Chain>>>,
    order: VecDeque<(Key, usize)>,
    bytes: usize,
}

impl Answers {
    /// The answer to a request: one that is known, that is on its way, or that `send` gets. A failure is
    /// not kept.
    pub(super) async fn get<E>(
        &self,
        key: Key,
        send: impl Future<Output = Result<Chain, E>>,
    ) -> Result<Chain, E> {
        let cell = {
            let mut kept = self.kept.lock().expect("no holder panics");
            Arc::clone(kept.cells.entry(key.clone()).or_default())
        };
        let mut sent = false;
        let chain = cell
            .get_or_try_init(|| async {
                sent = true;
                send.await
            })
            .await;
        match chain {
            Ok(chain) => {
                let chain = Arc::clone(chain);
                if sent {
                    self.keep(key, &chain);
                } else {
                    self.spared.fetch_add(chain.len() as u64, Ordering::Relaxed);
                }
                Ok(chain)
            }
            Err(error) => {
                let mut kept = self.kept.lock().expect("no holder panics");
                // Somebody else may be waiting for the same cell: they try for themselves.
                if kept.cells.get(&key).is_some_and(|known| known.get().is_none()) {
                    kept.cells.remove(&key);
                }
                Err(error)
            }
        }
    }

    fn keep(&self, key: Key, chain: &Chain) {
        let body = |exchange: &Arc<Exchange>| {
            OVERHEAD + exchange.response().map_or(0, |response| response.body.len())
        };
        let bytes = chain.iter().map(body).sum();
        let mut kept = self.kept.lock().expect("no holder panics");
        kept.bytes += bytes;
        kept.order.push_back((key, bytes));
        while kept.bytes > MAX_BYTES
            && let Some((old, bytes)) = kept.order.pop_front()
        {
            kept.bytes -= bytes;
            kept.cells.remove(&old);
        }
    }
}
