//! Runs native checks over a site model: insertion points side by side, the checks of one point one
//! after the other. Points with one name (method, path shape, kind, name) are one, wherever they
//! stand, and so are all points of requests that write. What is tested thus depends on the site
//! model alone and never on which answer came first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::task::JoinError;
use tokio::task::JoinSet;

use super::point::InsertionPoint;
use super::point::insertion_points_in;
use super::probe::NativeCheck;
use super::probe::Outcome;
use super::probe::Probe;
use super::probe::ProbeStop;
use super::probe::ProbeTask;
use super::probe::Proof;
use super::site::Node;
use super::site::Site;
use super::traffic::Traffic;
use crate::model::Event;
use crate::model::EvidenceRole;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::RuleMeta;
use crate::model::RuleOutcome;
use crate::model::Seed;
use crate::model::curl;
use crate::model::evidence;
use crate::model::fingerprint;
use crate::model::inert;
use crate::model::stateless_shape;

/// Nodes in which the same insertion point (method, path shape, kind, name) is tested.
const NODES_PER_POINT: u32 = 2;

/// Insertion points tested in one run at most.
const MAX_POINTS: usize = 3000;

/// Characters of an observation that are shown.
const MAX_DETAIL: usize = 1000;

/// A check with its rule's metadata.
pub(crate) struct Selected {
    pub(crate) check: Arc<dyn NativeCheck>,
    pub(crate) meta: RuleMeta,
}

/// What the active part needs to know.
pub(crate) struct Active {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) checks: Vec<Selected>,
    pub(crate) redactor: Redactor,
    pub(crate) origin_alias: String,
    pub(crate) seed: Seed,
    pub(crate) concurrency: usize,
}

/// A node that may be tested.
struct Task {
    base: Request,
    path_template: String,
    shape: String,
    points: Vec<(InsertionPoint, Vec<String>)>,
}

/// One insertion point of a node.
struct Place {
    task: Arc<Task>,
    /// Among the points of the task.
    index: usize,
    key: String,
}

/// What is shared between points.
#[derive(Default)]
struct Board {
    tallies: BTreeMap<&'static str, Tally>,
}

/// What is known of points that are tested one after the other.
#[derive(Default)]
struct Progress {
    tested: BTreeMap<String, u32>,
    /// Insertion points where a root cause is known.
    found: BTreeMap<String, Vec<&'static str>>,
}

#[derive(Default)]
struct Tally {
    points: u64,
    requests: u64,
    matched: u64,
    errors: u64,
    skipped: BTreeMap<String, u64>,
}

/// Runs every selected check; gives what each did, in the order of the selection.
pub(crate) async fn run_active(active: Active, site: &Site) -> Vec<RuleOutcome> {
    let active = Arc::new(active);
    let (tasks, left_out) = tasks(site);
    let points: usize = tasks.iter().map(|task| task.points.len()).sum();
    active.traffic.progress.points.store(points as u64, Ordering::Relaxed);
    if left_out > 0 {
        let text = format!("scan: {left_out} insertion points beyond {MAX_POINTS} were not tested");
        active.traffic.notice(NoticeLevel::Warning, text).await;
    }
    let board = Arc::new(Mutex::new(Board::default()));
    // Probes that write come last: what they leave behind would change the pages compared before.
    let (reading, writing): (Vec<_>, Vec<_>) =
        tasks.into_iter().partition(|task| task.base.method.is_safe());
    for wave in [reading, writing] {
        test(&active, &board, groups(wave)).await;
    }
    outcomes(&active, &board).await
}

/// Points in groups that do not depend on each other, in the order in which they were found.
fn groups(tasks: Vec<Task>) -> Vec<Vec<Place>> {
    let mut groups: Vec<Vec<Place>> = Vec::new();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for task in tasks.into_iter().map(Arc::new) {
        for (index, (point, _)) in task.points.iter().enumerate() {
            let key = point_key(&task, point);
            // What is written to one place is read there too.
            let name = if task.base.method.is_safe() {
                key.clone()
            } else {
                format!("{} {}", task.base.method, task.shape)
            };
            let group = *by_name.entry(name).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(Place { task: Arc::clone(&task), index, key });
        }
    }
    groups
}

async fn test(active: &Arc<Active>, board: &Arc<Mutex<Board>>, groups: Vec<Vec<Place>>) {
    let mut running = JoinSet::new();
    for group in groups {
        if running.len() >= active.concurrency.max(1) {
            finish_one(active, &mut running).await;
        }
        running.spawn(test_group(Arc::clone(active), Arc::clone(board), group));
    }
    while !running.is_empty() {
        finish_one(active, &mut running).await;
    }
}

