//! Methods that a header or a parameter replaces: rules for methods, in proxies and in the application,
//! then judge another request than the one that is done.
//!
//! The method named is a random word, which nothing does: the answer must be the one that the same
//! word gets as the real method, differ from the page's own, and not come for a header of another
//! name; twice. Each route may read such a header for itself, so each is asked once with all of them;
//! only one whose answer is then an error is looked at closely. Cost at a clean page: 1 request. What is
//! found with one name is told of once.

use std::collections::BTreeSet;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::scan::checks::known_page::KnownPage;
use crate::scan::checks::query::with_query;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;
use crate::scan::probe::Strength;
use crate::scan::probe::Whom;

/// Headers that frameworks listen to, and the parameter.
const NAMES: [&str; 4] =
    ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", PARAMETER];

/// The parameter.
const PARAMETER: &str = "_method";

/// Requests that may write, at which it is tried: whoever listens to nothing does them.
const MAX_WRITING: usize = 3;

/// See the module.
pub(crate) struct MethodOverride;

impl SiteCheck for MethodOverride {
    fn id(&self) -> &'static str {
        "method-override"
    }

    fn budget(&self) -> u64 {
        150
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let mut found: Vec<(String, &str)> = Vec::new();
    for node in routes(probe) {
        let is_new = |name: &&&str| !found.contains(&(node.method.clone(), **name));
        let names: Vec<&str> = NAMES.iter().filter(is_new).copied().collect();
        if let Some(name) = listens(probe, &node, &names).await? {
            found.push((node.method.clone(), name));
        }
    }
    Ok(Outcome::Clean)
}

/// One request of each path that answers, those with open places first: things are done to them.
fn routes(probe: &mut SiteProbe) -> Vec<Node> {
    let most = match probe.sender().strength() {
        Strength::Low => 10,
        Strength::Medium => 50,
        Strength::High => 150,
    };
    let site = probe.site();
    let mut paths: BTreeSet<(String, String)> = BTreeSet::new();
    let mut writing = 0;
    let is_route = |node: &&Node| {
        let status = node.answer.as_ref().map(|answer| answer.status);
        let is_fine = node.reached && status.is_none_or(|status| status < 400);
        let is_new = is_fine
            && matches!(node.method.as_str(), "GET" | "POST")
            && probe.may_send(node)
            && paths.insert((node.method.clone(), node.path_template.clone()));
        writing += usize::from(is_new && node.method == "POST");
        is_new && (node.method == "GET" || writing <= MAX_WRITING)
    };
    let mut nodes: Vec<&Node> = site.nodes().filter(is_route).collect();
    nodes.sort_by_key(|node| !node.path_template.contains('{'));
    nodes.into_iter().take(most).cloned().collect()
}

/// The name that a route listens to.
async fn listens<'n>(
    probe: &mut SiteProbe,
    node: &Node,
    names: &[&'n str],
) -> Result<Option<&'n str>, ProbeStop> {
    let route = Route { node, base: &node.examples[0] };
    if names.is_empty() || route.named(probe, names).await?.response().status < 400 {
        return Ok(None);
    }
    let baseline = route.ask(probe, route.base.clone(), "").await?;
    let real = route.really(probe).await?;
    let Some(refused) = KnownPage::of(&[real.clone(), real]) else { return Ok(None) };
    if refused.shows(&baseline) || baseline.response().status >= 400 {
        return Ok(None);
    }
    for name in names {
        if let Some(proof) = route.alone(probe, &refused, &baseline, name).await? {
            probe.found(node, None, proof);
            return Ok(Some(name));
        }
    }
    Ok(None)
}

struct Route<'n> {
    node: &'n Node,
    base: &'n Request,
}

impl Route<'_> {
    async fn ask(
        &self,
        probe: &mut SiteProbe,
        request: Request,
        value: &str,
    ) -> Result<Shot, ProbeStop> {
        let counted = Some(self.node.examples[0].path_and_query_text().into_owned());
        probe.ask_as(Whom::Session, request, value, counted).await
    }

    /// A random word as the method itself.
    async fn really(&self, probe: &mut SiteProbe) -> Result<Shot, ProbeStop> {
        let word = probe.sender().word().to_ascii_uppercase();
        let request = Request { method: Method::new(word.as_str()), ..self.base.clone() };
        self.ask(probe, request, &word).await
    }

    /// A random word as the method that headers or the parameter name.
    async fn named(&self, probe: &mut SiteProbe, names: &[&str]) -> Result<Shot, ProbeStop> {
        let word = probe.sender().word().to_ascii_uppercase();
        let mut request = self.base.clone();
        for name in names {
            if *name == PARAMETER {
                request = with_query(&request, &format!("{name}={word}"));
            } else {
                request.headers.push(Header::new(*name, word.as_bytes()));
            }
        }
        self.ask(probe, request, &word).await
    }

    async fn alone(
        &self,
        probe: &mut SiteProbe,
        refused: &KnownPage,
        baseline: &Shot,
        name: &str,
    ) -> Result<Option<Proof>, ProbeStop> {
        let attack = self.named(probe, &[name]).await?;
        let replay = self.named(probe, &[name]).await?;
        let other = if name == PARAMETER { "_mode".to_owned() } else { format!("{name}-Q") };
        let word = probe.sender().word().to_ascii_uppercase();
        let mut request = self.base.clone();
        if name == PARAMETER {
            request = with_query(&request, &format!("{other}={word}"));
        } else {
            request.headers.push(Header::new(other.as_str(), word.as_bytes()));
        }
        let control = self.ask(probe, request, &word).await?;
        let real = self.really(probe).await?;
        let is_so = refused.shows(&attack) && refused.shows(&replay) && refused.shows(&real);
        if !is_so || refused.shows(&control) {
            return Ok(None);
        }
        let detail = format!(
            "`{name}: {}` in a {} is answered like the method {} itself (status {}), twice; the same in \
             `{other}` is not",
            attack.value,
            attack.exchange.request.method,
            real.value,
            real.response().status
        );
        let payloads = vec![attack.value.clone(), replay.value.clone()];
        Ok(Some(Proof {
            confidence: Confidence::Firm,
            detail,
            payloads,
            exhibits: vec![
                Exhibit::new(EvidenceRole::Baseline, baseline.clone()),
                Exhibit::new(EvidenceRole::Attack, attack),
                Exhibit::new(EvidenceRole::Control, real),
                Exhibit::new(EvidenceRole::Replay, replay),
                Exhibit::new(EvidenceRole::Control, control),
            ],
        }))
    }
}
