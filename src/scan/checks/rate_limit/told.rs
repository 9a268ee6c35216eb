//! One course of all limits, and the rules that tell of it: the check that runs first asks, and the others
//! have what came of it.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::verify::verify;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Probing;
use crate::scan::probe::Proof;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// What is found; each is a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing is refused.
    Missing,
    /// More is let in than was declared.
    Exceeded,
    /// A request that is written in another way is let in.
    Bypass,
    /// What answers say of the limit is not so.
    Header,
    /// Others are counted together, or apart, than was declared.
    Key,
}

impl Rule {
    const ALL: [Self; 5] = [Self::Missing, Self::Exceeded, Self::Bypass, Self::Header, Self::Key];

    fn id(self) -> &'static str {
        match self {
            Self::Missing => "rate-limit-missing",
            Self::Exceeded => "rate-limit-exceeded",
            Self::Bypass => "rate-limit-bypass",
            Self::Header => "rate-limit-header",
            Self::Key => "rate-limit-key",
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) rule: Rule,
    pub(super) base: Request,
    /// Tells it from other limits of the same request.
    pub(super) key: String,
    pub(super) proof: Proof,
}

/// What came of all limits.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) found: Vec<Found>,
    /// Why it ended before its end.
    pub(super) stop: Option<ProbeStop>,
    /// Limits, and those of which nothing could be said.
    pub(super) limits: u64,
    pub(super) unsure: u64,
}

/// One of the rules; what was asked for the first is there for the others.
struct RateLimits {
    rule: Rule,
    told: Arc<Mutex<Option<Told>>>,
}

/// The check of each rule.
pub(in crate::scan::checks) fn all() -> Vec<Arc<dyn SiteCheck>> {
    let told: Arc<Mutex<Option<Told>>> = Arc::default();
    let check = |rule| RateLimits { rule, told: Arc::clone(&told) };
    Rule::ALL.into_iter().map(|rule| Arc::new(check(rule)) as Arc<dyn SiteCheck>).collect()
}

impl SiteCheck for RateLimits {
    fn id(&self) -> &'static str {
        self.rule.id()
    }

    fn left_out(&self, probing: &Probing) -> Option<&'static str> {
        probing.rate_limits.is_empty().then_some("the plan declares no limits (`rate_limits`)")
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(self.tell(probe))
    }
}

impl RateLimits {
    async fn tell(&self, probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
        let mut known = self.told.lock().await;
        if known.is_none() {
            // Where that fails by a fault of ours, nobody asks once more.
            *known = Some(Told::default());
            *known = Some(verify(probe).await);
        }
        let told = known.clone().unwrap_or_default();
        drop(known);
        let is_nothing = told.found.is_empty() && told.unsure == told.limits;
        let own = told.found.into_iter().filter(|found| found.rule == self.rule);
        for Found { base, key, proof, .. } in own {
            let path = base.path_and_query_text().into_owned();
            let path = path.split(['?', '#']).next().unwrap_or_default().to_owned();
            let open_path = format!("{path}/limit:{key}");
            probe.found_planned(base, path, open_path, proof);
        }
        match told.stop {
            Some(stop) => Err(stop),
            None if is_nothing => Ok(Outcome::Skipped("no limit could be measured".to_owned())),
            None => Ok(Outcome::Clean),
        }
    }
}