async fn finish_one(active: &Active, running: &mut JoinSet<()>) {
    // Checks have tasks of their own; a panic here would be in this file.
    if let Some(Err(fault)) = running.join_next().await {
        let text = format!("scan: testing a point failed by a fault of ours: {fault}");
        active.traffic.notice(NoticeLevel::Error, text).await;
    }
}

/// Nodes that may be tested, with their points; and how many points are beyond the limit.
fn tasks(site: &Site) -> (Vec<Task>, usize) {
    let mut tasks = Vec::new();
    let (mut count, mut left_out) = (0, 0);
    for node in site.nodes() {
        let Some(base) = node.examples.first() else { continue };
        // What was reached was sent, so it may be sent: the crawl has asked the plan about methods.
        if !node.reached {
            continue;
        }
        let mut points: Vec<_> = insertion_points_in(base, &node.path_template)
            .into_iter()
            .map(|point| {
                let others = other_values(node, &point);
                (point, others)
            })
            .collect();
        let room = MAX_POINTS - count;
        left_out += points.len().saturating_sub(room);
        points.truncate(room);
        count += points.len();
        if !points.is_empty() {
            tasks.push(Task {
                base: base.clone(),
                path_template: node.path_template.clone(),
                shape: stateless_shape(&base.path_and_query_text()),
                points,
            });
        }
    }
    (tasks, left_out)
}

/// Values that were seen at the same place in other examples of the node.
fn other_values(node: &Node, point: &InsertionPoint) -> Vec<String> {
    node.examples
        .iter()
        .skip(1)
        .flat_map(|example| insertion_points_in(example, &node.path_template))
        .filter(|other| other.reference == point.reference && other.value != point.value)
        .map(|other| other.value)
        .collect()
}

async fn test_group(active: Arc<Active>, board: Arc<Mutex<Board>>, group: Vec<Place>) {
    let mut progress = Progress::default();
    for place in &group {
        let (point, _) = &place.task.points[place.index];
        for selected in &active.checks {
            if active.traffic.is_stopping() {
                return;
            }
            if selected.check.applies(point)
                && progress.claim(place, selected)
                && test_point(&active, &board, place, selected).await
            {
                let causes = progress.found.entry(place.key.clone()).or_default();
                causes.push(selected.check.root_cause());
            }
        }
        active.traffic.progress.points_done.fetch_add(1, Ordering::Relaxed);
    }
}

/// A few of a template are enough, however many values were seen in its path.
fn point_key(task: &Task, point: &InsertionPoint) -> String {
    let shape = stateless_shape(&path_at(task, point));
    format!("{} {shape} {}", task.base.method, point.reference)
}

/// The path without the example that stands at the point, and with the operation's name where
/// several have one path.
fn path_at(task: &Task, point: &InsertionPoint) -> String {
    let path = point.open_path(&task.base.path_and_query_text());
    match task.path_template.split_once('#') {
        Some((_, operation)) => format!("{path}:{operation}"),
        None => path,
    }
}

impl Progress {
    /// Whether the check is to be run at the point: not more often than useful, and not once the
    /// flaw is known there.
    fn claim(&mut self, place: &Place, selected: &Selected) -> bool {
        let cause = selected.check.root_cause();
        if self.found.get(&place.key).is_some_and(|causes| causes.contains(&cause)) {
            return false;
        }
        let tested = self.tested.entry(purpose(place, selected)).or_insert(0);
        *tested += 1;
        *tested <= NODES_PER_POINT
    }
}

/// Check and point, by which payloads are drawn and answers of an earlier run are found.
fn purpose(place: &Place, selected: &Selected) -> String {
    format!("{} {}", selected.check.id(), place.key)
}

/// Whether the flaw is there.
async fn test_point(
    active: &Active,
    board: &Mutex<Board>,
    place: &Place,
    selected: &Selected,
) -> bool {
    let task = &place.task;
    let (point, others) = &task.points[place.index];
    let id = selected.check.id();
    let sent = Arc::new(AtomicU64::new(0));
    let probe = ProbeTask {
        base: task.base.clone(),
        point: point.clone(),
        other_values: others.clone(),
        purpose: purpose(place, selected),
        seed: active.seed,
    };
    let mut probe = Probe::new(Arc::clone(&active.traffic), probe, Arc::clone(&sent));
    // A task of its own, so that a panic ends this check here and nothing else.
    let mut running = JoinSet::new();
    let check = Arc::clone(&selected.check);
    running.spawn(async move { check.run(&mut probe).await });
    let result = running.join_next().await.expect("one task was spawned");
    {
        let mut board = board.lock().expect("no holder panics");
        let tally = board.tallies.entry(id).or_default();
        tally.points += 1;
        tally.requests += sent.load(Ordering::Relaxed);
        tally.count(&result);
    }
    if let Some(event) = told(active, selected, task, point, &result) {
        active.traffic.event(event).await;
    }
    matches!(result, Ok(Ok(Outcome::Found(_))))
}

