//! Who may do what: each operation of the site is asked for as every identity of the plan's
//! `scan.access`, and the grid is told. With a matrix of what is expected, an operation is a finding if
//! somebody gets in who was to be refused, or gets what is somebody else's, in two looks; who is locked
//! out, and operations that are new or gone, are told and weighed in the verdict. Without one, nothing
//! is a finding.
//!
//! An operation costs one request for each identity and one more where answers differ, and the same
//! again where it differs from what is expected. At most 3,000 are sent; what does not fit is left out,
//! and said.

use super::ask::Round;
use super::ask::Seen;
use super::compare;
use super::operations::Operations;
use super::operations::name;
use crate::model::AccessChange;
use crate::model::AccessMatrix;
use crate::model::AccessRow;
use crate::model::NoticeLevel;
use crate::model::plural;
use crate::model::shortlist;
use crate::scan::probe::AccessSettings;
use crate::scan::probe::Checking;
use crate::scan::probe::Node;
use crate::scan::probe::Outcome;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::SiteCheck;
use crate::scan::probe::SiteProbe;

/// Requests at most, whatever the strength is: a matrix is whole, or it says what it lacks.
const MAX_REQUESTS: u64 = 3_000;

/// Of these, those that are kept for errors.
const MAX_RETRIES: u64 = 100;

/// See the module.
pub(in crate::scan::checks) struct Matrix;

impl SiteCheck for Matrix {
    fn id(&self) -> &'static str {
        "access-matrix"
    }

    fn budget(&self) -> u64 {
        // Half of it at the lowest strength.
        2 * MAX_REQUESTS
    }

    fn run<'a>(&'a self, probe: &'a mut SiteProbe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

/// An operation, and what was seen of it.
struct Asked {
    node: Node,
    row: AccessRow,
    first: Seen,
    /// Another look, where the first differed from what is expected.
    again: Option<Seen>,
}

/// What may be sent.
struct Allowance {
    /// Operations.
    operations: usize,
    /// Errors that are asked for again.
    retries: u64,
    /// Requests in all.
    requests: u64,
}

impl Allowance {
    fn of(operations: usize, settings: &AccessSettings, left: u64) -> Self {
        let limit = MAX_REQUESTS.min(left);
        let retries = MAX_RETRIES.min(limit / 10);
        let looks = if settings.expected.is_some() { 2 } else { 1 };
        // One more to see what changes by itself.
        let each = looks * (settings.identities.len() as u64 + 1);
        let room = usize::try_from((limit - retries) / each).unwrap_or(usize::MAX);
        let operations = operations.min(room);
        let needed = operations as u64 * each;
        Self { operations, retries, requests: needed + retries.min(needed) }
    }
}

async fn check(probe: &mut SiteProbe) -> Result<Outcome, ProbeStop> {
    let Some(settings) = probe.access_settings() else {
        return Ok(Outcome::Skipped("the plan has no `scan.access`".to_owned()));
    };
    let Operations { mut nodes, spared } = Operations::of(probe, &settings);
    if nodes.is_empty() && settings.expected.is_none() {
        let why = "no operation that may be sent as somebody else was reached";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let allowance = Allowance::of(nodes.len(), &settings, probe.requests_left());
    let left_out: Vec<String> = nodes.drain(allowance.operations..).map(|it| name(&it)).collect();
    announce(probe, &settings, &allowance).await;
    tell_left_out(probe, &left_out, &spared).await;
    let asked = ask(probe, nodes, &settings, allowance.retries).await?;
    for one in &asked {
        let Some(again) = &one.again else { continue };
        let proof = compare::proof(&one.row, &settings.identities, (&one.first, again));
        if let Some(proof) = proof {
            probe.found(&one.node, None, proof);
        }
    }
    let mut known: Vec<String> = asked.iter().map(|one| one.row.name()).collect();
    known.extend(left_out.iter().chain(&spared).cloned());
    let mut operations: Vec<AccessRow> = asked.into_iter().map(|one| one.row).collect();
    operations.sort_by(|a, b| (&a.path_template, &a.method).cmp(&(&b.path_template, &b.method)));
    let matrix = AccessMatrix {
        identities: settings.identities.clone(),
        operations,
        left_out: left_out.len() as u64,
        is_compared: settings.expected.is_some(),
        vanished: compare::vanished(&settings, &known),
    };
    tell(probe, &settings, &matrix).await;
    probe.report_access(matrix).await;
    Ok(Outcome::Clean)
}

/// Says how much is sent before it is.
async fn announce(probe: &SiteProbe, settings: &AccessSettings, allowance: &Allowance) {
    let text = format!(
        "access-matrix: {} as {}, at most {} beside logins",
        plural(allowance.operations as u64, "operation", "operations"),
        plural(settings.identities.len() as u64, "identity", "identities"),
        plural(allowance.requests, "request", "requests"),
    );
    probe.tell(NoticeLevel::Info, text).await;
}

async fn tell_left_out(probe: &SiteProbe, left_out: &[String], spared: &[String]) {
    if !left_out.is_empty() {
        let text = format!(
            "access-matrix: {} left out, for want of requests: choose operations with \
             `scan.access.include`: {}",
            plural(left_out.len() as u64, "operation is", "operations are"),
            shortlist(left_out),
        );
        probe.tell(NoticeLevel::Warning, text).await;
    }
    if !spared.is_empty() {
        let text = format!(
            "access-matrix: what takes a password is not sent as everybody: {}",
            shortlist(spared)
        );
        probe.tell(NoticeLevel::Info, text).await;
    }
}

/// Asks for everything as everybody, and once more for what differs from what is expected.
async fn ask(
    probe: &mut SiteProbe,
    nodes: Vec<Node>,
    settings: &AccessSettings,
    retries: u64,
) -> Result<Vec<Asked>, ProbeStop> {
    let mut round = Round::new(probe, &settings.identities, retries);
    let mut asked = Vec::new();
    for node in nodes {
        let first = round.look(&node).await?;
        let row = compare::row(&node, &first.cells, settings);
        asked.push(Asked { node, row, first, again: None });
    }
    for one in &mut asked {
        if !one.row.has_changed() {
            continue;
        }
        let again = round.look(&one.node).await?;
        one.row = compare::settled(&one.row, &again.cells);
        one.again = Some(again);
    }
    let absent = round.absent();
    for why in absent {
        probe.tell(NoticeLevel::Warning, format!("access-matrix: {why}")).await;
    }
    Ok(asked)
}

/// Says what is no finding.
async fn tell(probe: &SiteProbe, settings: &AccessSettings, matrix: &AccessMatrix) {
    let unclear = matrix.unclear();
    if !unclear.is_empty() {
        let text = format!(
            "access-matrix: no answer says who may, which counts as no change: {}",
            shortlist(&unclear)
        );
        probe.tell(NoticeLevel::Warning, text).await;
    }
    let parted = |row: &&AccessRow| row.changes().any(|(_, it)| it == AccessChange::Parted);
    let parted: Vec<String> =
        matrix.operations.iter().filter(parted).map(AccessRow::name).collect();
    if !parted.is_empty() {
        let text = format!(
            "access-matrix: somebody gets an answer of their own where that of another is expected: \
             {}",
            shortlist(&parted)
        );
        probe.tell(NoticeLevel::Info, text).await;
    }
    let expected = settings.expected.as_ref();
    let mut told = expected
        .map(|expected| compare::strangers(&settings.identities, expected))
        .unwrap_or_default();
    told.extend(matrix.lockouts());
    told.extend(matrix.gaps());
    for text in told {
        probe.tell(NoticeLevel::Warning, text).await;
    }
}
