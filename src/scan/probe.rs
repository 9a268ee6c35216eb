//! What a native check holds: one insertion point, a budget, and random values. Never a client.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::traffic::Errand;
use super::traffic::Traffic;
use super::traffic::Unsent;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::OutOfScope;
use crate::model::Request;
use crate::model::Response;
use crate::model::Seed;

pub(crate) use super::likeness::Likeness;
pub(crate) use super::likeness::Shape;
pub(crate) use super::point::InsertionPoint;
pub(crate) use crate::extract::Markup;
pub(crate) use crate::extract::Piece;
pub(crate) use crate::extract::Scripting;
pub(crate) use crate::extract::refresh_target;

/// Requests that one check may spend on one insertion point.
const BUDGET: u64 = 120;

/// The running check's future.
pub(crate) type Checking<'a> =
    Pin<Box<dyn Future<Output = Result<Outcome, ProbeStop>> + Send + 'a>>;

/// A check written in Rust; its metadata stands in the rule file with the same id.
pub(crate) trait NativeCheck: Send + Sync {
    /// The rule's id.
    fn id(&self) -> &'static str;
    /// Checks with the same name look for the same flaw in different ways: the first that finds it
    /// at an insertion point spares the others.
    fn root_cause(&self) -> &'static str;
    /// Whether the check has anything to ask at this point.
    fn applies(&self, point: &InsertionPoint) -> bool;
    /// Asks.
    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a>;
}

/// What a check concludes.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing.
    Clean,
    /// The question could not be asked here.
    Skipped(String),
    /// The flaw, proven.
    Found(Box<Proof>),
}

/// Why a check ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProbeStop {
    /// The budget for this point is spent.
    #[error("the budget of {BUDGET} requests for one insertion point was spent")]
    Budget,
    /// The run is winding down.
    #[error("the run is being stopped")]
    Stopped,
    /// The placed value leads out of scope.
    #[error(transparent)]
    OutOfScope(OutOfScope),
    /// A request got no response.
    #[error(transparent)]
    Failed(Failure),
}

/// A value that was sent and the exchange it caused; there always is a response.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    pub(crate) value: String,
    pub(crate) exchange: Arc<Exchange>,
}

impl Shot {
    pub(crate) fn response(&self) -> &Response {
        self.exchange.response().expect("a shot is made of an exchange with a response")
    }

    /// A place in the body, as evidence counts it: from the start of the recorded response.
    pub(crate) fn in_body(&self, range: Range<usize>) -> Range<usize> {
        let head = self.response().head_to_wire().len();
        head + range.start..head + range.end
    }

    /// Where a text stands in the recorded response, head or body.
    pub(crate) fn find(&self, text: &str) -> Option<Range<usize>> {
        let wire = self.response().to_wire();
        let at = memchr::memmem::find(&wire, text.as_bytes())?;
        Some(at..at + text.len())
    }
}

/// One exchange of a proof.
#[derive(Debug)]
pub(crate) struct Exhibit {
    pub(crate) role: EvidenceRole,
    pub(crate) shot: Shot,
    /// Bytes of the recorded response to look at.
    pub(crate) highlight: Option<Range<usize>>,
}

impl Exhibit {
    pub(crate) fn new(role: EvidenceRole, shot: Shot) -> Self {
        Self { role, shot, highlight: None }
    }

    pub(crate) fn marked(role: EvidenceRole, shot: Shot, highlight: Option<Range<usize>>) -> Self {
        Self { role, shot, highlight }
    }
}

/// Everything that makes a finding of an observation.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) confidence: Confidence,
    /// The observation in one sentence.
    pub(crate) detail: String,
    pub(crate) exhibits: Vec<Exhibit>,
    /// In the order sent.
    pub(crate) payloads: Vec<String>,
}

/// What a probe is to look at.
pub(crate) struct ProbeTask {
    pub(crate) base: Request,
    pub(crate) point: InsertionPoint,
    /// Other values that were seen at the point.
    pub(crate) other_values: Vec<String>,
    /// Check and point.
    pub(crate) purpose: String,
    pub(crate) seed: Seed,
}

/// See the module.
pub(crate) struct Probe {
    traffic: Arc<Traffic>,
    base: Request,
    point: InsertionPoint,
    other_values: Vec<String>,
    random: ChaCha8Rng,
    errand: Errand,
    /// Shared with whoever counts, so that a check that panics leaves its number behind.
    sent: Arc<AtomicU64>,
}

impl Probe {
    /// The same seed gives the same payloads.
    pub(crate) fn new(traffic: Arc<Traffic>, task: ProbeTask, sent: Arc<AtomicU64>) -> Self {
        let ProbeTask { base, point, other_values, purpose, seed } = task;
        let random = ChaCha8Rng::seed_from_u64(seed.derive(&purpose).0);
        let errand = Errand::Check(purpose.into());
        Self { traffic, base, point, other_values, random, errand, sent }
    }

    /// The point under test.
    pub(crate) fn point(&self) -> &InsertionPoint {
        &self.point
    }

    /// The request that everything starts from.
    pub(crate) fn base(&self) -> &Request {
        &self.base
    }

    /// The point's own value first, then others that were seen there.
    pub(crate) fn seen_values(&self) -> Vec<String> {
        let mut values = vec![self.point.value.clone()];
        for value in &self.other_values {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        values
    }

    /// Sends `value` at the point, the rest as it was.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, no scope, no response.
    pub(crate) async fn fire(&mut self, value: &str) -> Result<Shot, ProbeStop> {
        let request = self.point.place(&self.base, value);
        let base = self.base.path_and_query_text().into_owned();
        self.send(request, value, Some(base)).await
    }

    /// Sends the request as it was seen.
    ///
    /// # Errors
    /// As [`Self::fire`].
    pub(crate) async fn baseline(&mut self) -> Result<Shot, ProbeStop> {
        let value = self.point.value.clone();
        self.send(self.base.clone(), &value, None).await
    }

    async fn send(
        &mut self,
        request: Request,
        value: &str,
        stands_for: Option<String>,
    ) -> Result<Shot, ProbeStop> {
        if self.sent.fetch_add(1, Ordering::Relaxed) >= BUDGET {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            return Err(ProbeStop::Budget);
        }
        let asked = self.traffic.exchange_for(request, stands_for, &self.errand).await;
        let exchange = asked.map_err(|unsent| {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            match unsent {
                Unsent::Stopped => ProbeStop::Stopped,
                Unsent::OutOfScope(reason) => ProbeStop::OutOfScope(reason),
            }
        })?;
        match &exchange.outcome {
            Ok(_) => Ok(Shot { value: value.to_owned(), exchange }),
            Err(failure) => Err(ProbeStop::Failed(failure.clone())),
        }
    }

    /// A word of lower-case letters that no page contains by chance.
    pub(crate) fn word(&mut self) -> String {
        (0..10).map(|_| self.random.random_range('a'..='z')).collect()
    }

    /// A number of four digits.
    pub(crate) fn number(&mut self) -> u32 {
        self.random.random_range(1000..10_000)
    }

    /// Puts things into a random order, so that no order can be the cause of what is seen.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        things.shuffle(&mut self.random);
    }
}