/// What a check gave, or that it panicked.
type Ended = Result<Result<Outcome, ProbeStop>, JoinError>;

impl Tally {
    fn count(&mut self, ended: &Ended) {
        match ended {
            Ok(Ok(Outcome::Found(_))) => self.matched += 1,
            Ok(Ok(Outcome::Clean) | Err(ProbeStop::Stopped)) => {}
            Ok(Ok(Outcome::Skipped(reason))) => {
                *self.skipped.entry(reason.clone()).or_insert(0) += 1;
            }
            Ok(Err(stop @ (ProbeStop::Budget | ProbeStop::OutOfScope(_)))) => {
                *self.skipped.entry(stop.to_string()).or_insert(0) += 1;
            }
            Ok(Err(ProbeStop::Failed(_))) | Err(_) => self.errors += 1,
        }
    }
}

/// What there is to tell at once.
fn told(
    active: &Active,
    selected: &Selected,
    task: &Task,
    point: &InsertionPoint,
    ended: &Ended,
) -> Option<Event> {
    match ended {
        Ok(Ok(Outcome::Found(proof))) => {
            Some(Event::Finding(Box::new(make_finding(active, selected, task, point, proof))))
        }
        Ok(Ok(Outcome::Clean | Outcome::Skipped(_)) | Err(_)) => None,
        Err(panic) => {
            let (id, place) = (selected.check.id(), inert(&point_key(task, point), 200));
            let text = format!("scan: {id} failed by a fault of ours at {place}: {panic}");
            Some(Event::Notice(Notice { level: NoticeLevel::Error, text }))
        }
    }
}

fn make_finding(
    active: &Active,
    selected: &Selected,
    task: &Task,
    point: &InsertionPoint,
    proof: &Proof,
) -> Finding {
    let redactor = &active.redactor;
    // What stands at the point is an example, and another one in the next run.
    let path = path_at(task, point);
    let method = task.base.method.as_str();
    let id = &selected.meta.id;
    let attack = proof
        .exhibits
        .iter()
        .find(|exhibit| exhibit.role == EvidenceRole::Attack)
        .map_or(&task.base, |exhibit| &exhibit.shot.exchange.request);
    let reproduce = curl(attack, redactor);
    let evidence = proof
        .exhibits
        .iter()
        .map(|exhibit| {
            evidence(exhibit.role, &exhibit.shot.exchange, exhibit.highlight.clone(), redactor)
        })
        .collect();
    Finding {
        severity: selected.meta.severity,
        confidence: proof.confidence,
        status: FindingStatus::New,
        acceptance: None,
        method: method.to_owned(),
        url: redactor.text(&task.base.url()),
        path_template: task.path_template.clone(),
        insertion_point: Some(point.reference.clone()),
        detail: inert(&redactor.text(&proof.detail), MAX_DETAIL),
        evidence,
        payloads: proof.payloads.iter().map(|payload| redactor.text(payload)).collect(),
        reproduce,
        fingerprint: fingerprint(id, &active.origin_alias, method, &path, Some(&point.reference)),
        occurrences: 1,
        rule: selected.meta.clone(),
    }
}

