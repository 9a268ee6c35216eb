//! Checks, and what they conclude.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use super::InsertionPoint;
use super::Node;
use super::Probe;
use super::Probing;
use super::RequestProbe;
use super::SiteProbe;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::OutOfScope;
use crate::model::Response;

/// Requests that one check may spend at one place, unless it says otherwise.
pub(super) const BUDGET: u64 = 120;

/// The running check's future.
pub(crate) type Checking<'a> =
    Pin<Box<dyn Future<Output = Result<Outcome, ProbeStop>> + Send + 'a>>;

/// A check written in Rust; its metadata stands in the rule file with the same id.
#[derive(Clone)]
pub(crate) enum NativeCheck {
    /// Looks at one insertion point after the other.
    Point(Arc<dyn PointCheck>),
    /// Looks at one request after the other.
    Request(Arc<dyn RequestCheck>),
    /// Looks at the site once.
    Site(Arc<dyn SiteCheck>),
}

/// A check of insertion points.
pub(crate) trait PointCheck: Send + Sync {
    /// The rule's id.
    fn id(&self) -> &'static str;
    /// Checks with the same name look for the same flaw in different ways: the first that finds it
    /// at an insertion point spares the others.
    fn root_cause(&self) -> &'static str;
    /// Requests that it may spend at one point, at medium strength.
    fn budget(&self) -> u64 {
        BUDGET
    }
    /// Whether it concludes from anything but the answer: from time, or from calls from outside. Such a
    /// check has something to ask where answers are always the same.
    fn is_blind(&self) -> bool {
        false
    }
    /// Whether it asks before all others, which ask nothing more where it has found something, or
    /// cannot tell: their values, which are longer, could stop the target.
    fn goes_first(&self) -> bool {
        false
    }
    /// Whether the check has anything to ask at this point.
    fn applies(&self, point: &InsertionPoint) -> bool;
    /// Asks.
    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a>;
}

/// A check of requests that were answered: one of each node of the site model.
pub(crate) trait RequestCheck: Send + Sync {
    /// The rule's id.
    fn id(&self) -> &'static str;
    /// Requests that it may spend on one node, at medium strength.
    fn budget(&self) -> u64 {
        BUDGET
    }
    /// Nodes of which what is found is the same flaw share a name; it is found once. By default
    /// every node is one of its own.
    fn root_cause(&self, node: &Node) -> String {
        format!("{} {}", node.method, node.path_template)
    }
    /// Whether the check has anything to ask here.
    fn applies(&self, node: &Node) -> bool;
    /// How likely the flaw shows at this node: of those of one root cause only a few are asked, the likeliest first.
    fn promise(&self, _node: &Node) -> u8 {
        0
    }
    /// Asks.
    fn run<'a>(&'a self, probe: &'a mut RequestProbe) -> Checking<'a>;
}

/// A check of the whole site, run after all others: it may log in and out, write and read back.
pub(crate) trait SiteCheck: Send + Sync {
    /// The rule's id.
    fn id(&self) -> &'static str;
    /// Requests that it may spend, at medium strength.
    fn budget(&self) -> u64 {
        10 * BUDGET
    }
    /// The same where the plan itself says how many: no strength changes that.
    fn planned_budget(&self, _probing: &Probing) -> Option<u64> {
        None
    }
    /// Why the plan leaves it nothing to ask, if so.
    fn left_out(&self, _probing: &Probing) -> Option<&'static str> {
        None
    }
    /// Whether it compares people: then some register where the plan has too few.
    fn wants_people(&self) -> bool {
        false
    }
    /// Asks; what it finds is told to the probe ([`SiteProbe::found`]). [`Outcome::Found`] is
    /// not for it to give.
    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a>;
}

impl NativeCheck {
    /// The rule's id.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Point(check) => check.id(),
            Self::Request(check) => check.id(),
            Self::Site(check) => check.id(),
        }
    }

    /// Why the plan leaves it nothing to ask, if so.
    pub(crate) fn left_out(&self, probing: &Probing) -> Option<&'static str> {
        match self {
            Self::Point(_) | Self::Request(_) => None,
            Self::Site(check) => check.left_out(probing),
        }
    }
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
    /// The budget for this place is spent.
    #[error("the budget of {0} requests for one place was spent")]
    Budget(u64),
    /// The run is winding down.
    #[error("the run is being stopped")]
    Stopped,
    /// The placed value leads out of scope.
    #[error(transparent)]
    OutOfScope(OutOfScope),
    /// Whoever was to send it cannot log in.
    #[error("{0}")]
    NotLoggedIn(String),
    /// Pages cannot be shown, or not any more.
    #[error("{0}")]
    NoBrowser(String),
    /// A login that counts tries has had enough.
    #[error("the login there counts tries: it answers 429")]
    Limited,
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

/// A value that was sent, whether an answer came or not.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) value: String,
    pub(crate) exchange: Arc<Exchange>,
}

impl Attempt {
    /// Why there is no answer, if there is none.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.exchange.outcome.as_ref().err()
    }

    /// # Errors
    /// [`ProbeStop::Failed`]: there is no answer.
    pub(crate) fn answered(self) -> Result<Shot, ProbeStop> {
        match self.failure() {
            None => Ok(Shot { value: self.value, exchange: self.exchange }),
            Some(failure) => Err(ProbeStop::Failed(failure.clone())),
        }
    }
}

/// One exchange of a proof.
#[derive(Debug, Clone)]
pub(crate) struct Exhibit {
    pub(crate) role: EvidenceRole,
    pub(crate) value: String,
    pub(crate) exchange: Arc<Exchange>,
    /// Bytes of the recorded response to look at.
    pub(crate) highlight: Option<Range<usize>>,
}

impl Exhibit {
    pub(crate) fn new(role: EvidenceRole, shot: Shot) -> Self {
        Self::marked(role, shot, None)
    }

    /// One that no answer came to, or where it does not matter.
    pub(crate) fn attempted(role: EvidenceRole, attempt: Attempt) -> Self {
        Self { role, value: attempt.value, exchange: attempt.exchange, highlight: None }
    }

    pub(crate) fn marked(role: EvidenceRole, shot: Shot, highlight: Option<Range<usize>>) -> Self {
        Self { role, value: shot.value, exchange: shot.exchange, highlight }
    }
}

/// Everything that makes a finding of an observation.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) confidence: Confidence,
    /// The observation in one sentence: the reason for the confidence.
    pub(crate) detail: String,
    pub(crate) exhibits: Vec<Exhibit>,
    /// In the order sent.
    pub(crate) payloads: Vec<String>,
}
