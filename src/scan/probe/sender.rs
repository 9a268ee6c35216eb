//! Sends what checks ask, counts it, and draws what they need of chance.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use tokio::sync::Mutex;
use tokio::sync::OwnedSemaphorePermit;

use super::Attempt;
use super::ProbeStop;
use super::Proof;
use super::Shot;
use super::Strength;
use super::Swept;
use super::Whom;
use super::pace::Pace;
use super::pace::place;
use crate::http::SendOptions;
use crate::http::cookies::SameSite;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::Request;
use crate::model::Seed;
use crate::plan::Plan;
use crate::plan::Probing;
use crate::scan::browse::Stage;
use crate::scan::declarative::Callbacks;
use crate::scan::traffic::Errand;
use crate::scan::traffic::Order;
use crate::scan::traffic::Refusals;
use crate::scan::traffic::Room;
use crate::scan::traffic::Traffic;
use crate::scan::traffic::Unsent;

/// The header that says which check sent a probe.
pub(super) const TAG: &str = "X-Shakedown-Check";

/// A proof that stands as soon as somebody calls an address.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) url: String,
    pub(crate) proof: Proof,
}

/// What every sender of a run has in common.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) traffic: Arc<Traffic>,
    /// Who waits for calls from outside.
    pub(crate) callbacks: Option<Arc<dyn Callbacks>>,
    pub(crate) probing: Arc<Probing>,
    /// For checks that send its requests.
    pub(crate) plan: Arc<Plan>,
    pub(crate) seed: Seed,
    /// Whether the plan allows requests that may change something.
    pub(crate) allow_unsafe: bool,
    /// Where values come back, once somebody has asked.
    pub(crate) swept: Swept,
    /// A browser, where there is one: for one page at a time.
    pub(crate) stage: Option<Arc<Mutex<Stage>>>,
    /// How long places take to answer.
    pub(crate) pace: Pace,
}

impl From<Unsent> for ProbeStop {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Stopped => Self::Stopped,
            Unsent::OutOfScope(reason) => Self::OutOfScope(reason),
            Unsent::NotLoggedIn { .. } => Self::NotLoggedIn(unsent.to_string()),
        }
    }
}

/// See the module.
pub(crate) struct Sender {
    means: Means,
    random: ChaCha8Rng,
    purpose: Arc<str>,
    errand: Errand,
    /// Shared with whoever counts, so that a check that panics leaves its number behind.
    sent: Arc<AtomicU64>,
    budget: u64,
    expected: Vec<Expected>,
    alone: Option<OwnedSemaphorePermit>,
    whom: Whom,
    refusals: Refusals,
}

impl Sender {
    /// The same seed gives the same payloads. `purpose` is check and place; `budget` is for medium strength,
    /// unless the plan has another one.
    pub(crate) fn new(means: Means, purpose: &str, budget: u64, sent: Arc<AtomicU64>) -> Self {
        let check = purpose.split(' ').next().unwrap_or_default();
        let own = means.probing.strength.scale(budget);
        let budget = means.probing.budgets.of(check).unwrap_or(own);
        let random = ChaCha8Rng::seed_from_u64(means.seed.derive(purpose).0);
        let errand = Errand::Check(purpose.into());
        let purpose = purpose.into();
        let (expected, whom) = (Vec::new(), Whom::Session);
        let refusals = Refusals::Obeyed;
        Self { means, random, purpose, errand, sent, budget, expected, alone: None, whom, refusals }
    }

    /// From now on so many requests are the budget in all, whatever the strength; what the plan says
    /// of the check goes before it.
    pub(crate) fn allow(&mut self, requests: u64) {
        self.budget = self.means.probing.budgets.of(self.check()).unwrap_or(requests);
    }

    /// From now on answers that ask to come back later are what is asked for: everything is sent once,
    /// and nobody waits.
    pub(crate) fn want_refusals(&mut self) {
        self.refusals = Refusals::Wanted;
    }

    /// The same with a budget that follows from the plan: no strength changes it, and only a budget that the
    /// plan has for this very check bounds it.
    pub(crate) fn exactly(means: Means, purpose: &str, budget: u64, sent: Arc<AtomicU64>) -> Self {
        let own = means.probing.budgets.by_check.get(purpose).copied();
        let budget = own.map_or(budget, |own| own.min(budget));
        Self { budget, ..Self::new(means, purpose, budget, sent) }
    }

    /// The same, sending as somebody else where nobody is named.
    pub(crate) fn by(self, whom: Whom) -> Self {
        Self { whom, ..self }
    }

    /// As whom it sends where nobody is named.
    pub(super) fn whom(&self) -> Whom {
        self.whom
    }

    /// How much is tried.
    pub(crate) fn strength(&self) -> Strength {
        self.means.probing.strength
    }

    /// Requests that were sent.
    pub(crate) fn spent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Which check it is.
    pub(super) fn check(&self) -> &str {
        self.purpose.split(' ').next().unwrap_or_default()
    }

    pub(super) fn purpose(&self) -> &Arc<str> {
        &self.purpose
    }

    /// What was sent, for others who send on its account.
    pub(super) fn count(&self) -> &Arc<AtomicU64> {
        &self.sent
    }