async fn outcomes(active: &Active, board: &Mutex<Board>) -> Vec<RuleOutcome> {
    let tallies = std::mem::take(&mut board.lock().expect("no holder panics").tallies);
    let mut outcomes = Vec::new();
    for selected in &active.checks {
        let id = selected.check.id();
        let tally = tallies.get(id);
        let mut outcome = RuleOutcome {
            id: id.to_owned(),
            requests: tally.map_or(0, |tally| tally.requests),
            matched: tally.map_or(0, |tally| tally.matched),
            errors: tally.map_or(0, |tally| tally.errors),
            skipped: None,
        };
        if let Some(tally) = tally {
            let skipped: u64 = tally.skipped.values().sum();
            for (reason, count) in &tally.skipped {
                let text = format!("{id}: {count} insertion points were not judged: {reason}");
                active.traffic.notice(NoticeLevel::Info, text).await;
            }
            if skipped == tally.points {
                outcome.skipped = tally.skipped.keys().next().cloned();
            }
        } else {
            outcome.skipped = Some("no insertion point that it applies to".to_owned());
        }
        outcomes.push(outcome);
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::clock::Clock;
    use crate::model::Exchange;
    use crate::model::HttpVersion;
    use crate::model::InScope;
    use crate::model::OperationSource;
    use crate::model::Response;
    use crate::model::Scope;
    use crate::model::Severity;
    use crate::model::StopToken;
    use crate::model::Target;
    use crate::model::Timings;
    use crate::scan::probe::Checking;
    use crate::scan::site::Found;
    use crate::scan::site::Sighting;
    use crate::scan::templates::Templates;
    use crate::scan::traffic::Learnt;
    use crate::scan::traffic::TrafficParts;
    use crate::scan::wire::Sending;
    use crate::scan::wire::Wire;

    /// Answers everything with an empty page.
    struct Empty;

    impl Wire for Empty {
        fn send(&self, request: InScope) -> Sending<'_> {
            let response = Response {
                status: 200,
                reason: String::new(),
                version: HttpVersion::Http11,
                headers: Vec::new(),
                body: Vec::new(),
                wire_len: 0,
                truncated: false,
            };
            let exchange = Exchange {
                request: request.into_request(),
                outcome: Ok(response),
                timings: Timings::default(),
                peer: None,
                tls: None,
            };
            Box::pin(async move { exchange })
        }
    }

    /// Asks once; then panics, never stops asking, or ends.
    struct Odd(&'static str);

    impl NativeCheck for Odd {
        fn id(&self) -> &'static str {
            self.0
        }

        fn root_cause(&self) -> &'static str {
            self.0
        }

        fn applies(&self, _point: &InsertionPoint) -> bool {
            true
        }

        fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
            Box::pin(async move {
                probe.fire("x").await?;
                assert_ne!(self.0, "panics", "a bug in a check");
                if self.0 == "endless" {
                    loop {
                        probe.fire("x").await?;
                    }
                }
                Ok(Outcome::Clean)
            })
        }
    }

    fn site() -> Site {
        let origin = Target::parse("http://127.0.0.1:1/").expect("a target").origin;
        let mut templates = Templates::default();
        let mut site = Site::default();
        let sighting = Sighting {
            path: templates.place("http://127.0.0.1:1", "/p"),
            parameters: Arc::new(std::iter::once("v".to_owned()).collect()),
            path_template: None,
            source: OperationSource::Crawl,
            found: Found::start(),
            request: Request::get(origin, "/p?v=1"),
            answer: None,
            status: Some(200),
            reached: true,
            skipped: None,
            structure: None,
            same_as: None,
        };
        site.see(sighting, &templates);
        site
    }

    fn meta(id: &str) -> RuleMeta {
        RuleMeta {
            id: id.to_owned(),
            title: String::new(),
            severity: Severity::Info,
            cwe: Vec::new(),
            owasp: Vec::new(),
            api: Vec::new(),
            cvss: None,
            why: String::new(),
            fix: String::new(),
            references: Vec::new(),
            tags: Vec::new(),
        }
    }

    async fn run(ids: &[&'static str]) -> (Vec<RuleOutcome>, Vec<String>) {
        let (learnt, mut received) = tokio::sync::mpsc::channel(8);
        let traffic = Arc::new(Traffic::new(TrafficParts {
            keeper: None,
            memory: None,
            wire: Arc::new(Empty),
            scope: Scope::of_origin(Target::parse("http://127.0.0.1:1/").expect("valid").origin),
            stop: StopToken::default(),
            concurrency: 2,
            learnt,
            headers: Vec::new(),
            clock: Clock::start(),
        }));
        let checks = ids.iter().map(|id| Selected { check: Arc::new(Odd(id)), meta: meta(id) });
        let active = Active {
            traffic,
            checks: checks.collect(),
            redactor: Redactor::default(),
            origin_alias: "default".to_owned(),
            seed: Seed(1),
            concurrency: 2,
        };
        let listening = tokio::spawn(async move {
            let mut notices = Vec::new();
            while let Some(learnt) = received.recv().await {
                if let Learnt::Event(event) = learnt
                    && let Event::Notice(notice) = *event
                {
                    notices.push(notice.text);
                }
            }
            notices
        });
        let outcomes = run_active(active, &site()).await;
        (outcomes, listening.await.expect("the listener does not panic"))
    }

    #[tokio::test]
    async fn a_check_that_panics_is_counted_and_the_others_go_on() {
        let (outcomes, notices) = run(&["panics", "quiet"]).await;
        assert_eq!((outcomes[0].requests, outcomes[0].errors), (1, 1));
        assert_eq!((outcomes[1].requests, outcomes[1].errors), (1, 0));
        assert!(notices.iter().any(|text| text.contains("a fault of ours")), "{notices:?}");
    }

    #[tokio::test]
    async fn a_check_that_never_ends_spends_its_budget_and_no_more() {
        let (outcomes, notices) = run(&["endless"]).await;
        assert_eq!(outcomes[0].requests, 120);
        assert!(outcomes[0].skipped.is_some());
        assert!(notices.iter().any(|text| text.contains("budget")), "{notices:?}");
    }
}