    /// Requests that it may send in all.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    pub(super) fn means(&self) -> &Means {
        &self.means
    }

    /// Sends a request as whoever this sender is for, mostly the session. `value` is what stands in it for
    /// people, and `stands_for` the path it counts under, where it is made up.
    ///
    /// # Errors
    /// [`ProbeStop`]: no budget, no scope, no response.
    pub(crate) async fn send(
        &mut self,
        request: Request,
        value: &str,
        stands_for: Option<String>,
    ) -> Result<Shot, ProbeStop> {
        self.send_with(self.whom, request, value, stands_for, SendOptions::default()).await
    }

    /// The same as somebody, and with other bytes or times.
    ///
    /// # Errors
    /// As [`Self::send`]; and [`ProbeStop::NotLoggedIn`].
    pub(crate) async fn send_with(
        &mut self,
        whom: Whom,
        request: Request,
        value: &str,
        stands_for: Option<String>,
        options: SendOptions,
    ) -> Result<Shot, ProbeStop> {
        self.attempt_with(whom, request, value, stands_for, options).await?.answered()
    }

    /// The same where no answer says something too.
    ///
    /// # Errors
    /// As [`Self::send_with`], but for [`ProbeStop::Failed`].
    pub(crate) async fn attempt_with(
        &mut self,
        whom: Whom,
        mut request: Request,
        value: &str,
        stands_for: Option<String>,
        options: SendOptions,
    ) -> Result<Attempt, ProbeStop> {
        self.spend()?;
        if self.means.probing.tagged {
            // What is made from a request that was sent has one already.
            request.headers.retain(|header| header.name != TAG);
            let check = self.check().to_owned();
            request.headers.push(Header::new(TAG, check));
        }
        let room = if self.alone.is_some() { Room::Alone } else { Room::Shared };
        let errand = match whom {
            Whom::Session => self.errand.clone(),
            _ => Errand::Check(format!("{}{}", self.purpose, whom.mark()).into()),
        };
        let at =
            stands_for.as_deref().filter(|_| options.timeout.is_none() && self.alone.is_none());
        let at = at.map(|path| place(request.method.as_str(), path));
        let refusals = self.refusals;
        let order = Order { request, stands_for, errand: &errand, whom, options, room, refusals };
        let asked = self.means.traffic.exchange_of(order).await;
        let exchange = asked.map_err(|unsent| {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            ProbeStop::from(unsent)
        })?;
        if let Some(at) = at {
            self.means.pace.note(&at, exchange.timings.wait);
        }
        Ok(Attempt { value: value.to_owned(), exchange })
    }

    /// Sends requests as they are and once, ending at one instant, with nobody else on the way: for whoever
    /// stands alone.
    ///
    /// # Errors
    /// As [`Self::attempt_with`]; nothing is sent where the budget is not enough for all.
    pub(super) async fn send_together(
        &mut self,
        whom: Whom,
        mut requests: Vec<Request>,
    ) -> Result<Vec<Arc<Exchange>>, ProbeStop> {
        let count = requests.len() as u64;
        if self.spent() + count > self.budget {
            return Err(ProbeStop::Budget(self.budget));
        }
        if self.means.probing.tagged {
            let check = self.check().to_owned();
            for request in &mut requests {
                request.headers.push(Header::new(TAG, check.clone()));
            }
        }
        self.sent.fetch_add(count, Ordering::Relaxed);
        let asked = self.means.traffic.exchange_together(whom, requests).await;
        asked.map_err(|unsent| {
            self.sent.fetch_sub(count, Ordering::Relaxed);
            ProbeStop::from(unsent)
        })
    }

    /// Takes one request off the budget.
    ///
    /// # Errors
    /// [`ProbeStop::Budget`]: there is none left.
    pub(super) fn spend(&mut self) -> Result<(), ProbeStop> {
        if self.sent.fetch_add(1, Ordering::Relaxed) >= self.budget {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            return Err(ProbeStop::Budget(self.budget));
        }
        Ok(())
    }

    /// What the session's cookie of that name says of other sites, if it was set in this run.
    pub(crate) fn same_site(&self, cookie: &str) -> Option<SameSite> {
        let cookies = self.means.traffic.cookies();
        cookies.into_iter().find(|known| known.name == cookie).map(|known| known.same_site)
    }

    /// From now on until [`Self::rejoin`], nobody else sends: for what is measured in time.
    pub(crate) async fn stand_alone(&mut self) {
        if self.alone.is_none() {
            self.alone = Some(self.means.traffic.alone().await);
        }
    }

    /// Others send again.
    pub(crate) fn rejoin(&mut self) {
        self.alone = None;
    }

    /// Sends nothing for so long: for what strains the target.
    pub(crate) async fn pause(&self, how_long: Duration) {
        self.means.traffic.pause(how_long).await;
    }

    /// An address that nobody has seen, to be called by the target: a host, or a host with a path,
    /// without a scheme. `None` where nobody waits for calls.
    pub(crate) fn address(&self) -> Option<String> {
        self.means.callbacks.as_ref().map(|callbacks| callbacks.new_url())
    }

    /// Makes a finding of `proof` if the address is called at any time until the scan's end: the
    /// call is then added to its detail.
    pub(crate) fn expect_call(&mut self, url: String, proof: Proof) {
        self.expected.push(Expected { url, proof });
    }

    /// What calls are waited for, once the check is over.
    pub(crate) fn take_expected(&mut self) -> Vec<Expected> {
        std::mem::take(&mut self.expected)
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

    /// For trials that draw for themselves.
    pub(super) fn random(&mut self) -> &mut ChaCha8Rng {
        &mut self.random
    }
}
